"""`zoo data NAME --where`: how to get a dataset."""

from zoo import registry
from zoo.cli.output import console, show_json
from zoo.errors import DataError, command
from zoo.files import as_path
from zoo.shelves import origin_of


def show_where(name: str, *, json: bool) -> None:
    """Say where a dataset comes from, and how to fetch it.

    Raises:
        DataError: the path does not exist.
    """
    card = next((card for card in registry.list_datasets() if card.name == name), None)
    path, fetch = as_path(name), command("zoo", "data", name, "--download")
    if card and card.source == "embedded":
        text = f"{name} comes with kerazoo; there is nothing to fetch."
    elif card and card.source == "archive":
        text = (
            f"{name} is read from the folder that ZOO_DATA_DIR or --data-dir names. "
            "Its files must be put there by hand."
        )
    elif card and card.source == "own":
        text = f"{name} is read by {card.loader}, which {origin_of(card)} brings."
    elif card:
        text = (
            f"{name} is read through TensorFlow Datasets from TFDS_DATA_DIR or --data-dir. "
            f"Fetch it once with: {fetch}"
        )
    elif name.startswith("hf:"):
        text = f"{name} is read from the Hugging Face Hub's cache. Fetch it once with: {fetch}"
    elif path.is_dir() or path.is_file():
        text = f"{name} is a {'folder' if path.is_dir() else 'file'} on this machine."
    elif name.startswith((".", "/", "~")):
        raise DataError(f"There is no folder or file {name}.", fix="check the path")
    else:
        text = (
            f"{name} is not in kerazoo's own list. If TensorFlow Datasets knows it, "
            f"fetch it once with: {fetch}"
        )
    homepage = card.homepage if card else ""
    if json:
        show_json({"name": name, "where": text, "homepage": homepage})
    else:
        console.print(text, homepage, soft_wrap=True)

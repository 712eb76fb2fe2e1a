"""Load weight files into models: this project's own, and those that others wrote."""

import contextlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.adapters import are_adapters
from zoo.cards import ModelCard, PretrainedCard
from zoo.errors import WeightsError
from zoo.pretrained import readers, sources
from zoo.pretrained.conversion import HEAD, OF_THE_HEAD, Move, Placement, converted
from zoo.pretrained.names import NameMap
from zoo.weights import load_into, load_model_weights, tensor_keys

_OWN_KEY = re.compile(r"(.*/)?\d+\.\w+")


def maps_of(card: ModelCard) -> Mapping[str, NameMap]:
    """Return the name maps of a model's family, by project; none where there are none."""
    family = card.builder.partition(":")[0].rpartition(".")[2]
    module = f"zoo.pretrained.maps.{family}"
    if importlib.util.find_spec(module) is None:
        return {}
    return importlib.import_module(module).MAPS


def load_file(
    model: keras.Model,
    path: str | os.PathLike,
    card: ModelCard,
    *,
    source: str | None = None,
    headless: bool = False,
) -> Placement:
    """Load a file of numbers, whose format and names are found out.

    Args:
        model: built from the card.
        path: a safetensors, PyTorch or Keras h5 file.
        card: of the model.
        source: what error messages call the file.
        headless: leave the head as it is.

    Returns:
        What went where.

    Raises:
        WeightsError: the file is damaged, or of another model; the model is then as it was.
    """
    tensors, name = numbers_of(path), source or str(path)
    if all(_OWN_KEY.fullmatch(key) for key in tensors):
        moves = {key: Move(key, array.shape) for key, array in tensors.items()}
        placement = Placement(tensors=tensors, moves=moves)
        if not headless:
            load_model_weights(path, model)  # its messages are about this project's own files
            return placement
        _leave_out_head(placement)
    else:
        _check_whole(tensors, name)
        placement = converted(model, tensors, maps_of(card), source=name, headless=headless)
        _check_numbers(placement, name)
    if headless:
        kept = {key: v.numpy() for key, v in tensor_keys(model).items() if key.startswith(HEAD)}
        load_into(model, placement.tensors | kept)
    else:
        load_into(model, placement.tensors)
    return placement


def _check_whole(tensors: Mapping[str, np.ndarray], source: str) -> None:
    """Refuse a file of adapters, which is worth nothing without the weights that it was trained on."""
    if are_adapters(tensors):
        raise WeightsError(
            f"{source} holds the adapters (LoRA) of a run, and not a whole model.",
            expected="a file with all weights of the model",
            fix="give the folder of the run to zoo.load, zoo predict or zoo export, which join them",
        )


def _check_numbers(placement: Placement, source: str) -> None:
    """Refuse what is not a finite number, and variances below 0: such a model answers nonsense."""
    for key, array in placement.tensors.items():
        lowest = 0 if key.endswith("moving_variance") else -np.inf
        wrong = np.count_nonzero(~np.isfinite(array) | (array < lowest))
        if wrong:
            theirs = placement.moves[key].name
            raise WeightsError(
                f"{theirs} of {source} holds {wrong:,} values that cannot be right.",
                expected="finite numbers, and variances of 0 or more",
                fix="get the file again from where it was trained",
            )


def _leave_out_head(placement: Placement) -> None:
    for key in [key for key in placement.tensors if key.startswith(HEAD)]:
        del placement.tensors[key], placement.moves[key]
        placement.left_out[key] = OF_THE_HEAD


def load_pretrained(
    model: keras.Model,
    pretrained: PretrainedCard,
    card: ModelCard,
    *,
    headless: bool = False,
    offline: bool | None = None,
    progress: Callable[[int, int | None], Any] | None = None,
) -> Path:
    """Fetch weights that others published, unless they are in the cache, and load them.

    Args:
        model: built from the card with the arguments of `pretrained`.
        pretrained, card: of the weights and the model.
        headless: leave the head as it is.
        offline: use only the cache and local files; None as ZOO_OFFLINE says.
        progress: as `zoo.pretrained.sources.fetch` takes it.

    Returns:
        The file.

    Raises:
        WeightsError: no source gave the file, or it does not fit.
    """
    path = fetched(pretrained, offline=offline, progress=progress)
    load_file(model, path, card, source=pretrained.name, headless=headless)
    return path


def fetched(
    pretrained: PretrainedCard,
    *,
    offline: bool | None = None,
    progress: Callable[[int, int | None], Any] | None = None,
) -> Path:
    """Return the file of published weights; without `progress`, a bar on a terminal shows the way.

    Raises:
        WeightsError: no source gave it.
    """
    how = {} if offline is None else {"offline": offline}
    if progress is not None:
        return sources.fetch(pretrained.name, pretrained.sources, progress=progress, **how)
    with _bar(pretrained.name) as moved:
        return sources.fetch(pretrained.name, pretrained.sources, progress=moved, **how)


@contextlib.contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a download on stderr, once there is one."""
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

    console = Console(stderr=True)
    bar = Progress(*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn(),
                   console=console, transient=True, disable=not console.is_terminal)  # fmt: skip
    with bar:
        tasks: list[Any] = []

        def moved(done: int, whole: int | None) -> None:
            if not tasks:
                tasks.append(bar.add_task(name, total=whole))
            bar.update(tasks[0], completed=done, total=whole)

        yield moved


def numbers_of(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return the tensors of a file by name.

    Raises:
        WeightsError: it is not a file of numbers, or is damaged.
    """
    tensors = readers.read(path)
    if not tensors:
        raise WeightsError(f"{path} holds no tensors.", fix="give the file with the weights")
    return tensors

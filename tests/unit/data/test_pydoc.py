"""Text that Python carries: its manual's topics and its library's docstrings."""

import ast
import builtins
import inspect
import re
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import pytest

from zoo.data.dataset import Dataset
from zoo.data.embedded import docstrings, pydoc
from zoo.errors import DataError


@pytest.fixture(scope="module")
def topics() -> Dataset:
    return pydoc.load()


@pytest.fixture(scope="module")
def labelled() -> Dataset:
    return docstrings.load()


def words(text: str) -> str:
    return " ".join(text.split())


def test_topics_are_those_of_this_python(topics: Dataset) -> None:
    from pydoc_data.topics import topics as original

    for split in topics.splits.values():
        for name, text in zip(split.names, split.columns["text"], strict=True):
            assert text == "\n".join(line.rstrip() for line in original[name].strip().split("\n"))
    assert topics.classes == ()
    assert set(topics.features) == {"text"}
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}" in topics.notes[0]


def test_no_topic_is_lost(topics: Dataset) -> None:
    from pydoc_data.topics import topics as original

    kept = [name for split in topics.splits.values() for name in split.names]
    everything = [words(text) for split in topics.splits.values() for text in split.columns["text"]]
    assert len(kept) == len(set(kept)) >= 50
    for name in set(original) - set(kept):  # a topic that is left out is inside another
        body = words(original[name].strip().split("\n\n", 1)[-1])
        assert any(body in text for text in everything), name


def test_topics_of_different_splits_share_no_paragraph(topics: Dataset) -> None:
    paragraphs = {
        split: {
            words(paragraph)
            for text in part.columns["text"]
            for paragraph in text.split("\n\n")
            if len(words(paragraph)) >= 80
        }
        for split, part in topics.splits.items()
    }
    assert not paragraphs["train"] & (paragraphs["validation"] | paragraphs["test"])
    assert not paragraphs["validation"] & paragraphs["test"]


def test_shares_of_the_characters_are_about_eight_one_one(topics: Dataset) -> None:
    sizes = {name: sum(map(len, s.columns["text"])) for name, s in topics.splits.items()}
    total = sum(sizes.values())
    assert total > 300_000
    assert sizes["train"] / total == pytest.approx(0.8, abs=0.08)
    assert sizes["test"] / total == pytest.approx(0.1, abs=0.04)


def test_another_process_divides_alike(topics: Dataset, labelled: Dataset) -> None:
    code = (
        "from zoo.data.embedded import docstrings, pydoc;"
        "print(pydoc.load().fingerprint, docstrings.load().fingerprint)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.split() == [topics.fingerprint, labelled.fingerprint]


def test_a_python_without_topics_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def refuse(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("pydoc_data"):
            raise ModuleNotFoundError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(DataError, match=r"pydoc_data\.topics") as caught:
        pydoc.load()
    assert "full package" in caught.value.fix


def test_every_module_has_docstrings_in_both_splits(labelled: Dataset) -> None:
    counts = labelled.counts()
    assert min(counts["train"]) >= 50
    assert min(counts["test"]) >= 10
    train, test = sum(counts["train"]), sum(counts["test"])
    assert train + test > 2000
    assert test / (train + test) == pytest.approx(0.2, abs=0.03)
    assert labelled.classes == docstrings.MODULES == tuple(sorted(docstrings.MODULES))


def test_docstrings_are_the_modules_own(labelled: Dataset) -> None:
    import tarfile

    label = labelled.classes.index("tarfile")
    texts = {
        example["text"]
        for split in labelled.splits.values()
        for example in split
        if example["label"] == label
    }
    assert re.sub(r"\btarfile\b", "MODULE", inspect.getdoc(tarfile.TarFile.extractall)) in texts
    assert re.sub(r"\btarfile\b", "MODULE", inspect.getdoc(tarfile.TarInfo.tobuf)) in texts


def test_no_text_says_where_it_is_from_or_comes_twice(labelled: Dataset) -> None:
    texts = [text for split in labelled.splits.values() for text in split.columns["text"]]
    assert max(Counter(words(text).lower() for text in texts).values()) == 1
    names = re.compile(rf"\b({'|'.join(docstrings.MODULES)})\b")
    assert not any(names.search(text) for text in texts)
    assert any("MODULE" in text for text in texts)
    assert min(len(text.split()) for text in texts) == 5


def test_examples_are_named_by_file_and_line(labelled: Dataset) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    split = labelled.splits["test"]
    for index in range(0, len(split), 97):
        file, _, line = split.name_of(index).partition(":")
        tree = ast.parse((library / file).read_bytes())
        (node,) = (n for n in ast.walk(tree) if getattr(n, "name", 0) and n.lineno == int(line))
        first = ast.get_docstring(node).split("\n")[0]
        module = labelled.classes[split[index]["label"]]
        assert first.replace(module, "MODULE")[:20] == split[index]["text"][:20]
        assert file.startswith((module, f"_py{module}"))


def test_a_text_of_two_modules_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in docstrings.MODULES:
        source = docstrings._SOURCES.get(module, module)
        own = "".join(
            f'def f{i}():\n    """Function {i} of the {module} module, its own."""\n'
            for i in range(9)
        )
        both = 'class C:\n    """The same text everywhere, in all."""\n'
        again = 'def g():\n    """Function 0  of the MODULE module, its own."""\n'
        wordy = f'def h():\n    """This one is for {source * 2} alone."""\n' * 2
        (tmp_path / f"{source}.py").write_text(own + both + again + wordy)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    dataset = docstrings.load()
    texts = [text for split in dataset.splits.values() for text in split.columns["text"]]
    assert len(texts) == len(docstrings.MODULES)  # masked, all others are of several modules
    assert all(text.startswith("This one is for") for text in texts)


def test_a_python_without_sources_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "python311.zip"))
    with pytest.raises(DataError, match="lacks the source of its module asyncio") as caught:
        docstrings.load()
    assert "python311.zip" in caught.value.expected

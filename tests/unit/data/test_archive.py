"""Files of a set: found, checked, and read in place."""

import dataclasses
import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.cards import DatasetCard
from zoo.data import archive
from zoo.data.archive import find_files, read_file, read_members
from zoo.errors import DataError

CONTENT = "Fähre\n".encode("cp1252") * 1000
CARD = DatasetCard(
    name="letters",
    source="archive",
    loader="none:none",
    modality="text",
    task="text_classification",
    summary="",
    licence="CC0",
    homepage="https://example.org/letters",
    num_classes=2,
    files={"a.txt": hashlib.sha256(CONTENT).hexdigest()},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the set, empty; its parent is the data folder."""
    (tmp_path / "letters").mkdir()
    return tmp_path / "letters"


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("folder/", b"")
        for name, content in members.items():
            stream.writestr(name, content)
    return path


def make_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as stream:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            stream.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("passwords")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        stream.addfile(link)
    return path


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_a_file_is_found_as_it_is_or_compressed(folder: Path, name: str) -> None:
    content = gzip.compress(CONTENT, mtime=123) if name.endswith(".gz") else CONTENT
    (folder / name).write_bytes(content)
    found = find_files(CARD, data_dir=folder.parent)
    assert found == {"a.txt": folder / name}
    assert read_file(found["a.txt"]) == CONTENT


def test_the_folder_may_come_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.txt").write_bytes(CONTENT)
    monkeypatch.setenv("ZOO_DATA_DIR", str(folder.parent))
    assert find_files(CARD) == {"a.txt": folder / "a.txt"}


def test_no_folder_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZOO_DATA_DIR", raising=False)
    with pytest.raises(DataError, match="folder of the files of letters is not known") as caught:
        find_files(CARD)
    assert "a.txt" in caught.value.expected
    assert "https://example.org/letters" in caught.value.expected
    assert "ZOO_DATA_DIR" in caught.value.fix
    assert "--data-dir" in caught.value.fix


def test_a_missing_file_is_named_with_its_place(folder: Path) -> None:
    with pytest.raises(DataError, match="which does not exist") as caught:
        find_files(CARD, data_dir=folder.parent)
    assert str(folder / "a.txt") in caught.value.problem
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_another_file_is_refused(folder: Path, name: str) -> None:
    other = CONTENT[:-1] + b"x"
    (folder / name).write_bytes(gzip.compress(other) if name.endswith(".gz") else other)
    with pytest.raises(DataError, match="is not the file that letters is made from") as caught:
        find_files(CARD, data_dir=folder.parent)
    assert CARD.files["a.txt"] in caught.value.expected
    assert hashlib.sha256(other).hexdigest() in caught.value.expected
    assert CARD.homepage in caught.value.fix


def test_an_archive_is_checked_as_it_lies(folder: Path) -> None:
    path = folder / "a.txt.gz"
    path.write_bytes(gzip.compress(CONTENT))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    card = dataclasses.replace(CARD, files={"a.txt.gz": sha256})
    assert find_files(card, data_dir=folder.parent) == {"a.txt.gz": path}


def test_a_bomb_is_given_up_before_it_fills_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = b"\0" * 3_000_000
    (folder / "a.txt.gz").write_bytes(gzip.compress(bomb))
    monkeypatch.setattr(archive, "LIMIT_BYTES", 1_000_000)
    with pytest.raises(DataError, match="unpacks to more"):
        find_files(CARD, data_dir=folder.parent)
    with pytest.raises(DataError, match="unpacks to more"):
        read_file(folder / "a.txt.gz", limit_bytes=len(bomb) - 1)
    assert read_file(folder / "a.txt.gz", limit_bytes=len(bomb)) == bomb


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_all_members_together_are_limited(tmp_path: Path, make) -> None:
    path = make(tmp_path / "x", {"a": b"1" * 600, "b": b"2" * 600})
    members = read_members(path, limit_bytes=1000)
    assert next(members) == ("a", b"1" * 600)
    with pytest.raises(DataError, match="unpacks to more"):
        next(members)
    assert len(dict(read_members(path, limit_bytes=1200))) == 2


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@settings(max_examples=10, deadline=None)
@given(
    members=st.dictionaries(
        st.text("abc/.é", min_size=1, max_size=9).filter(lambda name: name.strip("/.")),
        st.binary(max_size=50),
        max_size=4,
    )
)
def test_members_come_back_as_they_were_put_in(
    tmp_path_factory: pytest.TempPathFactory, kind: str, members: dict[str, bytes]
) -> None:
    members = {name.strip("/"): content for name, content in members.items()}
    path = tmp_path_factory.mktemp("archive") / f"x.{kind}"
    if kind == "zip":
        make_zip(path, members)
    else:
        make_tar(path, members, "w:gz" if kind == "tar.gz" else "w")
    assert list(read_members(path)) == list(members.items())


def test_members_that_point_outside_write_nothing(tmp_path: Path, in_tmp: Path) -> None:
    members = {"../../evil": b"x", "/tmp/evil": b"y"}
    for make in (make_zip, make_tar):
        path = make(tmp_path / "x", members)
        assert dict(read_members(path)) == members
        assert list(tmp_path.iterdir()) == [path]
        path.unlink()


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_damaged_archive_is_named(tmp_path: Path, make) -> None:
    path = make(tmp_path / "x", {"a": os.urandom(5000), "b": os.urandom(5000)})
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(DataError, match="cannot be read") as caught:
        list(read_members(path))
    assert str(path) in caught.value.problem


def test_damage_in_a_gzip_file_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(os.urandom(1000))
    flipped = bytearray(whole)
    flipped[500] ^= 255
    for name, content in {"cut": whole[:500], "flipped": bytes(flipped), "plain": b"text"}.items():
        path = tmp_path / f"{name}.gz"
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"{name}.gz cannot be read"):
            read_file(path)
    with pytest.raises(DataError, match="No such file"):
        read_file(tmp_path / "nowhere.gz")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a": b"secret"})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag "encrypted"
        start = content.rindex(mark)
        content[start + place] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="cannot be read") as caught:
        list(read_members(path))
    assert "password" in caught.value.expected


@pytest.mark.parametrize(
    ("file", "count", "suffix"),
    [("bccd/BCCD.zip", 364, ".xml"), ("vctk_p239/flac16k.tar", 503, ".flac")],
)
def test_real_archives_are_read(file: str, count: int, suffix: str) -> None:
    folder = os.environ.get("ZOO_DATA_DIR")
    if not folder or not (Path(folder) / file).is_file():
        pytest.skip(f"ZOO_DATA_DIR is not set, or holds no {file}")
    names = [name for name, _ in read_members(Path(folder) / file)]
    assert sum(name.endswith(suffix) for name in names) == count

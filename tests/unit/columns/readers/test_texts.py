"""Text files in any encoding."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns.readers import texts
from zoo.columns.readers.texts import check_encoding, read_text
from zoo.errors import ArgumentError, DataError

ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\ufeff"))


@settings(max_examples=40, deadline=None)
@given(ANY.filter(str.strip), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_what_was_written_with_a_mark_or_as_utf8_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert read_text(path) == text
    assert read_text(path, encoding=encoding) == text
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert read_text(path) == text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.txt"
    path.write_bytes(data)
    for encoding in ("", "cp1252", "utf-16", "utf-7", "shift_jis"):
        try:
            text = read_text(path, encoding=encoding)
        except DataError as error:
            assert "a.txt" in error.problem
        else:
            assert text.strip()


@pytest.mark.parametrize(
    ("data", "encoding", "words"),
    [
        (b"one\ntwo \xe9t\xe9\n", "", "a.txt, line 2 is not utf-8: byte 0xe9"),
        (b"one\r\r\n\xff", "", "a.txt, line 3 is not utf-8: byte 0xff"),
        (b"one\n\x81", "cp1252", "a.txt, line 2 is not cp1252: byte 0x81"),
        (b"\xff\xfea", "", "a.txt, line 1 is not utf-16"),
        (b"a\nb\0", "", "a.txt, line 2 holds a NUL character"),
        (b"", "", "a.txt is empty"),
        (b"\xef\xbb\xbf \n", "", "a.txt is empty"),
    ],
)
def test_what_is_no_text_is_named_by_its_line(
    tmp_path: Path, data: bytes, encoding: str, words: str
) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_text(tmp_path / "a.txt", encoding=encoding)
    assert words in caught.value.problem
    assert caught.value.fix


def test_missing_large_and_unreadable_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_text(tmp_path / "a.txt")
    with pytest.raises(DataError, match="is a folder"):
        read_text(tmp_path)
    (tmp_path / "a.txt").write_text("12345")
    monkeypatch.setattr(texts, "TEXT_LIMIT_BYTES", 4)
    with pytest.raises(DataError, match="too large to be read at once: 5 bytes"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize("encoding", ["utf8x", "base64", "rot13", "a\0b", 8])
def test_names_of_no_text_encoding_are_refused(encoding: str) -> None:
    with pytest.raises(ArgumentError, match="There is no text encoding"):
        check_encoding(encoding)

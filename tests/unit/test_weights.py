"""Weight files hold numbers under stable keys; what is wrong with one is said, nothing worse."""

import hashlib
import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zoo.errors import WeightsError
from zoo.tensor_files import read_metadata, read_tensors, stored_bytes, write_tensors

TENSORS = {
    "b/0.kernel": np.arange(6, dtype="float32").reshape(2, 3),
    "a": np.array([1.5, -2.0], "float16"),
    "flags": np.array([True, False, True]),
    "scalar": np.array(7, "int64"),
    "empty": np.zeros((0, 4), "float64"),
}
ITEM_BYTES = {"F16": 2, "F32": 4, "F64": 8, "BOOL": 1}
ITEM_BYTES |= {f"{sign}{bits}": bits // 8 for sign in "IU" for bits in (8, 16, 32, 64)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def sound(folder):
    """The bytes of a sound file with metadata."""
    write_tensors(folder / "sound.safetensors", TENSORS, metadata={"note": "ä"})
    return (folder / "sound.safetensors").read_bytes()


def crafted(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def refusal(folder, content, **arguments):
    path = folder / "crafted.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        read_tensors(path, **arguments)
    assert "crafted.safetensors" in str(caught.value)
    assert "to fix:" in str(caught.value)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


def read_or_refuse(folder, content):
    """Read; where that succeeds, compare with an independent reading of the same bytes."""
    path = folder / "fuzzed.safetensors"
    path.write_bytes(content)
    try:
        tensors, _ = read_tensors(path)
    except WeightsError as error:
        assert "fuzzed.safetensors" in str(error)
        return
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header.pop("__metadata__", None)
    assert set(tensors) == set(header)
    for name, array in tensors.items():
        begin, stop = header[name]["data_offsets"]
        assert array.tobytes() == content[end + begin : end + stop]
        assert list(array.shape) == header[name]["shape"]
        assert array.itemsize == ITEM_BYTES[header[name]["dtype"]]


# Files


def test_reads_what_was_written(tmp_path):
    digest = write_tensors(tmp_path / "a.safetensors", TENSORS, metadata={"b": "2", "a": 'x"\nä'})
    tensors, metadata = read_tensors(
        tmp_path / "a.safetensors",
        expected={name: tensor.shape for name, tensor in TENSORS.items()},
        sha256=digest.upper(),
    )
    assert metadata == {"a": 'x"\nä', "b": "2"}
    assert set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        np.testing.assert_array_equal(tensors[name], tensor, strict=True)


def test_any_library_reads_what_was_written(tmp_path):
    from safetensors import safe_open

    write_tensors(tmp_path / "a.safetensors", TENSORS, metadata={"note": "ä"})
    with safe_open(tmp_path / "a.safetensors", framework="np") as stored:
        assert stored.metadata() == {"note": "ä"}
        for name, tensor in TENSORS.items():
            np.testing.assert_array_equal(stored.get_tensor(name), tensor)


def test_strided_arrays_are_written_as_they_are_seen(tmp_path):
    array = np.arange(12, dtype="float32").reshape(3, 4)
    write_tensors(tmp_path / "a.safetensors", {"t": array.T, "s": array[:, ::2]})
    tensors, _ = read_tensors(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(tensors["t"], array.T)
    np.testing.assert_array_equal(tensors["s"], array[:, ::2])


def test_equal_content_gives_equal_bytes_in_any_order(tmp_path):
    metadata = {letter: letter for letter in "abcdefgh"}
    first = write_tensors(tmp_path / "1", TENSORS, metadata=metadata)
    second = write_tensors(
        tmp_path / "2", dict(reversed(TENSORS.items())), metadata=dict(reversed(metadata.items()))
    )
    assert first == second == hashlib.sha256((tmp_path / "1").read_bytes()).hexdigest()


def test_numbers_start_at_a_multiple_of_eight_bytes(tmp_path):
    for length in range(8):
        write_tensors(tmp_path / "a", TENSORS, metadata={"note": "x" * length})
        assert int.from_bytes((tmp_path / "a").read_bytes()[:8], "little") % 8 == 0


@pytest.mark.parametrize(
    "tensors, metadata",
    [
        ({"a": np.zeros(2, "complex64")}, {}),
        ({"a": np.array(["text"])}, {}),
        ({"a": np.array([None])}, {}),
        ({"__metadata__": np.zeros(2)}, {}),
        ({"\ud800": np.zeros(2)}, {}),
        ({"a": np.zeros(2)}, {"epochs": 3}),
    ],
)
def test_what_the_format_cannot_hold_is_refused_before_writing(tmp_path, tensors, metadata):
    with pytest.raises(WeightsError):
        write_tensors(tmp_path / "a.safetensors", tensors, metadata=metadata)
    assert not list(tmp_path.iterdir())


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "absent", tmp_path, tmp_path / ("n" * 300)):
        with pytest.raises(WeightsError, match=path.name[:20]):
            read_tensors(path)


def test_names_and_shapes_that_differ_are_listed_in_one_message(folder, sound):
    expected = {name: tensor.shape for name, tensor in TENSORS.items()}
    expected |= {f"head/{number}.kernel": (1,) for number in range(5)} | {"b/0.kernel": (3, 2)}
    del expected["flags"]
    message = refusal(folder, sound, expected=expected)
    assert "5 missing: 'head/0.kernel', 'head/1.kernel', 'head/2.kernel', …" in message
    assert "1 unexpected: 'flags'" in message
    assert "1 of another shape: 'b/0.kernel' (2, 3) instead of (3, 2)" in message


def test_another_digest_is_refused_and_both_are_shown(folder, sound):
    message = refusal(folder, sound, sha256="0" * 64)
    assert "0" * 64 in message
    assert hashlib.sha256(sound).hexdigest() in message


def test_a_file_above_the_limit_is_refused(folder, sound):
    assert str(len(sound)) in refusal(folder, sound, max_bytes=len(sound) - 1)
    (folder / "exact").write_bytes(sound)
    read_tensors(folder / "exact", max_bytes=len(sound))


def test_every_truncation_is_refused(folder, sound):
    for length in range(len(sound)):
        refusal(folder, sound[:length])


def test_bytes_after_the_end_are_refused(folder, sound):
    assert "gap" in refusal(folder, sound + b"\0")


@pytest.mark.parametrize(
    "content, found",
    [
        (b"", "0 bytes"),
        (b"\xff" * 64, "claims a header"),
        (crafted(b"[]"), "first character"),
        (crafted(b" {}"), "first character"),
        (crafted(b"{"), "header"),
        (crafted(b'{"a": \xff}'), "UTF-8"),
        (crafted(b'{"a":' * 200_000), "nested"),
        (crafted(b'{"a": ' + b"[" * 200_000), "nested"),
        (crafted(b'{"a": ' + b"9" * 10_000 + b"}"), "digits"),
        (crafted(b'{"a": 1}'), "is not just"),
        (crafted({"a": entry("F32", [1], 0, 4) | {"more": 1}}, b"0000"), "is not just"),
        (crafted({"a": entry("BF16", [2], 0, 4)}, b"0000"), "BF16"),
        (crafted({"a": entry(["F32"], [1], 0, 4)}, b"0000"), "dtype"),
        (crafted({"a": entry("F32", [-1], 0, 4)}, b"0000"), "shape"),
        (crafted({"a": entry("F32", [True], 0, 4)}, b"0000"), "shape"),
        (crafted({"a": entry("F32", [1.0], 0, 4)}, b"0000"), "shape"),
        (crafted({"a": entry("F32", [1] * 33, 0, 4)}, b"0000"), "shape"),
        (crafted({"a": entry("F32", [0, 2**62], 0, 0)}), "shape"),
        (crafted({"a": entry("F32", [1], 4, 0)}, b"0000"), "bytes"),
        (crafted({"a": entry("F32", [1], -4, 0)}, b"0000"), "offsets"),
        (crafted({"a": entry("F32", [1], 0, 8)}, b"00000000"), "takes 4 bytes"),
        (crafted({"a": entry("F32", [1], 0, 4)}), "overlap"),
        (crafted({"a": entry("F32", [1], 4, 8)}, b"00000000"), "gap"),
        (
            crafted({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 2, 6)}, b"000000"),
            "overlap",
        ),
        (crafted(b'{"a": {"dtype":"U8","dtype":"I8"}}'), "twice"),
        (
            crafted(
                b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
                b"0",
            ),
            "twice",
        ),
        (crafted({"__metadata__": {"a": 1}}), "metadata"),
        (crafted({"__metadata__": ["a"]}), "metadata"),
        (crafted({"__metadata__": None}), "metadata"),
    ],
)
def test_crafted_headers_are_refused_with_the_reason(folder, content, found):
    assert found in refusal(folder, content)


def test_a_file_without_tensors_is_sound(folder):
    (folder / "none").write_bytes(crafted({}))
    assert read_tensors(folder / "none") == ({}, {})


@pytest.mark.parametrize(
    "content",
    [
        crafted({"a": entry("F32", [10**12], 0, 4 * 10**12)}, bytes(64)),
        crafted({"a": entry("F32", [10**6, 10**6], 0, 64)}, bytes(64)),
        crafted({"a": entry("F64", [2**64, 2**64], 0, 64)}, bytes(64)),
        (2**40).to_bytes(8, "little") + b"{}",
        (99_999_999).to_bytes(8, "little") + b"{}",
    ],
)
def test_claims_of_huge_tensors_and_headers_take_no_memory(folder, content):
    tracemalloc.start()
    try:
        refusal(folder, content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


def test_a_small_file_takes_little_memory(folder, sound):
    (folder / "small").write_bytes(sound)
    tracemalloc.start()
    try:
        read_tensors(folder / "small", max_bytes=2**31)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


def test_a_huge_sparse_file_takes_no_memory(tmp_path):
    path = tmp_path / "sparse.safetensors"
    with path.open("wb") as stream:
        stream.truncate(2**31 - 1)  # a header of length 0, then nothing but zeros
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match="first character"):
            read_tensors(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


def test_names_that_are_not_expected_take_no_memory(tmp_path):
    path = tmp_path / "large.safetensors"
    head = crafted({"other": entry("U8", [10**9], 0, 10**9)})
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(len(head) + 10**9)
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match="1 missing: 'wanted'; 1 unexpected: 'other'"):
            read_tensors(path, expected={"wanted": (10**9,)})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


def swap_while_reading(path, content, monkeypatch):
    """Overwrite the file after its header was read and before its numbers are."""
    parse = json.loads

    def swap_and_parse(*arguments, **options):
        path.write_bytes(content)
        return parse(*arguments, **options)

    monkeypatch.setattr(json, "loads", swap_and_parse)


def test_a_header_that_is_exchanged_while_reading_is_not_trusted(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    write_tensors(path, {"a": np.zeros(50_000, "float32")})
    swap_while_reading(path, path.read_bytes().replace(b'"a"', b'"b"'), monkeypatch)
    tensors, _ = read_tensors(path, expected={"a": (50_000,)})
    assert list(tensors) == ["a"]


def test_a_file_that_shrinks_while_reading_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    write_tensors(path, {"a": np.zeros(50_000, "float32")})
    swap_while_reading(path, path.read_bytes()[:100_000], monkeypatch)
    with pytest.raises(WeightsError, match=r"a\.safetensors is damaged"):
        read_tensors(path)


FUZZING = settings(max_examples=200, deadline=None)
SMALL = st.integers(-1, 12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
NEAR_ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from([*ITEM_BYTES, "BF16", "F8_E4M3", "C64", "f32", ""]) | JSON,
        "shape": st.lists(SMALL | st.sampled_from([2**31, 2**63, 10**12]), max_size=3) | JSON,
        "data_offsets": st.lists(SMALL, min_size=2, max_size=2) | JSON,
    }
)


@FUZZING
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 7)), min_size=1, max_size=3))
def test_flipped_bits_are_refused_or_read_as_they_stand(folder, sound, flips):
    content = bytearray(sound)
    for position, bit in flips:
        content[position % len(content)] ^= 1 << bit
    read_or_refuse(folder, bytes(content))


@FUZZING
@given(content=st.binary(max_size=200))
def test_random_bytes_are_refused(folder, content):
    read_or_refuse(folder, content)


@FUZZING
@given(content=st.binary(max_size=200), data=st.binary(max_size=16))
def test_random_bytes_as_header_are_refused(folder, content, data):
    read_or_refuse(folder, crafted(b"{" + content, data))


@FUZZING
@given(
    header=st.dictionaries(st.text(max_size=6), JSON | NEAR_ENTRY, max_size=3),
    data=st.binary(max_size=16),
)
@example(header={"__metadata__": {"a": "b"}, "x": entry("U8", [0, 3], 0, 0)}, data=b"")
def test_crafted_json_is_refused_or_read_as_it_stands(folder, header, data):
    read_or_refuse(folder, crafted(header, data))


@FUZZING
@given(
    dtypes=st.lists(st.sampled_from(sorted(ITEM_BYTES)), max_size=4),
    shape=st.lists(st.integers(0, 3), max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_every_sound_layout_is_read(folder, dtypes, shape, order):
    header, position = {}, 0
    for number, dtype in enumerate(dtypes):
        end = position + ITEM_BYTES[dtype] * int(np.prod(shape, dtype="int64"))
        header[f"tensor{number}"] = entry(dtype, shape, position, end)
        position = end
    names = list(header)
    order.shuffle(names)
    content = crafted({name: header[name] for name in names}, bytes(position))
    read_or_refuse(folder, content)
    assert len(read_tensors(folder / "fuzzed.safetensors")[0]) == len(dtypes)


def test_reading_a_file_does_not_import_keras(tmp_path):
    write_tensors(tmp_path / "a.safetensors", TENSORS)
    program = (
        "import sys; from zoo.weights import read_tensors; read_tensors(sys.argv[1]); "
        "print(*(name for name in ('keras', 'tensorflow', 'jax') if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.safetensors")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


# --- more than one file


@pytest.fixture
def small_shards(monkeypatch):
    """As if a file held 40 bytes of numbers."""
    monkeypatch.setattr("zoo.tensor_files.SHARD_BYTES", 40)


MANY = {f"layer_{i}": np.full((2, 4), i, "float32") for i in range(5)} | {
    "large": np.arange(100, dtype="int64"),  # takes a file to itself
    "flag": np.array(True),
}


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def shapes_of(tensors):
    return {name: array.shape for name, array in tensors.items()}


def test_what_is_too_large_for_a_file_is_written_in_several_and_read_back(tmp_path, small_shards):
    path = tmp_path / "a.safetensors"
    digest = write_tensors(path, MANY, metadata={"note": "ä"})
    assert len(names_in(tmp_path)) > 3
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    tensors, metadata = read_tensors(path, expected=shapes_of(MANY), sha256=digest)
    assert metadata == {"note": "ä"} == read_metadata(path)
    assert tensors.keys() == MANY.keys()
    for name, array in MANY.items():
        np.testing.assert_array_equal(tensors[name], array)
    assert stored_bytes(path) == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_writing_again_leaves_only_the_new_shards(tmp_path, small_shards, monkeypatch):
    path = tmp_path / "a.safetensors"
    (tmp_path / "other.1-00001-of-00002.safetensors").write_bytes(b"not ours")
    write_tensors(path, MANY)
    first = names_in(tmp_path)
    write_tensors(path, MANY | {"more": np.ones(20)})
    second = names_in(tmp_path)
    assert set(first) & set(second) == {
        "a.safetensors", "other.1-00001-of-00002.safetensors"
    }  # fmt: skip
    monkeypatch.setattr("zoo.tensor_files.SHARD_BYTES", 10**6)
    write_tensors(path, MANY)
    assert names_in(tmp_path) == ["a.safetensors", "other.1-00001-of-00002.safetensors"]


@pytest.mark.parametrize("failing", [1, 3, -1])
def test_the_old_shards_stand_until_the_new_ones_are_whole(
    tmp_path, small_shards, monkeypatch, failing
):
    import zoo.tensor_files as tensor_files

    path = tmp_path / "a.safetensors"
    write_tensors(path, MANY)
    before = names_in(tmp_path)
    count, write = 0, tensor_files.write_bytes

    def fail(target, data):
        nonlocal count
        count += 1
        if count == failing or (failing == -1 and target == path):
            raise OSError("full")
        write(target, data)

    monkeypatch.setattr(tensor_files, "write_bytes", fail)
    with pytest.raises(OSError):
        write_tensors(path, {name: array + 1 for name, array in MANY.items() if name != "flag"})
    assert names_in(tmp_path) == before
    assert read_tensors(path)[0].keys() == MANY.keys()


def test_shards_are_checked_like_any_file(tmp_path, small_shards):
    path = tmp_path / "a.safetensors"
    write_tensors(path, MANY)
    with pytest.raises(WeightsError, match="1 missing: 'b'"):
        read_tensors(path, expected=shapes_of(MANY) | {"b": ()})
    with pytest.raises(WeightsError, match="of another shape"):
        read_tensors(path, expected=shapes_of(MANY) | {"large": (5, 20)})
    shard = next(file for file in tmp_path.iterdir() if "00002-of" in file.name)
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    with pytest.raises(WeightsError, match="SHA-256"):
        read_tensors(path)
    shard.unlink()
    with pytest.raises(WeightsError, match="no weight file"):
        read_tensors(path)


@pytest.mark.parametrize(
    "index",
    [
        "",
        "{}",
        '{"shards": []}',
        '{"shards": [{"file": "../b.safetensors", "sha256": ""}]}',
        '{"shards": [{"file": "a.safetensors", "sha256": ""}]}',
        '{"shards": 7}',
    ],
)
def test_an_index_may_name_shards_beside_it_and_nothing_else(tmp_path, index):
    write_tensors(tmp_path / "b.safetensors", MANY)
    header = {"__metadata__": {"kerazoo_shards": index}}
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.safetensors").write_bytes(crafted(header))
    with pytest.raises(WeightsError, match="index of shards"):
        read_tensors(tmp_path / "sub" / "a.safetensors")

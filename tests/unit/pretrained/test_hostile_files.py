"""Hostile and damaged files of weights are refused, quickly and without memory, and nothing runs."""

import io
import os
import pickle
import random
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.numpy
import torch_files as build

from zoo.errors import WeightsError
from zoo.pretrained.readers import read

ROOT = Path(__file__).parents[3]
MARK = "ZOO_TEST_ATTACKED"
ONE = np.ones(4, "float32")
NUMBERS = {"0": ONE.tobytes()}
STORED = build.storage("Float", "0", 4)


@pytest.fixture
def refuse(tmp_path, monkeypatch):
    """Read a file that must be refused within a second; return the message."""
    monkeypatch.delenv(MARK, raising=False)

    def check(data: bytes | Path) -> str:
        path = data
        if isinstance(data, bytes):
            path = tmp_path / "file.pt"
            path.write_bytes(data)
        before = set(tmp_path.rglob("*"))
        begin = time.perf_counter()
        with pytest.raises(WeightsError) as caught:
            read(path)
        assert time.perf_counter() - begin < 10  # of a busy machine
        assert MARK not in os.environ
        assert set(tmp_path.rglob("*")) == before
        assert len(str(caught.value)) < 1500 + len(str(path))
        return str(caught.value)

    return check


# --- pickles


class Reduced:
    """An object whose pickle calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


CODE = f"__import__('os').environ.__setitem__({MARK!r}, 'yes')"
OBJECTS = {
    "os.system": Reduced(os.system, f"export {MARK}=yes"),
    "eval": Reduced(eval, CODE),
    "exec": Reduced(exec, CODE),
    "putenv": Reduced(os.putenv, MARK, "yes"),
    "getattr": Reduced(getattr, "text", "upper"),
    "subprocess": Reduced(subprocess.check_call, [sys.executable, "-c", CODE]),
    "open": Reduced(open, "/etc/passwd"),
    "import": Reduced(__import__, "antigravity"),
    "bytearray": Reduced(bytearray, 2**40),
    "object": ValueError("an object of a class"),
    "set": {1, 2},
    "bytes": b"bytes",
    "numpy": np.ones(3),
    "scalar": np.float64(1),
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("name", OBJECTS)
def test_pickles_that_call_or_make_objects_are_refused(refuse, name, protocol):
    whole = pickle.dumps({"state_dict": {"w": 1}, "args": OBJECTS[name]}, protocol)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a/data.pkl", whole)
    refuse(stream.getvalue())
    refuse(whole)  # alone, as in old files
    head = build.saved_old({})[:14]
    refuse(head + b"." + whole)


NAMES = [
    ("os", "system"),
    ("builtins", "eval"),
    ("builtins", "getattr"),
    ("torch", "load"),
    ("torch.serialization", "load"),
    ("torch.hub", "load_state_dict_from_url"),
    ("torch.storage", "_load_from_bytes"),
    ("torch._utils", "_rebuild_tensor_v2.__globals__"),
    ("torch._utils", "_import_dotted_name"),
    ("torch.jit", "load"),
    ("collections", "OrderedDict.fromkeys"),
    ("numpy", "load"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("zoo.pretrained.pickles", "load"),
    ("argparse", "Namespace"),
]


@pytest.mark.parametrize("module, attribute", NAMES)
def test_names_other_than_those_of_tensors_are_refused(refuse, module, attribute):
    called = build.called(build.name(module, attribute), build.text("file"))
    message = refuse(build.zipped(build.plain({"w": called}), NUMBERS))
    assert module in message
    stacked = build.text(module) + build.text(attribute) + b"\x93" + build.sequence() + b"R"
    refuse(build.zipped(build.plain({"w": stacked}), NUMBERS))


def test_a_value_cannot_be_called(refuse):
    for value in (build.name("torch", "FloatStorage"), build.name("torch", "float32"), STORED):
        refuse(build.zipped(build.plain({"w": build.called(value, build.number(9))}), NUMBERS))


@pytest.mark.parametrize(
    "instruction",
    [b"i", b"o", b"\x81", b"\x92", b"\x82\x01", b"P1\n", b"\x97", b"\x98", b"0", b"2", b"\x8f"],
)
def test_instructions_that_data_do_not_need_are_refused(refuse, instruction):
    refuse(build.zipped(build.plain({"w": build.tensor(STORED, (4,), (1,))}) + instruction, {}))


@pytest.mark.parametrize(
    "key",
    ["../../etc/passwd", "/etc/passwd", "0/../0", "..", "", "x", "1", "0\0", "٣", "0" * 40],
)
def test_persistent_ids_name_no_paths(refuse, key):
    stored = build.storage("Float", key, 4)
    numbers = NUMBERS | {"../../etc/passwd": b"\0" * 16, "x": b"\0" * 16}
    refuse(build.zipped(build.plain({"w": build.tensor(stored, (4,), (1,))}), numbers))


@pytest.mark.parametrize(
    "identifier",
    [
        build.text("storage"),
        build.sequence(),
        build.sequence(build.text("module"), *[build.NONE] * 4),
        build.sequence(build.text("storage"), build.text("os"), *[build.text("0")] * 3),
        build.sequence(STORED, *[build.text("0")] * 4),
    ],
)
def test_persistent_ids_are_storages_or_refused(refuse, identifier):
    refuse(build.zipped(build.plain({"w": identifier + b"Q"}), NUMBERS))


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((5,), (1,), 0),
        ((4,), (1,), 1),
        ((2, 2), (3, 2), 0),
        ((4,), (-1,), 3),
        ((4,), (1,), -1),
        ((2**40,), (0,), 0),
        ((2**62, 2**62), (0, 0), 0),
        ((2**31, 2**31, 0), (0, 0, 0), 0),
        ((4,), (1, 1), 0),
        ((4,), (2**60,), 0),
        ((1,) * 70, (1,) * 70, 0),
        ((-4,), (1,), 0),
    ],
)
def test_tensors_that_reach_beyond_their_numbers_are_refused(refuse, shape, strides, offset):
    document = build.plain({"w": build.tensor(STORED, shape, strides, offset)})
    refuse(build.zipped(document, NUMBERS))


def test_storages_that_declare_more_than_is_there_are_refused(refuse):
    for count in (5, 2**40, -1):
        document = build.plain({"w": build.tensor(build.storage("Float", "0", count), (4,), (1,))})
        refuse(build.zipped(document, NUMBERS))


def test_overlapping_storages_are_fine_and_many_of_them_are_not(tmp_path, refuse):
    large = np.arange(100_000, dtype="float32")
    stored = build.storage("Float", "0", large.size)
    views = {f"w{i}": build.tensor(stored, (large.size,), (1,)) for i in range(3)}
    path = tmp_path / "views.pt"
    path.write_bytes(build.zipped(build.plain(views), {"0": large.tobytes()}))
    assert all(np.array_equal(array, large) for array in read(path).values())
    path.unlink()
    views |= {f"v{i}": build.tensor(stored, (large.size,), (1,)) for i in range(50)}
    refuse(build.zipped(build.plain(views), {"0": large.tobytes()}))


def nested(depth: int, inner: bytes) -> bytes:
    """Return dictionaries in dictionaries, each of which holds the next one eight times."""
    made = b"}q\x00(" + build.text("w") + inner + b"u"
    for i in range(1, depth):
        again = b"".join(build.text(f"{j}") + b"h" + bytes([i - 1]) for j in range(7))
        made = b"}q" + bytes([i]) + b"(" + build.text("first") + made + again + b"u"
    return made


def test_memo_bombs_are_refused(refuse):
    far = b"]r" + struct.pack("<I", 2**32 - 1)  # Python's own unpickler takes 32 GB for this memo
    refuse(build.zipped(far, NUMBERS))
    one = build.tensor(STORED, (4,), (1,))
    refuse(build.zipped(nested(60, build.NONE), NUMBERS))
    refuse(build.zipped(build.plain({"w": one, "more": nested(15, one)}), NUMBERS))
    message = refuse(build.zipped(build.plain({"w": one, "more": nested(60, one)}), NUMBERS))
    assert "in one another" in message


def test_a_dictionary_that_holds_itself_is_refused(refuse):
    one = build.tensor(STORED, (4,), (1,))
    itself = b"}q\x00(" + build.text("self") + b"h\x00" + build.text("w") + one + b"u"
    assert "in one another" in refuse(build.zipped(itself, NUMBERS))
    only = b"}q\x00(" + build.text("self") + b"h\x00u"
    refuse(build.zipped(only, NUMBERS))


def test_keys_that_take_for_ever_to_hash_are_refused(refuse):
    nested = b")" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(60))
    refuse(build.zipped(b"}" + nested + build.NONE + b"s", NUMBERS))
    pairs = build.sequence(build.sequence(nested, build.NONE))
    refuse(build.zipped(build.called(build.name("collections", "OrderedDict"), pairs), NUMBERS))


def test_huge_texts_and_pickles_are_refused(refuse):
    refuse(build.zipped(b"\x8d" + struct.pack("<Q", 2**62), NUMBERS))
    refuse(build.zipped(b"\x96" + struct.pack("<Q", 2**40), NUMBERS))
    refuse(build.zipped(b"\x8b" + struct.pack("<i", 2**31 - 1), NUMBERS))
    refuse(build.zipped(b"]" * (2**24 + 1), NUMBERS))


def test_too_many_instructions_are_refused(monkeypatch, refuse):
    monkeypatch.setattr("zoo.pretrained.pickles.MAX_INSTRUCTIONS", 1000)
    assert "1000 instructions" in refuse(build.zipped(b"](" + b"N" * 2000 + b"e", NUMBERS))


# --- zips


def test_zip_bombs_are_refused(refuse):
    zeros = {"0": bytes(2**22)}
    stored = build.storage("Float", "0", 2**20)
    document = build.plain({"w": build.tensor(stored, (2**20,), (1,))})
    packed = build.zipped(document, zeros, compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in refuse(packed)


def test_members_that_share_their_bytes_are_refused(refuse):
    data = bytearray(build.saved({"a": np.ones(1000, "float32"), "b": np.ones(1000, "float32")}))
    first = data.index(b"PK\x01\x02")
    for word in (b"archive/data/0", b"archive/data/1"):  # the directory points at more bytes
        place = data.index(word, first) - 46
        struct.pack_into("<II", data, place + 20, 9000, 9000)
    refuse(bytes(data))


def test_names_that_lead_out_of_a_zip_lead_nowhere(tmp_path):
    stream = io.BytesIO(build.saved({"w": ONE}))
    with zipfile.ZipFile(stream, "a") as file:
        file.writestr("../../outside", "x")
        file.writestr("/absolute", "x")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "w.pt").write_bytes(stream.getvalue())
    assert list(read(folder / "w.pt")) == ["w"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "w.pt"]


def test_names_that_occur_twice_are_refused(refuse):
    stream = io.BytesIO(build.saved({"w": ONE}))
    with zipfile.ZipFile(stream, "a") as file, pytest.warns(UserWarning):
        file.writestr("archive/data/0", ONE.tobytes())
    assert "twice" in refuse(stream.getvalue())


def test_a_changed_number_is_noticed(refuse):
    data = bytearray(build.saved({"w": ONE}))
    data[data.index(ONE.tobytes())] ^= 1
    assert "CRC" in refuse(bytes(data))


def test_a_huge_directory_is_not_read(monkeypatch, refuse):
    monkeypatch.setattr("zoo.pretrained.torch_zip._MAX_DIRECTORY_BYTES", 100)
    assert "directory" in refuse(build.saved({"w": ONE, "v": ONE}))


# --- HDF5


@pytest.fixture
def h5_path(tmp_path):
    return tmp_path / "weights.h5"


def test_links_are_refused(h5_path, refuse, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["secret/w"] = ONE
    for link in (h5py.SoftLink("/a/w"), h5py.ExternalLink("other.h5", "/secret/w")):
        with h5py.File(h5_path, "w") as file:
            file["a/w"] = ONE
            file["b/w"] = link
        assert "'b/w' is a link" in refuse(h5_path)


def test_hard_links_in_a_circle_are_refused(h5_path, refuse):
    with h5py.File(h5_path, "w") as file:
        file["a/w"] = ONE
        file["a/again"] = file["a"]
    assert "occurs twice" in refuse(h5_path)


def test_external_storage_is_refused(h5_path, refuse, tmp_path):
    (tmp_path / "secret").write_bytes(ONE.tobytes())
    with h5py.File(h5_path, "w") as file:
        file.create_dataset("a/w", (4,), "f4", external=[(str(tmp_path / "secret"), 0, 16)])
    assert "in another file" in refuse(h5_path)


def test_virtual_data_is_refused(h5_path, refuse, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["w"] = ONE
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "w", (4,))
    with h5py.File(h5_path, "w") as file:
        file.create_virtual_dataset("a/w", layout)
    assert "in another file" in refuse(h5_path)


def test_declared_arrays_without_numbers_are_refused(h5_path, refuse):
    for options in ({}, {"chunks": (2**20,)}, {"chunks": (2**20,), "compression": "gzip"}):
        with h5py.File(h5_path, "w") as file:
            file.create_dataset("a/w", (2**34,), "f4", **options)
        refuse(h5_path)


def test_bombs_of_gzip_are_refused(h5_path, refuse):
    with h5py.File(h5_path, "w") as file:
        file.create_dataset("a/w", data=np.zeros(2**24, "f4"), chunks=(2**22,), compression="gzip")
    assert "too many for a file" in refuse(h5_path)
    with h5py.File(h5_path, "w") as file:  # a piece that inflates beyond what is declared
        data = file.create_dataset("a/w", (4,), "f4", chunks=(4,), compression="gzip")
        data.id.write_direct_chunk((0,), zlib.compress(bytes(2**26)))
    assert "a piece of" in refuse(h5_path)


def test_filters_of_plug_ins_and_odd_values_are_refused(h5_path, refuse):
    with h5py.File(h5_path, "w") as file:
        file.create_dataset("a/w", data=ONE, chunks=(4,), compression="lzf")
    assert "another way" in refuse(h5_path)
    for value in ("text", np.zeros(2, [("a", "f4")]), np.ones(2, "complex64"), h5py.Empty("f4")):
        with h5py.File(h5_path, "w") as file:
            file["a/w"] = value
        refuse(h5_path)
    with h5py.File(h5_path, "w") as file:
        file["a/w"] = np.dtype("f4")
    refuse(h5_path)


def test_numbers_of_an_unusual_layout_are_refused(h5_path, refuse):
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_ebias(100)
    with h5py.File(h5_path, "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((4,))
        h5py.h5d.create(file.id, b"w", kind, h5py.h5s.create_simple((4,)), dcpl=plan)
        file["w"].id.write_direct_chunk((0,), ONE.tobytes())
    assert "unusual layout" in refuse(h5_path)


def test_pieces_of_odd_sizes_are_refused(h5_path, refuse):
    with h5py.File(h5_path, "w") as file:
        file.create_dataset("a/w", (4,), "f4", maxshape=(None,), chunks=(2**28,))
    assert "odd sizes" in refuse(h5_path)


# --- damage


def h5_bytes(folder, **options):
    with h5py.File(folder / "seed.h5", "w") as file:
        file.create_dataset("conv/conv/kernel:0", data=np.ones((4, 3), "f4"), **options)
        file["conv/conv/bias:0"] = ONE
    return (folder / "seed.h5").read_bytes()


def seeds(folder):
    arrays = {"a.weight": np.ones((3, 4), "float32"), "b": np.arange(5)}
    return [
        safetensors.numpy.save(arrays),
        build.saved(arrays),
        build.saved_old(arrays),
        h5_bytes(folder),
        h5_bytes(folder, chunks=(2, 2), compression="gzip", shuffle=True),
    ]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Flip, cut, double or overwrite a few bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        place = rng.randrange(len(changed))
        kind = rng.randrange(5)
        if kind == 0:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[place] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        elif kind == 2:
            del changed[place : place + rng.randrange(1, 9)]
        elif kind == 3:
            changed[place:place] = changed[place : place + rng.randrange(1, 9)]
        elif place:
            changed[place : place + 8] = struct.pack("<q", rng.choice((-1, 2**31, 2**62, 0)))
        if not changed:
            break
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed) + 1) :]
    return bytes(changed)


FUZZ = """
import random, resource, sys, tempfile, warnings
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
import test_hostile_files as hostile
from zoo.errors import WeightsError
from zoo.pretrained.readers import read
warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
folder = Path(tempfile.mkdtemp())
path, rng = folder / "file", random.Random({seed})
files = hostile.seeds(folder)
for data in files:
    path.write_bytes(data)
    read(path)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for number in range({count}):
    data = hostile.damaged(files[number % len(files)], rng)
    path.write_bytes(data)
    try:
        read(path)
    except WeightsError:
        pass
    except BaseException:
        print(number, path, flush=True)
        raise
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert grown < 150_000, f"{{grown}} KB more"
"""


def test_only_weights_errors_come_of_damage():
    # In a process of its own: a fault in HDF5's library would end it, and memory is measured.
    code = FUZZ.format(tests=str(Path(__file__).parent), root=str(ROOT), seed=1, count=1500)
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, f"{result.returncode}\n{result.stdout}{result.stderr[-3000:]}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_only_weights_errors_come_of_much_damage(seed):
    code = FUZZ.format(tests=str(Path(__file__).parent), root=str(ROOT), seed=seed, count=20_000)
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=900
    )
    assert result.returncode == 0, f"{result.returncode}\n{result.stdout}{result.stderr[-3000:]}"

"""Vectors and the names of what they stand for, as files of NumPy or Parquet."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import ArgumentError, MachineError
from zoo.files import replacing, write_text

ENDINGS = (".npy", ".npz", ".parquet")


def check_vectors(path: Path) -> None:
    """Check that vectors can be written here, before anything is computed.

    Raises:
        ArgumentError: the file, or the list of names beside it, exists, or its ending is not known.
        MachineError: the ending is .parquet, and pyarrow is not installed.
    """
    taken = [file for file in dict.fromkeys((path, _listing(path))) if file.exists()]
    if path.suffix not in ENDINGS or taken:
        raise ArgumentError(
            f"{taken[0]} exists already." if taken else f"{path} is not a file of vectors.",
            expected=f"the path of a new file: {', '.join(ENDINGS)}",
            fix="give another --output",
        )
    if path.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise MachineError(
            "Parquet files are written by pyarrow, which is not installed.",
            expected="pyarrow, which comes with tensorflow-datasets",
            fix="pip install pyarrow, or give an --output that ends in .npz",
        )


def write_vectors(path: Path, names: Sequence[str], vectors: np.ndarray) -> Path:
    """Write vectors with their names; return the file that holds the names.

    Args:
        path: .npy holds the vectors alone, with a .txt file of names beside it; .npz "vectors" and
            "names"; .parquet the columns name and vector.
        names: N of them.
        vectors: float32 (N, D).
    """
    listing = _listing(path)
    with replacing(path) as beside:
        if path.suffix == ".parquet":
            _write_parquet(beside, names, vectors)
        else:
            with beside.open("wb") as stream:
                if path.suffix == ".npz":
                    np.savez(stream, vectors=vectors, names=np.array(names, dtype=str))
                else:
                    np.save(stream, vectors)
    if listing != path:
        write_text(listing, "".join(f"{name}\n" for name in names))
    return listing


def _listing(path: Path) -> Path:
    return path.with_suffix(".txt") if path.suffix == ".npy" else path


def _write_parquet(path: Path, names: Sequence[str], vectors: np.ndarray) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1), pa.float32())
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    table = pa.table({"name": pa.array(list(names), pa.string()), "vector": column})
    parquet.write_table(table, path)

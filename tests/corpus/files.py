"""Files of joblib's and compressed ones that attack whoever reads them."""

import bz2
import gzip
import lzma
import os
import pickle
import struct
import tempfile
import zlib
from pathlib import Path

import joblib
import numpy as np

from tests.corpus.assembling import Forged, call, name, plain, values, whole
from tests.corpus.calls import PROGRAM
from tests.legitimate import fitted

# Unpacks to more than any model takes.
ZEROS = bytes(300 << 20)


def stream(thing, **options):
    """Return what ``joblib.dump`` writes of something."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.joblib"
        joblib.dump(thing, path, protocol=4, **options)
        return path.read_bytes()


def calling():
    """Return what pickles as a call."""
    return Forged(os.system, (PROGRAM,))


def wrapper(module="joblib.numpy_pickle", dtype="f8", shape=(2,), **changes):
    """Return opcodes that stand for an array, whose bytes have to follow."""
    state = {
        "subclass": np.ndarray,
        "shape": shape,
        "order": "C",
        "dtype": np.dtype(dtype),
        "allow_mmap": False,
    } | changes
    return (
        name(module, "NumpyArrayWrapper")
        + values()
        + pickle.NEWOBJ
        + plain(state)
        + pickle.BUILD
    )


def large_dictionary():
    """Return a file whose header asks for a dictionary of 4 GB."""
    file = bytearray(lzma.compress(bytes(1000), lzma.FORMAT_ALONE))
    file[1:5] = struct.pack("<I", 2**32 - 1)
    return bytes(file)


CALLED = call("os", "system", PROGRAM)
FILES = {
    "a joblib file with a call": lambda: stream([np.zeros(2), calling()]),
    "a joblib file with a call among objects": lambda: stream(
        [np.array([1, calling()], object)]
    ),
    "a joblib file with a call, compressed": lambda: stream(
        [np.zeros(2), calling()], compress=3
    ),
    "a joblib file with a call after an array": lambda: whole(
        wrapper(), bytes(16), CALLED
    ),
    "a joblib file with a call in an array": lambda: whole(
        wrapper(shape=(len(CALLED) // 8 + 1,)), CALLED
    ),
    "a joblib file of another class": lambda: whole(
        plain("joblib.numpy_pickle"),
        wrapper(subclass=np.memmap),
        bytes(16),
    ),
    "a joblib file of old": lambda: whole(
        plain("joblib.numpy_pickle"), wrapper(module="joblib.numpy_pickle_compat")
    ),
    "a joblib file of a far array": lambda: whole(wrapper(shape=(2**27, 2**27, 2**27))),
    "a joblib file of a negative array": lambda: whole(wrapper(shape=(-2,))),
    "a joblib file of pointers": lambda: whole(wrapper(dtype="O"), b"\x41" * 16),
    "a joblib file of a wrapper without a state": lambda: whole(
        name("joblib.numpy_pickle", "NumpyArrayWrapper"), values(), pickle.NEWOBJ
    ),
    "a joblib file of a wrapper with two states": lambda: whole(
        wrapper(), bytes(16), plain({}), pickle.BUILD
    ),
    "a joblib file that is called": lambda: whole(
        call("joblib.numpy_pickle", "NumpyArrayWrapper", 1)
    ),
    "a joblib file of texts beyond the last code point": lambda: whole(
        wrapper(dtype="U2"), b"\xff" * 16
    ),
    "a joblib file without an end": lambda: stream(fitted("random forest"))[:-1],
    "a call, compressed": lambda: zlib.compress(whole(CALLED)),
    "a bomb of zlib's": lambda: zlib.compress(ZEROS, 9),
    "a bomb of gzip's": lambda: gzip.compress(ZEROS),
    "a bomb of bzip2's": lambda: bz2.compress(ZEROS),
    "a bomb of xz's": lambda: lzma.compress(ZEROS, preset=0),
    "a dictionary of 4 GB": large_dictionary,
    "a bomb in a bomb": lambda: zlib.compress(zlib.compress(ZEROS, 9), 9),
    "a file that is compressed twice": lambda: zlib.compress(
        gzip.compress(pickle.dumps(fitted("logistic")))
    ),
}

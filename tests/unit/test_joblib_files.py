"""Files of joblib's: read as joblib reads them, and as strictly as a pickle."""

import bz2
import gzip
import lzma
import pickle
import zlib

import joblib
import numpy as np
import pytest
from pgchurn.plpython.runtime import unpacking
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from pgchurn.plpython.runtime.strict_pickle import read_pickle
from sklearn import __version__

from tests.confined import a_second, confined
from tests.corpus.calls import assembled
from tests.legitimate import PIPELINES, fitted, rows_for

COMPRESSIONS = ("zlib", "gzip", "bz2", "lzma", "xz")


@pytest.fixture
def dumped(tmp_path):
    """Return what ``joblib.dump`` writes of something."""

    def dump(thing, **options):
        joblib.dump(thing, tmp_path / "model.joblib", **options)
        return (tmp_path / "model.joblib").read_bytes()

    return dump


def refusal(artifact):
    """Return what is said of a file that is refused."""
    with pytest.raises(ScoringError) as raised:
        load_estimator(artifact)
    return raised.value


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("protocol", [4, 5])
def test_a_file_of_joblibs_predicts_as_its_estimator(name, protocol, dumped):
    estimator = fitted(name)
    rows = rows_for(estimator)

    found = load_estimator(dumped(estimator, protocol=protocol)).predict_proba(rows)

    assert found == pytest.approx(estimator.predict_proba(rows), rel=0, abs=1e-14)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", ["logistic of a frame", "random forest"])
def test_a_compressed_file_predicts_as_its_estimator(name, compression, dumped):
    estimator = fitted(name)
    rows = rows_for(estimator)

    found = load_estimator(dumped(estimator, compress=(compression, 3)))

    assert found.predict_proba(rows) == pytest.approx(estimator.predict_proba(rows))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
        np.arange(12)[::2],
        np.array(3.5),
        np.empty((0, 4)),
        np.array(["left", "stayed"]),
        np.array([True, False]),
        np.array(["left", None, 1.5], object),
        np.asfortranarray(np.array([["a", "b"], [None, 1]], object)),
        np.arange(4, dtype=np.uint8),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
@pytest.mark.parametrize("options", [{}, {"compress": 3}], ids=["plain", "zlib"])
def test_an_array_is_the_one_that_was_written(array, options, dumped):
    (found,) = read_pickle(dumped([array], **options))

    assert found.dtype == array.dtype and found.shape == array.shape
    assert found.tolist() == array.tolist()


def test_a_file_without_padding_is_read():
    # As versions of joblib before 1.2 write it, and any that writes to a pipe.
    written = []

    class Pipe:
        def write(self, content):
            written.append(bytes(content))

        def tell(self):
            raise joblib.numpy_pickle.io.UnsupportedOperation

    joblib.numpy_pickle.NumpyPickler(Pipe(), protocol=4).dump([np.arange(3.0)])

    (found,) = read_pickle(b"".join(written))

    assert found.tolist() == [0.0, 1.0, 2.0]


def changed(artifact, before, after):
    """Return a file in which bytes were replaced."""
    assert before in artifact
    return artifact.replace(before, after)


WRAPPED = b"numpy\x94\x8c\x07ndarray"
BOMB = b"\x80\x04" + bytes(64 << 20)


REPLACED = {
    "a memory map": (WRAPPED, b"numpy\x94\x8c\x06memmap", "numpy.memmap is not"),
    "a matrix": (WRAPPED, b"numpy\x94\x8c\x06matrix", "numpy.matrix is not"),
    "an array that is a type": (WRAPPED, b"numpy\x94\x8c\x07float64", "is given some"),
    "another wrapper": (b"\x11NumpyArrayWrapper", b"\x0eNDArrayWrapper", "Wrapper is"),
    "another attribute": (b"allow_mmap", b"allow_mnap", "is given something else"),
    "another alignment": (b"K\x10ub", b"K\x11ub", "is given something else"),
    "an order that is none": (b"\x8c\x01C\x94", b"\x8c\x01A\x94", "is given something"),
    "padding of another byte": (b"ub\x03\xff\xff", b"ub\x03\xff\x00", "is given some"),
    "much padding": (b"ub\x03\xff", b"ub\x13\xff", "is given something"),
    "more numbers than bytes": (b"K\x01K\x04\x86", b"K\xffK\xff\x86", "takes 520200"),
    "fewer numbers than bytes": (b"K\x01K\x04\x86", b"K\x01K\x03\x86", "opcode"),
    "a shape that is a text": (b"K\x01K\x04\x86", b"K\x01h\x00\x86", "is given some"),
    "an array of times": (b"\x8c\x02f8", b"\x8c\x02M8", "is given something else"),
    "an array of objects": (b"\x8c\x02f8", b"\x8c\x02O8", "is given something else"),
}


@pytest.mark.parametrize("name", REPLACED)
def test_a_file_that_joblib_does_not_write_is_refused(name, dumped):
    before, after, said = REPLACED[name]
    file = dumped(fitted("logistic"), protocol=4)

    error = refusal(changed(file, before, after))

    assert error.sqlstate == "55000" and said in error.detail


@pytest.mark.parametrize("more", [b".", assembled("os", "system", ("true",))])
def test_a_file_with_something_after_its_end_is_refused(more, dumped):
    file = dumped(fitted("logistic"))

    assert "follow the opcode STOP" in refusal(file + more).detail
    assert refusal(file[: len(file) // 2]).detail


@pytest.mark.parametrize("module, function", [("os", "system"), ("builtins", "eval")])
def test_nothing_that_a_file_of_joblibs_names_is_called(module, function, dumped):
    class Calling:
        def __reduce__(self):
            return getattr(__import__(module), function), ("1",)

    around = dumped([np.arange(3.0), Calling()], protocol=4)
    within = dumped([np.array([Calling(), 1], object)], protocol=4)
    for file in (around, within, zlib.compress(around), lzma.compress(within)):
        outcome = confined(said_of, file)

        assert outcome.kind == "returned" and outcome.did == []
        assert "is not permitted" in outcome.said


def said_of(artifact):
    """Return what a refusal says."""
    try:
        load_estimator(artifact)
    except ScoringError as error:
        return error.detail


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: zlib.compress(BOMB, 9),
        lambda: gzip.compress(BOMB),
        lambda: bz2.compress(BOMB),
        lambda: lzma.compress(BOMB),
        lambda: lzma.compress(BOMB, lzma.FORMAT_ALONE),
    ],
    ids=COMPRESSIONS[:3] + ("xz", "lzma"),
)
def test_what_unpacks_to_far_more_is_refused_at_once(bomb):
    file = bomb()

    outcome = confined(said_of, file, memory=64 << 20)

    assert outcome.kind == "returned" and outcome.did == []
    assert "unpacks to more than" in outcome.said
    assert outcome.seconds < a_second()


def test_a_dictionary_that_takes_gigabytes_is_not_made():
    file = bytearray(lzma.compress(bytes(100), lzma.FORMAT_ALONE))
    file[1:5] = (1 << 30).to_bytes(4, "little")

    outcome = confined(said_of, bytes(file), memory=128 << 20)

    assert outcome.kind == "returned"
    assert "damaged" in outcome.said


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_compressed_file_that_is_cut_or_goes_on_is_refused(compression, dumped):
    file = dumped(fitted("logistic"), compress=(compression, 3))

    assert "damaged" in refusal(file[:-10]).detail
    assert "follow" in refusal(file + b"more").detail


def test_a_compression_that_is_not_unpacked_is_named():
    error = refusal(b'\x04"M\x18' + bytes(20))

    assert error.detail == "It is compressed (lz4)."
    assert "joblib.dump(model, path)" in error.hint


def test_a_python_without_a_library_says_so(monkeypatch, dumped):
    def missing(name):
        raise ImportError

    file = dumped(fitted("logistic"), compress=("bz2", 3))
    monkeypatch.setattr(unpacking.importlib, "import_module", missing)

    assert "has no module bz2" in refusal(file).detail


@pytest.mark.parametrize("options", [{}, {"compress": 3}], ids=["plain", "zlib"])
def test_the_version_that_wrote_a_file_is_named(options, dumped):
    file = dumped(fitted("random forest"), protocol=4)
    older = changed(file, __version__.encode(), b"1.0.2")
    if options:
        older = zlib.compress(older)

    error = refusal(older)

    assert "scikit-learn 1.0.2, and here is" in error.detail
    assert error.hint == "Train it again under this version."


def test_the_version_that_wrote_an_older_pickle_is_named():
    older = pickle.dumps(fitted("logistic"), 2).replace(__version__.encode(), b"0.24.2")

    error = refusal(older)

    assert "protocol 2" in error.detail and "scikit-learn 0.24.2," in error.detail

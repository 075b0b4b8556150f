"""Pickles that ask for more time or memory than they are worth."""

import pickle
import struct

import numpy as np

from tests.corpus.assembling import Assembled, call, name, plain, values, whole
from tests.legitimate import fitted

GIBIBYTES_64 = struct.pack("<Q", 64 * 2**30)


def nested(depth):
    """Return the opcodes of a tuple of one tuple of one tuple."""
    return plain(1) + pickle.TUPLE1 * depth


def doubled(depth, first=0):
    """Return the opcodes of a tuple that holds one tuple twice, and so on."""
    opcodes = plain(1) + pickle.MEMOIZE
    for number in range(first, first + depth):
        opcodes += b"h" + bytes([number]) + pickle.TUPLE2 + pickle.MEMOIZE
    return opcodes


def as_key(opcodes):
    """Return a dict that has an object as its key."""
    return whole(pickle.EMPTY_DICT, opcodes, plain(1), pickle.SETITEM)


def within_a_model(opcodes):
    """Return a model of which one attribute is an object."""
    return whole(
        name("sklearn.linear_model._logistic", "LogisticRegression"),
        values(),
        pickle.NEWOBJ,
        pickle.EMPTY_DICT,
        plain("C"),
        opcodes,
        pickle.SETITEM,
        plain("_sklearn_version"),
        plain(fitted("logistic").__getstate__()["_sklearn_version"]),
        pickle.SETITEM,
        pickle.BUILD,
    )


# A place in the memo.
LAST = struct.pack("<I", 30)


def nested_arrays(depth, wrapped=lambda opcodes: opcodes):
    """Return a model with object arrays one inside the other, wrapped in something.

    Each is kept in the memo until the next one holds it, so that no mark is nested.
    """
    empty = call(
        *("numpy._core.multiarray", "_reconstruct"),
        *(Assembled(name("numpy", "ndarray")), (0,), b"b"),
    )
    inner = pickle.EMPTY_LIST + wrapped(pickle.LONG_BINGET + LAST) + pickle.APPEND
    one = b"".join(
        [
            *(empty, pickle.MARK, plain(1), plain((1,)), plain(np.dtype("O"))),
            *(plain(False), inner, pickle.TUPLE, pickle.BUILD),
            pickle.LONG_BINPUT + LAST,
        ]
    )
    start = plain(1) * 40 + pickle.LONG_BINPUT + LAST
    model = within_a_model(pickle.LONG_BINGET + LAST)
    return whole(start, one * depth, model[2:-1])


def in_a_list(opcodes):
    """Return a list of one value."""
    return pickle.EMPTY_LIST + opcodes + pickle.APPEND


def in_a_tuple(opcodes):
    """Return a tuple of one value."""
    return opcodes + pickle.TUPLE1


def in_a_dict(opcodes):
    """Return a dict of one value."""
    return pickle.EMPTY_DICT + plain("a") + opcodes + pickle.SETITEM


def in_a_bunch(opcodes):
    """Return a dict with attributes, as scikit-learn has it, of one value."""
    bunch = name("sklearn.utils._bunch", "Bunch") + values() + pickle.NEWOBJ
    return bunch + plain("a") + opcodes + pickle.SETITEM


def in_a_scaler(opcodes):
    """Return an estimator with one value."""
    scaler = name("sklearn.preprocessing._data", "StandardScaler")
    version = fitted("logistic").__getstate__()["_sklearn_version"]
    state = plain("mean_") + opcodes + pickle.SETITEM
    state += plain("_sklearn_version") + plain(version) + pickle.SETITEM
    return scaler + values() + pickle.NEWOBJ + pickle.EMPTY_DICT + state + pickle.BUILD


def nested_wraps(depth, wrapped):
    """Return a model with things one inside the other."""
    start = plain(1) * 40 + pickle.LONG_BINPUT + LAST
    one = wrapped(pickle.LONG_BINGET + LAST) + pickle.LONG_BINPUT + LAST
    model = within_a_model(pickle.LONG_BINGET + LAST)
    return whole(start, one * depth, model[2:-1])


def colliding_keys():
    """Return a dict whose keys, Mersenne's multiples, all have the same hash.

    Written by hand, because to make such a dict is what takes so long.
    """
    numbers = ((2**61 - 1) * i for i in range(30_000))
    items = b"".join(plain(number) + pickle.NONE for number in numbers)
    return whole(pickle.EMPTY_DICT, pickle.MARK, items, pickle.SETITEMS)


def doubled_votes():
    """Return a vote of two votes of two votes, forty times over."""
    from sklearn.ensemble import VotingClassifier

    inner = fitted("vote")
    for _ in range(40):
        outer = VotingClassifier([], voting="soft")
        outer.__dict__.update(vars(fitted("vote")))
        outer.estimators_ = [inner, inner]
        inner = outer
    return pickle.dumps(inner)


def vote_for_itself():
    """Return a vote that is a member of itself."""
    from sklearn.ensemble import VotingClassifier

    vote = VotingClassifier([], voting="soft")
    vote.__dict__.update(vars(fitted("vote")))
    vote.estimators_ = [vote, vote]
    return pickle.dumps(vote)


def array_of(shape):
    """Return an array that is large by what it says of itself."""
    dtype = Assembled(plain(np.dtype("f8")))
    return call("numpy._core.numeric", "_frombuffer", b"", dtype, shape, "C")


RESOURCES = {
    "object arrays nested 60,000 deep": lambda: nested_arrays(60_000),
    "object arrays in lists, nested": lambda: nested_arrays(10_000, in_a_list),
    "object arrays in tuples, nested": lambda: nested_arrays(10_000, in_a_tuple),
    "object arrays in dicts, nested": lambda: nested_arrays(10_000, in_a_dict),
    "object arrays in bunches, nested": lambda: nested_arrays(10_000, in_a_bunch),
    "object arrays in estimators, nested": lambda: nested_arrays(3_000, in_a_scaler),
    "lists nested 100,000 deep": lambda: nested_wraps(100_000, in_a_list),
    "dicts nested 100,000 deep": lambda: nested_wraps(100_000, in_a_dict),
    "bunches nested 20,000 deep": lambda: nested_wraps(20_000, in_a_bunch),
    "a deep tuple": lambda: whole(nested(200_000)),
    "a deep tuple as a key": lambda: as_key(nested(200_000)),
    "a deep tuple in a model": lambda: within_a_model(nested(200_000)),
    "a doubling tuple as a key": lambda: as_key(doubled(120)),
    "a doubling tuple in a model": lambda: within_a_model(doubled(120, 1)),
    "LONG_BINPUT of 2^28": lambda: whole(plain(1), b"r" + struct.pack("<I", 2**28)),
    "BINGET of what is not there": lambda: whole(b"h\x07"),
    "LONG_BINGET of 2^31": lambda: whole(b"j" + struct.pack("<I", 2**31)),
    "ndarray of 4e8 elements by a call": lambda: whole(
        call("numpy", "ndarray", (400_000_000,))
    ),
    "array of 4e8 elements without bytes": lambda: whole(array_of((400_000_000,))),
    "_reconstruct of 4e8 elements": lambda: whole(
        call(
            "numpy._core.multiarray",
            "_reconstruct",
            Assembled(name("numpy", "ndarray")),
            (400_000_000,),
            b"b",
        )
    ),
    "a text type of 2 GB": lambda: whole(
        call("numpy", "dtype", "U500000000", False, True)
    ),
    "BINBYTES8 of 64 GiB": lambda: whole(pickle.BINBYTES8 + GIBIBYTES_64),
    "BYTEARRAY8 of 64 GiB": lambda: whole(pickle.BYTEARRAY8 + GIBIBYTES_64),
    "BINUNICODE8 of 64 GiB": lambda: whole(pickle.BINUNICODE8 + GIBIBYTES_64),
    "FRAME of 64 GiB": lambda: whole(pickle.FRAME + GIBIBYTES_64),
    "BINBYTES beyond the end": lambda: whole(b"B" + struct.pack("<I", 2**31)),
    "20 million MARKs": lambda: whole(pickle.MARK * 20_000_000),
    "20 million NONEs": lambda: whole(pickle.NONE * 20_000_000),
    "4 million dicts": lambda: whole(b"(", pickle.EMPTY_DICT * 4_000_000, pickle.TUPLE),
    "4 million losses": lambda: whole(
        name("sklearn._loss._loss", "CyHalfBinomialLoss"),
        pickle.MEMOIZE,
        b"(",
        (b"h\0" + pickle.EMPTY_TUPLE + pickle.REDUCE) * 1_000_000,
        pickle.TUPLE,
    ),
    "a million memo entries": lambda: whole(
        pickle.EMPTY_LIST, pickle.MEMOIZE * 2_000_000
    ),
    "257 MB": lambda: whole(b"B" + struct.pack("<I", 257 * 2**20) + bytes(257 * 2**20)),
    "keys that collide": colliding_keys,
    "votes of votes": doubled_votes,
    "a vote for itself": vote_for_itself,
    "random generators": lambda: whole(
        name("numpy.random._pickle", "__bit_generator_ctor"),
        pickle.MEMOIZE,
        name("numpy.random._mt19937", "MT19937"),
        pickle.MEMOIZE,
        b"(",
        (b"h\0h\x01" + pickle.TUPLE1 + pickle.REDUCE) * 50_000,
        pickle.TUPLE,
    ),
    "a list that holds itself": lambda: within_a_model(
        pickle.EMPTY_LIST + pickle.MEMOIZE + b"h\x01" + pickle.APPEND
    ),
}

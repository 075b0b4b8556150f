"""Opcodes that the pickler does not write for an estimator."""

import io
import pickle
import struct

from tests.corpus.assembling import PROTOCOL_4, call, name, plain, text, values, whole
from tests.corpus.calls import PROGRAM
from tests.legitimate import fitted

POPEN = name("subprocess", "Popen")
ARGUMENTS = values(["touch", "/nonexistent/canary"])


def legitimate(protocol=5):
    """Return the pickle of a model that nothing is wrong with."""
    return pickle.dumps(fitted("logistic"), protocol)


def out_of_band():
    """Return a pickle whose arrays are handed over beside it."""
    buffers = []
    model = fitted("logistic")
    return pickle.dumps(model, 5, buffer_callback=buffers.append)


def with_persistent_ids():
    """Return a pickle that asks the reader for an object."""
    file = io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            return "canary" if type(thing) is str else None

    Pickler(file, 4).dump(fitted("logistic"))
    return file.getvalue()


OPCODES = {
    "opcode INST": lambda: (
        PROTOCOL_4 + b"(" + text(PROGRAM) + b"ios\nsystem\n" + pickle.STOP
    ),
    "opcode OBJ": lambda: whole(
        pickle.MARK, POPEN, plain(["touch", "/nonexistent/canary"]), pickle.OBJ
    ),
    "opcode NEWOBJ of Popen": lambda: whole(POPEN, values(), pickle.NEWOBJ),
    "opcode NEWOBJ_EX of Popen": lambda: whole(
        POPEN, values(), plain({}), pickle.NEWOBJ_EX
    ),
    "opcode NEWOBJ of ndarray": lambda: whole(
        name("numpy", "ndarray"), values((4,)), pickle.NEWOBJ
    ),
    "opcode EXT1": lambda: whole(pickle.EXT1 + b"\x01", values(), pickle.REDUCE),
    "opcode EXT2": lambda: whole(pickle.EXT2 + b"\x01\x01"),
    "opcode EXT4": lambda: whole(pickle.EXT4 + b"\x01\x01\0\0"),
    "opcode GLOBAL of protocol 0": lambda: (
        b"cos\nsystem\n(V" + PROGRAM.encode() + b"\ntR."
    ),
    "opcode GLOBAL in protocol 4": lambda: whole(
        b"cos\nsystem\n", values(PROGRAM), pickle.REDUCE
    ),
    "opcode STRING": lambda: whole(b"S'canary'\n"),
    "opcode BINSTRING": lambda: whole(b"T" + struct.pack("<i", 6) + b"canary"),
    "opcode SHORT_BINSTRING": lambda: whole(b"U\x06canary"),
    "opcode UNICODE": lambda: whole(b"Vcanary\n"),
    "opcode INT": lambda: whole(b"I1\n"),
    "opcode LONG": lambda: whole(b"L" + b"9" * 4000 + b"L\n"),
    "opcode LONG4": lambda: whole(b"\x8b" + struct.pack("<i", 10**6) + b"\x7f" * 10**6),
    "opcode FLOAT": lambda: whole(b"F1.5\n"),
    "opcode PERSID": lambda: whole(b"Pcanary\n"),
    "opcode BINPERSID": with_persistent_ids,
    "opcode NEXT_BUFFER": out_of_band,
    "opcode READONLY_BUFFER": lambda: whole(plain(b"canary"), b"\x98"),
    "opcode DUP": lambda: whole(plain(1), b"2", b"\x86"),
    "opcode POP": lambda: whole(plain(1), plain(2), b"0"),
    "opcode DICT": lambda: whole(b"(", plain("a"), plain(1), b"d"),
    "opcode FROZENSET": lambda: whole(b"(", plain(1), b"\x91"),
    "opcode EMPTY_SET": lambda: whole(b"\x8f"),
    "an unknown opcode": lambda: whole(b"\xff"),
    "a second PROTO": lambda: whole(PROTOCOL_4, plain(1)),
    "protocol 2": lambda: legitimate(2),
    "protocol 3": lambda: legitimate(3),
    "protocol 9": lambda: b"\x80\x09" + legitimate()[2:],
    "a second pickle after the first": lambda: (
        legitimate() + whole(call("os", "system", PROGRAM))
    ),
    "a byte after the pickle": lambda: legitimate() + b"\n",
    "no STOP": lambda: legitimate()[:-1],
    "nothing": lambda: b"",
    "two bytes": lambda: PROTOCOL_4,
    "an empty stack": lambda: whole(),
    "STACK_GLOBAL of numbers": lambda: whole(plain(1), plain(2), pickle.STACK_GLOBAL),
}

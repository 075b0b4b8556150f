"""Writing pickles by hand: opcodes, and objects that pickle as something else."""

import pickle
import pickletools
import struct

PROTOCOL_4 = b"\x80\x04"


def text(value):
    """Return the opcode of a text."""
    encoded = value.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def name(module, qualified_name):
    """Return the opcodes of a global, dotted or not."""
    return text(module) + text(qualified_name) + pickle.STACK_GLOBAL


def plain(value):
    """Return the opcodes of a plain value, or of what was assembled before.

    They leave the memo as it is, where they can.
    """
    if isinstance(value, Assembled):
        return value.opcodes
    dumped = pickletools.optimize(pickle.dumps(value, 4))[len(PROTOCOL_4) : -1]
    framed = dumped[:1] == pickle.FRAME
    return dumped[9:] if framed else dumped


class Assembled:
    """Opcodes that stand where a value does."""

    def __init__(self, opcodes):
        self.opcodes = opcodes


def values(*items):
    """Return the opcodes of a tuple."""
    return pickle.MARK + b"".join(map(plain, items)) + pickle.TUPLE


def call(module, qualified_name, *arguments):
    """Return the opcodes of a call."""
    return name(module, qualified_name) + values(*arguments) + pickle.REDUCE


def whole(*opcodes, protocol=PROTOCOL_4):
    """Return a pickle of these opcodes."""
    return protocol + b"".join(opcodes) + pickle.STOP


class Forged:
    """Pickles as a call with its arguments, and perhaps a state."""

    def __init__(self, function, arguments, state=None):
        self.reduced = (function, arguments, state)

    def __reduce__(self):
        """Return what the pickler writes."""
        return self.reduced

CREATE OR REPLACE FUNCTION churn_runtime.pickle_scan() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Scanning a pickle's opcodes without executing one.

Only what the pickler writes at protocols 4 and 5 for arrays and estimators may occur.
The formats are those of the standard library's ``pickletools``.
"""

import pickle

from .errors import ScoringError

LARGEST_PICKLE = 256 * 1024**2
MOST_OPCODES = 5_000_000
# How deep the pickler's own recursion goes at most.
DEEPEST_MARK = 500

# A pickle of a hundred bytes can ask for gigabytes: what its objects take at least is
# added up beforehand. Bytes of the pickle itself are counted by its size.
MOST_OBJECT_BYTES = 128 * 1024**2

# What the scan does about an opcode beside passing over it.
NOTHING, COUNTED, OPENING, CLOSING, NUMBERED, FRAMED, STOPPING, FORBIDDEN = range(8)

# Opcodes of a fixed length: how many bytes follow, what the object takes, and the kind.
PLAIN_OPCODES = {
    pickle.NONE: (0, 8, NOTHING),
    pickle.NEWTRUE: (0, 8, NOTHING),
    pickle.NEWFALSE: (0, 8, NOTHING),
    pickle.BININT: (4, 36, NOTHING),
    pickle.BININT1: (1, 8, NOTHING),
    pickle.BININT2: (2, 36, NOTHING),
    pickle.BINFLOAT: (8, 32, NOTHING),
    pickle.EMPTY_TUPLE: (0, 8, NOTHING),
    pickle.TUPLE1: (0, 56, NOTHING),
    pickle.TUPLE2: (0, 64, NOTHING),
    pickle.TUPLE3: (0, 72, NOTHING),
    pickle.EMPTY_LIST: (0, 64, NOTHING),
    pickle.EMPTY_DICT: (0, 72, NOTHING),
    pickle.MEMOIZE: (0, 100, NOTHING),
    pickle.BINGET: (1, 8, NUMBERED),
    pickle.LONG_BINGET: (4, 8, NUMBERED),
    pickle.STACK_GLOBAL: (0, 8, NOTHING),
    pickle.NEWOBJ: (0, 600, NOTHING),
    pickle.REDUCE: (0, 200, NOTHING),
    pickle.BUILD: (0, 200, NOTHING),
    pickle.MARK: (0, 72, OPENING),
    pickle.TUPLE: (0, 48, CLOSING),
    pickle.APPEND: (0, 40, NOTHING),
    pickle.APPENDS: (0, 40, CLOSING),
    pickle.SETITEM: (0, 200, NOTHING),
    pickle.SETITEMS: (0, 200, CLOSING),
    pickle.FRAME: (8, 0, FRAMED),
    # Written for memo entries by number; the unpickler takes both forms.
    pickle.BINPUT: (1, 100, NUMBERED),
    pickle.LONG_BINPUT: (4, 100, NUMBERED),
}

# Opcodes that declare a length: how many bytes the length has.
COUNTED_OPCODES = {
    pickle.LONG1: 1,
    pickle.SHORT_BINUNICODE: 1,
    pickle.BINUNICODE: 4,
    pickle.BINUNICODE8: 8,
    pickle.SHORT_BINBYTES: 1,
    pickle.BINBYTES: 4,
    pickle.BINBYTES8: 8,
    pickle.BYTEARRAY8: 8,
}
COUNTED_OBJECT_BYTES = 64


def opcode_table() -> list[tuple[int, int, int]]:
    """Return for each byte how far it reaches, what its object takes, and its kind."""
    table = [(0, 0, FORBIDDEN)] * 256
    for code, (follow, taken, kind) in PLAIN_OPCODES.items():
        table[code[0]] = (1 + follow, taken, kind)
    for code, length in COUNTED_OPCODES.items():
        table[code[0]] = (1 + length, COUNTED_OBJECT_BYTES, COUNTED)
    table[pickle.STOP[0]] = (1, 0, STOPPING)
    return table


def scan_pickle(artifact: bytes) -> None:
    """Refuse a pickle that holds anything but what the pickler writes."""
    size = len(artifact)
    if size > LARGEST_PICKLE:
        raise unreadable(f"It has {size} bytes, and {LARGEST_PICKLE} are allowed.")
    if size < 3 or artifact[0] != pickle.PROTO[0]:
        raise unreadable("It does not begin with the opcode PROTO.")
    if artifact[1] not in (4, 5):
        raise unreadable(f"It is of protocol {artifact[1]}, and not of 4 or 5.")
    table = opcode_table()
    position, marks, object_bytes = 2, 0, 0
    # This loop is passed through millions of times, so the plain opcodes come first.
    for count in range(1, MOST_OPCODES):
        if position >= size:
            raise unreadable("It ends without the opcode STOP.")
        code = artifact[position]
        length, taken, kind = table[code]
        position += length
        object_bytes += taken
        if kind == NOTHING:
            continue
        start = position - length
        if kind == STOPPING:
            break
        if kind == FORBIDDEN:
            raise unreadable(
                f"The opcode {opcode_name(code)} at position {start} is not permitted."
            )
        if kind == OPENING:
            marks += 1
            if marks > DEEPEST_MARK:
                raise unreadable(
                    f"The opcode MARK at position {start} is nested {marks} deep, and "
                    f"{DEEPEST_MARK} is allowed."
                )
            continue
        if kind == CLOSING:
            marks -= 1
            continue
        number = int.from_bytes(artifact[start + 1 : position], "little")
        if kind == NUMBERED:
            if number > count:
                raise unreadable(
                    f"The opcode {opcode_name(code)} at position {start} refers to "
                    f"memo entry {number} after {count} opcodes."
                )
            continue
        # What an opcode announces must be there.
        if position + number > size:
            raise unreadable(
                f"The opcode {opcode_name(code)} at position {start} announces "
                f"{number} bytes, and the pickle ends after {size}."
            )
        if kind == COUNTED:
            position += number
    else:
        raise unreadable(f"It has more than {MOST_OPCODES} opcodes.")
    if position != size:
        raise unreadable(
            f"{size - position} bytes follow the opcode STOP at position "
            f"{position - 1}."
        )
    if object_bytes > MOST_OBJECT_BYTES:
        raise unreadable(
            f"Its objects take more than {MOST_OBJECT_BYTES} bytes beside its own."
        )


def opcode_name(code: int) -> str:
    """Return the name of an opcode, or its number."""
    for name in pickle.__all__:
        if name.isupper() and getattr(pickle, name) == bytes([code]):
            return name
    return f"0x{code:02x}"


def unreadable(detail: str, hint: str | None = None) -> ScoringError:
    """Return the error for bytes that are not read as a pickle of a model."""
    return ScoringError(
        "model cannot be unpickled",
        detail=detail,
        hint=hint
        or "Pickle a fitted scikit-learn classifier with pickle.dumps, at protocol 4 "
        "or 5.",
        sqlstate="55000",
    )
$python$;
COMMENT ON FUNCTION churn_runtime.pickle_scan IS 'Scanning a pickle''s opcodes without executing one.';

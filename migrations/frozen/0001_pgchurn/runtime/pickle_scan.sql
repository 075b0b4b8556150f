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
    # In what is not read of a search; nothing can be added to it.
    pickle.EMPTY_SET: (0, 224, NOTHING),
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
    scan = Scan(artifact)
    scan.start()
    scan.go_on()
    scan.finish()


class Scan:
    """A scan of opcodes that may stop where something else stands among them.

    Attributes
    ----------
    position : int
        Of the byte after what has been scanned.
    """

    def __init__(self, artifact: bytes) -> None:
        size = len(artifact)
        if size > LARGEST_PICKLE:
            raise unreadable(f"It has {size} bytes, and {LARGEST_PICKLE} are allowed.")
        self.artifact = artifact
        self.position = 0
        self.count = 0
        self.first = 0
        self.marks = 0
        self.object_bytes = 0
        self.plain_table = opcode_table()
        self.table_of_arrays = list(self.plain_table)
        code = pickle.BUILD[0]
        self.table_of_arrays[code] = (*self.plain_table[code][:2], STOPPING)

    def start(self) -> None:
        """Scan the beginning of a pickle."""
        start = self.artifact[self.position : self.position + 3]
        if len(start) < 3 or start[0] != pickle.PROTO[0]:
            raise unreadable("It does not begin with the opcode PROTO.")
        if start[1] not in (4, 5):
            raise unreadable(f"It is of protocol {start[1]}, and not of 4 or 5.")
        self.position += 2
        self.first = self.count
        self.marks = 0

    def go_on(self, arrays_follow: bool = False) -> None:
        """Scan to the end of the pickle, or to after a BUILD that arrays may follow."""
        artifact, size = self.artifact, len(self.artifact)
        table = self.table_of_arrays if arrays_follow else self.plain_table
        position, marks, object_bytes = self.position, self.marks, self.object_bytes
        first = self.first
        # This loop is passed through millions of times: what is NOTHING, which is 0,
        # takes the shortest way.
        for count in range(self.count + 1, MOST_OPCODES):
            try:
                code = artifact[position]
            except IndexError:
                raise unreadable("It ends without the opcode STOP.") from None
            length, taken, kind = table[code]
            position += length
            object_bytes += taken
            if not kind:
                continue
            if object_bytes > MOST_OBJECT_BYTES:
                raise unreadable(
                    f"Its objects take more than {MOST_OBJECT_BYTES} bytes beside "
                    "its own."
                )
            start = position - length
            if kind == STOPPING:
                break
            if kind == FORBIDDEN:
                raise unreadable(
                    f"The opcode {opcode_name(code)} at position {start} is not "
                    "permitted."
                )
            if kind == OPENING:
                marks += 1
                if marks > DEEPEST_MARK:
                    raise unreadable(
                        f"The opcode MARK at position {start} is nested {marks} deep, "
                        f"and {DEEPEST_MARK} is allowed."
                    )
                continue
            if kind == CLOSING:
                marks -= 1
                continue
            number = int.from_bytes(artifact[start + 1 : position], "little")
            if kind == NUMBERED:
                if number > count - first:
                    raise unreadable(
                        f"The opcode {opcode_name(code)} at position {start} refers to "
                        f"memo entry {number} after {count - first} opcodes."
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
        self.position, self.marks, self.object_bytes = position, marks, object_bytes
        self.count = count

    def finish(self) -> None:
        """Refuse what follows the end of the pickle."""
        left = len(self.artifact) - self.position
        if left:
            raise unreadable(
                f"{left} bytes follow the opcode STOP at position {self.position - 1}."
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

"""Mutants of ONNX files: refused or scoring, never a crash, a hang or a flood.

Half of them are changed byte by byte, and half field by field, so that they are files
of the format and get further.
"""

import pickle
import random
import struct

from pgchurn.loader.errors import LoaderError
from pgchurn.loader.onnx.files import read_onnx
from pgchurn.loader.onnx.messages import MODEL
from pgchurn.loader.onnx.protobuf import (
    EIGHT_BYTES,
    LENGTH,
    VARINT,
    MessageReader,
    Schema,
)
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator

from tests.confined import MEMORY
from tests.exports.writing import varint
from tests.legitimate.onnx import content_of, frame_of, names_for
from tests.soak import fuzz
from tests.soak.bars import Bar
from tests.soak.fuzz_boosters import BYTEWISE, MOST_SECONDS, ROWS, limit_memory

KINDS = (
    *("forest", "strict", "counts", "calibrated", "logistic-network", "double"),
    *("lightgbm-categories", "xgboost-pipeline"),
)
MUTANTS = {True: 10_000, False: 150}
WHOLE = (0, 1, 2, 3, 7, 8, 11, 255, 2**31 - 1, 2**31, 2**40, 2**63, 2**64 - 1)
FRACTIONS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 3e38, float("nan"), float("inf"))
WORDS = (
    *(b"", b"X", b"BRANCH_EQ", b"BRANCH_GT", b"LEAF", b"NONE", b"SOFTMAX", b"LOGISTIC"),
    *(b"Cast", b"Concat", b"Sigmoid", b"Softmax", b"Add", b"Div", b"Exp", b"MatMul"),
    *(b"ai.onnx.ml", b"Normalizer", b"LabelEncoder", b"L1", b"\xff"),
)


def measure(server, full):
    """Yield a bar for each file."""
    for kind in KINDS:
        yield bar(kind, MUTANTS[full])


def bar(kind, mutants):
    """Return how so many mutants of a file fared."""
    content, rows = content_of(kind), frame_of(kind)[0][:ROWS]

    def attempt(number):
        if number % 1_000 == 0:
            limit_memory()
        chance = random.Random(f"{kind} {number}")
        return tried(mutated(content, chance), rows, names_for(kind))

    found = fuzz.outcomes(attempt, mutants, MOST_SECONDS)
    unwanted = [kind for kind in found if kind not in ("refused", "scored", "failed")]
    return Bar(
        f"mutants of {kind}.onnx",
        f"{mutants:,} tried, 0 crashes, 0 hangs over {MOST_SECONDS:g} s, in "
        f"{MEMORY >> 20} MB",
        ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items())),
        not unwanted and found.total() == mutants,
    )


def tried(mutant, rows, names):
    """Return how a mutant fared."""
    try:
        classifier = read_onnx(mutant, names, "file")
        estimator = load_estimator(pickle.dumps(classifier, 4))
    except (LoaderError, ScoringError):
        return "refused"
    except Exception as error:
        return f"error:{type(error).__name__}"
    try:
        found = estimator.predict_proba(rows)
    except (ValueError, KeyError):
        # Of rows that it refuses, or columns that have another name now.
        return "failed"
    except Exception as error:
        return f"error:{type(error).__name__}"
    return "scored" if ((found >= 0) & (found <= 1)).all() else "beyond"


def mutated(content, chance):
    """Return a file with one to four changes.

    Parameters
    ----------
    content : bytes
    chance : random.Random
    """
    count = chance.choice((1, 1, 1, 2, 4))
    if chance.random() < 0.5:
        mutant = bytearray(content)
        for _ in range(count):
            chance.choice(BYTEWISE)(mutant, chance)
        return bytes(mutant)
    for _ in range(count):
        try:
            content = with_a_change(content, MODEL, chance)
        except LoaderError:
            # A change before has left no message there.
            break
    return content


def fields_of(content, schema):
    """Return the fields of a message: number, wire type, value, and what it holds."""
    reader = MessageReader(content)
    found, position = [], 0
    while position < len(content):
        tag, position = reader.varint(position, len(content))
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, position = reader.varint(position, len(content))
        else:
            length = 8 if wire == EIGHT_BYTES else 4
            if wire == LENGTH:
                length, position = reader.varint(position, len(content))
            value = content[position : position + length]
            position += length
        known = schema.fields.get(number)
        found.append((number, wire, value, known and known.kind))
    return found


def written(fields):
    """Return the message of fields."""
    made = bytearray()
    for number, wire, value, _ in fields:
        made += varint(number << 3 | wire)
        if wire == VARINT:
            made += varint(value)
        else:
            made += (varint(len(value)) if wire == LENGTH else b"") + value
    return bytes(made)


def with_a_change(content, schema, chance):
    """Return a message in which a field, or one of a message within it, is changed."""
    fields = fields_of(content, schema)
    if not fields:
        return content
    place = chance.randrange(len(fields))
    number, wire, value, kind = fields[place]
    if isinstance(kind, Schema) and value and chance.random() < 0.9:
        fields[place] = (number, wire, with_a_change(value, kind, chance), kind)
        return written(fields)
    change = chance.random()
    if change < 0.1:
        del fields[place]
    elif change < 0.2:
        fields.insert(chance.randrange(len(fields) + 1), fields[place])
    elif change < 0.3:
        other = chance.randrange(len(fields))
        fields[place], fields[other] = fields[other], fields[place]
    else:
        fields[place] = (number, wire, other_value(wire, value, chance), kind)
    return written(fields)


def other_value(wire, value, chance):
    """Return another value of a field."""
    if wire == VARINT:
        return chance.choice((*WHOLE, value + 1, max(0, value - 1)))
    if wire == LENGTH and (len(value) % 4 or chance.random() < 0.5):
        return chance.choice((*WORDS, value[::-1], value[:-1], value * 2))
    if wire == LENGTH:
        # Numbers, perhaps, one of which is changed.
        place = 4 * chance.randrange(len(value) // 4) if value else 0
        one = struct.pack("<f", chance.choice(FRACTIONS))
        return value[:place] + one + value[place + 4 :]
    code = "<d" if wire == EIGHT_BYTES else "<f"
    return struct.pack(code, chance.choice(FRACTIONS))

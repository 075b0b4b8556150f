"""Mutants of boosters' files: refused or scoring, never a crash, a hang or a flood.

Half of them are changed byte by byte, and half in what they say, so that they are files
of the format and get further.
"""

import json
import pickle
import random
import re
import resource

from pgchurn.loader.boosters.classifier import classifier_of_columns
from pgchurn.loader.boosters.files import read_booster
from pgchurn.loader.errors import LoaderError
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator

from tests.confined import MEMORY, mapped_bytes
from tests.legitimate.boosters import content_of, rows_of
from tests.soak import fuzz
from tests.soak.bars import Bar

FILES = (
    "xgboost.json",
    "xgboost.ubj",
    "xgboost-dart.ubj",
    "lightgbm.txt",
    "lightgbm-forest.txt",
    "catboost.json",
    "catboost-statistics.json",
    "catboost-leaves.json",
)
MUTANTS = {True: 10_000, False: 150}
# Of processor time: reading, and scoring a few rows.
MOST_SECONDS = 1.0
ROWS = 5
BYTEWISE = (
    fuzz.flip_bit,
    fuzz.set_number,
    fuzz.insert_byte,
    fuzz.delete_bytes,
    fuzz.splice,
)
NUMBERS = (0, 1, -1, 2, 7, 255, 0.5, -0.5, 1e-45, 1e300, 2**31 - 1, -(2**31), 2**63)
STRANGE = (*NUMBERS, float("nan"), float("inf"), 10**400, None, True, "", "x", [], {})
# A number in a text, or a name in front of one.
IN_TEXT = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?|[a-z_]+=")
WORDS = (b"0", b"1", b"-1", b"99", b"1e300", b"nan", b"inf", b"", b" ", b"\n", b"=")


def measure(server, full):
    """Yield a bar for each file."""
    for file in FILES:
        yield bar(file, MUTANTS[full])


def bar(file, mutants):
    """Return how so many mutants of a file fared."""
    content, rows = content_of(file), rows_of(file)[:ROWS]

    def attempt(number):
        if number % 1_000 == 0:
            limit_memory()
        chance = random.Random(f"{file} {number}")
        return tried(mutated(content, chance), rows)

    found = fuzz.outcomes(attempt, mutants, MOST_SECONDS)
    unwanted = [kind for kind in found if kind not in ("refused", "scored", "failed")]
    return Bar(
        f"mutants of {file}",
        f"{mutants:,} tried, 0 crashes, 0 hangs over {MOST_SECONDS:g} s, in "
        f"{MEMORY >> 20} MB",
        ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items())),
        not unwanted and found.total() == mutants,
    )


def limit_memory():
    """Let this process have so much memory beyond what it has now."""
    limit = mapped_bytes() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def tried(mutant, rows):
    """Return how a mutant fared."""
    try:
        classifier = classifier_of_columns(read_booster(mutant, "file"), [])
        estimator = load_estimator(pickle.dumps(classifier, 4))
    except (LoaderError, ScoringError):
        return "refused"
    except Exception as error:
        return f"error:{type(error).__name__}"
    try:
        found = estimator.predict_proba(rows)
    except ValueError:
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
    if content.startswith(b'{"'):
        model = json.loads(content)
        for _ in range(count):
            change_value(model, chance)
        return json.dumps(model).encode()
    for _ in range(count):
        content = change_word(content, chance)
    return content


def change_value(model, chance):
    """Change a value somewhere in what JSON describes, or leave it out."""
    while True:
        keys = list(model) if isinstance(model, dict) else range(len(model))
        key = chance.choice(keys)
        inner = model[key]
        if isinstance(inner, (dict, list)) and inner and chance.random() < 0.9:
            model = inner
            continue
        break
    if chance.random() < 0.1:
        del model[key]
    elif isinstance(inner, str) and chance.random() < 0.7:
        # Many numbers are written as texts.
        model[key] = str(chance.choice(NUMBERS))
    else:
        model[key] = chance.choice(STRANGE)


def change_word(content, chance):
    """Change a number or a name somewhere in a text."""
    found = list(IN_TEXT.finditer(content, 0, 5_000))
    one = chance.choice(found)
    word = chance.choice((*WORDS, chance.choice(found)[0]))
    return content[: one.start()] + word + content[one.end() :]

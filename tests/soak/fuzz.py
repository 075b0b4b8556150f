"""Mutants of every family's pickle: refused or scoring, never a crash or a hang."""

import collections
import os
import pickle
import pickletools
import random
import select
import signal
import tempfile
import warnings

import joblib
import numpy as np
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from threadpoolctl import threadpool_limits

from tests.legitimate import fitted, rows_for
from tests.soak.bars import Bar

FAMILIES = {
    "logistic": "logistic",
    "sgd": "sgd, modified huber",
    "tree": "decision tree with gaps",
    "forest": "random forest",
    "gradient boosting": "gradient boosting",
    "hist gradient boosting": "hist gradient boosting with categories",
    "calibrated": "isotonic of gradient boosting",
    "pipeline of a frame": "columns by their types",
}
# The same families in the other kinds of files.
FILES = {
    f"{family} in a file of joblib's{how}": (FAMILIES[family], options)
    for how, options in {
        "": {},
        ", zlib": {"compress": ("zlib", 3)},
        ", xz": {"compress": ("xz", 1)},
    }.items()
    for family in ("logistic", "forest", "gradient boosting", "pipeline of a frame")
}
MUTANTS = 10_000
FEW_MUTANTS = 150
# Of processor time, and of any time.
MOST_SECONDS = 2
MOST_WAITING = 60
ROWS = 5
EVERY_OPCODE = sorted(opcode.code.encode("latin-1") for opcode in pickletools.opcodes)


def measure(server, full):
    """Yield a bar for each family."""
    for family in (*FAMILIES, *FILES):
        yield bar(family, MUTANTS if full else FEW_MUTANTS)


def bar(family, mutants):
    """Return how so many mutants of a family's pickle fared."""
    found = fuzz(family, mutants)
    unwanted = [kind for kind in found if kind not in ("refused", "scored", "failed")]
    return Bar(
        f"mutants of a pickled {family}",
        f"{mutants:,} tried, 0 crashes, 0 hangs over {MOST_SECONDS} s",
        ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items())),
        not unwanted and found.total() == mutants,
    )


def fuzz(family, mutants):
    """Try mutants of a family's pickle.

    Returns
    -------
    collections.Counter
        How many were "refused", "scored", "failed" when asked for scores, "crashed",
        "hung", or ended in any "error" that is no refusal.
    """
    pipeline, options = FILES.get(family, (FAMILIES.get(family), None))
    estimator = fitted(pipeline)
    if options is None:
        artifacts = [pickle.dumps(estimator, protocol) for protocol in (4, 5)]
    else:
        artifacts = [of_joblib(estimator, protocol, options) for protocol in (4, 5)]
    rows = rows_for(estimator)[:ROWS]

    def attempt(number):
        chance = random.Random(f"{family} {number}")
        return tried(mutated(artifacts[number % 2], chance), rows)

    return outcomes(attempt, mutants)


def outcomes(attempt, mutants, seconds=MOST_SECONDS):
    """Attempt so many mutants in a child process, which is replaced when it dies.

    Parameters
    ----------
    attempt : callable
        Of the number of a mutant; returns how it fared, in one word.
    mutants : int
    seconds : float
        Of processor time that each may take.

    Returns
    -------
    collections.Counter
        How many fared how; "crashed" and "hung" with the number of the mutant.
    """
    found = collections.Counter()
    number = 0
    while number < mutants:
        tried, death = try_in_child(attempt, number, mutants, seconds)
        found.update(tried)
        number += len(tried)
        if death is not None:
            found[f"{death} ({number})"] += 1
            number += 1
    return found


def of_joblib(estimator, protocol, options):
    """Return what ``joblib.dump`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.joblib")
        joblib.dump(estimator, path, protocol=protocol, **options)
        with open(path, "rb") as file:
            return file.read()


def try_in_child(attempt, first, last, seconds):
    """Fork a child that tries mutants; return what it said, and how it died if it did.

    Returns
    -------
    list of str, str or None
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            try_mutants(attempt, range(first, last), seconds, writing)
        finally:
            os._exit(0)
    os.close(writing)
    said, waited = b"", False
    while not waited:
        ready, _, _ = select.select([reading], [], [], MOST_WAITING)
        part = os.read(reading, 65536) if ready else b""
        waited = not ready
        said += part
        if not part:
            break
    if waited:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    tried = said.decode().split()
    if len(tried) == last - first:
        return tried, None
    hung = waited or os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF
    return tried, "hung" if hung else "crashed"


def try_mutants(attempt, numbers, seconds, writing):
    """Be the child: say of each mutant how it fared; die of one that takes too long."""
    warnings.simplefilter("ignore")
    # OpenMP's threads are not there any more after a fork, and would be waited for.
    threadpool_limits(1)
    for number in numbers:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        outcome = attempt(number)
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(writing, outcome.encode() + b"\n")


def tried(mutant, rows):
    """Return how a mutant fared."""
    try:
        estimator = load_estimator(mutant)
    except ScoringError:
        return "refused"
    except Exception as error:
        return f"error:{type(error).__name__}"
    try:
        found = np.asarray(estimator.predict_proba(rows), dtype=float)
        inside = ((found >= 0) & (found <= 1)).all()
    except Exception:
        return "failed"
    return "scored" if inside else "failed"


def mutated(artifact, chance):
    """Return a pickle with one to four changes.

    Parameters
    ----------
    artifact : bytes
    chance : random.Random
    """
    mutant = bytearray(artifact)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        chance.choice(CHANGES)(mutant, chance)
    return bytes(mutant)


def flip_bit(mutant, chance):
    """Flip one bit anywhere."""
    mutant[chance.randrange(len(mutant))] ^= 1 << chance.randrange(8)


def set_number(mutant, chance):
    """Write a number of extremes over eight bytes."""
    number = chance.choice((0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, 255, 2**20))
    start = chance.randrange(len(mutant) - 8)
    mutant[start : start + 8] = number.to_bytes(8, "little", signed=True)


def insert_byte(mutant, chance):
    """Insert a byte."""
    mutant.insert(chance.randrange(2, len(mutant)), chance.randrange(256))


def delete_bytes(mutant, chance):
    """Delete a few bytes."""
    start = chance.randrange(2, len(mutant) - 8)
    del mutant[start : start + chance.randint(1, 8)]


def splice(mutant, chance):
    """Put a stretch of the pickle in another place."""
    start, place = (chance.randrange(2, len(mutant)) for _ in range(2))
    stretch = mutant[start : start + chance.randint(1, 200)]
    if chance.random() < 0.5:
        mutant[place:place] = stretch
    else:
        mutant[place : place + len(stretch)] = stretch


def opcode_at(mutant, chance):
    """Return one of the pickle's opcodes with where it starts and ends, or None."""
    found = []
    try:
        for opcode, argument, position in pickletools.genops(bytes(mutant)):
            found.append((opcode, argument, position))
    except Exception:
        return None
    index = chance.randrange(1, len(found) - 1)
    opcode, argument, position = found[index]
    return opcode, argument, position, found[index + 1][2]


def swap_opcode(mutant, chance):
    """Write another opcode over one, its argument left as it is."""
    found = opcode_at(mutant, chance)
    if found is not None:
        mutant[found[2]] = chance.choice(EVERY_OPCODE)[0]


def repeat_opcode(mutant, chance):
    """Write an opcode twice, or leave it out."""
    found = opcode_at(mutant, chance)
    if found is not None:
        _, _, start, end = found
        mutant[start:end] = mutant[start:end] * chance.choice((0, 2, 3))


def change_reference(mutant, chance):
    """Let a memo reference point to another entry."""
    found = opcode_at(mutant, chance)
    for _ in range(20):
        if found is None or found[0].name == "BINGET":
            break
        found = opcode_at(mutant, chance)
    if found is not None and found[0].name == "BINGET":
        mutant[found[2] + 1] = chance.randrange(256)


def change_length(mutant, chance):
    """Change what an opcode says of its length, and perhaps the bytes to fit."""
    for _ in range(20):
        found = opcode_at(mutant, chance)
        if found is None:
            return
        opcode, argument, start, end = found
        if isinstance(argument, (bytes, bytearray, str)) and end - start > 2:
            break
    else:
        return
    if chance.random() < 0.5:
        mutant[start + 1] = (mutant[start + 1] + chance.choice((-8, -1, 1, 8))) % 256
    else:
        more = chance.randint(1, 16)
        mutant[start + 1] = (mutant[start + 1] + more) % 256
        mutant[end:end] = chance.randbytes(more)


CHANGES = (
    flip_bit,
    flip_bit,
    flip_bit,
    set_number,
    set_number,
    insert_byte,
    delete_bytes,
    splice,
    swap_opcode,
    repeat_opcode,
    change_reference,
    change_length,
)

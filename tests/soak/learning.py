"""Learning with labels 90 days late, and batches that somebody has poisoned.

Customers are made up, a stream of days in which the base rate falls at once and then
rises slowly. No database takes part but the learner, as `pgchurn learn` has it:
``tests/acceptance/test_learn.py`` does the same in one.
"""

from dataclasses import replace

import numpy as np

from tests.late_labels import (
    HORIZON_DAYS,
    KINDS,
    LIMIT,
    START,
    base_of,
    batches_of,
    distances,
    learner_of,
    made_up,
    poisoned,
)
from tests.soak.bars import Bar

DAYS, DAILY = 300, 150
HALF_LIFE_DAYS, SIZE = 30, 250
DAY = 86_400
# What pgchurn learn allows a batch to move: the mean score, and any score.
MOST_MEAN_SHIFT, MOST_SCORE_SHIFT = 0.02, 0.05


def flipped(customers):
    """Whoever left stayed, and the other way round."""
    return customers.frame, ~customers.left


def shifted(customers):
    """One input is another than the reference's, by half a standard deviation."""
    values = customers.frame["monthly_charges"]
    moved = values + 0.5 * values.std()
    return customers.frame.assign(monthly_charges=moved), customers.left


def extreme(customers):
    """Numbers of the leavers are out of this world."""
    frame = customers.frame.copy()
    for name in ("monthly_charges", "data_usage_gb", "support_calls"):
        frame[name] = frame[name].mask(customers.left, 1e9)
    return frame, customers.left


def few_extreme(customers):
    """Too few numbers to notice are, and all of these leave."""
    frame = customers.frame.copy()
    some = np.arange(len(frame)) % 60 == 0
    for name in ("monthly_charges", "tenure_months", "late_payments"):
        frame[name] = frame[name].mask(some, 1e12)
    return frame, customers.left | some


def all_stay(customers):
    """Nobody leaves."""
    return customers.frame, customers.left & False


def all_leave(customers):
    """Everybody leaves."""
    return customers.frame, customers.left | True


def of_category(name, category):
    """Return a poison: whoever is of a category leaves."""

    def poison(customers):
        return customers.frame, customers.left | (customers.frame[name] == category)

    return poison


POISONS = {
    "flipped labels": flipped,
    "shifted inputs": shifted,
    "extreme values": extreme,
    "a few extreme values": few_extreme,
    "all stay": all_stay,
    "all leave": all_leave,
    "two years, all leave": of_category("contract", "two year"),
    "one year, all leave": of_category("contract", "one year"),
    "no internet, all leave": of_category("internet_service", "none"),
    "mailed check, all leave": of_category("payment_method", "mailed check"),
}


def measure(server, full):
    """Learn streams of several seeds, and poison them."""
    seeds = range(12 if full else 2)
    furthest, without, moved, told = [], [], [], {}
    for seed in seeds:
        customers = made_up(DAYS, DAILY, seed)
        model, before = base_of(customers)
        learner = learner_of(model, before, HALF_LIFE_DAYS)
        stream = customers.taken(customers.days >= 0)
        states = learned_states(learner, stream)
        score = scorer_of(learner)
        far = distances(stream, states, score)
        furthest.append(max(map(abs, far.values())))
        without.append(max(map(abs, distances(stream, states[:1], score).values())))
        for name, shifts in poison(learner, stream, states[-1][1]).items():
            moved.append(shifts)
            told.setdefault(name, []).append(shifts)
    yield Bar(
        f"labels 90 days late, {len(seeds)} seeds: mean score from the true rate, "
        "from day 120 on",
        f"at most {LIMIT}",
        f"{max(furthest):.4f}; without learning {min(without):.3f} to "
        f"{max(without):.3f}",
        max(furthest) <= LIMIT < min(without),
    )
    mean, single = (max(one[place] for one in moved) for place in (0, 1))
    quarantined = {
        name: sum(one == (0, 0) for one in found) for name, found in told.items()
    }
    yield Bar(
        f"{len(POISONS)} kinds of poisoned batches: what one of them moves",
        f"the mean score by at most {MOST_MEAN_SHIFT}, any by {MOST_SCORE_SHIFT}",
        f"{mean:.4f}, {single:.3f}; quarantined of {len(seeds)}: "
        + ", ".join(f"{name} {count}" for name, count in quarantined.items()),
        mean <= MOST_MEAN_SHIFT and single <= MOST_SCORE_SHIFT,
    )


def learned_states(learner, stream):
    """Return from which day on what was known."""
    known = learner.nothing_learned(START.timestamp())
    states = [(0.0, known)]
    mature = stream.taken(stream.days < DAYS - HORIZON_DAYS)
    for batch in batches_of(learner, mature, SIZE):
        decision = learner.decide(batch, known)
        assert decision.reason is None
        known = decision.knowledge
        scored_on = (batch.last[0] - START).total_seconds() / DAY
        states.append((scored_on + HORIZON_DAYS, known))
    return states


def scorer_of(learner):
    """Return what gives the scores of a frame by what is known."""

    def score(known, frame):
        columns = {name: frame[name].to_numpy() for name in KINDS}
        return known.scores(learner.head.inputs(learner.model.model_input(columns)))

    return score


def poison(learner, stream, known):
    """Return by how much each poison moves the mean score, and any score at most.

    Of other customers than those of the batch.
    """
    score = scorer_of(learner)
    latest = stream.taken(stream.days >= DAYS - HORIZON_DAYS)
    victims = latest.taken(np.arange(len(latest.days)) < SIZE)
    others = latest.taken(np.arange(len(latest.days)) >= SIZE)
    before = score(known, others.frame)
    found = {}
    for name, poisons in POISONS.items():
        frame, left = poisons(victims)
        batch = poisoned(learner, replace(victims, frame=frame, left=left))
        decision = learner.decide(batch, known)
        moved = score(decision.knowledge, others.frame) - before
        found[name] = (abs(float(moved.mean())), float(np.abs(moved).max()))
        found[name] = (0, 0) if decision.reason else found[name]
    return found

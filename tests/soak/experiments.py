"""How often an experiment that is looked at daily misleads, and how often it finds.

On customers who were logged, by churn.simulate_experiment, and on made-up ones whose
leaving is told late.
"""

import numpy as np
from pgchurn.plpython.runtime.experiment_streams import (
    Stream,
    first_call,
    is_found,
    with_effect,
)
from scipy.stats import chi2

from tests.soak.bars import Bar
from tests.soak.databases import trained_database

EXPOSED_DAYS = 90
HORIZON = 30
SHARE_WHO_LEAVE = 0.1
# A tenth leaves, and 8 % of those whom the better version looks after.
EFFECT = 0.2
CUSTOMERS_PER_ARM = 3_600
MOST_FALSE = 0.05
MOST_ALARMS = 0.001
LEAST_FOUND = 0.55

# Their scores tell nothing of them, so that nothing but the split finds the effect.
LOG = """
    INSERT INTO churn.predictions
    SELECT 1, 'customer ' || i, 1, 0.1, '{{}}', 'batch',
           now() - interval '130 days' + i * interval '90 days' / {customers}
    FROM generate_series(1, {customers}) i;
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT 1, 'customer ' || i, true,
           now() - interval '120 days' + i * interval '90 days' / {customers}, 'call'
    FROM generate_series(1, {customers}, 10) i;
    ANALYZE churn.predictions, churn.outcomes;
"""
SIMULATE = """
    SELECT customers, false_winners, ratio_alarms, power, median_days
    FROM churn.simulate_experiment('churn.customers', horizon => '30 days',
                                   effect => %s, salts => %s)
"""


def late_stream(rng, customers, share):
    """Return an experiment without a difference, where leaving is told late."""
    known = rng.standard_normal(customers)
    risk = 1 / (1 + np.exp(-np.log(share / (1 - share)) - known))
    exposed = np.sort(rng.integers(0, EXPOSED_DAYS, customers))
    matured = exposed + HORIZON
    return Stream(
        rng.random(customers) < 0.5,
        risk,
        rng.random(customers) < risk,
        exposed,
        matured,
        matured + rng.integers(0, 2 * HORIZON, customers),
    )


def is_alarmed_by_chi_square(stream):
    """Return whether a test of the arms' sizes, made daily, alarms on any day."""
    ours, theirs = (
        stream.sums(stream.challenged == one, stream.exposed) for one in (True, False)
    )
    statistic = np.square(ours - theirs) / np.maximum(ours + theirs, 1)
    return bool((statistic > chi2.isf(MOST_ALARMS, 1)).any())


def measure(server, full):
    """Yield the bars."""
    salts = 1_000 if full else 200
    # Of few salts one alarm would be more than a thousandth.
    alarms = max(MOST_ALARMS, 1 / salts)
    with trained_database(server, "experiments") as database:
        session = database.session()
        session.run(LOG.format(customers=2 * CUSTOMERS_PER_ARM))
        session.run("SELECT setseed(0.1)")
        customers, false, ratio, power, days = session.row(SIMULATE, EFFECT, salts)
    what = f"{salts:,} salts over {customers:,} logged customers, looked at daily"
    yield Bar(
        f"{what}: both the same",
        f"at most {MOST_FALSE:.0%} called better",
        f"{false:.1%}",
        false <= MOST_FALSE,
    )
    yield Bar(
        f"{what}: sizes of the arms",
        f"at most {alarms:.1%} alarms",
        f"{ratio:.2%}",
        ratio <= alarms,
    )
    yield Bar(
        f"{what}: 10% leave, and 8% of {CUSTOMERS_PER_ARM:,}",
        f"found at least as often as {LEAST_FOUND}",
        f"{power:.2f}, half of these by day {days:.0f} of {EXPOSED_DAYS + HORIZON}",
        power >= LEAST_FOUND,
    )
    rng = np.random.default_rng(0)
    for share in (0.1, 0.01):
        yield from late_bars(rng, share, salts)


def late_bars(rng, share, streams):
    """Yield the bars of customers whose leaving is told late."""
    called, mismatched, by_chi_square, found = [], [], [], []
    expected = 2 * CUSTOMERS_PER_ARM
    for _ in range(streams):
        stream = late_stream(rng, expected, share)
        called.append(first_call(stream, expected)[0] is not None)
        mismatched.append(stream.is_mismatched())
        by_chi_square.append(is_alarmed_by_chi_square(stream))
        found.append(is_found(with_effect(stream, 0.4, rng), expected)[0])
    yield Bar(
        f"{streams:,} streams, of which about {share:.0%} leave, told up to "
        f"{2 * HORIZON} days late",
        f"at most {MOST_FALSE:.0%} called better",
        f"{np.mean(called):.1%}; if 40% are kept, {np.mean(found):.0%}",
        np.mean(called) <= MOST_FALSE,
    )
    alarms = max(MOST_ALARMS, 1 / streams)
    yield Bar(
        "sizes of their arms",
        f"at most {alarms:.1%} alarms",
        f"{np.mean(mismatched):.2%} (by a chi-square test made daily: "
        f"{np.mean(by_chi_square):.1%})",
        np.mean(mismatched) <= alarms,
    )

"""Learning in a database with labels 90 days late, while the base rate changes."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from pgchurn.loader.database import connect, fetch_all
from pgchurn.loader.models.learning_run import Stream, learn, replay, replayed
from pgchurn.loader.models.outcome_batches import batch_of, learnable

from tests.late_labels import (
    HORIZON_DAYS,
    KINDS,
    LIMIT,
    base_of,
    distances,
    documents,
    made_up,
)
from tests.models import activate, populate
from tests.monitoring import register_with_rows

CUSTOMERS = "churn.customers"
DAYS, DAILY, MIN_BATCH = 220, 100, 200
DAY = timedelta(days=1)
LOG = """
    INSERT INTO churn.predictions (
        attachment_id, key, version, score, features, cause, predicted_at
    )
    SELECT a.attachment_id, (1000000 + l.number)::text, %s, 0.5, l.features::json,
           'batch', %s::timestamptz + l.day * interval '1 day'
    FROM churn_internal.attachment_of('churn.customers') a,
         unnest(%s::float8[], %s::text[]) WITH ORDINALITY l (day, features, number)
"""
LEAVE = """
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT p.attachment_id, p.key, true, p.predicted_at + interval '30 days', 'call'
    FROM churn.predictions p WHERE p.key = ANY (%s)
"""

pytestmark = pytest.mark.slow(reason="learns 65 batches, and learns them once more")


@pytest.fixture(scope="module")
def story(module_empty_database):
    """Log the customers of 220 days and learn from them; return what came of it."""
    owner = module_empty_database.session(autocommit=True)
    populate(owner)
    customers = made_up(DAYS, DAILY, seed=3)
    model, before = base_of(customers)
    stream = customers.taken(customers.days >= 0)
    start = datetime.now(UTC) - DAYS * DAY
    provenance = json.dumps({"trained_until": start.isoformat()})
    base = register_with_rows(owner, model, before.frame, provenance=provenance)
    activate(owner, base)
    owner.run(LOG, base, start, stream.days.tolist(), documents(stream.frame))
    left = [str(1_000_001 + place) for place in stream.left.nonzero()[0].tolist()]
    owner.run(LEAVE, left)
    owner.run(
        "SELECT churn.set_learning('churn.customers', %s, '30 days', %s)",
        *(base, MIN_BATCH),
    )
    result = learn(module_empty_database.url, CUSTOMERS)
    return module_empty_database, stream, start, result


def test_the_mean_score_follows_the_true_rate_from_day_120_on(story):
    database, stream, start, result = story
    assert {batch["decision"] for batch in result["batches"]} == {"learned"}
    assert len(result["batches"]) == pytest.approx(
        (DAYS - HORIZON_DAYS) * DAILY / MIN_BATCH, abs=1
    )
    reader, other = connect(database.url), connect(database.url)
    with closing(reader), closing(other):
        learning = Stream.begin(reader, CUSTOMERS, None, waits=False)
        learner, known = learning.learner, learning.start()
        # From which day on each was known.
        states = [(0.0, known)]
        stored = fetch_all(other, "learned_batches", stream=learning.number)
        for batch, rows in replayed(learning, stored):
            kept, _ = learnable(learner.signature, rows)
            place = batch["until"], batch["last_digest"]
            decision = learner.decide(
                batch_of(learner.signature, kept, place, 0), known
            )
            known = decision.knowledge
            states.append(((batch["until"] - start) / DAY + HORIZON_DAYS, known))

    def score(state, frame):
        columns = {name: frame[name].to_numpy() for name in KINDS}
        return state.scores(learner.head.inputs(learner.model.model_input(columns)))

    far = distances(stream, states, score)
    assert len(far) == 10
    assert max(map(abs, far.values())) <= LIMIT
    # The version itself never comes that near.
    assert min(distances(stream, states[:1], score).values()) > LIMIT


def test_a_replay_reaches_the_same_bytes(story):
    database, _, _, result = story

    replays = replay(database.url, CUSTOMERS)

    assert replays["differing"] == []
    assert replays["versions"] == [result["registered"]["version"]]


def test_a_dump_that_is_restored_reaches_them_too(story, server, tmp_path):
    database, _, _, result = story
    dump = tmp_path / "dump"
    database.program("pg_dump", "--format", "custom", "--file", dump)
    with server.database("relearned") as restored:
        restored.program("pg_restore", "--exit-on-error", dump)

        replays = replay(restored.url, CUSTOMERS)
        again = learn(restored.url, CUSTOMERS)

    assert replays["differing"] == []
    assert replays["versions"] == [result["registered"]["version"]]
    assert (again["batches"], again["registered"]) == ([], None)

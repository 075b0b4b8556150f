"""What churn.set_learning takes, and what of the log is learned, in which order."""

from datetime import timedelta

import pytest

from tests.learning import (
    CUSTOMERS,
    SCORED,
    SET,
    key_of,
    log_outcomes,
    nobody,
    provenance,
)
from tests.models import default_model, register_once
from tests.outcomes import ACT, know

STREAMS = "SELECT base_version, min_batch, ended_at IS NULL FROM churn.learning"
ROWS = (
    "SELECT predicted_at, digest, outcome, acted_upon"
    " FROM churn_internal.learnable_rows(%s, %s, %s, %s, %s)"
)
BEGIN = "SELECT stream_id, batch FROM churn_internal.begin_learning('churn.customers')"
CUT = "2100-01-01Z"


@pytest.fixture
def base(session):
    """Return a version whose rows are known until `SCORED`."""
    return register_once(session, default_model(), provenance=provenance())


def set_learning(session, version, half_life="90 days", min_batch=500):
    return session.value(SET, CUSTOMERS, version, half_life, min_batch)


def rows(session, stream, place=(None, None), until=None, known=CUT):
    return session.run(ROWS, stream, *place, until, known)


def test_the_same_again_changes_nothing_and_anything_else_begins_anew(session, base):
    first = set_learning(session, base)

    assert set_learning(session, base) == first
    second = set_learning(session, base, min_batch=300)
    session.run("SELECT churn.set_outcome('churn.customers', NULL, '30 days')")
    third = set_learning(session, base, min_batch=300)

    assert first < second < third
    assert session.run(f"{STREAMS} ORDER BY stream_id") == [
        (base, 500, False),
        (base, 300, False),
        (base, 300, True),
    ]
    assert set_learning(session, None) is None
    assert set_learning(session, None) is None
    assert session.column("SELECT ended_at IS NULL FROM churn.learning") == [False] * 3


@pytest.mark.parametrize(
    "half_life, min_batch, told",
    [
        (None, 500, "half_life must be more than nothing, not null"),
        ("-1 day", 500, "half_life must be more than nothing, not -1 days"),
        ("0", 500, "half_life must be more than nothing"),
        ("1 day", None, "min_batch must be from 20 to 100,000, not null"),
        ("1 day", 19, "min_batch must be from 20 to 100,000, not 19"),
        ("1 day", 100_001, "min_batch must be from 20 to 100,000, not 100001"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(
    session, base, half_life, min_batch, told
):
    refused = session.refusal(SET, CUSTOMERS, base, half_life, min_batch)

    assert told in refused.message
    assert refused.sqlstate == "22023"
    assert session.run(STREAMS) == []


def test_a_version_that_is_not_there_is_refused(session, base):
    assert "does not exist" in session.refusal(SET, CUSTOMERS, 99, "1 day", 50).message
    session.run("CREATE TABLE others (id int PRIMARY KEY)")
    session.run("CREATE TABLE events (id int)")
    session.run("SELECT churn.attach('others', 'id', 'events', 'id')")
    refused = session.refusal(SET, "others", base, "1 day", 50)
    assert f"version {base} was not registered for public.others" in refused.message
    refused = session.refusal(SET, "events", base, "1 day", 50)
    assert "not attached" in refused.message


def test_the_version_that_learning_started_from_is_not_deleted(session, base):
    set_learning(session, base)

    refused = session.refusal("SELECT churn.delete_model(%s)", base)
    assert "is the one that learning started from" in refused.message
    assert "churn.set_learning('churn.customers', NULL)" in refused.hint

    set_learning(session, None)
    assert session.value("SELECT churn.delete_model(%s)", base)


def test_nothing_is_learned_that_nobody_asked_for(session, base):
    refused = session.refusal(BEGIN)

    assert "nothing is to be learned of churn.customers" in refused.message
    assert "churn.set_learning" in refused.hint


def test_outcomes_of_another_horizon_are_not_learned_on(session, base):
    stream = set_learning(session, base)
    assert session.run(BEGIN) == [(stream, 0)]
    session.run("SELECT churn.set_outcome('churn.customers', NULL, '30 days')")

    refused = session.refusal(BEGIN)

    assert "was 90 days when learning began, and is 30 days now" in refused.message


def test_one_process_learns_at_a_time(first, second):
    first.run("BEGIN")
    base = register_once(first, default_model(), provenance=provenance())
    stream = set_learning(first, base)
    first.run("COMMIT")
    try:
        first.run("BEGIN")
        assert first.run(BEGIN) == [(stream, 0)]
        assert second.run(BEGIN) == []
        first.run("ROLLBACK")
        assert second.run(BEGIN) == [(stream, 0)]
    finally:
        second.run("ROLLBACK")
        first.run("ROLLBACK")
        set_learning(first, None)
        first.run("COMMIT")


def test_only_what_was_scored_after_the_version_was_trained_is_learned(session, base):
    stream = set_learning(session, base)
    log_outcomes(session, 5, day=-1, version=base)
    log_outcomes(session, 7, day=1, version=base)

    assert len(rows(session, stream)) == 7


def test_what_is_not_mature_waits(session, base):
    stream = set_learning(session, base)
    log_outcomes(session, 5, day=105, version=base)
    log_outcomes(session, 7, day=115, version=base)

    # Of 200 days, with a horizon of 90.
    assert len(rows(session, stream)) == 5


def test_a_customer_counts_once_in_each_horizon_as_first_scored(session, base):
    stream = set_learning(session, base)
    for day in (1, 40, 80, 95):
        log_outcomes(session, 3, day=day, version=base, chances=nobody)
    session.run(
        "UPDATE churn.predictions SET key = (key::bigint %% 1000000)::text"
        " WHERE predicted_at >= %s",
        SCORED,
    )

    found = [row[0] for row in rows(session, stream)]

    days = [(at - SCORED).days for at in found]
    assert days == [1] * 3 + [95] * 3


def test_rows_follow_a_place_whatever_their_keys_are(session, base):
    stream = set_learning(session, base)
    log_outcomes(session, 6, day=1, version=base)
    session.run("UPDATE churn.predictions SET predicted_at = %s", SCORED)
    every = rows(session, stream)
    session.run("UPDATE churn.predictions SET key = 'x' || md5(key)")
    session.run("UPDATE churn.outcomes SET key = 'x' || md5(key)")

    assert rows(session, stream) == every
    assert len(every) == 6
    for number in (1, 4):
        place = every[number - 1][:2]
        assert rows(session, stream, place) == every[number:]
    assert rows(session, stream, every[0][:2], SCORED - timedelta(days=1)) == []


def test_what_was_recorded_later_can_be_left_out(session, base):
    stream = set_learning(session, base)
    log_outcomes(session, 4, day=1, version=base, chances=nobody)
    before = session.value("SELECT clock_timestamp()")
    assert [row[2] for row in rows(session, stream)] == [False] * 4

    know(session, key_of(1, 2), True, "-190 days")
    session.run(ACT, CUSTOMERS, key_of(1, 3), "call", "-195 days")

    now = rows(session, stream)
    assert sorted(row[2:] for row in now) == [
        *[(False, False)] * 2,
        (False, True),
        (True, False),
    ]
    then = rows(session, stream, known=before)
    assert [row[2:] for row in then] == [(False, False)] * 4


def test_the_views_say_how_far_learning_has_come(session, base):
    stream = set_learning(session, base)
    record = (
        "SELECT churn_internal.record_batch(%s, %s, %s, %s, %s, 'd', now(), 50, 5, 1,"
        " 0.3, 0.2, 0.001, 1, '\\x01', '\\x02', %s)"
    )
    day = timedelta(days=1)
    learned = ("\\x03",)
    session.run(record, stream, 1, None, SCORED, SCORED + day, *learned)
    session.run(record, stream, 2, "it drifts", SCORED, SCORED + 2 * day, None)

    assert session.run(
        "SELECT learned, quarantined, in_a_row, learned_until, version"
        " FROM churn.learning"
    ) == [(1, 1, 1, SCORED + day, None)]
    assert session.run(
        "SELECT position, decision, n, churned, churn_rate, log_loss, reason, version"
        " FROM churn.learning_batches ORDER BY position"
    ) == [
        (1, "learned", 50, 5, 0.1, 0.3, None, None),
        (2, "quarantined", 50, 5, 0.1, 0.3, "it drifts", None),
    ]
    refused = session.refusal(record, stream, 2, None, SCORED, SCORED, None)
    assert "batch 2 is not the next one to be learned" in refused.message
    session.run("SELECT churn_internal.record_snapshot(%s, 1, %s)", stream, base)
    assert session.column(
        "SELECT version FROM churn.learning_batches ORDER BY position"
    ) == [base, None]
    refused = session.refusal(
        "SELECT churn_internal.record_snapshot(%s, 1, %s)", stream, base
    )
    assert "is not the last one that was learned" in refused.message


def test_learning_goes_on_after_a_table_was_detached_and_attached(session, base):
    stream = set_learning(session, base)
    log_outcomes(session, 7, day=1, version=base)
    session.run("SELECT churn.detach('churn.customers')")
    assert "not attached" in session.refusal(BEGIN).message

    session.run(
        "SELECT churn.attach('churn.customers', 'customer_id', 'churn.complaints',"
        " 'customer_id', 'complained_at')"
    )

    assert session.run(BEGIN) == [(stream, 0)]
    assert len(rows(session, stream)) == 7

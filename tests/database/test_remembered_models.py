"""A statement that scores many rows looks up once what is active in its snapshot."""

import pytest

from tests.models import (
    activate,
    default_model,
    expected_scores,
    other_model,
    register,
)
from tests.signers import KEY, public_pem
from tests.statements import INFINITE, INSERT, overwrite, retire
from tests.waiting import in_background, wait_until_blocked

MODEL = default_model()
SCORES = (
    "SELECT c.customer_id::text, churn.score(c) FROM churn.customers c"
    " ORDER BY c.customer_id"
)
ROLLBACK = "SELECT churn.rollback_model('churn.customers')"
TRUST = "SELECT churn_trust.trust_key(%s, '')"
SAW = """
    CREATE FUNCTION public.saw() RETURNS double precision LANGUAGE sql
    AS 'SELECT sum(churn.score(c)) FROM churn.customers c'
"""


@pytest.fixture
def two(trained_database):
    """Two sessions of a database of one's own, and a version that is not active."""
    first = trained_database.session(autocommit=True)
    version = register(first, other_model())
    first.run(SAW)
    # For up to a second a session takes what its last transaction did for its next
    # one's, which therefore would look up more often.
    first.run("SELECT pg_stat_force_next_flush()")
    return first, trained_database.session(autocommit=True), version


def scores(session):
    """Return every score by key, of one statement."""
    return dict(session.run(SCORES))


def assert_scores_of(session, model):
    assert scores(session) == pytest.approx(
        expected_scores(session, model), rel=0, abs=1e-9
    )


def calls(session, function):
    """Return how often a function was called by this transaction."""
    return session.value(
        "SELECT coalesce(sum(calls), 0)::int FROM pg_stat_xact_user_functions"
        " WHERE funcname = %s",
        function,
    )


@pytest.mark.parametrize(
    "before", ["SELECT 1", INSERT % 1], ids=["which only reads", "which writes"]
)
def test_a_transaction_looks_up_twice_however_many_rows_there_are(two, before):
    first, _, _ = two
    first.run("BEGIN; SET LOCAL track_functions = 'all'")
    first.run(before)

    assert_scores_of(first, MODEL)

    assert calls(first, "score_features") == 2
    first.run("ROLLBACK")


@pytest.mark.parametrize("role", ["churn_scorer", "churn_loader"])
def test_who_may_score_may_do_so_in_a_transaction_that_writes(session, role):
    expected = expected_scores(session, MODEL)

    with session.role(role):
        session.run("CREATE TEMPORARY TABLE notes () ON COMMIT DROP")
        seen = scores(session)

    assert seen == pytest.approx(expected, rel=0, abs=1e-9)


def test_who_has_activated_a_version_looks_it_up_for_each_row(two):
    first, _, version = two
    first.run("BEGIN; SET LOCAL track_functions = 'all'")
    activate(first, version)
    former = calls(first, "score_features")

    assert_scores_of(first, other_model())

    assert calls(first, "score_features") == former + len(scores(first))
    first.run("ROLLBACK")


@pytest.mark.parametrize("activates", [True, False], ids=["activating", "rolling back"])
def test_the_next_statement_sees_what_others_have_committed(two, activates):
    first, second, version = two
    if not activates:
        activate(first, version)
    models = (MODEL, other_model()) if activates else (other_model(), MODEL)
    second.run("BEGIN")
    assert_scores_of(second, models[0])

    first.run(f"SELECT churn.activate_model({version})" if activates else ROLLBACK)

    assert_scores_of(second, models[1])
    second.run("COMMIT")


def test_a_repeatable_read_transaction_keeps_what_it_saw(two):
    first, second, version = two
    second.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    assert_scores_of(second, MODEL)

    activate(first, version)

    assert_scores_of(second, MODEL)
    second.run("COMMIT")
    assert_scores_of(second, other_model())


def test_a_serializable_transaction_depends_on_what_is_active(two):
    first, second, version = two
    second.run("CREATE TABLE public.sums (seen double precision)")
    assert_scores_of(second, MODEL)

    second.run("BEGIN ISOLATION LEVEL SERIALIZABLE")
    assert_scores_of(second, MODEL)
    first.run("BEGIN ISOLATION LEVEL SERIALIZABLE")
    first.run("SELECT * FROM public.sums")
    activate(first, version)
    first.run("COMMIT")

    # Neither of them came first: each has not seen what the other wrote.
    assert second.refusal("INSERT INTO public.sums VALUES (1)").sqlstate == "40001"
    second.run("ROLLBACK")


def test_a_cursor_gives_every_row_the_score_of_its_snapshot(two):
    first, second, version = two
    expected = expected_scores(second, MODEL)
    second.run("BEGIN")
    second.run(f"DECLARE rows CURSOR FOR {SCORES}")
    read = second.run("FETCH 10 FROM rows")

    activate(first, version)
    assert_scores_of(second, other_model())
    read += second.run("FETCH ALL FROM rows")

    assert dict(read) == pytest.approx(expected, rel=0, abs=1e-9)
    second.run("COMMIT")


def test_each_statement_of_a_function_sees_what_was_committed_meanwhile(
    two, trained_database
):
    first, second, version = two
    first.run("SELECT pg_advisory_lock(1)")
    second.run(
        """
        CREATE FUNCTION public.twice() RETURNS double precision[] LANGUAGE plpgsql AS $$
        DECLARE before double precision := public.saw();
        BEGIN
            PERFORM pg_advisory_xact_lock(1);
            RETURN ARRAY[before, public.saw()];
        END $$
        """
    )

    with in_background(lambda: second.value("SELECT public.twice()")) as done:
        wait_until_blocked(trained_database, second)
        activate(first, version)
        first.run("SELECT pg_advisory_unlock(1)")
        seen = done.result(timeout=20)

    expected = [
        sum(expected_scores(first, model).values()) for model in (MODEL, other_model())
    ]
    assert seen == pytest.approx(expected, rel=0, abs=1e-6)


def test_a_function_sees_what_it_activates_and_takes_back_itself(two):
    first, _, version = two
    first.run(
        f"""
        CREATE FUNCTION public.tried() RETURNS double precision[] LANGUAGE plpgsql AS $$
        DECLARE seen double precision[] := ARRAY[public.saw()];
        BEGIN
            BEGIN
                PERFORM churn.activate_model({version});
                seen := seen || public.saw();
                RAISE division_by_zero;
            EXCEPTION WHEN division_by_zero THEN
                RETURN seen || public.saw();
            END;
        END $$
        """
    )

    seen = first.value("SELECT public.tried()")

    before, other = (
        sum(expected_scores(first, model).values()) for model in (MODEL, other_model())
    )
    assert seen == pytest.approx([before, other, before], rel=0, abs=1e-6)


def test_what_is_deployed_no_longer_scores_no_longer(two):
    first, _, _ = two
    assert_scores_of(first, MODEL)

    first.run("BEGIN")
    retire(first)

    assert first.refusal(SCORES).message == "no active model for this profile"


@pytest.mark.parametrize("own", [True, False], ids=["itself", "another session"])
def test_a_key_that_is_trusted_meanwhile_is_noticed(two, own):
    first, second, _ = two
    second.run("BEGIN")
    assert_scores_of(second, MODEL)

    (second if own else first).run(TRUST, public_pem(KEY))

    refused = second.refusal(SCORES)
    assert refused.message.startswith("model version 1 is not trusted")


def test_a_row_in_the_middle_is_refused_in_the_same_words(two):
    first, _, _ = two
    alone = "SELECT churn.score(c) FROM churn.customers c WHERE customer_id = 30"
    overwrite(first, INFINITE, "customer_id = 30")

    assert first.refusal(SCORES) == first.refusal(alone)
    assert first.refusal(alone).message == 'feature "data_usage_gb" is infinite'


def test_nobody_tells_a_session_what_it_shall_remember(two):
    first, second, version = two
    arrays = second.row(
        "SELECT attachment_id, churn_internal.layout(a) FROM churn.attachments a"
    )
    forged = (
        "SELECT churn_internal.score_features(%s, %s, ARRAY[1, 1, 1, 1, 1],"
        " ARRAY['one year'], date_part('epoch', statement_timestamp()))"
        " FROM generate_series(1, 3)"
    )
    second.run("BEGIN; SET LOCAL ROLE churn_scorer")
    second.run(forged, *arrays)
    remembered = second.column(
        "SELECT churn_internal.score_remembered(%s, %s, ARRAY[1, 1, 1, 1, 1],"
        " ARRAY['one year'], s.snapshot)"
        " FROM unnest(ARRAY['1:1:', '', 'x', NULL]) s (snapshot)",
        *arrays,
    )
    second.run("COMMIT")
    assert remembered == [None] * 4

    activate(first, version)
    assert_scores_of(second, other_model())

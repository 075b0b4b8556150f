"""Whole tables: interrupted, resumed, shared by workers, slowed down and watched.

A worker is held in the middle of a table by a lock on one row.
"""

import contextlib
import time

import psycopg2
import pytest

from tests.models import (
    activate,
    assert_fresh,
    default_model,
    divergences,
    fit,
    other_model,
    register_once,
)
from tests.waiting import in_background, wait_until_blocked

MODEL = default_model()
RESCORE = "CALL churn.rescore('churn.customers', 10)"
PROGRESS = (
    "SELECT version, state, rows_done, rows_expected, workers"
    " FROM churn.rescore_progress ORDER BY run_id"
)
VERSIONS = "SELECT churn_model_version, count(*) FROM churn.customers GROUP BY 1"
RANGES = "SELECT count(*) FROM churn_internal.rescore_ranges"


@pytest.fixture
def database(trained_database):
    return trained_database


@pytest.fixture
def owner(database):
    """A superuser's session; the active version has scored no row yet."""
    session = database.session(autocommit=True)
    activate(session, register_once(session, other_model()))
    return session


def active(session):
    return session.value("SELECT version FROM churn.active_deployments")


@contextlib.contextmanager
def held_at(database, customer):
    """Hold the row of a customer."""
    holder = database.session()
    holder.run(
        "SELECT FROM churn.customers WHERE customer_id = %s FOR NO KEY UPDATE", customer
    )
    try:
        yield holder
    finally:
        holder.rollback()


@contextlib.contextmanager
def rescoring(database, statement=RESCORE, by=None):
    """A session that is scoring and waits for somebody; and the call's future."""
    session = database.session(autocommit=True)
    with in_background(lambda: session.run(statement)) as call:
        wait_until_blocked(database, session, by=by)
        yield session, call


def interrupt(database, owner, customer=25):
    """Begin to score, and end the session before a customer's batch is done."""
    with held_at(database, customer) as holder:
        with rescoring(database, by=holder) as (session, call):
            owner.run("SELECT pg_terminate_backend(%s, 20000)", session.backend)
            with pytest.raises(psycopg2.OperationalError):
                call.result(timeout=20)


def enlarge(session, rows):
    """Fill the table up to a number of rows, without scores."""
    session.run("SET session_replication_role = replica")
    session.run(
        "INSERT INTO churn.customers (customer_id, customer_name, age)"
        " SELECT i, 'customer ' || i, i %% 70 FROM generate_series(41, %s) i",
        rows,
    )
    session.run("RESET session_replication_role")


def test_what_a_killed_session_had_committed_is_recorded_and_not_done_again(
    database, owner
):
    interrupt(database, owner)
    assert owner.run(PROGRESS) == [(active(owner), "interrupted", 20, 40, 0)]
    assert sorted(owner.run(VERSIONS)) == [(1, 20), (active(owner), 20)]
    done = "SELECT customer_id, xmin FROM churn.customers WHERE customer_id <= 20"
    before = owner.run(done)

    owner.run(RESCORE)

    assert owner.run(done) == before
    assert owner.run(PROGRESS) == [(active(owner), "done", 40, 40, 0)]
    assert "goes on after 20 of about 40 rows" in owner.take_notices()
    assert owner.value(RANGES) == 0
    assert_fresh(owner, other_model())


def test_a_finished_run_is_not_gone_on_with(owner):
    owner.run(RESCORE)
    owner.run("UPDATE churn.customers SET churn_scored_at = NULL")
    began = owner.value("SELECT now()")

    owner.run(RESCORE)

    assert owner.value("SELECT min(churn_scored_at) FROM churn.customers") > began
    assert [row[1] for row in owner.run(PROGRESS)] == ["done", "done"]


def test_an_interrupted_run_is_begun_anew_when_told_to(database, owner):
    interrupt(database, owner)
    written = "SELECT count(DISTINCT xmin::text) FROM churn.customers"
    before = owner.column("SELECT DISTINCT xmin::text FROM churn.customers")

    owner.run("CALL churn.rescore('churn.customers', 10, restart => true)")

    assert owner.value(written + " WHERE xmin::text = ANY (%s)", before) == 0
    assert owner.run(PROGRESS) == [
        (active(owner), "abandoned", 20, 40, 0),
        (active(owner), "done", 40, 40, 0),
    ]
    assert_fresh(owner, other_model())


def test_an_activation_in_the_middle_is_what_the_whole_table_ends_with(database, owner):
    former, later = active(owner), register_once(owner, fit(seed=7))
    with held_at(database, 25) as holder:
        with rescoring(database, by=holder) as (_, call):
            activate(owner, later)
            owner.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (39)")
            holder.rollback()
            call.result(timeout=20)

    assert owner.run(VERSIONS) == [(later, 40)]
    assert owner.run(PROGRESS) == [
        (former, "abandoned", 30, 40, 0),
        (later, "done", 40, 40, 0),
    ]
    assert_fresh(owner, fit(seed=7))


def test_a_version_that_is_active_again_does_not_go_on_where_it_was(database, owner):
    former, later = active(owner), register_once(owner, fit(seed=7))
    interrupt(database, owner)
    activate(owner, later)
    owner.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    activate(owner, former)

    owner.run(RESCORE)

    assert owner.run(VERSIONS) == [(former, 40)]


def test_a_second_call_takes_part_and_the_one_that_returns_last_has_seen_all_done(
    database, owner
):
    enlarge(owner, 20_001)
    owner.run("CREATE TABLE writes (customer bigint, worker integer)")
    owner.run("""
        CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        AS $$ BEGIN
            INSERT INTO public.writes VALUES (NEW.customer_id, pg_backend_pid());
            RETURN NULL;
        END $$;
        CREATE TRIGGER write_down AFTER UPDATE ON churn.customers
            FOR EACH ROW EXECUTE FUNCTION write_down();
        """)
    statement = "CALL churn.rescore('churn.customers', 3000)"

    with held_at(database, 4_000) as holder:
        with rescoring(database, statement, by=holder) as (one, first_call):
            with rescoring(database, statement, by=one) as (other, second_call):
                holder.rollback()
                first_call.result(timeout=60)
                second_call.result(timeout=60)
                assert owner.run(PROGRESS) == [
                    (active(owner), "done", 20_001, 20_001, 0)
                ]

    assert owner.row("SELECT count(*), count(DISTINCT customer) FROM writes") == (
        20_001,
        20_001,
    )
    workers = "SELECT worker, bool_or(customer > 10000) FROM writes GROUP BY 1"
    assert owner.run(workers + " ORDER BY worker = %s", other.backend)[1][1]
    assert set(dict(owner.run(workers))) == {one.backend, other.backend}
    assert divergences(owner) == []


def test_the_rows_of_a_killed_worker_are_done_by_the_other(database, owner):
    enlarge(owner, 20_001)
    statement = "CALL churn.rescore('churn.customers', 3000)"

    with held_at(database, 4_000) as holder:
        with rescoring(database, statement, by=holder) as (one, first_call):
            with rescoring(database, statement, by=one) as (_, second_call):
                owner.run("SELECT pg_terminate_backend(%s, 20000)", one.backend)
                holder.rollback()
                second_call.result(timeout=60)
                with pytest.raises(psycopg2.OperationalError):
                    first_call.result(timeout=20)

    assert owner.run(VERSIONS) == [(active(owner), 20_001)]
    assert owner.run(PROGRESS) == [(active(owner), "done", 20_001, 20_001, 0)]


def test_who_has_waited_for_the_last_batch_ends_nothing_while_it_holds_a_range(
    database, owner
):
    batch = (
        "SELECT range_number, outcome FROM churn_internal.rescore_batch(%s, 100, NULL)"
    )
    one, other = database.session(), database.session()
    run = owner.value("SELECT churn_internal.begin_rescoring('churn.customers')")
    assert one.row(batch, run) == (1, None)
    with in_background(lambda: other.row(batch, run)) as waited:
        wait_until_blocked(database, other, by=one)
        one.commit()
        assert waited.result(timeout=20) == (None, None)

    with in_background(lambda: one.row(batch, run)) as ended:
        wait_until_blocked(database, one, by=other)
        other.commit()
        assert ended.result(timeout=20) == (None, "done")
    one.commit()

    assert other.row(batch, run) == (None, "done")


def test_a_restart_counts_the_batch_that_a_worker_is_at(database, owner):
    worker, starter = database.session(), database.session()
    run = owner.value("SELECT churn_internal.begin_rescoring('churn.customers')")
    worker.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)

    restart = (
        "SELECT churn_internal.begin_rescoring('churn.customers', restart => true)"
    )
    with in_background(lambda: starter.value(restart)) as begun:
        wait_until_blocked(database, starter, by=worker)
        worker.commit()
        assert begun.result(timeout=20) > run
    starter.commit()

    ended = (
        "SELECT outcome, rows_done FROM churn_internal.rescore_runs WHERE run_id = %s"
    )
    assert owner.row(ended, run) == ("abandoned", 10)
    batch = "SELECT outcome FROM churn_internal.rescore_batch(%s, 10, NULL)"
    assert worker.value(batch, run) == "abandoned"


def test_other_sessions_see_how_far_it_is_and_how_many_are_at_it(database, owner):
    enlarge(owner, 20_001)
    statement = "CALL churn.rescore('churn.customers', 3000)"
    owner.run("SET ROLE churn_scorer")

    with held_at(database, 4_000) as low, held_at(database, 15_000) as high:
        with rescoring(database, statement, by=low) as (_, first_call):
            with rescoring(database, statement, by=high) as (_, second_call):
                seen = owner.run(PROGRESS)
                pace = owner.row(
                    "SELECT profile::text, rows_per_second, time_left > '0',"
                    " started_at < now(), started_by = session_user"
                    " FROM churn.rescore_progress"
                )
                low.rollback()
                high.rollback()
                first_call.result(timeout=60)
                second_call.result(timeout=60)

    assert seen == [(active(owner), "running", 6_000, 20_001, 2)]
    assert pace[0] == "churn.customers" and pace[1] > 0
    assert pace[2:] == (True, True, True)


ANYBODYS_LOCKS = """
    SELECT pg_advisory_lock(c.class, o.object)
    FROM (VALUES (%(runs)s), (%(run)s), (%(runs)s # %(run)s)) c (class),
         (VALUES (%(run)s), (0), (1)) o (object)
"""


def take_locks(database, run):
    """Take every lock that anybody may take and that a worker might, as anybody."""
    stranger = database.session(autocommit=True)
    runs = stranger.value("SELECT 'churn_internal.rescore_runs'::regclass::oid::int")
    stranger.run("SET ROLE pgchurn_test_stranger")
    with stranger.connection.cursor() as cursor:
        cursor.execute(ANYBODYS_LOCKS, {"runs": runs, "run": run})
    return stranger


@pytest.fixture
def stranger(owner):
    """A role with no right at all."""
    owner.run("CREATE ROLE pgchurn_test_stranger")
    yield
    owner.run("DROP ROLE pgchurn_test_stranger")


def test_nobody_passes_for_a_worker(database, owner, stranger):
    run = owner.value("SELECT churn_internal.begin_rescoring('churn.customers')")

    session = take_locks(database, run)

    assert [row[4] for row in owner.run(PROGRESS)] == [0]
    session.run("BEGIN")
    refused = session.refusal(
        "LOCK TABLE churn_internal.rescore_runs IN ROW SHARE MODE"
    )
    assert refused.sqlstate == "42501"
    session.close()


def test_nobody_keeps_a_worker_from_being_counted(database, owner, stranger):
    run = owner.value("SELECT churn_internal.begin_rescoring('churn.customers')")

    session = take_locks(database, run)
    with held_at(database, 25) as holder:
        with rescoring(database, by=holder) as (_, call):
            seen = owner.run(PROGRESS)
            holder.rollback()
            call.result(timeout=20)
    session.close()

    assert [(row[1], row[4]) for row in seen] == [("running", 1)]


def test_a_complaint_meanwhile_keeps_its_newer_score(database, owner):
    scored = "SELECT churn_scored_at FROM churn.customers WHERE customer_id = 27"
    with held_at(database, 25) as holder:
        with rescoring(database, by=holder) as (_, call):
            owner.run("INSERT INTO churn.complaints (customer_id) VALUES (27)")
            newer = owner.value(scored)
            holder.rollback()
            call.result(timeout=20)

    assert owner.value(scored) >= newer
    assert_fresh(owner, other_model())


def test_rows_written_meanwhile_are_no_error_to_a_session_of_a_higher_isolation(
    database, owner
):
    session = database.session(autocommit=True)
    session.run("SET default_transaction_isolation = 'repeatable read'")
    with held_at(database, 25) as holder:
        holder.run("UPDATE churn.customers SET age = 50 WHERE customer_id = 25")
        with in_background(lambda: session.run(RESCORE)) as call:
            wait_until_blocked(database, session, by=holder)
            holder.commit()
            call.result(timeout=20)

    assert owner.run(VERSIONS) == [(active(owner), 40)]
    assert_fresh(owner, other_model())


def test_a_customer_inserted_behind_a_worker_has_a_score_of_the_same_version(
    database, owner
):
    with held_at(database, 25) as holder:
        with rescoring(database, by=holder) as (_, call):
            owner.run("INSERT INTO churn.customers (customer_id) VALUES (0), (41)")
            holder.rollback()
            call.result(timeout=20)

    assert owner.run(VERSIONS) == [(active(owner), 42)]


def test_the_rate_is_that_of_all_workers_together(database, owner):
    run = owner.value("SELECT churn_internal.begin_rescoring('churn.customers')")
    reserve = "SELECT churn_internal.reserve_batch(%s, %s, %s)"

    begins = [
        session.value(reserve, run, rows, 100)
        for session, rows in ((owner, 50), (database.session(True), 200), (owner, 1))
    ]

    waits = [(later - begins[0]).total_seconds() for later in begins[1:]]
    assert waits == [0.5, 2.5]


def test_a_limited_rate_is_kept(owner):
    began = time.monotonic()

    owner.run("CALL churn.rescore('churn.customers', rows_per_second => 30)")

    # The second batch of 30 has waited for its second.
    assert 1 <= time.monotonic() - began
    assert_fresh(owner, other_model())


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_is_at_least_one_row(owner, rate):
    refused = owner.refusal(
        "CALL churn.rescore('churn.customers', rows_per_second => %s)", rate
    )

    assert refused.sqlstate == "22023"
    assert refused.message == f"rows_per_second must be at least 1, not {rate}"


def test_what_fails_with_an_error_stops_the_run_and_a_later_call_goes_on(owner):
    owner.run("SELECT churn.set_on_error('churn.customers', 'raise')")
    owner.run("SET session_replication_role = replica")
    infinite = "UPDATE churn.customers SET data_usage_gb = %s WHERE customer_id = 25"
    owner.run(infinite, "infinity")

    refused = owner.refusal(RESCORE)

    assert 'feature "data_usage_gb" is infinite' in refused.message
    assert owner.run(PROGRESS) == [(active(owner), "interrupted", 20, 40, 0)]
    owner.run(infinite, 1)
    owner.run(RESCORE)
    assert owner.run(VERSIONS) == [(active(owner), 40)]
    assert len(owner.run(PROGRESS)) == 1


@pytest.mark.parametrize(
    "type_name, key",
    [
        ("uuid", "md5(i::text)::uuid"),
        ("text", "i || ' Ä'"),
        ('text COLLATE "C"', "chr(60 + i % 60) || i"),
        ("date", "date '1970-01-01' + i"),
        ("timestamptz", "timestamptz '1970-01-01' + i * interval '13 hours'"),
        ("numeric", "i / 7.0"),
    ],
)
def test_ranges_of_any_key_leave_nothing_out(owner, database, type_name, key):
    attach_company(owner, type_name, key, 20_001)
    other = database.session(autocommit=True)
    owner.run("SET datestyle = 'SQL, DMY'")
    other.run("SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'")
    run = owner.value("SELECT churn_internal.begin_rescoring('company.clients')")
    batch = (
        "SELECT range_number, outcome FROM churn_internal.rescore_batch(%s, 4000, %s)"
    )
    assert owner.row(batch, run, None) == (1, None)
    assert other.row(batch, run, 2) == (2, None)

    other.run("CALL churn.rescore('company.clients', 3000)")

    assert owner.run(
        "SELECT outcome, rows_done FROM churn_internal.rescore_runs WHERE run_id = %s",
        run,
    ) == [("done", 20_001)]
    scored = "SELECT count(*) FROM company.clients WHERE churn_score IS NOT NULL"
    assert owner.value(scored) == 20_001


def attach_company(session, type_name, key, rows, table="TABLE"):
    model = fit({"usage": "number", "complaint_count": "number"})
    session.run(f"""
        CREATE SCHEMA company;
        CREATE {table} company.clients (id {type_name} PRIMARY KEY, usage numeric);
        CREATE TABLE company.calls (client {type_name});
        SELECT churn.attach('company.clients', 'id', 'company.calls', 'client');
        """)
    version = register_once(session, model, "company.clients", "id")
    session.run(
        f"INSERT INTO company.clients (id, usage) SELECT {key}, i"
        f" FROM generate_series(1, {rows}) i"
    )
    activate(session, version)


def test_ranges_are_about_equal_in_a_table_of_which_only_a_sample_is_read(owner):
    enlarge(owner, 90_000)
    blocks = owner.value("SELECT pg_relation_size('churn.customers') / 8192")
    assert blocks > 700

    run = owner.value("SELECT churn_internal.begin_rescoring('churn.customers')")

    expected = owner.value("SELECT rows_expected FROM churn.rescore_progress")
    assert 70_000 < expected < 110_000
    ranges = owner.run(
        "SELECT count(c) FROM churn_internal.rescore_ranges g"
        " LEFT JOIN churn.customers c"
        "   ON c.customer_id > coalesce(g.after_key::bigint, 0)"
        "  AND c.customer_id <= coalesce(g.through_key::bigint, 1e9)"
        " WHERE g.run_id = %s GROUP BY g.range_number",
        run,
    )
    sizes = [size for (size,) in ranges]
    assert sum(sizes) == 90_000 and 7 <= len(sizes) <= 11
    assert min(sizes) > 5_000 and max(sizes) < 20_000


def test_a_key_of_another_type_begins_anew(owner):
    attach_company(owner, "bigint", "i", 30)
    run = owner.value("SELECT churn_internal.begin_rescoring('company.clients')")
    owner.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)
    owner.run(
        "ALTER TABLE company.calls ALTER client TYPE text;"
        "ALTER TABLE company.clients ALTER id TYPE text"
    )

    owner.run("CALL churn.rescore('company.clients', 10)")

    assert owner.run(
        "SELECT outcome, rows_done FROM churn_internal.rescore_runs ORDER BY run_id"
    ) == [("abandoned", 10), ("done", 30)]


def test_an_attachment_that_was_detached_begins_anew(owner):
    attach_company(owner, "bigint", "i", 30)
    run = owner.value("SELECT churn_internal.begin_rescoring('company.clients')")
    owner.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)

    owner.run("SELECT churn.detach('company.clients')")

    assert owner.run(PROGRESS) == []
    assert owner.row("SELECT outcome, rows_done FROM churn_internal.rescore_runs") == (
        "abandoned",
        10,
    )
    attach = "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client')"
    owner.run(attach)
    assert owner.value("SELECT churn_internal.begin_rescoring('company.clients')") > run


@pytest.mark.parametrize("run", [None, 0])
def test_a_batch_belongs_to_a_run(session, run):
    refused = session.refusal("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)

    assert refused.sqlstate == "22023"
    shown = "null" if run is None else run
    assert refused.message == f"run {shown} does not exist"
    assert refused.hint == "Call churn_internal.begin_rescoring(profile)."


@pytest.mark.parametrize("size", [None, 0])
def test_a_batch_of_a_run_holds_at_least_one_row(session, size):
    run = session.value("SELECT churn_internal.begin_rescoring('churn.customers')")

    refused = session.refusal(
        "SELECT churn_internal.rescore_batch(%s, %s, NULL)", run, size
    )

    assert refused.sqlstate == "22023"
    shown = "null" if size is None else size
    assert refused.message == f"batch_size must be at least 1, not {shown}"


def test_a_loader_starts_runs_and_does_batches_but_writes_no_record(session):
    with session.role("churn_loader"):
        run = session.value("SELECT churn_internal.begin_rescoring('churn.customers')")
        session.run("SELECT churn_internal.rescore_batch(%s, 10, NULL)", run)
        for statement in (
            "UPDATE churn_internal.rescore_runs SET rows_expected = 0",
            "DELETE FROM churn_internal.rescore_ranges",
            "SELECT churn_internal.end_rescoring(1, 'done')",
            "SELECT churn_internal.abandon_rescoring(1)",
        ):
            assert session.refusal(statement).sqlstate == "42501"

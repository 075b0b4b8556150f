"""Which columns of a profile reach a model: those of its versions, and no others."""

import psycopg2.errors
import pytest

from tests.models import (
    KINDS,
    activate,
    assert_fresh,
    default_model,
    deploy,
    divergences,
    expected_scores,
    fit,
    pipeline_for,
    register,
    training_frame,
)
from tests.waiting import in_background, wait_until_blocked

MODEL = default_model()
COMPLAIN = "INSERT INTO churn.complaints (customer_id) VALUES (1)"
COMPLAIN_MUCH = (
    "INSERT INTO churn.complaints (customer_id)"
    " SELECT i % 40 + 1 FROM generate_series(1, 90) i"
)
# One that needs a column which the default model does not.
WIDER = {**KINDS, "tenure_months": "number"}


def carried(session):
    """Return which columns travel."""
    return session.row("SELECT number_columns, text_columns FROM churn.attachments")


def test_nothing_travels_without_a_model(bare):
    assert carried(bare) == ([], [])

    bare.run("INSERT INTO churn.customers (customer_id, customer_name) VALUES (1, 'a')")
    bare.run(COMPLAIN)
    bare.run("UPDATE churn.customers SET age = 7")

    assert divergences(bare) == []
    assert bare.value("SELECT complaint_count FROM churn.customers") == 1


def test_the_features_of_registered_versions_travel_and_no_other_column(session):
    before = carried(session)
    assert set(before[0]) == KINDS.keys() - {"contract"}
    assert before[1] == ["contract"]

    version = register(session, fit(WIDER))
    assert "tenure_months" in carried(session)[0]
    session.run("SELECT churn.delete_model(%s)", version)

    assert carried(session) == before
    session.run(COMPLAIN)
    assert_fresh(session, MODEL)


def test_registering_the_same_features_writes_no_function_anew(session):
    functions = (
        "SELECT array_agg(xmin::text ORDER BY oid) FROM pg_catalog.pg_proc"
        " WHERE proname LIKE '%\\_1'"
    )
    before = session.value(functions)

    register(session, fit(seed=3))

    assert session.value(functions) == before


def test_a_refused_candidate_leaves_what_travels_as_it_was(session):
    before = carried(session)
    replay = dict.fromkeys(["1", "2"], 0.5)

    session.refusal(
        "SELECT churn.register_model('churn.customers', %s, %s, '{}', '{}', '{}',"
        " %s, %s)",
        b"",
        "{}",
        list(replay),
        list(replay.values()),
    )

    assert carried(session) == before


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
@pytest.mark.parametrize("indexed", [True, False])
def test_a_version_that_comes_into_force_in_the_middle_of_a_transaction(
    trained_database, level, indexed
):
    """Without an index a plan that is held takes no lock that is not held, too.

    So nothing makes the session look whether functions were replaced, until it fails.
    """
    writer, other = trained_database.session(), trained_database.session()
    if not indexed:
        for name in other.column(
            "SELECT conname FROM pg_constraint"
            " WHERE conrelid = 'churn.complaints'::regclass"
        ):
            other.run(f"ALTER TABLE churn.complaints DROP CONSTRAINT {name}")
        other.run("DROP INDEX churn.complaints_customer_idx")
        other.commit()
    writer.run(f"SET TRANSACTION ISOLATION LEVEL {level}")
    writer.run(f"PREPARE complain AS {COMPLAIN}")
    for _ in range(8):
        writer.run("EXECUTE complain")
    version = register(other, fit(WIDER, seed=4))
    activate(other, version)
    other.commit()

    writer.run("EXECUTE complain")
    writer.run("EXECUTE complain")
    assert "could not score" not in writer.take_notices()
    writer.commit()

    assert divergences(other) == []
    assert other.value("SELECT count(*) FROM churn_internal.failed_profiles") == 0
    scored_by = "SELECT churn_model_version FROM churn.customers WHERE customer_id = 1"
    assert other.value(scored_by) == (version if level == "READ COMMITTED" else 1)


def test_two_registrations_at_once_have_the_features_of_both_carried(trained_database):
    first, second = trained_database.session(), trained_database.session()
    wider = fit(WIDER, seed=5)
    other = fit({**KINDS, "late_payments": "number"}, seed=6)
    register(first, wider)

    with in_background(lambda: register(second, other)) as registered:
        wait_until_blocked(trained_database, second)
        first.commit()
        version = registered.result(timeout=20)
    second.commit()

    assert {"tenure_months", "late_payments"} <= set(carried(second)[0])
    activate(second, version)
    second.run(COMPLAIN_MUCH)
    second.run("UPDATE churn.customers SET churn_score = 0")
    assert_fresh(second, other)


def test_a_registration_from_before_another_one_committed_is_to_be_done_again(
    trained_database,
):
    first, second = trained_database.session(), trained_database.session()
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    second.run("SELECT count(*) FROM churn.models")
    register(first, fit(WIDER, seed=5))
    first.commit()

    with pytest.raises(psycopg2.errors.SerializationFailure):
        register(second, fit({**KINDS, "late_payments": "number"}, seed=6))


def test_an_altered_table_waits_for_a_registration(trained_database):
    first, second = trained_database.session(), trained_database.session()
    register(first, fit(WIDER, seed=5))

    alter = "ALTER TABLE churn.customers RENAME late_payments TO late"
    with in_background(lambda: second.run(alter)) as altered:
        wait_until_blocked(trained_database, second)
        first.commit()
        altered.result(timeout=20)
    second.commit()

    assert "tenure_months" in carried(second)[0]
    second.run(COMPLAIN)
    assert_fresh(second, MODEL)


def test_a_registration_waits_for_an_altered_table(trained_database):
    first, second = trained_database.session(), trained_database.session()
    first.run("ALTER TABLE churn.customers RENAME late_payments TO late")
    model = fit(WIDER, seed=5)
    replay = expected_scores(first, model)

    with in_background(lambda: register(second, model, replay=replay)) as registered:
        wait_until_blocked(trained_database, second)
        first.commit()
        registered.result(timeout=20)
    second.commit()

    assert "tenure_months" in carried(first)[0]


def test_what_the_version_in_force_does_not_read_scores_nobody_anew(session):
    register(session, fit(WIDER))
    scored_at = "SELECT churn_scored_at FROM churn.customers WHERE customer_id = 1"
    before = session.value(scored_at)

    session.run(
        "UPDATE churn.customers SET tenure_months = 3, region = 'x', late_payments = 9"
    )
    assert session.value(scored_at) == before

    session.run("UPDATE churn.customers SET age = 44, tenure_months = 4")
    assert session.value(scored_at) > before
    assert_fresh(session, MODEL)


def test_a_score_of_a_former_version_follows_what_that_one_reads(session):
    wider = fit(WIDER, seed=4)
    version = deploy(session, wider)
    activate(session, 1)

    session.run("UPDATE churn.customers SET tenure_months = 3 WHERE customer_id = 1")

    assert divergences(session) == []
    assert session.column(
        "SELECT DISTINCT churn_model_version FROM churn.customers"
        " WHERE customer_id <= 2 ORDER BY 1"
    ) == [1, version]


# 600 MB of notes, of which a gigabyte is more than a value may take when they grow.
NOTES = """
    CREATE SCHEMA field;
    CREATE TABLE field.notes (id integer PRIMARY KEY, plan text, notes text, n integer);
    CREATE TABLE field.calls (client integer);
    CREATE INDEX ON field.calls (client);
    INSERT INTO field.notes
    SELECT i, 'ab', repeat('lorem ipsum ', 10000), i FROM generate_series(1, 5000) i;
    SELECT churn.attach('field.notes', 'id', 'field.calls', 'client');
    """


@pytest.mark.slow(reason="writes 600 MB of notes, more than once")
@pytest.mark.parametrize("features", [None, ["n"], ["n", "notes"]])
def test_long_texts_travel_neither_where_no_model_reads_them_nor_in_full(
    empty_database, features
):
    session = empty_database.session()
    session.run(NOTES)
    session.commit()
    if features:
        kinds = {name: "text" if name == "notes" else "number" for name in features}
        model = fit(kinds)
        replay = dict.fromkeys(
            ["1"], expected_scores(session, model, ONE_NOTE, "id")["1"]
        )
        version = register(session, model, "field.notes", "id", replay=replay)
        activate(session, version)
        session.commit()

    session.run("INSERT INTO field.calls SELECT generate_series(1, 5000)")
    session.run("UPDATE field.notes SET notes = notes || '.', plan = 'c'")
    session.run("SELECT churn.set_scoring_mode('field.notes', 'queued')")
    session.run("INSERT INTO field.calls SELECT generate_series(1, 5000)")
    session.commit()
    if features:
        assert session.row("SELECT scored, failed FROM churn.work(5000)") == (5000, 0)
        session.run("SELECT churn.set_scoring_mode('field.notes', 'inline')")
        session.commit()
        session.connection.autocommit = True
        session.run("CALL churn.rescore('field.notes')")
        session.run("UPDATE field.notes SET churn_score = NULL WHERE id <= 4000")
        session.run("CALL churn.repair('field.notes')")
        scored = (
            "SELECT count(DISTINCT churn.score(f)) FROM field.notes f WHERE id < 50"
        )
        assert session.value(scored) > 1

    assert session.value("SELECT count(*) FROM field.calls") == 10000
    assert session.value("SELECT count(*) FROM churn.verify('field.notes')") == 0


ONE_NOTE = "(SELECT * FROM field.notes WHERE id = 1) n"


def test_a_monstrous_text_costs_no_score_and_is_no_category(session):
    session.run(
        "UPDATE churn.customers SET contract = repeat('month to month', 2000000)"
        " WHERE customer_id = 1"
    )
    session.run(COMPLAIN)
    session.run(COMPLAIN_MUCH)

    assert_fresh(session, MODEL)


@pytest.mark.parametrize(
    "letters, type",
    [
        *[(letters, "text") for letters in (999, 1000, 1001, 1002, 4000)],
        (1000, "varchar(1000)"),
        (1000, "char(1000)"),
        (1001, "varchar(1001)"),
        (1001, "char(1001)"),
    ],
)
def test_a_text_is_compared_as_a_whole_however_long(session, letters, type):
    """A category may have 1,000 characters, here of up to four bytes."""
    session.run(f"ALTER TABLE churn.customers ALTER contract TYPE {type}")
    longest = "\U0001f600" * 1000
    frame, labels = training_frame()
    frame.loc[::3, "contract"] = longest
    model = fit()
    model.pipeline = pipeline_for(KINDS).fit(frame, labels)
    deploy(session, model)

    session.run(
        "UPDATE churn.customers SET contract = repeat('\U0001f600', %s)", letters
    )

    assert_fresh(session, model)
    session.run(COMPLAIN)
    assert_fresh(session, model)

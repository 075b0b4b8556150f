"""While a release is under way, every path has the version of the arm score."""

import pytest

from tests.company import MODEL as COMPANY_MODEL
from tests.company import attach
from tests.misbehaving_models import overflowing
from tests.models import (
    activate,
    default_model,
    deploy,
    expected_scores,
    fit,
    other_model,
    register_once,
)
from tests.releases import (
    assert_of_arms,
    challenged,
    end,
    expected,
    step,
    stored_versions,
)
from tests.statements import HEALTH, INFINITE, INSERT, overwrite, version

MODELS = default_model(), other_model()
PROFILE = "churn.customers"
SCORES = (
    "SELECT c.customer_id::text, churn.score(c) FROM churn.customers c"
    " ORDER BY c.customer_id"
)
EVERYBODY = (
    "INSERT INTO churn.complaints (customer_id) SELECT customer_id FROM churn.customers"
)
QUEUED = "SELECT churn.set_scoring_mode('churn.customers', 'queued')"
# A trigger of others, by which a profile is protected.
GUARD = """
    CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER note AFTER UPDATE ON churn.customers
    FOR EACH ROW EXECUTE FUNCTION public.note()
"""
SHARES = [655, 3277, 16384, 32768, 65535]


@pytest.fixture
def versions(session):
    """The active version and one beside it that scores half of the customers."""
    both = version(session), register_once(session, MODELS[1], PROFILE, "customer_id")
    step(session, both[1])
    return both


def failing(session):
    """Register a model that can score nobody."""
    return register_once(session, overflowing(), replay={}, compile_form=False)


def one_of(session, in_arm):
    """Return the first customer of an arm."""
    ours = challenged(session)
    return min(
        int(key)
        for (key,) in session.run("SELECT customer_id::text FROM churn.customers")
        if (key in ours) == in_arm
    )


def test_half_of_the_customers_are_in_either_arm(session, versions):
    assert 8 <= len(challenged(session)) <= 32


def test_nobody_changes_arms_while_the_share_rises(session):
    left, entered = session.row(
        "SELECT count(*) FILTER (WHERE NOT a.later AND a.sooner),"
        " count(*) FILTER (WHERE a.later AND NOT a.sooner)"
        " FROM generate_series(1, 20000) k (key)"
        " CROSS JOIN (SELECT s.share, lead(s.share) OVER (ORDER BY s.share) AS higher"
        "             FROM unnest(%s) s (share)) s"
        " CROSS JOIN LATERAL (SELECT churn_internal.in_arm(k.key::text, 1, s.share),"
        "                            churn_internal.in_arm(k.key::text, 1, s.higher)"
        " ) a (sooner, later) WHERE s.higher IS NOT NULL",
        SHARES,
    )

    assert left == 0
    assert entered > 19000


@pytest.mark.parametrize("in_arm", [False, True])
def test_a_complaint_is_scored_by_the_version_of_the_arm(session, versions, in_arm):
    customer = one_of(session, in_arm)

    session.run(INSERT % customer)

    score, named = session.row(
        "SELECT churn_score, churn_model_version FROM churn.customers"
        " WHERE customer_id = %s",
        customer,
    )
    truth = expected_scores(session, MODELS[in_arm])[str(customer)]
    assert score == pytest.approx(truth, abs=1e-9)
    assert named == versions[in_arm]


WAYS = {
    "many complaints": EVERYBODY,
    "a changed profile": "UPDATE churn.customers SET age = 30 + customer_id",
    "rescoring": "SELECT churn_internal.rescore_profiles_1(NULL, NULL, 1000)",
    "repairing": (
        "SELECT churn_internal.repair_profiles_1("
        "ARRAY(SELECT customer_id::text FROM churn.customers))"
    ),
}


@pytest.mark.parametrize("guarded", [False, True], ids=["plain", "protected"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_set_of_rows_is_split_by_version(session, versions, way, guarded):
    if guarded:
        session.run(GUARD)

    session.run(way)

    assert_of_arms(session, versions, MODELS)


def test_a_protected_profile_has_single_complaints_scored_by_arm(session, versions):
    session.run(GUARD)

    for customer in range(1, 41):
        session.run(INSERT % customer)

    assert_of_arms(session, versions, MODELS)


@pytest.mark.parametrize("guarded", [False, True], ids=["plain", "protected"])
def test_workers_score_by_arm(session, versions, guarded):
    if guarded:
        session.run(GUARD)
    session.run(QUEUED)
    session.run(EVERYBODY)

    session.run("SELECT churn.work(1000)")

    assert_of_arms(session, versions, MODELS)


def test_each_version_is_called_once_for_a_batch(session, versions):
    session.run("SET LOCAL track_functions = 'all'")

    session.run(EVERYBODY)

    assert (
        session.value(
            "SELECT sum(calls) FROM pg_stat_xact_user_functions"
            " WHERE funcname IN ('score_image', 'score_changed')"
        )
        == 1
    )


def test_score_of_a_row_is_that_of_its_arm(session, versions):
    assert dict(session.run(SCORES)) == pytest.approx(
        expected(session, *MODELS), abs=1e-9
    )


def test_score_many_and_score_customer_agree_with_it(session, versions):
    truth = expected(session, *MODELS)

    many = session.value(
        "SELECT churn.score_many(array_agg(c ORDER BY c.customer_id))"
        " FROM churn.customers c"
    )

    keys = session.column(
        "SELECT customer_id::text FROM churn.customers ORDER BY 1::int"
    )
    ordered = sorted(truth, key=int)
    assert sorted(keys) == sorted(ordered)
    assert many == pytest.approx([truth[key] for key in ordered], abs=1e-9)
    for key in ordered[:5]:
        one = session.value("SELECT churn.score_customer(%s)", int(key))
        assert one == pytest.approx(truth[key], abs=1e-9)


def test_what_a_statement_remembers_ends_with_a_step_and_begins_with_the_end(
    session, versions
):
    end(session)
    before = dict(session.run(SCORES))
    step(session, versions[1])
    during = dict(session.run(SCORES))
    end(session)

    assert before == pytest.approx(expected_scores(session, MODELS[0]), abs=1e-9)
    assert during == pytest.approx(expected(session, *MODELS), abs=1e-9)
    assert dict(session.run(SCORES)) == before


def test_a_step_that_is_rolled_back_was_none(session, versions):
    end(session)
    before = dict(session.run(SCORES))
    session.run("SAVEPOINT before")
    step(session, versions[1])
    session.run(SCORES)
    session.run("ROLLBACK TO before")

    assert dict(session.run(SCORES)) == before


@pytest.mark.parametrize("in_arm", [False, True])
def test_explanations_are_of_the_version_of_the_arm(session, versions, in_arm):
    customer = one_of(session, in_arm)

    explained = session.run(
        "SELECT e.feature, e.contribution FROM churn.customers c,"
        " churn.explain(c) e WHERE c.customer_id = %s ORDER BY 1",
        customer,
    )
    changes = session.column(
        "SELECT w.score FROM churn.customers c,"
        " churn.what_would_help(c, ARRAY['age'], 1) w WHERE c.customer_id = %s",
        customer,
    )

    end(session)
    activate(session, versions[in_arm])
    assert explained == session.run(
        "SELECT e.feature, e.contribution FROM churn.customers c,"
        " churn.explain(c) e WHERE c.customer_id = %s ORDER BY 1",
        customer,
    )
    assert changes == session.column(
        "SELECT w.score FROM churn.customers c,"
        " churn.what_would_help(c, ARRAY['age'], 1) w WHERE c.customer_id = %s",
        customer,
    )


def test_the_log_has_the_version_of_the_arm_and_what_both_read(session):
    challenger = register_once(session, fit({"tenure_months": "number"}))
    session.run("SELECT churn.set_prediction_log('churn.customers', 1.0)")
    step(session, challenger)

    session.run(EVERYBODY)

    assert dict(
        session.run("SELECT key, version FROM churn.predictions")
    ) == stored_versions(session)
    features = session.column("SELECT features FROM churn.predictions")
    assert all({"age", "tenure_months"} <= set(row) for row in features)


def test_the_outbox_names_the_version_of_the_arm(session, versions):
    session.run("SELECT churn.set_outbox('churn.customers', 'every')")

    session.run(EVERYBODY)

    assert dict(
        session.run("SELECT key, version FROM churn.outbox")
    ) == stored_versions(session)


def test_a_row_without_a_score_is_verified_by_its_arm(session, versions):
    overwrite(
        session,
        "churn_score = NULL, churn_model_version = NULL, churn_scored_at = NULL",
        "true",
    )

    found = session.run(
        "SELECT key, expected::float8 FROM churn.verify('churn.customers')"
        " WHERE column_name = 'churn_score'"
    )

    assert dict(found) == pytest.approx(expected(session, *MODELS), abs=1e-9)


@pytest.mark.parametrize("statement", [None, EVERYBODY], ids=["one", "many"])
def test_a_challenger_that_fails_costs_no_complaint_and_is_named(session, statement):
    champion, challenger = version(session), failing(session)
    step(session, challenger)
    before = session.value("SELECT count(*) FROM churn.complaints")
    customer = one_of(session, True)

    session.run(statement or INSERT % customer)
    session.run(INSERT % one_of(session, False))

    failed = challenged(session) if statement else {str(customer)}
    added = session.value("SELECT count(*) FROM churn.complaints") - before
    assert added == (41 if statement else 2)
    marks = session.run("SELECT key, version FROM churn_internal.failed_profiles")
    assert dict(marks) == dict.fromkeys(failed, challenger)
    assert set(stored_versions(session).values()) == {champion}
    assert sum(row[1] for row in session.run(HEALTH)) == len(failed)


def test_both_arms_may_fail_each_for_its_own_reason(session, versions):
    ours, theirs = one_of(session, True), one_of(session, False)
    overwrite(session, INFINITE, f"customer_id IN ({ours}, {theirs})")

    session.run(EVERYBODY)

    marks = session.run("SELECT key::int, version FROM churn_internal.failed_profiles")
    assert dict(marks) == {ours: versions[1], theirs: versions[0]}
    assert len(stored_versions(session)) == 40


def test_an_end_leaves_repair_to_score_what_failed_by_the_active_version(session):
    champion, challenger = version(session), failing(session)
    step(session, challenger)
    session.run(EVERYBODY)
    end(session)

    session.run(
        "SELECT churn_internal.repair_profiles_1(churn_internal.wrong_profiles(a))"
        " FROM churn.attachments a WHERE a.profile = 'churn.customers'::regclass"
    )

    assert set(stored_versions(session).values()) == {champion}
    assert session.value("SELECT count(*) FROM churn_internal.failed_profiles") == 0


def test_a_shadow_scores_nobody(session):
    challenger = register_once(session, MODELS[1], PROFILE, "customer_id")
    step(session, challenger, None)

    session.run(EVERYBODY)

    assert set(stored_versions(session).values()) == {version(session)}
    assert dict(session.run(SCORES)) == pytest.approx(
        expected_scores(session, MODELS[0]), abs=1e-9
    )


KEYS = {
    "loose text": ('text COLLATE company."Loose"', "'Ann ' || i", "upper(id)"),
    "timestamps": (
        "timestamptz",
        "'2026-01-01'::timestamptz + i * interval '1 h'",
        "id",
    ),
    "char": ("char(9)", "'k' || i", "id"),
    "numeric": ("numeric", "i + 0.10", "id * 1.000"),
    "citext": ("public.citext", "'Ann ' || i", "upper(id::text)::public.citext"),
    "a domain": ("company.number", "i", "id"),
    "uuid": ("uuid", "md5(i::text)::uuid", "upper(id::text)::uuid"),
    "text": ("text", "'k' || i", "id"),
    "smallint": ("smallint", "i", "id"),
    "bytea": ("bytea", "('k' || i)::bytea", "id"),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_equal_keys_are_one_customer_however_they_are_spelled(session, key):
    key_type, made, spelled = key
    session.run(
        'CREATE SCHEMA company; CREATE COLLATION company."Loose" ('
        " provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        "CREATE DOMAIN company.number AS bigint CHECK (VALUE > 0);"
        "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;"
        f"CREATE TABLE company.clients (id {key_type} PRIMARY KEY,"
        " usage double precision, plan text);"
        f"CREATE TABLE company.calls (client {key_type}"
        " REFERENCES company.clients, at timestamptz DEFAULT now());"
        f"INSERT INTO company.clients SELECT {made}, i, 'a'"
        " FROM generate_series(1, 12) i"
    )
    attach(session)
    there = {"profile": "company.clients", "key": "id"}
    champion = deploy(session, COMPANY_MODEL, **there)
    other = fit(COMPANY_MODEL.kinds, seed=1)
    challenger = register_once(session, other, *there.values())
    step(session, challenger, profile="company.clients")
    session.run("SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'")
    session.run("SET bytea_output = 'escape'")
    calls = f"INSERT INTO company.calls (client) SELECT {spelled} FROM company.clients"

    session.run(calls)
    many = stored_versions(session, **there)
    for number in range(12):
        session.run(f"{calls} ORDER BY id LIMIT 1 OFFSET %s", number)
    singly = stored_versions(session, **there)
    shown = dict(session.run("SELECT id::text, churn.score(c) FROM company.clients c"))
    stored = dict(session.run("SELECT id::text, churn_score FROM company.clients"))

    assert many == singly
    assert set(many.values()) == {champion, challenger}
    assert shown == pytest.approx(stored, abs=1e-9)
    assert session.run("SELECT * FROM churn.verify('company.clients')") == []

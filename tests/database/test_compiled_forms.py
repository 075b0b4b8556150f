"""Compiled forms on the server: what is kept, what it scores, what a session loads."""

import hashlib
import json

import numpy as np
import pytest
from pgchurn.plpython.runtime.batches import FEW_ROWS
from pgchurn.plpython.runtime.boundary_rows import boundary_rows
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.features import row_count
from pgchurn.plpython.runtime.registry import MODELS_HELD
from pgchurn.plpython.runtime.signature import Signature
from psycopg2.errors import InsufficientPrivilege
from pytest import approx
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.models import (
    CUSTOMERS,
    KINDS,
    Model,
    activate,
    assert_fresh,
    default_model,
    deploy,
    divergences,
    expected_scores,
    fit,
    not_compilable,
    other_model,
    pipeline_for,
    read_features,
    register,
    register_once,
    stored_scores,
)
from tests.statements import INFINITE, overwrite

MODEL = default_model()
SCORE_MANY = "SELECT churn.score_many(array_agg(c)) FROM churn.customers c"
HEAVY = ("sklearn", "pandas", "scipy", "joblib")
CLASSIFIERS = {
    "logistic": LogisticRegression(),
    "gradient boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "forest": RandomForestClassifier(10, random_state=0),
    "hist": HistGradientBoostingClassifier(
        max_iter=10, min_samples_leaf=5, random_state=0
    ),
    "network": MLPClassifier((4,), max_iter=20, random_state=0),
    "neighbours": KNeighborsClassifier(7, weights="distance"),
}
FOREST = fit(pipeline=pipeline_for(KINDS, CLASSIFIERS["forest"]))


def edges(model):
    """Return how many rows the server makes up to compare the forms of a model on."""
    signature = Signature.from_json(model.signature)
    form = CompiledModel(compile_model(model.pipeline, signature), signature)
    return row_count(boundary_rows(signature, form, None))


def kept(session, version):
    """Return whether a version has a compiled form, its parity, and the note."""
    return session.row(
        "SELECT compiled IS NOT NULL, parity, compilation FROM churn.models"
        " WHERE version = %s",
        version,
    )


def predicted(session, version):
    """Return what churn.predict says of every row, by key as text."""
    return dict(
        session.run(
            "SELECT customer_id::text, churn.predict(%s, to_jsonb(c))"
            " FROM churn.customers c",
            version,
        )
    )


def selected(session):
    """Return what churn.score says of every row, by key as text."""
    return dict(
        session.run("SELECT customer_id::text, churn.score(c) FROM churn.customers c")
    )


def scored_many(session):
    """Return what churn.score_many says of every row, by key as text."""
    return dict(
        session.run(
            "SELECT unnest(array_agg(customer_id::text ORDER BY customer_id)),"
            " unnest(churn.score_many(array_agg(c ORDER BY customer_id)))"
            " FROM churn.customers c"
        )
    )


def loaded_packages(session):
    """Return the packages that the session's Python has imported."""
    session.run("""
        CREATE OR REPLACE FUNCTION pg_temp.packages() RETURNS text[]
        LANGUAGE plpython3u AS $$
            import sys
            return sorted(sys.modules)
        $$
        """)
    return set(session.value("SELECT pg_temp.packages()"))


def held_models(session):
    """Return the versions that the session holds, and which of them are compiled."""
    session.run("""
        CREATE OR REPLACE FUNCTION pg_temp.held() RETURNS TABLE (v bigint, kind text)
        LANGUAGE plpython3u AS $$
            models = GD["pgchurn"].registry.models.values
            return [(one[0], type(model).__name__) for one, model in models.items()]
        $$
        """)
    return session.run("SELECT * FROM pg_temp.held()")


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_version_keeps_its_compiled_form_and_what_it_was_compared_on(
    session, classifier
):
    model = fit(pipeline=pipeline_for(KINDS, CLASSIFIERS[classifier]))
    version = register(session, model)

    has_form, parity, note = kept(session, version)
    assert has_form
    assert parity < 1e-12
    assert note.startswith("compared on ")
    assert int(note.split()[2]) > CUSTOMERS
    assert session.value(
        "SELECT compiled_sha256 = sha256(compiled) FROM churn.models"
        " WHERE version = %s",
        version,
    )
    assert "no compiled form" not in session.take_notices()


def test_every_row_of_a_small_table_is_compared(session):
    version = register(session, MODEL)

    rows = CUSTOMERS + edges(MODEL)
    assert kept(session, version)[2] == f"compared on {rows} rows"


def add_customers(session, customers):
    """Insert customers without scoring them."""
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        """
        INSERT INTO churn.customers (
            customer_id, age, contract, monthly_charges, data_usage_gb,
            complaint_count
        )
        SELECT 1000 + i, CASE WHEN i %% 9 > 0 THEN i %% 80 END,
               (ARRAY['one year', 'two year', NULL, 'new'])[1 + i %% 4],
               i %% 100, i %% 77 + 0.5, i %% 4
        FROM generate_series(1, %s) i
        """,
        customers,
    )
    session.run("SET LOCAL session_replication_role = origin")


def test_ten_thousand_rows_of_a_large_table_are_compared(session):
    add_customers(session, 10_050)

    version = register(session, MODEL, replay={})

    assert kept(session, version)[2] == f"compared on {10_000 + edges(MODEL)} rows"


def test_rows_that_the_pickle_refuses_are_not_compared(session):
    kinds = {"age": "number", "monthly_charges": "number"}
    pipeline = LogisticRegression()
    model = fit(kinds, pipeline, refuses_null=("age",))
    missing = session.value("SELECT count(*) FROM churn.customers WHERE age IS NULL")
    replay = session.column(
        "SELECT customer_id::text FROM churn.customers WHERE age IS NOT NULL LIMIT 1"
    )
    frame = read_features(session, kinds).loc[replay]

    version = register(
        session,
        model,
        replay=dict(zip(replay, model.probabilities(frame).tolist())),
    )

    assert missing > 0
    # Of the rows that are made up, it refuses those without either number.
    rows = CUSTOMERS - missing + edges(model) - len(kinds)
    assert kept(session, version)[2] == f"compared on {rows} rows"


def test_edge_rows_alone_are_enough_to_compare_on(bare):
    version = register(bare, MODEL, replay={})

    assert kept(bare, version)[2] == f"compared on {edges(MODEL)} rows"


def test_a_version_that_is_not_to_be_compiled_scores_from_its_pickle(session):
    version = register(session, MODEL, compile_form=False)

    assert kept(session, version) == (
        False,
        None,
        "no compiled form: it was not wanted",
    )
    assert "no compiled form was kept" in session.take_notices()
    expected = expected_scores(session, MODEL)
    assert predicted(session, version) == approx(expected, abs=1e-9)
    assert dict(held_models(session))[version] == "PickledModel"


def test_a_number_that_an_encoder_does_not_know_keeps_the_old_score(session):
    pipeline = make_pipeline(OneHotEncoder(), LogisticRegression())
    pipeline.fit(np.arange(20.0).reshape(20, 1) % 4, np.arange(20) % 2)
    model = Model(pipeline, {"complaint_count": "number"}, named_columns=False)
    session.run("DELETE FROM churn.complaints")
    version = deploy(session, model)
    one = "INSERT INTO churn.complaints (customer_id) VALUES (1)"
    many = (
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT customer_id FROM churn.customers, generate_series(1, 4)"
    )
    unknown = 'feature "complaint_count" has a category that the model does not know'
    for _ in range(3):
        session.run(one)
    before = stored_scores(session)
    assert kept(session, version)[0]
    assert before["1"] != before["2"]
    assert unknown not in session.take_notices()

    for statement in (one, many):
        session.run(statement)

        assert stored_scores(session) == before
        assert unknown in session.take_notices()


def test_what_does_not_compile_is_refused_with_the_reason_and_the_way_out(session):
    model = not_compilable()

    with pytest.raises(InsufficientPrivilege) as raised:
        register(session, model, replay={})

    said = raised.value.diag
    assert said.message_primary == (
        "the model has no compiled form, and its pickle is not allowed to score"
    )
    assert "SimpleImputer for something other than None or NaN" in said.message_detail
    assert "allow_pickle => true" in said.message_hint


def test_what_does_not_compile_scores_when_a_superuser_allows_it(session):
    model = not_compilable()
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.customers SET complaint_count = complaint_count % 4")
    session.run("SET LOCAL session_replication_role = origin")
    artifact = "sha256(%s)"
    session.run(f"SELECT churn_trust.allow_pickle({artifact}, 'tried')", model.artifact)

    version = register(session, model)
    activate(session, version)

    assert selected(session) == approx(expected_scores(session, model), abs=1e-9)
    assert session.row(
        "SELECT comment, allowed_by FROM churn_trust.allowed_pickles"
    ) == ("tried", session.value("SELECT session_user"))


def test_only_a_superuser_allows_a_pickle(session):
    session.run("SET LOCAL SESSION AUTHORIZATION churn_loader")

    refused = session.refusal(
        "SELECT churn.register_model('churn.customers', %s, %s, '{}', %s, '{}',"
        " '{}', '{}', compile => false, allow_pickle => true)",
        *(MODEL.artifact, json.dumps(MODEL.signature), json.dumps(MODEL.environment)),
    )

    assert refused.sqlstate == "42501"
    assert refused.message == "only a superuser allows a pickle to score"


def put_behind(session, version, **changed):
    """Change a version as a member of pg_write_all_data can."""
    session.run("SET LOCAL session_replication_role = replica")
    settings = ", ".join(f"{name} = %s" for name in changed)
    session.run(
        f"UPDATE churn.models SET {settings} WHERE version = %s",
        *(*changed.values(), version),
    )
    session.run("SET LOCAL session_replication_role = origin")


def test_a_pickle_that_nobody_allowed_is_not_read_in_a_session(trained_database):
    session = trained_database.session()
    version = register(session, MODEL)
    put_behind(session, version, compiled=None, compiled_sha256=None, parity=None)
    session.commit()
    fresh = trained_database.session()

    refused = fresh.refusal("SELECT churn.predict(%s, '{}')", version)

    assert refused.sqlstate == "55000"
    assert "its pickle is not allowed to score" in refused.message
    assert "churn_trust.allow_pickle" in refused.hint
    assert "sklearn" not in loaded_packages(fresh)


@pytest.mark.parametrize(
    "content", [b"", b"no form at all", b"\x08\x0a\x12\x00", b"pgchurn form 1\n{}"]
)
def test_bytes_that_are_no_compiled_form_score_nothing(session, content):
    version = register(session, MODEL)
    digest = hashlib.sha256(content).digest()
    put_behind(session, version, compiled=content, compiled_sha256=digest)

    refused = session.refusal("SELECT churn.predict(%s, '{}')", version)

    assert (refused.sqlstate, refused.message) == (
        "55000",
        "compiled form is malformed",
    )
    assert refused.detail
    assert refused.hint


def tamper(session, version, column):
    """Change stored bytes as only a superuser or a broken disk can."""
    session.run("SET LOCAL session_replication_role = replica")
    session.run("""
        DO $$
        DECLARE
            name text;
        BEGIN
            FOR name IN
                SELECT conname FROM pg_constraint
                WHERE conrelid = 'churn.models'::regclass AND contype = 'c'
            LOOP
                EXECUTE format('ALTER TABLE churn.models DROP CONSTRAINT %I', name);
            END LOOP;
        END
        $$
        """)
    session.run(
        f"UPDATE churn.models SET {column} = set_byte({column}, 20,"
        f" get_byte({column}, 20) # 1) WHERE version = %s",
        version,
    )
    session.run("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize("column", ["compiled", "compiled_sha256"])
def test_corrupted_bytes_of_a_compiled_form_are_not_loaded(session, column):
    version = register(session, MODEL)
    activate(session, version)
    other = register(session, MODEL)
    tamper(session, other, column)

    refused = session.refusal(
        "SELECT churn.predict(%s, to_jsonb(c)) FROM churn.customers c", other
    )

    assert refused.sqlstate == "XX001"
    assert refused.message == f"model version {other} does not match its digest"
    assert refused.hint
    assert session.refusal("SELECT churn.activate_model(%s)", other).sqlstate == "XX001"


def test_corrupted_bytes_cost_no_complaint(trained_database):
    session = trained_database.session()
    version = deploy(session, MODEL)
    tamper(session, version, "compiled")
    session.commit()
    fresh = trained_database.session()
    before = stored_scores(fresh)

    assert fresh.refusal("SELECT churn.score_customer(1)").sqlstate == "XX001"
    fresh.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert "does not match its digest" in fresh.take_notices()
    assert stored_scores(fresh) == before


@pytest.fixture(scope="module")
def compiled_database(module_database):
    """Return a clone whose active model has a compiled form, committed."""
    session = module_database.session()
    version = deploy(session, MODEL)
    assert kept(session, version)[0]
    session.commit()
    session.close()
    return module_database


@pytest.fixture
def fresh(compiled_database):
    """Return a session that has scored nothing yet."""
    session = compiled_database.session()
    yield session
    session.rollback()
    session.close()


SCORING = {
    "insert": "INSERT INTO churn.complaints (customer_id) VALUES (1)",
    "many inserts": "INSERT INTO churn.complaints (customer_id) VALUES (1), (2), (3)",
    "delete": "DELETE FROM churn.complaints WHERE customer_id = 2",
    "update": "UPDATE churn.customers SET age = 44 WHERE customer_id = 1",
    "select": "SELECT churn.score(c) FROM churn.customers c",
    "score_customer": "SELECT churn.score_customer(1)",
    "score_many": SCORE_MANY,
    "predict": "SELECT churn.predict((SELECT version FROM churn.active_deployments),"
    " to_jsonb(c)) FROM churn.customers c",
    "verify": "SELECT * FROM churn.verify('churn.customers')",
    "warm": "SELECT churn.warm()",
}


@pytest.mark.parametrize("way", SCORING)
def test_scoring_a_compiled_model_imports_no_library_of_training(fresh, way):
    fresh.run(SCORING[way])

    packages = loaded_packages(fresh)
    assert not packages.intersection(HEAVY)
    # Few rows are scored without it.
    assert "onnxruntime" not in packages
    assert fresh.take_notices() == ""
    assert [kind for _, kind in held_models(fresh)] == ["CompiledModel"]


@pytest.mark.parametrize("classifier", ["logistic", "gradient boosting", "forest"])
def test_a_complaint_scored_by_sums_and_trees_imports_no_numpy(
    trained_database, classifier
):
    session = trained_database.session()
    deploy(session, fit(pipeline=pipeline_for(KINDS, CLASSIFIERS[classifier])))
    session.commit()
    session.close()
    fresh = trained_database.session()

    fresh.run(SCORING["insert"])

    assert "numpy" not in loaded_packages(fresh)
    fresh.run("SELECT churn.score(c) FROM churn.customers c WHERE c.customer_id = 1")
    assert "numpy" not in loaded_packages(fresh)
    fresh.run(SCORING["many inserts"])
    assert "numpy" not in loaded_packages(fresh)
    fresh.run(SCORE_MANY)
    assert "numpy" in loaded_packages(fresh)
    fresh.rollback()
    fresh.close()


@pytest.mark.parametrize("rows", [2, FEW_ROWS, FEW_ROWS + 1])
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_statement_scores_few_complaints_as_it_does_many(session, classifier, rows):
    model = fit(pipeline=pipeline_for(KINDS, CLASSIFIERS[classifier]))
    deploy(session, model)
    # Nothing of one, and of the other a text of its own.
    session.run("UPDATE churn.customers SET age = NULL WHERE customer_id = 1")
    session.run("UPDATE churn.customers SET contract = NULL WHERE customer_id = 1")
    session.run("UPDATE churn.customers SET contract = 'odd' WHERE customer_id = 2")

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, %s)", rows
    )

    assert_fresh(session, model)


@pytest.mark.parametrize("rows", [3, FEW_ROWS + 1])
def test_one_of_few_complaints_that_cannot_be_scored_costs_no_other_its_score(
    session, rows
):
    overwrite(session, INFINITE, "customer_id = 2")

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, %s)", rows
    )

    marks = "SELECT key, reason FROM churn_internal.failed_profiles"
    ((key, reason),) = session.run(marks)
    assert key == "2"
    assert "infin" in reason
    wrong = session.column("SELECT DISTINCT key FROM churn.verify('churn.customers')")
    assert wrong == ["2"]


def test_rescoring_with_a_compiled_model_imports_no_library_of_training(
    compiled_database,
):
    session = compiled_database.session(autocommit=True)
    session.run("CALL churn.rescore('churn.customers')")

    assert not loaded_packages(session).intersection(HEAVY)
    assert_fresh(session, MODEL)
    session.close()


def test_a_session_whose_transaction_failed_imports_no_library_of_training(fresh):
    fresh.refusal(
        "SELECT churn.predict((SELECT version FROM churn.active_deployments), '{}')"
    )
    fresh.refusal("SELECT churn.predict(999999, '{}')")
    fresh.run(SCORING["insert"])

    assert not loaded_packages(fresh).intersection(HEAVY)


@pytest.mark.parametrize("way", ["insert", "many inserts", "select", "score_many"])
def test_after_warming_the_first_score_loads_nothing(fresh, way):
    assert fresh.value("SELECT churn.warm()") == 1
    packages, models = loaded_packages(fresh), held_models(fresh)
    assert len(models) == 1

    fresh.run(SCORING[way])

    assert loaded_packages(fresh) == packages
    assert held_models(fresh) == models


def test_warming_twice_loads_once(fresh):
    fresh.run("SELECT churn.warm()")
    models = held_models(fresh)

    assert fresh.value("SELECT churn.warm()") == 1
    assert held_models(fresh) == models


def test_a_session_holds_a_set_number_of_models(session):
    versions = [register_once(session, MODEL) for _ in range(MODELS_HELD + 4)]
    values = json.dumps(dict.fromkeys(KINDS))
    predict = "SELECT churn.predict(%s, %s)"

    scores = [session.value(predict, version, values) for version in versions]

    assert len(set(scores)) == 1
    assert [version for version, _ in held_models(session)] == versions[-MODELS_HELD:]
    assert session.value(predict, versions[0], values) == scores[0]
    assert [one for one, _ in held_models(session)] == [
        *versions[-MODELS_HELD + 1 :],
        versions[0],
    ]


def test_score_many_equals_score_row_by_row(session):
    deploy(session, MODEL)

    assert scored_many(session) == approx(selected(session), rel=0, abs=1e-12)
    assert scored_many(session) == approx(expected_scores(session, MODEL), abs=1e-9)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_score_many_of_nothing_is_nothing(session, compiled):
    deploy(session, MODEL, compile_form=compiled)
    many = "SELECT churn.score_many({}::churn.customers[])"

    assert session.value(many.format("'{}'")) == []
    assert session.value(many.format("NULL")) is None
    assert session.value(many.format("ARRAY[NULL, NULL]")) == [None, None]


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_score_many_keeps_the_place_of_rows_that_are_none(session, compiled):
    deploy(session, MODEL, compile_form=compiled)
    expected = selected(session)

    found = session.value("""
        SELECT churn.score_many(
            NULL::churn.customers || array_agg(c ORDER BY customer_id DESC)
            || NULL::churn.customers
        )
        FROM churn.customers c
        """)

    places = [expected[str(i)] for i in range(CUSTOMERS, 0, -1)]
    assert found[0] is None and found[-1] is None
    assert found[1:-1] == approx(places, rel=0, abs=1e-12)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_score_many_answers_what_if(session, compiled):
    deploy(session, MODEL, compile_form=compiled)
    changed = "jsonb_populate_record(c, jsonb_build_object('complaint_count', n))"

    many, one_by_one = session.row(f"""
        SELECT churn.score_many(array_agg({changed} ORDER BY n)),
               array_agg(churn.score({changed}) ORDER BY n)
        FROM churn.customers c, generate_series(0, 5) n WHERE customer_id = 3
        """)

    assert many == approx(one_by_one, rel=0, abs=1e-12)
    assert len(set(many)) == 6


def test_score_many_takes_the_same_row_twice(session):
    deploy(session, MODEL)

    scores = session.value(
        "SELECT churn.score_many(ARRAY[c, c, c]) FROM churn.customers c"
        " WHERE customer_id = 1"
    )

    assert len(scores) == 3
    assert len(set(scores)) == 1


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_score_many_takes_more_rows_than_one_call_of_the_model(session, compiled):
    deploy(session, FOREST, compile_form=compiled)
    add_customers(session, 25_000 - CUSTOMERS)

    found = scored_many(session)

    assert len(found) == 25_000
    assert found == approx(expected_scores(session, FOREST), rel=0, abs=1e-9)


def test_score_many_without_an_active_model_is_refused(bare):
    bare.run("INSERT INTO churn.customers (customer_id) VALUES (1)")

    refused = bare.refusal(SCORE_MANY)

    assert (refused.sqlstate, refused.message) == (
        "55000",
        "no active model for this profile",
    )
    assert refused.hint


def test_score_many_refuses_what_score_refuses(session):
    deploy(session, MODEL)
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity' WHERE customer_id = 3"
    )

    one = session.refusal("SELECT churn.score(c) FROM churn.customers c")
    many = session.refusal(SCORE_MANY)

    assert many == one
    assert many.sqlstate == "22023"


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_both_forms_of_a_model_score_alike_in_every_way(session, classifier):
    model = fit(pipeline=pipeline_for(KINDS, CLASSIFIERS[classifier]), seed=4)
    found = {}
    for is_compiled in (False, True):
        version = deploy(session, model, compile_form=is_compiled)
        with_complaint = "INSERT INTO churn.complaints (customer_id) VALUES (%s)"
        by_statement = stored_scores(session)
        session.run("SAVEPOINT complaints")
        for customer in (1, 2, 3):
            session.run(with_complaint, customer)
        by_trigger = stored_scores(session)
        assert divergences(session) == []
        session.run("ROLLBACK TO SAVEPOINT complaints")
        found[is_compiled] = {
            "statement": by_statement,
            "trigger": by_trigger,
            "select": selected(session),
            "predict": predicted(session, version),
            "many": scored_many(session),
        }
        assert found[is_compiled]["statement"] == approx(
            expected_scores(session, model), rel=0, abs=1e-9
        )
        kinds = dict(held_models(session))
        assert kinds[version] == ("CompiledModel" if is_compiled else "PickledModel")

    for way, scores in found[True].items():
        assert scores == approx(found[False][way], rel=0, abs=1e-9), way


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_rescoring_in_either_form_gives_what_scikit_learn_gives(
    module_database, compiled
):
    session = module_database.session(autocommit=True)
    model = fit(seed=8)
    version = register(session, model, compile_form=compiled)
    before = session.value("SELECT version FROM churn.active_deployments")
    activate(session, version)

    session.run("CALL churn.rescore('churn.customers', 7)")

    assert stored_scores(session) == approx(
        expected_scores(session, model), rel=0, abs=1e-9
    )
    activate(session, before)
    session.run("CALL churn.rescore('churn.customers')")
    session.close()


def test_a_session_loads_what_reads_pickles_with_its_first(trained_database):
    first, fresh = trained_database.session(), trained_database.session()
    pickled = register(first, MODEL, compile_form=False)
    compiled = register(first, MODEL)
    first.commit()
    fresh.run("""
        CREATE FUNCTION pg_temp.reads_pickles() RETURNS boolean
        LANGUAGE plpython3u AS $$
            import sys
            return "churn_runtime.strict_pickle" in sys.modules
        $$
        """)
    score = "SELECT churn.predict(%s, to_jsonb(c)) FROM churn.customers c LIMIT 1"

    fresh.run(score, compiled)
    assert fresh.value("SELECT pg_temp.reads_pickles()") is False
    fresh.run(score, pickled)
    assert fresh.value("SELECT pg_temp.reads_pickles()") is True


def test_a_session_of_a_pickled_version_goes_on_with_a_compiled_one(session):
    pickled = deploy(session, MODEL, compile_form=False)
    before = selected(session)

    compiled = deploy(session, other_model())

    assert (
        dict(held_models(session)).items()
        >= {
            pickled: "PickledModel",
            compiled: "CompiledModel",
        }.items()
    )
    assert_fresh(session, other_model())
    session.run("SELECT churn.rollback_model('churn.customers')")
    assert selected(session) == approx(before, rel=0, abs=0)


def test_an_activation_elsewhere_reaches_a_session_that_has_scored(trained_database):
    first, second = trained_database.session(), trained_database.session()
    before = first.value("SELECT churn.score_customer(1)")
    first.commit()
    version = register(second, other_model())
    activate(second, version)
    second.commit()

    assert first.value("SELECT churn.score_customer(1)") != before
    assert selected(first) == approx(expected_scores(first, other_model()), abs=1e-9)
    assert dict(held_models(first))[version] == "CompiledModel"


def test_trees_of_a_single_leaf_score_every_row(session):
    classifier = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=500)
    model = fit(pipeline=pipeline_for(KINDS, classifier))

    deploy(session, model)

    expected = expected_scores(session, model)
    assert stored_scores(session) == approx(expected, abs=1e-9)
    assert scored_many(session) == approx(expected, abs=1e-9)
    assert divergences(session) == []


def test_an_infinity_in_the_table_is_no_reason_against_a_compiled_form(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity' WHERE customer_id = 3"
    )

    version = register(session, FOREST, replay={})

    assert kept(session, version)[0]


def test_a_text_spelled_like_a_missing_one_is_scored_as_a_text(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.customers SET contract = 'nan' WHERE customer_id = 1")
    session.run("UPDATE churn.customers SET contract = NULL WHERE customer_id = 2")
    session.run("UPDATE churn.customers SET contract = '' WHERE customer_id = 3")
    session.run("SET LOCAL session_replication_role = origin")

    version = deploy(session, FOREST)

    assert kept(session, version)[0]
    assert selected(session) == approx(expected_scores(session, FOREST), abs=1e-9)

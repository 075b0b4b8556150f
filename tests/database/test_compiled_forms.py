"""Compiled forms on the server: what is kept, what it scores, what a session loads."""

import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from pgchurn.loader.compiling import compile_model
from pgchurn.loader.models.boundary_rows import boundary_rows
from pgchurn.plpython.runtime.registry import MODELS_HELD
from pgchurn.plpython.runtime.signature import Signature
from pytest import approx
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression

from tests.models import (
    CUSTOMERS,
    KINDS,
    activate,
    assert_fresh,
    default_model,
    divergences,
    expected_scores,
    fit,
    other_model,
    pipeline_for,
    read_features,
    rescore_in_place,
    stored_scores,
)

MODEL = default_model()
SCORE_MANY = "SELECT churn.score_many(array_agg(c)) FROM churn.customers c"
REGISTER = (
    "SELECT churn.register_model('churn.customers', %s, %s, '{}', %s, '{}',"
    " %s::text[], %s::float8[], %s, %s, %s::float8[], %s::text[])"
)
HEAVY = ("sklearn", "pandas", "scipy", "skl2onnx", "onnx", "joblib")
CLASSIFIERS = {
    "logistic": LogisticRegression(),
    "gradient boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "forest": RandomForestClassifier(10, random_state=0),
    "hist": HistGradientBoostingClassifier(
        max_iter=10, min_samples_leaf=5, random_state=0
    ),
}
FOREST = fit(pipeline=pipeline_for(KINDS, CLASSIFIERS["forest"]))


def compiled_form(model):
    """Return the bytes of a model's compiled form."""
    return compile_model(model.pipeline, Signature.from_json(model.signature))


def register(session, model, compiled, compilation="", edges=True, replay=None):
    """Register a model with a compiled form, or with None; return its version."""
    replay = expected_scores(session, model) if replay is None else replay
    numbers = texts = None
    if edges and compiled is not None:
        signature = Signature.from_json(model.signature)
        frame = read_features(session, model.kinds)
        numbers, texts = boundary_rows(signature, frame, compiled_form(model))
        numbers = numbers if numbers[0] else None
        texts = texts if texts[0] else None
    return session.value(
        REGISTER,
        model.artifact,
        json.dumps(model.signature),
        json.dumps(model.environment),
        list(replay),
        list(replay.values()),
        compiled,
        compilation,
        numbers,
        texts,
    )


def deploy(session, model, compiled):
    """Register and activate a model and score every row; return its version."""
    version = register(session, model, compiled)
    activate(session, version)
    rescore_in_place(session, "churn.customers")
    return version


def kept(session, version):
    """Return whether a version has a compiled form, its parity, and the note."""
    return session.row(
        "SELECT compiled IS NOT NULL, parity, compilation FROM churn.models"
        " WHERE version = %s",
        version,
    )


def doctored(compiled, attribute, change):
    """Return a compiled form with one tensor of its trees changed."""
    model = onnx.load_from_string(compiled)
    changed = 0
    for node in model.graph.node:
        for one in node.attribute:
            if one.name == attribute:
                values = change(numpy_helper.to_array(one.t).copy())
                one.t.CopyFrom(numpy_helper.from_array(values, one.t.name))
                changed += 1
    assert changed
    return model.SerializeToString()


def with_larger_constants(compiled, by):
    """Return a compiled form whose constants are all off by a little."""
    model = onnx.load_from_string(compiled)
    for one in model.graph.initializer:
        values = numpy_helper.to_array(one)
        one.CopyFrom(numpy_helper.from_array(values + by, one.name))
    return model.SerializeToString()


def one_threshold_moved(splits):
    """Move the root's comparison by a thousandth."""
    splits[0] += 1e-3
    return splits


def one_leaf_raised(weights):
    """Raise a leaf's value by a ten-thousandth."""
    weights[0] += 1e-4
    return weights


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
    compiled = compiled_form(model)

    version = register(session, model, compiled)

    has_form, parity, note = kept(session, version)
    assert has_form
    assert parity < 1e-12
    assert note.startswith("compared on ")
    assert int(note.split()[2]) > CUSTOMERS
    assert session.value(
        "SELECT compiled = %s AND compiled_sha256 = sha256(compiled)"
        " FROM churn.models WHERE version = %s",
        *(compiled, version),
    )
    assert "no compiled form" not in session.take_notices()


def test_every_row_of_a_small_table_is_compared(session):
    version = register(session, MODEL, compiled_form(MODEL), edges=False)

    assert kept(session, version)[2] == f"compared on {CUSTOMERS} rows"


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

    version = register(session, MODEL, compiled_form(MODEL), edges=False, replay={})

    assert kept(session, version)[2] == "compared on 10000 rows"


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
        compiled_form(model),
        edges=False,
        replay=dict(zip(replay, model.probabilities(frame).tolist())),
    )

    assert missing > 0
    assert kept(session, version)[2] == f"compared on {CUSTOMERS - missing} rows"


def assert_left_out(session, version, model, *reasons):
    """Check that a version has no compiled form, says why, and scores all the same."""
    has_form, parity, note = kept(session, version)
    notices = session.take_notices()
    assert (has_form, parity) == (False, None)
    assert note.startswith("no compiled form: ")
    assert "NOTICE" in notices
    assert "no compiled form was kept" in notices
    for reason in reasons:
        assert reason in note
        assert reason in notices
    activate(session, version)
    assert selected(session) == approx(expected_scores(session, model), abs=1e-9)
    assert dict(held_models(session))[version] == "PickledModel"


@pytest.mark.parametrize(
    "attribute, change",
    [("nodes_splits", one_threshold_moved), ("leaf_weights", one_leaf_raised)],
)
def test_a_compiled_form_with_one_tree_off_by_a_little_is_left_out(
    session, attribute, change
):
    compiled = doctored(compiled_form(FOREST), attribute, change)

    version = register(session, FOREST, compiled)

    assert_left_out(session, version, FOREST, "it differs from the pickle by", "1e-06")


def test_a_compiled_form_with_weights_off_by_a_little_is_left_out(session):
    compiled = with_larger_constants(compiled_form(MODEL), 1e-4)

    version = register(session, MODEL, compiled)

    assert_left_out(session, version, MODEL, "it differs from the pickle by")


def test_another_models_compiled_form_is_left_out(session):
    version = register(session, MODEL, compiled_form(other_model()))

    assert_left_out(session, version, MODEL, "it differs from the pickle by")


@pytest.mark.parametrize("content", [b"no ONNX at all", b"\x00", b""])
def test_bytes_that_are_no_onnx_are_left_out(session, content):
    version = register(session, MODEL, content)

    assert_left_out(session, version, MODEL)


def test_a_compiled_form_with_a_graph_of_ones_own_is_left_out(session):
    model = onnx.load_from_string(compiled_form(MODEL))
    branch = onnx.helper.make_graph([], "branch", [], [])
    model.graph.node.append(
        onnx.helper.make_node("Loop", ["c0", ""], ["x"], body=branch)
    )

    version = register(session, MODEL, model.SerializeToString())

    assert_left_out(session, version, MODEL, "none that pgchurn compiles", "Loop")


def test_a_tree_that_crashes_onnx_runtime_is_left_out(session):
    depth = 50_000
    model = onnx.load_from_string(compiled_form(FOREST))
    (trees,) = [node for node in model.graph.node if node.op_type == "TreeEnsemble"]
    values = {
        "nodes_featureids": [0] * depth,
        "nodes_missing_value_tracks_true": [0] * depth,
        "nodes_truenodeids": [*range(1, depth), 0],
        "nodes_trueleafs": [0] * (depth - 1) + [1],
        "nodes_falsenodeids": [0] * depth,
        "nodes_falseleafs": [1] * depth,
        "tree_roots": [0],
        "leaf_targetids": [0],
        "nodes_modes": np.zeros(depth, np.uint8),
        "nodes_splits": np.zeros(depth),
        "leaf_weights": np.zeros(1),
    }
    for one in trees.attribute:
        value = values.get(one.name)
        if isinstance(value, list):
            one.ints[:] = value
        elif value is not None:
            one.t.CopyFrom(numpy_helper.from_array(value))

    version = register(session, FOREST, model.SerializeToString())

    assert_left_out(session, version, FOREST, "none that pgchurn compiles", "deeper")


@pytest.mark.parametrize(
    "change",
    [
        {"constant": "__import__('os')._exit(1)"},
        {"weights": [["0 or exit()", 1.0, None]]},
        {"trees": [[0, 0, "0.0 else exit()", True, 0.0, 1.0]]},
        {"width": 3},
        {"nodes": -1},
        None,
    ],
)
def test_a_row_program_that_is_more_than_numbers_is_left_out(session, change):
    model = onnx.load_from_string(compiled_form(MODEL))
    (properties,) = model.metadata_props
    metadata = json.loads(properties.value)
    metadata["row_program"] = change and {**metadata["row_program"], **change}
    metadata["texts"] = metadata["texts"] if change else {}
    properties.value = json.dumps(metadata)

    version = register(session, MODEL, model.SerializeToString())

    assert_left_out(session, version, MODEL, "it fails where the pickle scores")


def test_a_compiled_form_of_other_features_is_left_out(session):
    fewer = fit({"age": "number", "contract": "text"})

    version = register(session, MODEL, compiled_form(fewer))

    assert_left_out(session, version, MODEL, "it fails where the pickle scores")


def test_one_probability_for_all_rows_is_left_out(session):
    compiled = onnx.load_from_string(compiled_form(MODEL))
    constant = numpy_helper.from_array(np.array([[0.5]]), "half")
    compiled.graph.initializer.append(constant)
    compiled.graph.node[-1].input[0] = "half"

    version = register(session, MODEL, compiled.SerializeToString())

    assert_left_out(session, version, MODEL)


def test_without_a_row_to_compare_on_a_compiled_form_is_left_out(bare):
    version = register(bare, MODEL, compiled_form(MODEL), edges=False, replay={})

    has_form, _, note = kept(bare, version)
    assert not has_form
    assert note == "no compiled form: there was no row to compare it on"


def test_edge_rows_alone_are_enough_to_compare_on(bare):
    version = register(bare, MODEL, compiled_form(MODEL), replay={})

    assert kept(bare, version)[0]


@pytest.mark.parametrize("said", ["it was not wanted", "not covered: SomeClassifier"])
def test_a_version_without_a_compiled_form_keeps_the_reason(session, said):
    version = register(session, MODEL, None, said)

    assert kept(session, version) == (False, None, f"no compiled form: {said}")
    assert "no compiled form" not in session.take_notices()
    expected = expected_scores(session, MODEL)
    assert predicted(session, version) == approx(expected, abs=1e-9)
    assert dict(held_models(session))[version] == "PickledModel"


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
    version = register(session, MODEL, compiled_form(MODEL))
    activate(session, version)
    other = register(session, MODEL, compiled_form(MODEL))
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
    version = deploy(session, MODEL, compiled_form(MODEL))
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
    version = deploy(session, MODEL, compiled_form(MODEL))
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
    assert "onnxruntime" in packages
    assert fresh.take_notices() == ""
    assert [kind for _, kind in held_models(fresh)] == ["CompiledModel"]


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
    compiled = compiled_form(MODEL)
    versions = [register(session, MODEL, compiled) for _ in range(MODELS_HELD + 4)]
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
    deploy(session, MODEL, compiled_form(MODEL))

    assert scored_many(session) == approx(selected(session), rel=0, abs=1e-12)
    assert scored_many(session) == approx(expected_scores(session, MODEL), abs=1e-9)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_score_many_of_nothing_is_nothing(session, compiled):
    deploy(session, MODEL, compiled_form(MODEL) if compiled else None)
    many = "SELECT churn.score_many({}::churn.customers[])"

    assert session.value(many.format("'{}'")) == []
    assert session.value(many.format("NULL")) is None
    assert session.value(many.format("ARRAY[NULL, NULL]")) == [None, None]


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_score_many_keeps_the_place_of_rows_that_are_none(session, compiled):
    deploy(session, MODEL, compiled_form(MODEL) if compiled else None)
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
    deploy(session, MODEL, compiled_form(MODEL) if compiled else None)
    changed = "jsonb_populate_record(c, jsonb_build_object('complaint_count', n))"

    many, one_by_one = session.row(f"""
        SELECT churn.score_many(array_agg({changed} ORDER BY n)),
               array_agg(churn.score({changed}) ORDER BY n)
        FROM churn.customers c, generate_series(0, 5) n WHERE customer_id = 3
        """)

    assert many == approx(one_by_one, rel=0, abs=1e-12)
    assert len(set(many)) == 6


def test_score_many_takes_the_same_row_twice(session):
    deploy(session, MODEL, compiled_form(MODEL))

    scores = session.value(
        "SELECT churn.score_many(ARRAY[c, c, c]) FROM churn.customers c"
        " WHERE customer_id = 1"
    )

    assert len(scores) == 3
    assert len(set(scores)) == 1


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_score_many_takes_more_rows_than_one_call_of_the_model(session, compiled):
    deploy(session, FOREST, compiled_form(FOREST) if compiled else None)
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
    deploy(session, MODEL, compiled_form(MODEL))
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
    for form in (None, compiled_form(model)):
        version = deploy(session, model, form)
        with_complaint = "INSERT INTO churn.complaints (customer_id) VALUES (%s)"
        by_statement = stored_scores(session)
        session.run("SAVEPOINT complaints")
        for customer in (1, 2, 3):
            session.run(with_complaint, customer)
        by_trigger = stored_scores(session)
        assert divergences(session) == []
        session.run("ROLLBACK TO SAVEPOINT complaints")
        found[form is not None] = {
            "statement": by_statement,
            "trigger": by_trigger,
            "select": selected(session),
            "predict": predicted(session, version),
            "many": scored_many(session),
        }
        assert found[form is not None]["statement"] == approx(
            expected_scores(session, model), rel=0, abs=1e-9
        )
        kinds = dict(held_models(session))
        assert kinds[version] == ("PickledModel" if form is None else "CompiledModel")

    for way, scores in found[True].items():
        assert scores == approx(found[False][way], rel=0, abs=1e-9), way


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "pickled"])
def test_rescoring_in_either_form_gives_what_scikit_learn_gives(
    module_database, compiled
):
    session = module_database.session(autocommit=True)
    model = fit(seed=8)
    version = register(session, model, compiled_form(model) if compiled else None)
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
    pickled = first.value("SELECT version FROM churn.active_deployments")
    compiled = register(first, MODEL, compiled_form(MODEL))
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
    pickled = deploy(session, MODEL, None)
    before = selected(session)

    compiled = deploy(session, other_model(), compiled_form(other_model()))

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
    version = register(second, other_model(), compiled_form(other_model()))
    activate(second, version)
    second.commit()

    assert first.value("SELECT churn.score_customer(1)") != before
    assert selected(first) == approx(expected_scores(first, other_model()), abs=1e-9)
    assert dict(held_models(first))[version] == "CompiledModel"


def test_trees_of_a_single_leaf_score_every_row(session):
    classifier = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=500)
    model = fit(pipeline=pipeline_for(KINDS, classifier))

    deploy(session, model, compiled_form(model))

    expected = expected_scores(session, model)
    assert stored_scores(session) == approx(expected, abs=1e-9)
    assert scored_many(session) == approx(expected, abs=1e-9)
    assert divergences(session) == []


def test_an_infinity_in_the_table_is_no_reason_against_a_compiled_form(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity' WHERE customer_id = 3"
    )

    version = register(session, FOREST, compiled_form(FOREST), replay={})

    assert kept(session, version)[0]


def test_a_text_spelled_like_a_missing_one_is_scored_as_a_text(session):
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.customers SET contract = 'nan' WHERE customer_id = 1")
    session.run("UPDATE churn.customers SET contract = NULL WHERE customer_id = 2")
    session.run("UPDATE churn.customers SET contract = '' WHERE customer_id = 3")
    session.run("SET LOCAL session_replication_role = origin")

    version = deploy(session, FOREST, compiled_form(FOREST))

    assert kept(session, version)[0]
    assert selected(session) == approx(expected_scores(session, FOREST), abs=1e-9)

import hashlib
import json
import pickle

import pytest
from sklearn.linear_model import LinearRegression

from tests.models import (
    KINDS,
    activate,
    default_model,
    deploy,
    expected_scores,
    fit,
    other_model,
    pipeline_for,
    register,
)

MODEL = default_model()
REGISTER = (
    "SELECT churn.register_model('churn.customers', %s, %s, '{}', %s, '{}',"
    " %s::text[], %s::float8[])"
)


def refusal(session, model=MODEL, replay=None, **changed):
    replay = expected_scores(session, MODEL) if replay is None else replay
    before = session.value("SELECT count(*) FROM churn.models")
    refused = session.refusal(
        REGISTER,
        changed.get("artifact", model.artifact),
        json.dumps(changed.get("signature", model.signature)),
        json.dumps(changed.get("environment", model.environment)),
        list(replay),
        list(replay.values()),
    )
    assert session.value("SELECT count(*) FROM churn.models") == before
    return refused


def test_a_registered_version_keeps_all_that_was_said_about_it(session):
    version = register(
        session, MODEL, metrics='{"roc_auc": 0.9}', provenance='{"table": "t"}'
    )

    stored = session.row(
        "SELECT artifact, artifact_sha256, signature, metrics, environment, provenance,"
        " registered_by, registered_at = now() FROM churn.models WHERE version = %s",
        version,
    )
    assert bytes(stored[0]) == MODEL.artifact
    assert bytes(stored[1]) == hashlib.sha256(MODEL.artifact).digest()
    assert stored[2:6] == (
        MODEL.signature,
        {"roc_auc": 0.9},
        MODEL.environment,
        {"table": "t"},
    )
    assert stored[6:] == (session.value("SELECT session_user"), True)


def test_registering_does_not_activate(session):
    before = session.value("SELECT version FROM churn.active_deployments")

    assert register(session, other_model()) > before

    assert session.value("SELECT version FROM churn.active_deployments") == before


@pytest.mark.parametrize("table", ["models", "deployments"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE churn.{} SET attachment_id = 1",
        "UPDATE churn.{} SET version = DEFAULT WHERE false",
        "DELETE FROM churn.{}",
        "TRUNCATE churn.{} CASCADE",
    ],
)
def test_rows_of_the_registry_never_change(session, table, change):
    if "version" in change:
        change = change.replace("version = DEFAULT", "artifact_sha256 = ''")

    refused = session.refusal(change.format(table))

    assert refused.sqlstate == "55000"
    assert refused.message in (
        "rows of churn.models never change",
        "rows of churn.deployments never change",
    )
    assert "churn." in refused.hint


def test_the_server_must_reproduce_the_probabilities(session):
    replay = expected_scores(session, MODEL)
    replay["3"] += 2e-9

    refused = refusal(session, replay=replay)

    assert refused.sqlstate == "22000"
    assert refused.message == "the server does not reproduce the client's probabilities"
    assert refused.detail.startswith("Row 3:")
    assert "package versions" in refused.hint


def test_a_difference_below_the_tolerance_is_none(session):
    replay = {key: p + 5e-10 for key, p in expected_scores(session, MODEL).items()}

    assert register(session, MODEL, replay=replay)


@pytest.mark.parametrize("probability", [float("nan"), None, float("inf"), 7.0])
def test_a_probability_that_is_none_is_not_reproduced(session, probability):
    refused = refusal(session, replay={"1": probability})

    assert refused.sqlstate == "22000"


@pytest.mark.parametrize("keys", [["1", "999999"], ["999999"], ["999998", "999999"]])
def test_a_replayed_row_must_be_there(session, keys):
    replay = {**dict.fromkeys(keys, 0.5), "1": expected_scores(session, MODEL)["1"]}
    replay = {key: replay[key] for key in keys}

    refused = refusal(session, replay=replay)

    assert refused.sqlstate == "22000"
    assert "99999" in refused.detail
    assert "not there" in refused.detail


def test_a_replayed_key_must_be_a_key(session):
    assert refusal(session, replay={"no number": 0.5}).sqlstate == "22P02"


def test_replay_needs_one_probability_for_each_key(session):
    refused = session.refusal(
        REGISTER,
        MODEL.artifact,
        json.dumps(MODEL.signature),
        json.dumps(MODEL.environment),
        ["1", "2"],
        [0.5],
    )

    assert refused.sqlstate == "22023"
    assert refused.message == "replay needs one probability for each key"


def test_an_empty_profile_leaves_nothing_to_replay(bare):
    version = register(bare, MODEL, replay={})

    assert version
    assert "no row of churn.customers was there to replay" in bare.take_notices()


@pytest.mark.parametrize("package", ["scikit-learn", "numpy"])
@pytest.mark.parametrize("version", ["0.1", None])
def test_another_version_of_a_package_is_refused(session, package, version):
    here = MODEL.environment[package]

    refused = refusal(session, environment={**MODEL.environment, package: version})

    assert refused.sqlstate == "55000"
    assert refused.message == (
        f"model needs {package} {version}, but this Python has {here}"
    )
    assert f"Install {package} {version}" in refused.hint


@pytest.mark.parametrize("environment", [{}, [], None, "text", 1])
def test_an_environment_that_says_nothing_is_refused(session, environment):
    refused = refusal(session, environment=environment)

    assert refused.sqlstate in ("55000", "22023")
    assert refused.hint


MALFORMED = {
    "null": None,
    "a list": [],
    "a number": 1,
    "no features": {"classes": [0, 1], "positive_class": 1, "named_columns": True},
    "features are no list": {**MODEL.signature, "features": 5},
    "a feature is no object": {**MODEL.signature, "features": ["age"]},
    "a feature has no kind": {
        **MODEL.signature,
        "features": [{"name": "age", "accepts_null": True}],
    },
    "an unknown kind": {
        **MODEL.signature,
        "features": [{"name": "age", "kind": "date", "accepts_null": True}],
    },
    "a feature twice": {
        **MODEL.signature,
        "features": MODEL.signature["features"] + MODEL.signature["features"][:1],
    },
    "an empty list": {**MODEL.signature, "features": []},
    "three classes": {**MODEL.signature, "classes": [0, 1, 2]},
    "classes are no list": {**MODEL.signature, "classes": 2},
    "a positive class that is none": {**MODEL.signature, "positive_class": 2},
    "a positive class that is a name": {**MODEL.signature, "positive_class": "yes"},
    "no positive class": {**MODEL.signature, "positive_class": None},
}


@pytest.mark.parametrize("signature", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_signature_is_refused(session, signature):
    refused = refusal(session, signature=signature)

    assert refused.sqlstate == "22023"
    assert "\n" not in refused.message


class Unimportable:
    """Of a module that the server does not have."""


@pytest.mark.parametrize(
    "artifact",
    [
        b"",
        b"no pickle",
        MODEL.artifact[:-20],
        pickle.dumps(Unimportable()),
        b"cnosuchmodule\nthing\n.",
    ],
    ids=["empty", "text", "cut short", "of the tests", "of nowhere"],
)
def test_a_pickle_that_does_not_load_is_refused(session, artifact):
    refused = refusal(session, artifact=artifact)

    assert refused.sqlstate == "55000"
    assert refused.message == "model cannot be unpickled"
    assert refused.detail


@pytest.mark.parametrize(
    "thing",
    [
        {"a": "dict"},
        None,
        [1, 2],
        LinearRegression().fit([[0.0]], [0.0]),
        fit.__defaults__,
    ],
    ids=["a dict", "none", "a list", "a regressor", "a tuple"],
)
def test_a_pickle_of_something_else_is_refused_clearly(session, thing):
    refused = refusal(session, artifact=pickle.dumps(thing))

    assert refused.sqlstate in ("22023", "55000")
    assert refused.message.startswith("model ")


def test_a_classifier_that_was_never_fitted_is_refused(session):
    refused = refusal(session, artifact=pickle.dumps(pipeline_for(KINDS)))

    assert refused.sqlstate == "55000"
    assert refused.message == "model is not a fitted classifier with predict_proba"
    assert refused.hint == "Call fit before it is pickled."


def test_a_feature_that_the_profile_lacks_is_refused(session):
    model = fit({"age": "number", "shoe_size": "number"})

    refused = refusal(session, model)

    assert refused.sqlstate == "42703"
    assert refused.message == 'feature "shoe_size" is missing from the profile'


def test_a_feature_of_another_kind_is_refused(session):
    model = fit({"age": "text"})

    assert refusal(session, model).sqlstate == "42804"


@pytest.mark.parametrize("feature", ["churn_score", "churn_model_version"])
def test_the_scores_own_columns_are_no_features(session, feature):
    model = fit({"age": "number", feature: "number"})

    assert refusal(session, model).sqlstate == "42703"


def test_without_rows_to_replay_a_broken_model_is_refused_all_the_same(bare):
    refused = bare.refusal(
        REGISTER,
        b"no pickle",
        json.dumps(MODEL.signature),
        json.dumps(MODEL.environment),
        [],
        [],
    )

    assert refused.sqlstate == "55000"


def test_a_table_that_is_not_attached_has_no_models(session):
    session.run("CREATE TABLE public.strangers (id integer PRIMARY KEY)")

    with pytest.raises(Exception) as raised, session.savepoint():
        register(session, MODEL, "public.strangers", "id", replay={})

    assert raised.value.pgcode == "22023"
    assert "churn.attach" in raised.value.diag.message_hint


def test_bytes_that_were_changed_behind_the_registry_are_found_out(session):
    version = register(session, other_model())
    session.run("SET LOCAL session_replication_role = replica")
    session.run("ALTER TABLE churn.models DROP CONSTRAINT models_check")
    session.run(
        "UPDATE churn.models SET artifact = %s WHERE version = %s",
        fit(seed=77).artifact,
        version,
    )
    session.run("SET LOCAL session_replication_role = origin")

    refused = session.refusal("SELECT churn.predict(%s, '{}')", version)

    # This session holds the bytes that belong to the digest: it may go on with them.
    assert refused.sqlstate in ("XX001", "42703")


def test_versions_are_never_used_twice(session):
    with pytest.raises(ZeroDivisionError), session.savepoint():
        lost = register(session, other_model())
        1 / 0

    assert register(session, other_model()) > lost


def test_a_deployment_of_one_attachment_is_none_of_another(session):
    session.run(
        "CREATE TABLE public.clients (id integer PRIMARY KEY, age integer);"
        "CREATE TABLE public.calls (client integer, at date);"
        "INSERT INTO public.clients VALUES (1, 30), (2, 40);"
        "SELECT churn.attach('public.clients', 'id', 'public.calls', 'client', 'at')"
    )
    active = session.value("SELECT version FROM churn.active_deployments")
    model = fit({"age": "number", "complaint_count": "number"})

    version = deploy(session, model, "public.clients", "id")

    assert dict(
        session.run("SELECT profile::text, version FROM churn.active_deployments")
    ) == {"churn.customers": active, "clients": version}
    activate(session, register(session, other_model()))
    assert (
        session.value(
            "SELECT version FROM churn.active_deployments"
            " WHERE profile = 'public.clients'::regclass"
        )
        == version
    )

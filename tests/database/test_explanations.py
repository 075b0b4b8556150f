"""What explains a version: made when it is registered, kept beside its forms."""

import json
from dataclasses import replace

import numpy as np
import psycopg2
import pytest
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.candidate import Candidate
from pgchurn.plpython.runtime.explainer import Explainer
from pgchurn.plpython.runtime.signature import Signature

from tests.imported import modules_of_scoring
from tests.models import KINDS, default_model, read_features, register_once, unexplained
from tests.signers import (
    KEY,
    REGISTER,
    register_signed,
    registration,
    signed,
    trust,
)

MODEL = default_model()
KEPT = (
    "SELECT explanation, explanation_sha256 = sha256(explanation), explanation_problem,"
    " reference FROM churn.models WHERE version = %s"
)
# What ``Explanations`` of the runtime gives in a session.
EXPLAINED = """
    CREATE FUNCTION base_of(version bigint) RETURNS float8 LANGUAGE plpython3u AS $$
        plpy.execute("SELECT churn_internal.load_runtime()")
        from importlib import import_module
        runtime = type(GD["pgchurn"]).__module__.rpartition(".")[0]
        explanations = import_module(f"{runtime}.explanations")
        return explanations.Explanations(GD["pgchurn"].registry).explainer(version).base
    $$
"""


BASE = "SELECT base_of(%s)"


@pytest.fixture
def session(first):
    """A session of a superuser, with a function that reads what explains a version."""
    first.run(EXPLAINED)
    return first


def explained(session, version):
    """Return what explains a version, and the problem that it says it has."""
    content, is_whole, problem, reference = session.row(KEPT, version)
    assert is_whole or content is None
    if content is None:
        return None, problem, reference
    signature = Signature.from_json(
        session.value("SELECT signature FROM churn.models WHERE version = %s", version)
    )
    return Explainer(bytes(content), signature, reference), problem, reference


@pytest.mark.parametrize("compile_form", [True, False])
def test_a_registered_version_is_explained_whichever_form_scores(session, compile_form):
    version = register_once(session, MODEL, compile_form=compile_form)

    explainer, problem, reference = explained(session, version)

    assert problem is None
    frame = read_features(session, KINDS)
    found = explainer.explain({name: frame[name].to_numpy() for name in KINDS})
    wanted = MODEL.probabilities(frame)
    np.testing.assert_allclose(found.scores, wanted, rtol=0, atol=1e-12)
    assert reference["source"] == (
        "rows of the profile at registration"
        if compile_form
        else "rows replayed at registration"
    )
    assert reference["rows"] == len(wanted)
    assert reference["features"].keys() == reference["contributions"].keys()


def test_a_training_sample_tells_what_is_typical(session):
    frame = read_features(session, KINDS)[:7]
    sample = {
        name: [None if value != value else value for value in frame[name]]
        for name in KINDS
    }
    version = register_with(session, sample)

    explainer, _, reference = explained(session, version)

    assert (reference["source"], reference["rows"]) == ("training sample", 7)
    found = explainer.explain({name: frame[name].to_numpy() for name in KINDS})
    # A line contributes nothing, over the rows that its means are of.
    total = found.contributions.mean(axis=0)
    np.testing.assert_allclose(total, 0, atol=1e-12)


FIRST = next(iter(KINDS))
NO_SAMPLES = {
    "without a feature": ({name: [] for name in KINDS if name != FIRST}, "malformed"),
    "of unequal lengths": ({**dict.fromkeys(KINDS, [None]), FIRST: []}, "malformed"),
    "of other kinds": (dict.fromkeys(KINDS, [[]]), "malformed"),
    "of no lists": (dict.fromkeys(KINDS, 3), "malformed"),
    "no object": ([1], "malformed"),
    "of many rows": (dict.fromkeys(KINDS, [None] * 10_001), "10,000 rows at most"),
}


@pytest.mark.parametrize("kind", NO_SAMPLES)
def test_a_training_sample_that_is_none_is_refused(session, kind):
    sample, message = NO_SAMPLES[kind]

    with pytest.raises(psycopg2.Error, match=message), session.savepoint():
        register_with(session, sample)


def register_with(session, sample):
    """Register a model with rows of its training; return its version."""
    with session.connection.cursor() as cursor:
        cursor.execute(
            REGISTER.replace(
                "allow_older =>", "training_sample => %(sample)s, allow_older =>"
            ),
            {**registration(session, MODEL), "sample": json.dumps(sample)},
        )
        return cursor.fetchone()[0]


def test_without_a_row_a_line_is_kept_and_says_what_it_lacks(session):
    session.run("DELETE FROM churn.complaints")
    session.run("DELETE FROM churn.customers")
    version = register_once(session, MODEL, replay={})

    refused = session.refusal(BASE, version)

    assert session.row(KEPT, version)[1:] == (True, None, None)
    assert "needs typical rows" in refused.message
    assert "Register it again" in refused.message


def test_what_has_no_explanation_says_which_families_have_one(session):
    version = register_once(session, unexplained())

    content, _, problem, reference = session.row(KEPT, version)

    assert content is None
    assert problem.startswith("KNeighborsClassifier; explained are logistic regression")
    assert reference["rows"] == len(read_features(session, KINDS))
    refused = session.refusal(BASE, version)
    assert f"model version {version} has no explanation" in refused.message
    assert "KNeighborsClassifier" in refused.message


def test_a_session_reads_what_explains_a_version_and_checks_it(session):
    version = register_once(session, MODEL)
    explainer, _, _ = explained(session, version)

    assert session.value(BASE, version) == explainer.base

    session.run("SET LOCAL session_replication_role = replica")
    session.run("ALTER TABLE churn.models DROP CONSTRAINT models_check3")
    session.run(
        "UPDATE churn.models SET explanation = explanation || '\\x20'"
        " WHERE version = %s",
        version,
    )
    refused = session.refusal(BASE, version)
    assert refused.sqlstate == "38000"
    assert "does not match its digest" in refused.message


def test_no_version_is_explained_by_a_reference_that_somebody_has_altered(session):
    version = register_once(session, MODEL)
    session.run("ALTER TABLE churn.models DISABLE TRIGGER refuse_change")
    session.run(
        "UPDATE churn.models SET reference = jsonb_set(reference, '{rows}', '1')"
        " WHERE version = %s",
        version,
    )

    refused = session.refusal(BASE, version)

    assert f"reference of model version {version} does not match" in refused.message


def test_a_session_that_explains_nothing_imports_nothing_for_it(trained_database):
    session = trained_database.session()

    modules = modules_of_scoring(session)

    assert any(name.endswith(".compiled") for name in modules)
    assert not [name for name in modules if "expla" in name or "reference" in name]


def test_what_was_signed_is_explained_and_nothing_else(session):
    trust(session)
    version = register_signed(session, MODEL, signed(MODEL))
    assert session.row(KEPT, version)[2] is None
    assert -5 < session.value(BASE, version) < 5

    statement = json.loads(signed(MODEL, 2).statement)
    assert statement["explanation_sha256"]
    other = signed_otherwise(MODEL, 2, explanation_sha256=statement["compiled_sha256"])
    version = register_signed(session, MODEL, other)
    content, _, problem, _ = session.row(KEPT, version)
    assert content is None
    assert problem == "the signature does not cover the one that the server made"


def signed_otherwise(model, version, **changed):
    """Return an attestation of a model that states something else of it."""
    signer = Signer(KEY, "churn", version)
    statement, _ = signer.describe(Candidate(model.artifact, model.pipeline))
    return signer.sign(replace(statement, **changed))


def test_a_deleted_version_keeps_nothing_that_explains_it(trained_database):
    session = trained_database.session()
    version = register_once(session, MODEL)
    session.run("SELECT churn.activate_model(%s)", version)
    session.commit()
    for other in (register_once(session, MODEL), 1):
        session.run("SELECT churn.activate_model(%s)", other)
        session.commit()

    session.run("SELECT churn.delete_model(%s)", version)

    content, _, problem, reference = session.row(KEPT, version)
    assert (content, problem, reference) == (None, None, None)

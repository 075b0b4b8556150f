"""Attacks by way of the registry: the server refuses them, and lives on."""

import json

import pytest

from tests.corpus import ATTACKS
from tests.models import default_model

MODEL = default_model()
BY_SQL = (
    "call of os.system",
    "call of numpy.testing._private.utils.runstring",
    "dotted name sklearn os.system",
    "opcode EXT1",
    "a second pickle after the first",
    "object array of raw bytes, by BUILD",
    "tree child 2e9",
    "tree child its own ancestor",
    "histogram tree feature 2e9",
    "one-hot encoder beyond its columns",
    "BUILD on a class",
    "a doubling tuple as a key",
    "BYTEARRAY8 of 64 GiB",
    "NaN coefficients",
)


@pytest.mark.parametrize("attack", BY_SQL)
def test_an_attack_is_refused_in_sql(session, attack):
    backend = session.value("SELECT pg_backend_pid()")

    refused = session.refusal(
        "SELECT churn.register_model('churn.customers', %s, %s, '{}', %s, '{}',"
        " '{}'::text[], '{}'::float8[])",
        ATTACKS[attack](),
        json.dumps(MODEL.signature),
        json.dumps(MODEL.environment),
    )

    assert refused.sqlstate == "55000"
    assert refused.message.startswith("model ")
    assert refused.detail and refused.hint
    assert session.value("SELECT pg_backend_pid()") == backend
    assert session.value("SELECT churn.score_customer(1)") > 0


def test_an_attack_in_the_registry_itself_does_not_reach_the_pickle_module(session):
    artifact = ATTACKS["call of os.system"]()
    version = session.value("SELECT max(version) FROM churn.models")
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        "UPDATE churn.models SET artifact = %s, artifact_sha256 = sha256(%s),"
        " compiled = NULL, compiled_sha256 = NULL, parity = NULL WHERE version = %s",
        *(artifact, artifact, version),
    )
    session.run("SELECT churn_trust.allow_pickle(sha256(%s), 'a trap')", artifact)

    refused = session.refusal("SELECT churn.predict(%s, '{}')", version)

    assert refused.message == "model cannot be unpickled"
    assert refused.detail == "The name os.system is not permitted."

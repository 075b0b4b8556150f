"""Keys that sign the tests' models."""

import json
from dataclasses import replace
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.registration import attestation_parameters
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.signature import Signature

from tests.models import expected_scores

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
LONG_AGO = date(2020, 1, 1)

REGISTER = """
    SELECT churn.register_model(
        %(profile)s::regclass, %(artifact)s, %(signature)s, '{}', %(environment)s, '{}',
        %(keys)s::text[], %(probabilities)s::float8[], compile => %(compile)s,
        allow_pickle => %(allow_pickle)s, attestation => %(attestation)s,
        attestation_signature => %(attestation_signature)s,
        attestation_key => %(attestation_key)s, allow_older => %(allow_older)s
    )
"""


def public_pem(private_key):
    """Return the public half as PEM."""
    return (
        private_key.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def private_pem(private_key):
    """Return a private key as PEM."""
    return private_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode()


def signed(model, version=1, key=KEY, **options):
    """Return a model's attestation."""
    signer = Signer(key, "churn", version, **options)
    features = () if model.named_columns else list(model.kinds)
    candidate = Candidate(model.artifact, model.pipeline)
    statement, _ = signer.describe(candidate, features)
    return signer.sign(statement)


def signed_with_form(model, version, compiled_sha256):
    """Return an attestation that states which compiled form a model has."""
    signer = Signer(KEY, "churn", version)
    candidate = Candidate(model.artifact, model.pipeline)
    statement, _ = signer.describe(candidate)
    return signer.sign(replace(statement, compiled_sha256=compiled_sha256))


def registration(session, model, attestation=None, **changed):
    """Return the parameters of REGISTER."""
    replay = expected_scores(session, model)
    return {
        "profile": "churn.customers",
        "artifact": model.artifact,
        "signature": json.dumps(model.signature),
        "environment": json.dumps(model.environment),
        "keys": list(replay),
        "probabilities": list(replay.values()),
        "compile": True,
        "allow_pickle": False,
        "allow_older": False,
        **attestation_parameters(attestation),
        **changed,
    }


def compiled(model):
    """Return a model's compiled form."""
    return compile_model(model.pipeline, Signature.from_json(model.signature))


def register_signed(session, model, attestation=None, **changed):
    """Register a model with its attestation; return its version."""
    with session.connection.cursor() as cursor:
        cursor.execute(REGISTER, registration(session, model, attestation, **changed))
        return cursor.fetchone()[0]


def trust(session, key=KEY):
    """Trust a key; return its fingerprint."""
    return session.value(
        "SELECT churn_trust.trust_key(%s, 'of the tests')", public_pem(key)
    )

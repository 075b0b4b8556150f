"""Candidates whose signature must not be believed, and what comes of them."""

import dataclasses
import json
import tempfile
from pathlib import Path

import psycopg2
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.registration import attestation_parameters as parts

from tests.models import activate, default_model, other_model, populate
from tests.signers import (
    KEY,
    LONG_AGO,
    OTHER_KEY,
    REGISTER,
    register_signed,
    registration,
    signed,
    trust,
)
from tests.soak.bars import Bar

ACTIVE, NEXT, OLDER = 7, 8, 6
# Of the places where a byte can be changed, every so many in the short run.
STRIDE = 50
# What comes of a call of evaluate_candidate, which is not there while this is measured.
EXAMINED = "42883"


class Suspect:
    """A pickle that makes a file when it is read, and what is said about it."""

    def __init__(self, canary):
        self.model = other_model()
        name = str(canary).encode()
        self.artifact = b"\x80\x04cio\nopen\n\x8c%c%b\x8c\x01x\x86R." % (
            len(name),
            name,
        )

    def signed(self, version=NEXT, key=KEY, **changed):
        """Return the attestation that an unsuspecting signer would give it."""
        signer = Signer(key, "churn", version)
        unsuspected = Candidate(self.artifact, self.model.pipeline)
        statement, _ = signer.describe(unsuspected)
        return signer.sign(dataclasses.replace(statement, **changed))


def unsigned(candidate, stride):
    """No signature, or less than a whole one."""
    whole = candidate.signed()
    yield {}
    for part in ("attestation", "attestation_signature", "attestation_key"):
        yield {**parts(whole), part: None}


def wrong_key(candidate, stride):
    """A key that is not trusted, under its own name and under a trusted one's."""
    wrong = candidate.signed(key=OTHER_KEY)
    yield parts(wrong)
    yield {**parts(wrong), "attestation_key": candidate.signed().key}


def tampered(candidate, stride):
    """Another pickle under a good signature, and a signature with a byte changed."""
    whole = candidate.signed()
    yield parts(signed(default_model(), NEXT))
    yield {**parts(whole), "attestation": whole.statement + " "}
    for place in range(0, len(whole.statement), stride):
        changed = chr(ord(whole.statement[place]) ^ 1)
        text = whole.statement[:place] + changed + whole.statement[place + 1 :]
        yield {**parts(whole), "attestation": text}
    for place in range(0, len(whole.signature), max(1, stride // 10)):
        signature = bytearray(whole.signature)
        signature[place] ^= 1
        yield {**parts(whole), "attestation_signature": bytes(signature)}
    yield {**parts(whole), "attestation_signature": b""}


def older_version(candidate, stride):
    """A good signature of what was replaced since."""
    yield parts(candidate.signed(version=OLDER))


def expired(candidate, stride):
    """A good signature whose last day is over."""
    yield parts(candidate.signed(expires=LONG_AGO.isoformat()))


def swapped_metadata(candidate, stride):
    """A good signature, beside a description that is another."""
    whole = parts(candidate.signed())
    signature, environment = candidate.model.signature, candidate.model.environment
    for changed in (
        {"features": signature["features"][::-1]},
        {"features": signature["features"][:-1]},
        {"positive_class": 0},
        {"classes": [0, 1]},
        {"named_columns": False},
    ):
        yield {**whole, "signature": json.dumps({**signature, **changed})}
    for package in ("python", "scikit-learn", "numpy"):
        swapped = json.dumps({**environment, package: "1.0"})
        yield {**whole, "environment": swapped}


ATTACKS = (unsigned, wrong_key, tampered, older_version, expired, swapped_metadata)


def attempt(session, candidate, changed):
    """Register a candidate; return the SQLSTATE that it is refused with."""
    parameters = registration(session, candidate.model)
    parameters |= {"artifact": candidate.artifact, **changed}
    try:
        with session.savepoint(), session.connection.cursor() as cursor:
            cursor.execute(REGISTER, parameters)
    except psycopg2.Error as error:
        return error.pgcode
    return None


def measure(server, full):
    """Give false signatures of every kind to a server that trusts a key."""
    stride = 1 if full else STRIDE
    with (
        server.database("signatures") as database,
        tempfile.TemporaryDirectory() as folder,
    ):
        # The server's own user could make the file.
        Path(folder).chmod(0o777)
        canary = Path(folder) / "canary"
        candidate = Suspect(canary)
        database.alembic("upgrade", "head")
        session = database.session()
        populate(session)
        trust(session)
        activate(
            session,
            register_signed(session, default_model(), signed(default_model(), ACTIVE)),
        )
        # Nothing reads a candidate's pickle but this.
        session.run(
            "ALTER FUNCTION churn_internal.evaluate_candidate RENAME TO elsewhere"
        )
        assert attempt(session, candidate, parts(candidate.signed())) == EXAMINED

        refused, attempts = 0, 0
        for attack in ATTACKS:
            states = [
                attempt(session, candidate, changed)
                for changed in attack(candidate, stride)
            ]
            attempts += len(states)
            refused += all(state not in (None, EXAMINED) for state in states)
        ok = refused == len(ATTACKS) and not canary.exists()
    yield Bar(
        ", ".join(attack.__name__.replace("_", " ") for attack in ATTACKS),
        f"{len(ATTACKS)} of {len(ATTACKS)} refused before an opcode is read",
        f"{refused} of {len(ATTACKS)}, in {attempts} attempts",
        ok,
    )

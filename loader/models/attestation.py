"""Attesting models: keys, signed statements, and the files that they travel in."""

import hashlib
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.files import read_file, write_file
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.signature import signature_without_table
from pgchurn.plpython.runtime.attestation import (
    SIGNED_PACKAGES,
    STATEMENT_PREFIX,
    Statement,
)
from pgchurn.plpython.runtime.environment import current_environment


@dataclass(frozen=True)
class Attestation:
    """A signed statement about a model.

    Attributes
    ----------
    statement : str
        The signed text itself; see ``pgchurn.plpython.runtime.attestation.Statement``.
    signature : bytes of length 64
    key : str
        Fingerprint of the key that signed.
    """

    statement: str
    signature: bytes
    key: str

    def write(self, path: str | Path) -> None:
        """Write it to a file, which is JSON."""
        document = {
            "statement": self.statement,
            "signature": b64encode(self.signature).decode(),
            "key": self.key,
        }
        write_file(path, json.dumps(document, indent=2) + "\n")

    @classmethod
    def read(cls, path: str | Path) -> "Attestation":
        """Read one from a file.

        Raises
        ------
        LoaderError
            If the file cannot be read, or holds something else.
        """
        try:
            document = json.loads(read_file(path))
            signature = b64decode(document["signature"], validate=True)
            return cls(str(document["statement"]), signature, str(document["key"]))
        except (KeyError, TypeError, ValueError) as error:
            raise LoaderError(
                f"{path} is no attestation; pgchurn sign writes one"
            ) from error

    def read_statement(self) -> Statement:
        """Return what is stated; whether the key is to be trusted the server says.

        Raises
        ------
        ScoringError
            If the text is no statement about a model.
        """
        return Statement.from_text(self.statement)

    def statement_about(self, artifact: bytes) -> Statement:
        """Return what is stated about a pickle.

        Raises
        ------
        ScoringError
            If the text is no statement about a model, or about another pickle.
        """
        statement = self.read_statement()
        statement.check_artifact(hashlib.sha256(artifact).digest())
        return statement


def read_private_key(path: str | Path) -> Ed25519PrivateKey:
    """Read an Ed25519 private key from a PEM file.

    Where the file is encrypted, the passphrase is taken from ``PGCHURN_PASSPHRASE``.

    Raises
    ------
    LoaderError
        If the file cannot be read, or holds something else.
    """
    passphrase = os.environ.get("PGCHURN_PASSPHRASE")
    pem = read_file(path)
    try:
        key = load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise LoaderError(
            f"{path} holds no private key that can be read: {error}; of an encrypted "
            "one PGCHURN_PASSPHRASE must hold the passphrase, and of no other"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LoaderError(
            f"{path} holds another kind of key; make one with: "
            "openssl genpkey -algorithm ed25519 -out private.pem"
        )
    return key


def fingerprint(private_key: Ed25519PrivateKey) -> str:
    """Return what a key is called: SHA-256 of its public half as DER."""
    der = private_key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


@dataclass(frozen=True)
class Signer:
    """Who signs, and as what.

    Attributes
    ----------
    private_key : Ed25519PrivateKey
    name : str
        Of the model.
    version : int
    expires : datetime.date or None
        The last day on which it may be registered and activated.
    """

    private_key: Ed25519PrivateKey
    name: str
    version: int
    expires: date | None = None

    def describe(
        self,
        candidate: Candidate,
        features: Sequence[str] = (),
        positive_class: str | None = None,
    ) -> tuple[Statement, str | None]:
        """Return the statement about a model, and why it covers no compiled form.

        Parameters
        ----------
        candidate : Candidate
        features : sequence of str
            Names for an estimator that was fitted without.
        positive_class : str or None
            By default the second.

        Returns
        -------
        Statement
        str or None

        Raises
        ------
        LoaderError
            If it is no binary classifier, or the name or version cannot be signed.
        """
        signature = signature_without_table(
            candidate.estimator, features, positive_class
        )
        compiled = candidate.compile(signature)
        explanation = candidate.explanation_digest(signature)
        environment = current_environment()
        statement = Statement(
            name=self.name,
            version=self.version,
            artifact_sha256=candidate.digest.hex(),
            compiled_sha256=compiled.digest.hex() if compiled.digest else None,
            features=[feature.name for feature in signature.features],
            classes=list(signature.classes),
            positive_class=signature.positive_class,
            named_columns=signature.named_columns,
            environment={package: environment[package] for package in SIGNED_PACKAGES},
            expires=self.expires.isoformat() if self.expires else None,
            explanation_sha256=explanation.hex() if explanation else None,
        )
        try:
            statement.check()
        except (TypeError, ValueError) as error:
            raise LoaderError(f"this cannot be signed: {error}") from error
        return statement, compiled.problem

    def sign(self, statement: Statement) -> Attestation:
        """Sign a statement."""
        text = statement.to_text()
        signature = self.private_key.sign(STATEMENT_PREFIX + text.encode())
        return Attestation(text, signature, fingerprint(self.private_key))

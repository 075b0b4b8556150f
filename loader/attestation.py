"""Signing models, and the files that signatures travel in."""

import hashlib
import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from pgchurn.loader.compiling import NotCompilable, compile_model
from pgchurn.loader.compiling.text_features import text_positions
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.registration import feature_names, positive_index
from pgchurn.plpython.runtime.environment import current_environment
from pgchurn.plpython.runtime.signature import Feature, Signature
from pgchurn.plpython.runtime.attestation import (
    SIGNED_PACKAGES,
    STATEMENT_PREFIX,
    Statement,
)


@dataclass(frozen=True)
class SignedStatement:
    """A statement, as it was signed, with its signature.

    Attributes
    ----------
    statement : str
        The signed text itself; see ``pgchurn.plpython.runtime.signing.Statement``.
    signature : bytes of length 64
    key : str
        Fingerprint of the key that signed.
    """

    statement: str
    signature: bytes
    key: str

    def write(self, path):
        """Write a ``.sig`` file, which is JSON."""
        document = {
            "statement": self.statement,
            "signature": b64encode(self.signature).decode(),
            "key": self.key,
        }
        try:
            Path(path).write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        except OSError as error:
            raise LoaderError(f"cannot write {path}: {error.strerror}") from error

    @classmethod
    def read(cls, path):
        """Read a ``.sig`` file."""
        try:
            document = json.loads(read_file(path))
            signature = b64decode(document["signature"], validate=True)
            return cls(str(document["statement"]), signature, str(document["key"]))
        except (KeyError, TypeError, ValueError) as error:
            raise LoaderError(
                f"{path} is no signature; pgchurn sign writes one"
            ) from error


def read_private_key(path):
    """Read an Ed25519 private key from a PEM file.

    Where the file is encrypted, the passphrase is taken from ``PGCHURN_PASSPHRASE``.
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


def fingerprint(private_key):
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

    def describe(self, artifact, estimator, features=(), positive_class=None):
        """Return the statement about a model, and why it covers no compiled form.

        Parameters
        ----------
        artifact : bytes
            The pickle of ``estimator``.
        features : sequence of str
            Names for an estimator that was fitted without.
        positive_class : str or None
            By default the second.

        Returns
        -------
        Statement
        str or None
        """
        signature = signature_without_table(estimator, features, positive_class)
        compiled, problem = None, None
        try:
            compiled = compile_model(estimator, signature)
        except NotCompilable as error:
            problem = str(error)
        environment = current_environment()
        statement = Statement(
            name=self.name,
            version=self.version,
            artifact_sha256=hashlib.sha256(artifact).hexdigest(),
            compiled_sha256=compiled and hashlib.sha256(compiled).hexdigest(),
            features=[feature.name for feature in signature.features],
            classes=list(signature.classes),
            positive_class=signature.positive_class,
            named_columns=signature.named_columns,
            environment={package: environment[package] for package in SIGNED_PACKAGES},
            expires=self.expires and self.expires.isoformat(),
        )
        try:
            statement.check()
        except (TypeError, ValueError) as error:
            raise LoaderError(f"this cannot be signed: {error}") from error
        return statement, problem

    def sign(self, statement):
        """Return a statement with its signature.

        Returns
        -------
        SignedStatement
        """
        text = statement.to_text()
        signature = self.private_key.sign(STATEMENT_PREFIX + text.encode())
        return SignedStatement(text, signature, fingerprint(self.private_key))


def signature_without_table(estimator, features, positive_class):
    """Return the signature as far as the model alone tells it.

    Which number is a boolean, and what may be null, the table and the server find out;
    the compiled form depends on neither.
    """
    classes = np.asarray(estimator.classes_).tolist()
    if len(classes) != 2:
        raise LoaderError(
            f"the model has {len(classes)} classes; a churn score needs two"
        )
    names = feature_names(estimator, features)
    texts = text_positions(estimator, range(len(names)))
    return Signature(
        tuple(
            Feature(name, "text" if position in texts else "number", True)
            for position, name in enumerate(names)
        ),
        tuple(classes),
        positive_index(classes, positive_class),
        getattr(estimator, "feature_names_in_", None) is not None,
    )


def read_signature(path, pickle):
    """Read the signature of a pickle, and hold it against the pickle's digest.

    So a pickle other than the signed one is not read here. Whether the key is to be
    trusted is the server's to say.

    Parameters
    ----------
    path, pickle : str or pathlib.Path
        Of the two files.

    Returns
    -------
    SignedStatement
    Statement
    """
    signed = SignedStatement.read(path)
    statement = Statement.from_text(signed.statement)
    statement.check_artifact(hashlib.sha256(read_file(pickle)).digest())
    return signed, statement


def read_file(path):
    """Return a file's content."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from error

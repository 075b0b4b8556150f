"""Attestations: what a signer states about a model, and whether a trusted key did.

A statement is a JSON text. It is signed as it stands, byte for byte, with Ed25519, and
the text that was verified is the text that is read: nothing is ever serialised again to
be compared.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from .environment import MODEL_PACKAGES
from .errors import ScoringError
from .signature import Signature

# Signed together with the statement, so that a signature of something else, made with
# the same key for another purpose, is none of a model.
STATEMENT_PREFIX = b"pgchurn statement about a model, format 1\n"
SIGNED_PACKAGES = ("python", *MODEL_PACKAGES)
LONGEST_STATEMENT = 1_000_000
GREATEST_VERSION = 2**63 - 1

NOT_AUTHORISED = "42501"
SIGN_HINT = (
    "Sign the pickle with pgchurn sign, and pass what it writes with pgchurn register "
    "FILE --attestation FILE.attestation."
)


@dataclass(frozen=True)
class Statement:
    """What is signed about a model."""

    name: str
    # Ascends: an older one does not replace a newer one unless asked by name.
    version: int
    # Digests in hexadecimal digits. Without a compiled form the pickle scores.
    artifact_sha256: str
    compiled_sha256: str | None
    # Names; for these and what follows see ``Signature``.
    features: list[str]
    classes: list[Any]
    positive_class: int
    named_columns: bool
    # Versions of Python, scikit-learn and numpy it was pickled under.
    environment: dict[str, str | None]
    # The last day, in UTC, on which it may be registered and activated: YYYY-MM-DD.
    expires: str | None
    # Digest in hexadecimal digits; without an explanation form there is no explanation.
    explanation_sha256: str | None = None

    @classmethod
    def from_text(cls, text: str) -> "Statement":
        """Read a statement; refuse what is not exactly one."""
        try:
            if len(text) > LONGEST_STATEMENT:
                raise ValueError(f"it has {len(text):,} characters")
            statement = cls(**json.loads(text, object_pairs_hook=distinct_pairs))
            statement.check()
        except (TypeError, ValueError, RecursionError) as error:
            raise ScoringError(
                "signed statement is malformed",
                detail=f"{type(error).__name__}: {error}.",
                hint=SIGN_HINT,
            ) from error
        return statement

    def to_text(self) -> str:
        """Return the text that is to be signed."""
        # Escapes beyond ASCII are refused by jsonb in a database in SQL_ASCII.
        return json.dumps(asdict(self), ensure_ascii=False)

    def check(self) -> None:
        """Raise ValueError or TypeError unless every part is what it should be."""
        if not (isinstance(self.name, str) and self.name and self.name.isprintable()):
            raise ValueError("the name must be of printable characters")
        if type(self.version) is not int or not 0 < self.version <= GREATEST_VERSION:
            raise ValueError("the version must be a whole number above 0")
        forms = (self.compiled_sha256, self.explanation_sha256)
        for digest in (self.artifact_sha256, *(one or "0" * 64 for one in forms)):
            if len(bytes.fromhex(digest)) != hashlib.sha256().digest_size:
                raise ValueError(f"{digest!r} is no SHA-256 digest")
        if self.expires is not None:
            date.fromisoformat(self.expires)
        if not all(isinstance(name, str) for name in self.features):
            raise ValueError("features are named by texts")
        if len(self.classes) != 2 or self.positive_class not in (0, 1):
            raise ValueError("a score needs two classes, and which is the positive one")
        if not isinstance(self.environment, dict) or (
            set(self.environment) != set(SIGNED_PACKAGES)
        ):
            raise ValueError(f"the environment is that of {', '.join(SIGNED_PACKAGES)}")

    def check_artifact(self, digest: bytes) -> None:
        """Refuse a pickle with another SHA-256 than the one that was signed."""
        if bytes.fromhex(self.artifact_sha256) != digest:
            raise ScoringError(
                "model is not the one that was signed",
                detail=f"SHA-256 of what was signed is {self.artifact_sha256}, of "
                f"this pickle {digest.hex()}.",
                hint="Pass the pickle that was signed, or sign this one.",
                sqlstate=NOT_AUTHORISED,
            )

    def positive_label(self) -> str:
        """Return the class whose probability is the score, as text."""
        return str(self.classes[self.positive_class])

    def covers(self, digest: bytes) -> bool:
        """Return whether a compiled form is the one that was signed."""
        signed = self.compiled_sha256
        return signed is not None and bytes.fromhex(signed) == digest

    def covers_explanation(self, digest: bytes) -> bool:
        """Return whether an explanation form is the one that was signed."""
        signed = self.explanation_sha256
        return signed is not None and bytes.fromhex(signed) == digest

    def check_description(self, signature: Signature, environment: Any) -> None:
        """Refuse a description of the model other than the signed one.

        The kinds of the features, and which may be null, are found out when the model
        is registered, from the table and from the model itself; they are not signed.
        """
        if not isinstance(environment, dict):
            environment = {}
        registered = {
            "features": [feature.name for feature in signature.features],
            "classes": list(signature.classes),
            "positive class": signature.positive_class,
            "named columns": signature.named_columns,
            **{package: environment.get(package) for package in SIGNED_PACKAGES},
        }
        signed = {
            "features": self.features,
            "classes": self.classes,
            "positive class": self.positive_class,
            "named columns": self.named_columns,
            **self.environment,
        }
        for part in registered:
            # As JSON, because in Python 1 equals True.
            given, wanted = json.dumps(registered[part]), json.dumps(signed[part])
            if given != wanted:
                raise ScoringError(
                    "model is described otherwise than it was signed",
                    detail=f"Signed {part}: {wanted}; given: {given}.",
                    hint="Register the model as it was signed, or sign it as it is.",
                    sqlstate=NOT_AUTHORISED,
                )

    def check_expiry(self, today: date) -> None:
        """Refuse a statement whose last day is over."""
        if self.expires is not None and date.fromisoformat(self.expires) < today:
            raise ScoringError(
                f'signature of "{self.name}" {self.version} has expired',
                detail=f"Its last day was {self.expires}.",
                hint="Sign the model again. Where it is registered already, "
                "churn.activate_model(version, allow_expired => true) activates it all "
                "the same.",
                sqlstate="55000",
            )

    def check_age(self, active: "Statement | None") -> None:
        """Refuse a statement about an older version than the active one."""
        if active is not None and self.version < active.version:
            raise ScoringError(
                f'"{self.name}" {self.version} is older than what is active',
                detail=f'Active is "{active.name}" {active.version}.',
                hint="Pass allow_older => true (pgchurn: --allow-older) where you want "
                "just that; churn.rollback_model goes back to what was active before.",
                sqlstate="55000",
            )


def distinct_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object, refusing a name that comes twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name comes twice")
    return members


def verified_statement(
    text: str | None,
    signature: bytes | None,
    key: str | None,
    trusted: dict[str, bytes],
) -> Statement:
    """Return the statement about a model that a trusted key has signed.

    One that is unsigned, or not signed by a trusted key, is refused: SQLSTATE 42501.

    Parameters
    ----------
    key : str or None
        Fingerprint of the key that should have signed it.
    trusted : dict of str to bytes
        The keys in force, 32 bytes each, by fingerprint.
    """
    if text is None or signature is None or key is None:
        raise ScoringError(
            "model is not signed",
            detail="This database has a trusted key, and takes signed models only.",
            hint=SIGN_HINT,
            sqlstate=NOT_AUTHORISED,
        )
    if key not in trusted:
        raise ScoringError(
            "model is signed with a key that is not trusted",
            detail=f"The key's fingerprint is {key}.",
            hint="A superuser trusts a key with churn_trust.trust_key(public_key, "
            "comment).",
            sqlstate=NOT_AUTHORISED,
        )
    if not is_signature(trusted[key], signature, STATEMENT_PREFIX + text.encode()):
        raise ScoringError(
            "signature of the model is wrong",
            detail=f"The key {key} has not signed this statement.",
            hint=SIGN_HINT,
            sqlstate=NOT_AUTHORISED,
        )
    return Statement.from_text(text)


def is_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a signature is that of a message."""
    # Here and not above: where no key is trusted, nothing needs it.
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ScoringError(
            "signatures cannot be verified without the package cryptography",
            detail=f"{error}.",
            hint="Install cryptography for the Python that PL/Python embeds.",
            sqlstate="55000",
        ) from error
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def today_in_utc() -> date:
    """Return the day that decides whether a statement has expired."""
    return datetime.now(UTC).date()

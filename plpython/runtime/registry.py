"""Reading models and layouts out of the database, into a session's memory."""

import hashlib
import json
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from .arms import digest_of_arm
from .bounded_cache import BoundedCache
from .errors import OutdatedFunction, ScoringError
from .features import Layout, Positions
from .pacing import Pace, Pause, Pausing
from .signature import Signature

# What reads a version is imported where it is read: most sessions meet compiled forms
# alone, or pickles alone, and trust no key.
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .attestation import Statement
    from .compiled import CompiledModel
    from .pickled import PickledModel

    Model = CompiledModel | PickledModel
    # Fingerprints of the keys in force, in order.
    Keys = tuple[str, ...]
    # An attachment, the version that scores, the arms that tell its digest, the keys in
    # force, the layout.
    Deployed = list[Any]
    ScoreRow = Callable[[Sequence[float | None], Sequence[str | None]], float]

# What a pickle needs takes a second to import, and a cancel waits for the step it meets
# to end.
IMPORTED_IN_STEPS = ("scipy.sparse", "scipy.stats", "sklearn.base", "sklearn.ensemble")

MODELS_HELD = 8
SCORERS_HELD = 8
# So many rows of a session are scored without writing a model's trees out.
WALKED_ROWS = 8
# So many seconds the rows of one statement are scored by the keys it has read.
KEYS_HELD_SECONDS = 1.0
# So many are digested at once.
DIGESTED_BYTES = 16 << 20

ACTIVE = "SELECT * FROM churn_internal.sole_deployment($1)"
IN_FORCE = """
    SELECT d.*, ARRAY(
        SELECT k.fingerprint FROM churn_trust.trusted_keys k WHERE k.revoked_at IS NULL
    ) AS keys
    FROM churn_internal.sole_deployment($1) d
"""
DEPLOYED_FOR = """
    SELECT d.*, ARRAY(
        SELECT k.fingerprint FROM churn_trust.trusted_keys k WHERE k.revoked_at IS NULL
    ) AS keys
    FROM churn_internal.deployment_for($1, $2) d
"""
ARMS = """
    SELECT d.*, churn_internal.arms($2, d.salt, d.share) AS challenged
    FROM churn_internal.active_deployment($1) d
"""


class Scorer:
    """A model, and where its features stand in an attachment's arrays."""

    def __init__(self, model: "Model", positions: Positions, pause: Pausing) -> None:
        self.model = model
        self.positions = positions
        self.pause = pause
        self.pace = Pace(model.first_rows, model.most_rows)

        # How many rows are still scored before the model is written out for all others:
        # many sessions score no more.
        self.rows_to_walk = WALKED_ROWS if model.walks_first else 0

    def score_row(
        self, numbers: "Sequence[float | None]", texts: "Sequence[str | None]"
    ) -> float:
        """Return the probability of one row."""
        score = self.walk_row if self.is_walked() else self.written_row()
        return score(numbers, texts)

    def score_next(
        self, numbers: "Sequence[float | None]", texts: "Sequence[str | None]"
    ) -> float:
        """Return the probability of one of the rows that follow one another."""
        score = self.walk_row if self.is_walked() else self.written_next()
        return score(numbers, texts)

    def is_walked(self) -> bool:
        """Count a row; return whether it is one of the first few."""
        self.rows_to_walk -= 1
        return self.rows_to_walk >= 0

    @cached_property
    def walk_row(self) -> "ScoreRow":
        """A function of the numbers and the texts of one of the first few rows."""
        return self.model.row_scorer(self.positions, pause=self.pause, walks=True)

    def written_row(self) -> "ScoreRow":
        """Return a function of the numbers and the texts of one row; it is made once.

        It takes the place of ``score_row``, so that no later row is counted.
        """
        held = vars(self)
        if "score_row" not in held:
            held["score_row"] = self.model.row_scorer(self.positions, pause=self.pause)
        return held["score_row"]

    def written_next(self) -> "ScoreRow":
        """Return the same, made to be called for row after row."""
        held = vars(self)
        if "score_next" not in held:
            held["score_next"] = self.model.row_scorer(
                self.positions, repeated=True, pause=self.pause
            )
        return held["score_next"]


class Registry:
    """What a session knows of ``churn.models`` and ``churn.attachments``."""

    def __init__(self, plpy: Any) -> None:
        self.plpy = plpy
        self.models = BoundedCache(MODELS_HELD)
        self.scorers = BoundedCache(SCORERS_HELD)
        # What the last single row was scored by: the cache takes three times as long.
        self.last: tuple[Deployed, Scorer] | None = None
        # And another one before it, since a release has two versions take turns.
        self.other: tuple[Deployed, Scorer] | None = None
        self.plans: dict[str, Any] = {}
        self.keys: Keys = ()
        self.keys_statement: float | None = None
        self.keys_expire = 0.0
        self.pause = Pause(self.check_for_interrupts)

    def fetch(self, statement: str, types: list[str], *arguments: Any) -> Any:
        """Run a statement under a plan that is prepared once a session."""
        plan = self.plans.get(statement)
        if plan is None:
            plan = self.plans[statement] = self.plpy.prepare(statement, types)
        return self.plpy.execute(plan, arguments)

    def check_for_interrupts(self) -> None:
        """Let a cancel or a timeout take effect, which Python alone does not notice."""
        self.fetch("SELECT 1", [])

    def notice_replaced_functions(self) -> None:
        """Have the session call functions as they are now.

        It notices what others have replaced when it takes a lock that it does not hold:
        here that of a catalog, in which a name is looked for that nobody has used.
        """
        self.fetch(
            "SELECT to_regcollation('pg_catalog.no_' || md5(clock_timestamp()::text))",
            [],
        )

    def in_force(
        self, attachment_id: int, statement: float | None = None
    ) -> "tuple[int | None, bytes, Keys]":
        """Return version and digest of the deployment in force, and the trusted keys.

        They are looked up every time: what is active belongs to a transaction, and a
        session's memory does not. While a release is under way the version is None:
        then ``in_force_for`` knows.

        Parameters
        ----------
        statement : float, optional
            When the client's statement began, which no other one did. The keys are
            read once for all of its rows, and again after ``KEYS_HELD_SECONDS``, since
            it may be a procedure.
        """
        now = monotonic()
        held = (
            statement is not None
            and statement == self.keys_statement
            and now < self.keys_expire
        )
        rows = self.fetch(ACTIVE if held else IN_FORCE, ["integer"], attachment_id)
        if not rows:
            raise no_active_model()
        row = rows[0]
        if not held:
            self.keys = tuple(sorted(row["keys"]))
            self.keys_statement = statement
            self.keys_expire = now + KEYS_HELD_SECONDS
        return row["version"], row["arms"], self.keys

    def in_force_for(
        self, attachment_id: int, key: str | None
    ) -> "tuple[int, bytes, Keys]":
        """Return version and digest for one customer, and the trusted keys.

        Parameters
        ----------
        key : str or None
            The profile row's key, as the profile stores it.
        """
        rows = self.fetch(DEPLOYED_FOR, ["integer", "text"], attachment_id, key)
        if not rows:
            raise no_active_model()
        row = rows[0]
        digest = digest_of_arm(row["arms"], row["version"])
        return row["version"], digest, tuple(sorted(row["keys"]))

    def arms(
        self, attachment_id: int, customers: "Sequence[str | None]"
    ) -> "Mapping[str, Any]":
        """Return the deployment of a release, and which customers are challenged."""
        rows = self.fetch(ARMS, ["integer", "text[]"], attachment_id, customers)
        return rows[0]

    def digest(self, version: int | None) -> bytes:
        """Return the digest of a registered version."""
        rows = self.fetch(
            "SELECT artifact_sha256, deleted_by,"
            " to_char(deleted_at, 'YYYY-MM-DD') AS deleted_on"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        if not rows:
            named = "null" if version is None else version
            raise ScoringError(
                f"model version {named} does not exist",
                hint="SELECT version FROM churn.models lists the registered versions.",
            )
        check_not_deleted(version, rows[0])
        return rows[0]["artifact_sha256"]

    def read_trusted_keys(self) -> dict[str, bytes]:
        """Return the keys in force, 32 bytes each, by fingerprint."""
        rows = self.fetch("SELECT * FROM churn_trust.keys_in_force()", [])
        return {row["fingerprint"]: row["public_key"] for row in rows}

    def trusted_keys(self) -> "Keys":
        """Return which keys are in force under the snapshot at hand."""
        return tuple(sorted(self.read_trusted_keys()))

    def model(self, version: int | None, digest: bytes, keys: "Keys") -> "Model":
        """Return the loaded model of a version, from memory or from its row.

        Parameters
        ----------
        keys : tuple of str
            The keys in force under the snapshot at hand. What was loaded under others
            is not used.
        """
        key = (version, digest, keys)
        model = self.models.get(key, lambda: self.load(*key))
        self.check_still_allowed(model, *key)
        return model

    def check_still_allowed(
        self, model: "Model", version: int | None, digest: bytes, keys: "Keys"
    ) -> None:
        """Refuse a pickle that is held, and not allowed in the snapshot at hand."""
        if model.is_pickle and not keys:
            self.check_allowed(version, digest)

    def load(self, version: int | None, digest: bytes, keys: "Keys") -> "Model":
        """Read and verify the compiled form of a version, else its pickle.

        Where a key is trusted, what was signed is verified first. When it expires
        is of no consequence: scores shall not end at midnight.
        """
        rows = self.fetch(
            "SELECT artifact_sha256, compiled, compiled_sha256, signature, environment,"
            " attestation, attestation_signature, attestation_key, deleted_by,"
            " to_char(deleted_at, 'YYYY-MM-DD') AS deleted_on"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        if not rows:
            raise ScoringError(
                f"model version {version} is missing",
                detail="It was deployed, and its row in churn.models is gone.",
                hint="Activate another version, and restore this one from a backup.",
                sqlstate="XX001",
            )
        row = rows[0]
        check_not_deleted(version, row)
        if row["artifact_sha256"] != digest:
            raise wrong_digest(version)
        signature = Signature.from_json(row["signature"])
        if keys:
            trusted = self.read_trusted_keys()
            # No others, should one have come into force meanwhile.
            named = {key: trusted[key] for key in keys if key in trusted}
            check_signed(version, row, signature, named)
        if row["compiled"] is not None:
            if digest_of(row["compiled"], self.pause) != row["compiled_sha256"]:
                raise wrong_digest(version)
            from .compiled import CompiledModel

            model = CompiledModel(row["compiled"], signature, self.pause)
            model.prepare()
            return model
        # Before its bytes are read, of which there may be 256 MB.
        if not keys:
            self.check_allowed(version, digest)
        return self.read_pickle(version, row, signature)

    def check_allowed(self, version: int | None, digest: bytes) -> None:
        """Refuse a pickle that nobody above suspicion has vouched for.

        scikit-learn's compiled code trusts the state of its objects, and whoever may
        write to ``churn.models`` may write that.
        """
        rows = self.fetch(
            "SELECT churn_trust.is_pickle_allowed($1) AS allowed", ["bytea"], digest
        )
        if not rows[0]["allowed"]:
            raise ScoringError(
                f"model version {version} has no compiled form, and its pickle is not "
                "allowed to score",
                detail="In a session that serves, a pickle is read only when a trusted "
                "key has signed it or a superuser allowed it.",
                hint="A superuser calls churn_trust.allow_pickle(artifact_sha256, "
                "comment); or activate a version that has a compiled form.",
                sqlstate="55000",
            )

    def read_pickle(
        self, version: int | None, row: "Mapping[str, Any]", signature: Signature
    ) -> "PickledModel":
        """Read the pickle of a version that has no compiled form."""
        import importlib

        from .environment import check_environment

        rows = self.fetch(
            "SELECT artifact FROM churn.models WHERE version = $1", ["bigint"], version
        )
        artifact = rows[0]["artifact"]
        if digest_of(artifact, self.pause) != row["artifact_sha256"]:
            raise wrong_digest(version)
        check_environment(json.loads(row["environment"]))
        for module in IMPORTED_IN_STEPS:
            importlib.import_module(module)
            self.check_for_interrupts()
        from .pickled import PickledModel

        return PickledModel(artifact, signature, pause=self.pause)

    def scorer_of(self, deployed: "Deployed") -> Scorer:
        """Return the model that scores single rows, mostly that of the row before."""
        if self.last and self.last[0] == deployed:
            scorer = self.last[1]
            if scorer.model.is_pickle:
                _, version, arms, keys, _ = deployed
                self.check_still_allowed(
                    scorer.model, version, digest_of_arm(arms, version), keys
                )
            return scorer
        self.last, self.other = self.other, self.last
        if self.last and self.last[0] == deployed:
            scorer = self.last[1]
            if not scorer.model.is_pickle:
                return scorer
        attachment_id, version, arms, keys, layout = deployed
        digest = digest_of_arm(arms, version)
        key = (version, digest, tuple(sorted(keys)), attachment_id, layout)
        scorer = self.scorer(attachment_id, *key[:3], layout)
        # Not where it had to be loaded, which is by keys that are read here.
        if self.scorers.find(key) is scorer:
            self.last = deployed, scorer
        return scorer

    def scorer(
        self,
        attachment_id: int,
        version: int,
        digest: bytes,
        keys: "Keys",
        layout: str,
    ) -> Scorer:
        """Return a model fitted to arrays of an attachment.

        Which columns they hold comes with them: what the attachment's row says belongs
        to a snapshot, and the function that made the arrays to none.
        """
        scorer = self.scorers.find((version, digest, keys, attachment_id, layout))
        if scorer is None:
            # What is loaded is verified with keys that are read here, whatever the
            # caller says.
            keys = self.trusted_keys()
            scorer = self.fitted(attachment_id, version, digest, keys, layout)
        self.check_still_allowed(scorer.model, version, digest, keys)
        return scorer

    def fitted(
        self,
        attachment_id: int,
        version: int,
        digest: bytes,
        keys: "Keys",
        layout: str,
    ) -> Scorer:
        """Return a model fitted to arrays of an attachment, to be kept."""

        def fit() -> Scorer:
            model = self.model(version, digest, keys)
            positions = self.positions(attachment_id, layout, model.signature)
            return Scorer(model, positions, self.pause)

        return self.scorers.get((version, digest, keys, attachment_id, layout), fit)

    def positions(
        self, attachment_id: int, layout: str, signature: Signature
    ) -> Positions:
        """Return where a model's features stand in arrays of an attachment."""
        columns = Layout.from_json(layout)
        try:
            return columns.positions(signature)
        except ScoringError:
            # Says more, where the profile itself lacks something.
            self.profile_layout(attachment_id).positions(signature)
            self.notice_replaced_functions()
            raise OutdatedFunction from None

    def query_scorer(self, version: int | None) -> Scorer:
        """Return a model fitted to arrays of its features and no others."""
        key = (version, self.digest(version), self.trusted_keys())

        def fit() -> Scorer:
            model = self.model(*key)
            positions = Layout.of(model.signature).positions(model.signature)
            return Scorer(model, positions, self.pause)

        scorer = self.scorers.get(key, fit)
        self.check_still_allowed(scorer.model, *key)
        return scorer

    def on_error(self, attachment_id: int) -> str:
        """Return an attachment's failure policy, "keep" or "raise"."""
        statement = "SELECT on_error FROM churn.attachments WHERE attachment_id = $1"
        return self.fetch(statement, ["integer"], attachment_id)[0]["on_error"]

    def score_timeout(self, attachment_id: int) -> float:
        """Return how many seconds one call of a model may take."""
        rows = self.fetch(
            "SELECT extract(epoch FROM score_timeout)::float8 AS seconds"
            " FROM churn.attachments WHERE attachment_id = $1",
            ["integer"],
            attachment_id,
        )
        return rows[0]["seconds"]

    def profile_layout(self, attachment_id: int) -> Layout:
        """Return the layout of all columns of a profile that can be features."""
        rows = self.fetch(
            "SELECT churn_internal.layout(churn_internal.with_columns(a, NULL))"
            " AS layout FROM churn.attachments a WHERE a.attachment_id = $1",
            ["integer"],
            attachment_id,
        )
        return Layout.from_json(rows[0]["layout"])

    def attachment_of_version(self, version: int) -> int:
        """Return the attachment that a version was registered for."""
        rows = self.fetch(
            "SELECT attachment_id FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        return rows[0]["attachment_id"]


def no_active_model() -> ScoringError:
    """Return the error for a profile that no version scores."""
    return ScoringError(
        "no active model for this profile",
        hint="Call churn.activate_model(version) with a registered version.",
        sqlstate="55000",
    )


def digest_of(content: bytes, pause: Pausing) -> bytes:
    """Return SHA-256 of bytes, of which there may be many."""
    digest = hashlib.sha256()
    view = memoryview(content)
    for first in range(0, len(content), DIGESTED_BYTES):
        digest.update(view[first : first + DIGESTED_BYTES])
        pause()
    return digest.digest()


def check_signed(
    version: int | None,
    row: "Mapping[str, Any]",
    signature: Signature,
    trusted: dict[str, bytes],
) -> "Statement":
    """Refuse a stored version unless a trusted key has signed just what is stored.

    The digests in its row are compared with the bytes elsewhere. What was signed is
    returned.
    """
    from .attestation import NOT_AUTHORISED, verified_statement

    try:
        statement = verified_statement(
            row["attestation"],
            row["attestation_signature"],
            row["attestation_key"],
            trusted,
        )
        statement.check_artifact(row["artifact_sha256"])
        statement.check_description(signature, json.loads(row["environment"]))
    except ScoringError as error:
        error.message = f"model version {version} is not trusted: {error.message}"
        raise
    if row["compiled"] is not None and not statement.covers(row["compiled_sha256"]):
        raise ScoringError(
            f"model version {version} is not trusted: its compiled form is not signed",
            hint="Activate another version, and register this one anew.",
            sqlstate=NOT_AUTHORISED,
        )
    return statement


def check_not_deleted(version: int | None, row: "Mapping[str, Any]") -> None:
    """Refuse a version whose bytes were deleted."""
    if row["deleted_on"] is not None:
        raise ScoringError(
            f"model version {version} was deleted on {row['deleted_on']}",
            detail=f"{row['deleted_by']} called churn.delete_model.",
            hint="Name another version: SELECT version FROM churn.models WHERE "
            "deleted_at IS NULL lists them. Or register the model anew.",
            sqlstate="55000",
        )


def wrong_digest(version: int | None) -> ScoringError:
    """Return the error for stored bytes that are not those that were registered."""
    return ScoringError(
        f"model version {version} does not match its digest",
        detail="The stored bytes are not those that were registered.",
        hint="Activate another version, and restore this one from a backup.",
        sqlstate="XX001",
    )


def wrong_reference(version: int | None) -> ScoringError:
    """Return the error for a reference that is not the one that was registered."""
    return ScoringError(
        f"reference of model version {version} does not match its digest",
        detail="What is stored of its rows is not what was registered.",
        hint="Register the model anew, or restore its row from a backup.",
        sqlstate="XX001",
    )

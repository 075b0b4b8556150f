"""``pgchurn learn``: from mature outcomes to versions whose head has moved."""

import json
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
from pgchurn.loader import output
from pgchurn.loader.database import Connection, connect, fetch_all, fetch_value
from pgchurn.loader.errors import LoaderError, describe
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.evaluation import measure
from pgchurn.loader.models.knowledge import Knowledge
from pgchurn.loader.models.learning_rules import Decision, Learner
from pgchurn.loader.models.outcome_batches import (
    LoggedOutcome,
    OutcomeBatch,
    batch_of,
    cut_into_batches,
    learnable,
    rows_after,
)
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.recalibration import artifact_of, row_of
from pgchurn.loader.models.registration import check_server_environment, register
from pgchurn.plpython.runtime.monitor_performance import threshold_of
from pgchurn.plpython.runtime.pickled import frame_from_columns
from pgchurn.plpython.runtime.reference import MOST_TRAINING_ROWS
from pgchurn.plpython.runtime.signature import Signature
from threadpoolctl import threadpool_limits

# Of a run's batches, those whose scores tell how good a version is.
MOST_EVALUATED = 100_000

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Stream:
    """A stream that this process alone learns, while the reader's transaction lasts.

    Attributes
    ----------
    reader : Connection
        In that transaction.
    row : dict
        What ``churn_internal.begin_learning`` says.
    base : dict
        What the registry says of the base version.
    learner : Learner
    """

    reader: Connection
    row: Row
    base: Row
    learner: Learner

    @classmethod
    def begin(
        cls, reader: Connection, table: str, pickle_file: str | Path | None, waits: bool
    ) -> "Stream | None":
        """Begin to learn; None where somebody else does.

        Raises
        ------
        LoaderError
            If the base version cannot be learned.
        psycopg2.Error
            If nothing is to be learned.
        """
        rows = fetch_all(reader, "begin_learning", table=table, waits=waits)
        if not rows:
            return None
        (row,) = rows
        version = row["base_version"]
        if row["reference"] is None:
            raise LoaderError(
                f"version {version} has no reference, so nobody can tell what is "
                "unlike its rows; register it anew when its table has rows"
            )
        base = row_of(reader, version)
        candidate = Candidate.from_pickle(artifact_of(reader, base, pickle_file))
        learner = Learner(
            version,
            candidate,
            Signature.from_json(base["signature"]),
            json.loads(row["reference"]),
            row["half_life_seconds"],
        )
        return cls(reader, row, base, learner)

    @property
    def number(self) -> int:
        """The stream's number."""
        return self.row["stream_id"]

    def start(self) -> Knowledge:
        """Return what is known before the first batch."""
        return self.learner.nothing_learned(self.row["since"].timestamp())

    def knowledge(self) -> Knowledge:
        """Return what is known by now."""
        if self.row["state"] is None:
            return self.start()
        content = bytes(self.row["state"])
        known = Knowledge.from_bytes(content, len(self.learner.base_weights))
        if known.digest != bytes(self.row["state_sha256"]):
            raise LoaderError(
                "what is stored of the last batch is not what was learned; begin anew "
                "with churn.set_learning"
            )
        return known

    def new_batches(self) -> Iterator[OutcomeBatch]:
        """Yield the batches that have not been read yet."""
        rows = rows_after(
            self.reader,
            self.number,
            (self.row["read_until"], self.row["read_digest"]),
            None,
            self.row["known_until"],
        )
        return cut_into_batches(rows, self.learner.signature, self.row["min_batch"])

    def rows_of(
        self, batches: list[Row], before: Row | None
    ) -> Generator[LoggedOutcome, None, None]:
        """Return the rows of batches that follow one another, as was known then."""
        place = (before["until"], before["last_digest"]) if before else (None, None)
        last = batches[-1]
        return rows_after(
            self.reader, self.number, place, last["until"], last["known_until"]
        )


def learn(
    url: str | None,
    table: str,
    *,
    pickle_file: str | Path | None = None,
    compile_form: bool = True,
    signer: Signer | None = None,
    release: bool = True,
) -> Row:
    """Learn the batches that are mature, and register and release what comes of it.

    Each batch is committed, so that who is killed has lost nothing.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.
    table : str
        The attached table's name as SQL spells it.
    pickle_file : str or pathlib.Path, optional
        A file of the base version's pickle; by default it is read from the registry.
    compile_form : bool, default=True
        Whether the server is to compile what is learned.
    signer : Signer, optional
        Attests it before it is registered.
    release : bool, default=True
        Whether it is released.

    Returns
    -------
    dict
        ``busy``, whether somebody else is learning, and then no more; ``batches``, a
        dict each; ``registered``, what `register` returns, or None; ``release_id`` of
        what is released, and ``released``, its version; ``waits``, why none is;
        ``pruned``, versions that were deleted.

    Raises
    ------
    LoaderError
        If the base version cannot be learned.
    psycopg2.Error
        If nothing is to be learned, or the server refuses what is learned.
    """
    with closing(connect(url)) as reader, closing(connect(url)) as writer:
        check_server_environment(writer)
        writer.rollback()
        stream = Stream.begin(reader, table, pickle_file, waits=True)
        if stream is None:
            return {"busy": True}
        output.message(
            f"learning from version {stream.row['base_version']}, after "
            f"{stream.row['position']:,} batches"
        )
        with threadpool_limits(1):
            run = Run(stream, writer)
            run.read()
            registered = run.register(compile_form, signer)
        result: Row = {
            "busy": False,
            "stream_id": stream.number,
            "base_version": stream.row["base_version"],
            "batches": run.told,
            "registered": registered,
            **(run.release(table) if release else {"waits": "not asked for"}),
            "pruned": prune(writer, table),
        }
        reader.rollback()
        return result


class Run:
    """What a process learns of a stream.

    Parameters
    ----------
    stream : Stream
    writer : Connection
        Commits each batch.
    """

    def __init__(self, stream: Stream, writer: Connection) -> None:
        self.stream = stream
        self.writer = writer
        self.known = stream.knowledge()
        self.position = stream.row["position"]
        self.told: list[Row] = []
        # Of customers of whom was learned: scores before that, and who left.
        self.scored: deque[tuple[np.ndarray, np.ndarray]] = deque()

    def read(self) -> None:
        """Decide on each batch, and commit."""
        for batch in self.stream.new_batches():
            decision = self.stream.learner.decide(batch, self.known)
            self.position += 1
            self.known = decision.knowledge
            row = {
                "position": self.position,
                **batch_row(batch, decision),
                "known_until": self.stream.row["known_until"],
            }
            fetch_value(self.writer, "record_batch", stream=self.stream.number, **row)
            self.writer.commit()
            self.told.append(told(row))
            if decision.reason is None and decision.scores is not None:
                self.scored.append((decision.scores, batch.left))
                while sum(len(left) for _, left in self.scored) > MOST_EVALUATED:
                    self.scored.popleft()
            output.message(
                f"batch {self.position:,}: "
                + (decision.reason or f"learned, log loss {decision.log_loss:.4f}")
            )

    def register(self, compile_form: bool, signer: Signer | None) -> Row | None:
        """Register what is known, unless that was done before."""
        batches = fetch_all(self.writer, "learned_batches", stream=self.stream.number)
        self.writer.rollback()
        learned = [one for one in batches if one["decision"] == "learned"]
        if not learned or learned[-1]["version"] is not None:
            return None
        last, base = learned[-1], self.stream.base
        signature = self.stream.learner.signature
        profile = Profile.find(self.writer, base["profile"])
        kinds = {feature.name: feature.kind for feature in signature.features}
        positive_class = str(signature.classes[signature.positive_class])
        made = self.stream.learner.made_of(self.known)
        attestation = None
        if signer is not None:
            names = () if signature.named_columns else list(kinds)
            statement, _ = signer.describe(made, names, positive_class)
            attestation = signer.sign(statement)
        metrics, held_out = self.evaluated(last)
        training_rows = self.latest_rows(batches)
        self.writer.rollback()
        return register(
            self.writer,
            profile,
            made,
            kinds,
            positive_class=positive_class,
            metrics=metrics,
            provenance={
                "source": "pgchurn learn",
                "algorithm": base["algorithm"],
                "label": base["label"],
                "base_version": self.stream.row["base_version"],
                "stream_id": self.stream.number,
                "position": last["position"],
                "state_sha256": bytes(last["state_sha256"]).hex(),
                # Nothing is drawn by lot.
                "seed": None,
                "half_life_seconds": self.stream.row["half_life_seconds"],
                "learned_until": last["until"].isoformat(),
                "held_out": held_out,
            },
            compile_form=compile_form,
            attestation=attestation,
            # They were known to the version that it is made of.
            allow_unknown=True,
            training_rows=training_rows,
            trained_until=last["known_until"],
            before_commit=lambda version: fetch_value(
                self.writer,
                "record_snapshot",
                stream=self.stream.number,
                position=last["position"],
                version=version,
            ),
        )

    def evaluated(self, last: Row) -> tuple[Row, Row | None]:
        """Return how good the scores were before each batch was learned, and groups.

        Of a run that was killed before it registered, what is stored of its last batch.
        """
        threshold = threshold_of(self.stream.base["metrics"])
        if not self.scored:
            metrics = {
                "log_loss": last["log_loss"],
                "rows": last["n"],
                "positive_share": last["churned"] / last["n"],
                "threshold": threshold,
            }
            return metrics, None
        scores, left = (np.concatenate(parts) for parts in zip(*self.scored))
        groups = Outcomes.of_rows(scores, left).grouped().as_dict()
        return asdict(measure(left, scores, threshold)), groups

    def latest_rows(self, batches: list[Row]) -> Any:
        """Return the features of the last customers of whom was learned, as a frame."""
        first, total = len(batches), 0
        while first > 0 and total < MOST_TRAINING_ROWS:
            first -= 1
            if batches[first]["decision"] == "learned":
                total += batches[first]["n"]
        kept: deque[LoggedOutcome] = deque(maxlen=MOST_TRAINING_ROWS)
        for one, rows in in_batches(
            self.stream.rows_of(batches[first:], batches[first - 1] if first else None),
            batches[first:],
        ):
            if one["decision"] == "learned":
                kept += rows
        _, columns = learnable(self.stream.learner.signature, list(kept))
        return frame_from_columns(columns)

    def release(self, table: str) -> Row:
        """Release the newest version that was learned, if nothing is in its way."""
        nothing: Row = {"release_id": None, "released": None, "waits": None}
        rows = fetch_all(self.writer, "unreleased_snapshot", stream=self.stream.number)
        if not rows:
            self.writer.rollback()
            return nothing
        (found,) = rows
        if found["is_busy"]:
            self.writer.rollback()
            return {
                **nothing,
                "waits": f"version {found['version']} waits for a release to end",
            }
        release_id = fetch_value(
            self.writer, "release_snapshot", table=table, version=found["version"]
        )
        self.writer.commit()
        return {**nothing, "release_id": release_id, "released": found["version"]}


def batch_row(batch: OutcomeBatch, decision: Decision) -> Row:
    """Return what is kept of a batch."""
    scores, is_learned = decision.scores, decision.reason is None
    return {
        "reason": decision.reason,
        "since": batch.since,
        "until": batch.last[0],
        "last_digest": batch.last[1],
        "n": len(batch),
        "churned": int(batch.left.sum()),
        "left_out": batch.left_out,
        "log_loss": decision.log_loss,
        "mean_score": None if scores is None else float(scores.mean()),
        "mean_shift": decision.mean_shift,
        "step": decision.step,
        "rows_sha256": batch.digest,
        "state_sha256": decision.knowledge.digest,
        "state": decision.knowledge.to_bytes() if is_learned else None,
    }


def told(row: Row) -> Row:
    """Return what a user hears of a batch."""
    names = ("position", "since", "until", "n", "churned", "log_loss", "mean_score")
    return {
        **{name: row[name] for name in names},
        "decision": "quarantined" if row["reason"] else "learned",
        "reason": row["reason"],
    }


def prune(connection: Connection, table: str) -> list[int]:
    """Delete the versions that were learned and never scored anybody."""
    rows = fetch_all(connection, "unneeded_snapshots", table=table)
    connection.rollback()
    pruned = []
    for row in rows:
        try:
            fetch_value(connection, "delete_model", version=row["version"])
            connection.commit()
            pruned.append(row["version"])
        except psycopg2.Error as error:
            # Somebody has begun to use it.
            connection.rollback()
            output.message(f"version {row['version']} stays: {describe(error)}")
    return pruned


def in_batches(
    rows: Generator[LoggedOutcome, None, None], batches: list[Row]
) -> Iterator[tuple[Row, list[LoggedOutcome]]]:
    """Yield batches with their rows, which end where they ended when they were read."""
    waiting: LoggedOutcome | None = None
    with closing(rows):
        for one in batches:
            found = []
            end = (one["until"], one["last_digest"])
            while (waiting := waiting or next(rows, None)) and waiting.place <= end:
                found.append(waiting)
                waiting = None
            yield one, found


def replay(url: str | None, table: str, pickle_file: str | Path | None = None) -> Row:
    """Learn a stream once more, from its base version, and compare what comes of it.

    Parameters
    ----------
    url, table, pickle_file
        As `learn` takes them.

    Returns
    -------
    dict
        ``busy``, whether somebody is learning, and then no more; ``batches``, how many;
        ``versions``, those whose pickles are the same; ``differing``, a dict for each
        batch that is not as it was: ``position`` and ``what``.
    """
    with closing(connect(url)) as reader, closing(connect(url)) as other:
        stream = Stream.begin(reader, table, pickle_file, waits=False)
        if stream is None:
            return {"busy": True}
        batches = fetch_all(other, "learned_batches", stream=stream.number)
        other.rollback()
        with threadpool_limits(1):
            differing, versions = compare(stream, batches)
        reader.rollback()
    return {
        "busy": False,
        "stream_id": stream.number,
        "base_version": stream.row["base_version"],
        "batches": len(batches),
        "versions": versions,
        "differing": differing,
    }


def compare(stream: Stream, batches: list[Row]) -> tuple[list[Row], list[int]]:
    """Return which batches differ when learned again, and which versions do not."""
    learner, known = stream.learner, stream.start()
    differing, versions = [], []
    for one, rows in replayed(stream, batches):
        kept, _ = learnable(learner.signature, rows)
        what = None
        if not kept:
            what = "its rows are not in the log any more"
        else:
            end = (one["until"], one["last_digest"])
            left_out = len(rows) - len(kept)
            batch = batch_of(learner.signature, kept, end, left_out)
            decision = learner.decide(batch, known)
            known = decision.knowledge
            if batch.digest != bytes(one["rows_sha256"]):
                what = f"its rows are others: {len(batch):,}, and {one['n']:,} then"
            elif known.digest != bytes(one["state_sha256"]):
                what = "what is known after it is something else"
            elif one["artifact_sha256"] is not None:
                if learner.made_of(known).digest == bytes(one["artifact_sha256"]):
                    versions.append(one["version"])
                else:
                    what = f"the pickle of version {one['version']} has other bytes"
        if what is not None:
            differing.append({"position": one["position"], "what": what})
    return differing, versions


def replayed(
    stream: Stream, batches: list[Row]
) -> Iterator[tuple[Row, list[LoggedOutcome]]]:
    """Yield batches with their rows, as was known when each was learned."""
    first = 0
    while first < len(batches):
        last = first
        while (
            last + 1 < len(batches)
            and batches[last + 1]["known_until"] == batches[first]["known_until"]
        ):
            last += 1
        part = batches[first : last + 1]
        before = batches[first - 1] if first else None
        yield from in_batches(stream.rows_of(part, before), part)
        first = last + 1

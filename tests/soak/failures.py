"""Complaints that no failing model costs: what happens, and how it is mended.

With ``keep`` a complaint is committed whatever becomes of its score, the customer is
marked, and churn.repair scores it when the cause is gone; with ``raise`` there is an
error, and nothing half done.
"""

import time

import numpy as np
import psycopg2
from pgchurn.plpython.runtime.pacing import CALL_SECONDS
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier

from tests.models import (
    CUSTOMERS,
    KINDS,
    activate,
    divergences,
    fit,
    fit_matrix,
    pipeline_for,
    register,
)
from tests.soak import bypasses, cancels
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

INSERT = "INSERT INTO churn.complaints (customer_id) "
# What asks for scores, and of which customers.
WAYS = {
    "INSERT of one row": (INSERT + "VALUES (1)", range(1, 2)),
    "bulk INSERT": (
        INSERT + "SELECT 2 + i % 30 FROM generate_series(0, 89) i",
        range(2, 32),
    ),
    "churn.rescore": (
        "CALL churn.rescore('churn.customers')",
        range(1, CUSTOMERS + 1),
    ),
}
AS_REPLICA = "SET session_replication_role = replica"
AS_USUAL = "RESET session_replication_role"
BYTES_CHANGED = (
    "UPDATE churn.models SET {0} = set_byte({0}, 100, 255 - get_byte({0}, 100))"
    " WHERE version = %s"
)
# Leaves a session 3 MB: all else that it may take is taken, of what it has freed too.
LIMIT = """
    DO LANGUAGE plpython3u $$
    import resource

    with open("/proc/self/statm", encoding="ascii") as statm:
        limit = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (limit + (4 << 20),) * 2)
    taken = GD["taken by the test"] = []
    try:
        while True:
            taken.append(bytearray(1 << 16))
    except MemoryError:
        del taken[-48:]
    $$
"""
# Of 8 bytes for each row.
NEURONS = 600_000


class Cause:
    """Something that keeps a model from scoring, and how it is brought about.

    Parameters
    ----------
    session : Session
        In autocommit mode, of a superuser.
    version : int
        The version that is active.
    """

    # What the mark says of it.
    sqlstate, reason = None, None
    compiles = False

    def __init__(self, session, version):
        self.session, self.version = session, version

    def bring_about(self):
        """Make the model fail from now on, in sessions that are new."""

    def limit(self, session):
        """Do to a new session what makes its model fail."""

    def remove(self):
        """Undo it."""

    def past_triggers(self, statement, *parameters):
        """Run a statement that no trigger sees."""
        self.session.run(AS_REPLICA)
        self.session.run(statement, *parameters)
        self.session.run(AS_USUAL)


class Missing(Cause):
    """The version's row is gone."""

    sqlstate, reason = "XX001", "is missing"

    @staticmethod
    def model():
        """Return the model that is to fail."""
        return fit(seed=3)

    def bring_about(self):
        """Delete it."""
        self.session.run(
            "CREATE TABLE public.held AS SELECT * FROM churn.models WHERE version = %s",
            self.version,
        )
        self.past_triggers("DELETE FROM churn.models WHERE version = %s", self.version)

    def remove(self):
        """Restore it."""
        self.past_triggers(
            "INSERT INTO churn.models OVERRIDING SYSTEM VALUE SELECT * FROM held"
        )
        self.session.run("DROP TABLE public.held")


class MissingCompiled(Missing):
    """The same of a version that is compiled."""

    compiles = True


class Corrupt(Missing):
    """A byte of the pickle is not what it was."""

    sqlstate, reason = "XX001", "does not match its digest"
    column = "artifact"

    def bring_about(self):
        """Change it, where nothing checks digests any more."""
        self.session.run("""
            DO $$
            DECLARE
                checked name;
            BEGIN
                FOR checked IN
                    SELECT conname FROM pg_constraint
                    WHERE conrelid = 'churn.models'::regclass AND contype = 'c'
                LOOP
                    EXECUTE format(
                        'ALTER TABLE churn.models DROP CONSTRAINT %I', checked
                    );
                END LOOP;
            END
            $$
            """)
        self.remove()

    def remove(self):
        """Change it, and by that change it back."""
        self.past_triggers(BYTES_CHANGED.format(self.column), self.version)


class CorruptCompiled(Corrupt):
    """A byte of the compiled form is not what it was."""

    compiles = True
    column = "compiled"


class Raising(Cause):
    """The customers have numbers that a forest's pickle refuses."""

    sqlstate, reason = "22023", "cannot score"
    column, spoilt, sound = "data_usage_gb", "1e300", "1 + customer_id"

    @staticmethod
    def model():
        """Return the model that is to fail."""
        return fit(pipeline=pipeline_for(KINDS, RandomForestClassifier(5)))

    def bring_about(self):
        """Spoil a feature of every customer."""
        self.store(self.spoilt)

    def remove(self):
        """Mend it, by itself no reason to score anybody."""
        self.store(self.sound)

    def store(self, value):
        """Overwrite the feature, past the triggers."""
        self.past_triggers(f"UPDATE churn.customers SET {self.column} = {value}")


class RaisingCompiled(Raising):
    """The customers have a category that a compiled form refuses."""

    compiles = True
    sqlstate, reason = "22023", "category"
    column, spoilt, sound = "contract", "'never seen'", "'one year'"

    @staticmethod
    def model():
        """Return the model that is to fail."""
        return fit(pipeline=pipeline_for(KINDS, handle_unknown="error"))


class NotANumber(Raising):
    """The model subtracts infinities wherever a number is not small."""

    sqlstate, reason = "22023", "no probability"
    column, spoilt, sound = "data_usage_gb", "10", "0.01 / customer_id"

    @staticmethod
    def model():
        """Return the model that is to fail."""
        model = network(2)
        outwards = np.array([[1.0], [-1.0]])
        model.pipeline[-1].coefs_ = [np.array([[1e308, 1e308]]), outwards]
        model.pipeline[-1].intercepts_ = [np.zeros(2), np.zeros(1)]
        return model


class TooSlow(Cause):
    """The model takes longer than it is allowed to."""

    sqlstate, reason = "55000", "too slow"

    @staticmethod
    def model():
        """Return the model that is to fail."""
        model = fit_matrix(["data_usage_gb"], RandomForestClassifier(1, max_depth=2))
        # One tree many times over, so that its pickle is small.
        model.pipeline[-1].estimators_ *= 16_000
        return model

    def bring_about(self):
        """Allow for little."""
        self.allow("1 ms")

    def remove(self):
        """Allow for as much as is usual."""
        self.allow("5 s")

    def allow(self, timeout):
        """Set the longest time of a call."""
        self.session.run(
            "SELECT churn.set_score_timeout('churn.customers', %s)", timeout
        )


class OutOfMemory(Cause):
    """The model needs more memory than its session may take."""

    sqlstate, reason = "54000", "ran out of memory"

    @staticmethod
    def model():
        """Return the model that is to fail."""
        model = network(2)
        model.pipeline[-1].coefs_ = [np.zeros((1, NEURONS)), np.zeros((NEURONS, 1))]
        model.pipeline[-1].intercepts_ = [np.zeros(NEURONS), np.zeros(1)]
        return model

    def limit(self, session):
        """Load the model, and leave the backend hardly more than it has."""
        session.run("SELECT churn.warm()")
        # Loads PL/pgSQL.
        session.run("SELECT FROM churn.health")
        session.run(LIMIT)


def network(neurons):
    """Return a neural network of one number; its weights are to be replaced."""
    classifier = MLPClassifier((neurons,), solver="lbfgs", random_state=0)
    model = fit_matrix(["data_usage_gb"], classifier)
    # Of the numbers that the model is asked about when it is registered.
    model.pipeline[0].statistics_ = np.zeros(1)
    return model


CAUSES = {
    "model missing, pickled": Missing,
    "model missing, compiled": MissingCompiled,
    "corrupt digest, pickled": Corrupt,
    "corrupt digest, compiled": CorruptCompiled,
    "raising, pickled": Raising,
    "raising, compiled": RaisingCompiled,
    "returning NaN": NotANumber,
    "too slow": TooSlow,
    "out of memory": OutOfMemory,
}
# What is quick to bring about.
FEW_CAUSES = (
    "model missing, compiled",
    "corrupt digest, compiled",
    "raising, compiled",
)


def measure(server, full):
    """Let models fail in every way, cancel what scores, and bypass the triggers."""
    with trained_database(server, "failures") as database:
        for name in CAUSES if full else FEW_CAUSES:
            cause = CAUSES[name]
            yield cause_bar(database, name, cause)
    yield from bypasses.measure(server, full)
    yield from cancels.measure(server, full)


def cause_bar(database, name, kind):
    """Bring one cause about, ask for scores in every way, and mend what is left."""
    session = database.session(autocommit=True)
    if issubclass(kind, Raising):
        kind(session, None).remove()
    version = register(session, kind.model(), compile_form=kind.compiles)
    cause = kind(session, version)
    activate(session, cause.version)
    session.run("CALL churn.rescore('churn.customers')")
    cause.bring_about()
    wrong = []
    for policy, check in (("raise", check_refused), ("keep", check_kept)):
        session.run("SELECT churn.set_on_error('churn.customers', %s)", policy)
        for way, (statement, customers) in WAYS.items():
            failing = database.session(autocommit=True)
            cause.limit(failing)
            wrong += [
                f"{way} with {policy}: {what}"
                for what in check(cause, failing, statement, customers)
            ]
            if kind is TooSlow:
                wrong += check_resting(failing)
            failing.close()
    cause.remove()
    wrong += check_mended(session)
    session.close()
    return Bar(
        name,
        "complaint committed, customer marked, shown by churn.health, mended by "
        "churn.repair; with raise an error and nothing half done",
        f"{len(WAYS)} ways x 2 policies: {'; '.join(wrong) or 'as wanted'}",
        not wrong,
    )


def state(session):
    """Return all that a statement which is refused leaves as it was."""
    return (
        session.run("SELECT * FROM churn.customers ORDER BY customer_id"),
        session.run("SELECT * FROM churn.complaints ORDER BY complaint_id"),
        session.run("SELECT * FROM churn_internal.failed_profiles ORDER BY key"),
    )


def check_refused(cause, failing, statement, customers):
    """Yield what is wrong where the policy is to raise."""
    before = state(cause.session)
    try:
        failing.run(statement)
        yield "no error"
    except psycopg2.Error as error:
        if error.pgcode != cause.sqlstate or cause.reason not in str(error):
            yield f"{error.pgcode} {error}"
    if state(cause.session) != before:
        yield "something was written"


SCORES = (
    "SELECT customer_id, complaint_count, churn_score, churn_model_version,"
    " churn_scored_at FROM churn.customers"
)


def check_kept(cause, failing, statement, customers):
    """Yield what is wrong where the policy is to keep."""
    session = cause.session
    before = {row[0]: row[1:] for row in session.run(SCORES)}
    marked_before = marks(session, cause)
    complaints = session.value("SELECT count(*) FROM churn.complaints")
    try:
        failing.run(statement)
    except psycopg2.Error as error:
        yield f"{error.pgcode} {error}"
        return
    after = {row[0]: row[1:] for row in session.run(SCORES)}
    # Every way that inserts brings as many complaints to each customer.
    added = session.value("SELECT count(*) FROM churn.complaints") - complaints
    each = added // len(customers)
    if added and {
        customer for customer in after if after[customer][0] != before[customer][0]
    } != set(customers):
        yield "complaints are not counted"
    if any(after[key][0] - before[key][0] not in (0, each) for key in after):
        yield "complaints are miscounted"
    if any(after[key][1:] != before[key][1:] for key in after):
        yield "a score is not what it was"
    marked = marks(session, cause)
    more = {
        int(key) for key, times in marked.items() if times > marked_before.get(key, 0)
    }
    if more != set(customers):
        yield f"{len(more)} of {len(customers)} are marked"
    shown = session.run(
        "SELECT sum(waiting), sum(customers), sum(failures) FROM churn.health"
        " WHERE failed_version = %s AND active_version = failed_version"
        " AND sqlstate = %s AND strpos(reason, %s) > 0",
        *(cause.version, cause.sqlstate, cause.reason),
    )
    if shown != [(len(marked), len(marked), sum(marked.values()))]:
        yield f"churn.health shows {shown}"


def marks(session, cause):
    """Return how often each marked customer failed for this cause, by key as text."""
    return dict(
        session.run(
            "SELECT key, failures FROM churn_internal.failed_profiles"
            " WHERE version = %s AND sqlstate = %s AND strpos(reason, %s) > 0",
            *(cause.version, cause.sqlstate, cause.reason),
        )
    )


def check_resting(failing):
    """Yield what is wrong with a session whose model was too slow just now."""
    started = time.monotonic()
    try:
        failing.run(WAYS["bulk INSERT"][0])
    except psycopg2.Error as error:
        if TooSlow.reason not in str(error):
            yield f"{error.pgcode} {error}"
    if time.monotonic() - started > CALL_SECONDS:
        yield "the model does not rest"


def check_mended(session):
    """Yield what is wrong when the cause is gone and churn.repair has run."""
    session.run("CALL churn.repair('churn.customers')")
    if divergences(session):
        yield "churn.verify finds something after churn.repair"
    stale = session.value(
        "SELECT count(*) FROM churn.customers c, churn.active_deployments d"
        " WHERE c.churn_model_version IS DISTINCT FROM d.version"
    )
    if stale or session.value("SELECT count(*) FROM churn_internal.failed_profiles"):
        yield "churn.repair left marks"
    if session.value("SELECT sum(waiting) + sum(failures) FROM churn.health"):
        yield "churn.health is not empty after churn.repair"

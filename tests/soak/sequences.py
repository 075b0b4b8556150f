"""Random sequences of operations against a simple model of counters and scores.

The model is a few dictionaries: who the customers are, which complaints there are, and
which version scored a customer last. What a statement touches it scores by the version
in force; nothing else changes a score.
"""

import contextlib
import copy
import functools
import io
import sys
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.models import (
    CONTRACTS,
    KINDS,
    TOLERANCE,
    default_model,
    divergences,
    other_model,
    register,
)
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

# A compiled version, another model's, and a pickle.
VERSIONS = (2, 3, 4)
MODELS = {2: default_model, 3: other_model, 4: other_model}
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
FEATURES = ("age", "contract", "paperless_billing", "monthly_charges", "data_usage_gb")

# Which one of those that there are, and how many of them.
choice = st.integers(0, 7)
choices = st.lists(choice, min_size=1, max_size=4)
minute = st.integers(0, 1000)
customer = st.tuples(
    st.none() | st.integers(18, 90),
    st.none() | st.sampled_from(CONTRACTS),
    st.none() | st.booleans(),
    st.none() | st.integers(0, 200),
    st.none() | st.integers(0, 1000).map(lambda tenths: tenths / 10),
)


def measure(server, full):
    """Run the sequences, many long ones or a few short ones."""
    examples, steps = (200, 50) if full else (12, 30)
    with trained_database(server, "sequences") as database:
        session = database.session(autocommit=True)
        session.run("SET synchronous_commit = off")
        register(session, other_model())
        register(session, other_model(), compile_form=False)
        machine = type("BoundSequences", (Sequences,), {"session": session})
        drift = "none"
        Sequences.steps = 0
        try:
            # Hypothesis prints what failed where the table is to be.
            with contextlib.redirect_stdout(sys.stderr):
                run_state_machine_as_test(
                    machine,
                    settings=settings(
                        max_examples=examples,
                        stateful_step_count=steps,
                        derandomize=True,
                        database=None,
                        deadline=None,
                        suppress_health_check=list(HealthCheck),
                        phases=(Phase.explicit, Phase.generate, Phase.shrink),
                    ),
                )
        except Exception as error:
            # The sequence, shortened by Hypothesis, is in the notes of the error.
            traceback.print_exc()
            drift = str(error).partition("\n")[0]
        yield Bar(
            f"random operation sequences, {examples} examples x {steps} steps",
            "drift none",
            f"drift {drift}; {Sequences.steps:,} steps",
            drift == "none",
        )


@dataclass
class State:
    """What the tables should say.

    Attributes
    ----------
    customers : dict of int to tuple
        Features by key.
    scored_by : dict of int to (int or None)
        The version that scored each customer last.
    complaints : dict of int to (int, int)
        Customer and minute of each complaint.
    deployments : list of (int, int or None)
        Version, and the place of the deployment that a rollback goes back to.
    next_key, next_complaint : int
    has_column : bool
        Whether the unrelated column is there.
    """

    customers: dict = field(default_factory=dict)
    scored_by: dict = field(default_factory=dict)
    complaints: dict = field(default_factory=dict)
    deployments: list = field(default_factory=list)
    next_key: int = 1
    next_complaint: int = 1
    has_column: bool = False

    @property
    def active(self):
        """The version in force."""
        return self.deployments[-1][0]

    def touch(self, keys):
        """Score customers."""
        self.scored_by.update(
            {key: self.active for key in keys if key in self.customers}
        )

    def minutes(self, key):
        """Return the minutes of a customer's complaints."""
        return [at for owner, at in self.complaints.values() if owner == key]

    def change(self, complaints):
        """Put complaints as they are from now on, and score whom that concerns."""
        keys = set(self.customers)
        before = {key: sorted(self.minutes(key)) for key in keys}
        self.complaints.update(complaints)
        self.touch(key for key in keys if sorted(self.minutes(key)) != before[key])

    def output(self):
        """Return key to counter, latest complaint, score and version."""
        return {
            key: (
                len(self.minutes(key)),
                max(map(at, self.minutes(key)), default=None),
                (
                    None
                    if self.scored_by[key] is None
                    else score(self.scored_by[key], features, len(self.minutes(key)))
                ),
                self.scored_by[key],
            )
            for key, features in self.customers.items()
        }


@functools.cache
def score(version, features, complaints):
    """Return what scikit-learn says of a customer, at the client."""
    values = {**dict(zip(FEATURES, features)), "complaint_count": complaints}
    frame = pd.DataFrame(
        {
            name: pd.Series(
                [float("nan") if values[name] is None else values[name]],
                dtype="object" if kind == "text" else "float64",
            )
            for name, kind in KINDS.items()
        }
    )
    return float(MODELS[version]().probabilities(frame)[0])


def at(number):
    """Return the time of a minute."""
    return EPOCH + timedelta(minutes=number)


class Sequences(RuleBasedStateMachine):
    """One session that does everything that an application and a DBA do."""

    session = None
    steps = 0

    def __init__(self):
        super().__init__()
        self.state = State()
        # What to go back to: the beginning of the transaction, then its savepoints.
        self.saved = []
        self.has_detached = False
        self.session.run("""
            SET session_replication_role = replica;
            DELETE FROM churn.deployments;
            DELETE FROM churn.complaints;
            DELETE FROM churn.customers;
            SET session_replication_role = origin;
            ALTER TABLE churn.customers DROP COLUMN IF EXISTS unrelated;
            """)
        self.activate(VERSIONS[0])
        self.new_customers([(30, "one year", True, 50, 1.5), (None,) * 5])

    def teardown(self):
        """Leave the session as it was."""
        if self.saved:
            self.session.run("ROLLBACK")

    def keys(self, chosen):
        """Return existing customers."""
        keys = sorted(self.state.customers)
        return [keys[number % len(keys)] for number in chosen] if keys else []

    def complaints(self, chosen):
        """Return existing complaints."""
        complaints = sorted(self.state.complaints)
        if not complaints:
            return []
        return sorted({complaints[number % len(complaints)] for number in chosen})

    def new_complaints(self, chosen, minutes):
        """Return complaints that are not there yet, as id, customer and minute."""
        rows = []
        for key, number in zip(self.keys(chosen), minutes):
            rows.append((self.state.next_complaint, key, number))
            self.state.next_complaint += 1
        return rows

    def run_many(self, statement, rows, *parameters):
        """Execute a statement on complaints given as arrays."""
        columns = [list(column) for column in zip(*rows)] or [[], [], []]
        columns[2] = [at(number) for number in columns[2]]
        self.session.run(statement, *columns, *parameters)

    # ---- complaints ----

    @rule(chosen=choices, minutes=st.lists(minute, min_size=4, max_size=4))
    def insert(self, chosen, minutes):
        rows = self.new_complaints(chosen, minutes)
        self.run_many(
            "INSERT INTO churn.complaints (complaint_id, customer_id, complained_at)"
            " OVERRIDING SYSTEM VALUE"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])",
            rows,
        )
        self.state.change({row[0]: row[1:] for row in rows})

    @rule(chosen=choices, minutes=st.lists(minute, min_size=4, max_size=4))
    def copy(self, chosen, minutes):
        rows = self.new_complaints(chosen, minutes)
        lines = [f"{number}\t{key}\t{at(when)}\n" for number, key, when in rows]
        with self.session.connection.cursor() as cursor:
            cursor.copy_expert(
                "COPY churn.complaints (complaint_id, customer_id, complained_at)"
                " FROM STDIN",
                io.StringIO("".join(lines)),
            )
        self.state.change({row[0]: row[1:] for row in rows})

    @rule(
        changed=choices,
        chosen=choices,
        minutes=st.lists(minute, min_size=8, max_size=8),
        action=st.sampled_from(("nothing", "update", "merge")),
    )
    def upsert(self, changed, chosen, minutes, action):
        """Insert new complaints and existing ones, which then change or stay."""
        new = self.new_complaints(chosen, minutes)
        existing = self.complaints(changed) if self.state.customers else []
        owners = self.keys([number + 1 for number in changed])
        rows = new + [
            (number, owner, when)
            for number, owner, when in zip(existing, owners, minutes[4:])
        ]
        source = (
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])"
            " n (complaint_id, customer_id, complained_at)"
        )
        if action == "merge":
            statement = (
                f"MERGE INTO churn.complaints c USING ({source}) n"
                " ON n.complaint_id = c.complaint_id"
                " WHEN MATCHED AND n.complaint_id %% 2 = 0 THEN DELETE"
                " WHEN MATCHED THEN UPDATE SET"
                " customer_id = n.customer_id, complained_at = n.complained_at"
                " WHEN NOT MATCHED THEN INSERT"
                " (complaint_id, customer_id, complained_at) OVERRIDING SYSTEM VALUE"
                " VALUES (n.complaint_id, n.customer_id, n.complained_at)"
            )
        else:
            statement = (
                "INSERT INTO churn.complaints"
                " (complaint_id, customer_id, complained_at) OVERRIDING SYSTEM VALUE"
                f" {source} ON CONFLICT (complaint_id) DO"
            ) + (
                " NOTHING"
                if action == "nothing"
                else " UPDATE SET customer_id = excluded.customer_id,"
                " complained_at = excluded.complained_at"
            )
        self.run_many(statement, rows)
        taken = {row[0]: row[1:] for row in (new if action == "nothing" else rows)}
        if action == "merge":
            for number in [number for number in existing if number % 2 == 0]:
                if number in taken:
                    self.remove([number])
                    del taken[number]
        # An upsert that changes nothing counts as none, an inserted row always counts.
        self.state.change(taken)
        self.state.touch(row[1] for row in new)

    @rule(chosen=choices)
    def delete(self, chosen):
        doomed = self.complaints(chosen)
        self.session.run(
            "DELETE FROM churn.complaints WHERE complaint_id = ANY (%s)", doomed
        )
        self.remove(doomed)

    def remove(self, complaints):
        """Take complaints out of the model."""
        owners = [self.state.complaints.pop(number)[0] for number in complaints]
        self.state.touch(owners)

    @rule(chosen=choices, to=choice)
    def move(self, chosen, to):
        moved = self.complaints(chosen)
        (owner,) = self.keys([to]) or [None]
        self.session.run(
            "UPDATE churn.complaints SET customer_id = %s"
            " WHERE complaint_id = ANY (%s)",
            *(owner, moved),
        )
        self.state.change(
            {number: (owner, self.state.complaints[number][1]) for number in moved}
        )

    @rule(chosen=choices, number=minute)
    def change_times(self, chosen, number):
        changed = self.complaints(chosen)
        self.session.run(
            "UPDATE churn.complaints SET complained_at = %s"
            " WHERE complaint_id = ANY (%s)",
            *(at(number), changed),
        )
        self.state.change(
            {one: (self.state.complaints[one][0], number) for one in changed}
        )

    @rule(
        chosen=choices,
        deleted=choices,
        minutes=st.lists(minute, min_size=4, max_size=4),
    )
    def delete_and_insert_in_one(self, chosen, deleted, minutes):
        rows, doomed = self.new_complaints(chosen, minutes), self.complaints(deleted)
        self.run_many(
            "WITH new AS (SELECT * FROM unnest("
            " %s::bigint[], %s::bigint[], %s::timestamptz[])),"
            " deleted AS (DELETE FROM churn.complaints WHERE complaint_id = ANY (%s))"
            " INSERT INTO churn.complaints (complaint_id, customer_id, complained_at)"
            " OVERRIDING SYSTEM VALUE SELECT * FROM new",
            *(rows, doomed),
        )
        self.remove(doomed)
        self.state.change({row[0]: row[1:] for row in rows})
        self.state.touch(row[1] for row in rows)

    @rule()
    def truncate(self):
        self.session.run("TRUNCATE churn.complaints")
        self.remove(list(self.state.complaints))

    @rule(to=choice)
    def refused_complaint(self, to):
        """A complaint of nobody takes one of somebody down with it."""
        (key,) = self.keys([to]) or [1]
        with self.undone():
            refusal = self.session.refusal(
                "INSERT INTO churn.complaints (customer_id) VALUES (%s), (-1)", key
            )
        assert refusal.sqlstate == "23503"

    # ---- customers ----

    @rule(customers=st.lists(customer, min_size=1, max_size=3))
    def new_customers(self, customers):
        for features in customers:
            self.state.customers[self.state.next_key] = features
            self.state.touch([self.state.next_key])
            self.state.next_key += 1
        first = self.state.next_key - len(customers)
        values = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(customers))
        self.session.run(
            f"INSERT INTO churn.customers (customer_id, {', '.join(FEATURES)})"
            f" VALUES {values}",
            *(
                value
                for key, features in enumerate(customers, first)
                for value in (key, *features)
            ),
        )

    @rule(chosen=choices, features=customer, column=st.integers(0, len(FEATURES) - 1))
    def change_feature(self, chosen, features, column):
        changed = set(self.keys(chosen))
        self.session.run(
            f"UPDATE churn.customers SET {FEATURES[column]} = %s"
            " WHERE customer_id = ANY (%s)",
            *(features[column], list(changed)),
        )
        for key in changed:
            former = self.state.customers[key]
            present = (*former[:column], features[column], *former[column + 1 :])
            if present != former:
                self.state.customers[key] = present
                self.state.touch([key])

    @rule(chosen=choices, customers=st.lists(customer, min_size=4, max_size=4))
    def upsert_customers(self, chosen, customers):
        """Insert a customer and, in the same statement, change others."""
        rows = dict(zip([*self.keys(chosen[:3]), self.state.next_key], customers))
        self.state.next_key += 1
        values = ", ".join(["(%s::bigint, %s::integer, %s)"] * len(rows))
        self.session.run(
            "INSERT INTO churn.customers (customer_id, age, contract)"
            f" VALUES {values} ON CONFLICT (customer_id) DO UPDATE SET"
            " age = excluded.age, contract = excluded.contract",
            *(value for key, row in rows.items() for value in (key, *row[:2])),
        )
        for key, row in rows.items():
            former = self.state.customers.get(key, (None,) * len(FEATURES))
            present = (*row[:2], *former[2:])
            if self.state.customers.get(key) != present:
                self.state.customers[key] = present
                self.state.touch([key])

    @rule(chosen=choices)
    def delete_customers(self, chosen):
        doomed = set(self.keys(chosen[:1]))
        self.session.run(
            "DELETE FROM churn.customers WHERE customer_id = ANY (%s)", list(doomed)
        )
        for key in doomed:
            del self.state.customers[key], self.state.scored_by[key]
        self.state.complaints = {
            number: complaint
            for number, complaint in self.state.complaints.items()
            if complaint[0] not in doomed
        }

    @rule(to=choice)
    def change_key(self, to):
        for key in self.keys([to]):
            new = self.state.next_key
            self.state.next_key += 1
            self.session.run(
                "UPDATE churn.customers SET customer_id = %s WHERE customer_id = %s",
                *(new, key),
            )
            self.state.customers[new] = self.state.customers.pop(key)
            del self.state.scored_by[key]
            self.state.complaints = {
                number: (new if owner == key else owner, when)
                for number, (owner, when) in self.state.complaints.items()
            }
            self.state.touch([new])

    @rule(
        chosen=choices,
        overwritten=st.sampled_from(
            ("complaint_count = -1", "churn_score = 0.5", "last_complaint_at = now()")
        ),
    )
    def overwrite(self, chosen, overwritten):
        keys = self.keys(chosen)
        self.session.run(
            f"UPDATE churn.customers SET {overwritten} WHERE customer_id = ANY (%s)",
            keys,
        )
        self.state.touch(keys)

    # ---- versions ----

    @rule(version=st.sampled_from(VERSIONS))
    def activate(self, version):
        self.session.run("SELECT churn.activate_model(%s)", version)
        deployments = self.state.deployments
        if not deployments or self.state.active != version:
            deployments.append((version, len(deployments) - 1 if deployments else None))

    @precondition(lambda self: self.state.deployments[-1][1] is not None)
    @rule()
    def roll_back_the_model(self):
        deployments = self.state.deployments
        self.session.run("SELECT churn.rollback_model('churn.customers')")
        deployments.append(deployments[deployments[-1][1]])

    @precondition(lambda self: not self.saved)
    @rule(batch_size=st.integers(1, 5))
    def rescore(self, batch_size):
        self.session.run("CALL churn.rescore('churn.customers', %s)", batch_size)
        self.state.touch(self.state.customers)

    # ---- tables ----

    @rule(kind=st.sampled_from(("integer DEFAULT 7", "text", "boolean", "date")))
    def add_or_drop_a_column(self, kind):
        self.session.run(
            "ALTER TABLE churn.customers DROP COLUMN unrelated"
            if self.state.has_column
            else f"ALTER TABLE churn.customers ADD COLUMN unrelated {kind}"
        )
        self.state.has_column = not self.state.has_column

    @precondition(lambda self: not self.has_detached)
    @rule(chosen=choices, minutes=st.lists(minute, min_size=4, max_size=4))
    def detach_and_attach(self, chosen, minutes):
        # Once an example, because it takes as long as all the rest.
        self.has_detached = True
        self.session.run("SELECT churn.detach('churn.customers')")
        self.insert(chosen, minutes)
        self.session.run(
            "SELECT churn.attach('churn.customers', 'customer_id',"
            " 'churn.complaints', 'customer_id', 'complained_at')"
        )
        # The model that was active still is.
        self.state.touch(self.state.customers)

    # ---- transactions ----

    @precondition(lambda self: len(self.saved) < 4)
    @rule()
    def begin_or_save(self):
        self.session.run(f"SAVEPOINT s{len(self.saved)}" if self.saved else "BEGIN")
        self.saved.append(copy.deepcopy(self.state))

    @precondition(lambda self: self.saved)
    @rule(keep=st.booleans())
    def end_or_release(self, keep):
        former = self.saved.pop()
        if not self.saved:
            self.session.run("COMMIT" if keep else "ROLLBACK")
        else:
            undo = "RELEASE" if keep else "ROLLBACK TO"
            self.session.run(f"{undo} SAVEPOINT s{len(self.saved)}")
        if not keep:
            self.state = former

    @precondition(lambda self: self.saved)
    @rule()
    def roll_back_everything(self):
        self.session.run("ROLLBACK")
        self.state = self.saved[0]
        self.saved = []

    def undone(self):
        """Return a context in which a refusal leaves the transaction whole."""
        return Undone(self)

    # ---- the truth ----

    @invariant()
    def agrees(self):
        """Hold the tables against the model, and verify against both."""
        # Of all examples together.
        Sequences.steps += 1
        rows = self.session.run(
            "SELECT customer_id, complaint_count, last_complaint_at, churn_score,"
            " churn_model_version FROM churn.customers"
        )
        stored = {key: tuple(output) for key, *output in rows}
        expected = self.state.output()
        assert stored.keys() == expected.keys()
        for key in expected:
            assert agree(stored[key], expected[key]), (key, stored[key], expected[key])
        assert divergences(self.session) == []


class Undone:
    """A savepoint around a statement that is refused, where there is a transaction."""

    def __init__(self, machine):
        self.session = machine.session
        self.in_transaction = bool(machine.saved)

    def __enter__(self):
        """Set the savepoint."""
        if self.in_transaction:
            self.session.run("SAVEPOINT refused")

    def __exit__(self, *error):
        """Go back to it."""
        if self.in_transaction:
            self.session.run("ROLLBACK TO SAVEPOINT refused")


def agree(stored, expected):
    """Tell whether a row is as the model has it."""
    *outputs, score, version = stored
    *wanted, right_score, right_version = expected
    if outputs != wanted or version != right_version:
        return False
    if score is None or right_score is None:
        return score is right_score
    return abs(score - right_score) <= TOLERANCE

"""Every order of the steps of two transactions, after each of which nothing drifts.

Like PostgreSQL's isolationtester: each session has its steps, all interleavings are
run, and a session that waits is known by the locks that it waits for, not by the time
it takes. A step whose session still waits is put off until it does not. A transaction
that is told to try again is tried again when both are over.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import psycopg2
from pgchurn.loader import output

from tests.models import divergences, other_model, register
from tests.soak.bars import Bar
from tests.soak.databases import trained_database
from tests.waiting import observer_of

LONGEST = 60
# How long to wait for a step before asking whether it is blocked.
PAUSE = 0.002
RETRIED = ("40001", "40P01")
# Refused for good: foreign and unique keys, and nothing to roll back to.
REFUSED = ("23503", "23505", "55000")
LEVELS = {
    # The snapshot of REPEATABLE READ is a step of its own: it is taken before the
    # operation, which may come later than what the other session does.
    "READ COMMITTED": ("operate", "end"),
    "REPEATABLE READ": ("look", "operate", "end"),
}

# What is done to customer %(one)s, of whom complaints %(one)s1 and %(one)s2 are, and
# at times to another one.
OPERATIONS = {
    "insert": "INSERT INTO churn.complaints (customer_id) VALUES (%(one)s)",
    "first complaint": "INSERT INTO churn.complaints (customer_id) VALUES (4)",
    "insert many": (
        "INSERT INTO churn.complaints (customer_id)"
        " VALUES (%(one)s), (%(other)s), (%(one)s)"
    ),
    "upsert": (
        "INSERT INTO churn.complaints (complaint_id, customer_id, complained_at)"
        " OVERRIDING SYSTEM VALUE VALUES"
        " (%(one)s * 10 + 1, %(other)s, '2030-01-01'),"
        " (%(one)s * 10 + 9, %(one)s, '2030-01-02')"
        " ON CONFLICT (complaint_id) DO UPDATE SET"
        " customer_id = excluded.customer_id, complained_at = excluded.complained_at"
    ),
    "move": (
        "UPDATE churn.complaints SET customer_id = %(other)s"
        " WHERE customer_id = %(one)s"
    ),
    "change the time": (
        "UPDATE churn.complaints SET complained_at = '2040-01-01'"
        " WHERE complaint_id = %(one)s * 10 + 1"
    ),
    "delete": "DELETE FROM churn.complaints WHERE complaint_id = %(one)s * 10 + 2",
    "delete all": "DELETE FROM churn.complaints WHERE customer_id = %(one)s",
    "truncate": "TRUNCATE churn.complaints",
    "change a feature": (
        "UPDATE churn.customers SET age = age + 1 WHERE customer_id = %(one)s"
    ),
    "rescore": "UPDATE churn.customers SET churn_score = -1",
    "overwrite the counter": (
        "UPDATE churn.customers SET complaint_count = -1 WHERE customer_id = %(one)s"
    ),
    "change the key": (
        "UPDATE churn.customers SET customer_id = customer_id + 1000"
        " WHERE customer_id = %(one)s"
    ),
    "delete the customer": "DELETE FROM churn.customers WHERE customer_id = %(one)s",
    "new customer": (
        "INSERT INTO churn.customers (customer_id, age) VALUES (%(one)s + 100, 33)"
    ),
    "activate": "SELECT churn.activate_model(%(version)s)",
    "roll back the model": "SELECT churn.rollback_model('churn.customers')",
}
# The fourth customer is one who has never complained.
START = """
    DELETE FROM churn.customers;
    INSERT INTO churn.customers (customer_id, age, contract)
        VALUES (1, 30, 'one year'), (2, 40, 'two year'), (3, 50, NULL), (4, 60, NULL);
    INSERT INTO churn.complaints (complaint_id, customer_id, complained_at)
        OVERRIDING SYSTEM VALUE
        VALUES (11, 1, '2025-01-01'), (12, 1, '2025-01-02'), (21, 2, '2025-01-03'),
               (22, 2, '2025-01-04'), (31, 3, '2025-01-05'), (32, 3, '2025-01-06');
"""
# As plain as can be, and in nothing like verify itself.
WRONG = """
    SELECT count(*) FROM churn.customers p
    WHERE complaint_count <> (SELECT count(*) FROM churn.complaints c
                              WHERE c.customer_id = p.customer_id)
       OR last_complaint_at IS DISTINCT FROM (
           SELECT max(complained_at) FROM churn.complaints c
           WHERE c.customer_id = p.customer_id)
       OR churn_score IS NULL
"""


@dataclass(frozen=True)
class Permutation:
    """Two operations and the order in which they take place.

    Attributes
    ----------
    operations : tuple of str
        Of the first and the second session.
    same : bool
        Whether both are about the same customer.
    level : str
    order : tuple of int
        Whose step is next.
    ends : tuple of {"COMMIT", "ROLLBACK"}
    """

    operations: tuple
    same: bool
    level: str
    order: tuple
    ends: tuple

    def __str__(self):
        """Return what it takes to run it again."""
        customers = "same" if self.same else "different"
        return (
            f"{self.operations} of {customers}, {self.level}, {self.order}, {self.ends}"
        )


def measure(server, full):
    """Run the permutations, all of them or every so many."""
    with trained_database(server, "permutations") as database:
        stage = Stage(database)
        for level in LEVELS:
            chosen = list(permutations(level))
            # A prime, so that every kind has its turn.
            chosen = (
                chosen if full else chosen[:: 97 if level == "READ COMMITTED" else 211]
            )
            yield permutations_bar(stage, level, chosen)


def permutations(level):
    """Return all that there are at an isolation level."""
    steps = len(LEVELS[level])
    pairs = itertools.combinations_with_replacement(OPERATIONS, 2)
    for operations, same in itertools.product(pairs, (True, False)):
        for order in sorted(set(itertools.permutations([0] * steps + [1] * steps))):
            # The mirror image of a pair of the same is the same.
            if is_distinct(level, order) and not (
                operations[0] == operations[1] and same and order[0] == 1
            ):
                yield Permutation(operations, same, level, order, ("COMMIT", "COMMIT"))
        # The first takes back what the second waited for or built on, and the reverse.
        for ends in (("ROLLBACK", "COMMIT"), ("COMMIT", "ROLLBACK")):
            for order in ((0, 1) * steps, (1, 0) * steps):
                yield Permutation(operations, same, level, order, ends)


def is_distinct(level, order):
    """Tell whether an order differs from all those before it in what it shows.

    When a session looks matters only with regard to the other's end. So of the orders
    that differ in nothing else, the one in which it looks earliest stands for all.
    """
    left = [list(LEVELS[level]), list(LEVELS[level])]
    steps = [(number, left[number].pop(0)) for number in order]
    return not any(
        one != other
        and after == "look"
        and before != "end"
        and (before, one) != ("look", 0)
        for (one, before), (other, after) in itertools.pairwise(steps)
    )


def permutations_bar(stage, level, chosen):
    """Run permutations; return how many left anything wrong."""
    wrong, before = [], (stage.waits, stage.retries, stage.deadlocks)
    with output.progress_bar(len(chosen), "permutation", level) as bar:
        for permutation in chosen:
            found = stage.run(permutation)
            if found:
                wrong.append(permutation)
                output.message(f"permutations: {permutation}: {found}")
            bar.update()
    waits, retries, deadlocks = (
        now - then
        for now, then in zip((stage.waits, stage.retries, stage.deadlocks), before)
    )
    return Bar(
        f"{len(chosen):,} two-session permutations of {len(OPERATIONS)} operations, "
        f"{level}",
        "drift after 0",
        f"drift after {len(wrong)}{f', the first {wrong[0]}' if wrong else ''}; "
        f"{waits:,} waits, {retries:,} retries, {deadlocks} deadlocks",
        not wrong,
    )


class Actor:
    """One of the two sessions, with a thread in which it may wait.

    Attributes
    ----------
    running : concurrent.futures.Future or None
        The step that it is at.
    """

    def __init__(self, database):
        self.session = database.session(autocommit=True)
        self.pool = ThreadPoolExecutor(1)
        self.running = None

    def prepare(self, level, statement, parameters, end):
        """Take up a transaction; its steps are left to do."""
        begin = f"BEGIN ISOLATION LEVEL {level}"
        self.work = {
            "look": [(begin, ()), ("SELECT count(*) FROM churn.attachments", ())],
            "operate": [(statement, parameters)],
            "end": [(end, ())],
        }
        if "look" not in LEVELS[level]:
            self.work["operate"].insert(0, (begin, ()))
        self.left = list(LEVELS[level])
        self.outcome = None

    def start_step(self):
        """Begin the next step in the thread."""
        self.running = self.pool.submit(self.do, self.work[self.left.pop(0)])

    def do(self, statements):
        """Execute a step; when it is refused, the transaction is over."""
        try:
            for statement, parameters in statements:
                with self.session.connection.cursor() as cursor:
                    cursor.execute(statement, parameters)
        except psycopg2.Error as error:
            self.session.run("ROLLBACK")
            self.left = []
            if error.pgcode not in RETRIED + REFUSED:
                raise
            self.outcome = error.pgcode

    def try_again(self, level):
        """Do the whole transaction anew, alone."""
        self.outcome = None
        for step in LEVELS[level]:
            if not self.outcome:
                self.do(self.work[step])


class Stage:
    """A database on which permutations are run, and what was seen while they were.

    Attributes
    ----------
    waits, retries, deadlocks : int
    """

    def __init__(self, database):
        self.database = database
        self.director = database.session(autocommit=True)
        self.director.run("SET synchronous_commit = off")
        self.versions = [2, register(self.director, other_model())]
        self.actors = [Actor(database), Actor(database)]
        self.waits = self.retries = self.deadlocks = 0

    def run(self, permutation):
        """Run one permutation; return what is wrong afterwards."""
        self.director.run(START)
        active = self.director.value("SELECT version FROM churn.active_deployments")
        inactive = next(version for version in self.versions if version != active)
        for number, actor in enumerate(self.actors):
            one = 1 if permutation.same else number + 1
            actor.prepare(
                permutation.level,
                OPERATIONS[permutation.operations[number]],
                {"one": one, "other": one % 3 + 1, "version": inactive},
                permutation.ends[number],
            )
        for number in permutation.order:
            self.step(self.actors[number])
        # What was put off, in the order in which it becomes possible.
        while any(actor.left or self.is_running(actor) for actor in self.actors):
            for actor in self.actors:
                self.step(actor)
        for actor in self.actors:
            for _ in range(2):
                if actor.outcome in RETRIED:
                    self.retries += 1
                    self.deadlocks += actor.outcome == "40P01"
                    actor.try_again(permutation.level)
            if actor.outcome in RETRIED:
                return f"{actor.outcome} again and again"
        found = divergences(self.director)
        wrong = self.director.value(WRONG)
        return found or wrong

    def step(self, actor):
        """Do a session's next step, unless it still waits at the one before."""
        if actor.running is not None:
            self.settle(actor)
        if actor.running is None and actor.left:
            actor.start_step()
            self.settle(actor)
            self.waits += actor.running is not None

    def settle(self, actor):
        """Return when the step is done, or waits for the other session."""
        for _ in range(int(LONGEST / PAUSE)):
            if wait([actor.running], timeout=PAUSE).done:
                running, actor.running = actor.running, None
                running.result()
                return
            if self.is_blocked(actor):
                return
        raise RuntimeError("a step neither ended nor waited")

    def is_blocked(self, actor):
        """Tell whether a session waits for a lock that the other one holds."""
        return observer_of(self.database).value(
            "SELECT pg_blocking_pids(%s) && %s",
            actor.session.backend,
            [other.session.backend for other in self.actors if other is not actor],
        )

    def is_running(self, actor):
        """Tell whether a session is still at a step."""
        return actor.running is not None

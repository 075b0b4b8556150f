"""Random schedules of two sessions, in which every score is of what its session sees.

The sessions alter the profile, attach and detach another one, activate, trust keys and
revoke them, and score, in transactions of random isolation levels. What a transaction
sees is asked by itself, before a score and after it: which version is active, which
keys are in force, what the row holds under which names. The score has to be that of the
client's own scikit-learn for the one or the other; above READ COMMITTED only the names
can differ, which PostgreSQL reads from the catalog as it is now.

One step is done at a time, in an order that the seed says. A step whose session waits
for the other is put off until it does not.
"""

import json
import math
import random
from concurrent.futures import ThreadPoolExecutor, wait

import psycopg2
from pgchurn.loader import output

from tests.models import activate, deploy, fit_matrix
from tests.signers import KEY, OTHER_KEY, public_pem, register_signed, signed, trust
from tests.soak.bars import Bar
from tests.soak.databases import migrated_database
from tests.waiting import observer_of

SCHEDULES, SHORT = 5_000, 20
STEPS = 14
LONGEST = 60
PAUSE = 0.002
TOLERANCE = 1e-9
LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
CUSTOMER = 1
FEATURES = ("age", "monthly_charges")
SPARE = "data_usage_gb"
ROW = "churn.customers c WHERE c.customer_id = 1"

# Serialisation failure and deadlock; a table or function that another one has altered
# meanwhile; nothing to attach or to detach; an alteration that another one has made; a
# key that is not trusted in the first place; nothing active.
GIVEN_UP = (
    "40001",
    "40P01",
    "XX000",
    "42710",
    "42701",
    "42703",
    "42P07",
    "22023",
    "55000",
)
# A table is not attached above READ COMMITTED, nor an untrusted version activated.
UNALTERED = ("25001", "42501")
# A table that was rewritten looks empty to a snapshot from before, and to foreign keys.
LOOKS_EMPTY = "23503"
# What a score is refused with.
UNSCORED = ("42501", "42703", "55000", "P0002")

SEES = f"""
    SELECT (SELECT version FROM churn.active_deployments
            WHERE profile = 'churn.customers'::regclass),
           ARRAY(SELECT fingerprint FROM churn_trust.keys_in_force()),
           (SELECT to_jsonb(c)::text FROM {ROW})
"""
SCORES = {
    "one": f"SELECT churn.score(c) FROM {ROW}",
    # The first two look up what is active, and the others are told from memory.
    "rows": "SELECT (array_agg(churn.score(c)))[4] FROM churn.customers c"
    " CROSS JOIN generate_series(1, 4) WHERE c.customer_id = 1",
    "many": f"SELECT (churn.score_many(array_agg(c)))[1] FROM {ROW}",
    "customer": f"SELECT churn.score_customer({CUSTOMER})",
}
COMPLAINTS = {
    "complaint": "INSERT INTO churn.complaints (customer_id) VALUES (1)",
    "complaints": "INSERT INTO churn.complaints (customer_id) VALUES (1), (2)",
    # Written over with what was not there before, or nothing would have changed.
    "change": "UPDATE churn.customers SET churn_score = CASE WHEN churn_score = -1"
    " THEN -2 ELSE -1 END WHERE customer_id = 1",
}
STORED = f"SELECT churn_score FROM {ROW} AND churn_scored_at >= %s"
ALTERATIONS = {
    "swap": f"""
        ALTER TABLE churn.customers RENAME {FEATURES[1]} TO swapped;
        ALTER TABLE churn.customers RENAME {SPARE} TO {FEATURES[1]};
        ALTER TABLE churn.customers RENAME swapped TO {SPARE}
    """,
    "take away": f"ALTER TABLE churn.customers RENAME {FEATURES[0]} TO gone",
    "give back": f"ALTER TABLE churn.customers RENAME gone TO {FEATURES[0]}",
    "retype": f"ALTER TABLE churn.customers ALTER {FEATURES[1]} TYPE double precision",
    "type back": f"ALTER TABLE churn.customers ALTER {FEATURES[1]} TYPE numeric(9, 3)",
    "add": "ALTER TABLE churn.customers ADD more integer",
    "drop": "ALTER TABLE churn.customers DROP more",
    "attach": "SELECT churn.attach('other.clients', 'id', 'other.calls', 'client')",
    "detach": "SELECT churn.detach('other.clients')",
    "trust": "SELECT churn_trust.trust_key(%(pem)s, 'of the soak')",
    "revoke": "SELECT churn_trust.revoke_key(%(fingerprint)s)",
    "activate": "SELECT churn.activate_model(%(version)s, allow_older => true)",
}
START = f"""
    UPDATE churn.customers SET age = 31, {FEATURES[1]} = 40, {SPARE} = 90
    WHERE customer_id = 1
"""
OTHER_TABLES = """
    CREATE SCHEMA other;
    CREATE TABLE other.clients (id integer PRIMARY KEY, age integer);
    CREATE TABLE other.calls (client integer REFERENCES other.clients);
    CREATE INDEX ON other.calls (client)
"""


def measure(server, full):
    """Run the schedules; return how many scores were wrong."""
    schedules = SCHEDULES if full else SHORT
    with migrated_database(server, "schedules") as database:
        stage = Stage(database)
        with output.progress_bar(schedules, "schedule", "schedules") as bar:
            for seed in range(schedules):
                stage.run(seed)
                bar.update()
    yield Bar(
        f"{schedules:,} random schedules of two sessions that alter, attach, activate, "
        "trust and score",
        "every score that of the layout, version and keys that its transaction sees",
        f"{len(stage.wrong)} of {stage.scores:,} scores wrong"
        f"{f', the first {stage.wrong[0]}' if stage.wrong else ''}; "
        f"{stage.refused:,} refused, {stage.waits:,} waits, {stage.given_up:,} "
        "transactions given up",
        not stage.wrong and stage.scores > schedules,
    )


class Stage:
    """A database on which schedules are run, and what was seen while they were."""

    def __init__(self, database):
        self.database = database
        self.director = database.session(autocommit=True)
        self.director.run("SET synchronous_commit = off")
        self.director.run(OTHER_TABLES)
        self.director.run(
            "INSERT INTO churn.customers (customer_id, age, monthly_charges,"
            " data_usage_gb) SELECT i, 30, 40, 50 FROM generate_series(1, 3) i"
        )
        unsigned = fit_matrix(FEATURES)
        # By version: the model, and the fingerprint of the key that has signed it.
        self.models = {deploy(self.director, unsigned): (unsigned, None)}
        self.keys = {}
        for seed, key in enumerate((KEY, OTHER_KEY), 1):
            fingerprint = trust(self.director, key)
            self.keys[fingerprint] = public_pem(key)
            model = fit_matrix(FEATURES, seed=seed)
            version = register_signed(self.director, model, signed(model, 1, key))
            self.models[version] = model, fingerprint
        self.actors = [Actor(self), Actor(self)]
        self.scores = self.refused = self.waits = self.given_up = 0
        self.wrong = []

    def run(self, seed):
        """Run one schedule to its end."""
        self.mend()
        chance = random.Random(seed)
        for _ in range(STEPS):
            self.step(chance.choice(self.actors), chance, seed)
        # A COMMIT may still wait for the other session.
        while any(actor.begun or actor.running is not None for actor in self.actors):
            for actor in self.actors:
                if actor.running is None:
                    actor.end("ROLLBACK")
                self.settle_all()

    def mend(self):
        """Bring the tables back to what every schedule begins with."""
        self.director.run("DELETE FROM churn_trust.trusted_keys")
        names = self.director.column(
            "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
            " AND attrelid = 'churn.customers'::regclass"
        )
        if "gone" in names:
            self.director.run(ALTERATIONS["give back"])
        self.director.run(START)
        if self.director.value(
            "SELECT count(*) FROM churn.attachments WHERE detached_at IS NULL"
            " AND profile = 'other.clients'::regclass"
        ):
            self.director.run(ALTERATIONS["detach"])
        activate(self.director, min(self.models))

    def step(self, actor, chance, seed):
        """Do a session's next step, unless it still waits at the one before."""
        if actor.running is None:
            actor.start(chance, seed)
            self.settle_all()
            self.waits += actor.running is not None

    def settle_all(self):
        """Return when whoever was let go on is done as well, or waits again."""
        # Twice, because what the second has done may let the first go on.
        for actor in self.actors * 2:
            if actor.running is not None:
                self.settle(actor)

    def settle(self, actor):
        """Return when the step is done, or waits for the other session."""
        for _ in range(int(LONGEST / PAUSE)):
            if wait([actor.running], timeout=PAUSE).done:
                running, actor.running = actor.running, None
                running.result()
                return
            others = [one.session.backend for one in self.actors if one is not actor]
            if observer_of(self.database).value(
                "SELECT pg_blocking_pids(%s) && %s", actor.session.backend, others
            ):
                return
        raise RuntimeError("a step neither ended nor waited")

    def expected(self, seen):
        """Return the score of what a transaction sees, or None if there is none."""
        version, keys, row = seen
        model, key = self.models[version]
        if row is None or (keys and key not in keys):
            return None
        values = json.loads(row)
        if not all(name in values for name in model.kinds):
            return None
        numbers = [[float(values[name]) for name in model.kinds]]
        return float(model.pipeline.predict_proba(numbers)[0, 1])

    def judge(self, seed, what, seen, score):
        """Compare a score with what was seen before it and after it."""
        expected = [self.expected(one) for one in seen]
        self.scores += 1
        self.refused += score is None
        if not any(is_same(score, one) for one in expected):
            self.wrong.append((seed, what, score, expected))
            output.message(f"schedules: seed {seed}, {what}: {score}, not {expected}")


def is_same(score, expected):
    """Tell whether there is the score that there should be, or none."""
    if score is None or expected is None:
        return score is expected
    return math.isclose(score, expected, rel_tol=0, abs_tol=TOLERANCE)


class Actor:
    """One of the two sessions, with a thread in which it may wait."""

    def __init__(self, stage):
        self.stage = stage
        self.session = stage.database.session(autocommit=True)
        self.session.run("SET synchronous_commit = off")
        self.pool = ThreadPoolExecutor(1)
        self.running = None
        self.begun = False

    def start(self, chance, seed):
        """Begin a random step in the thread."""
        if not self.begun:
            self.begun = True
            level = chance.choice(LEVELS)
            self.running = self.pool.submit(self.begin, level)
        elif chance.random() < 0.25:
            end = chance.choice(("COMMIT", "COMMIT", "ROLLBACK"))
            self.running = self.pool.submit(self.end, end)
        elif chance.random() < 0.5:
            what = chance.choice([*SCORES, *COMPLAINTS])
            self.running = self.pool.submit(self.score, what, seed)
        else:
            self.running = self.pool.submit(
                self.alter,
                ALTERATIONS[chance.choice(list(ALTERATIONS))],
                *chance.choice(list(self.stage.keys.items())),
                chance.choice(list(self.stage.models)),
            )

    def begin(self, level):
        """Begin a transaction, and have it look."""
        self.session.run(f"BEGIN ISOLATION LEVEL {level}")
        self.session.run("SELECT count(*) FROM churn.models")

    def end(self, how):
        """End the transaction, if there is one."""
        self.begun = False
        try:
            self.session.run(how)
        except psycopg2.Error as error:
            self.give_up(error, GIVEN_UP)

    def give_up(self, error, permitted):
        """Roll back what failed for a reason that is permitted."""
        self.session.run("ROLLBACK")
        self.begun = False
        self.stage.given_up += 1
        if error.pgcode not in permitted:
            raise error

    def alter(self, statement, fingerprint, pem, version):
        """Alter what scoring depends on."""
        try:
            with self.session.connection.cursor() as cursor:
                cursor.execute(
                    statement,
                    {"fingerprint": fingerprint, "pem": pem, "version": version},
                )
        except psycopg2.Error as error:
            self.give_up(error, (*GIVEN_UP, *UNALTERED))

    def score(self, what, seed):
        """Score, and have that compared with what the transaction sees."""
        try:
            before = self.session.row(SEES)
            if what in SCORES:
                self.session.run("SAVEPOINT score")
                try:
                    (score,) = self.session.column(SCORES[what]) or [None]
                except psycopg2.Error as error:
                    if error.pgcode not in UNSCORED:
                        raise
                    self.session.run("ROLLBACK TO score")
                    score = None
            else:
                started = self.session.value("SELECT clock_timestamp()")
                self.session.run(COMPLAINTS[what])
                (score,) = self.session.column(STORED, started) or [None]
            seen = before, self.session.row(SEES)
        except psycopg2.Error as error:
            self.give_up(error, (*GIVEN_UP, LOOKS_EMPTY))
        else:
            self.stage.judge(seed, what, seen, score)

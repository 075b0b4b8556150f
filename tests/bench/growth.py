"""How cost grows with the number of profiles, and with the number of features."""

import random

from tests.bench.bench import execute
from tests.bench.correctness import check_ours, check_rival
from tests.bench.measuring import Figure, interleave, seconds_of
from tests.bench.models import is_compiled, train
from tests.bench.rival_functions import create_counter
from tests.bench.select_scores import STATEMENT, microseconds_per_row
from tests.bench.sides import create_ours, create_rival, drop, settle
from tests.bench.sources import wide_source

PREPARE = (
    "PREPARE complain (bigint) AS"
    " INSERT INTO complaints (customer_id, channel, subject)"
    " VALUES ($1, 'phone', 'slow internet')"
)
INSERT = "growth: single-row INSERT"
SELECT = "growth: SELECT of the score, per row"
PICKLED_SHARE = 20


def run_profiles(bench, source, model):
    """Measure a single-row INSERT at several numbers of profiles."""
    cases = [
        Case(bench, f"profiles_{rows}", f"{rows:,} profiles", source, rows, model)
        for rows in bench.settings.growth_profiles
    ]
    measure(bench, cases, selects=False)


def run_features(bench, name):
    """Measure a single-row INSERT and SELECT at several numbers of features."""
    rows = bench.settings.growth_rows
    cases = []
    for features in bench.settings.growth_features:
        source = wide_source(bench, rows, features)
        model = train(name, source)
        case = Case(
            bench, f"features_{features}", f"{features} features", source, rows, model
        )
        cases.append(case)
    measure(bench, cases, selects=True)
    drop(bench, *(case.source.schema for case in cases))


class Case:
    """One size, with a side of ours and one that keeps the counter alone.

    Parameters
    ----------
    bench : Bench
    ours : str
        Schema of our side.
    title : str
    source : Source
    rows : int
        Customers of either side.
    model : Model
    """

    def __init__(self, bench, ours, title, source, rows, model):
        bench.progress(f"growth: {title}")
        self.title = title
        self.source = source
        self.ours, self.counter = ours, f"{ours}_counter"
        self.rows = rows
        self.model = model
        self.version = create_ours(bench, ours, source, rows, model)
        create_rival(bench, self.counter, source, rows, ours)
        create_counter(bench, self.counter)
        settle(bench, self.ours, self.counter)
        self.sessions = {
            schema: bench.connect(schema, synchronous_commit="off")
            for schema in (self.ours, self.counter)
        }
        for session in self.sessions.values():
            execute(session, PREPARE)

    def inserts(self, schema, count):
        """Return what measures single-row INSERTs in one session."""
        session = self.sessions[schema]

        def insert():
            with session.cursor() as cursor:
                for _ in range(count):
                    customer = random.randint(1, self.rows)
                    cursor.execute("EXECUTE complain (%s)", [customer])

        insert()
        return lambda: seconds_of(insert) / count * 1e6

    def selects(self, bench):
        """Return what measures a SELECT of scores, fewer of them with the pickle."""
        rows = self.rows
        if not is_compiled(bench, self.version):
            rows //= PICKLED_SHARE
        statement = STATEMENT.format("churn.score", rows)
        return microseconds_per_row(self.sessions[self.ours], statement, rows)

    def finish(self, bench):
        """Check both sides, and drop them."""
        for session in self.sessions.values():
            session.close()
        check_ours(bench, self.ours, self.model, self.version)
        check_rival(bench, self.counter)
        drop(bench, self.ours, self.counter)


def measure(bench, cases, selects):
    """Measure cases in turn: against the counter alone, and against the first case."""
    count = bench.settings.growth_inserts
    sides = {}
    for case in cases:
        for schema in (case.counter, case.ours):
            sides[schema] = case.inserts(schema, count)
        if selects:
            sides[f"SELECT {case.ours}"] = case.selects(bench)
    values = interleave(sides, bench.settings.rounds, lambda side: None)

    first = cases[0]
    for case in cases:
        figure(bench, INSERT, case, "counter only", values, case.ours, case.counter)
    for case in cases[1:]:
        figure(bench, INSERT, case, first.title, values, case.ours, first.ours)
        if selects:
            sides_compared = (f"SELECT {case.ours}", f"SELECT {first.ours}")
            figure(bench, SELECT, case, first.title, values, *sides_compared)
    for case in cases:
        case.finish(bench)


def figure(bench, workload, case, rival, values, ours, theirs):
    """Keep one figure: a ratio of times."""
    bench.figures.append(
        Figure(
            workload,
            f"{case.model.name}, {case.title}",
            rival,
            "microseconds",
            values[ours],
            values[theirs],
        )
    )

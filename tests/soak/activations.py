"""Activations while others insert: each score is one version's, the one it names."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2

from tests.models import (
    CUSTOMERS,
    KINDS,
    TOLERANCE,
    activate,
    default_model,
    divergences,
    other_model,
    read_features,
    register,
)
from tests.soak.bars import Bar
from tests.soak.databases import trained_database
from tests.soak.load import setting

WRITERS = 4
LONGEST_INSERT = 30
RESCORED_EVERY = 10
INSERT = "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])"
# Every score that was ever stored, with the counter that it was made from; all other
# features stay as they are.
HISTORY = """
    CREATE TABLE public.history (
        customer_id bigint, complaint_count integer, score float8, version bigint
    );
    CREATE FUNCTION public.keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.history VALUES (
            NEW.customer_id, NEW.complaint_count, NEW.churn_score,
            NEW.churn_model_version
        );
        RETURN NULL;
    END
    $$;
    GRANT INSERT ON public.history TO churn_owner;
    CREATE TRIGGER keep_history AFTER UPDATE ON churn.customers
        FOR EACH ROW EXECUTE FUNCTION public.keep_history();
"""


def measure(server, full):
    """Activate versions in turn while four writers insert."""
    activations = 1000 if full else 40
    with trained_database(server, "activations") as database:
        yield activations_bar(database, activations)


def activations_bar(database, activations):
    """Activate and insert at once; hold every stored score against both versions."""
    session = database.session(autocommit=True)
    # Both pairs of forms: the pickled and the compiled, of the same model or another.
    models = {1: default_model(), 2: default_model()}
    models[register(session, other_model(), compile_form=False)] = other_model()
    models[register(session, other_model())] = other_model()
    session.run(HISTORY)
    over, inserted = threading.Event(), threading.Semaphore(0)
    with ThreadPoolExecutor(WRITERS) as pool, setting(over):
        writers = [
            pool.submit(
                insert_until, over, inserted, database.session(autocommit=True), seed
            )
            for seed in range(WRITERS)
        ]
        errors = switch(session, list(models), activations, inserted)
    written, failures = zip(*(writer.result() for writer in writers))
    errors += [failure for listed in failures for failure in listed]
    wrong, versions = wrong_scores(session, models)
    wrong += len(divergences(session))
    return Bar(
        f"{activations:,} activations while {WRITERS} writers insert",
        "0 errors; every stored score is that of the version it names",
        f"{len(errors)} errors{': ' + errors[0] if errors else ''}; {wrong} wrong of "
        f"{session.value('SELECT count(*) FROM public.history'):,} scores of "
        f"{versions} versions; {sum(written):,} INSERTs",
        not errors and not wrong and versions == len(models),
    )


def switch(session, versions, activations, inserted):
    """Activate versions in turn, with INSERTs in between, and rescore at times.

    Returns
    -------
    list of str
        The errors.
    """
    errors = []
    for number in range(1, activations + 1):
        while inserted.acquire(blocking=False):
            pass
        if not inserted.acquire(timeout=LONGEST_INSERT):
            raise RuntimeError("the writers do not get on")
        try:
            activate(session, versions[number % len(versions)])
            if number % RESCORED_EVERY == 0:
                session.run("CALL churn.rescore('churn.customers', 15)")
        except psycopg2.Error as error:
            errors.append(str(error).strip())
    return errors


def insert_until(over, inserted, session, seed):
    """Insert one row or a few; return how often, and the errors."""
    source = random.Random(seed)
    written, errors = 0, []
    while not over.is_set():
        customers = [
            source.randint(1, CUSTOMERS) for _ in range(source.choice((1, 1, 1, 7)))
        ]
        try:
            session.run(
                INSERT,
                customers,
            )
            written += 1
            inserted.release()
        except psycopg2.Error as error:
            errors.append(str(error).strip())
    return written, errors


def wrong_scores(session, models):
    """Return how many stored scores are not their version's, and the versions seen."""
    rows = session.run("SELECT * FROM public.history")
    frame = read_features(session, KINDS).loc[[str(row[0]) for row in rows]]
    frame["complaint_count"] = [float(row[1]) for row in rows]
    expected = {
        version: model.probabilities(frame) for version, model in models.items()
    }
    wrong = sum(
        version not in models or not abs(score - expected[version][place]) <= TOLERANCE
        for place, (_, _, score, version) in enumerate(rows)
    )
    return wrong, len({row[3] for row in rows})

"""Triggers, checks and policies of others raise at random: no complaint is lost."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.models import divergences
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

WRITERS = 8
SECONDS, SHORT_SECONDS = 600, 4
SPOILERS = """
    CREATE FUNCTION public.raise_at_random(share double precision) RETURNS boolean
    LANGUAGE plpgsql AS $$
    BEGIN
        IF random() < share THEN
            RAISE EXCEPTION 'at random';
        END IF;
        RETURN true;
    END $$;
    CREATE TABLE public.history (customer_id bigint, complaints integer);
    CREATE FUNCTION public.keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO history VALUES (NEW.customer_id, NEW.complaint_count);
        PERFORM raise_at_random(0.05);
        RETURN CASE WHEN random() < 0.98 THEN NEW END;
    END $$;
    CREATE TRIGGER before BEFORE UPDATE ON churn.customers
        FOR EACH ROW EXECUTE FUNCTION public.keep_history();
    CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON churn.customers
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.keep_history();
    ALTER TABLE churn.customers
        ADD CONSTRAINT at_random CHECK (public.raise_at_random(0.05)) NOT VALID;
    GRANT INSERT ON public.history TO churn_owner;
    ALTER TABLE churn.customers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY at_random ON churn.customers USING (random() < 0.98)
"""
MENDED = """
    DROP TRIGGER before ON churn.customers;
    DROP TRIGGER at_commit ON churn.customers;
    ALTER TABLE churn.customers DROP CONSTRAINT at_random;
    DROP POLICY at_random ON churn.customers;
    ALTER TABLE churn.customers NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY
"""
INSERT = "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])"
MARKED = "SELECT key FROM churn_internal.failed_profiles"


def measure(server, full):
    """Let eight writers complain while everything raises; then mend it, and repair."""
    seconds = SECONDS if full else SHORT_SECONDS
    for mode in ("inline", "queued"):
        with trained_database(server, f"others_{mode}") as database:
            session = database.session(autocommit=True)
            session.run(SPOILERS)
            session.run("SELECT churn.set_scoring_mode('churn.customers', %s)", mode)
            yield bar_of(database, session, mode, seconds)
            session.close()


def bar_of(database, session, mode, seconds):
    """Let the writers write; return what came of it."""
    before = session.value("SELECT count(*) FROM churn.complaints")
    over = threading.Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [
            pool.submit(complain, database.session(autocommit=True), seed, over)
            for seed in range(WRITERS)
        ]
        time.sleep(seconds)
        over.set()
        sent = sum(writer.result() for writer in writers)
    kept = session.value("SELECT count(*) FROM churn.complaints") - before
    wrong = {
        key for key, column, *_ in divergences(session) if column == "complaint_count"
    }
    unmarked = wrong - set(session.column(MARKED))
    failures = session.value(
        "SELECT coalesce(sum(failures), 0) FROM churn_internal.failed_profiles"
    )
    session.run(MENDED)
    session.run("CALL churn.repair('churn.customers')")
    left = len(divergences(session)) + len(session.column(MARKED))
    return Bar(
        f"{WRITERS} writers, {mode}, {seconds} s, triggers, checks and policies raise",
        "0 complaints lost, 0 customers unmarked, 0 left by repair",
        f"{sent - kept} of {sent:,} lost, {len(unmarked)} of {len(wrong)} unmarked, "
        f"{left} left; {failures:,} failures",
        (sent - kept, len(unmarked), left) == (0, 0, 0) and failures > 0,
    )


def complain(session, seed, over):
    """Complain until it is over; return how many complaints were committed."""
    choice = random.Random(seed)
    sent = 0
    while not over.is_set():
        customers = [choice.randint(1, 40) for _ in range(choice.choice((1, 1, 1, 20)))]
        session.run(INSERT, customers)
        sent += len(customers)
    session.close()
    return sent

"""How much is measured: the full run, and the quick one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Sizes of the workloads.

    Attributes
    ----------
    rounds : int
        How often each side of a comparison is measured, in turn.
    long_rounds : int
        The same of what takes minutes a round.
    seconds : float
        About how long one measurement of throughput lasts, warm-up not counted.
    source_rows : int
        Simulated customers; larger tables repeat them.
    profiles : int
        Customers of the tables that single rows and bulk are inserted for.
    inserted_models : tuple of str
        Models with which single rows are inserted by one client.
    row_models, joblib_models, application_models, concurrent_models : tuple of str
        Of these, the ones compared with the row trigger, with the one that reads a
        joblib file and with the application, and the ones measured with 4 clients and
        with synchronous commit as well.
    concurrent_rivals : tuple of {"counter", "application"}
        The rivals of 4 clients.
    synchronous_commit : bool
        Whether single rows are also inserted with commits that wait for the disk.
    bulk_complaints, bulk_customers : int
        Complaints in one statement, and how many customers they are about.
    selected_models : tuple of str
    selected_rows, sampled_rows : int
        Rows scored by SELECT: compiled, and by scikit-learn row by row.
    queried_models : tuple of str
    queried_rows : int
        Rows of the query that is scored into a new table.
    rescored_rows, rescored_features : int
    rescored_models : tuple of str
    resumed_rows, resumed_batch : int
        Profiles of the table whose scoring is killed, and rows between two commits.
    resumed_rate : int, optional
        Rows per second, so that a small table is not done before it can be killed.
    session_models : tuple of str
        Models whose first score and memory are measured.
    growth_profiles : tuple of int
    growth_features : tuple of int
    growth_rows : int
        Customers of the tables of different numbers of features.
    growth_inserts : int
        Single-row INSERTs in one measurement of growth.
    queued_complaints, queued_customers : int
        Complaints of a burst, and the customers there are.
    downstream_commits : tuple of {"on", "off"}
        The synchronous_commit with which telling others is measured.
    listener_kills, listened_writers : int
        How often a consumer of the outbox is killed, and how many write meanwhile.
    """

    rounds: int
    long_rounds: int
    seconds: float
    source_rows: int
    profiles: int
    inserted_models: tuple
    row_models: tuple
    joblib_models: tuple
    application_models: tuple
    concurrent_models: tuple
    concurrent_rivals: tuple
    synchronous_commit: bool
    bulk_complaints: int
    bulk_customers: int
    selected_models: tuple
    selected_rows: int
    sampled_rows: int
    queried_models: tuple
    queried_rows: int
    rescored_rows: int
    rescored_features: int
    rescored_models: tuple
    resumed_rows: int
    resumed_batch: int
    resumed_rate: int | None
    session_models: tuple
    growth_profiles: tuple
    growth_features: tuple
    growth_rows: int
    growth_inserts: int
    queued_complaints: int
    queued_customers: int
    downstream_commits: tuple
    listener_kills: int
    listened_writers: int


MODELS = ("logistic", "gradient boosting", "forest")
# Of numbers alone, without a data frame: the least that scikit-learn takes for a row.
BARE_MODELS = ("bare logistic", "bare forest")

FULL = Settings(
    rounds=4,
    long_rounds=3,
    seconds=2.0,
    source_rows=20_000,
    profiles=100_000,
    inserted_models=(*MODELS, *BARE_MODELS),
    row_models=(*MODELS, *BARE_MODELS),
    joblib_models=("logistic", "bare logistic"),
    application_models=MODELS,
    concurrent_models=MODELS,
    concurrent_rivals=("counter", "application"),
    synchronous_commit=True,
    bulk_complaints=100_000,
    bulk_customers=50_000,
    selected_models=(*MODELS, *BARE_MODELS),
    selected_rows=200_000,
    sampled_rows=1_000,
    queried_models=("logistic",),
    queried_rows=1_000_000,
    rescored_rows=1_000_000,
    rescored_features=20,
    rescored_models=("logistic", "forest"),
    resumed_rows=1_000_000,
    resumed_batch=10_000,
    resumed_rate=None,
    session_models=MODELS,
    growth_profiles=(10_000, 100_000, 1_000_000),
    growth_features=(5, 20, 100),
    growth_rows=20_000,
    growth_inserts=2_000,
    queued_complaints=200_000,
    queued_customers=50_000,
    downstream_commits=("off", "on"),
    listener_kills=10,
    listened_writers=4,
)

QUICK = Settings(
    rounds=3,
    long_rounds=3,
    seconds=0.5,
    source_rows=5_000,
    profiles=5_000,
    inserted_models=MODELS,
    row_models=("logistic", "forest"),
    joblib_models=("logistic",),
    application_models=("logistic",),
    concurrent_models=("logistic",),
    concurrent_rivals=("counter",),
    synchronous_commit=False,
    bulk_complaints=10_000,
    bulk_customers=5_000,
    selected_models=(*MODELS, *BARE_MODELS),
    selected_rows=10_000,
    sampled_rows=50,
    queried_models=("logistic",),
    queried_rows=20_000,
    rescored_rows=20_000,
    rescored_features=20,
    rescored_models=("logistic",),
    resumed_rows=10_000,
    resumed_batch=250,
    resumed_rate=20_000,
    session_models=("logistic",),
    growth_profiles=(1_000, 50_000),
    growth_features=(5, 20, 100),
    growth_rows=2_000,
    growth_inserts=500,
    queued_complaints=6_000,
    queued_customers=1_500,
    downstream_commits=("off", "on"),
    listener_kills=2,
    listened_writers=2,
)
# What the quick run leaves out, since it takes long at any size.
LONG_WORKLOADS = ("resume", "notify", "listen")

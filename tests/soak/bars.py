"""The figures that are promised, and the modules that measure them."""

from collections import namedtuple

# One figure, and what was measured.
Bar = namedtuple("Bar", "what wanted measured ok")

MODULES = (
    "writers",
    "permutations",
    "schedules",
    "kills",
    "activations",
    "releases",
    "transaction_ids",
    "dumps",
    "sessions",
    "sequences",
    "latencies",
    "random_calls",
    "role_calls",
    "replica",
    "corpus",
    "fuzz",
    "fuzz_boosters",
    "boosters",
    "exports",
    "fuzz_compiled",
    "fuzz_explanations",
    "fuzz_onnx",
    "fuzz_state",
    "signatures",
    "failures",
    "objects_of_others",
    "comparisons",
    "experiments",
    "drift",
    "estimates",
    "learning",
    "monitoring",
    "compared_rows",
    "retrainings",
)

"""The scoring runtime: Python that runs inside a PostgreSQL session.

The modules are ordinary Python, imported as such by the loader and the tests.
Inside the server there is no package on disk: ``plpython.render`` joins them, in the
order of ``MODULES``, into the body of the function ``churn_internal.load_runtime()`` and, what
few sessions need, of two more. Names at the top level are therefore unique across the
modules, and the modules import each other only by ``from .x import y``.
"""

MODULES = (
    "errors",
    "signature",
    "features",
    "environment",
    "attestation",
    "pickle_scan",
    "strict_pickle",
    "estimator_checks",
    "pickled",
    "row_program",
    "compiled",
    "parity",
    "bounded_cache",
    "pacing",
    "registry",
    "sandbox",
    "queries",
    "session",
    "onnx_scan",
    "sandbox_worker",
)

# What only a session runs that meets a pickle: ``churn_internal.load_pickle_reader()`` holds it.
# ``load_estimator`` is all that the other modules use of it, and all they need of those
# before is ``ScoringError``.
PICKLE_MODULES = ("pickle_scan", "strict_pickle", "estimator_checks")

# What only the judging process runs: ``churn_internal.load_examination()`` holds it, so that no
# session spends time on reading it.
EXAMINATION_MODULES = ("onnx_scan", "sandbox_worker")

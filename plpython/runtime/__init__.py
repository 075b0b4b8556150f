"""The scoring runtime: Python that runs inside a PostgreSQL session.

The modules are ordinary Python, imported as such by the loader and the tests.
Inside the server there is no package on disk: ``plpython.render`` joins them, in the
order of ``MODULES``, into the body of the function ``churn.load_runtime()``. Names at
the top level are therefore unique across the modules, and the modules import each
other only by ``from plpython.runtime.x import y``.
"""

MODULES = (
    "errors",
    "signature",
    "features",
    "environment",
    "signing",
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
    "judge",
    "queries",
    "session",
    "onnx_scan",
    "examination",
)

# What only the judging process runs: ``churn.load_examination()`` holds it, so that no
# session spends time on reading it.
EXAMINATION_MODULES = ("onnx_scan", "examination")

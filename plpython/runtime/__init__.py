"""The scoring runtime: Python that runs inside a PostgreSQL session.

The modules are ordinary Python, and the client and the tests import them as such. In
the server there is no package on disk: each module is the body of a function in the
schema ``churn_runtime``, and ``churn_internal.load_runtime()`` lets a session import
them from there, under the name ``churn_runtime``. They import each other relatively,
and what few sessions need they import where they need it.
"""

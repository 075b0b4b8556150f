"""Models that somebody puts into the registry past registration, forged or not.

A member of ``pg_write_all_data`` can add any row to ``churn.models`` and to
``churn.deployments``; the bytes of a compiled form are then what it likes.
"""

import hashlib
import json
import os

import numpy as np
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.form import MAGIC, padded, read_form, write_form
from pgchurn.plpython.runtime.form_parts import describe
from pgchurn.plpython.runtime.signature import Signature

PROFILE = "'churn.customers'::regclass"
WRITER = f"writer_{os.getpid()}"


def compiled_form(model):
    """Return the bytes of a model's compiled form, as the server makes it."""
    return compile_model(model.pipeline, Signature.from_json(model.signature))


def form_of(part, model):
    """Return the bytes of a form that computes a part of a model's features."""
    texts = {
        name: {"codes": {}, "missing": -1, "refuses_unknown": False}
        for name, kind in model.kinds.items()
        if kind == "text"
    }
    return write_form(texts, lambda writer: describe(part, writer))


def header_and_arrays(content):
    """Take a form apart: its description as a dict, and its arrays."""
    end = content.index(b"\n", len(MAGIC))
    arrays = [np.asarray(array) for array in read_form(content).arrays]
    return json.loads(content[len(MAGIC) : end]), arrays


def put_together(header, arrays):
    """Return the bytes of a form with this description and these arrays."""
    start = MAGIC + json.dumps(header).encode() + b"\n"
    return b"".join([padded(start), *(padded(one.tobytes()) for one in arrays)])


def forged(content, change):
    """Return a form of which a function has changed description and arrays."""
    header, arrays = header_and_arrays(content)
    arrays = [array.copy() for array in arrays]
    change(header, arrays)
    return put_together(header, arrays)


def plant(session, model, artifact=b"no pickle", compiled=None):
    """Put a version into the registry as a member of pg_write_all_data; return it.

    It is in force at once.
    """
    attachment = session.value(
        f"SELECT attachment_id FROM churn.attachments WHERE profile = {PROFILE}"
    )
    if not session.value("SELECT to_regrole(%s)", WRITER):
        session.run(f"CREATE ROLE {WRITER} IN ROLE pg_write_all_data")
    digest = compiled and hashlib.sha256(compiled).digest()
    with session.role(WRITER):
        session.run(
            "INSERT INTO churn.models (attachment_id, artifact, artifact_sha256,"
            " compiled, compiled_sha256, parity, compilation, signature, metrics,"
            " environment, provenance)"
            " VALUES (%s, %s, %s, %s, %s, %s, 'planted', %s, '{}', %s, '{}')",
            *(attachment, artifact, hashlib.sha256(artifact).digest()),
            *(compiled, digest, compiled and 0.0),
            *(json.dumps(model.signature), json.dumps(model.environment)),
        )
    version = session.value("SELECT max(version) FROM churn.models")
    with session.role(WRITER):
        session.run(
            "INSERT INTO churn.deployments"
            " (attachment_id, version, artifact_sha256, action)"
            " VALUES (%s, %s, %s, 'activate')",
            *(attachment, version, hashlib.sha256(artifact).digest()),
        )
    return version

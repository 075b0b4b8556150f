CREATE OR REPLACE FUNCTION churn_runtime.diagnostics() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What a session has, and loading what it will need."""

import importlib
import json
import sys
from typing import Any

from .environment import current_environment, installed_version
from .errors import Refusals
from .finder import PACKAGE, Bytecode
from .registry import Registry


class Diagnostics:
    """Says what the session has, and loads what it will need."""

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def environment(self) -> str | None:
        """Return this session's interpreter, package versions and memory, as JSON.

        No package is loaded for it, which would take a second.
        """
        with self.refusals:
            return json.dumps(
                {
                    **current_environment(),
                    "cryptography": installed_version("cryptography"),
                    "trusted_keys": len(self.registry.read_trusted_keys()),
                    "memory_megabytes": memory_megabytes(),
                    "runtime_is_compiled": is_compiled(),
                }
            )
        return None

    def warm(self) -> int | None:
        """Load every active model; return how many there are."""
        with self.refusals:
            rows = self.registry.fetch(
                "SELECT d.version, d.artifact_sha256 FROM churn.active_deployments d"
                " UNION SELECT r.challenger, r.challenger_sha256"
                " FROM churn.active_deployments d"
                " CROSS JOIN churn_internal.active_deployment(d.attachment_id) r"
                " WHERE r.share IS NOT NULL",
                [],
            )
            keys = self.registry.trusted_keys()
            for row in rows:
                self.registry.model(row["version"], row["artifact_sha256"], keys)
            # A single row needs none, but the next statement may bring many.
            importlib.import_module("numpy")
            return len(rows)
        return None


def is_compiled() -> bool:
    """Return whether new sessions find the runtime compiled, as its texts are now.

    By ``churn_internal.compile_runtime``, and for this Python.
    """
    finder: Any = next(
        one for one in sys.meta_path if getattr(one, "package", "") == PACKAGE
    )
    bytecode = Bytecode(finder.source_of("bytecode") or "")
    return bool(bytecode.codes) and all(
        bytecode.code_of(module, finder.source_of(module))
        for module, _ in bytecode.codes
    )


def memory_megabytes() -> int:
    """Return the memory of this process that it shares with no other."""
    with open("/proc/self/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["RssAnon"].split()[0]) // 1024
$python$;
COMMENT ON FUNCTION churn_runtime.diagnostics IS 'What a session has, and loading what it will need.';

CREATE OR REPLACE FUNCTION churn_runtime.finder() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Importing the runtime where there is no package on disk.

In the server a module's text is the body of a function in the schema ``churn_runtime``;
the sandbox is sent the texts that it needs. Both run this module's text first, and then
import the others.
"""

import binascii
import hashlib
import importlib.util
import marshal
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

PACKAGE = "churn_runtime"


class Bytecode:
    """What ``churn_internal.compile_runtime`` has compiled, by another session.

    A line has Python's magic number, each of the others a module's name, the digest of
    its text, and its code.
    """

    def __init__(self, text: str) -> None:
        magic, *lines = text.strip("\n'").split("\n")
        self.codes: dict[tuple[str, str], str] = {}
        # What another Python has compiled says nothing to this one.
        if magic == importlib.util.MAGIC_NUMBER.hex():
            for line in lines:
                module, digest, code = line.split(" ")
                self.codes[module, digest] = code

    def code_of(self, module: str, source: str) -> CodeType | None:
        """Return the code of a module, or None where its text is another by now."""
        digest = hashlib.sha256(source.encode()).hexdigest()
        code = self.codes.get((module, digest))
        return None if code is None else marshal.loads(binascii.a2b_base64(code))


class Finder:
    """Finds the package and its modules, whatever lies on the path.

    ``source_of`` returns the text of a module, or None when there is none of that name.
    """

    package = PACKAGE

    def __init__(
        self, source_of: Callable[[str], str | None], bytecode: Bytecode
    ) -> None:
        self.source_of = source_of
        self.bytecode = bytecode

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        """Return how a module is imported, or None when it is none of the package."""
        package, _, module = name.partition(".")
        if package != PACKAGE:
            return None
        source = self.source_of(module) if module else ""
        if source is None:
            return None
        code = self.bytecode.code_of(module, source)
        loader: Any = SourceLoader(source, f"{PACKAGE}/{module}.py", code)
        return ModuleSpec(name, loader, is_package=not module)


class SourceLoader:
    """Runs the text of a module, and keeps it for the lines of a traceback."""

    def __init__(self, source: str, file_name: str, code: CodeType | None) -> None:
        self.source = source
        self.file_name = file_name
        self.code = code

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to the import system to make an empty module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's text."""
        exec(self.code or self.compiled(), module.__dict__)

    def compiled(self) -> CodeType:
        """Return what the text is compiled to."""
        return compile(self.source, self.file_name, "exec", dont_inherit=True)

    def get_source(self, name: str) -> str:
        """Return the module's text; ``linecache`` asks for it."""
        return self.source


def install(source_of: Callable[[str], str | None], bytecode: str = "") -> None:
    """Let the package be imported from new texts; forget what came from others.

    ``bytecode`` is the text of the module of that name.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    lines = getattr(sys.modules.get("linecache"), "cache", {})
    for name in [name for name in lines if name.startswith(f"{PACKAGE}/")]:
        del lines[name]
    others = [one for one in sys.meta_path if getattr(one, "package", "") != PACKAGE]
    # First, so that nobody's folder of this name comes before it.
    sys.meta_path[:] = [Finder(source_of, Bytecode(bytecode)), *others]
$python$;
COMMENT ON FUNCTION churn_runtime.finder IS 'Importing the runtime where there is no package on disk.';

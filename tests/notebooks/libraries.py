"""Classes that stand in for those of libraries that need not be installed."""

import sys
from types import ModuleType
from unittest.mock import patch


def standing_in(module, name, base):
    """Return a class that is pickled by the name of a library's."""
    return type(name, (base,), {"__module__": module})


def written_by(write, model, classes):
    """Write a model as where the libraries of some classes are installed.

    Parameters
    ----------
    write : callable
        Of the model; returns bytes.
    model : estimator
    classes : sequence of type
        Made by ``standing_in``.
    """
    modules = {}
    for one in classes:
        parts = one.__module__.split(".")
        for i in range(len(parts)):
            name = ".".join(parts[: i + 1])
            modules.setdefault(name, ModuleType(name))
        setattr(modules[one.__module__], one.__name__, one)
    with patch.dict(sys.modules, modules):
        return write(model)

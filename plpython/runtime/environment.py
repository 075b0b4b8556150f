"""The interpreter and packages that a model depends on."""

import platform
from typing import Any

from .errors import ScoringError

MODEL_PACKAGES = ("scikit-learn", "numpy")
REPORTED_PACKAGES = MODEL_PACKAGES + ("pandas", "onnxruntime")


def installed_version(package: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    # Imported here, since a session that scores compiled models never needs it: it
    # takes a tenth of the time until the first score.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def current_environment() -> dict[str, str | None]:
    """Return the versions that decide whether a pickle means the same thing here."""
    versions = {package: installed_version(package) for package in REPORTED_PACKAGES}
    return {"python": platform.python_version(), **versions}


def check_environment(recorded: Any) -> None:
    """Refuse a model that was pickled under other library versions.

    scikit-learn promises nothing about pickles across versions: one may load and
    predict something else. See "Model persistence" in scikit-learn's user guide.
    """
    if not isinstance(recorded, dict):
        raise ScoringError(
            "model environment is malformed",
            hint='Pass {"scikit-learn": version, "numpy": version, ...}.',
        )
    for package in MODEL_PACKAGES:
        here = installed_version(package)
        if recorded.get(package) != here:
            raise ScoringError(
                f"model needs {package} {recorded.get(package)}, "
                f"but this Python has {here}",
                hint=f"Install {package} {recorded.get(package)} for the Python that "
                "PL/Python embeds, or train and register the model again.",
                sqlstate="55000",
            )

"""A pickled classifier on its way into the registry."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.unscorable import probabilities_or_reason
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator, parts_of
from pgchurn.plpython.runtime.explain_model import explain_model
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.searches import searches_among
from pgchurn.plpython.runtime.signature import Signature
from sklearn.base import ClassifierMixin


@dataclass(frozen=True)
class CompiledForm:
    """What became of compiling a classifier.

    Attributes
    ----------
    content : bytes or None
        What the server is to make of it, too.
    problem : str or None
        Why there is none.
    """

    content: bytes | None = None
    problem: str | None = None

    @property
    def digest(self) -> bytes | None:
        """SHA-256 of the compiled form, if there is one."""
        return None if self.content is None else hashlib.sha256(self.content).digest()


class Candidate:
    """A pickled classifier, read once.

    Parameters
    ----------
    artifact : bytes
        The pickle, which is what gets registered.
    estimator : fitted classifier, or pipeline that ends in one
        What was read from it.
    """

    def __init__(self, artifact: bytes, estimator: ClassifierMixin) -> None:
        self.artifact = artifact
        self.estimator = estimator
        self._compiled: dict[tuple, CompiledForm] = {}

    @classmethod
    def from_pickle(
        cls, artifact: bytes, source: str | Path | None = None
    ) -> "Candidate":
        """Read a pickle, as strictly as the server does.

        Parameters
        ----------
        artifact : bytes
        source : str or pathlib.Path, optional
            The file it is from, for the message of a refusal.

        Raises
        ------
        LoaderError
            If it holds anything that the server would not read.
        """
        try:
            return cls(artifact, load_estimator(artifact))
        except ScoringError as error:
            raise refusal(error, source) from error

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the pickle."""
        return hashlib.sha256(self.artifact).digest()

    def searches(self) -> list[str]:
        """Return the kinds of the searches whose best estimators were taken."""
        return searches_among(parts_of(self.estimator))

    @property
    def is_single(self) -> bool:
        """Whether its probabilities are of single precision, as XGBoost's are."""
        return any(
            getattr(part, "single_sum_", False) or getattr(part, "single_", False)
            for part in parts_of(self.estimator)
        )

    def model(self, signature: Signature) -> PickledModel:
        """Return the model as the server scores with it."""
        return PickledModel(self.artifact, signature, estimator=self.estimator)

    def score(
        self, signature: Signature, keys: Sequence[str], frame: pd.DataFrame
    ) -> dict[str, float]:
        """Return the probabilities of the rows that can be scored, by key.

        Parameters
        ----------
        signature : Signature
        keys : sequence of str
            Of the rows.
        frame : pandas.DataFrame of shape (n_rows, n_features)
        """
        scoreable = ~frame.isin([np.inf, -np.inf]).any(axis=1)
        for feature in signature.features:
            if not feature.accepts_null:
                scoreable &= frame[feature.name].notna()
        if not scoreable.any():
            return {}
        kept = [key for key, is_kept in zip(keys, scoreable) if is_kept]
        columns = {name: frame.loc[scoreable, name].to_numpy() for name in frame}
        model = self.model(signature)
        return dict(zip(kept, probabilities_or_reason(model, kept, columns)))

    def compile(self, signature: Signature) -> CompiledForm:
        """Return the compiled form, which is made once for signatures that agree.

        The server makes its own; a signer states which one that has to be.

        Of a signature the compiler uses the names, which of them are texts, and the
        positive class.
        """
        used = (
            tuple((one.name, one.kind == "text") for one in signature.features),
            signature.positive_class,
        )
        if used not in self._compiled:
            self._compiled[used] = compiled_form(self.estimator, signature)
        return self._compiled[used]

    def explanation_digest(self, signature: Signature) -> bytes | None:
        """Return SHA-256 of the explanation form, None where there is none.

        The server makes its own; a signer states which one that has to be.
        """
        try:
            return hashlib.sha256(explain_model(self.estimator, signature)).digest()
        except NotCompilable:
            return None


def refusal(error: ScoringError, source: str | Path | None) -> LoaderError:
    """Return why a pickle is not read, with the file that it is from."""
    found = f"{source}: {error.message}" if source else error.message
    explained = [part for part in (error.detail, error.hint) if part]
    return LoaderError(" ".join([f"{found}.", *explained]))


def compiled_form(estimator: ClassifierMixin, signature: Signature) -> CompiledForm:
    """Compile a classifier, or say why that cannot be done."""
    try:
        return CompiledForm(content=compile_model(estimator, signature))
    except NotCompilable as error:
        return CompiledForm(problem=str(error))

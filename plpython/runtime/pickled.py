"""A pickled scikit-learn classifier, ready to give probabilities."""

import pickle
import warnings

import numpy as np

from plpython.runtime.errors import ScoringError
from plpython.runtime.features import check_values, columns_from_arrays


class PickledModel:
    """A classifier as it came out of its pickle.

    Parameters
    ----------
    artifact : bytes
        The pickle.
    signature : Signature
    """

    def __init__(self, artifact, signature):
        self.signature = signature
        try:
            self.estimator = pickle.loads(artifact)
        except MemoryError:
            raise
        except Exception as error:
            raise ScoringError(
                "model cannot be unpickled",
                detail=f"{type(error).__name__}: {error}.",
                sqlstate="55000",
            ) from error
        use_one_thread(self.estimator)

    def probabilities(self, columns):
        """Return the positive class's probability of every row.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n_rows,)
            In the signature's order, see ``plpython.runtime.features``.

        Returns
        -------
        ndarray of shape (n_rows,), float64
        """
        with warnings.catch_warnings():
            # One line in the server's log for every unknown category helps nobody.
            warnings.simplefilter("ignore")
            try:
                predicted = self.estimator.predict_proba(self.model_input(columns))
            except MemoryError:
                raise
            except Exception as error:
                raise ScoringError(
                    "model cannot score these values",
                    detail=f"{type(error).__name__}: {error}.",
                ) from error
        return np.asarray(predicted)[:, self.signature.positive_class].astype(float)

    def row_probability(self, positions, numbers, texts):
        """Return the probability of one row.

        Parameters
        ----------
        positions : list of (Feature, int)
            From ``Layout.positions``.
        numbers : sequence of float
        texts : sequence of str or None
        """
        matrix = np.array([numbers], dtype=float)
        columns = columns_from_arrays(positions, matrix, [texts])
        check_values(self.signature, columns)
        return float(self.probabilities(columns)[0])

    def model_input(self, columns):
        """Return the columns as what the model was fitted on: a frame or a matrix."""
        if self.signature.named_columns:
            return frame_from_columns(columns)
        return np.column_stack(list(columns.values()))


def frame_from_columns(columns):
    """Return a pandas data frame of float64 and object columns.

    pandas is imported here and not above, so that only models that need it pay for it.
    """
    import pandas

    return pandas.DataFrame(
        {
            name: pandas.Series(values, dtype=values.dtype)
            for name, values in columns.items()
        }
    )


def use_one_thread(estimator):
    """Set every ``n_jobs`` within an estimator to 1.

    A backend is one process with one thread; a parallel estimator would start worker
    processes that outlive the session.
    """
    parameters = estimator.get_params(deep=True)
    parallel = {name: 1 for name in parameters if name.split("__")[-1] == "n_jobs"}
    estimator.set_params(**parallel)

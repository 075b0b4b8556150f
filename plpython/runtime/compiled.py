"""The compiled form of a model: an ONNX graph in double precision."""

import json

import numpy as np

from plpython.runtime.errors import ScoringError
from plpython.runtime.features import check_row

UNKNOWN = -1
METADATA_KEY = "pgchurn"


class CompiledModel:
    """A classifier compiled to ONNX, run by ONNX Runtime on one thread.

    It needs neither scikit-learn nor pandas.

    Parameters
    ----------
    compiled : bytes
        A model with one input of shape (n_rows, n_features) and one output of shape
        (n_rows, 1), the probability of the positive class, both of doubles. Its
        metadata maps each text feature's categories to codes.
    signature : Signature
    """

    def __init__(self, compiled, signature):
        # The package's own __init__ imports more than running a model takes.
        from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime

        self.signature = signature
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(options, compiled, False, False)
        self.session.initialize_session([], [], set())
        self.outputs = [self.session.outputs_meta[0].name]
        self.input = self.session.inputs_meta[0].name
        properties = self.session.model_meta.custom_metadata_map
        vocabularies = json.loads(properties[METADATA_KEY])
        self.codes = {}
        self.refusing = set()
        for name, vocabulary in vocabularies.items():
            self.codes[name] = {**vocabulary["codes"], None: vocabulary["missing"]}
            if vocabulary["refuses_unknown"]:
                self.refusing.add(name)

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
        matrix = np.column_stack(
            [
                self.coded(name, values) if name in self.codes else values
                for name, values in columns.items()
            ]
        )
        return self.run(np.ascontiguousarray(matrix, dtype=float))[:, 0]

    def coded(self, name, values):
        """Return the codes of a column of texts."""
        codes = self.codes[name]
        found = [codes.get(None if v != v else v, UNKNOWN) for v in values]
        if name in self.refusing and UNKNOWN in found:
            raise unknown_category(name, values[found.index(UNKNOWN)])
        return found

    def row_probability(self, positions, numbers, texts):
        """Return the probability of one row, without building columns.

        Parameters
        ----------
        positions : list of (Feature, int)
            From ``Layout.positions``.
        numbers : sequence of float
        texts : sequence of str or None
        """
        row = []
        for feature, position in positions:
            if feature.kind != "text":
                row.append(numbers[position])
                continue
            code = self.codes[feature.name].get(texts[position], UNKNOWN)
            if code == UNKNOWN and feature.name in self.refusing:
                raise unknown_category(feature.name, texts[position])
            row.append(code)
        check_row(positions, row, texts)
        return float(self.run(np.array([row], dtype=float))[0, 0])

    def run(self, matrix):
        """Run the graph on a matrix; return a column of probabilities."""
        return self.session.run(self.outputs, {self.input: matrix}, None)[0]


def unknown_category(name, value):
    """Return the error for a category that the model was not fitted on."""
    return ScoringError(
        f'feature "{name}" has a category that the model does not know',
        detail=f"The value is {value!r}.",
        hint="Correct it, or train a pipeline whose encoder ignores the unknown.",
    )

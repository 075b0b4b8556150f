"""The compiled form of a model: an ONNX graph in double precision."""

import json

import numpy as np

from plpython.runtime.errors import ScoringError
from plpython.runtime.features import checked_row, null_feature

UNKNOWN = -1
REFUSED = -2
METADATA_KEY = "pgchurn"


class CompiledModel:
    """A classifier compiled to ONNX, run by ONNX Runtime on one thread.

    It needs neither scikit-learn nor pandas.

    Parameters
    ----------
    compiled : bytes
        A model with one input of shape (n_rows, n_features), numbers before texts, and
        one output of shape (n_rows, 1), the probability of the positive class, both of
        doubles. Its metadata maps each text feature's categories to codes.
    signature : Signature
    """

    def __init__(self, compiled, signature):
        import onnxruntime

        self.signature = signature
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            compiled, options, providers=["CPUExecutionProvider"]
        )
        (self.input,) = (tensor.name for tensor in self.session.get_inputs())
        (self.output,) = (tensor.name for tensor in self.session.get_outputs())
        properties = self.session.get_modelmeta().custom_metadata_map
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
            See ``plpython.runtime.features``.

        Returns
        -------
        ndarray of shape (n_rows,), float64
        """
        numbers = [columns[feature.name] for feature in self.signature.numbers()]
        texts = [
            self.coded(feature.name, columns[feature.name])
            for feature in self.signature.texts()
        ]
        matrix = np.column_stack([*numbers, *texts]).astype(float, order="C")
        return self.session.run([self.output], {self.input: matrix})[0][:, 0]

    def coded(self, name, values):
        """Return the codes of a column of texts."""
        codes = self.codes[name]
        found = [codes.get(None if v != v else v, UNKNOWN) for v in values]
        if name in self.refusing and UNKNOWN in found:
            raise unknown_category(name, values[found.index(UNKNOWN)])
        return found

    def row_scorer(self, positions):
        """Return a function that gives the probability of one row.

        It builds no columns, and reads and writes two arrays that ONNX Runtime holds
        on to: together a third of what a single row costs otherwise.

        Parameters
        ----------
        positions : list of (Feature, int)
            From ``Layout.positions``.

        Returns
        -------
        callable
            Taking a sequence of float or None and one of str or None.
        """
        import onnxruntime

        by_name = {feature.name: position for feature, position in positions}
        number_slots = [by_name[f.name] for f in self.signature.numbers()]
        text_slots = [
            (by_name[f.name], self.row_codes(f), f) for f in self.signature.texts()
        ]
        row_input = np.zeros((1, len(positions)))
        row_output = np.zeros((1, 1))
        binding = self.session.io_binding()
        hold = onnxruntime.OrtValue.ortvalue_from_numpy
        binding.bind_ortvalue_input(self.input, hold(row_input))
        binding.bind_ortvalue_output(self.output, hold(row_output))
        run = self.session.run_with_iobinding
        refusing = self.refusing
        features = (*self.signature.numbers(), *self.signature.texts())

        def score(numbers, texts):
            row = [numbers[slot] for slot in number_slots]
            for slot, codes, feature in text_slots:
                code = codes.get(texts[slot], UNKNOWN)
                if code == REFUSED:
                    raise null_feature(feature)
                if code == UNKNOWN and feature.name in refusing:
                    raise unknown_category(feature.name, texts[slot])
                row.append(code)
            row_input[0] = checked_row(features, row)
            run(binding)
            return float(row_output[0, 0])

        return score

    def row_codes(self, feature):
        """Return the codes of a feature, with one that refuses NULL where need be."""
        codes = self.codes[feature.name]
        return codes if feature.accepts_null else {**codes, None: REFUSED}


def unknown_category(name, value):
    """Return the error for a category that the model was not fitted on."""
    return ScoringError(
        f'feature "{name}" has a category that the model does not know',
        detail=f"The value is {value!r}.",
        hint="Correct it, or train a pipeline whose encoder ignores the unknown.",
    )

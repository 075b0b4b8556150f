CREATE OR REPLACE FUNCTION churn_runtime.compiled() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The compiled form of a model: an ONNX graph in double precision."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ScoringError
from .features import Columns, Positions, check_values, checked_row, columns_from_arrays
from .row_program import check_row_program, profile_function, row_function
from .signature import Feature, Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .registry import ScoreRow

UNKNOWN = -1
REFUSED = -2
# In a loop a forest of 19,000 comparisons took 19 microseconds as a program and 4 as a
# graph; gradient boosting of 700 took 2 and 3.
LOOPED_NODES = 2_000
METADATA_KEY = "pgchurn"
VOCABULARY_KEYS = {"codes", "missing", "refuses_unknown"}
# Below this every code is a double of its own.
MOST_CODES = 1 << 53


class CompiledModel:
    """A classifier compiled to ONNX, run by ONNX Runtime on one thread.

    It needs neither scikit-learn nor pandas. The graph itself is not examined here:
    ``onnx_scan`` did that when the version was registered, in the sandbox, and what a
    session loads has the digest that was recorded then.

    The graph has one input of shape (n_rows, n_features), numbers before texts, and one
    output of shape (n_rows, 1), the probability of the positive class, both of doubles.
    Its metadata maps each text feature's categories to codes, and may hold the model
    once more as a row program.
    """

    def __init__(self, compiled: bytes, signature: Signature) -> None:
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
        metadata = read_metadata(properties.get(METADATA_KEY, ""), signature)
        self.row_program = metadata["row_program"]
        self.codes: dict[str, dict[str | None, int]] = {}
        self.refusing: set[str] = set()
        for name, vocabulary in metadata["texts"].items():
            self.codes[name] = {**vocabulary["codes"], None: vocabulary["missing"]}
            if vocabulary["refuses_unknown"]:
                self.refusing.add(name)

    def probabilities(self, columns: Columns) -> np.ndarray:
        """Return the positive class's probability of every row."""
        matrix = self.input_matrix(columns)
        return self.session.run([self.output], {self.input: matrix})[0][:, 0]

    def row_probabilities(self, columns: Columns) -> np.ndarray:
        """Return the same, computed row by row as single rows are."""
        score = self.row_function()
        return np.array([score(*row) for row in self.input_matrix(columns).tolist()])

    def input_matrix(self, columns: Columns) -> np.ndarray:
        """Return the matrix of doubles that the graph reads, texts as codes."""
        numbers = [columns[feature.name] for feature in self.signature.numbers()]
        texts = [
            self.coded(feature.name, columns[feature.name])
            for feature in self.signature.texts()
        ]
        return np.column_stack([*numbers, *texts]).astype(float, order="C")

    def coded(self, name: str, values: np.ndarray) -> list[int]:
        """Return the codes of a column of texts."""
        codes = self.codes[name]
        found = [codes.get(None if v != v else v, UNKNOWN) for v in values]
        if name in self.refusing and UNKNOWN in found:
            raise ScoringError(
                f'feature "{name}" has a category that the model does not know',
                detail=f"The value is {values[found.index(UNKNOWN)]!r}.",
                hint="Correct it, or train a pipeline whose encoder ignores the "
                "unknown.",
            )
        return found

    def row_scorer(self, positions: Positions, repeated: bool = False) -> "ScoreRow":
        """Return a function that gives the probability of one row.

        With ``repeated`` it is made for row after row, as in a SELECT.
        """
        by_name = {feature.name: position for feature, position in positions}
        number_features = self.signature.numbers()
        number_slots = [by_name[f.name] for f in number_features]
        text_slots = [
            (by_name[f.name], self.row_codes(f), self.other_code(f))
            for f in self.signature.texts()
        ]

        def check(
            numbers: "Sequence[float | None]", texts: "Sequence[str | None]"
        ) -> list[float]:
            codes = [codes.get(texts[slot], other) for slot, codes, other in text_slots]
            if REFUSED in codes:
                # Checking the numbers as well names the first of several faults.
                self.refuse(positions, numbers, texts)
            row = checked_row(number_features, [numbers[slot] for slot in number_slots])
            return [*row, *codes]

        if self.has_row_program(repeated):
            return profile_function(
                self.row_program, number_slots, text_slots, UNKNOWN, check
            )
        probability = self.row_function(repeated)
        return lambda numbers, texts: probability(*check(numbers, texts))

    def has_row_program(self, repeated: bool) -> bool:
        """Return whether rows are scored by a program, and not by the graph.

        A large program loses against the graph on row after row, when the graph stays
        in the processor's caches.
        """
        program = self.row_program
        return program is not None and not (
            repeated and program["nodes"] > LOOPED_NODES
        )

    def row_function(self, repeated: bool = False) -> "Callable[..., float]":
        """Return a function of one float for each input: see ``row_program``.

        A model that is neither a sum nor trees, or too large, runs as a graph, which
        reads and writes two arrays that it holds on to.
        """
        if self.has_row_program(repeated):
            return row_function(self.row_program)
        import onnxruntime

        row_input = np.zeros((1, len(self.signature.features)))
        row_output = np.zeros((1, 1))
        binding = self.session.io_binding()
        hold = onnxruntime.OrtValue.ortvalue_from_numpy
        binding.bind_ortvalue_input(self.input, hold(row_input))
        binding.bind_ortvalue_output(self.output, hold(row_output))

        def run(*row: float) -> float:
            row_input[0] = row
            self.session.run_with_iobinding(binding)
            return float(row_output[0, 0])

        return run

    def refuse(
        self,
        positions: Positions,
        numbers: "Sequence[float | None]",
        texts: "Sequence[str | None]",
    ) -> None:
        """Score the row in bulk, so that the same error is raised."""
        matrix = np.array([numbers], dtype=float)
        columns = columns_from_arrays(positions, matrix, [texts])
        check_values(self.signature, columns)
        self.probabilities(columns)

    def row_codes(self, feature: Feature) -> dict[str | None, int]:
        """Return the codes of a feature, ``REFUSED`` for what the model refuses."""
        codes = self.codes[feature.name]
        if feature.name in self.refusing:
            codes = {text: REFUSED if c == UNKNOWN else c for text, c in codes.items()}
        return codes if feature.accepts_null else {**codes, None: REFUSED}

    def other_code(self, feature: Feature) -> int:
        """Return the code of a category that the model was not fitted on."""
        return REFUSED if feature.name in self.refusing else UNKNOWN


def read_metadata(text: str, signature: Signature) -> dict[str, Any]:
    """Return the metadata of a compiled form, checked part by part.

    Every text feature of the signature has its codes, nothing else has, and the row
    program is of as many inputs as there are features.
    """
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        raise malformed_metadata() from None
    if type(metadata) is not dict or metadata.keys() != {"texts", "row_program"}:
        raise malformed_metadata()
    texts, program = metadata["texts"], metadata["row_program"]
    names = {feature.name for feature in signature.texts()}
    if (
        type(texts) is not dict
        or texts.keys() != names
        or not all(is_vocabulary(vocabulary) for vocabulary in texts.values())
    ):
        raise malformed_metadata()
    if program is not None:
        check_row_program(program)
        if program["width"] != len(signature.features):
            raise malformed_metadata()
    return metadata


def is_vocabulary(vocabulary: Any) -> bool:
    """Return whether this is what ``text_codes`` of the compiler writes."""
    if type(vocabulary) is not dict or vocabulary.keys() != VOCABULARY_KEYS:
        return False
    codes, refuses = vocabulary["codes"], vocabulary["refuses_unknown"]
    return (
        type(codes) is dict
        and type(refuses) is bool
        and all(
            type(code) is int and UNKNOWN <= code < MOST_CODES
            for code in (vocabulary["missing"], *codes.values())
        )
    )


def malformed_metadata() -> ScoringError:
    """Return the error for metadata that does not belong to the signature."""
    return ScoringError(
        "compiled form has malformed metadata",
        detail="Its codes of texts or its row program do not fit the model's features.",
        hint="Register the model again, so that it is compiled anew.",
        sqlstate="55000",
    )
$python$;
COMMENT ON FUNCTION churn_runtime.compiled IS 'The compiled form of a model: an ONNX graph in double precision.';

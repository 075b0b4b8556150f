CREATE OR REPLACE FUNCTION churn_runtime.compiled() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The compiled form of a model: sums, trees and matrices of plain numbers."""

from typing import TYPE_CHECKING, Any

from .errors import ScoringError
from .features import (
    Columns,
    Positions,
    check_values,
    checked_row,
    columns_from_arrays,
    row_count,
)
from .form import (
    Form,
    described,
    finite_number,
    malformed_form,
    read_form,
    require,
)
from .form_parts import PartReader, Scalar
from .form_source import MOST_NODES, NoSource, profile_function, row_function
from .form_trees import MOST_GRAPHS
from .numpy_later import Array, np
from .pacing import MODEL_CALL_ROWS, Pausing, no_pause
from .signature import Feature, Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .registry import ScoreRow

# Codes are floats: Python compares a float with one in fewer steps.
UNKNOWN = -1.0
REFUSED = -2.0
# In a loop a forest of 19,000 comparisons took 19 microseconds as Python and 4 as a
# graph; gradient boosting of 700 took 2 and 3. A weight counts as a comparison.
LOOPED_NODES = 2_000
# Few comparisons are written out in no time; and many for a row take longer to follow:
# 930 of them 0.14 ms.
FEWEST_WALKED = 100
MOST_WALKED = 20_000
VOCABULARY_KEYS = {"codes", "missing", "refuses_unknown"}
KNOWN_KEYS = {"known", "missing"}
# Below this every code is a double of its own.
MOST_CODES = 1 << 31
# What one call computes at most, in numbers and in bytes: what a cancel waits for, and
# what a session has to hold.
CALL_OPERATIONS = 50_000_000
CALL_BYTES = 64 << 20
MOST_OPERATIONS = 20_000_000
FIRST_ROWS = 1_000
# Of a row: the benchmark's gradient boosting took 2,000, and its forest 5,500.
FEW_OPERATIONS = 100_000
DOUBLE_BYTES = 8


class Codes(dict[str | None, float]):
    """The codes of a feature's texts, that of None for NaN as well."""

    def __missing__(self, value: object) -> float:
        """Return the code of NaN, or of a text that the model was not fitted on."""
        return UNKNOWN if value == value else self[None]


class CodedInputs:
    """The matrix of doubles that a form reads: numbers as they are, texts as codes.

    Attributes
    ----------
    signature : Signature
    codes : dict of str to Codes
        Of each text feature.
    refusing : set of str
        The text features whose unknown categories are refused.
    known_numbers : dict of str to frozenset of (float or None)
        What is known of numbers that are refused otherwise, None for NULL.
    """

    signature: Signature
    codes: dict[str, Codes]
    refusing: set[str]
    known_numbers: dict[str, frozenset[float | None]]

    def read_inputs(self, form: Form, signature: Signature) -> None:
        """Take from a form how it reads the features of a signature."""
        self.signature = signature
        self.codes, self.refusing = read_codes(form.texts, signature)
        self.known_numbers = read_known_numbers(form.numbers, signature)

    def input_matrix(self, columns: Columns) -> Array:
        """Return the matrix of doubles that the form reads, texts as codes."""
        self.check_numbers(columns)
        numbers, texts = self.signature.numbers(), self.signature.texts()
        # Filled column by column: to stack them took two matrices more.
        matrix = np.empty((row_count(columns), len(numbers) + len(texts)))
        for place, feature in enumerate(numbers):
            matrix[:, place] = columns[feature.name]
        for place, feature in enumerate(texts, len(numbers)):
            matrix[:, place] = self.coded(feature.name, columns[feature.name])
        return matrix

    def coded(self, name: str, values: Array) -> Array:
        """Return the codes of a column of texts."""
        codes = map(self.codes[name].__getitem__, values.tolist())
        found = np.fromiter(codes, float, len(values))
        if name in self.refusing and (unknown := found == UNKNOWN).any():
            raise unknown_category(name, values[unknown.argmax()])
        return found

    def check_numbers(self, columns: Columns) -> None:
        """Refuse numbers that are categories which the model does not know."""
        for name, known in self.known_numbers.items():
            for value in columns[name].tolist():
                if (None if value != value else value) not in known:
                    raise unknown_category(name, value)


class CompiledModel(CodedInputs):
    """A classifier as plain numbers, which it is computed of without its library.

    It needs neither scikit-learn nor pandas, and believes nothing of its bytes: see
    ``form``.

    The form reads a matrix of shape (n_rows, n_features), numbers before texts, the
    texts as codes, and gives the probability of the positive class.
    """

    is_pickle = False

    def __init__(
        self, compiled: bytes, signature: Signature, pause: Pausing = no_pause
    ) -> None:
        form = read_form(compiled)
        pause()
        reader = PartReader(form.arrays, pause)
        probability = reader.read(form.probability)
        require(isinstance(probability, Scalar), "It gives several numbers a row.")
        require(
            probability.largest_position() < len(signature.features),
            "It reads more features than the model has.",
        )
        require(not reader.arrays.arrays, "It has arrays that it does not mention.")
        self.probability: Scalar = probability  # type: ignore[assignment]
        pause()
        self.limit_graphs()
        pause()
        operations = probability.operations()
        require(operations <= MOST_OPERATIONS, "It takes too long for a single row.")
        held = DOUBLE_BYTES * (probability.numbers_held() + len(signature.features))
        require(held <= CALL_BYTES, "It takes too much memory for a single row.")
        self.most_rows = min(MODEL_CALL_ROWS, CALL_BYTES // held)
        self.most_rows = max(1, min(self.most_rows, CALL_OPERATIONS // operations))
        self.first_rows = min(FIRST_ROWS, self.most_rows)
        # Whether few rows are sooner scored one by one than together: not by parts that
        # are computed by NumPy in any case.
        self.scores_few_rows = operations <= FEW_OPERATIONS
        self.read_inputs(form, signature)

    def limit_graphs(self) -> None:
        """Leave graphs to the largest forests, where there are too many of them."""
        left = MOST_GRAPHS
        forests = [trees for trees in self.probability.trees() if trees.has_graphs]
        for trees in sorted(forests, key=lambda trees: -trees.comparisons):
            left -= trees.graph_count()
            trees.has_graphs = left >= 0

    def prepare(self) -> None:
        """Make the graphs of large forests, which takes seconds, before they score."""
        for trees in self.probability.trees():
            if trees.has_graphs and trees.graph_count() > 1:
                trees.graphs(trees.computed_width or len(self.signature.features))

    def probabilities(self, columns: Columns) -> Array:
        """Return the positive class's probability of every row."""
        # Overflow ends in an infinity, and that in an error for the row.
        with np.errstate(all="ignore"):
            return self.probability.values(self.input_matrix(columns))

    def tied(self, columns: Columns) -> Array:
        """Return which rows scikit-learn itself decides by the order of its training.

        As many nearest points are wanted, and more are as near.
        """
        with np.errstate(all="ignore"):
            return self.probability.tied(self.input_matrix(columns))

    def row_probabilities(self, columns: Columns) -> Array:
        """Return the same, computed row by row as single rows are."""
        score = self.row_function()
        return np.array([score(*row) for row in self.input_matrix(columns).tolist()])

    def row_scorer(
        self,
        positions: Positions,
        repeated: bool = False,
        pause: Pausing = no_pause,
        walks: bool = False,
    ) -> "ScoreRow":
        """Return a function that gives the probability of one row.

        With ``repeated`` it is made for row after row, as in a SELECT. With ``walks``
        it is made for few rows, which takes no time.
        """
        by_name = {feature.name: position for feature, position in positions}
        number_features = self.signature.numbers()
        number_slots = [by_name[f.name] for f in number_features]
        text_slots = [
            (by_name[f.name], self.row_codes(f), self.other_code(f))
            for f in self.signature.texts()
        ]
        known_numbers = {
            place: self.known_numbers[feature.name]
            for place, feature in enumerate(number_features)
            if feature.name in self.known_numbers
        }

        def check(
            numbers: "Sequence[float | None]", texts: "Sequence[str | None]"
        ) -> list[float]:
            codes = [codes.get(texts[slot], other) for slot, codes, other in text_slots]
            if REFUSED in codes or not all(
                numbers[number_slots[place]] in known
                for place, known in known_numbers.items()
            ):
                # Checking the numbers as well names the first of several faults.
                self.refuse(positions, numbers, texts)
            row = checked_row(number_features, [numbers[slot] for slot in number_slots])
            return [*row, *codes]

        most_nodes = LOOPED_NODES if repeated else MOST_NODES
        try:
            return profile_function(
                self.probability,
                number_slots,
                text_slots,
                UNKNOWN,
                check,
                all(feature.accepts_null for feature in number_features),
                most_nodes,
                known_numbers,
                pause,
                walks,
            )
        except NoSource:
            self.scores_few_rows = False
            probability = self.probability.value
            return lambda numbers, texts: probability(*check(numbers, texts))

    @property
    def walks_first(self) -> bool:
        """Whether the trees are such that a few rows are best scored with ``walks``."""
        trees = self.probability.trees()
        return (
            sum(one.comparisons for one in trees) >= FEWEST_WALKED
            and sum(one.visits for one in trees) <= MOST_WALKED
            and sum(one.member_count for one in trees) <= MOST_WALKED
        )

    def row_function(self) -> "Callable[..., float]":
        """Return a function of one float for each input."""
        try:
            return row_function(self.probability, len(self.signature.features))
        except NoSource:
            return self.probability.value

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

    def row_codes(self, feature: Feature) -> dict[str | None, float]:
        """Return the codes of a feature, ``REFUSED`` for what the model refuses."""
        codes: dict[str | None, float] = self.codes[feature.name]
        if feature.name in self.refusing:
            codes = {text: REFUSED if c == UNKNOWN else c for text, c in codes.items()}
        return codes if feature.accepts_null else {**codes, None: REFUSED}

    def other_code(self, feature: Feature) -> float:
        """Return the code of a category that the model was not fitted on."""
        return REFUSED if feature.name in self.refusing else UNKNOWN


def read_codes(
    texts: dict[str, Any], signature: Signature
) -> tuple[dict[str, Codes], set[str]]:
    """Return the codes of each text feature, and which of them refuse the unknown.

    Every text feature of the signature has its codes, and nothing else has.
    """
    names = {feature.name for feature in signature.texts()}
    require(texts.keys() == names, "Its texts are not those of the model.")
    codes: dict[str, Codes] = {}
    for name, vocabulary in texts.items():
        if not is_vocabulary(vocabulary):
            raise malformed_form("The codes of a text are none.")
        coded = {**vocabulary["codes"], None: vocabulary["missing"]}
        codes[name] = Codes((text, float(code)) for text, code in coded.items())
    refusing = {name for name in names if texts[name]["refuses_unknown"]}
    return codes, refusing


def unknown_category(name: str, value: object) -> ScoringError:
    """Return the error for a category that an encoder refuses."""
    return ScoringError(
        f'feature "{name}" has a category that the model does not know',
        hint="Correct it, or train a pipeline whose encoder ignores the unknown.",
        values=f"The value is {value!r}.",
    )


def read_known_numbers(
    numbers: dict[str, Any], signature: Signature
) -> dict[str, frozenset[float | None]]:
    """Return what is known of numbers that are refused otherwise, None for NULL."""
    names = {feature.name for feature in signature.numbers()}
    require(numbers.keys() <= names, "Its numbers are not those of the model.")
    known: dict[str, frozenset[float | None]] = {}
    for name, said in numbers.items():
        said = described(said, KNOWN_KEYS)
        require(
            type(said["known"]) is list and type(said["missing"]) is bool,
            "What is known of a number is none.",
        )
        values = {finite_number(value) for value in said["known"]}
        known[name] = frozenset({*values, None} if said["missing"] else values)
    return known


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
$python$;
COMMENT ON FUNCTION churn_runtime.compiled IS 'The compiled form of a model: sums, trees and matrices of plain numbers.';

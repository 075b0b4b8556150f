"""What the operators of an ONNX graph do with formulas."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pgchurn.loader.onnx.cells import (
    Cell,
    Column,
    Exponential,
    Lookup,
    Mixture,
    RowPart,
    Share,
    Table,
    Untranslatable,
    Weighted,
    added,
    as_form,
    divided,
    negative,
    softmax,
    with_constant,
)
from pgchurn.loader.onnx.graph import ML, Node
from pgchurn.loader.onnx.tensors import (
    DOUBLE,
    ELEMENTS,
    FLOAT,
    INT64,
    STRING,
    element_type,
)
from pgchurn.loader.onnx.translation import (
    MULTI_CLASS,
    TWO,
    WHOLES,
    Operator,
    Translator,
)
from pgchurn.loader.onnx.trees import both, tree_classifier, tree_regressor

NUMPY_ELEMENTS = {one.array: number for number, one in ELEMENTS.items()}
FEATURE_AXES = (1, -1)
NORMS = {"L1": "l1", "L2": "l2"}
LARGEST_WHOLE = 2**53


def same(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Pass a table on."""
    return [translator.table(node.given)]


def cast(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Cast."""
    element = node.attributes.whole("to", 0)
    element_type(element, node.attributes.path)
    table = translator.table(node.given)

    def done(cell: Cell) -> Cell:
        if isinstance(cell, Column):
            return cell.cast(element)
        if element in (FLOAT, DOUBLE):
            return cell
        raise Untranslatable("a sum or a probability that is made a whole number")

    made = table.mapped(done, element)
    return [replace(made, layers=table.layers)]


def reshape(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Reshape that leaves each row together."""
    table = translator.table(node.given)
    shape = needed_wholes(translator, node, 1, "shape")
    count = len(table.cells)
    rows = [shape[0]] if shape else []
    if shape[:1] == [1] and len(shape) == 3 and shape[1] in (-1, 0):
        if shape[2] in (count, -1):
            return [replace(table, layers=[table.cells])]
    elif rows in ([-1], [0]) and np.prod(shape[1:], dtype=object) in (count, -count):
        return [Table(table.cells, table.element)]
    raise node.refuse(f"makes the shape {shape} of {count:,} columns")


def flatten(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Flatten that leaves each row together."""
    if node.attributes.whole("axis", 1) != 1:
        raise node.refuse("mixes rows: its axis is not 1")
    return same(translator, node)


def squeeze(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Squeeze or Unsqueeze of other axes than that of the rows."""
    axes = node.attributes.wholes("axes").tolist()
    if len(node.inputs) > 1 and node.inputs[1]:
        axes = needed_wholes(translator, node, 1, "axes")
    if not axes or 0 in axes:
        raise node.refuse("may take the axis of the rows")
    return same(translator, node)


def concat(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Put tables side by side, or in layers."""
    tables = [translator.table(name) for name in (node.given, *node.inputs[1:])]
    axis = node.attributes.whole("axis", 1)
    if axis == 0 and all(table.layers for table in tables):
        layers = [layer for table in tables for layer in table.layers]
        return [Table(tables[0].cells, tables[0].element, layers)]
    if axis not in FEATURE_AXES or any(table.layers for table in tables):
        raise node.refuse(f"puts tables together along the axis {axis}")
    elements = {table.element for table in tables}
    if len(elements) > 1:
        raise node.refuse("puts tables of different types together")
    return [Table([cell for one in tables for cell in one.cells], elements.pop())]


def feature_vectorizer(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Put tables side by side, in single precision."""
    tables = [translator.table(name) for name in (node.given, *node.inputs[1:])]
    widths = node.attributes.wholes("inputdimensions").tolist()
    if widths != [len(table.cells) for table in tables]:
        raise node.refuse("has other inputdimensions than its inputs")
    cells = [cell for table in tables for cell in table.cells]
    return [Table([needed_column(node, cell).cast(FLOAT) for cell in cells], FLOAT)]


def chosen(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate what chooses columns: Gather and ArrayFeatureExtractor."""
    if node.kind == "Gather" and node.attributes.whole("axis", 0) not in FEATURE_AXES:
        raise node.refuse("chooses rows: its axis is that of the rows")
    if translator.constant(node.given) is not None:
        raise node.refuse("looks up constants, which has no translation")
    table = translator.table(node.given)
    places = needed_wholes(translator, node, 1, "indices")
    return [Table([cell_at(node, table, place) for place in places], table.element)]


def cell_at(node: Node, table: Table, place: int) -> Cell:
    """Return a cell of a table."""
    count = len(table.cells)
    if not -count <= place < count:
        raise node.refuse(f"chooses the column {place} of {count:,}")
    return table.cells[place]


def sliced(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Slice along the columns."""
    table = translator.table(node.given)
    given = node.attributes
    bounds = {name: given.wholes(name).tolist() for name in ("starts", "ends", "axes")}
    bounds["steps"] = []
    for place, name in enumerate(("starts", "ends", "axes", "steps"), 1):
        if len(node.inputs) > place and node.inputs[place]:
            bounds[name] = needed_wholes(translator, node, place, name)
    if (
        len(bounds["starts"]) != 1
        or len(bounds["ends"]) != 1
        or bounds["axes"] not in ([1], [-1])
        or bounds["steps"] not in ([], [1])
    ):
        raise node.refuse("takes something else than columns next to each other")
    here = slice(bounds["starts"][0], bounds["ends"][0])
    return [Table(table.cells[here], table.element)]


def imputer(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate an Imputer of NaN."""
    table, given = translator.table(node.given), node.attributes
    if table.element in WHOLES:
        raise node.refuse("fills gaps of whole numbers, which have none")
    if table.element != FLOAT:
        raise node.refuse("fills gaps of another type than float")
    replaced = given.number("replaced_value_float", 0.0)
    if replaced == replaced:
        raise node.refuse(
            f"fills in for {replaced:g}, and only in for NaN is covered",
            "Store NULL, and train with missing_values=np.nan.",
        )
    fills = per_column(
        node, given.numbers("imputed_value_floats"), len(table.cells), "fill"
    )
    return [steps_of(node, table, "fill", fills)]


def scaler(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Scaler, which gives single precision."""
    table, given = translator.table(node.given), node.attributes
    count = len(table.cells)
    offset = per_column(node, given.numbers("offset"), count, "offset")
    scale = per_column(node, given.numbers("scale"), count, "scale")
    if table.element in WHOLES:
        table = table.mapped(lambda cell: needed_column(node, cell).cast(FLOAT), FLOAT)
    moved = steps_of(node, table, "subtract", offset)
    scaled = steps_of(node, moved, "multiply", scale)
    return [scaled.mapped(lambda cell: cell.cast(FLOAT), FLOAT)]


def normalizer(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Normalizer: of what adds up to 1 already, or of columns."""
    table, norm = translator.table(node.given), node.attributes.text("norm", "MAX")
    if norm not in NORMS:
        raise node.refuse(
            f"has the norm {norm}, and L1 and L2 are covered",
            "Train with Normalizer(norm='l2').",
        )
    if all(isinstance(cell, (Share, Mixture)) for cell in table.cells):
        if norm == "L1" and adds_up_to_one(table.cells):
            return [table]
        raise Untranslatable("probabilities that are divided by their length")
    part = RowPart(
        tuple(one.cast(FLOAT).rounded() for one in table.columns()), norm=NORMS[norm]
    )
    cells: list[Cell] = [Column((part, i), FLOAT) for i in range(len(table.cells))]
    return [Table(cells, FLOAT)]


def adds_up_to_one(cells: Sequence[Cell]) -> bool:
    """Return whether probabilities add up to 1 whatever the row is."""
    total = cells[0]
    for cell in cells[1:]:
        total = added(total, cell)
    return is_one(total)


def is_one(cell: Cell) -> bool:
    """Return whether a sum of probabilities is 1 whatever the row is."""
    return isinstance(cell, Mixture) and not cell.shares and cell.constant == 1.0


def binarizer(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Binarizer."""
    table = translator.table(node.given)
    threshold = np.full(len(table.cells), node.attributes.number("threshold", 0.0))
    return [steps_of(node, table, "above", threshold)]


def one_hot_encoder(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a OneHotEncoder."""
    table, given = translator.table(node.given), node.attributes
    texts = given.texts("cats_strings")
    categories = texts or given.wholes("cats_int64s").tolist()
    check_categories(node, categories)
    if bool(texts) != (table.element == STRING):
        raise node.refuse("has categories of another type than its input")
    strict, known = not given.whole("zeros", 1), dict.fromkeys(categories)
    lookups = [Lookup({one: 1.0}, 0.0, strict, known=known) for one in categories]
    cells: list[Cell] = []
    for cell in table.cells:
        column = needed_column(node, cell)
        if not texts:
            column = column.cast(INT64)
        cells += [column.looked_up(lookup, FLOAT) for lookup in lookups]
    return [Table(cells, FLOAT)]


def check_categories(node: Node, categories: Sequence[Any]) -> None:
    """Refuse categories that are none or there twice, or too large to be told apart."""
    if not categories or len(set(categories)) < len(categories):
        raise node.refuse("has no categories, or one of them twice")
    if any(type(one) is not str and abs(one) > LARGEST_WHOLE for one in categories):
        raise node.refuse("has a category that is too large")


def label_encoder(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a LabelEncoder."""
    given, table = node.attributes, translator.table(node.given)
    if given.has("classes_strings"):
        keys: list[Any] = given.texts("classes_strings")
        values: list[float] = [float(i) for i in range(len(keys))]
        default, element = float(given.whole("default_int64", -1)), INT64
    else:
        keys = keys_of(node)
        values, default, element = values_of(node)
    return [encoded(node, table, keys, values, default, element)]


def category_mapper(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a CategoryMapper from texts to whole numbers."""
    given, table = node.attributes, translator.table(node.given)
    keys = given.texts("cats_strings")
    values = [float(one) for one in given.wholes("cats_int64s")]
    default = float(given.whole("default_int64", -1))
    return [encoded(node, table, keys, values, default, INT64)]


def encoded(
    node: Node,
    table: Table,
    keys: list[Any],
    values: list[float],
    default: float,
    element: int,
) -> Table:
    """Return a table each of whose cells is looked up."""
    known = [key for key in keys if key == key]
    check_categories(node, known)
    if len(values) != len(keys):
        raise node.refuse("has other values than keys")
    if not np.isfinite([*values, default]).all():
        raise node.refuse("gives a number that is not finite")
    texts = type(known[0]) is str
    if texts != (table.element == STRING):
        raise node.refuse("has keys of another type than its input")
    found = dict(zip(keys, values))
    missing = next((v for k, v in zip(keys, values) if k != k), default)
    listed = {key: found[key] for key in known}
    lookup = Lookup(listed, default, missing=missing)
    return table.mapped(
        lambda cell: needed_column(node, cell).looked_up(lookup, element), element
    )


def keys_of(node: Node) -> list[Any]:
    """Return the keys of a LabelEncoder."""
    given = node.attributes
    tensor = given.tensor("keys_tensor")
    if tensor is not None:
        return tensor.ravel().tolist()
    if given.has("keys_strings"):
        return given.texts("keys_strings")
    if given.has("keys_int64s"):
        return given.wholes("keys_int64s").tolist()
    return given.numbers("keys_floats").astype(float).tolist()


def values_of(node: Node) -> tuple[list[float], float, int]:
    """Return the values of a LabelEncoder, the default, and the type of both."""
    given = node.attributes
    tensor, other = given.tensor("values_tensor"), given.tensor("default_tensor")
    if tensor is not None:
        element = NUMPY_ELEMENTS.get(tensor.dtype, STRING)
        if element in (INT64, FLOAT, DOUBLE):
            default = -1.0 if element == INT64 else 0.0
            if other is not None and other.size == 1 and other.dtype.kind in "if":
                default = float(other.ravel()[0])
            return tensor.ravel().astype(float).tolist(), default, element
    if given.has("values_int64s"):
        values = given.wholes("values_int64s").astype(float).tolist()
        return values, float(given.whole("default_int64", -1)), INT64
    if given.has("values_floats"):
        values = given.numbers("values_floats").astype(float).tolist()
        return values, float(given.number("default_float", 0.0)), FLOAT
    raise node.refuse("gives texts, which are not looked up again")


def arithmetic(name: str) -> Operator:
    """Return what translates arithmetic of two operands."""

    def done(translator: Translator, node: Node) -> Sequence[Table | None]:
        if len(node.inputs) != TWO:
            raise node.refuse("has not two inputs")
        constants = [translator.constant(one) for one in node.inputs]
        if all(one is None for one in constants):
            tables = [translator.table(one) for one in node.inputs]
            return [of_tables(node, name, *tables)]
        if None not in [None if one is None else 1 for one in constants]:
            raise node.refuse("is of two constants")
        first = constants[0] is not None
        table = translator.table(node.inputs[1 if first else 0])
        numbers = constants[0] if first else constants[1]
        assert numbers is not None
        count = max(len(table.cells), numbers.size)
        cells = table.cells * count if len(table.cells) == 1 else table.cells
        each = per_column(node, numbers, count, "constant")
        if table.element in WHOLES and name == "divide":
            raise node.refuse("divides whole numbers")
        return [
            Table(
                [with_constant(name, c, float(n), first) for c, n in zip(cells, each)],
                table.element,
            )
        ]

    return done


def of_tables(node: Node, name: str, one: Table, other: Table) -> Table:
    """Return the arithmetic of two tables."""
    count = max(len(one.cells), len(other.cells))
    sides = [t.cells * count if len(t.cells) == 1 else t.cells for t in (one, other)]
    if any(len(cells) != count for cells in sides):
        raise node.refuse("is of tables of different width")
    if name not in ("add", "subtract", "divide"):
        raise Untranslatable("a product of what both depend on the row")

    def done(first: Cell, second: Cell) -> Cell:
        if name == "divide":
            return divided(first, second)
        return added(first, negative(second) if name == "subtract" else second)

    return Table([done(a, b) for a, b in zip(*sides)], one.element)


def summed(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Sum of tables."""
    total = translator.table(node.given)
    for name in node.inputs[1:]:
        total = of_tables(node, "add", total, translator.table(name))
    return [total]


def reduced(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a ReduceSum or ReduceMean along the columns, or the layers."""
    table = translator.table(node.given)
    axes = node.attributes.wholes("axes").tolist()
    if len(node.inputs) > 1 and node.inputs[1]:
        axes = needed_wholes(translator, node, 1, "axes")
    if table.layers and axes == [0]:
        rows = [list(cells) for cells in zip(*table.layers)]
    elif not table.layers and axes in ([1], [-1]):
        rows = [table.cells]
    else:
        raise node.refuse(f"goes along the axes {axes}")
    made: list[Cell] = []
    for cells in rows:
        total = cells[0]
        for cell in cells[1:]:
            total = added(total, cell)
        if node.kind == "ReduceMean":
            total = with_constant("divide", total, float(len(cells)), first=False)
        made.append(total)
    return [Table(made, table.element)]


def matrix_product(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a MatMul with a constant on the right."""
    table = translator.table(node.given)
    weights = needed_constant(translator, node, 1, "weights")
    return [product(node, table, weights)]


def product(node: Node, table: Table, weights: np.ndarray) -> Table:
    """Return a table times a matrix."""
    if weights.ndim == 1:
        weights = weights[:, None]
    count = len(table.cells)
    if weights.ndim != TWO or weights.shape[0] != count or weights.dtype.kind != "f":
        raise node.refuse(f"has weights of the shape {weights.shape} for {count:,}")
    check_finite(node, weights)
    columns = tuple(one.rounded() for one in table.columns())
    return Table(
        [Weighted(columns, each.astype(float)) for each in weights.T], table.element
    )


def general_product(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Gemm with constants."""
    given, table = node.attributes, translator.table(node.given)
    weights = needed_constant(translator, node, 1, "weights")
    if given.whole("transA", 0) or weights.ndim != TWO:
        raise node.refuse("turns its table")
    if weights.dtype.kind != "f":
        raise node.refuse("has weights that are no numbers")
    if given.whole("transB", 0):
        weights = weights.T
    alpha, beta = given.number("alpha", 1.0), given.number("beta", 1.0)
    made = product(node, table, weights * weights.dtype.type(alpha))
    if len(node.inputs) > TWO and node.inputs[2]:
        moved = needed_constant(translator, node, 2, "constants")
        each = per_column(node, moved, len(made.cells), "constant") * beta
        cells = [
            with_constant("add", c, float(n), False) for c, n in zip(made.cells, each)
        ]
        return [Table(cells, made.element)]
    return [made]


def function(done: Callable[[Cell], Cell]) -> Operator:
    """Return what translates a function of each cell."""

    def applied(translator: Translator, node: Node) -> Sequence[Table | None]:
        return [translator.table(node.given).mapped(done)]

    return applied


def sigmoid(cell: Cell) -> Cell:
    """Return the logistic function of a cell."""
    return Share(as_form(cell))


def absolute(cell: Cell) -> Cell:
    """Return the magnitude of a cell, which has to be a probability."""
    if isinstance(cell, Share):
        return cell
    raise Untranslatable("a magnitude")


def exponential(cell: Cell) -> Cell:
    """Return the exponential of a cell."""
    return Exponential(as_form(cell))


def stepping(*steps: tuple[str, float]) -> Operator:
    """Return what translates a function of each column into steps."""

    def done(translator: Translator, node: Node) -> Sequence[Table | None]:
        table = translator.table(node.given)
        for name, constant in steps:
            table = steps_of(node, table, name, np.full(len(table.cells), constant))
        return [table]

    return done


def clip(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Clip."""
    table, given = translator.table(node.given), node.attributes
    limits = [given.number("min"), given.number("max")]
    for place in (1, 2):
        if len(node.inputs) > place and node.inputs[place]:
            found = needed_constant(translator, node, place, "limit")
            limits[place - 1] = float(per_column(node, found, 1, "limit")[0])
    for name, limit in zip(("at least", "at most"), limits):
        if limit is not None:
            table = steps_of(node, table, name, np.full(len(table.cells), limit))
    return [table]


def two_way_softmax(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a Softmax of two classes."""
    if (
        node.attributes.whole("axis", -1 if node.version >= 13 else 1)
        not in FEATURE_AXES
    ):
        raise node.refuse("goes along the rows")
    table = translator.table(node.given)
    if len(table.cells) != TWO:
        raise node.refuse(f"is of {len(table.cells):,} classes, {MULTI_CLASS}")
    return [Table(softmax(table.cells), table.element)]


def linear_classifier(translator: Translator, node: Node) -> Sequence[Table | None]:
    """Translate a LinearClassifier, which computes in single precision."""
    given = node.attributes
    labels = (
        given.texts("classlabels_strings") or given.wholes("classlabels_ints").tolist()
    )
    if len(labels) != TWO:
        raise node.refuse(
            f"has {len(labels):,} classes, {MULTI_CLASS}", "Train a binary classifier."
        )
    transform = given.text("post_transform", "NONE")
    cells = linear_sums(translator, node)
    translator.labels.append(labels)
    if len(cells) == 1 and transform == "LOGISTIC":
        return [None, Table(both(Share(cells[0])), FLOAT)]
    if len(cells) != TWO or transform not in ("NONE", "LOGISTIC", "SOFTMAX"):
        raise node.refuse(
            f"has the post_transform {transform} of {len(cells):,} sums, which is not "
            "covered"
        )
    made: list[Cell] = [*cells]
    if transform == "LOGISTIC":
        made = [Share(cell) for cell in cells]
    elif transform == "SOFTMAX":
        made = softmax(cells)
    return [None, Table(made, FLOAT)]


def linear_sums(translator: Translator, node: Node) -> list[Weighted]:
    """Return the weighted sums that a LinearClassifier's attributes say."""
    given, table = node.attributes, translator.table(node.given)
    columns = tuple(one.cast(FLOAT).rounded() for one in table.columns())
    weights, constants = given.numbers("coefficients"), given.numbers("intercepts")
    if not len(constants) or len(weights) != len(constants) * len(columns):
        raise node.refuse(
            f"has {len(weights):,} coefficients for {len(columns):,} columns and "
            f"{len(constants):,} intercepts"
        )
    check_finite(node, weights, constants)
    return [
        Weighted(columns, each.astype(float), float(constant))
        for each, constant in zip(weights.reshape(len(constants), -1), constants)
    ]


def needed_column(node: Node, cell: Cell) -> Column:
    """Return a cell that has to be a column."""
    if not isinstance(cell, Column):
        raise Untranslatable("something else than a column")
    return cell


def needed_constant(
    translator: Translator, node: Node, place: int, name: str
) -> np.ndarray:
    """Return an input of a node that has to be a constant."""
    given = node.inputs[place] if len(node.inputs) > place else ""
    found = translator.constant(given)
    if found is None:
        raise node.refuse(f"has {name} that are not constant")
    return found


def needed_wholes(
    translator: Translator, node: Node, place: int, name: str
) -> list[int]:
    """Return an input of a node that has to be constant whole numbers."""
    found = needed_constant(translator, node, place, name)
    if found.dtype.kind != "i":
        raise node.refuse(f"has {name} that are no whole numbers")
    return found.ravel().tolist()


def per_column(node: Node, given: np.ndarray, count: int, name: str) -> np.ndarray:
    """Return numbers for each of so many columns; a single one is for all."""
    if given.dtype.kind not in "fi" or given.size not in (1, count):
        raise node.refuse(f"has {given.size:,} numbers as {name} for {count:,} columns")
    check_finite(node, given)
    return np.broadcast_to(given.ravel().astype(float), (count,))


def check_finite(node: Node, *given: np.ndarray) -> None:
    """Refuse numbers that are not finite."""
    if not all(np.isfinite(one).all() for one in given):
        raise node.refuse("has a number that is not finite")


def steps_of(node: Node, table: Table, name: str, constants: np.ndarray) -> Table:
    """Return a table each of whose columns had a step done."""
    columns = table.columns()
    made: list[Cell] = [
        column.step(name, float(one)) for column, one in zip(columns, constants)
    ]
    return Table(made, table.element)


OPERATORS: dict[str, Operator] = {
    "Identity": same,
    "Cast": cast,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": squeeze,
    "Concat": concat,
    "Gather": chosen,
    "Slice": sliced,
    "Add": arithmetic("add"),
    "Sub": arithmetic("subtract"),
    "Mul": arithmetic("multiply"),
    "Div": arithmetic("divide"),
    "Sum": summed,
    "ReduceSum": reduced,
    "ReduceMean": reduced,
    "MatMul": matrix_product,
    "Gemm": general_product,
    "Sigmoid": function(sigmoid),
    "Abs": function(absolute),
    "Exp": function(exponential),
    "Neg": function(negative),
    "Relu": stepping(("at least", 0.0)),
    "Tanh": stepping(("tanh", 0.0)),
    "Clip": clip,
    "Softmax": two_way_softmax,
    **{
        f"{ML}.{name}": one
        for name, one in {
            "ArrayFeatureExtractor": chosen,
            "Binarizer": binarizer,
            "CategoryMapper": category_mapper,
            "FeatureVectorizer": feature_vectorizer,
            "Imputer": imputer,
            "LabelEncoder": label_encoder,
            "LinearClassifier": linear_classifier,
            "Normalizer": normalizer,
            "OneHotEncoder": one_hot_encoder,
            "Scaler": scaler,
            "TreeEnsembleClassifier": tree_classifier,
            "TreeEnsembleRegressor": tree_regressor,
        }.items()
    },
}

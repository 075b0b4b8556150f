"""What is read of a compiled form's bytes, and that all ways to score it agree."""

import copy
import itertools
import json
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pgchurn.plpython.runtime import compiled as compiled_module
from pgchurn.plpython.runtime import form_parts
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.form import (
    ALIGNMENT,
    MAGIC,
    MOST_ARRAYS,
    MOST_BYTES,
    MOST_HEADER_BYTES,
    ArrayReader,
    read_form,
    write_form,
)
from pgchurn.plpython.runtime.form_arrays import TYPES
from pgchurn.plpython.runtime.form_computed import (
    COMPUTED_KINDS,
    HIGHEST_DEGREE,
    Normalized,
    Onward,
    Pieces,
    Products,
    Rounds,
    Through,
    Together,
)
from pgchurn.plpython.runtime.form_matrices import (
    MATRIX_KINDS,
    Dense,
    Gaussian,
    Inputs,
    Joined,
    OnlyOne,
    Quadratic,
    Table,
)
from pgchurn.plpython.runtime.form_parts import (
    DEEPEST_PART,
    MOST_PARTS,
    MOST_TABLES,
    SUM_KINDS,
    Sigmoid,
    Sum,
    describe,
)
from pgchurn.plpython.runtime.form_scalars import (
    SCALAR_KINDS,
    Affine,
    Interpolated,
    LogOdds,
    Mean,
    Share,
    Sign,
)
from pgchurn.plpython.runtime.form_source import (
    MOST_ENTRIES,
    MOST_PART_NODES,
    NoSource,
    Source,
    row_function,
)
from pgchurn.plpython.runtime.form_tree_checks import (
    DEEPEST,
    EQUAL,
    LEAF,
    LESS_OR_EQUAL,
    MEMBER,
    MISSING_IS_TRUE,
    MOST_MEMBERS,
    WHOLE_MEMBER,
)
from pgchurn.plpython.runtime.form_trees import MOST_GRAPHS, TREES_PER_GRAPH, Trees
from pgchurn.plpython.runtime.signature import Feature, Signature

NAN, INFINITY = float("nan"), float("inf")
WIDTH = 3
SIGNATURE = Signature(
    tuple(Feature(name, "number", True) for name in "abc"), (0, 1), 1, False
)
WITH_TEXT = Signature(
    (*SIGNATURE.features, Feature("t", "text", True)), (0, 1), 1, False
)
VOCABULARY = {"codes": {"x": 0, "y": 1}, "missing": -1, "refuses_unknown": False}


def integers(*values):
    return np.array(values, np.int32)


def floats(*values):
    return np.array(values, np.float64)


def trees_of(*nodes, roots=(0,), sets=()):
    """Return trees of nodes: (position, mode, constant, true, false), or a leaf."""
    nodes = [n if isinstance(n, tuple) else (0, LEAF, n, 0, 0) for n in nodes]
    positions, modes, constants, true, false = zip(*nodes) if nodes else [()] * 5
    return Trees(
        roots=integers(*roots),
        positions=integers(*positions),
        modes=np.array(modes, np.uint8),
        constants=floats(*constants),
        true=integers(*true),
        false=integers(*false),
        members=floats(*(one for each in sets for one in each)),
        ends=np.cumsum([len(each) for each in sets], dtype=np.int32),
    )


def no_trees():
    return trees_of(roots=())


def sum_of(**changed):
    """Return a sum of a weighted input, a table and a tree."""
    given = {
        "constant": 0.25,
        "positions": integers(0),
        "weights": floats(0.5),
        "fills": floats(NAN),
        "tables": integers(1),
        "defaults": floats(0.0),
        "missing": floats(0.125),
        "ends": integers(2),
        "keys": floats(1.0, 2.0),
        "entries": floats(-1.0, 1.0),
        "forest": trees_of((2, LESS_OR_EQUAL, 0.5, 1, 2), -0.5, 0.75),
    }
    return Sum(**{**given, **changed})


def inputs(positions=(0, 1), steps="", constants=()):
    return Inputs(
        positions=integers(*positions), steps=steps, constants=floats(*constants)
    )


def network():
    """Return a layer of two numbers above three inputs."""
    return Dense(
        of=inputs((0, 1, 2)),
        weights=floats(0.5, -1, 0.25, 2, 0.125, 0),
        biases=floats(0.5, -0.5),
        activation="relu",
    )


def one_of(matrix):
    """Return the only number of a layer above a matrix."""
    layer = Dense(
        of=matrix,
        weights=np.full(matrix.width, 0.25),
        biases=floats(0.5),
        activation="identity",
    )
    return OnlyOne(of=layer)


def pieces(**changed):
    """Return two functions of an input, in two pieces, and one of another, in one."""
    given = {
        "of": inputs(),
        "functions": integers(2, 1),
        "ends": integers(1, 1),
        "borders": floats(0.5),
        "origins": floats(0, 0.5, 1),
        "degree": 1,
        "factors": floats(1, 2, 3, 4, 5, 6, 7, 8, -1, 0.5),
        "missing": floats(NAN, 2, 3),
        "bounded": np.array([0, 0], np.uint8),
    }
    return Pieces(**{**given, **changed})


def rounds(**changed):
    """Return two inputs, of which the first is estimated of the second, and back."""
    given = {
        "of": inputs(),
        "first": floats(1, 2),
        "lowest": floats(-math.inf, -5),
        "highest": floats(math.inf, 5),
        "numbers": integers(0, 1),
        "weights": floats(0, 2, 3, 0),
        "constants": floats(0.5, 1),
    }
    return Rounds(**{**given, **changed})


EVERY_KIND = {
    "Sum": sum_of(),
    "Sigmoid": Sigmoid(of=sum_of()),
    "Share": Share(of=sum_of()),
    "Affine": Affine(of=sum_of(), slope=-1.5, constant=1.0),
    "Sign": Sign(of=sum_of(), threshold=0.5),
    "LogOdds": LogOdds(of=sum_of(), epsilon=1e-12),
    "Interpolated": Interpolated(of=sum_of(), x=floats(0, 1, 3), y=floats(0.1, 0.9, 1)),
    "Mean": Mean(of=[sum_of(), Sigmoid(of=sum_of())], weights=floats(0.5, 0.25)),
    "Inputs": one_of(inputs((0, 2), "fill,subtract,divide", (1, 2, 3, 4, 5, 6))),
    "Table": one_of(
        Table(position=1, keys=floats(1, 2), entries=floats(1, 2, 3, 4, 5, 6, 7, 8))
    ),
    "Joined": one_of(Joined(of=[inputs((0,)), inputs((1, 2))], order=integers(2, 0))),
    "Dense": one_of(network()),
    "OnlyOne": OnlyOne(of=inputs((1,))),
    "Gaussian": Gaussian(
        of=inputs(),
        means=floats(0, 1, 2, 3),
        variances=floats(1, 2, 3, 4),
        constants=floats(-1, -2),
    ),
    "Quadratic": Quadratic(first=network(), second=network(), constant=0.5),
    "Through": Through(of=network(), then=one_of(inputs((1, 0)))),
    "Onward": one_of(Onward(of=network(), then=inputs((1, 1), "add", (1, 2)))),
    "Together": one_of(Together(of=[sum_of(), Sigmoid(of=sum_of())])),
    "Pieces": one_of(pieces()),
    "Products": one_of(
        Products(of=inputs(), factors=integers(0, 0, 0, 1), ends=integers(0, 1, 2, 4))
    ),
    "Normalized": one_of(Normalized(of=inputs((0, 1, 2)), norm="l2")),
    "Rounds": one_of(rounds()),
}


def bytes_of(part, texts=None):
    """Return the bytes of a form that computes a part."""
    return write_form(texts or {}, lambda writer: describe(part, writer))


def header_and_arrays(content):
    """Take a form apart."""
    end = content.index(b"\n", len(MAGIC))
    arrays = [np.asarray(array) for array in read_form(content).arrays]
    return json.loads(content[len(MAGIC) : end]), arrays


def put_together(header, arrays):
    """Return bytes of any header, and of arrays as they are."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    parts = [MAGIC + text + b"\n", *(np.asarray(array).tobytes() for array in arrays)]
    return b"".join(part + b" " * (-len(part) % ALIGNMENT) for part in parts)


def refused(content, signature=SIGNATURE):
    """Return why bytes are refused."""
    with pytest.raises(ScoringError) as raised:
        CompiledModel(content, signature)
    error = raised.value
    assert error.sqlstate == "55000"
    assert error.message == "compiled form is malformed"
    assert error.detail.endswith(".")
    assert error.hint
    return error.detail


def refused_part(make, **fields):
    """Return why a part or trees of these fields are refused."""
    with pytest.raises(ScoringError) as raised:
        make(**fields)
    assert raised.value.sqlstate == "55000"
    return raised.value.detail


PLAIN_INPUTS = {"kind": "Inputs", "positions": 0, "steps": "", "constants": 1}
MATRIX = np.array(
    [
        *itertools.product(
            [0.0, -0.0, 1.0, 2.0, 0.5, -3.25, NAN, 1e300, 5e-324], repeat=WIDTH
        )
    ]
)


def test_every_kind_is_tried():
    assert (
        EVERY_KIND.keys()
        == {**SUM_KINDS, **SCALAR_KINDS, **MATRIX_KINDS, **COMPUTED_KINDS}.keys()
    )


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_what_is_written_is_read_back_and_computes_the_same(kind):
    part = EVERY_KIND[kind]
    model = CompiledModel(bytes_of(part), SIGNATURE)
    columns = dict(zip("abc", MATRIX.T))
    with np.errstate(all="ignore"):
        expected = part.values(MATRIX)

    np.testing.assert_array_equal(model.probabilities(columns), expected)
    np.testing.assert_allclose(
        model.row_probabilities(columns), expected, rtol=1e-12, atol=1e-12
    )
    assert bytes_of(model.probability) == bytes_of(part)


def test_no_row_and_one_row_are_computed_by_every_kind():
    for part in EVERY_KIND.values():
        assert part.values(MATRIX[:0]).shape == (0,)
        assert part.values(MATRIX[:1]).shape == (1,)


# The container.

GOOD = bytes_of(Sigmoid(of=sum_of()))


def test_cut_short_at_any_place_it_is_refused():
    for end in range(len(GOOD)):
        refused(GOOD[:end])


@pytest.mark.parametrize("more", [b" ", b"\0" * 8, GOOD])
def test_bytes_after_the_end_are_refused(more):
    assert "length" in refused(GOOD + more)


@pytest.mark.parametrize(
    "start", [b"", b"\n", b"pgchurn form 2\n", b"PGCHURN FORM 1\n", b"\x08\x0a"]
)
def test_another_beginning_is_refused(start):
    assert "begin" in refused(start + GOOD[len(MAGIC) :])


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"texts":' * 100_000,
        b'{"texts":{},"probability":' + b'{"kind":"Share","of":' * 50_000,
        b"9" * 100_000,
        b'{"texts": {}, "probability": {}, "arrays": [], "more": 1}',
        b'{"texts": {}, "probability": {}}',
        b'{"texts": [], "probability": {}, "arrays": []}',
        b'{"texts": {}, "probability": [], "arrays": []}',
        b'{"texts": {}, "probability": null, "arrays": []}',
        b'{"texts": {}, "probability": {}, "arrays": {}}',
    ],
    ids=itertools.count(),
)
def test_a_description_that_is_none_is_refused(header):
    refused(put_together(header, []))


def test_what_is_too_large_is_refused_before_it_is_read():
    assert "bytes" in refused(GOOD + bytes(MOST_BYTES))
    assert "does not end" in refused(put_together(b" " * (MOST_HEADER_BYTES + 1), []))


@pytest.mark.parametrize(
    "shape",
    [
        *(["f", length] for length in (-1, 3, 1 << 62, 1 << 70, 1.0, True, None, "1")),
        *([code, 1] for code in ("x", "", None, 1, "ff", ["f"])),
        *(["f"], ["f", 1, 1], [], None, 5, "f1", {"f": 1}),
    ],
    ids=repr,
)
def test_an_array_that_is_not_as_it_says_is_refused(shape):
    header, arrays = header_and_arrays(GOOD)
    for place in (0, -1):
        changed = copy.deepcopy(header)
        changed["arrays"][place] = shape
        refused(put_together(changed, arrays))


def test_more_arrays_than_there_may_be_are_refused():
    header, arrays = header_and_arrays(GOOD)
    header["arrays"] += [["b", 0]] * MOST_ARRAYS

    assert refused(put_together(header, arrays)) == "It has no arrays."


def numbers_of_arrays(header):
    """Return the fields of the sum that are numbers of arrays, but for its trees."""
    return [name for name, kind in Sum.FIELDS.items() if kind in TYPES]


@pytest.mark.parametrize(
    "number", [-1, 10_000, 1 << 40, True, 0.0, None, "0", [0], {"a": 0}], ids=repr
)
def test_an_array_that_is_not_there_is_refused(number):
    header, arrays = header_and_arrays(GOOD)
    for name in numbers_of_arrays(header):
        changed = copy.deepcopy(header)
        changed["probability"]["of"][name] = number
        refused(put_together(changed, arrays))


def test_an_array_is_mentioned_just_once():
    header, arrays = header_and_arrays(GOOD)
    twice = copy.deepcopy(header)
    twice["probability"]["of"]["fills"] = twice["probability"]["of"]["weights"]
    never = copy.deepcopy(header)
    never["arrays"].append(["f", 0])

    assert "not there" in refused(put_together(twice, arrays))
    assert "does not mention" in refused(put_together(never, arrays))


@pytest.mark.parametrize("code", TYPES)
def test_an_array_of_another_type_is_refused(code):
    header, arrays = header_and_arrays(bytes_of(sum_of(forest=no_trees())))
    for name, own in Sum.FIELDS.items():
        if own in TYPES and own != code:
            number = header["probability"][name]
            changed, others = copy.deepcopy(header), list(arrays)
            changed["arrays"][number][0] = code
            others[number] = np.ones(len(others[number]), TYPES[code])
            assert "type" in refused(put_together(changed, others))


def test_arrays_are_read_as_views_that_cannot_be_written():
    reader = ArrayReader(read_form(GOOD).arrays)

    array = np.asarray(reader.take("i", 0))

    assert not array.flags.writeable
    assert not array.flags.owndata


# Numbers, texts and parts of the description.

NO_NUMBERS = [
    *("1", None, True, False, [], [1.0], {}, 10**400, -(10**400)),
    *(NAN, INFINITY, -INFINITY),
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=itertools.count())
@pytest.mark.parametrize(
    "kind, name",
    [
        (kind, name)
        for kind in ("Sum", "Affine", "Sign", "LogOdds", "Quadratic")
        for name, code in {**SUM_KINDS, **SCALAR_KINDS, **MATRIX_KINDS}[
            kind
        ].FIELDS.items()
        if code == "number"
    ],
)
def test_what_is_no_finite_number_is_refused(kind, name, value):
    header, arrays = header_and_arrays(bytes_of(EVERY_KIND[kind]))
    header["probability"][name] = value

    assert "number" in refused(put_together(header, arrays))


@pytest.mark.parametrize(
    "text",
    [b"1e999", b"-1e999", b"NaN", b"Infinity", b"9" * 999],
    ids=itertools.count(),
)
def test_a_number_beyond_all_doubles_is_refused(text):
    content = bytes_of(Affine(of=sum_of(), slope=0.123, constant=1.0))
    header, arrays = header_and_arrays(content)

    changed = json.dumps(header).encode().replace(b"0.123", text)

    assert "number" in refused(put_together(changed, arrays))


@pytest.mark.parametrize(
    "value", [-1, 1 << 32, 1 << 70, 1.0, True, None, "0", [0]], ids=repr
)
def test_what_is_no_position_is_refused(value):
    header, arrays = header_and_arrays(bytes_of(EVERY_KIND["Table"]))
    header["probability"]["of"]["of"]["position"] = value

    assert "number" in refused(put_together(header, arrays))


@pytest.mark.parametrize("value", [None, 5, True, "", "sin", [], ["relu"], "__class__"])
def test_what_is_no_activation_is_refused(value):
    header, arrays = header_and_arrays(bytes_of(EVERY_KIND["Dense"]))
    header["probability"]["of"]["of"]["activation"] = value

    refused(put_together(header, arrays))


@pytest.mark.parametrize(
    "kind", [None, 1, [], {}, "", "sum", "Part", "Scalar", "Trees", "__class__"]
)
def test_a_part_of_an_unknown_kind_is_refused(kind):
    header, arrays = header_and_arrays(GOOD)
    for path in ([], ["of"]):
        changed = copy.deepcopy(header)
        part = changed["probability"]
        for key in path:
            part = part[key]
        part["kind"] = kind
        assert "part" in refused(put_together(changed, arrays))


@pytest.mark.parametrize("value", [None, 5, "Sum", [], {}, [{}], {"kind": "Sum"}])
@pytest.mark.parametrize("kind", ["Sigmoid", "Mean", "OnlyOne", "Joined", "Quadratic"])
def test_what_is_no_part_is_refused(kind, value):
    header, arrays = header_and_arrays(bytes_of(EVERY_KIND[kind]))
    part = header["probability"]
    if kind == "Joined":
        part = part["of"]["of"]
    name = next(name for name, code in part.items() if isinstance(code, (dict, list)))
    part[name] = value

    refused(put_together(header, arrays))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_part_has_its_own_fields_and_no_others(kind):
    header, arrays = header_and_arrays(bytes_of(EVERY_KIND[kind]))
    for name in header["probability"]:
        without = copy.deepcopy(header)
        del without["probability"][name]
        refused(put_together(without, arrays))
    header["probability"]["note"] = 1
    refused(put_together(header, arrays))


def nested(depth):
    """Return so many parts within each other."""
    part = sum_of(forest=no_trees())
    for _ in range(depth - 1):
        part = Share(of=part)
    return part


def test_parts_may_be_deep_but_not_too_deep():
    model = CompiledModel(bytes_of(nested(DEEPEST_PART)), SIGNATURE)
    assert model.row_function()(1.0, 1.0, 1.0) == 0.0

    assert "deep" in refused(bytes_of(nested(DEEPEST_PART + 1)))
    assert "deep" in refused(bytes_of(nested(400)))


@pytest.mark.parametrize("count", [MOST_PARTS // 2, 100_000])
def test_there_may_be_many_parts_but_not_too_many(count):
    described = {"kind": "OnlyOne", "of": {**PLAIN_INPUTS}}
    parts = [copy.deepcopy(described) for _ in range(count)]
    for i, part in enumerate(parts):
        part["of"]["positions"], part["of"]["constants"] = 2 * i + 1, 2 * i + 2
    shapes = [["f", count]] + [["i", 1], ["f", 0]] * count
    header = {
        "texts": {},
        "probability": {"kind": "Mean", "of": parts, "weights": 0},
        "arrays": shapes[:MOST_ARRAYS],
    }
    arrays = [np.ones(count)] + [integers(0), floats()] * count

    assert refused(put_together(header, arrays[:MOST_ARRAYS])) in (
        "Its parts are too many, or too deep in one another.",
        "Its description does not end.",
    )


def test_as_many_parts_as_there_may_be_are_read():
    count = MOST_PARTS // 2 - 1
    part = Mean(of=[OnlyOne(of=inputs((0,)))] * count, weights=np.ones(count) / count)

    model = CompiledModel(bytes_of(part), SIGNATURE)

    assert model.row_function()(0.5, 0.0, 0.0) == pytest.approx(0.5)


def test_there_may_be_many_tables_but_not_too_many():
    count = MOST_TABLES + 1
    zeros = np.zeros(count)
    many = sum_of(
        tables=np.zeros(count, np.int32),
        defaults=zeros,
        missing=zeros,
        ends=np.zeros(count, np.int32),
        keys=zeros[:0],
        entries=zeros[:0],
    )

    assert "tables" in refused(bytes_of(many))


def test_a_matrix_is_no_number_and_a_number_no_matrix():
    scalar, matrix = sum_of(), inputs()

    for kind in (Sigmoid, Share):
        assert "kind" in refused_part(kind, of=matrix)
    assert "kind" in refused_part(Affine, of=matrix, slope=1.0, constant=0.0)
    assert "kind" in refused_part(Sign, of=matrix, threshold=0.0)
    assert "kind" in refused_part(LogOdds, of=matrix, epsilon=0.5)
    assert "kind" in refused_part(
        Interpolated, of=matrix, x=floats(0, 1), y=floats(0, 1)
    )
    assert "kind" in refused_part(Mean, of=[scalar, matrix], weights=floats(1, 1))
    assert "kind" in refused_part(OnlyOne, of=scalar)
    assert "kind" in refused_part(Joined, of=[matrix, scalar], order=integers(0))
    assert "kind" in refused_part(
        Dense, of=scalar, weights=floats(1), biases=floats(1), activation="relu"
    )
    assert "kind" in refused_part(
        Gaussian,
        of=scalar,
        means=floats(0, 0),
        variances=floats(1, 1),
        constants=floats(0, 0),
    )
    assert "kind" in refused_part(Quadratic, first=matrix, second=scalar, constant=0.0)
    assert "several numbers" in refused(bytes_of(matrix))


@pytest.mark.parametrize(
    "part",
    [
        sum_of(positions=integers(WIDTH)),
        sum_of(tables=integers(WIDTH)),
        sum_of(forest=trees_of((WIDTH, LESS_OR_EQUAL, 0.5, 1, 2), 0.0, 1.0)),
        # A leaf's position is looked up, too, while other trees are gone down.
        sum_of(forest=trees_of((WIDTH, LEAF, 0.5, 0, 0))),
        OnlyOne(of=inputs((WIDTH,))),
        one_of(Table(position=WIDTH, keys=floats(), entries=floats(0, 1))),
        Sigmoid(of=sum_of(positions=integers(2**31 - 1))),
    ],
    ids=itertools.count(),
)
def test_an_input_beyond_the_features_is_refused(part):
    assert "more features" in refused(bytes_of(part))


# Fields of a part that do not fit each other.


@pytest.mark.parametrize(
    "changed",
    [
        {"weights": floats(1, 2)},
        {"weights": floats()},
        {"fills": floats()},
        {"positions": integers(0, 1)},
        {"positions": integers(-1)},
        {"tables": integers(-1)},
        {"tables": integers(0, 1)},
        {"defaults": floats()},
        {"missing": floats(0, 1)},
        {"ends": integers()},
        {"ends": integers(1)},
        {"ends": integers(3)},
        {"ends": integers(-1)},
        {"ends": integers(-(2**31))},
        {"keys": floats(1)},
        {"keys": floats(2, 1)},
        {"keys": floats(1, 1)},
        {"keys": floats(0.0, -0.0)},
        {"keys": floats(1, NAN)},
        {"entries": floats(1)},
        *({"weights": floats(value)} for value in (NAN, INFINITY, -INFINITY)),
        *({"fills": floats(value)} for value in (INFINITY, -INFINITY)),
        *({"defaults": floats(value)} for value in (NAN, INFINITY)),
        *({"missing": floats(value)} for value in (NAN, INFINITY)),
        *({"entries": floats(0, value)} for value in (NAN, INFINITY)),
        *({"keys": floats(0, value)} for value in (NAN, INFINITY)),
        {
            "tables": integers(0, 1),
            "defaults": floats(0, 0),
            "missing": floats(0, 0),
            "ends": integers(2, 1),
        },
    ],
    ids=itertools.count(),
)
def test_arrays_of_a_sum_that_do_not_fit_are_refused(changed):
    assert refused_part(sum_of, **changed)


def test_the_keys_of_each_table_rise_for_themselves():
    tables = sum_of(
        tables=integers(0, 1, 2),
        defaults=floats(0, 0, 0),
        missing=floats(0, 0, 0),
        ends=integers(2, 2, 4),
        keys=floats(5, 6, 1, 2),
        entries=floats(1, 2, 3, 4),
    )

    assert CompiledModel(bytes_of(tables), SIGNATURE)


@pytest.mark.parametrize(
    "fields",
    [
        {"positions": ()},
        {"positions": (-1,)},
        {"steps": "fill"},
        {"steps": "fill", "constants": (1, 2, 3)},
        {"steps": "fill", "constants": (1, NAN)},
        {"steps": "fill", "constants": (1, INFINITY)},
        {"steps": "eval", "constants": (1, 2)},
        {"constants": (1, 2)},
        {"steps": ",".join(["add"] * 21), "constants": (0,) * 42},
    ],
    ids=itertools.count(),
)
def test_steps_of_arithmetic_that_are_none_are_refused(fields):
    assert refused_part(inputs, **fields)


@pytest.mark.parametrize(
    "changed",
    [
        {"functions": integers(2)},
        {"functions": integers(3, 0)},
        {"functions": integers(2, 2)},
        {"functions": integers(2**31 - 1, 1)},
        {"ends": integers(1)},
        {"ends": integers(1, 0)},
        {"ends": integers(0, 2)},
        {"ends": integers(-1, 1)},
        {"borders": floats(NAN)},
        {"borders": floats(INFINITY)},
        {
            "borders": floats(1, 1),
            "ends": integers(2, 2),
            "origins": floats(0, 0, 0, 0),
        },
        {"origins": floats(0, 1)},
        {"origins": floats(0, NAN, 1)},
        {"degree": 2},
        {"degree": 0},
        {"degree": HIGHEST_DEGREE + 1},
        {"factors": floats(*range(9))},
        {"factors": floats(*range(9), INFINITY)},
        {"missing": floats(1, 2)},
        {"missing": floats(1, 2, INFINITY)},
        {"bounded": np.array([0, 2], np.uint8)},
        {"bounded": np.array([0], np.uint8)},
    ],
    ids=itertools.count(),
)
def test_pieces_that_do_not_fit_are_refused(changed):
    assert refused_part(pieces, **changed)


def test_pieces_rise_for_each_number_alone():
    two = pieces(
        ends=integers(1, 2),
        borders=floats(5, 1),
        origins=floats(0, 0, 0, 0),
        factors=floats(*range(12)),
    )
    falling = {
        "ends": integers(2, 2),
        "borders": floats(5, 1),
        "origins": floats(0, 0, 0, 0),
        "factors": floats(*range(14)),
    }

    assert two.values(MATRIX[:5]).shape == (5, 3)
    assert "rise" in refused_part(pieces, **falling)


def test_a_number_beyond_bounded_pieces_is_refused_in_bulk_and_alone():
    bounded = pieces(
        ends=integers(2, 2),
        borders=floats(0, 1),
        origins=floats(0, 0, 0, 0),
        factors=floats(*range(14)),
        bounded=np.array([1, 0], np.uint8),
    )
    model = CompiledModel(bytes_of(one_of(bounded)), SIGNATURE)

    for outside in (-1.0, 1.0, 7.0):
        columns = dict(zip("abc", np.array([[0.5, 0, 0], [outside, 0, 0]]).T))
        for score in (model.probabilities, model.row_probabilities):
            with pytest.raises(ScoringError, match="beyond those"):
                score(columns)


@pytest.mark.parametrize(
    "changed",
    [
        {"ends": integers()},
        {"ends": integers(0, 3, 2)},
        {"ends": integers(0, 1)},
        {"ends": integers(-1, 2)},
        {"factors": integers(0, 2)},
        {"factors": integers(0, -1)},
    ],
    ids=itertools.count(),
)
def test_products_of_what_is_not_there_are_refused(changed):
    good = {"of": inputs(), "factors": integers(0, 1), "ends": integers(0, 2)}

    assert Products(**good).width == 2
    assert refused_part(Products, **{**good, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"first": floats(1)},
        {"first": floats(1, NAN)},
        {"lowest": floats(-1)},
        {"highest": floats(1, NAN)},
        {"numbers": integers(0, 2)},
        {"numbers": integers(0, -1)},
        {"numbers": integers(0)},
        {"weights": floats(0, 1, 2)},
        {"weights": floats(0, 1, 2, INFINITY)},
        {"constants": floats(1)},
        {"constants": floats(1, NAN)},
    ],
    ids=itertools.count(),
)
def test_estimates_of_what_is_not_there_are_refused(changed):
    assert refused_part(rounds, **changed)


def test_what_reads_more_than_is_computed_is_refused():
    assert refused_part(Through, of=network(), then=sum_of())
    assert refused_part(Onward, of=network(), then=inputs((2,)))
    assert refused_part(Together, of=[])
    assert refused_part(Normalized, of=inputs(), norm="l3")


def test_trees_of_computed_numbers_have_graphs_of_their_own_width():
    few = Inputs(positions=integers(2, 1), steps="add", constants=floats(0.5, 0.0))
    forest = trees_of((1, LESS_OR_EQUAL, 0.5, 1, 2), -0.5, 0.75)
    model = CompiledModel(
        bytes_of(Through(of=few, then=sum_of(tables=integers(1), forest=forest))),
        SIGNATURE,
    )
    columns = dict(zip("abc", MATRIX.T))
    (trees,) = model.probability.trees()

    assert trees.computed_width == 2
    trees.graphs(trees.computed_width)
    many = {name: np.tile(column, 100) for name, column in columns.items()}
    np.testing.assert_allclose(
        model.probabilities(many)[: len(MATRIX)], model.row_probabilities(columns)
    )


@pytest.mark.parametrize(
    "keys, entries",
    [
        ((), ()),
        ((1,), (1, 2)),
        ((1, 2), (1, 2, 3, 4, 5)),
        ((2, 1), (1, 2, 3, 4)),
        ((1, 1), (1, 2, 3, 4)),
        ((1, NAN), (1, 2, 3, 4)),
        ((1, INFINITY), (1, 2, 3, 4)),
        ((1, 2), (1, 2, 3, INFINITY)),
    ],
)
def test_a_table_of_other_rows_than_keys_is_refused(keys, entries):
    given = {"keys": floats(*keys), "entries": floats(*entries)}

    assert refused_part(Table, position=0, **given)


@pytest.mark.parametrize("order", [(), (3,), (-1,), (0, 1, 2, 0), (2**31 - 1,)])
def test_an_order_of_other_numbers_is_refused(order):
    parts = [inputs(), inputs((2,))]

    assert refused_part(Joined, of=parts, order=integers(*order))
    assert refused_part(Joined, of=[], order=integers(*order))


@pytest.mark.parametrize(
    "weights, biases",
    [
        ((), ()),
        ((1, 2), ()),
        ((1,), (1,)),
        ((1, 2, 3), (1,)),
        ((1, 2, 3, 4), (1,)),
        ((1, NAN), (1,)),
        ((1, INFINITY), (1,)),
        ((1, 2), (NAN,)),
    ],
)
def test_a_layer_of_another_size_is_refused(weights, biases):
    given = {"weights": floats(*weights), "biases": floats(*biases)}

    assert refused_part(Dense, of=inputs(), activation="tanh", **given)


def test_several_numbers_are_not_only_one():
    assert "several" in refused_part(OnlyOne, of=inputs())


@pytest.mark.parametrize(
    "changed",
    [
        {"means": floats(0, 1, 2)},
        {"means": floats(0, 1, 2, NAN)},
        {"variances": floats(1, 1, 1)},
        {"variances": floats(1, 1, 1, 0)},
        {"variances": floats(1, 1, 1, -1)},
        {"variances": floats(1, 1, 1, INFINITY)},
        {"constants": floats(1)},
        {"constants": floats(1, -INFINITY)},
    ],
    ids=itertools.count(),
)
def test_distributions_that_are_none_are_refused(changed):
    given = {
        "of": inputs(),
        "means": floats(0, 1, 2, 3),
        "variances": floats(1, 1, 1, 1),
        "constants": floats(0, 0),
    }

    assert refused_part(Gaussian, **{**given, **changed})


@pytest.mark.parametrize(
    "x, y",
    [
        ((), ()),
        ((1, 2), (1,)),
        ((2, 1), (1, 2)),
        ((1, 1), (1, 2)),
        ((1, NAN), (1, 2)),
        ((1, 2), (1, INFINITY)),
        ((-INFINITY, 2), (1, 2)),
    ],
)
def test_points_that_are_no_function_are_refused(x, y):
    assert refused_part(Interpolated, of=sum_of(), x=floats(*x), y=floats(*y))


@pytest.mark.parametrize("epsilon", [0.0, -1.0, 1.0, 2.0])
def test_an_epsilon_that_a_logarithm_fails_on_is_refused(epsilon):
    assert refused_part(LogOdds, of=sum_of(), epsilon=epsilon)


@pytest.mark.parametrize("weights", [(), (1,), (1, 2, 3), (1, NAN), (INFINITY, 1)])
def test_weights_of_other_parts_are_refused(weights):
    assert refused_part(Mean, of=[sum_of()] * 2, weights=floats(*weights))


# Texts.


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"t": None},
        {"t": []},
        {"t": {}},
        {"t": VOCABULARY, "more": VOCABULARY},
        {"a": VOCABULARY},
        {"t": {**VOCABULARY, "more": 1}},
        *({"t": {**VOCABULARY, "codes": v}} for v in (None, [], "x", {"x": None})),
        *(
            {"t": {**VOCABULARY, "codes": {"x": v}}}
            for v in (-2, 1 << 31, 1 << 70, 1.0, True, "0", [])
        ),
        *({"t": {**VOCABULARY, "missing": v}} for v in (-2, None, 0.0, True, 1 << 31)),
        *({"t": {**VOCABULARY, "refuses_unknown": v}} for v in (0, 1, None, "")),
    ],
    ids=itertools.count(),
)
def test_codes_of_texts_that_are_none_are_refused(texts):
    header, arrays = header_and_arrays(bytes_of(sum_of(), {"t": VOCABULARY}))
    header["texts"] = texts

    assert "text" in refused(put_together(header, arrays), WITH_TEXT)
    assert CompiledModel(bytes_of(sum_of(), {"t": VOCABULARY}), WITH_TEXT)


# Trees.

TREE = {
    "roots": integers(0),
    "positions": integers(0, 1, 0, 0, 0),
    "modes": np.array([1, 2 + 8, 0, 0, 0], np.uint8),
    "constants": floats(0.5, 1.5, 0.1, 0.2, 0.3),
    "true": integers(1, 3, 0, 0, 0),
    "false": integers(2, 4, 0, 0, 0),
    "members": floats(),
    "ends": integers(),
}


@pytest.mark.parametrize(
    "changed",
    {
        "lengths": {"positions": integers(0, 1, 0, 0)},
        "no modes": {"modes": np.zeros(0, np.uint8)},
        "more constants": {"constants": floats(0.5, 1.5, 0.1, 0.2, 0.3, 0.4)},
        "an unknown mode": {"modes": np.array([5, 2, 0, 0, 0], np.uint8)},
        "all bits": {"modes": np.array([255, 2, 0, 0, 0], np.uint8)},
        "position": {"positions": integers(0, -1, 0, 0, 0)},
        "threshold": {"constants": floats(NAN, 1.5, 0.1, 0.2, 0.3)},
        "leaf NaN": {"constants": floats(0.5, 1.5, NAN, 0.2, 0.3)},
        "leaf infinite": {"constants": floats(0.5, 1.5, INFINITY, 0.2, 0.3)},
        "itself": {"true": integers(0, 3, 0, 0, 0)},
        "its parent": {"true": integers(1, 0, 0, 0, 0)},
        "cycle": {"true": integers(1, 1, 0, 0, 0)},
        "shared": {"false": integers(2, 3, 0, 0, 0)},
        "both sides": {"false": integers(1, 4, 0, 0, 0)},
        "beyond": {"true": integers(5, 3, 0, 0, 0)},
        "far beyond": {"true": integers(2**31 - 1, 3, 0, 0, 0)},
        "before": {"true": integers(-1, 3, 0, 0, 0)},
        "wrapped": {"true": integers(-(2**31), 3, 0, 0, 0)},
        "a leaf's child": {"true": integers(1, 3, 4, 0, 0)},
        "no root": {"roots": integers()},
        "root twice": {"roots": integers(0, 0)},
        "root within": {"roots": integers(0, 3)},
        "root beyond": {"roots": integers(5)},
        "root before": {"roots": integers(-1)},
        "root wrapped": {"roots": integers(-(2**31))},
        "another root": {"roots": integers(1)},
        "no end": {"members": floats(1)},
        "end beyond": {"ends": integers(1)},
        "end before": {"ends": integers(-1)},
        "ends fall": {"ends": integers(2, 1), "members": floats(1)},
        "set NaN": {"ends": integers(1), "members": floats(NAN)},
        "set infinite": {"ends": integers(1), "members": floats(INFINITY)},
        "no set": {"modes": np.array([1, 3, 0, 0, 0], np.uint8)},
        "half a set": {
            "modes": np.array([3, 2, 0, 0, 0], np.uint8),
            "ends": integers(0, 0),
        },
        "set beyond": {
            "modes": np.array([1, 4, 0, 0, 0], np.uint8),
            "constants": floats(0.5, 1.0, 0.1, 0.2, 0.3),
            "ends": integers(0),
        },
        "set before": {
            "modes": np.array([1, 3, 0, 0, 0], np.uint8),
            "constants": floats(0.5, -1.0, 0.1, 0.2, 0.3),
            "ends": integers(0),
        },
        "set infinitely far": {
            "modes": np.array([1, 3, 0, 0, 0], np.uint8),
            "constants": floats(0.5, INFINITY, 0.1, 0.2, 0.3),
            "ends": integers(0),
        },
    }.values(),
    ids=itertools.count(),
)
def test_nodes_that_form_no_trees_are_refused(changed):
    assert Trees(**TREE)

    assert refused_part(Trees, **{**TREE, **changed})
    header, arrays = header_and_arrays(bytes_of(sum_of(forest=Trees(**TREE))))
    for name, array in changed.items():
        number = header["probability"]["forest"][name]
        arrays[number] = array
        header["arrays"][number][1] = len(array)
    refused(put_together(header, arrays))


def chain(depth):
    """Return a tree of so many comparisons, each below the one before."""
    nodes = []
    for i in range(depth):
        nodes += [(0, LESS_OR_EQUAL, -1.0, 2 * i + 1, 2 * i + 2), 0.25]
    return trees_of(*nodes, 0.75)


@pytest.mark.parametrize("depth", [1, DEEPEST])
def test_a_tree_may_be_as_deep_as_the_loader_lets_it_be(depth):
    trees = chain(depth)

    assert trees.depth == depth
    assert in_every_way(trees, np.zeros((1, WIDTH))) == {(0.75,)}


@pytest.mark.parametrize("depth", [DEEPEST + 1, 1_000, 100_000])
def test_a_deeper_tree_is_refused(depth):
    assert "deeper" in refused_part(chain, depth=depth)


def test_a_tree_may_be_a_lone_leaf():
    for trees in (
        trees_of(0.5),
        trees_of(0.25, 0.25, roots=(0, 1)),
        trees_of((0, LESS_OR_EQUAL, -9.0, 2, 1), 0.25, 0.0, 0.25, roots=(3, 0)),
    ):
        assert in_every_way(trees, np.zeros((2, WIDTH))) == {(0.5, 0.5)}


def in_every_way(trees, matrix):
    """Return the distinct results of all ways to go down trees, which is one."""
    found = {tuple(trees.walk(matrix).tolist())}
    if trees.has_graphs:
        graphs = trees.graphs(matrix.shape[1])
        found.add(tuple(sum(graph.values(matrix) for graph in graphs).tolist()))
        rows = [sum(g.sum_of_row(*row) for g in graphs) for row in matrix.tolist()]
        found.add(tuple(rows))
    score = row_function(sum_alone(trees), matrix.shape[1])
    found.add(tuple(score(*row) for row in matrix.tolist()))
    found.add(tuple(trees.sum_of_row(*row) for row in matrix.tolist()))
    return found


def sum_alone(trees):
    """Return the sum of nothing but trees."""
    empty, none = floats(), integers()
    return Sum(
        constant=0.0,
        **{
            name: {"f": empty, "i": none}[kind]
            for name, kind in Sum.FIELDS.items()
            if kind in ("f", "i")
        },
        forest=trees,
    )


HARD = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.0, 3.0, 5e-324, -5e-324, 2.2e-308, 1e308),
    *(INFINITY, -INFINITY, 2.0**31, 2.0**32, np.nextafter(1.0, 2.0), -1e30, 1e-45),
]
# A sum of these is exact, in whatever order they are added.
LEAVES = [i / 64 for i in range(-64, 65)]


@st.composite
def trees_of_any_kind(draw, with_sets=True):
    """Draw valid trees: any modes, missing directions and thresholds."""
    sets = draw(
        st.lists(st.lists(st.sampled_from(HARD[:12]), max_size=4), max_size=3)
        if with_sets
        else st.just([])
    )
    modes = [LESS_OR_EQUAL, EQUAL] + [MEMBER, WHOLE_MEMBER] * bool(sets)
    nodes, roots = [], []

    def place(depth):
        number = len(nodes)
        nodes.append(None)
        if depth == 0 or draw(st.integers(0, 3)) == 0:
            nodes[number] = draw(st.sampled_from(LEAVES))
            return number
        mode = draw(st.sampled_from(modes))
        constant = draw(
            st.integers(0, len(sets) - 1) if mode >= MEMBER else st.sampled_from(HARD)
        )
        mode += MISSING_IS_TRUE * draw(st.booleans())
        position = draw(st.integers(0, WIDTH - 1))
        true, false = place(depth - 1), place(depth - 1)
        if draw(st.booleans()):
            true, false = false, true
        nodes[number] = (position, mode, constant, true, false)
        return number

    for _ in range(draw(st.integers(1, 4))):
        roots.append(place(draw(st.integers(0, 5))))
    return trees_of(*nodes, roots=draw(st.permutations(roots)), sets=sets)


VALUES = st.sampled_from([*HARD, NAN]) | st.floats(allow_nan=True, allow_infinity=True)
MATRICES = st.lists(st.lists(VALUES, min_size=WIDTH, max_size=WIDTH), min_size=1)


@given(trees_of_any_kind(), MATRICES)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_any_trees_give_the_same_as_arrays_as_a_graph_and_as_python(trees, rows):
    assert len(in_every_way(trees, np.array(rows))) == 1


@given(trees_of_any_kind(with_sets=False), MATRICES)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_any_trees_without_sets_give_the_same_as_a_graph(trees, rows):
    assert trees.has_graphs
    assert len(in_every_way(trees, np.array(rows))) == 1


@given(trees_of_any_kind(with_sets=False), st.integers(0, 3), st.integers(1, 4))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_some_of_the_trees_are_trees_of_their_own(trees, first, count):
    matrix = MATRIX[::7]
    first = min(first, len(trees.roots) - 1)
    last = min(first + count, len(trees.roots))
    parts = [(0, first), (first, last), (last, len(trees.roots))]

    total = sum(trees.part(*part).walk(matrix) for part in parts)

    assert total.tolist() == trees.walk(matrix).tolist()


def stumps(count):
    """Return so many trees of one comparison."""
    return Trees(
        roots=np.arange(0, 3 * count, 3, dtype=np.int32),
        positions=np.zeros(3 * count, np.int32),
        modes=np.tile(np.array([1, 0, 0], np.uint8), count),
        constants=np.tile([0.5, 0.25, 0.75], count),
        true=(np.arange(3 * count) % 3 == 0) * np.arange(1, 3 * count + 1, dtype="i4"),
        false=(np.arange(3 * count) % 3 == 0) * np.arange(2, 3 * count + 2, dtype="i4"),
        members=floats(),
        ends=integers(),
    )


class Cancelled(Exception):
    """What a pause raises."""


def bushy(comparisons, seed=0):
    """Return a tree of so many comparisons, as even as it can be."""
    count = 2 * comparisons + 1
    inner = np.arange(count) < comparisons
    nodes = np.arange(count)
    rng = np.random.default_rng(seed)
    return Trees(
        roots=integers(0),
        positions=np.where(inner, rng.integers(0, WIDTH, count), 0).astype(np.int32),
        modes=np.where(inner, LESS_OR_EQUAL, LEAF).astype(np.uint8),
        constants=rng.normal(size=count),
        true=np.where(inner, 2 * nodes + 1, 0).astype(np.int32),
        false=np.where(inner, 2 * nodes + 2, 0).astype(np.int32),
        members=floats(),
        ends=integers(),
    )


def lopsided(trees, depth):
    """Return a tree that has another one below a path of so many comparisons."""
    count = 2 * depth
    shifted = np.where(trees.is_leaf, 0, 1)
    path = np.arange(count) % 2 == 0
    return Trees(
        roots=integers(0),
        positions=np.concatenate([np.zeros(count, "i4"), trees.positions]),
        modes=np.concatenate([np.where(path, 1, 0).astype(np.uint8), trees.modes]),
        constants=np.concatenate([np.arange(count) * 0.01, trees.constants]),
        true=np.concatenate(
            [np.where(path, np.arange(1, count + 1), 0), trees.true + shifted * count]
        ).astype(np.int32),
        false=np.concatenate(
            [np.where(path, np.arange(2, count + 2), 0), trees.false + shifted * count]
        ).astype(np.int32),
        members=floats(),
        ends=integers(),
    )


def weighted(count):
    """Return a sum of so many weighted inputs."""
    return sum_of(
        positions=np.arange(count, dtype=np.int32) % WIDTH,
        weights=np.random.default_rng(1).normal(size=count) / count,
        fills=np.where(np.arange(count) % 2, 0.5, NAN),
    )


LARGE = {
    "many small trees": lambda: sum_alone(stumps(20_000)),
    "one tree": lambda: sum_alone(bushy(24_000)),
    "one tree below a path": lambda: sum_alone(lopsided(bushy(20_000), 40)),
    "one tree of the size of a part": lambda: sum_alone(bushy(MOST_PART_NODES)),
    "one tree larger by one": lambda: sum_alone(bushy(MOST_PART_NODES + 1)),
    "many weights": lambda: weighted(24_000),
    "many sums": lambda: Mean(
        of=[sum_alone(bushy(3_000, seed)) for seed in range(8)],
        weights=np.full(8, 0.125),
    ),
    "sums of weights and trees": lambda: Mean(
        of=[weighted(5_000), sum_alone(bushy(5_000)), weighted(3_000)],
        weights=floats(0.25, 0.5, 0.25),
    ),
}


@pytest.mark.parametrize("part", LARGE)
def test_a_large_model_is_read_as_python_in_parts_and_scores_the_same(part):
    made = LARGE[part]()
    paused = []
    source = Source(WIDTH, pause=lambda: paused.append(len(source.lines)))
    source.line(f"return {made.write(source)}")
    score = source.function(f"def score({source.inputs()}):")
    rows = np.random.default_rng(2).normal(size=(200, WIDTH))
    rows[::7, 1] = NAN

    found = [score(*row) for row in rows.tolist()]

    assert found == pytest.approx(made.values(rows), rel=1e-9, abs=1e-12, nan_ok=True)
    assert source.line_nodes <= MOST_PART_NODES
    # Before and after each part, and the whole.
    assert len(paused) // 2 >= source.nodes // MOST_PART_NODES


def test_a_small_model_is_one_function():
    paused = []
    source = Source(WIDTH, pause=lambda: paused.append(None))
    source.line(f"return {sum_alone(stumps(MOST_PART_NODES // 2)).write(source)}")
    source.function(f"def score({source.inputs()}):")

    assert len(paused) == 2


def test_a_function_of_very_many_points_is_not_written_out():
    points = np.arange(MOST_ENTRIES + 1, dtype=float)

    with pytest.raises(NoSource):
        row_function(Interpolated(of=sum_of(), x=points, y=points), WIDTH)


class CountedCancel:
    """Raises after so many calls."""

    def __init__(self, after):
        self.after = after

    def __call__(self):
        self.after -= 1
        if self.after < 0:
            raise Cancelled


@pytest.mark.parametrize("after", [0, 1, 3, 10])
def test_a_cancel_ends_the_reading_of_a_form(after):
    mean = Mean(of=[sum_of() for _ in range(20)], weights=np.full(20, 0.05))

    with pytest.raises(Cancelled):
        CompiledModel(bytes_of(mean), SIGNATURE, CountedCancel(after))


def test_many_trees_are_graphs_of_some_each():
    count = 3 * TREES_PER_GRAPH + 1
    trees = stumps(count)
    matrix = np.array([[0.0] * WIDTH, [1.0] * WIDTH, [NAN] * WIDTH] * 20)

    assert [last - first for first, last in trees.pieces()] == [
        *[TREES_PER_GRAPH] * 3,
        1,
    ]
    expected = [0.25 * count, 0.75 * count, 0.75 * count] * 20
    assert trees.values(matrix).tolist() == expected
    assert len(trees.graphs(WIDTH)) == trees.graph_count() == 4
    assert in_every_way(trees, matrix[:3]) == {tuple(expected[:3])}


def test_trees_that_are_too_many_for_graphs_are_gone_down_as_arrays():
    trees = stumps(MOST_GRAPHS * TREES_PER_GRAPH + 1)

    assert not trees.has_graphs
    assert trees.values(np.zeros((1, WIDTH))) == 0.25 * len(trees.roots)


def test_a_model_has_no_more_graphs_than_may_be_made():
    forests = [sum_alone(stumps(3_000 + i)) for i in range(MOST_GRAPHS)]
    mean = Mean(of=forests, weights=np.full(MOST_GRAPHS, 1e-9))
    model = CompiledModel(bytes_of(mean), SIGNATURE)

    graphs = [t.graph_count() for t in model.probability.trees() if t.has_graphs]

    assert sum(graphs) == MOST_GRAPHS


def test_large_graphs_are_made_step_by_step_and_once():
    made = []

    def pause():
        (trees,) = model.probability.trees()
        if len(trees._graphs) == 1 and not made:
            made.append(trees._graphs[0])
            raise Cancelled

    content = bytes_of(sum_alone(stumps(5_000)))
    model = CompiledModel(content, SIGNATURE)
    (trees,) = model.probability.trees()
    trees.pause = pause

    with pytest.raises(Cancelled):
        model.prepare()
    assert trees._graphs == made
    model.prepare()

    assert trees._graphs[0] is made[0]
    assert len(trees._graphs) == 3
    assert trees.graphs(WIDTH) is trees._graphs


# What takes too long or too much, however well it is formed.


def test_a_row_that_takes_too_long_is_refused():
    assert "too long" in refused(bytes_of(sum_alone(stumps(700_000))))


def test_a_row_that_takes_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(compiled_module, "MOST_OPERATIONS", math.inf)
    wide = Dense(
        of=inputs((0,)),
        weights=np.zeros(1_500_000),
        biases=np.zeros(1_500_000),
        activation="relu",
    )

    both = Quadratic(first=wide, second=wide, constant=0.0)
    assert "memory" in refused(bytes_of(both))


def test_the_rows_of_a_call_are_fewer_the_more_each_takes():
    rows = [
        CompiledModel(bytes_of(sum_alone(stumps(count))), SIGNATURE).most_rows
        for count in (1, 1_000, 100_000)
    ]

    assert rows[0] == 10_000
    assert rows[0] > rows[1] > rows[2] >= 1


def test_a_large_table_is_not_written_out_as_python():
    count = MOST_ENTRIES + 1
    keys = np.arange(float(count))
    large = sum_of(ends=integers(count), keys=keys, entries=keys / count)
    model = CompiledModel(bytes_of(large), SIGNATURE)

    assert model.row_function() == model.probability.value
    assert model.row_function()(0.0, 1.0, 0.0) == pytest.approx(0.25 + 1 / count - 0.5)


def test_of_a_mean_only_the_parts_that_are_too_large_are_called():
    keys = np.arange(MOST_ENTRIES + 1.0)
    large = sum_of(ends=integers(len(keys)), keys=keys, entries=keys / len(keys))
    parts = [large, sum_of(), Sigmoid(of=large), Sigmoid(of=sum_of())]
    mean = Mean(of=parts, weights=floats(0.4, 0.3, 0.2, 0.1))
    source = Source(3)

    source.line(f"return {mean.write(source)}")

    score = source.function("def score(x0, x1, x2):")
    called = [one for one in source.names.values() if callable(one)]
    assert parts[0].value in called and parts[2].value in called
    # What was begun of those is not there any more.
    constants = [name for name in source.names if name[0] == "c" and name[1:].isdigit()]
    assert all(name in "".join(source.lines) for name in constants)
    for row in ((0.0, 1.0, 0.0), (-3.0, 0.5, 2.0), (1e9, -1.0, float("nan"))):
        expected = mean.values(np.array([row]))[0]
        assert score(*row) == pytest.approx(expected, rel=0, abs=1e-15, nan_ok=True)


def test_of_parts_side_by_side_only_those_that_are_too_large_are_called():
    keys = np.arange(MOST_ENTRIES + 1.0)
    large = sum_of(ends=integers(len(keys)), keys=keys, entries=keys / len(keys))
    together = Together(of=[large, Sigmoid(of=sum_of())])
    # One that is called is called once, however often its number is read.
    part = one_of(Normalized(of=together, norm="l2"))
    source = Source(3)

    source.line(f"return {part.write(source)}")

    score = source.function("def score(x0, x1, x2):")
    (name,) = (name for name, one in source.names.items() if one == large.value)
    assert "".join(source.lines).count(f"{name}(") == 1
    for row in ((0.0, 1.0, 0.0), (-3.0, 0.5, 2.0), (1e9, -1.0, float("nan"))):
        expected = part.values(np.array([row]))[0]
        assert score(*row) == pytest.approx(expected, rel=1e-15, nan_ok=True)


def test_a_mean_of_parts_that_are_all_too_large_is_called_as_one():
    keys = np.arange(MOST_ENTRIES + 1.0)
    large = sum_of(ends=integers(len(keys)), keys=keys, entries=keys / len(keys))

    with pytest.raises(NoSource):
        Mean(of=[large, large], weights=floats(0.5, 0.5)).write(Source(3))


def test_sets_of_too_many_members_are_refused():
    many = {
        **TREE,
        "members": np.zeros(MOST_MEMBERS + 1),
        "ends": integers(MOST_MEMBERS + 1),
    }

    assert "too many" in refused_part(Trees, **many)


def test_a_large_set_that_many_nodes_name_is_made_once():
    members = np.arange(100_000.0)
    nodes = []
    for i in range(10_000):
        nodes += [(0, MEMBER, 0.0, 3 * i + 1, 3 * i + 2), 0.25, 0.5]
    trees = trees_of(*nodes, roots=range(0, 30_000, 3), sets=[members])
    started = time.perf_counter()

    score = row_function(sum_alone(trees), WIDTH)

    assert score(5.0, 0, 0) == 2_500
    assert score(-5.0, 0, 0) == 5_000
    assert time.perf_counter() - started < 5


def test_as_many_numbers_as_a_table_may_have_columns_are_written_out():
    features = tuple(Feature(f"f{i}", "number", True) for i in range(1_600))
    signature = Signature(features, (0, 1), 1, False)
    empty = floats()
    part = Sigmoid(
        of=sum_of(
            positions=np.arange(1_600, dtype=np.int32),
            weights=np.full(1_600, 0.5),
            fills=np.full(1_600, NAN),
            tables=integers(),
            defaults=empty,
            missing=empty,
            ends=integers(),
            keys=empty,
            entries=empty,
        )
    )
    model = CompiledModel(bytes_of(part), signature)
    score = model.row_scorer([(f, i) for i, f in enumerate(features)])

    assert score([0.001] * 1_600, ()) == pytest.approx(
        model.probabilities({f.name: floats(0.001) for f in features})[0]
    )


def test_nothing_but_names_of_ours_and_numbers_gets_into_a_source(monkeypatch):
    seen = []
    real = form_parts.Sum.write
    monkeypatch.setattr(
        form_parts.Sum,
        "write",
        lambda self, source: seen.append(source) or real(self, source),
    )
    for part in EVERY_KIND.values():
        CompiledModel(bytes_of(part), SIGNATURE).row_function()
    allowed = set("0123456789.+-*/ =!<>()_,\n") | set("vcxinfnaelogpxreturnifelsein")

    assert seen
    for source in seen:
        assert set("".join(source.lines)) <= allowed


def test_a_text_in_two_tables_adds_what_both_say():
    twice = sum_of(
        tables=integers(1, 1),
        defaults=floats(0.0, 0.0),
        missing=floats(0.0, 0.0),
        ends=integers(1, 2),
        keys=floats(1.0, 1.0),
        entries=floats(0.25, 0.5),
        forest=no_trees(),
    )

    assert row_function(twice, 2)(0.0, 1.0) == 1.0
    assert twice.values(np.array([[0.0, 1.0]])).tolist() == [1.0]

"""Row programs: what they compute, and that only numbers get into the source."""

import copy
import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.row_program import (
    DEEPEST,
    MOST_NODES,
    RowSource,
    number,
    row_function,
)

PROGRAM = {
    "width": 3,
    "nodes": 3,
    "constant": 0.25,
    "weights": [[0, 0.5, None], [2, -1, 0.125]],
    "trees": [
        [0, 0, 1.5, True, 0.0, [1, 4, 2.0, False, 0.5, 1]],
        [2, 0, math.inf, False, 0.25, 0.75],
    ],
    "link": "share",
    "complement": False,
}
NAN = float("nan")


def changed(*path, to):
    """Return the program with the value at a path changed."""
    program = copy.deepcopy(PROGRAM)
    place = program
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return program


def test_a_program_is_computed_as_it_says():
    score = row_function(PROGRAM)

    assert score(1.0, 2.0, 0.5) == 0.25 + 0.5 - 0.5 + 0.0 + 0.25
    assert score(2.0, 2.0, 2.0) == 0.25 + 1.0 - 2.0 + 0.5 + 0.25
    assert score(2.0, 9.0, NAN) == 1.0
    assert row_function(changed("complement", to=True))(1.0, 2.0, 0.5) == 0.5


def chain(depth):
    """Return a tree of so many comparisons, each below the one before."""
    tree = 1.0
    for _ in range(depth):
        tree = [0, 0, 0.5, False, 0.0, tree]
    return tree


def test_a_tree_may_be_as_deep_as_the_compiler_writes():
    program = {**PROGRAM, "trees": [chain(DEEPEST)], "nodes": DEEPEST, "weights": []}

    assert row_function(program)(1.0, 0.0, 0.0) == 1.0


@pytest.mark.parametrize("depth", [DEEPEST + 1, 200, 5_000])
def test_a_deeper_one_is_refused(depth):
    assert_refused({**PROGRAM, "trees": [chain(depth)], "nodes": depth})


def test_a_program_may_be_as_large_as_the_compiler_writes():
    trees = [chain(50)] * (MOST_NODES // 50)
    program = {**PROGRAM, "trees": trees, "nodes": MOST_NODES}

    assert row_function(program)(0.0, 0.0, 0.0)
    assert_refused({**program, "trees": [*trees, chain(1)], "nodes": MOST_NODES})
    assert_refused({**program, "trees": [*trees, chain(1)], "nodes": MOST_NODES + 1})


NO_NUMBERS = [
    None,
    True,
    "1.0",
    "__import__('os')",
    [],
    {},
    [1.0],
    10**400,
    -(10**20),
    1j,
]
NO_POSITIONS = [-1, 3, 1.0, 2**63, True, None, "0", "0: 0", NAN, [0]]
OUT_OF_PLACE = [
    *(changed("constant", to=value) for value in NO_NUMBERS),
    *(changed("weights", 0, 1, to=value) for value in NO_NUMBERS),
    *(changed("weights", 0, 2, to=value) for value in NO_NUMBERS[1:]),
    *(changed("trees", 0, 2, to=value) for value in NO_NUMBERS),
    *(changed("trees", 0, 4, to=value) for value in NO_NUMBERS),
    *(changed("trees", 0, 5, 5, to=value) for value in NO_NUMBERS),
    *(changed("trees", 1, to=value) for value in NO_NUMBERS),
    *(changed("weights", 0, 0, to=value) for value in NO_POSITIONS),
    *(changed("trees", 0, 0, to=value) for value in NO_POSITIONS),
    *(changed("trees", 0, 1, to=v) for v in (1, 5, -4, 4.0, False, "4", None, [])),
    *(changed("trees", 0, 3, to=value) for value in (0, 1, None, "True", 1.0, [])),
    *(changed("trees", 0, to=[0, 0, 1.5, True, *rest]) for rest in ([], [0], [0] * 3)),
    *(changed("trees", to=value) for value in (None, {}, 5, "[]", [0.5] * 4)),
    *(changed("weights", to=value) for value in (None, {}, [5], [[0, 1]], [[0] * 4])),
    changed("weights", to=[[0, 1.0, None]] * 4),
    *(changed("width", to=v) for v in (0, -1, True, 3.0, "3", None, 10**9, [3])),
    *(changed("nodes", to=v) for v in (0, 2, 4, -1, True, 3.0, "3", None, 10**9)),
    *(changed("link", to=v) for v in ("", "logit", None, 0, ["share"], {"a": 1})),
    *(changed("complement", to=v) for v in (0, 1, None, "False", [])),
    *({k: v for k, v in PROGRAM.items() if k != left_out} for left_out in PROGRAM),
    {**PROGRAM, "more": 1},
    *(None, [], "program", 5, True, {}),
]


def assert_refused(program):
    with pytest.raises(ScoringError) as raised:
        row_function(program)
    assert raised.value.sqlstate == "55000"
    assert raised.value.detail
    assert raised.value.hint


@pytest.mark.parametrize("program", OUT_OF_PLACE, ids=itertools.count())
def test_what_no_compiler_of_ours_writes_is_refused(program):
    assert_refused(program)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["x0", "exit()", "0) or exit("]),
    lambda inner: (
        st.lists(inner, max_size=7)
        | st.dictionaries(st.sampled_from([*PROGRAM, "x"]), inner, max_size=7)
    ),
    max_leaves=20,
)
ALPHABET = set("0123456789.+-e infa()x<>=!orelse*")


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_whatever_stands_for_a_tree_only_comparisons_of_numbers_come_out(value):
    source = RowSource(3)
    try:
        written = source.conditional(value, 0)
    except ScoringError:
        return
    assert set(written) <= ALPHABET


@given(st.lists(st.integers(0, 200), max_size=3), VALUES)
@settings(max_examples=300, deadline=None)
def test_whatever_is_changed_in_a_program_it_is_refused_or_scores(path, value):
    program = copy.deepcopy(PROGRAM)
    place, key = program, None
    for step in path or [0]:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = list(keys)[step % len(keys)]
        if not isinstance(place[key], (dict, list)) or not place[key]:
            break
        parent, place = place, place[key]
    else:
        place = parent if path else place
    place[key] = value

    try:
        score = row_function(json.loads(json.dumps(program)))
    except ScoringError:
        return
    assert isinstance(score(*[0.5] * program["width"]), float)


@pytest.mark.parametrize("value", [0.1, -0.0, 5e-324, 1.7e308, math.inf, -math.inf, 3])
def test_a_number_reads_back_as_it_was(value):
    read = eval(number(value), {"inf": math.inf})

    assert type(read) is float
    assert math.copysign(1, read) == math.copysign(1, value)
    assert read == value

"""Files of boosters that attack whoever reads them: refused at once."""

import json

import pytest
from pgchurn.loader.boosters.files import read_booster
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.files import read_model_file

from tests.confined import a_second, confined
from tests.legitimate.boosters import content_of

MEGABYTE = 1 << 20


def repeated(file, path, count):
    """Return a file in JSON with the first tree so many times."""
    model = json.loads(content_of(file))
    inner = model
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = inner[path[-1]][:1] * count
    return json.dumps(model).encode()


def line_of_lightgbm(name, value):
    """Return a file in text with the first line of a name replaced."""
    lines = content_of("lightgbm.txt").decode().split("\n")
    place = next(i for i, line in enumerate(lines) if line.startswith(name))
    lines[place] = name + value
    return "\n".join(lines).encode()


def ubjson(text):
    """Return bytes in UBJSON with a value in a model's place."""
    return b"{i\x07learner" + text + b"}"


def long_length(number):
    """Return a length in UBJSON."""
    return b"L" + number.to_bytes(8, "big", signed=True)


def deep_trees():
    """Return symmetric trees of 16 levels, of more nodes than are read."""
    model = json.loads(content_of("catboost.json"))
    tree = model["oblivious_trees"][0]
    tree["splits"] = tree["splits"][:1] * 16
    tree["leaf_values"] = [0.5] * (1 << 16)
    model["oblivious_trees"] = [tree] * 29
    return json.dumps(model).encode()


TREES = ("learner", "gradient_booster", "model", "trees")


def corrupt_at_the_end():
    """Return a file of as many trees as are read, the last of which leads outside."""
    content = repeated("xgboost.json", TREES, 4_000)
    model = json.loads(content)
    held = model["learner"]["gradient_booster"]["model"]
    held["tree_info"] = [0] * 4_000
    held["gbtree_model_param"]["num_trees"] = "4000"
    held["trees"][-1] = {**held["trees"][-1], "left_children": [0] * 15}
    return json.dumps(model).encode()


FILES = {
    "4,000 trees and a corrupt one": corrupt_at_the_end,
    "JSON nested a million deep": lambda: b'{"learner":' + b"[" * MEGABYTE,
    "JSON nested in objects": lambda: b'{"a":' * 100_000,
    "31 MB of empty arrays": lambda: (
        b'{"learner":[' + b"[]," * (10 * MEGABYTE) + b"1]}"
    ),
    "31 MB of empty objects": lambda: b'{"a":[' + b"{}," * (10 * MEGABYTE) + b"1]}",
    "31 MB of members": lambda: (
        b"{" + b",".join(b'"%d":1' % i for i in range(2 * MEGABYTE)) + b"}"
    ),
    "two million members": lambda: (
        b"{" + b",".join(b'"%d":1' % i for i in range(1_900_000)) + b"}"
    ),
    "490,000 members": lambda: (
        b"{" + b",".join(b'"%d":1' % i for i in range(490_000)) + b"}"
    ),
    "two million numbers": lambda: (
        b'{"learner":[' + b",".join([b"1.5"] * 1_900_000) + b"]}"
    ),
    "a number of 30 million digits": lambda: (
        b'{"learner":' + b"1" * (30 * MEGABYTE) + b"}"
    ),
    "a fraction of 30 million digits": lambda: (
        b'{"learner":0.' + b"1" * (30 * MEGABYTE) + b"}"
    ),
    "a text of 30 MB": lambda: b'{"learner":"' + b"\\u0041" * (5 * MEGABYTE) + b'"}',
    "JSON of 100 MB": lambda: b'{"learner":"' + b"a" * (100 * MEGABYTE) + b'"}',
    "a billion trees": lambda: repeated("xgboost.json", TREES, 1).replace(
        b'"num_trees": "6"', b'"num_trees": "1000000000"'
    ),
    "6,000 trees of XGBoost": lambda: repeated("xgboost.json", TREES, 6_000),
    "6,000 trees of CatBoost": lambda: repeated(
        "catboost.json", ("oblivious_trees",), 6_000
    ),
    "deep trees of CatBoost": deep_trees,
    "UBJSON: a text of exabytes": lambda: ubjson(b"S" + long_length(2**62)),
    "UBJSON: gigabytes of numbers": lambda: ubjson(b"[$D#" + long_length(2**31)),
    "UBJSON: 2**60 numbers": lambda: ubjson(b"[$d#" + long_length(2**60)),
    "UBJSON: gigabytes of values": lambda: ubjson(b"[#" + long_length(2**40) + b"Z"),
    "UBJSON: an array of nulls by their type": lambda: ubjson(
        b"[$Z#" + long_length(2**40)
    ),
    "UBJSON: a length below 0": lambda: ubjson(b"S" + long_length(-5)),
    "UBJSON: 30 million values": lambda: ubjson(b"[" + b"Z" * (30 * MEGABYTE) + b"]"),
    "UBJSON nested a million deep": lambda: ubjson(b"[" * MEGABYTE),
    "UBJSON: objects a million deep": lambda: b"{i\x01a" * MEGABYTE,
    "UBJSON of 100 MB": lambda: (
        ubjson(b"[$U#" + long_length(100 << 20)) + bytes(100 << 20)
    ),
    "a line of 100 MB": lambda: line_of_lightgbm("threshold=", "1 " * (50 * MEGABYTE)),
    "a line of 38 MB": lambda: line_of_lightgbm("threshold=", "1 " * (19 * MEGABYTE)),
    "a line of 38 MB that is one number": lambda: line_of_lightgbm(
        "leaf_value=", "1" * (38 * MEGABYTE)
    ),
    "30 MB of lines": lambda: line_of_lightgbm("tree_sizes=", "\n" * (30 * MEGABYTE)),
    "300,000 lines": lambda: line_of_lightgbm(
        "tree_sizes=", "\n".join(f"a{i}=" for i in range(300_000))
    ),
    "30 MB of trees": lambda: line_of_lightgbm(
        "tree_sizes=", "\nTree=0" * (4 * MEGABYTE)
    ),
    "36 MB of categories": lambda: line_of_lightgbm(
        "pandas_categorical:", "[" + "[]," * (12 * MEGABYTE) + "[]]"
    ),
    "3 MB of categories nested": lambda: line_of_lightgbm(
        "pandas_categorical:", "[" * (3 * MEGABYTE)
    ),
    "features that are words": lambda: line_of_lightgbm(
        "feature_names=", "a " * (19 * MEGABYTE)
    ),
}


def refusal(content):
    """Read as the client does; return what the refusal says."""
    try:
        read_booster(content, "churn.model")
    except LoaderError as error:
        return str(error)
    return None


@pytest.mark.parametrize("attack", FILES)
def test_a_file_that_attacks_is_refused_at_once_and_clearly(attack):
    content = FILES[attack]()

    outcome = confined(refusal, content)

    assert outcome.kind == "returned", outcome
    assert outcome.did == []
    assert outcome.said.startswith("churn.model: ")
    assert len(outcome.said) < 400
    assert outcome.seconds < a_second()


def test_a_file_that_is_too_large_for_any_model_is_not_read(tmp_path):
    file = tmp_path / "churn.model"
    with open(file, "wb") as sparse:
        sparse.truncate(300 * MEGABYTE)

    with pytest.raises(LoaderError, match="bytes, and 268,435,456 are allowed"):
        read_model_file(file)

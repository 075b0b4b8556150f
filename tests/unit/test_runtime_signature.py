import json

import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.signature import Feature, Signature

DOCUMENT = {
    "features": [
        {"name": "age", "kind": "number", "accepts_null": True},
        {"name": "plan", "kind": "text", "accepts_null": False},
    ],
    "classes": ["stays", "leaves"],
    "positive_class": 1,
    "named_columns": True,
}


def test_a_signature_survives_json():
    signature = Signature.from_json(json.dumps(DOCUMENT))

    assert signature.to_json() == DOCUMENT
    assert Signature.from_json(signature.to_json()) == signature


def test_features_keep_their_order():
    signature = Signature.from_json(DOCUMENT)

    assert signature.features == (
        Feature("age", "number", True),
        Feature("plan", "text", False),
    )


@pytest.mark.parametrize("key", DOCUMENT)
def test_a_missing_part_is_named(key):
    document = {name: value for name, value in DOCUMENT.items() if name != key}

    with pytest.raises(ScoringError, match=key) as raised:
        Signature.from_json(document)

    assert raised.value.sqlstate == "22023"


@pytest.mark.parametrize("key", ["name", "kind", "accepts_null"])
def test_a_missing_part_of_a_feature_is_named(key):
    feature = {k: v for k, v in DOCUMENT["features"][0].items() if k != key}

    with pytest.raises(ScoringError, match=key):
        Signature.from_json({**DOCUMENT, "features": [feature]})


@pytest.mark.parametrize(
    "document", ["null", "[]", "1", '"text"', None, [], 1], ids=repr
)
def test_a_signature_is_an_object(document):
    with pytest.raises(ScoringError, match="malformed"):
        Signature.from_json(document)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"features": []}, "distinct names"),
        ({"features": DOCUMENT["features"] * 2}, "distinct names"),
        ({"classes": [0]}, "binary"),
        ({"classes": [0, 1, 2]}, "binary"),
        ({"positive_class": 2}, "binary"),
        ({"positive_class": -1}, "binary"),
        ({"positive_class": "second"}, "malformed"),
        (
            {"features": [{"name": "a", "kind": "date", "accepts_null": True}]},
            "unknown kind",
        ),
    ],
)
def test_what_cannot_describe_a_binary_classifier_is_refused(change, message):
    with pytest.raises(ScoringError, match=message):
        Signature.from_json({**DOCUMENT, **change})

"""What the strict loader lets in, and what it keeps out."""

import importlib
import pickle
import pickletools

import numpy as np
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from pgchurn.plpython.runtime.permitted import PERMITTED
from pgchurn.plpython.runtime.pickle_values import SPLINE_ARRAYS, SPLINE_PART
from pgchurn.plpython.runtime.unread import UNREAD

from tests.confined import a_second, confined
from tests.corpus import ATTACKS, CALLS, DOTTED, IMPORTED_LATE
from tests.corpus.calls import assembled
from tests.legitimate import PIPELINES, fitted, rows_for

FIRING = {**CALLS, **dict(list(DOTTED.items())[:3])}

every_pipeline = pytest.mark.parametrize("name", PIPELINES)


@pytest.fixture(scope="module", autouse=True)
def libraries():
    """Import all that pipelines and refusals need, so that an import is suspicious."""
    for module in IMPORTED_LATE:
        importlib.import_module(module)
    for name in PIPELINES:
        load_estimator(pickle.dumps(fitted(name)))


def load(artifact):
    """Load as the server does; return what JSON can hold."""
    try:
        return type(load_estimator(artifact)).__name__
    except ScoringError as error:
        return [error.message, error.detail, error.hint, error.sqlstate]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_clearly_at_once_and_does_nothing(attack):
    artifact = ATTACKS[attack]()

    outcome = confined(load, artifact)

    assert outcome.kind == "returned"
    assert outcome.did == []
    message, detail, hint, sqlstate = outcome.said
    assert message.startswith("model ")
    assert detail.endswith(".") and len(detail) < 300
    assert hint.endswith(".")
    assert sqlstate == "55000"
    assert outcome.seconds < a_second()


@pytest.mark.parametrize("attack", FIRING)
def test_the_same_call_is_made_where_pickles_are_read_as_they_come(attack):
    outcome = confined(pickle.loads, FIRING[attack]())

    assert outcome.did or outcome.kind == "crashed"


def score_plainly(artifact):
    """Load and score as one who trusts the pickle does."""
    estimator = pickle.loads(artifact)
    rows = np.abs(np.random.default_rng(0).normal(size=(50, 4))) * 30
    estimator.predict_proba(rows)


@pytest.mark.parametrize(
    "attack, end",
    [
        ("tree feature 2e9", "crashed"),
        ("tree without a state", "crashed"),
        ("histogram tree feature 2e9", "crashed"),
        ("histogram tree without leaves", "hung"),
        ("histogram tree child 0", "hung"),
        ("object arrays nested 60,000 deep", "crashed"),
    ],
)
def test_the_same_state_kills_where_pickles_are_read_as_they_come(attack, end):
    outcome = confined(score_plainly, ATTACKS[attack](), seconds=3)

    assert outcome.kind == end


def test_the_corpus_is_as_large_as_it_has_to_be():
    assert len(CALLS) >= 32
    assert len(ATTACKS) >= 72


@every_pipeline
@pytest.mark.parametrize("protocol", [4, 5])
def test_a_legitimate_pipeline_predicts_as_if_read_plainly(name, protocol):
    artifact = pickle.dumps(fitted(name), protocol)
    plain = pickle.loads(artifact)
    strict = load_estimator(artifact)
    # The order in which threads add up is not always the same.
    for member in (plain, *getattr(plain, "estimators_", [])):
        if getattr(member, "n_jobs", None) is not None:
            member.n_jobs = 1
    rows = rows_for(plain)

    found, expected = strict.predict_proba(rows), plain.predict_proba(rows)

    assert found.tobytes() == expected.tobytes()


def mentioned_names(artifact):
    """Return the (module, name) pairs of a pickle's globals."""
    memo, texts, found = [], [], set()
    for opcode, argument, _ in pickletools.genops(artifact):
        if opcode.name == "MEMOIZE":
            memo.append(texts[-1])
        elif opcode.name == "STACK_GLOBAL":
            found.add(tuple(texts[-2:]))
            texts.append(None)
        elif opcode.name in ("BINGET", "LONG_BINGET"):
            texts.append(memo[argument])
        elif opcode.name != "FRAME":
            texts.append(argument if "UNICODE" in opcode.name else None)
    return found


def test_the_list_of_names_is_what_the_pipelines_need_and_no_more():
    needed = {
        pair
        for name in PIPELINES
        for protocol in (4, 5)
        for pair in mentioned_names(pickle.dumps(fitted(name), protocol))
    }
    permitted = [tuple(one.name.rsplit(".", 1)) for one in PERMITTED]
    # One of the two, by the release of SciPy.
    splines = {tuple(name.rsplit(".", 1)) for name in (SPLINE_ARRAYS, SPLINE_PART)}

    assert set(permitted) - splines == needed - UNREAD - splines
    assert len(needed & splines) == 1
    assert permitted == sorted(permitted)


@pytest.mark.parametrize("jobs", [-1, 2, 64])
@pytest.mark.parametrize("name", ["random forest", "vote", "logistic of a frame"])
def test_what_was_trained_by_many_jobs_scores_by_one(name, jobs):
    estimator = pickle.loads(pickle.dumps(fitted(name)))
    for member in (estimator, *getattr(estimator, "estimators_", [])):
        if hasattr(member, "n_jobs"):
            member.n_jobs = jobs
    if name.endswith("frame"):
        estimator[0].n_jobs = jobs

    loaded = load_estimator(pickle.dumps(estimator))

    found = [loaded, *getattr(loaded, "estimators_", []), *dict(loaded_steps(loaded))]
    assert {getattr(one, "n_jobs", None) for one in found} <= {1, None}


def loaded_steps(estimator):
    """Return the steps of a pipeline, as keys."""
    return [(step, None) for _, step in getattr(estimator, "steps", [])]


def test_a_name_that_is_not_permitted_is_named():
    with pytest.raises(ScoringError) as raised:
        load_estimator(CALLS["call of os.system"]())

    assert raised.value.detail == "The name os.system is not permitted."


@pytest.mark.parametrize(
    "module, name, line",
    [
        (
            *("xgboost.sklearn", "XGBClassifier"),
            'model.get_booster().save_model("model.json")',
        ),
        ("xgboost.core", "Booster", 'model.save_model("model.json")'),
        (
            "lightgbm.sklearn",
            "LGBMClassifier",
            'model.booster_.save_model("model.txt")',
        ),
        ("lightgbm.basic", "Booster", 'model.save_model("model.txt")'),
        (
            *("catboost.core", "CatBoostClassifier"),
            'model.save_model("model.json", format="json")',
        ),
    ],
)
def test_a_model_of_another_library_is_refused_with_the_line_that_saves_it(
    module, name, line
):
    texts = (b"\x8c" + bytes([len(one)]) + one.encode() for one in (module, name))

    with pytest.raises(ScoringError) as raised:
        load_estimator(b"\x80\x04" + b"".join(texts) + b"\x93)\x81.")

    assert raised.value.detail.startswith(f"It holds a {name} of ")
    assert f"Save it by {line} and register that file" in raised.value.hint
    assert "--pipeline" in raised.value.hint


def test_a_permitted_name_split_at_another_dot_is_not_permitted():
    artifact = assembled("sklearn", "pipeline.Pipeline", ())

    with pytest.raises(ScoringError) as raised:
        load_estimator(artifact)

    assert raised.value.detail == "The name sklearn.pipeline.Pipeline is not permitted."


def test_an_opcode_that_is_not_permitted_is_named_with_its_position():
    artifact = ATTACKS["opcode EXT1"]()
    position = artifact.index(pickle.EXT1)

    with pytest.raises(ScoringError) as raised:
        load_estimator(artifact)

    assert f"EXT1 at position {position} " in raised.value.detail


def test_running_out_of_memory_is_no_refusal(monkeypatch):
    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr(np, "frombuffer", exhausted)

    with pytest.raises(MemoryError):
        load_estimator(pickle.dumps(fitted("logistic"), 5))

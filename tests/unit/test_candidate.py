"""A pickled classifier at the client: read once, compiled once."""

import hashlib
import os
import pickle
import subprocess
import sys

import pandas as pd
import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models import candidate as candidates
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.reports import best_estimator_report
from pgchurn.loader.models.signature import (
    signature_for_table,
    signature_without_table,
)
from pgchurn.plpython.runtime import pickled
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.signature import Signature
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.legitimate import fitted
from tests.models import KINDS, default_model, training_frame

MODEL = default_model()
FRAME, _ = training_frame(rows=5)


@pytest.fixture
def readings(monkeypatch):
    """Count how often a pickle is read."""
    counted = []

    def read(artifact):
        counted.append(artifact)
        return MODEL.pipeline

    for module in (candidates, pickled):
        monkeypatch.setattr(module, "load_estimator", read)
    return counted


@pytest.fixture
def compilations(monkeypatch):
    """Count how often a model is compiled."""
    counted = []

    def compile_counted(estimator, signature):
        counted.append(signature)
        return compile_model(estimator, signature)

    monkeypatch.setattr(candidates, "compile_model", compile_counted)
    return counted


@pytest.mark.parametrize(
    "searches, said",
    [
        ([], ""),
        (["GridSearchCV"], "The best estimator of GridSearchCV was taken.\n"),
        (
            ["GridSearchCV", "TunedThresholdClassifierCV"],
            "The best estimator of GridSearchCV and TunedThresholdClassifierCV was "
            "taken; no threshold is kept, since a score is a probability.\n",
        ),
    ],
)
def test_the_report_says_of_which_search_the_best_was_taken(searches, said):
    assert best_estimator_report({"best_of": searches}) == said


def test_a_candidate_is_read_once_on_its_way_into_the_registry(readings):
    candidate = Candidate.from_pickle(MODEL.artifact)
    signature = signature_for_table(candidate, KINDS, None, FRAME)
    scores = candidate.score(signature, list("abcde"), FRAME)

    assert [*scores] == list("abcde")
    assert [*scores.values()] == pytest.approx(
        MODEL.probabilities(FRAME), rel=0, abs=1e-12
    )
    assert readings == [MODEL.artifact]


def test_a_signer_and_the_registry_compile_once(compilations):
    candidate = Candidate.from_pickle(MODEL.artifact)

    signed = candidate.compile(signature_without_table(candidate.estimator, (), None))
    registered = candidate.compile(signature_for_table(candidate, KINDS, None, FRAME))

    assert registered is signed
    assert signed.digest == hashlib.sha256(signed.content).digest()
    assert len(compilations) == 1


def test_another_positive_class_is_compiled_anew(compilations):
    candidate = Candidate(MODEL.artifact, MODEL.pipeline)
    churned, stayed = (
        candidate.compile(Signature.from_json({**MODEL.signature, "positive_class": i}))
        for i in (1, 0)
    )

    assert churned.content != stayed.content
    assert len(compilations) == 2


def test_what_cannot_be_compiled_says_why(monkeypatch):
    def refuse(estimator, signature):
        raise NotCompilable("KNeighborsClassifier")

    monkeypatch.setattr(candidates, "compile_model", refuse)
    candidate = Candidate(MODEL.artifact, MODEL.pipeline)

    form = candidate.compile(Signature.from_json(MODEL.signature))

    assert form.content is None and form.digest is None
    assert form.problem == "KNeighborsClassifier"


def test_a_pickle_that_the_server_would_not_read_is_refused_by_its_file():
    with pytest.raises(LoaderError, match=r"^m\.pkl: .*not a fitted classifier"):
        Candidate.from_pickle(pickle.dumps({"not": "a model"}), "m.pkl")


def test_the_digest_is_of_the_bytes_that_are_registered():
    assert Candidate(b"abc", None).digest == hashlib.sha256(b"abc").digest()


DIGESTS = """
import sys
from pathlib import Path
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.signature import signature_without_table

for file in sys.argv[1:]:
    candidate = Candidate.from_pickle(Path(file).read_bytes())
    signature = signature_without_table(candidate.estimator, (), None)
    print(candidate.compile(signature).digest.hex())
"""


def of_many_texts():
    """Return a pipeline of more texts than come in the same order by chance."""
    frame = pd.DataFrame({f"text {i}": ["a", "b", "c"] * 10 for i in range(9)})
    encoder = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(encoder, LogisticRegression()).fit(frame, [0, 1, 1] * 10)


def test_a_form_is_the_same_in_every_process(tmp_path):
    models = [of_many_texts(), fitted("many ways side by side")]
    files = [str(tmp_path / f"{i}.pkl") for i in range(len(models))]
    for file, model in zip(files, models):
        with open(file, "wb") as written:
            pickle.dump(model, written)

    said = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DIGESTS, *files],
            # A set of texts has another order in each of them.
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }

    assert len(said) == 1
    assert len(said.pop().split()) == len(files)

"""What is registered of a booster, against the library that trained it."""

import pickle

import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator

from tests.soak import boosters

WRAPPERS = {
    "xgboost": ("XGBClassifier", {"n_jobs": 1}),
    "lightgbm": ("LGBMClassifier", {"n_jobs": 1, "verbose": -1}),
    "catboost": (
        "CatBoostClassifier",
        {"thread_count": 1, "verbose": False, "allow_writing_files": False},
    ),
}
# Of each library, since every seed has other options.
SEEDS = 5


@pytest.mark.slow(reason="trains boosters")
@pytest.mark.parametrize("library", boosters.LIBRARIES)
def test_a_boosters_file_gives_what_its_library_gives(library):
    pytest.importorskip(library, reason=f"{library} is not installed: make boosters")

    found = boosters.bar(library, "made-up", boosters.made_up, SEEDS, 1_000)

    assert found.ok, found


@pytest.mark.parametrize("library", boosters.LIBRARIES)
def test_the_pickle_of_a_wrapper_is_refused_with_the_line_that_saves_it(library):
    module = pytest.importorskip(
        library, reason=f"{library} is not installed: make boosters"
    )
    name, options = WRAPPERS[library]
    frame, labels = boosters.made_up(200, 0)
    model = getattr(module, name)(**options).fit(frame[["age", "usage"]], labels)

    with pytest.raises(ScoringError) as raised:
        load_estimator(pickle.dumps(model))

    assert raised.value.detail.startswith(f"It holds a {name} of ")
    assert "save_model(" in raised.value.hint

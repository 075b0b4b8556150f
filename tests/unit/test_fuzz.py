import pytest

from tests.soak import (
    fuzz,
    fuzz_boosters,
    fuzz_compiled,
    fuzz_explanations,
    fuzz_onnx,
    fuzz_state,
)
from tests.soak.forms import UNEXPECTED


@pytest.mark.parametrize("family", fuzz.FAMILIES)
def test_mutants_of_a_pickle_are_refused_or_score(family):
    found = fuzz.bar(family, fuzz.FEW_MUTANTS)

    assert found.ok, found.measured


@pytest.mark.parametrize("file", fuzz_boosters.FILES)
def test_mutants_of_a_boosters_file_are_refused_or_score(file):
    found = fuzz_boosters.bar(file, fuzz_boosters.MUTANTS[False])

    assert found.ok, found.measured


@pytest.mark.parametrize("kind", fuzz_onnx.KINDS)
def test_mutants_of_an_onnx_file_are_refused_or_score(kind):
    found = fuzz_onnx.bar(kind, fuzz_onnx.MUTANTS[False])

    assert found.ok, found.measured


@pytest.mark.parametrize("family", fuzz_compiled.FAMILIES)
def test_mutants_of_a_compiled_form_are_refused_or_score(family):
    found = fuzz_compiled.bar(family, fuzz_compiled.MUTANTS[False])

    assert found.ok, found.measured


@pytest.mark.parametrize("family", fuzz_compiled.FAMILIES)
def test_a_compiled_form_without_a_mutation_is_read(family):
    content, _, _ = fuzz_compiled.original(family)

    (outcome,) = fuzz_compiled.outcomes_of(family, [content])

    assert outcome.startswith("scored")


def test_what_the_fuzz_reads_with_says_what_became_of_it():
    outcomes = fuzz_compiled.outcomes_of("line", [b"", b"no form"])

    assert outcomes == {"refused": 2}
    assert "refused" not in UNEXPECTED


@pytest.mark.slow(reason="evaluates pickles in the sandbox")
def test_pickles_with_other_attributes_are_refused_or_compiled_to_what_they_score():
    (found,) = fuzz_state.measure(None, full=False)

    assert found.ok, found.measured


@pytest.mark.parametrize("family", fuzz_explanations.FAMILIES)
def test_no_bytes_of_an_explanation_form_crash_or_hang_a_session(family):
    found = fuzz_explanations.bar(family, fuzz_explanations.MUTANTS[False])

    assert found.ok, found.measured


@pytest.mark.parametrize("family", fuzz_explanations.FAMILIES)
def test_an_explanation_form_that_nobody_changed_explains(family):
    content, *given = fuzz_explanations.original(family)

    (outcome,) = fuzz_compiled.outcomes_with([content], *given)

    assert outcome == "explained"

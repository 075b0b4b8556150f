import pytest

from tests.soak.fuzz import FAMILIES, FEW_MUTANTS, bar


@pytest.mark.parametrize("family", FAMILIES)
def test_mutants_of_a_pickle_are_refused_or_score(family):
    found = bar(family, FEW_MUTANTS)

    assert found.ok, found.measured

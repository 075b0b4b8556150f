"""Which class of a model means that the customer churned, where nobody says so."""

import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.signature import positive_index


@pytest.mark.parametrize(
    "classes, meant",
    [
        ([False, True], True),
        ([0, 1], 1),
        ([0.0, 1.0], 1.0),
        ([-1, 1], 1),
        (["no", "yes"], "yes"),
        (["Yes", "no"], "Yes"),
        (["N", "Y"], "Y"),
        (["churned", "loyal"], "churned"),
        (["left", "stayed"], "left"),
        (["0", "1"], "1"),
        (["False", "True"], "True"),
    ],
)
def test_it_is_found_by_what_it_says(classes, meant):
    assert classes[positive_index(classes, None)] == meant


@pytest.mark.parametrize("classes", [["a", "b"], [1, 2], ["true", "yes"], ["", "0"]])
def test_nothing_is_guessed(classes):
    with pytest.raises(LoaderError, match="say with --positive-class which of them"):
        positive_index(classes, None)

    assert positive_index(classes, str(classes[0])) == 0

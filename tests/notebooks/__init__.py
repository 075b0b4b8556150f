"""Models as public notebooks and scripts make them, by a survey of what they do.

Each names the repository and the file where such a one was read. None of their code
is here: the customers are made up, and the steps are what many of them have in common.
"""

from . import balanced, classifiers, columns, searches, texts_and_numbers

__all__ = ["NOTEBOOKS"]

NOTEBOOKS = {
    **texts_and_numbers.NOTEBOOKS,
    **columns.NOTEBOOKS,
    **classifiers.NOTEBOOKS,
    **searches.NOTEBOOKS,
    **balanced.NOTEBOOKS,
}

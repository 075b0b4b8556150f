"""Which of a model's features are texts, as its own encoders tell."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder


def text_positions(part, positions):
    """Return the positions of the features that a fitted part takes as texts.

    Parameters
    ----------
    part : fitted estimator or transformer
    positions : sequence of int
        The feature behind each column that goes in.

    Returns
    -------
    set of int
        Of what ``compile_model`` covers, all: it has texts go through an encoder.
    """
    if isinstance(part, CalibratedClassifierCV):
        return text_positions(part.calibrated_classifiers_[0].estimator, positions)
    if isinstance(part, Pipeline):
        # An encoder or column transformer changes the columns: what comes after it
        # sees numbers.
        found = set()
        for _, step in part.steps:
            found |= text_positions(step, positions)
            if isinstance(step, (ColumnTransformer, OneHotEncoder)):
                break
        return found
    if isinstance(part, ColumnTransformer):
        found = set()
        for name, branch, _ in part.transformers_:
            chosen = part._transformer_to_input_indices[name]
            found |= text_positions(branch, [positions[i] for i in chosen])
        return found
    if isinstance(part, (OneHotEncoder, OrdinalEncoder)):
        return {
            position
            for position, categories in zip(positions, part.categories_)
            if are_texts(categories)
        }
    return set()


def are_texts(categories):
    """Return whether an encoder's categories are those of a text.

    A text that was missing throughout has one category, which is none.
    """
    return categories.dtype == object and all(
        category is None or isinstance(category, str) or category != category
        for category in categories
    )

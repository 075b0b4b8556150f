"""Telling the files of boosters from pickles, and reading them."""

from pgchurn.loader.boosters.catboost_files import is_catboost, read_catboost
from pgchurn.loader.boosters.json_files import read_json
from pgchurn.loader.boosters.lightgbm_files import is_lightgbm, read_lightgbm
from pgchurn.loader.boosters.model import Booster
from pgchurn.loader.boosters.parts import Part, refused
from pgchurn.loader.boosters.ubjson import NUMBERS, read_ubjson
from pgchurn.loader.boosters.xgboost_files import is_xgboost, read_xgboost
from pgchurn.loader.errors import LoaderError

# How files begin that hold the same in a form that is not read.
OTHER_FORMS = {
    b"CBM1": (
        "is CatBoost's own binary form",
        'Save it as JSON: model.save_model("model.json", format="json").',
    ),
    b"binf": (
        "is the binary form of XGBoost before 1.0",
        'Load it with that version, and save it: booster.save_model("model.json").',
    ),
    b"bs64": (
        "is the binary form of XGBoost before 1.0",
        'Load it with that version, and save it: booster.save_model("model.json").',
    ),
}


def is_booster(content: bytes) -> bool:
    """Return whether a file is one of a booster, and no pickle."""
    begins = content.lstrip()[:1] == b"{" or content.startswith(tuple(OTHER_FORMS))
    return begins or is_lightgbm(content)


def read_booster(content: bytes, file: str) -> Booster:
    """Return the classifier that a booster's file holds.

    Parameters
    ----------
    content : bytes
    file : str
        Its name, for the message of a refusal.

    Raises
    ------
    LoaderError
        Naming the part of the file that does not fit, or is not covered.
    """
    try:
        for beginning, (what, way_out) in OTHER_FORMS.items():
            if content.startswith(beginning):
                raise refused("the file", what, way_out)
        if is_lightgbm(content):
            return read_lightgbm(content)
        return from_object(read_object(content))
    except LoaderError as error:
        raise LoaderError(f"{file}: {error}") from error


def read_object(content: bytes) -> Part:
    """Return the object that a file in JSON or UBJSON describes."""
    if content[:1] == b"{" and content[1:2] in NUMBERS:
        return read_ubjson(content)
    return read_json(content)


def from_object(model: Part) -> Booster:
    """Return the classifier that an object describes."""
    if is_xgboost(model):
        return read_xgboost(model)
    if is_catboost(model):
        return read_catboost(model)
    if model.has("tree_info"):
        raise model.refuse(
            "looks like what LightGBM's dump_model gives",
            'Save it as text: booster.save_model("model.txt").',
        )
    if model.has("Config") or model.has("Model"):
        raise model.refuse(
            "is a snapshot of XGBoost's memory",
            'Save it: booster.save_model("model.json").',
        )
    raise model.refuse("is of none of XGBoost, LightGBM and CatBoost")

"""The files of XGBoost, LightGBM and CatBoost: what is read, and what is refused."""

import json
import pickle
import re

import numpy as np
import pytest
from pgchurn.loader.boosters.classifier import classifier_of_columns
from pgchurn.loader.boosters.files import is_booster, read_booster
from pgchurn.loader.boosters.preprocessing import classifier_behind
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.bringing import artifact_of
from pgchurn.plpython.runtime.estimators import load_estimator
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
)

from tests.compiling import assert_same
from tests.legitimate.boosters import (
    FILES,
    classifier,
    content_of,
    customers,
    preprocessing,
    probabilities_of,
    rows_of,
)
from tests.legitimate.customers import NUMBERS, TEXTS

# What single precision costs.
TOLERANCE = 1e-6
every_file = pytest.mark.parametrize("file", FILES)


@every_file
def test_a_file_gives_the_probabilities_of_its_library(file):
    found = classifier(file).predict_proba(rows_of(file))

    np.testing.assert_allclose(found[:, 1], probabilities_of(file), rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


@every_file
def test_a_file_is_compiled_to_what_it_gives(file):
    rows = rows_of(file)
    kinds = {name: "text" if name in TEXTS else "number" for name in rows}

    assert_same(load_estimator(pickle.dumps(classifier(file))), rows, kinds, TOLERANCE)


@every_file
def test_a_file_is_known_for_a_boosters(file):
    assert is_booster(content_of(file))
    assert not is_booster(pickle.dumps(classifier(file)))


@pytest.mark.parametrize("file", ["xgboost.json", "lightgbm.txt", "catboost.json"])
def test_the_same_file_always_gives_the_same_pickle(file):
    first, second = (
        pickle.dumps(classifier_of_columns(read_booster(content_of(file), file), []))
        for _ in range(2)
    )

    assert first == second


def changed_json(file, change):
    """Return a file in JSON after a change of what it holds."""
    model = json.loads(content_of(file))
    change(model)
    return json.dumps(model).encode()


def set_at(*path, value):
    """Return a change that sets a value at a path."""

    def change(model):
        for step in path[:-1]:
            model = model[step]
        model[path[-1]] = value

    return change


PARAMETERS = ("learner", "learner_model_param")
MODEL = ("learner", "gradient_booster", "model")
TREE = (*MODEL, "trees", 0)
XGBOOST_REFUSED = [
    ((*PARAMETERS, "num_class"), "3", "num_class is 3: it has several classes"),
    ((*PARAMETERS, "num_target"), "2", "num_target is 2: it predicts several targets"),
    (
        ("learner", "objective", "name"),
        "rank:pairwise",
        "learner.objective.name is rank:pairwise, which gives no probabilities",
    ),
    (
        ("learner", "gradient_booster", "name"),
        "gblinear",
        "gradient_booster.name is gblinear, and only trees are read",
    ),
    (
        (*TREE, "tree_param", "size_leaf_vector"),
        "3",
        "trees[0].tree_param.size_leaf_vector is 3: its leaves have several values",
    ),
    ((*PARAMETERS, "base_score"), "[2E0]", "base_score is 2, and no probability"),
    ((*PARAMETERS, "num_feature"), "1000000000", "num_feature is 1e+09, and no whole"),
    ((*TREE, "tree_param", "num_nodes"), "99", "left_children has 15 numbers in place"),
    (
        (*MODEL, "gbtree_model_param", "num_trees"),
        "1000000000",
        "num_trees is 1e+09, and no whole number from 0 to 4,000",
    ),
    ((*MODEL, "gbtree_model_param", "num_trees"), "7", "is not the number of trees, 6"),
    ((*MODEL, "tree_info"), [0, 0, 1, 0, 0, 0], "tree_info has 1, which is no whole"),
    ((*TREE, "left_children", 0), 99, "left_children has 99, which is no whole number"),
    ((*TREE, "left_children", 0), 2, "trees[0] has a node that is reached twice"),
    ((*TREE, "left_children", 1), 0, "trees[0] has a child 0, which is no node"),
    ((*TREE, "left_children", 0), -1, "trees[0] has a node with one child"),
    ((*TREE, "left_children", 0), 1.5, "left_children has 1.5, which is no whole"),
    ((*TREE, "left_children", 0), "1", "left_children is no array of numbers"),
    ((*TREE, "left_children", 0), 10**400, "left_children has a number that is too"),
    (
        (*TREE, "split_indices", 0),
        77,
        "split_indices has a feature 77, and there are 6",
    ),
    ((*TREE, "split_conditions", 0), float("nan"), "has a number that is not finite"),
    ((*TREE, "default_left", 0), 2, "default_left has 2, which is no whole number"),
    ((*TREE, "split_type"), [1] * 15, "categories_nodes are not the nodes whose"),
    ((*TREE, "categories_sizes"), [9] * 9, "trees[0].categories_sizes has 9"),
    ((*TREE, "tree_param"), [], "trees[0].tree_param is no object"),
    ((*MODEL, "trees"), {}, "gradient_booster.model.trees is no array"),
    (
        (*MODEL, "cats", "enc", 1, "offsets"),
        [0, 99],
        "cats.enc[1].offsets has 99, which is no whole number from 0 to",
    ),
    (("learner", "attributes", "best_iteration"), "99", "best_iteration is 99, and"),
    (("learner", "attributes", "best_iteration"), "x", "best_iteration is no number"),
    (("version",), [3], "version has 1 numbers in place of 3"),
]


@pytest.mark.parametrize("path, value, problem", XGBOOST_REFUSED)
def test_a_file_of_xgboost_is_refused_by_the_name_of_its_part(path, value, problem):
    content = changed_json("xgboost.json", set_at(*path, value=value))

    with pytest.raises(LoaderError, match=re.escape(problem)) as raised:
        read_booster(content, "churn.json")

    assert str(raised.value).startswith("churn.json: ")


OF_A_TREE = [
    given[:2] for given in XGBOOST_REFUSED if given[0][:-1][: len(TREE)] == TREE
]


@pytest.mark.parametrize("path, value", OF_A_TREE)
def test_all_trees_are_read_at_once_and_the_one_that_is_wrong_is_named(path, value):
    later = (*MODEL, "trees", 3, *path[len(TREE) :])
    content = changed_json("xgboost.json", set_at(*later, value=value))

    with pytest.raises(LoaderError, match=re.escape("model.trees[3]")):
        read_booster(content, "churn.json")


def test_a_file_tells_of_all_trees_which_nodes_look_for_categories_or_of_none():
    def without_types(model):
        del model["learner"]["gradient_booster"]["model"]["trees"][2]["split_type"]

    content = changed_json("xgboost.json", without_types)

    with pytest.raises(LoaderError, match=re.escape("trees[2].split_type is missing")):
        read_booster(content, "churn.json")


def test_a_lacking_part_is_named():
    content = changed_json("xgboost.json", lambda model: model["learner"].clear())

    with pytest.raises(LoaderError, match="learner.learner_model_param is missing"):
        read_booster(content, "churn.json")


def test_categories_beyond_ascii_are_refused_since_xgboost_cuts_them():
    values = (*MODEL, "cats", "enc", 1, "values", 0)
    content = changed_json("xgboost.json", set_at(*values, value=-61))

    with pytest.raises(LoaderError, match="letters beyond ASCII") as raised:
        read_booster(content, "churn.json")

    assert "--pipeline" in str(raised.value)


def test_a_node_that_looks_for_categories_has_no_threshold_in_older_versions():
    def without_threshold(model):
        for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
            for node in tree["categories_nodes"]:
                tree["split_conditions"][node] = float("nan")

    content = changed_json("xgboost.json", without_threshold)
    found = classifier_of_columns(read_booster(content, "churn.json"), [])

    rows = rows_of("xgboost.json")
    same = classifier("xgboost.json").predict_proba(rows)
    assert np.array_equal(found.predict_proba(rows), same)


def without_lists(version):
    """Return a change to a file of a version, which lists no categories."""

    def change(model):
        model["version"] = version
        model["learner"]["gradient_booster"]["model"]["cats"]["enc"] = []

    return change


def test_categories_that_older_versions_do_not_list_want_a_pipeline():
    older = changed_json("xgboost.json", without_lists([3, 0, 5]))
    newer = changed_json("xgboost.json", without_lists([3, 1, 0]))
    booster = read_booster(newer, "churn.json")

    with pytest.raises(LoaderError, match="feature 1 has categories, and XGBoost bef"):
        classifier_of_columns(read_booster(older, "churn.json"), [])
    assert booster.remarks == [
        "Of feature 1 the file lists no categories: the column has to hold the numbers "
        "that XGBoost was given."
    ]


def test_trees_beyond_the_best_iteration_are_left_out_and_that_is_said():
    booster = read_booster(content_of("xgboost-best.json"), "churn.json")

    assert len(booster.trees.roots_) == 1
    assert booster.remarks == [
        "Of its 3 trees the first 1 count, up to the best iteration, as "
        "XGBClassifier.predict_proba has it."
    ]


def test_an_unknown_category_is_refused_as_xgboost_refuses_it():
    rows = rows_of("xgboost.json")
    rows.loc[0, "contract"] = "never seen"

    with pytest.raises(ValueError, match="never seen"):
        classifier("xgboost.json").predict_proba(rows)


def test_an_unknown_category_is_missing_to_lightgbm():
    rows = rows_of("lightgbm.txt").iloc[:1].copy()
    unknown, missing = rows.copy(), rows.copy()
    unknown["contract"] = "never seen"
    missing["contract"] = np.array([np.nan], dtype=object)
    found = classifier("lightgbm.txt")

    assert np.array_equal(found.predict_proba(unknown), found.predict_proba(missing))


def test_a_missing_category_is_refused_as_catboost_refuses_it():
    rows = rows_of("catboost.json")
    rows.loc[0, "contract"] = np.nan

    with pytest.raises(ValueError, match="feature 1 is missing"):
        classifier("catboost.json").predict_proba(rows)


def changed_line(name, value, file="lightgbm.txt"):
    """Return a file in text after a change of a line."""
    text = content_of(file).decode()
    changed = re.sub(
        rf"^{re.escape(name)}.*$", f"{name}{value}", text, count=1, flags=re.M
    )
    assert changed != text
    return changed.encode()


LIGHTGBM_REFUSED = [
    ("version=", "v9", "the header.version is 'v9', and v3 and v4 are read"),
    ("num_class=", "3", "the header.num_class is 3: it has several classes"),
    ("num_tree_per_iteration=", "3", "num_tree_per_iteration is 3: it has several"),
    ("objective=", "regression", "objective is 'regression', and binary and"),
    ("objective=", "lambdarank", "objective is 'lambdarank', and binary and"),
    ("objective=", "binary sigmoid:-1", "objective has the factor -1"),
    ("max_feature_idx=", "1000000000", "max_feature_idx is 1e+09, and no whole"),
    ("max_feature_idx=", "7", "feature_names has 6 names for 8 features"),
    ("tree_sizes=", "1 2", "tree_sizes is of 2 trees, and there are 6"),
    ("Tree=0", "9", "Tree=0 has another number"),
    ("is_linear=", "1", "Tree=0.is_linear is 1: its leaves are linear models"),
    ("num_leaves=", "1000000000", "Tree=0.num_leaves is 1e+09, and no whole number"),
    ("num_leaves=", "9", "Tree=0.leaf_value has 7 numbers in place of 9"),
    ("left_child=", "99 2 3 4 5 6", "Tree=0.left_child has 99, which is no whole"),
    ("left_child=", "0 0 0 0 0 0", "Tree=0 has a child 0, which is no node"),
    ("left_child=", "1 2 x 4 5 6", "Tree=0.left_child is no list of numbers"),
    ("left_child=", "1 2", "Tree=0.left_child has 2 numbers in place of 6"),
    ("split_feature=", "9 0 0 0 0 0", "Tree=0.split_feature has 9, which is no whole"),
    ("threshold=", "nan 0 0 0 0 0", "Tree=0.threshold has something that is no"),
    ("leaf_value=", "inf 0 0 0 0 0 0", "Tree=0.leaf_value has a number that is not"),
    ("decision_type=", "99 2 2 2 2 2", "Tree=0.decision_type has 99, which is no"),
    (
        "pandas_categorical:",
        "[[1], [2], [3]]",
        "pandas_categorical lists the categories",
    ),
    ("pandas_categorical:", "[[]]", "pandas_categorical lists the categories of 1"),
    ("pandas_categorical:", "{", "pandas_categorical is no JSON"),
    ("pandas_categorical:", '[["a"], ["b"]]', "and 1 are listed"),
    ("shrinkage=", "1\nshrinkage=1", "Tree=0 has the line 'shrinkage' twice"),
    ("end of trees", "!", "the file lacks the line 'end of trees'"),
]


@pytest.mark.parametrize("name, value, problem", LIGHTGBM_REFUSED)
def test_a_file_of_lightgbm_is_refused_by_the_name_of_its_part(name, value, problem):
    content = changed_line(name, value)

    with pytest.raises(LoaderError, match=re.escape(problem)):
        read_booster(content, "churn.txt")


def test_features_of_a_matrix_have_no_names_and_are_given_some():
    names = "feature_names=", " ".join(f"Column_{i}" for i in range(4))
    booster = read_booster(changed_line(*names, file="lightgbm-zeros.txt"), "churn.txt")

    with pytest.raises(LoaderError, match="name them in order with --features"):
        classifier_of_columns(booster, [])
    with pytest.raises(LoaderError, match="takes 4 features, --features names 1"):
        classifier_of_columns(booster, ["age"])
    found = classifier_of_columns(booster, NUMBERS)

    assert found.feature_names_in_.tolist() == NUMBERS


TREES = "oblivious_trees"
FEATURES = "features_info"
LOSS = ("model_info", "params", "loss_function", "type")
CATBOOST_REFUSED = [
    (LOSS, "MultiClass", "loss_function.type is MultiClass, and Logloss and Cross"),
    (LOSS, "RMSE", "loss_function.type is RMSE"),
    (("scale_and_bias",), [1, [0, 0]], "scale_and_bias[1] has 2 biases"[:14]),
    (("scale_and_bias",), [0, [0]], "scale_and_bias multiplies everything by 0"),
    (
        ("model_info", "class_params", "class_names"),
        [1, 2, 3],
        "class_names are not two numbers or texts",
    ),
    ((TREES, 0, "leaf_values"), [1.0], "leaf_values has 1 numbers in place of 8"),
    (
        (TREES, 0, "leaf_values", 0),
        float("inf"),
        "leaf_values has a number that is not",
    ),
    (
        (TREES, 0, "splits", 0, "split_type"),
        "EstimatedFeature",
        "splits[0].split_type is EstimatedFeature, which is not read",
    ),
    (
        (FEATURES, "float_features", 0, "flat_feature_index"),
        1,
        "features_info does not tell of each feature once",
    ),
    (
        (FEATURES, "float_features", 0, "flat_feature_index"),
        10**9,
        "flat_feature_index is 1e+09, and no whole number from 0 to 1,599",
    ),
    (
        (FEATURES, "float_features", 0, "nan_value_treatment"),
        "AsWell",
        "nan_value_treatment is AsWell, which is not known",
    ),
    ((FEATURES, "text_features"), [{}], "text_features are not read"),
]


@pytest.mark.parametrize("path, value, problem", CATBOOST_REFUSED)
def test_a_file_of_catboost_is_refused_by_the_name_of_its_part(path, value, problem):
    content = changed_json("catboost.json", set_at(*path, value=value))

    with pytest.raises(LoaderError, match=re.escape(problem)):
        read_booster(content, "churn.json")


@pytest.mark.parametrize("file", ["catboost.json", "catboost-statistics.json"])
def test_categories_without_their_texts_are_refused_with_how_to_save_them(file):
    content = changed_json(
        file, lambda model: model["features_info"].pop("cat_features_hash")
    )

    with pytest.raises(LoaderError, match="pool=pool") as raised:
        read_booster(content, "churn.json")

    assert "splits" in str(raised.value)


def test_numbers_saved_with_a_pool_have_no_texts():
    def without_categories(model):
        features = model["features_info"]
        features["cat_features_hash"] = None
        del features["categorical_features"]
        features["float_features"] = features["float_features"][:1]
        features["float_features"][0]["flat_feature_index"] = 0
        model["oblivious_trees"] = []

    content = changed_json("catboost.json", without_categories)

    assert read_booster(content, "churn.json").trees.n_features_in_ == 1


def test_statistics_of_several_features_are_refused_with_how_to_train_without():
    def combine(model):
        (element,) = model["features_info"]["ctrs"][0]["elements"]
        model["features_info"]["ctrs"][0]["elements"] = [element, element]

    content = changed_json("catboost-statistics.json", combine)

    with pytest.raises(LoaderError, match="several features") as raised:
        read_booster(content, "churn.json")

    assert "max_ctr_complexity=1" in str(raised.value)


@pytest.mark.parametrize(
    "content, problem",
    [
        (b"CBM1 and more", "is CatBoost's own binary form. Save it as JSON"),
        (b"binf and more", "is the binary form of XGBoost before 1.0"),
        (b"{}", "is of none of XGBoost, LightGBM and CatBoost"),
        (b'{"tree_info": []}', "looks like what LightGBM's dump_model gives"),
        (b'{"Config": 1}', "is a snapshot of XGBoost's memory"),
        (b'{"learner": 1, "learner": 2}', "'learner' is twice in one object"),
        (b'{"learner": ', "is no JSON"),
        (b"{L", "announces 8 bytes, and 0 are left"),
        (b'{"learner": "\xff"}', "is no JSON"),
    ],
)
def test_other_files_are_refused_by_what_they_are(content, problem):
    with pytest.raises(LoaderError, match=re.escape(problem)):
        read_booster(content, "churn.json")


def test_preprocessing_that_puts_out_other_columns_is_refused():
    frame, _ = customers()
    other = make_column_transformer((StandardScaler(), ["age", "charges"])).fit(frame)
    booster = read_booster(content_of("xgboost-encoded.json"), "churn.json")

    with pytest.raises(LoaderError, match="puts out 2 columns, and the model reads 10"):
        classifier_behind(other, booster)


def test_preprocessing_whose_columns_have_other_names_is_refused():
    frame, _ = customers()
    fitted = make_column_transformer(
        ("passthrough", ["age", "usage", "charges", "complaint_count"]),
        verbose_feature_names_out=False,
    ).fit(frame)
    booster = read_booster(content_of("lightgbm-zeros.txt"), "churn.txt")

    with pytest.raises(LoaderError, match="'usage' where the model reads 'charges'"):
        classifier_behind(fitted, booster)


def test_a_booster_with_categories_of_its_own_is_not_put_behind_preprocessing():
    booster = read_booster(content_of("lightgbm.txt"), "churn.txt")

    with pytest.raises(LoaderError, match="categories of its own"):
        classifier_behind(preprocessing(), booster)


@pytest.mark.parametrize(
    "spline",
    [
        SplineTransformer(n_knots=2, degree=1),
        make_pipeline(
            FunctionTransformer(np.square, feature_names_out="one-to-one"),
            SplineTransformer(n_knots=2, degree=1),
        ),
    ],
)
def test_a_booster_behind_splines_is_pickled_so_that_it_is_read_again(spline, tmp_path):
    frame, _ = customers()
    frame = frame.fillna(1.0)
    fitted = make_column_transformer(
        (spline, ["age", "charges", "usage"]),
        ("passthrough", NUMBERS),
    ).fit(frame)
    (tmp_path / "preprocessing.pkl").write_bytes(pickle.dumps(fitted))
    file = "xgboost-encoded.json"
    content = content_of(file)

    artifact = artifact_of(content, file, (), str(tmp_path / "preprocessing.pkl"))

    found = load_estimator(artifact).predict_proba(frame)
    wanted = classifier_behind(fitted, read_booster(content, file)).predict_proba(frame)
    np.testing.assert_array_equal(found, wanted)


def test_a_tiny_number_of_a_sparse_matrix_is_not_missing():
    # In single precision it is zero, but it is not left out.
    file = "xgboost-encoded.json"
    scaler = preprocessing().named_transformers_["standardscaler"]
    rows = rows_of(file)[:2].copy()
    (mean, _) = scaler.mean_
    rows["age"] = [mean, np.nextafter(mean, np.inf)]
    kinds = {name: "text" if name in TEXTS else "number" for name in rows}

    assert_same(classifier(file), rows, kinds, TOLERANCE)


def test_what_a_sparse_matrix_leaves_out_is_missing_to_xgboost_alone():
    dense = make_column_transformer(
        (StandardScaler(), ["age", "charges"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXTS),
        ("passthrough", ["complaint_count"]),
    ).fit(customers()[0])
    behind = {
        (file, kind): classifier_behind(fitted, read_booster(content_of(file), file))
        for file in ("xgboost-encoded.json", "lightgbm-encoded.txt")
        for kind, fitted in (
            ("sparse", preprocessing()),
            ("dense", make_pipeline(dense)),
        )
    }
    found = {
        key: one.predict_proba(rows_of(key[0]))[:, 1] for key, one in behind.items()
    }

    xgboost, lightgbm = "xgboost-encoded.json", "lightgbm-encoded.txt"
    assert not np.allclose(found[xgboost, "sparse"], found[xgboost, "dense"])
    assert np.allclose(found[lightgbm, "sparse"], found[lightgbm, "dense"])

"""What `pgchurn register` says of what it does not register: cause and remedy."""

import pickle
import pickletools

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from pgchurn.loader.command_line import main
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler

from tests.models import CONTRACTS, pipeline_for, training_frame

KINDS = {"age": "number", "contract": "text"}
FRAME, LABELS = training_frame(KINDS)
UNPACK = (
    "Load it where it was made, with joblib.load or what else has written it, and "
    "write the model with pickle.dump(model, file) or joblib.dump(model, path)."
)
ALONE = (
    "Pickle the classifier alone; what encodes or scales its features belongs in a "
    "pipeline, before it."
)
AS_IT_IS = (
    "Pickle a fitted scikit-learn classifier with pickle.dumps, at protocol 4 or 5."
)


@pytest.fixture
def refusal(module_database, tmp_path, capsys):
    """What is said of a file that is not registered, without the file's name."""

    def register(content, *options):
        file = tmp_path / "model.pkl"
        file.write_bytes(content)
        arguments = ["register", str(file), *options]
        assert main([*arguments, "--database-url", module_database.url]) == 1
        said = capsys.readouterr().err.strip()
        return said.removeprefix("pgchurn: ").removeprefix(f"{file}: ")

    return register


def model(frame=FRAME, labels=LABELS, pipeline=None):
    return (pipeline or pipeline_for(KINDS)).fit(frame, labels)


def renamed(content, names):
    """Return a pickle with other texts, as other libraries would have written it."""
    steps = list(pickletools.genops(content))
    ends = [position for _, _, position in steps[1:]] + [len(content)]
    parts = []
    for (opcode, value, position), end in zip(steps, ends):
        if opcode.name == "SHORT_BINUNICODE" and value in names:
            text = names[value].encode()
            parts.append(pickle.SHORT_BINUNICODE + bytes([len(text)]) + text)
        elif opcode.name != "FRAME":
            parts.append(content[position:end])
    return b"".join(parts)


def dumped(file, **options):
    """Return what joblib writes."""
    joblib.dump(model(), file, **options)
    return file.read_bytes()


def test_a_file_compressed_in_another_way(refusal):
    assert refusal(b'\x04"M\x18' + bytes(20)) == (
        f"model cannot be unpickled. It is compressed (lz4). {UNPACK}"
    )


def test_a_joblib_file_that_is_cut(refusal, tmp_path):
    content = dumped(tmp_path / "model.joblib", compress=("xz", 3))

    assert refusal(content[:-20]) == (
        "model cannot be unpickled. It is compressed (xz), and damaged: it ends too "
        f"early. {AS_IT_IS}"
    )


def test_no_pickle_at_all(refusal):
    assert refusal(b"age,contract\n30,one year\n") == (
        "model cannot be unpickled. It begins like no pickle, with "
        f"'age,contract?30,one '. {AS_IT_IS}"
    )


def test_an_empty_file(refusal):
    assert refusal(b"") == f"model cannot be unpickled. It is empty. {AS_IT_IS}"


def test_an_old_protocol(refusal):
    assert refusal(pickle.dumps(model(), 3)) == (
        f"model cannot be unpickled. It is of protocol 3, and not of 4 or 5. {AS_IT_IS}"
    )


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_pickle_of_numpy_1(refusal, protocol):
    modules = ("numpy._core.multiarray", "numpy._core.numeric")
    names = {name: name.replace("_core", "core") for name in modules}
    content = renamed(pickle.dumps(model(), protocol), names)

    assert refusal(content) in [
        f"model cannot be unpickled. It was pickled under numpy 1, which names {name}, "
        f"and here is numpy {np.__version__}. Train and pickle it again under this "
        "version; that of scikit-learn has to be the same, too."
        for name in names.values()
    ]


@pytest.mark.parametrize("version", ["0.24.2", "1.5.2", "1.10.0"])
def test_a_pickle_of_another_scikit_learn(refusal, version):
    content = renamed(pickle.dumps(model(), 4), {sklearn.__version__: version})

    assert refusal(content) == (
        f"model cannot be unpickled. It was pickled under scikit-learn {version}, and "
        f"here is {sklearn.__version__}. Train it again under this version."
    )


@pytest.mark.parametrize(
    "bundle, contents",
    [
        (
            lambda: {"model": model(), "encoder": LabelEncoder().fit(CONTRACTS)},
            "a dict of 'model': Pipeline, 'encoder': LabelEncoder",
        ),
        (
            lambda: (model(), LabelEncoder().fit(CONTRACTS)),
            "a tuple of Pipeline, LabelEncoder",
        ),
        (
            lambda: [LogisticRegression() for _ in range(6)],
            f"a list of {', '.join(['LogisticRegression'] * 5)}, ...",
        ),
    ],
)
def test_a_bundle_of_things(refusal, bundle, contents):
    assert refusal(pickle.dumps(bundle())) == (
        "model is not a fitted classifier with predict_proba. The pickle holds "
        f"{contents}. {ALONE}"
    )


def test_a_model_that_was_not_fitted(refusal):
    assert refusal(pickle.dumps(pipeline_for(KINDS))) == (
        "model is not a fitted classifier with predict_proba. This Pipeline knows no "
        "classes. Call fit before it is pickled."
    )


@pytest.mark.parametrize("classifier", [LogisticRegression, RandomForestClassifier])
def test_a_feature_that_was_label_encoded_before(refusal, classifier):
    encoded = FRAME.assign(contract=LabelEncoder().fit_transform(FRAME["contract"]))
    fitted = make_pipeline(SimpleImputer(), StandardScaler(), classifier())
    fitted.fit(encoded, LABELS)

    said = refusal(pickle.dumps(fitted))

    assert said in [
        "the model takes feature 'contract' as a number, and in the table it is a "
        f"text, such as '{contract}': it was encoded before the model was fitted. Put "
        "the encoder into the pipeline, such as make_column_transformer((OneHotEncoder("
        "handle_unknown='ignore'), ['contract']), remainder='passthrough'), and fit "
        "that on the texts"
        for contract in CONTRACTS
    ]


def test_a_value_that_the_encoder_was_not_fitted_on(refusal):
    frame = FRAME[FRAME["contract"] != "one year"]
    strict = pipeline_for(KINDS, handle_unknown="error")
    strict.fit(frame, LABELS[frame.index])

    said = refusal(pickle.dumps(strict))

    assert said.startswith("the model does not score the row with the key ")
    assert said.partition(", in")[2] == (
        " which feature 'contract' is 'one year': ValueError: Found unknown categories "
        "['one year'] in column 0 during transform. OneHotEncoder(handle_unknown="
        "'ignore') takes values that it was not fitted on"
    )


@pytest.mark.parametrize("classes", [("loyal", "gone"), (1, 2), ("yes", "y")])
def test_classes_of_which_neither_is_known_to_mean_yes(refusal, classes):
    labels = np.array(classes)[LABELS.astype(int)]
    first, second = sorted(classes)

    assert refusal(pickle.dumps(model(labels=labels))) == (
        f"the model's classes are {first!r} and {second!r}; say with --positive-class "
        "which of them means that the customer churned"
    )


def test_names_that_are_spelled_in_another_way(refusal, module_database):
    frame = FRAME.rename(columns={"age": "Age", "contract": "Con-Tract"})
    pipeline = pipeline_for({"Age": "number", "Con-Tract": "text"})

    assert refusal(pickle.dumps(model(frame, pipeline=pipeline))) == (
        "churn.customers has no column 'Age', 'Con-Tract'; 'Age' is perhaps 'age'; "
        f"'Con-Tract' is perhaps 'contract'; {columns(module_database)}"
    )


def test_a_name_like_none_of_the_table(refusal, module_database):
    pipeline = pipeline_for({"shoe_size": "number", "contract": "text"})
    frame = FRAME.rename(columns={"age": "shoe_size"})

    assert refusal(pickle.dumps(model(frame, pipeline=pipeline))) == (
        f"churn.customers has no column 'shoe_size'; {columns(module_database)}"
    )


def test_columns_that_pandas_has_made_of_categories(refusal, module_database):
    frame = pd.get_dummies(FRAME, columns=["contract"])
    names = [f"contract_{contract}" for contract in CONTRACTS]

    assert refusal(pickle.dumps(model(frame, pipeline=LogisticRegression()))) == (
        f"churn.customers has no column {', '.join(map(repr, names))}; "
        f"{names[-1]!r} looks like a category of 'contract' made by "
        "pandas.get_dummies: fit a pipeline that has a OneHotEncoder on the column "
        f"itself; {columns(module_database)}"
    )


def columns(database):
    """Return the clause that names the columns of churn.customers."""
    session = database.session(autocommit=True)
    names = session.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'churn.customers'::regclass"
        " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    session.close()
    return f"its columns are {', '.join(names)}, and a model's features are named so"

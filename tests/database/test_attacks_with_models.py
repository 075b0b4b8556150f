"""Attacks by models that were found past the corpus, and their like.

Who attacks is a member of ``churn_loader``, who registers, or of ``pg_write_all_data``,
who plants a version past registration. Whatever it is: no crash, no hang, nothing read,
a clear error or a score, and every complaint is kept.
"""

import copy
import json
import pickle
import sys
import time

import numpy as np
import psycopg2
import pytest
from pgchurn.loader.command_line import main
from pgchurn.plpython.runtime.forest_graph import field, number_field
from pgchurn.plpython.runtime.form import MAGIC
from pgchurn.plpython.runtime.form_matrices import (
    Dense,
    Inputs,
    Joined,
    OnlyOne,
    Quadratic,
    Table,
)
from pgchurn.plpython.runtime.form_parts import Sigmoid, Sum
from pgchurn.plpython.runtime.form_scalars import Affine, Mean
from pgchurn.plpython.runtime.form_tree_checks import MEMBER
from pgchurn.plpython.runtime.form_trees import Trees
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    LabelBinarizer,
    LabelEncoder,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.svm import LinearSVC

from tests.confined import a_second
from tests.corpus import ATTACKS
from tests.models import (
    CUSTOMERS,
    KINDS,
    Model,
    activate,
    default_model,
    fit,
    pipeline_for,
    training_frame,
)
from tests.planted import compiled_form, forged, form_of, plant
from tests.signers import KEY, private_pem, trust

MODEL = default_model()
NUMBERS = [name for name, kind in KINDS.items() if kind != "text"]
# Of processor time, on a machine of ordinary speed; the promise is 0.5 s for a cancel,
# and none waits for longer.
MOST_SECONDS = 2.0
MOST_MEGABYTES = 256
# With what no model was fitted on.
ODD_ROWS = """
    INSERT INTO churn.customers (customer_id, age, contract, data_usage_gb)
    VALUES (901, NULL, 'never seen', NULL), (902, 1, NULL, -1e307), (903, -7, '', 1e307)
"""
ONE_COMPLAINT = "INSERT INTO churn.complaints (customer_id) VALUES (%s)"
MANY_COMPLAINTS = """
    INSERT INTO churn.complaints (customer_id)
    SELECT customer_id FROM churn.customers, generate_series(1, 3)
"""
COUNTED = "SELECT sum(complaint_count) FROM churn.customers"


def registered(session, model, artifact=None):
    """Register as a member of churn_loader; return the version, or the refusal."""
    statement = (
        "SELECT churn.register_model('churn.customers', %s, %s, '{}', %s, '{}',"
        " '{}', '{}')"
    )
    given = (
        artifact or model.artifact,
        json.dumps(model.signature),
        json.dumps(model.environment),
    )
    session.run("SAVEPOINT registration")
    session.run("SET LOCAL SESSION AUTHORIZATION churn_loader")
    try:
        return session.value(statement, *given), None
    except psycopg2.Error as error:
        session.run("ROLLBACK TO SAVEPOINT registration")
        return None, error.diag
    finally:
        session.run("RESET SESSION AUTHORIZATION")


def complain(session):
    """Add complaints one by one and many at once, odd customers' too; all are kept.

    Returns
    -------
    str
        The warnings.
    """
    session.take_notices()
    backend = session.value("SELECT pg_backend_pid()")
    session.run(ODD_ROWS)
    before = session.value(COUNTED)
    for customer in (1, 2, 901, 902, 903):
        session.run(ONE_COMPLAINT, customer)
    session.run(MANY_COMPLAINTS)

    customers = CUSTOMERS + 3
    assert session.value(COUNTED) == before + 5 + 3 * customers
    assert session.value("SELECT pg_backend_pid()") == backend
    scores = session.column(
        "SELECT churn_score FROM churn.customers WHERE churn_score IS NOT NULL"
    )
    assert all(0 <= score <= 1 for score in scores)
    return session.take_notices()


def assert_clear(refused):
    """Check that an error says what was wrong and what to do."""
    assert refused.sqlstate in ("55000", "22023", "54000", "42501")
    assert refused.message_primary.startswith(("model ", "the model "))
    assert refused.message_detail and refused.message_hint


# Rows 1, 2 and 4: states that scikit-learn's own code trusts.


def changed_pipeline(pipeline, change):
    """Return a fitted pipeline with a state of one's own."""
    frame, labels = training_frame()
    fitted = copy.deepcopy(pipeline).fit(frame, labels)
    change(fitted)
    return fitted


def infrequent(**attributes):
    """Return a pipeline with an encoder of infrequent categories, changed."""
    encoder = OneHotEncoder(
        min_frequency=50, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["complaint_count"])]
        + [("texts", encoder, ["contract"])]
    )

    def change(fitted):
        vars(fitted[0].named_transformers_["texts"]).update(attributes)

    return changed_pipeline(make_pipeline(columns, LogisticRegression()), change)


def boosted(**attributes):
    """Return histogram boosting of the numbers, changed."""
    boosting = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    chosen = ColumnTransformer([("numbers", "passthrough", NUMBERS)])

    def change(fitted):
        vars(fitted[-1]).update(attributes)

    return changed_pipeline(make_pipeline(chosen, boosting), change)


def with_step(step):
    """Return the default pipeline with something else before its classifier."""

    def change(fitted):
        fitted.steps.insert(1, ("odd", step))

    return changed_pipeline(pipeline_for(KINDS), change)


def with_selector(selector, place="columns"):
    """Return the default pipeline with a selector of columns in some place."""

    def change(fitted):
        columns = fitted[0]
        if place == "columns":
            name, branch, _ = columns.transformers_[0]
            columns.transformers_[0] = (name, branch, selector)
        elif place == "branch":
            name, _, chosen = columns.transformers_[0]
            columns.transformers_[0] = (name, selector, chosen)
        elif place == "step":
            fitted.steps.insert(1, ("odd", selector))
        else:
            setattr(columns, place, selector)

    return changed_pipeline(pipeline_for(KINDS), change)


FAR = np.array([2**40, -(2**40)])
# Nothing matches, after as many attempts as there are ways to cut the text.
BACKTRACKING = make_column_selector(pattern="(a|a|o|n|t|r|c|.)*(.|..)*$^")
STATES = {
    "an infrequent category far away, behind a mapping of None": lambda: infrequent(
        _infrequent_indices=[FAR], _default_to_infrequent_mappings=[None]
    ),
    "an infrequent category far away": lambda: infrequent(_infrequent_indices=[FAR]),
    "a mapping far away": lambda: infrequent(
        _default_to_infrequent_mappings=[np.array([2**40, 0, 0])]
    ),
    "a mapping below zero": lambda: infrequent(
        _default_to_infrequent_mappings=[np.array([-(2**40), 0, 0])]
    ),
    "a mapping of numbers with a point": lambda: infrequent(
        _default_to_infrequent_mappings=[np.array([0.5, 1e300, np.nan])]
    ),
    "no infrequent categories where there are some": lambda: infrequent(
        _infrequent_indices=[None], _default_to_infrequent_mappings=[None]
    ),
    "infrequent categories that are said to be off": lambda: infrequent(
        _infrequent_enabled=False, _n_features_outs=[1]
    ),
    "a dropped category far away": lambda: infrequent(
        _drop_idx_after_grouping=np.array([2**40], object), drop_idx_=FAR
    ),
    "fewer columns than categories": lambda: infrequent(_n_features_outs=[0]),
    "boosting that believes it is in its fit": lambda: boosted(_in_fit=True),
    "boosting in its fit, of few bins": lambda: boosted(_in_fit=True, max_bins=2),
    "boosting that remapped its categories": lambda: boosted(
        _is_categorical_remapped=np.ones(9, bool), is_categorical_=np.ones(9, bool)
    ),
    "boosting of more features": lambda: boosted(n_features_in_=90),
    "boosting with a start of another shape": lambda: boosted(
        _baseline_prediction=np.zeros((0, 1))
    ),
    "boosting of many trees an iteration": lambda: boosted(n_trees_per_iteration_=90),
    "boosting that starts from its own trees": lambda: boosted(_predictors=[[]] * 3),
    "a binarizer of labels as a step": lambda: with_step(
        LabelBinarizer().fit([0.0, 1.0, 2.0])
    ),
    "an encoder of labels as a step": lambda: with_step(LabelEncoder().fit([0.0, 1])),
    "a classifier without probabilities as a step": lambda: with_step(
        LinearSVC().fit(np.eye(2), [0, 1])
    ),
    "a classifier as a step": lambda: with_step(
        LogisticRegression().fit(np.eye(2), [0, 1])
    ),
    "a number as a step": lambda: with_step(7),
    "itself as a step": lambda: with_step(fit().pipeline),
    "a selector that backtracks, for columns": lambda: with_selector(BACKTRACKING),
    "a selector that backtracks, for a branch": lambda: with_selector(
        BACKTRACKING, "branch"
    ),
    "a selector that backtracks, as a step": lambda: with_selector(
        BACKTRACKING, "step"
    ),
    "a selector that backtracks, as what is left": lambda: with_selector(
        BACKTRACKING, "_remainder"
    ),
    "a selector that backtracks, as the inputs": lambda: with_selector(
        BACKTRACKING, "_transformer_to_input_indices"
    ),
    "a selector that backtracks, in the list of its kind": lambda: with_selector(
        [BACKTRACKING, BACKTRACKING]
    ),
}


@pytest.mark.slow(reason="evaluates a candidate in the sandbox")
@pytest.mark.parametrize("attack", STATES)
def test_a_forged_state_is_refused_or_scored_as_the_sandbox_said(session, attack):
    model = Model(STATES[attack](), dict(KINDS))

    version, refused = registered(session, model)

    if refused is not None:
        assert_clear(refused)
    else:
        activate(session, version)
    warned = complain(session)
    if refused is None:
        assert "could not score" not in warned or "does not know" in warned
    # And the same past registration: nobody allowed it, and nobody reads it.
    planted = plant(session, model, artifact=model.artifact)
    session.run("DELETE FROM churn.customers WHERE customer_id > 900")
    warned = complain(session)
    assert f"model version {planted} has no compiled form" in warned


# Row 3: half a character, wherever a text can be.

HALVES = [name for name in ATTACKS if name.startswith("half a character")]


@pytest.mark.parametrize("attack", HALVES)
def test_half_a_character_is_refused_and_breaks_no_warning(session, attack):
    artifact = ATTACKS[attack]()
    # Nothing is safer than what nobody reads, so here it is allowed.
    session.run("SELECT churn_trust.allow_pickle(sha256(%s), 'a trap')", artifact)
    plant(session, MODEL, artifact=artifact)

    warned = complain(session)

    assert "model cannot be unpickled" in warned
    assert "is no UTF-8" in warned or "a text array is given" in warned
    assert 0 < session.value(
        "SELECT churn.predict(m.version, to_jsonb(c)) FROM churn.customers c,"
        " (SELECT min(version) FROM churn.models) m (version) WHERE c.customer_id = 1"
    )


STATEMENTS = {
    "a name": r'{"\ud800": 1}',
    "a value": r'{"name": "\ud800"}',
    "a zero": r'{"zero\u0000": 1}',
    "no JSON": r"\ud800",
    "a list": r'["\ud800"]',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_half_a_character_in_what_was_signed_is_refused(session, statement):
    session.run("SAVEPOINT untrusting")
    trust(session)

    refused = session.refusal(
        "SELECT churn_internal.check_activation(%s, NULL, false, false)",
        STATEMENTS[statement],
    )

    assert refused.sqlstate == "22023"
    assert refused.message == "signed statement is malformed"
    assert refused.detail
    session.run("ROLLBACK TO SAVEPOINT untrusting")


# Rows 6 and 7: forms that no compiler of ours wrote.

FOREST = fit(pipeline=pipeline_for(KINDS, RandomForestClassifier(5, random_state=0)))


def sums_in(description):
    """Return the descriptions of all sums in a description."""
    found = [description] if description.get("kind") == "Sum" else []
    for value in description.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and "kind" in one:
                found += sums_in(one)
    return found


def in_the_forest(name, index, value):
    """Return the form of a forest with one number of its trees changed."""

    def change(header, arrays):
        (found, *_) = sums_in(header["probability"])
        arrays[found["forest"][name]][index] = value

    return forged(compiled_form(FOREST), change)


def in_the_sum(name, index, value):
    """Return the form of a logistic regression with one number changed."""

    def change(header, arrays):
        (found, *_) = sums_in(header["probability"])
        arrays[found[name]][index] = value

    return forged(compiled_form(MODEL), change)


def described_otherwise(change):
    """Return the form of a logistic regression with another description."""
    return forged(compiled_form(MODEL), lambda header, arrays: change(header))


TREES = {
    "a child beyond the nodes": lambda: in_the_forest("true", 0, 2**31 - 1),
    "a child below zero": lambda: in_the_forest("false", 0, -5),
    "a child that is its parent": lambda: in_the_forest("true", 0, 0),
    "a child of two": lambda: in_the_forest("true", 0, 3),
    "a root beyond the nodes": lambda: in_the_forest("roots", 0, 2**31 - 1),
    "a root below zero": lambda: in_the_forest("roots", 1, -1),
    "a comparison of a feature far away": lambda: in_the_forest("positions", 0, 10**9),
    "a comparison of a feature below zero": lambda: in_the_forest("positions", 0, -1),
    "a comparison of no kind": lambda: in_the_forest("modes", 0, 7),
    "a set that is not there": lambda: in_the_forest("modes", 0, MEMBER),
    "a leaf without end": lambda: in_the_forest("constants", -1, np.inf),
    "a constant that is none": lambda: in_the_forest("constants", 0, np.nan),
    "a table of a feature far away": lambda: in_the_sum("tables", 0, 10**9),
    "a table of a feature below zero": lambda: in_the_sum("tables", 0, -1),
    "a table that ends elsewhere": lambda: in_the_sum("ends", 0, 10**9),
    "a weight that is none": lambda: in_the_sum("weights", 0, np.nan),
    "a weight of a feature far away": lambda: in_the_sum("positions", 0, 6),
    "another text's codes": lambda: described_otherwise(
        lambda header: header["texts"].update(other=header["texts"].pop("contract"))
    ),
    "codes far away": lambda: described_otherwise(
        lambda header: header["texts"]["contract"]["codes"].update(
            {"one year": 1 << 40}
        )
    ),
    "a description nested deep": lambda: MAGIC + b"[" * 1_000_000 + b"\n",
    "numbers without end": lambda: (
        MAGIC + b'{"texts": {}, "arrays": [], "probability": ' + b"9" * 5_000 + b"}\n"
    ),
}


@pytest.mark.parametrize("attack", TREES)
def test_a_forged_form_is_refused_whole_and_costs_no_complaint(session, attack):
    plant(session, MODEL, compiled=TREES[attack]())

    warned = complain(session)

    assert "compiled form is malformed" in warned
    assert "Register the model again" in warned


HARMLESS = {
    "trees of one leaf each": lambda: form_of(Sigmoid(of=leaves(3)), MODEL),
    "trees with one label": lambda: in_the_forest("constants", slice(None), 0.125),
    "half a character in the codes": lambda: described_otherwise(
        lambda header: header["texts"]["contract"]["codes"].update({"\ud800": 1})
    ),
    "weights that overflow": lambda: in_the_sum("weights", slice(None), 1e308),
    "entries that overflow": lambda: in_the_sum("entries", slice(None), -1e308),
    "thresholds without end": lambda: in_the_forest("constants", 0, np.inf),
}


@pytest.mark.parametrize("attack", HARMLESS)
def test_a_forged_form_that_is_well_made_scores_or_keeps(session, attack):
    plant(session, MODEL, compiled=HARMLESS[attack]())

    warned = complain(session)

    assert "compiled form is malformed" not in warned
    assert not warned or "no probability" in warned


def external_graph(path):
    """Return an ONNX model of which the weights are said to be in a file."""
    entry = field(1, b"location") + field(2, path.encode())
    tensor = (
        number_field(1, 8)
        + number_field(2, 1)
        + field(8, b"weights")
        + field(13, entry)
        + number_field(14, 1)
    )
    graph = field(2, b"graph") + field(5, tensor)
    return number_field(1, 10) + field(7, graph) + field(8, number_field(2, 21))


def of_a_file(path, place):
    """Return the form of a logistic regression that names a file somewhere."""

    def change(header):
        if place == "array":
            header["arrays"][0] = ["f", {"location": path}]
        elif place == "type":
            header["arrays"][0][0] = path
        elif place == "part":
            header["probability"] = {"kind": "File", "location": path}
        elif place == "kind":
            header["probability"]["kind"] = path
        elif place == "field":
            header["probability"]["of"] = path
        elif place == "beside":
            header["external_data"] = {"location": path}
        else:
            header["texts"]["contract"]["codes"] = path

    return described_otherwise(change)


FILES = {
    "an ONNX model": external_graph,
    "an ONNX model behind the beginning of a form": lambda path: (
        MAGIC + external_graph(path)
    ),
    **{
        f"a file for {place}": lambda path, place=place: of_a_file(path, place)
        for place in ("array", "type", "part", "kind", "field", "beside", "codes")
    },
}


@pytest.fixture(scope="module")
def watched(module_database):
    """Return a session that keeps the names of the files that its Python opens."""
    session = module_database.session()
    session.run("""
        CREATE FUNCTION pg_temp.watch() RETURNS void LANGUAGE plpython3u AS $$
            import sys
            GD["opened"] = []
            def watch(event, given):
                if event == "open":
                    GD["opened"].append(str(given[0]))
            sys.addaudithook(watch)
        $$;
        CREATE FUNCTION pg_temp.opened() RETURNS text[] LANGUAGE plpython3u AS $$
            found, GD["opened"][:] = list(GD["opened"]), []
            return found
        $$;
        SELECT pg_temp.watch();
        """)
    yield session
    session.close()


@pytest.mark.parametrize("attack", FILES)
def test_a_form_reads_no_file(watched, tmp_path, attack):
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0" * 4096)
    secret.chmod(0o644)
    watched.run("SAVEPOINT attack")
    plant(watched, MODEL, compiled=FILES[attack](str(secret)))

    warned = complain(watched)

    assert "compiled form is malformed" in warned
    assert str(secret) not in watched.value("SELECT pg_temp.opened()")
    assert str(secret) not in warned
    watched.run("ROLLBACK TO SAVEPOINT attack")


# Rows 8, 9 and 10: what takes memory or time, however well it is formed.


def no_trees():
    """Return no trees."""
    return leaves(0).forest


def leaves(count, comparisons=0, members=0):
    """Return a sum of trees, each a leaf or a row of comparisons with the last one."""
    nodes = 2 * comparisons + 1
    place = np.arange(nodes)
    inner = (place % 2 == 0) & (place < nodes - 1)
    starts = np.repeat(np.arange(count) * nodes, nodes)
    kinds = np.where(inner, MEMBER if members else 1, 0)
    forest = Trees(
        roots=np.arange(count, dtype=np.int32) * nodes,
        positions=np.zeros(count * nodes, np.int32),
        modes=np.tile(kinds, count).astype(np.uint8),
        constants=np.tile(np.where(inner, 0.0, 1e-9), count),
        true=np.where(
            np.tile(inner, count), np.tile(place + 1, count) + starts, 0
        ).astype(np.int32),
        false=np.where(
            np.tile(inner, count), np.tile(place + 2, count) + starts, 0
        ).astype(np.int32),
        members=np.arange(members, dtype=float),
        ends=np.array([members] if members else [], np.int32),
    )
    return summed(forest=forest)


def summed(**changed):
    """Return a sum of nothing but what is given."""
    empty = {"f": np.zeros(0), "i": np.zeros(0, np.int32)}
    fields = {n: empty[kind] for n, kind in Sum.FIELDS.items() if kind in empty}
    return Sum(**{**fields, "constant": 0.0, **changed})


def weights(count):
    """Return a sum of so many weighted inputs."""
    return summed(
        positions=np.zeros(count, np.int32),
        weights=np.full(count, 1e-9),
        fills=np.zeros(count),
        forest=no_trees(),
    )


def tables(count):
    """Return a sum of so many tables."""
    none = np.zeros(count)
    return summed(
        tables=np.zeros(count, np.int32),
        defaults=none,
        missing=none,
        ends=np.zeros(count, np.int32),
        forest=no_trees(),
    )


def inputs(count=1, steps="fill"):
    """Return so many inputs, all of them the first."""
    constants = np.zeros(count if steps else 0)
    positions = np.zeros(count, np.int32)
    return Inputs(positions=positions, steps=steps, constants=constants)


def layer(width, of=None):
    """Return a layer of so many numbers."""
    of = inputs() if of is None else of
    return Dense(
        of=of,
        weights=np.full(of.width * width, 1e-12),
        biases=np.zeros(width),
        activation="tanh",
    )


def alone(part):
    """Return the only number of a part, as a share."""
    return Sigmoid(of=OnlyOne(of=layer(1, part)))


def wide_table(width):
    """Return a table of so many numbers for each input."""
    return Table(position=0, keys=np.zeros(1), entries=np.zeros(3 * width))


LARGE = {
    "a wide layer": lambda: alone(layer(50_000)),
    "a layer of a wide layer": lambda: alone(layer(300, layer(10_000))),
    "a wide table": lambda: alone(wide_table(60_000)),
    "wide parts side by side": lambda: alone(
        Joined(
            of=[wide_table(30_000), wide_table(30_000)],
            order=np.arange(60_000, dtype=np.int32),
        )
    ),
    "many inputs": lambda: alone(inputs(100_000)),
    "wide distances": lambda: Sigmoid(
        of=Quadratic(first=layer(40_000), second=layer(40_000), constant=0.0)
    ),
    "many weights": lambda: Sigmoid(of=weights(120_000)),
    "very many leaves": lambda: Sigmoid(of=leaves(100_000)),
    "many comparisons": lambda: Sigmoid(of=leaves(1_500, 10)),
    "deep trees": lambda: Sigmoid(of=leaves(2_000, 60)),
    "many members": lambda: Sigmoid(of=leaves(20, 3, members=1_000_000)),
    "many tables": lambda: Sigmoid(of=tables(10_000)),
    "many parts": lambda: Mean(
        of=[
            Sigmoid(of=Affine(of=weights(1), slope=1.0, constant=0.0))
            for _ in range(800)
        ],
        weights=np.full(800, 1 / 800),
    ),
    "parts one in another": lambda: Mean(
        of=[deep(16) for _ in range(120)], weights=np.full(120, 1 / 120)
    ),
}
TOO_LARGE = {
    "leaves that take too long": lambda: Sigmoid(of=leaves(700_000)),
    "inputs too wide for a row": lambda: alone(inputs(2_900_000, steps="")),
    "too many parts": lambda: Mean(
        of=[weights(1)] * 3_000, weights=np.full(3_000, 1e-9)
    ),
    "too many tables": lambda: Sigmoid(of=tables(10_001)),
    "parts too deep": lambda: deep(40),
}


def deep(depth):
    """Return a part in a part in a part."""
    part = weights(1)
    for _ in range(depth):
        part = Affine(of=part, slope=1e-3, constant=0.0)
    return Sigmoid(of=part)


@pytest.fixture
def measured(measuring):
    """Return the session that says what it takes, for one attack."""
    measuring.run("SAVEPOINT attack")
    yield measuring
    measuring.run("ROLLBACK TO SAVEPOINT attack")


@pytest.fixture(scope="module")
def measuring(module_database):
    """Return a session that says what it takes."""
    session = module_database.session()
    session.run("""
        CREATE FUNCTION pg_temp.peak(reset boolean) RETURNS integer
        LANGUAGE plpython3u AS $$
            if reset:
                open("/proc/self/clear_refs", "w").write("5")
            with open("/proc/self/status") as status:
                fields = dict(line.split(":", 1) for line in status)
            return int(fields["VmRSS" if reset else "VmHWM"].split()[0]) // 1024
        $$;
        CREATE FUNCTION pg_temp.seconds() RETURNS double precision
        LANGUAGE plpython3u AS $$
            import time
            return time.process_time()
        $$;
        """)
    # What the first bulk imports is no model's.
    plant(session, MODEL, compiled=form_of(Sigmoid(of=leaves(600, 3)), MODEL))
    session.run(
        "SELECT churn.score_many(array_agg(c)) FROM churn.customers c, "
        "generate_series(1, 50)"
    )
    yield session
    session.close()


@pytest.mark.parametrize("attack", LARGE)
def test_what_takes_memory_or_time_is_held_within_bounds(measured, attack):
    plant(measured, MODEL, compiled=form_of(LARGE[attack](), MODEL))
    before = measured.value("SELECT pg_temp.peak(true)")
    started = measured.value("SELECT pg_temp.seconds()")

    measured.run(ONE_COMPLAINT, 1)
    single = measured.value("SELECT pg_temp.seconds()") - started
    measured.run(
        "SELECT churn.score_many(array_agg(c)) FROM churn.customers c,"
        " generate_series(1, 25)"
    )

    assert single < MOST_SECONDS * a_second()
    assert measured.value("SELECT pg_temp.peak(false)") - before < MOST_MEGABYTES
    assert measured.take_notices() == ""


@pytest.mark.parametrize("attack", TOO_LARGE)
def test_what_takes_too_much_is_refused_before_a_row_is_scored(measured, attack):
    plant(measured, MODEL, compiled=form_of(TOO_LARGE[attack](), MODEL))
    started = measured.value("SELECT pg_temp.seconds()")

    measured.run(ONE_COMPLAINT, 1)

    seconds = measured.value("SELECT pg_temp.seconds()") - started
    assert seconds < MOST_SECONDS * a_second()
    assert "compiled form is malformed" in measured.take_notices()


@pytest.mark.slow(reason="lets the sandbox have its time with 40,000 steps")
def test_a_timeout_ends_the_evaluation_of_forty_thousand_scalers(session):
    fitted = fit().pipeline
    scaler = StandardScaler().fit(np.eye(fitted[-1].n_features_in_))
    pipeline = Pipeline(
        [fitted.steps[0], *((f"s{i}", scaler) for i in range(40_000)), fitted.steps[-1]]
    )
    model = Model(pipeline, dict(KINDS))
    artifact = model.artifact
    session.run("SET LOCAL statement_timeout = '3s'")
    started = time.monotonic()

    version, refused = registered(session, model, artifact)

    assert time.monotonic() - started < 3 + MOST_SECONDS
    assert version is None
    assert refused.sqlstate == "57014"
    session.run("SET LOCAL statement_timeout = 0")
    complain(session)


# What a session reads whole is bounded in the table.


@pytest.mark.slow(reason="puts together more than 256 MB")
@pytest.mark.parametrize("column", ["compiled", "artifact", "signature", "environment"])
def test_more_than_a_session_may_read_gets_into_no_row(session, column):
    value = {
        "compiled": "convert_to(repeat('x', (64 << 20) + 1), 'UTF8')",
        "artifact": "convert_to(repeat('x', (256 << 20) + 1), 'UTF8')",
        "signature": "to_jsonb(repeat('x', 1 << 20))",
        "environment": "to_jsonb(repeat('x', 1 << 20))",
    }[column]
    expressions = {
        "artifact": "'a'::bytea",
        "compiled": "'c'::bytea",
        "signature": "'{}'::jsonb",
        "environment": "'{}'::jsonb",
        column: value,
    }

    refused = session.refusal(
        "INSERT INTO churn.models (attachment_id, artifact, artifact_sha256, compiled,"
        " compiled_sha256, parity, compilation, signature, metrics, environment,"
        " provenance) SELECT 1, v.a, sha256(v.a), v.c, sha256(v.c), 0, 'planted', v.s,"
        " '{{}}', v.e, '{{}}' FROM (SELECT {artifact}, {compiled}, {signature},"
        " {environment}) v (a, c, s, e)".format(**expressions)
    )

    assert refused.sqlstate == "23514"
    assert f"models_{column}_size" in refused.message


# The client reads such a file as strictly.

AT_THE_CLIENT = [
    "object arrays nested 60,000 deep",
    "half a character in a feature's name",
    "half a character in the classes",
    "bunches nested 20,000 deep",
    "a doubling tuple as a key",
]


@pytest.mark.parametrize("attack", AT_THE_CLIENT)
@pytest.mark.parametrize("command", ["register", "sign"])
def test_the_client_refuses_the_file(
    module_database, tmp_path, capsys, attack, command
):
    path, key = tmp_path / "model.pkl", tmp_path / "key.pem"
    path.write_bytes(ATTACKS[attack]())
    key.write_text(private_pem(KEY))
    more = {
        "register": [],
        "sign": ["--key", str(key), "--name", "n", "--model-version", "1"],
    }

    status = main(
        [command, str(path), *more[command], "--database-url", module_database.url]
    )

    assert status == 1
    said = capsys.readouterr().err
    assert "pgchurn: " in said
    assert "Traceback" not in said


def test_a_file_whose_name_is_in_another_encoding_is_told_clearly(
    module_database, tmp_path, capsys
):
    path = f"{tmp_path}/model\udcff.pkl"
    with open(path, "wb") as file:
        file.write(MODEL.artifact)

    status = main(["register", path, "--database-url", module_database.url])

    said = capsys.readouterr().err
    assert status == 1
    assert "\\udcff" in said and "cannot be written" in said
    assert sys.getfilesystemencoding() == "utf-8"


def test_a_pickle_that_names_what_is_not_there_is_a_refusal_at_the_client(
    module_database, tmp_path, capsys
):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"half": "text"}))

    assert main(["register", str(path), "--database-url", module_database.url]) == 1
    assert "not a fitted classifier" in capsys.readouterr().err

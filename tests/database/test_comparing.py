"""Which of two versions does better: churn.compare."""

import json

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from tests.company import CLIENTS, attach, create_tables
from tests.comparing import (
    BEFORE,
    COMPARE,
    CUSTOMERS,
    SINCE,
    compare,
    customers,
    log,
    said_of,
    trained_model,
    trained_until,
    version_of,
)
from tests.models import (
    KINDS,
    Model,
    default_model,
    fit,
    other_model,
    pipeline_for,
    register,
)

ROWS = 3_000
FIRST = "SELECT key, score FROM churn.matured(%s, NULL, %s, %s, true) ORDER BY key"


@pytest.fixture
def versions(session):
    """A champion that knows little and has scored, and a challenger that knows more."""
    champion = version_of(session, default_model())
    challenger = version_of(session, trained_model())
    frame, left = customers(ROWS)
    log(session, frame, left, default_model().probabilities(frame), champion)
    return champion, challenger


def test_the_evidence_is_what_scikit_learn_says_of_both_models(session, versions):
    frame, left = customers(ROWS)
    champion = default_model().probabilities(frame)
    challenger = trained_model().probabilities(frame)

    found = compare(session, *versions)

    assert next(iter(found)) == "log_loss"
    for name, metric in (
        ("log_loss", lambda left, p: log_loss(left, p.clip(0.001, 0.999))),
        ("roc_auc", roc_auc_score),
        ("brier_score", brier_score_loss),
        ("calibration_in_the_large", lambda left, p: left.mean() - p.mean()),
    ):
        row = found[name]
        assert row["of_champion"] == pytest.approx(metric(left, champion), abs=1e-9)
        assert row["of_challenger"] == pytest.approx(metric(left, challenger), abs=1e-9)
        assert row["difference"] == pytest.approx(
            row["of_challenger"] - row["of_champion"], abs=1e-9
        )
        assert row["lower"] < row["difference"] < row["upper"]
        assert row["n"] == ROWS
    flips = found["flip_rate at 0.5"]
    assert flips["of_champion"] == (champion >= 0.5).mean()
    assert flips["of_challenger"] == (challenger >= 0.5).mean()
    assert flips["difference"] == ((champion >= 0.5) != (challenger >= 0.5)).mean()
    assert "DeLong" in found["roc_auc"]["detail"]
    assert (
        "the champion said 55.52% (too high)"
        in (found["calibration_in_the_large"]["detail"])
    )


def test_the_better_one_is_named_whichever_way_it_is_asked(session, versions):
    found = compare(session, *versions)["log_loss"]
    turned = compare(session, *reversed(versions))["log_loss"]

    assert found["verdict"] == "challenger better"
    assert turned["verdict"] == "champion better"
    assert found["upper"] < 0 < turned["lower"]
    assert found["difference"] == -turned["difference"]
    assert found["detail"].startswith("389 of 3,000 customers left; ")


def test_of_all_rows_only_the_first_has_a_verdict(session, versions):
    found = list(compare(session, *versions).values())

    assert [row["verdict"] is not None for row in found] == [True] + [False] * 5


def test_a_version_does_not_differ_from_itself(session, versions):
    found = compare(session, versions[0], versions[0])

    assert found["log_loss"]["verdict"] == "no material difference"
    assert found["log_loss"]["difference"] == 0
    assert found["flip_rate at 0.5"]["difference"] == 0
    assert found["roc_auc"]["detail"].startswith("p = 1 ")


def test_few_customers_decide_nothing(session):
    champion = version_of(session, trained_model())
    challenger = version_of(session, trained_model(2_000))
    frame, left = customers(1_000)
    log(session, frame, left, trained_model().probabilities(frame), champion)

    undecided = compare(session, champion, challenger)["log_loss"]
    wider = compare(session, champion, challenger, material=0.5)["log_loss"]

    words, number = undecided["verdict"].split(": about ")
    assert words == "undecided"
    more = int(number.removesuffix(" more labelled customers").replace(",", ""))
    assert more > 100
    assert undecided["lower"] < 0 < undecided["upper"]
    assert wider["verdict"] == "no material difference"
    assert wider["detail"].endswith("; 0.5 or less is not material")


def test_too_few_leavers_decide_nothing_however_clear_it_looks(session):
    champion = version_of(session, default_model())
    challenger = version_of(session, trained_model())
    frame, left = customers(180)
    assert left.sum() < 30
    log(session, frame, left, default_model().probabilities(frame), champion)

    found = compare(session, champion, challenger, expected=100)["log_loss"]

    assert found["upper"] < 0
    assert found["verdict"].startswith("undecided: about ")
    assert found["detail"] == (
        f"{left.sum()} of 180 customers left; it takes 30 of either"
    )


def test_logged_scores_are_taken_as_they_are_and_others_are_replayed(session):
    one = version_of(session, default_model())
    two = version_of(session, trained_model())
    third = version_of(session, other_model())
    frame, left = customers(300)
    scores = np.linspace(0.1, 0.9, 100)
    parts = np.split(np.arange(300), 3)
    for version, part in zip((one, two, third), parts):
        keys = [str(i) for i in part]
        log(session, frame.iloc[part], left[part], scores, version, keys=keys)

    found = compare(session, one, two)

    for name, model, own in (
        ("of_champion", default_model(), 0),
        ("of_challenger", trained_model(), 1),
    ):
        expected = model.probabilities(frame)
        expected[parts[own]] = scores
        assert found["brier_score"][name] == pytest.approx(
            brier_score_loss(left, expected), abs=1e-12
        )


def test_a_customer_counts_once_by_the_first_score_since(session):
    champion = version_of(session, default_model())
    challenger = version_of(session, trained_model())
    frame, left = customers(400)
    for at in ("2025-02-01Z", "2025-03-02Z", "2025-03-20Z", "2025-06-01Z"):
        is_first = at == "2025-03-02Z"
        scores = np.full(400, 0.25 if is_first else 0.75)
        log(session, frame, left & is_first, scores, champion, at=at)

    first = session.run(FIRST, CUSTOMERS, "2025-03-01Z", None)
    assert {score for _, score in first} == {0.25}
    # It stays the same while the window grows.
    assert first == session.run(FIRST, CUSTOMERS, "2025-03-01Z", "2025-03-10Z")
    found = compare(session, champion, challenger, since="2025-03-01Z")["brier_score"]
    assert found["n"] == 400
    assert found["of_champion"] == pytest.approx(
        brier_score_loss(left, np.full(400, 0.25))
    )


def test_until_ends_the_window(session, versions):
    frame, left = customers(200, seed=1)
    keys = [f"{i}" for i in range(10_000, 10_200)]
    scores = default_model().probabilities(frame)
    log(session, frame, left, scores, versions[0], at="2025-04-01Z", keys=keys)

    assert compare(session, *versions)["log_loss"]["n"] == ROWS + 200
    until = compare(session, *versions, until="2025-04-01Z")
    assert until["log_loss"]["n"] == ROWS
    refused = session.refusal(
        "SELECT churn.compare(%s, %s, %s, %s, '2999-01-01Z')",
        *(CUSTOMERS, *versions, SINCE),
    )
    assert "are not mature before" in refused.message


def test_customers_who_were_acted_upon_count_or_do_not(session, versions):
    session.run(
        "INSERT INTO churn.actions (attachment_id, key, action, at)"
        " SELECT 1, i, 'call', %s::timestamptz + interval '1 day'"
        " FROM generate_series(1, 500) i",
        SINCE,
    )
    frame, left = customers(ROWS)

    counted = compare(session, *versions)
    left_out = compare(session, *versions, acted_upon=False)

    without = counted["log_loss_without_acted_upon"]
    assert (counted["log_loss"]["n"], without["n"]) == (ROWS, ROWS - 500)
    assert (left_out["log_loss"]["n"], left_out["roc_auc"]["n"]) == (ROWS - 500,) * 2
    assert left_out["log_loss_with_acted_upon"]["n"] == ROWS
    for name in ("of_champion", "of_challenger", "difference", "lower", "upper"):
        assert without[name] == left_out["log_loss"][name]
        assert counted["log_loss"][name] == left_out["log_loss_with_acted_upon"][name]
    assert left_out["roc_auc"]["of_challenger"] == pytest.approx(
        roc_auc_score(left[500:], trained_model().probabilities(frame)[500:])
    )
    assert left_out["log_loss"]["verdict"] and not without["verdict"]


def test_thresholds_are_those_that_are_told_or_asked_for(session, versions):
    assert "flip_rate at 0.5" in compare(session, *versions)
    session.run("SELECT churn.set_outbox('churn.customers', 'threshold', 0.3)")
    assert "flip_rate at 0.3" in compare(session, *versions)
    asked = compare(session, *versions, thresholds=[0.1, 1.0])
    assert {"flip_rate at 0.1", "flip_rate at 1"} < set(asked)
    assert "flip_rate at 0.3" not in asked
    assert asked["flip_rate at 1"]["difference"] == 0


def test_the_worst_segment_is_found_with_bounds_for_all_of_them(session):
    champion = version_of(session, default_model())
    challenger = version_of(session, trained_model())
    frame, left = customers(ROWS)
    # One that is right but for a contract.
    scores = trained_model().probabilities(frame)
    is_two_year = (frame["contract"] == "two year").to_numpy()
    scores[is_two_year] = np.where(left[is_two_year], 0.9, 0.01)
    log(session, frame, left, scores, champion)

    worst = compare(session, champion, challenger)["worst_segment"]

    assert worst["detail"].startswith("contract is two year: the worst of ")
    assert worst["detail"].endswith("; not judged by")
    assert worst["n"] == is_two_year.sum()
    assert 0 < worst["lower"] < worst["difference"] < worst["upper"]
    kept = trained_model().probabilities(frame[is_two_year])
    assert worst["of_challenger"] == pytest.approx(log_loss(left[is_two_year], kept))


def without_key(frame, name):
    return frame.drop(columns=name)


def test_a_feature_that_was_never_logged_is_named_with_what_to_do(session, versions):
    session.run("DELETE FROM churn.predictions")
    frame, left = customers(ROWS)
    log(session, without_key(frame, "age"), left, np.full(ROWS, 0.1), versions[0])

    refused = session.refusal(COMPARE, CUSTOMERS, *versions, SINCE)

    assert refused.sqlstate == "55000"
    assert refused.message == (
        f'model version {versions[1]} needs feature "age", which was not logged'
    )
    assert refused.detail == (
        "Of 3,000 customers whose outcome is known, 3,000 were logged without this "
        "number."
    )
    assert refused.hint.startswith('Train the model without "age"; or activate ')


@pytest.mark.parametrize("change", ["lacking", "another type"])
def test_a_feature_that_was_logged_later_is_named_with_since_when(
    session, versions, change
):
    frame, left = customers(300)
    lacking = without_key(frame, "contract")
    if change == "another type":
        lacking = frame.assign(contract=1.5)
    keys = [str(i) for i in range(10_000, 10_300)]
    at = "2025-03-01T10:20:30.400000+00:00"
    log(session, lacking, left, np.full(300, 0.1), versions[0], at=at, keys=keys)

    refused = session.refusal(COMPARE, CUSTOMERS, *versions, "2025-03-01Z")

    assert f'version {versions[1]} needs feature "contract"' in refused.message
    assert "Of 3,300 customers whose outcome is known, 300 were" in refused.detail
    assert refused.hint.startswith(
        "Pass a later time than 2025-03-01 10:20:30.400000+00:00 as since"
    )
    # The champion has scored them itself, and so needs none.
    assert compare(session, versions[0], versions[0], "2025-03-01Z")


def strict_version(session):
    """Return a version that takes nobody without an age."""
    session.run("UPDATE churn.customers SET age = 40 WHERE age IS NULL")
    return version_of(session, fit(seed=2, refuses_null=("age",)))


def test_customers_whom_a_version_cannot_score_are_told_if_they_are_few(session):
    champion = version_of(session, default_model())
    challenger = strict_version(session)
    frame, left = customers(ROWS)
    frame["age"] = frame["age"].fillna(40)
    frame.loc[[5, 7], "age"] = np.nan
    scores = default_model().probabilities(frame)
    # The last by its key.
    frame.loc[998, "monthly_charges"] = np.inf
    log(session, frame, left, scores, champion)

    found = compare(session, champion, challenger)["log_loss"]

    assert found["n"] == ROWS - 3
    assert found["detail"].endswith(
        f"; 3 more do not count, whom version {challenger} could not score: feature "
        '"age" is null, and the model does not accept that'
    )


def test_a_version_that_cannot_score_many_customers_is_refused(session):
    champion = version_of(session, default_model())
    challenger = strict_version(session)
    frame, left = customers(4_000)
    log(session, frame, left, default_model().probabilities(frame), champion)

    refused = session.refusal(COMPARE, CUSTOMERS, champion, challenger, SINCE)

    assert refused.sqlstate == "22004"
    assert refused.message == (
        f"model version {challenger} cannot score what is logged: feature "
        '"age" is null, and the model does not accept that'
    )


def test_a_version_may_be_on_its_pickle(session):
    champion = version_of(session, default_model())
    forest = pipeline_for(KINDS, RandomForestClassifier(20, random_state=0))
    frame, left = customers(ROWS, seed=7)
    model = Model(forest.fit(frame, left), dict(KINDS))
    challenger = said_of(
        session,
        register(session, model, compile_form=False),
        trained_until(),
    )
    frame, left = customers(500)
    log(session, frame, left, default_model().probabilities(frame), champion)

    found = compare(session, champion, challenger)["roc_auc"]

    assert found["of_challenger"] == pytest.approx(
        roc_auc_score(left, model.probabilities(frame))
    )


@pytest.mark.parametrize("since", [BEFORE, "2025-02-27T00:00:00+00:00"])
def test_who_was_trained_on_what_became_known_since_is_refused(
    session, versions, since
):
    session.run("SET LOCAL timezone = 'UTC'")

    refused = session.refusal(COMPARE, CUSTOMERS, *versions, since)

    assert refused.sqlstate == "55000"
    assert refused.message == (
        f"model version {versions[0]} was trained on what was known until 2025-02-28 "
        f"00:00:00+00, which is not before {since[:10]} 00:00:00+00"
    )
    assert refused.hint == "Pass a later time than 2025-02-28 00:00:00+00 as since."


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    "provenance", ["{}", '{"trained_until": null}', "[]", '"somewhere"']
)
def test_who_does_not_say_until_when_it_was_trained_is_refused(
    session, versions, provenance, place
):
    given = list(versions)
    given[place] = said_of(session, versions[place], provenance)

    refused = session.refusal(COMPARE, CUSTOMERS, *given, SINCE)

    assert refused.sqlstate == "55000"
    assert refused.message == (
        f"model version {given[place]} does not say until when what it was trained on "
        "was known"
    )
    assert "--trained-until" in refused.hint


def test_a_version_for_another_table_is_refused(session, versions):
    create_tables(session)
    attach(session)

    refused = session.refusal(COMPARE, CLIENTS[0], *versions, SINCE)

    assert refused.sqlstate == "22023"
    assert refused.message == f"model version {versions[0]} is not for company.clients"
    assert refused.detail == "It is for churn.customers."


def test_a_version_that_was_deleted_is_refused(session, versions):
    frame, left = customers(1)
    log(session, frame, left, [0.1], versions[1], at="now", keys=["10000"])
    session.run("SELECT churn.delete_model(%s)", versions[1])

    refused = session.refusal(COMPARE, CUSTOMERS, *versions, SINCE)

    assert refused.sqlstate == "55000"
    assert refused.message.startswith(f"model version {versions[1]} was deleted on ")


@pytest.mark.parametrize("version", [None, 999_999])
def test_a_version_that_is_not_there_is_refused(session, versions, version):
    refused = session.refusal(COMPARE, CUSTOMERS, versions[0], version, SINCE)

    assert refused.sqlstate == "22023"
    assert refused.message.startswith(f"model version {version or 'null'} does not")


def test_nothing_mature_is_refused(session):
    version = version_of(session, default_model())
    frame, left = customers(20)
    log(session, frame, left, np.full(20, 0.1), version, at="now")

    refused = session.refusal(COMPARE, CUSTOMERS, version, version, SINCE)

    assert refused.sqlstate == "55000"
    assert refused.message == "no customer's outcome is known"
    assert "churn.matured" in refused.hint


@pytest.mark.parametrize("all_left, said", [(True, "left"), (False, "stayed")])
def test_customers_who_all_left_or_all_stayed_tell_nothing(session, all_left, said):
    version = version_of(session, default_model())
    frame, _ = customers(1_500)
    log(session, frame, np.full(1_500, all_left), np.full(1_500, 0.1), version)

    refused = session.refusal(COMPARE, CUSTOMERS, version, version, SINCE)

    assert refused.sqlstate == "55000"
    assert refused.message == f"all 1,500 customers {said}"


@pytest.mark.parametrize(
    "options, message",
    [
        ({"since": None}, "since must be a time"),
        ({"since": "infinity"}, "since must be a time"),
        ({"material": -0.1}, "material must be at least 0"),
        ({"material": float("nan")}, "material must be at least 0"),
        ({"material": None}, "material must be at least 0"),
        ({"expected": 0}, "expected must be at least 1"),
        ({"confidence": 1}, "confidence must be between 0 and 1"),
        ({"confidence": 95}, "confidence must be between 0 and 1"),
        ({"confidence": float("nan")}, "confidence must be between 0 and 1"),
        ({"thresholds": [0.5, 1.5]}, "thresholds must be more than 0, and at most 1"),
        ({"thresholds": [None]}, "thresholds must be more than 0, and at most 1"),
        ({"acted_upon": None}, "acted_upon must be true or false"),
    ],
)
def test_what_no_comparison_takes_is_refused(session, versions, options, message):
    given = {"since": SINCE, **options}
    named = ", ".join(f"{name} => %s" for name in given)

    refused = session.refusal(
        f"SELECT churn.compare(%s::regclass, %s, %s, {named})",
        *(CUSTOMERS, *versions, *given.values()),
    )

    assert (refused.sqlstate, refused.message) == ("22023", message)
    assert refused.hint


@pytest.mark.parametrize("key_type", ["public.citext", "text COLLATE company.nocase"])
def test_two_spellings_of_a_key_are_one_customer(session, key_type):
    session.run(
        "CREATE EXTENSION IF NOT EXISTS citext SCHEMA public; CREATE SCHEMA company;"
        "CREATE COLLATION company.nocase (provider = icu, locale = 'und-u-ks-level2',"
        " deterministic = false)"
    )
    create_tables(session, key_type=key_type)
    attach(session)
    profile = CLIENTS[0]
    model = fit({"usage": "number", "plan": "text"})
    version = version_of(session, model, profile=profile, key="id")
    rows = [{"usage": float(i), "plan": "abc"[i % 3]} for i in range(80)]
    frame = customers(80)[0].assign(
        usage=[row["usage"] for row in rows], plan=[row["plan"] for row in rows]
    )[["usage", "plan"]]
    left = np.arange(80) % 2 == 0
    for spell, score in ((str.upper, 0.5), (str.lower, 0.9)):
        keys = [spell(f"Key {i}") for i in range(80)]
        at = {0.5: "2025-03-02Z", 0.9: "2025-03-03Z"}[score]
        log(
            *(session, frame, left if score == 0.5 else [], [score] * 80, version),
            at=at,
            profile=profile,
            keys=keys,
        )

    found = compare(session, version, version, profile=profile)

    assert found["log_loss"]["n"] == 80
    assert found["brier_score"]["of_champion"] == 0.25


def test_long_texts_are_no_segments(session, versions):
    session.run("DELETE FROM churn.predictions")
    frame, left = customers(ROWS)
    long = frame.assign(contract=[f"{i % 3} " + "x" * 900 for i in range(ROWS)])
    log(session, long, left, np.full(ROWS, 0.1), versions[0])

    worst = compare(session, *versions)["worst_segment"]

    assert len(worst["detail"]) < 200


@pytest.mark.parametrize("role", ["churn_loader", "churn_scorer"])
def test_who_reads_scores_may_compare(session, versions, role):
    with session.role(role):
        assert compare(session, *versions)["log_loss"]["n"] == ROWS


def test_others_may_not_compare(session, versions):
    with session.role("churn_application"):
        refused = session.refusal(COMPARE, CUSTOMERS, *versions, SINCE)
    assert refused.sqlstate == "42501"


def test_numbers_that_json_writes_as_texts_are_read(session, versions):
    frame, left = customers(2)
    keys = ["10001", "10002"]
    log(session, frame, left, [0.1, 0.2], versions[0], keys=keys)
    values = {"age": "NaN", "complaint_count": 3, "paperless_billing": None}
    session.run(
        "UPDATE churn.predictions SET features = (features::jsonb || %s::jsonb)::json"
        " WHERE key IN ('10001', '10002')",
        json.dumps(values),
    )

    assert compare(session, *versions)["log_loss"]["n"] == ROWS + 2

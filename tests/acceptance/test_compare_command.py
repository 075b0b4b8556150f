"""Which of two versions does better, as `pgchurn compare` tells it."""

import json

import pytest
from pgchurn.loader.command_line import main

from tests.comparing import SINCE, customers, log, trained_model, version_of
from tests.models import default_model


@pytest.fixture
def compare(owner, empty_database, capsys):
    """Run `pgchurn compare` on two versions; return its status and what it prints."""
    frame, left = customers(1_000)
    versions = [
        str(version_of(owner, model)) for model in (default_model(), trained_model())
    ]
    scores = default_model().probabilities(frame)
    log(owner, frame, left, scores, int(versions[0]))

    def run(*arguments, turned=False):
        capsys.readouterr()
        given = versions[::-1] if turned else versions
        command = ["compare", "--database-url", empty_database.url, *given]
        status = main([*command, "--since", SINCE, *arguments])
        return status, capsys.readouterr()

    return run


def test_the_verdict_is_in_the_first_line_and_every_figure_below(compare):
    status, printed = compare()

    assert status == 0
    first, _, header, *lines = printed.out.splitlines()
    assert first == "challenger better"
    assert header.split() == (
        "name of_champion of_challenger difference lower upper n".split()
    )
    names = [line.split("  ")[0] for line in lines[1:7]]
    assert names == [
        *("log_loss", "roc_auc", "brier_score", "calibration_in_the_large"),
        *("flip_rate at 0.5", "worst_segment"),
    ]
    assert lines[-6].startswith("log_loss: 1")
    assert "of 1,000 customers left; bounds hold at all times at once" in lines[-6]


def test_json_has_the_verdict_and_the_evidence(compare):
    _, printed = compare("--format", "json", "--threshold", "0.2", "--threshold", "0.7")

    result = json.loads(printed.out)
    assert result["verdict"] == "challenger better"
    assert result["evidence"][0]["verdict"] == "challenger better"
    assert [row["name"] for row in result["evidence"]][-3:] == [
        "flip_rate at 0.2",
        "flip_rate at 0.7",
        "worst_segment",
    ]


@pytest.mark.parametrize(
    "arguments, turned, status",
    [
        ((), True, 0),
        (("--require", "better"), False, 0),
        (("--require", "better"), True, 1),
        (("--require", "not-worse"), False, 0),
        (("--require", "not-worse"), True, 1),
        # Whatever is found is immaterial.
        (("--require", "better", "--material", "9"), False, 1),
        (("--require", "not-worse", "--material", "9"), True, 0),
    ],
)
def test_the_status_says_what_is_required(compare, arguments, turned, status):
    assert compare(*arguments, turned=turned)[0] == status


def test_what_is_refused_is_told_with_what_to_do(compare):
    status, printed = compare("--since", "2025-02-01T00:00:00+00:00")

    assert status == 1
    assert "was trained on what was known until 2025-02-28" in printed.err
    assert "HINT:  Pass a later time than 2025-02-28" in printed.err


def test_without_those_acted_upon_they_do_not_count(compare, owner):
    owner.run(
        "INSERT INTO churn.actions (attachment_id, key, action, at)"
        " SELECT 1, i, 'call', %s::timestamptz + interval '1 day'"
        " FROM generate_series(1, 100) i",
        SINCE,
    )

    _, printed = compare("--without-acted-upon", "--format", "json")

    first, second, *_ = json.loads(printed.out)["evidence"]
    assert (first["n"], second["n"]) == (900, 1_000)
    assert second["name"] == "log_loss_with_acted_upon"

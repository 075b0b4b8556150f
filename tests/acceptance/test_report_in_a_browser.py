"""Reports as Chromium shows them: no overflow, no missing label, nothing that runs."""

from dataclasses import replace
from html import escape

import numpy as np
import pytest
from pgchurn.loader.reports.evidence import Evidence
from pgchurn.loader.reports.monitored import Monitored
from pgchurn.loader.reports.page import POLICY
from pgchurn.loader.reports.parts import Missing

from tests import browser, reports

pytestmark = pytest.mark.slow(reason="starts Chromium")

ATTACK = "'\"><img src=x onerror=parent.hasRun=1><script>parent.hasRun=1</script>"
LONG = "W" * 63
RIGHT_TO_LEFT = "\u202egnp.txt\u202c עמודה \u2066"
NOTHING_KNOWN = Missing("No customer with a score has a value in churned.")
WHY_NOT = Missing("The server says: model version 7 has no explanation.")
FLATTERING = Evidence(
    reports.outcomes(300), False, "churned", "The curves flatter the model."
)


def named(name):
    """Return a report in which a name stands wherever a table can have one."""
    features = (name, f"{name} 2", f"{name} 3")
    values = {features[0]: None, features[1]: name * 20, features[2]: name}
    explained = reports.explained(features=features, values=values)
    explained.keys[:] = [name * 40] * len(explained.keys)
    version = reports.version(features, profile=name, registered_by=name)
    version.row["provenance"] |= {
        "algorithm": name,
        "label": name,
        "left_out": {name: name * 30},
        "file": f"/home/ann/{name}",
        "average": {
            "members": [{"algorithm": name * i, "weight": 0.5} for i in (1, 2)]
        },
        "comparison": {"scores": [{"algorithm": name}] * 3},
    }
    version.row["environment"][name] = name
    version.row["signature"]["classes"] = [name, name * 3]
    version.decisions[0]["deployed_by"] = name
    return reports.report(
        features=features,
        version=version,
        explained=explained,
        scored=reports.scored([0.1, np.nan, 0.2], problems=(name * 50,)),
        evidence=Evidence(reports.outcomes(300), False, name, "They flatter it."),
    )


def of_few(rows):
    """Return a report on a table of few rows."""
    few = reports.outcomes(rows)
    return reports.report(
        scored=reports.scored(few.scores),
        evidence=Evidence(few, False, "churned", "They flatter it."),
        explained=reports.explained(rows),
    )


def constant():
    """Return a report on a model that gives everybody the same score."""
    same = reports.Outcomes(np.array([0.3]), np.array([40]), np.array([10]))
    explained = reports.explained()
    explained.points[:] = 0
    explained.scores[:] = 0.3
    return reports.report(
        scored=reports.scored([0.3] * 40),
        evidence=Evidence(same, True, "churned", ""),
        explained=explained,
        summaries=[reports.FeatureSummary("contract", 0.0, None, None)],
    )


def of_few_customers():
    """Return what was measured of windows too small to tell anything."""
    told = reports.monitored()
    nothing = {"estimated": None, "lower": None, "upper": None, "verdict": "too few"}
    return Monitored([replace(one, **nothing) for one in told.estimates], [], [])


def wide():
    """Return a report on a model of 200 features."""
    features = tuple(f"feature_number_{i}_of_many" for i in range(200))
    return reports.report(features=features)


MADE = {
    "everything": reports.report,
    "flattering": lambda: reports.report(evidence=FLATTERING),
    "the registry alone": lambda: reports.report(
        version=reports.version(provenance={}, metrics={}, environment={}),
        scored=Missing("Its table is not attached any more."),
        evidence=NOTHING_KNOWN,
        summaries=WHY_NOT,
        explained=WHY_NOT,
        monitored=WHY_NOT,
    ),
    "of strange metrics": lambda: reports.report(
        version=reports.version(provenance=[], metrics="none", environment=None),
        evidence=NOTHING_KNOWN,
    ),
    "without explanation": lambda: reports.report(summaries=WHY_NOT, explained=WHY_NOT),
    "of importance alone": lambda: reports.report(
        summaries=[reports.FeatureSummary("contract", None, 0.1, "two year")],
        explained=WHY_NOT,
    ),
    "without outcomes": lambda: reports.report(evidence=NOTHING_KNOWN),
    "without keys": lambda: reports.report(explained=reports.explained(keys=False)),
    "three rows": lambda: of_few(3),
    "no rows": lambda: reports.report(
        scored=reports.scored([]),
        evidence=NOTHING_KNOWN,
        explained=Missing("There is no customer with a score to explain."),
    ),
    "no scores": lambda: reports.report(
        scored=reports.scored([np.nan] * 5, problems=("WARNING:  a value is missing",)),
        evidence=NOTHING_KNOWN,
        explained=Missing("There is no customer with a score to explain."),
    ),
    "constant": constant,
    "wide": wide,
    "never monitored": lambda: reports.report(monitored=Monitored([], [], [])),
    "monitored once": lambda: reports.report(monitored=reports.monitored(windows=1)),
    "monitored for three months": lambda: reports.report(
        monitored=reports.monitored(windows=3)
    ),
    "of one mature cohort": lambda: reports.report(
        monitored=reports.monitored(windows=4)
    ),
    "monitored daily": lambda: reports.report(monitored=reports.monitored(windows=120)),
    "of few customers": lambda: reports.report(monitored=of_few_customers()),
    "a sample": lambda: reports.report(scored=reports.scored([0.2, 0.4], 10**9)),
    "attacked": lambda: named(ATTACK),
    "missing by name": lambda: reports.report(
        evidence=Missing(f"No value in {ATTACK}{RIGHT_TO_LEFT}{LONG}."),
        explained=Missing(f"The server says: {ATTACK * 40}."),
    ),
    "long": lambda: named(LONG),
    "right to left": lambda: named(RIGHT_TO_LEFT),
    "empty": lambda: named(""),
}


@pytest.fixture(scope="module")
def made():
    return {name: make() for name, make in MADE.items()}


@pytest.fixture(scope="module")
def pages(made):
    if reason := browser.missing():
        pytest.skip(reason)
    return {name: report.html() for name, report in made.items()}


@pytest.fixture(scope="module", params=[1100, 700, 360])
def width(request):
    return request.param


@pytest.fixture(scope="module")
def seen(pages, width, tmp_path_factory):
    return browser.look(pages, width, tmp_path_factory.mktemp("seen"))


@pytest.mark.parametrize("name", MADE)
def test_nothing_overflows_overlaps_or_lacks_a_label(seen, name):
    found = seen[name]
    assert not found["scrolls"]
    for what in ("outside", "cutOff", "letters", "overlapping", "unlabelled"):
        assert found[what] == [], what
    assert found["notNumbers"] == []
    assert "nan" not in found["text"].lower()


@pytest.mark.parametrize("name", MADE)
def test_nothing_runs_and_nothing_is_fetched(seen, name):
    found = seen[name]
    assert not found["hasRun"]
    assert (found["links"], found["handlers"], found["scripts"]) == ([], [], 0)


@pytest.mark.parametrize("name", MADE)
def test_every_section_is_there_or_says_why_not(seen, made, name):
    assert len(seen[name]["headings"]) == 9
    of_outcomes = 0 if isinstance(made[name].evidence, Missing) else 6
    scored = made[name].scored
    of_scores = 0 if isinstance(scored, Missing) or not len(scored.known) else 1
    monitored = made[name].monitored
    over_time = 0
    if not isinstance(monitored, Missing):
        over_time = len({one.metric for one in monitored.estimates})
        over_time += 2 * bool(monitored.cohorts) + bool(monitored.drift)
    assert seen[name]["plots"] == of_outcomes + of_scores + over_time


def test_names_that_attack_do_not_run_without_the_policy_either(pages, tmp_path):
    bare = pages["attacked"].replace(escape(POLICY), "")
    assert bare != pages["attacked"]
    found = browser.look({"bare": bare}, 1100, tmp_path)["bare"]
    assert not found["hasRun"]
    assert "<script>parent.hasRun=1</script>" in found["text"]


def test_the_browser_would_tell_of_an_attack(tmp_path):
    page = "<p>harmless</p><script>parent.hasRun = 1</script>"
    assert browser.look({"page": page}, 1100, tmp_path)["page"]["hasRun"]


def test_the_browser_would_tell_of_what_overflows(tmp_path):
    page = "<p style='width: 2000px; color: #999'>wide, and faint</p>"
    found = browser.look({"page": page}, 1100, tmp_path)["page"]
    assert found["scrolls"]
    assert (len(found["outside"]), len(found["faint"])) == (1, 1)


@pytest.mark.parametrize("flags", [(), (browser.DARK,)], ids=["light", "dark"])
def test_letters_stand_out_in_light_and_in_dark_mode(pages, tmp_path, flags):
    seen = browser.look(pages, 1100, tmp_path, *flags)
    assert {name: found["faint"] for name, found in seen.items()} == dict.fromkeys(
        pages, []
    )
    colours = {found["page"] for found in seen.values()}
    assert colours == {"rgb(21, 24, 28)" if flags else "rgb(255, 255, 255)"}


@pytest.mark.parametrize("name", ["everything", "wide", "the registry alone"])
def test_it_is_printed(pages, tmp_path, name):
    pdf = browser.printed(pages[name], tmp_path, browser.DARK)
    assert pdf.startswith(b"%PDF")
    assert 1 <= pdf.count(b"/Type /Page\n") <= 20


@pytest.mark.parametrize("name", MADE)
def test_it_is_small(pages, name):
    assert len(pages[name].encode()) < 300_000

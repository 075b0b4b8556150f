"""Until when what a version was trained on was known: said when it is registered."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.models import default_model, register

FORM = "It is not an ISO 8601 time with a time zone."
READ = "SELECT churn_internal.trained_until(%s)"


def said(trained_until):
    return json.dumps({"trained_until": trained_until})


def refused(session, trained_until):
    model = default_model()
    return session.refusal(
        "SELECT churn.register_model('churn.customers', %s, %s, '{}', %s, %s, '{}',"
        " '{}')",
        model.artifact,
        json.dumps(model.signature),
        json.dumps(model.environment),
        said(trained_until),
    )


@pytest.mark.parametrize(
    "written",
    [
        "2025-06-30T22:00:00+00:00",
        "2025-06-30T22:00:00.000000Z",
        "2025-06-30 22:00Z",
        "2025-07-01T00:00:00+02",
        "2025-07-01T03:30+0530",
    ],
)
@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Auckland"])
def test_a_time_is_the_same_whatever_the_session_says(session, written, timezone):
    session.run("SELECT set_config('timezone', %s, true)", timezone)
    session.run("SET LOCAL datestyle = 'SQL, DMY'")

    epoch = session.value(f"SELECT extract(epoch FROM ({READ}))", said(written))

    assert epoch == datetime(2025, 6, 30, 22, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("provenance", ["{}", '{"trained_until": null}', "[]", '"x"'])
def test_a_version_need_not_say(session, provenance):
    assert session.value(READ, provenance) is None


def test_a_version_keeps_what_was_said(session):
    until = "2025-06-30T22:00:00+00:00"

    version = register(session, default_model(), replay={}, provenance=said(until))

    kept = "SELECT provenance FROM churn.models WHERE version = %s"
    assert session.value(kept, version) == {"trained_until": until}


@pytest.mark.parametrize(
    "trained_until, detail",
    [
        ("2025-06-30T22:00:00", FORM),
        ("2025-06-30", FORM),
        ("yesterday", FORM),
        ("-infinity", FORM),
        ("2025-06-30T22:00:00 Europe/Berlin", FORM),
        ("30.06.2025 22:00Z", FORM),
        (20250630, FORM),
        (True, FORM),
        (["2025-06-30T22:00Z"], FORM),
        ("2025-02-30T22:00Z", "There is no such time."),
        ("2025-02-28T25:00Z", "There is no such time."),
        ("2025-02-28T22:00+99", "There is no such time."),
        ("9999-02-28T22:00Z", "Nothing is known of the future yet."),
    ],
)
def test_what_is_no_time_in_the_past_is_refused(session, trained_until, detail):
    refusal = refused(session, trained_until)

    assert refusal.sqlstate == "22023"
    assert refusal.message.startswith("trained_until is ")
    assert json.dumps(trained_until) in refusal.message
    assert refusal.detail == detail
    assert "2026-01-31T00:00:00+00:00" in refusal.hint


def test_a_moment_ago_is_past_and_in_an_hour_is_not(session):
    now = session.value("SELECT clock_timestamp()")

    assert session.value(READ, said(now.isoformat())) == now
    later = (now + timedelta(hours=1)).isoformat()
    assert refused(session, later).detail == "Nothing is known of the future yet."


def test_a_long_text_is_not_quoted_whole(session):
    assert len(refused(session, "x" * 10_000).message) < 200

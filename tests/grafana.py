"""Grafana's dashboard, and what Grafana makes of the SQL of its panels."""

import json
import re

from tests.databases import CHECKOUT

DASHBOARD = CHECKOUT / "loader/dashboards/grafana-dashboard.json"
MACRO = re.compile(r"\$(__\w+)\(([^)]*)\)")
# Grafana chooses it by the time that is shown and the width of the panel.
INTERVAL, SECONDS = "1h", 3600


def dashboard():
    """Return the dashboard that is shipped."""
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


def panels():
    """Return the panels, those of collapsed rows as well, without rows."""
    found = []
    for panel in dashboard()["panels"]:
        found += [panel, *panel.get("panels", [])]
    return [panel for panel in found if panel["type"] != "row"]


def statements():
    """Return every SQL text by a name for people, with its format."""
    found = {
        f"{panel['title']}, {target['refId']}": (target["rawSql"], target["format"])
        for panel in panels()
        for target in panel["targets"]
    }
    for annotation in dashboard()["annotations"]["list"]:
        target = annotation["target"]
        name = f"annotation {annotation['name']}"
        found[name] = target["rawSql"], target["format"]
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            found[f"variable {variable['name']}"] = variable["query"], "table"
    return found


def interpolated(statement, profile, since, until):
    """Return a statement with variables and macros expanded, as Grafana does it.

    Variables come first: ``sqlstring`` doubles single quotes. What is left with a
    dollar is no macro that the data source of PostgreSQL knows.
    """
    quoted = "'" + profile.replace("'", "''") + "'"
    statement = statement.replace("${profile:sqlstring}", quoted)
    statement = statement.replace("$__interval", INTERVAL)

    def expanded(match):
        name, arguments = match[1], [part.strip() for part in match[2].split(",")]
        column = arguments[0]
        group = f"floor(extract(epoch from {column})/{SECONDS})*{SECONDS}"
        if name.startswith("__timeGroup"):
            assert arguments[1:] == [INTERVAL]
        return {
            "__timeFilter": f"{column} BETWEEN '{since}' AND '{until}'",
            "__timeFrom": f"'{since}'",
            "__timeTo": f"'{until}'",
            "__timeGroup": group,
            "__timeGroupAlias": f'{group} AS "time"',
        }[name]

    return MACRO.sub(expanded, statement)

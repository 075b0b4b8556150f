"""`pgchurn dashboard`: the files for Grafana and Prometheus."""

import json

from pgchurn.loader.command_line import main

from tests.databases import CHECKOUT

FILES = CHECKOUT / "loader/dashboards"


def test_the_files_are_written_in_place_of_those_that_are_there(tmp_path, capsys):
    folder = tmp_path / "made" / "here"
    folder.mkdir(parents=True)
    (folder / "grafana-dashboard.json").write_text("former")

    assert main(["dashboard", "-o", str(folder), "--format", "json"]) == 0

    names = sorted(path.name for path in FILES.iterdir())
    assert json.loads(capsys.readouterr().out) == [str(folder / name) for name in names]
    for path in folder.iterdir():
        assert path.read_bytes() == (FILES / path.name).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == names


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, capsys):
    (tmp_path / "file").touch()

    assert main(["dashboard", "-o", str(tmp_path / "file" / "in")]) == 1

    assert "cannot make" in capsys.readouterr().err

"""What Prometheus gets to read, by both of its parsers."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.files import replace_file
from pgchurn.loader.operations.metrics import Family, exposition
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as prometheus

ODD_NAMES = [
    'crm."Ac""counts"',
    "back\\slash",
    "line\nend",
    "\\n",
    '{a="b"} 1 # 2, 3',
    "100 %s",
    "Łódź 東京 é",
    "",
]


@pytest.mark.parametrize(
    "read", [openmetrics, prometheus], ids=["openmetrics", "prometheus"]
)
@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_label_is_read_as_it_was_written(read, name):
    text = exposition([Family("alerts", "Some.", [({"a": name, "b": "x"}, 1.5)])])

    (family,) = read(text)
    (sample,) = family.samples
    assert (family.name, family.type) == ("pgchurn_alerts", "gauge")
    assert sample.labels == {"a": name, "b": "x"}
    assert sample.value == 1.5


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.floats(allow_nan=False),
)
def test_any_label_and_any_number_is_read_as_it_was_written(label, value):
    text = exposition([Family("a", "Some.", [({"b": label}, value)])])

    for read in (openmetrics, prometheus):
        (family,) = read(text)
        (sample,) = family.samples
        assert (sample.labels["b"], sample.value) == (label, value)


def test_what_is_no_number_is_read_as_none():
    text = exposition([Family("a", "Some.", [({}, float("nan"))])])

    for read in (openmetrics, prometheus):
        (family,) = read(text)
        assert family.samples[0].value != family.samples[0].value


def test_it_ends_as_openmetrics_demands_and_has_metrics_without_samples():
    text = exposition([Family("a", "Some."), Family("b", "More.", [({"c": "d"}, 2.0)])])

    assert text == (
        "# HELP pgchurn_a Some.\n# TYPE pgchurn_a gauge\n"
        "# HELP pgchurn_b More.\n# TYPE pgchurn_b gauge\n"
        'pgchurn_b{c="d"} 2.0\n# EOF\n'
    )


def test_a_file_is_replaced_as_a_whole_and_others_may_read_it(tmp_path):
    path = tmp_path / "pgchurn.prom"
    path.write_text("former")
    before = path.stat().st_ino
    umask = os.umask(0o022)
    try:
        replace_file(path, "é\n")
    finally:
        os.umask(umask)

    assert path.read_bytes() == "é\n".encode()
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["pgchurn.prom"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder.prom").mkdir()

    with pytest.raises(LoaderError, match="cannot write .*folder.prom: Is a directory"):
        replace_file(tmp_path / "folder.prom", "text")
    with pytest.raises(LoaderError, match="No such file or directory"):
        replace_file(tmp_path / "nowhere" / "file.prom", "text")

    assert os.listdir(tmp_path) == ["folder.prom"]

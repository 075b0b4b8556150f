"""What is registered of a file that was exported now, against ONNX Runtime."""

import pytest

from tests.legitimate.onnx import KINDS
from tests.soak import exports


@pytest.mark.slow(reason="trains and exports models")
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_file_gives_what_onnx_runtime_gives(kind):
    if absent := exports.missing():
        pytest.skip(f"{', '.join(absent)} not installed: make boosters")

    found = exports.bar(kind, exports.SEEDS[False], exports.ROWS[False])

    assert found.ok, found

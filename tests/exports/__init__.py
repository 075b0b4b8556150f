"""Small ONNX files of binary classifiers, as exporters write them, and refused ones.

``python -m tests.exports`` makes them, with the libraries of the extras ``boosters``
and ``exports``. They are kept, so that the tests need none; ``tests.legitimate.onnx``
reads them, and ONNX Runtime, which pgchurn needs anyway, says what they give.
"""

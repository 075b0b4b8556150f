"""Reading ONNX files of binary classifiers, without ONNX's own library."""

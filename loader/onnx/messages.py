"""The messages of an ONNX file, by the numbers that onnx.proto gives their fields.

See https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from pgchurn.loader.onnx.protobuf import Field, Schema

TEXT_PAIR = Schema({1: Field("key", "text"), 2: Field("value", "text")})
PAIRS = Field("metadata_props", TEXT_PAIR, repeated=True)

DIMENSION = Schema(
    {
        1: Field("dim_value", "whole"),
        2: Field("dim_param", "text"),
        3: Field("denotation", "text"),
    }
)
SHAPE = Schema({1: Field("dim", DIMENSION, repeated=True)})
TENSOR_TYPE = Schema({1: Field("elem_type", "whole"), 2: Field("shape", SHAPE)})
TYPE = Schema(
    {
        1: Field("tensor_type", TENSOR_TYPE),
        4: Field("sequence_type", "skipped"),
        5: Field("map_type", "skipped"),
        6: Field("denotation", "text"),
        7: Field("opaque_type", "skipped"),
        8: Field("sparse_tensor_type", "skipped"),
        9: Field("optional_type", "skipped"),
    }
)
VALUE = Schema(
    {
        1: Field("name", "text"),
        2: Field("type", TYPE),
        3: Field("doc_string", "text"),
        4: PAIRS,
    }
)
TENSOR = Schema(
    {
        1: Field("dims", "whole", repeated=True),
        2: Field("data_type", "whole"),
        3: Field("segment", "skipped"),
        4: Field("float_data", "float", repeated=True),
        5: Field("int32_data", "whole", repeated=True),
        6: Field("string_data", "text", repeated=True),
        7: Field("int64_data", "whole", repeated=True),
        8: Field("name", "text"),
        9: Field("raw_data", "bytes"),
        10: Field("double_data", "double", repeated=True),
        11: Field("uint64_data", "whole", repeated=True),
        12: Field("doc_string", "text"),
        13: Field("external_data", "skipped", repeated=True),
        14: Field("data_location", "whole"),
        16: PAIRS,
    }
)
ATTRIBUTE = Schema(
    {
        1: Field("name", "text"),
        2: Field("f", "float"),
        3: Field("i", "whole"),
        4: Field("s", "text"),
        5: Field("t", TENSOR),
        6: Field("g", "skipped"),
        7: Field("floats", "float", repeated=True),
        8: Field("ints", "whole", repeated=True),
        9: Field("strings", "text", repeated=True),
        10: Field("tensors", "skipped", repeated=True),
        11: Field("graphs", "skipped", repeated=True),
        13: Field("doc_string", "text"),
        14: Field("tp", "skipped"),
        15: Field("type_protos", "skipped", repeated=True),
        20: Field("type", "whole"),
        21: Field("ref_attr_name", "text"),
        22: Field("sparse_tensor", "skipped"),
        23: Field("sparse_tensors", "skipped", repeated=True),
    }
)
NODE = Schema(
    {
        1: Field("input", "text", repeated=True),
        2: Field("output", "text", repeated=True),
        3: Field("name", "text"),
        4: Field("op_type", "text"),
        5: Field("attribute", ATTRIBUTE, repeated=True),
        6: Field("doc_string", "text"),
        7: Field("domain", "text"),
        8: Field("overload", "text"),
        9: PAIRS,
        10: Field("device_configurations", "skipped", repeated=True),
    }
)
GRAPH = Schema(
    {
        1: Field("node", NODE, repeated=True),
        2: Field("name", "text"),
        5: Field("initializer", TENSOR, repeated=True),
        10: Field("doc_string", "text"),
        11: Field("input", VALUE, repeated=True),
        12: Field("output", VALUE, repeated=True),
        13: Field("value_info", VALUE, repeated=True),
        14: Field("quantization_annotation", "skipped", repeated=True),
        15: Field("sparse_initializer", "skipped", repeated=True),
        16: PAIRS,
    }
)
OPERATOR_SET = Schema({1: Field("domain", "text"), 2: Field("version", "whole")})
MODEL = Schema(
    {
        1: Field("ir_version", "whole"),
        2: Field("producer_name", "text"),
        3: Field("producer_version", "text"),
        4: Field("domain", "text"),
        5: Field("model_version", "whole"),
        6: Field("doc_string", "text"),
        7: Field("graph", GRAPH),
        8: Field("opset_import", OPERATOR_SET, repeated=True),
        14: PAIRS,
        20: Field("training_info", "skipped", repeated=True),
        25: Field("functions", "skipped", repeated=True),
        26: Field("configuration", "skipped", repeated=True),
    }
)

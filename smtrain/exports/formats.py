"""The formats of export. Light: help reads it before anything is loaded."""

# Each with its module in this package.
FORMATS = {
    "json": "json_document",
    "python": "python_module",
    "sql": "sql",
    "onnx": "onnx",
    "c": "c",
    "pmml": "pmml",
    "jsonschema": "json_schema",
    "frictionless": "frictionless",
}

"""Programs from ONNX files."""

"""The float model of a run for a CPU: its ONNX file, and how long onnxruntime takes with it."""

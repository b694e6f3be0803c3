"""Export: a trained model as one QONNX file that carries its operators' meaning."""

from triggernet.deployment.export.model import export_model
from triggernet.deployment.export.onnx_file import inlined, to_onnx
from triggernet.deployment.export.run import Export, export_float, export_run, float_project
from triggernet.deployment.export.write import Written, write_export

__all__ = [
    "Export",
    "Written",
    "export_float",
    "export_model",
    "export_run",
    "float_project",
    "inlined",
    "to_onnx",
    "write_export",
]

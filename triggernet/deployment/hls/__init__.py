"""HLS C++ of a program: hls4ml projects, written whole and simulated exactly."""

from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.hls.firmware import firmware_files, generate_project, write_project
from triggernet.deployment.hls.sanitise import undefined_behaviour
from triggernet.deployment.hls.simulation import FirmwareSimulator, build, run, simulate

__all__ = [
    "FirmwareSimulator",
    "HlsConfig",
    "build",
    "firmware_files",
    "generate_project",
    "run",
    "simulate",
    "undefined_behaviour",
    "write_project",
]

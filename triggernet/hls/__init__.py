"""HLS C++ of a program: hls4ml projects, written whole and simulated exactly."""

from triggernet.hls.config import HlsConfig
from triggernet.hls.project import Project, Vectors, edited_files, generate_project, write_project
from triggernet.hls.simulation import Simulator, build, run, simulate

__all__ = [
    "HlsConfig",
    "Project",
    "Simulator",
    "Vectors",
    "build",
    "edited_files",
    "generate_project",
    "run",
    "simulate",
    "write_project",
]

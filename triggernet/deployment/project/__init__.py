"""The project folder: what lies in it, who wrote it, whether it is as it was written."""

from triggernet.deployment.project.generated import Generated, generated
from triggernet.deployment.project.project import Project, load_project
from triggernet.deployment.project.record import Record, read_record
from triggernet.deployment.project.vectors import Vectors

__all__ = [
    "Generated",
    "Project",
    "Record",
    "Vectors",
    "generated",
    "load_project",
    "read_record",
]

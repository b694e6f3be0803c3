"""A project as text, before it is written: its files, their digest, its record."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.project.layout import RECORD
from triggernet.deployment.project.record import record_text
from triggernet.files import new_folder, write_files
from triggernet.results import digest_of
from triggernet.version import __version__

# By the key of the record that holds the settings: what generated that firmware.
TOOLS = {"config": "hls4ml", "rtl": "da4ml"}


@dataclass(frozen=True)
class Generated:
    """A generated project: the content of its files by their path, and the digest of them all."""

    files: Mapping[str, bytes]
    digest: str

    def write(
        self,
        folder: Path,
        *,
        beside: Mapping[str, bytes] | None = None,
        overwrite: bool = False,
        keep: Sequence[Path] = (),
    ) -> None:
        """Write it, whole or not at all.

        Parameters
        ----------
        folder : Path
        beside : mapping of str to bytes, optional
            Copies of other people's files, by their path; the record does not list them.
        overwrite : bool
            Replace a project or an export that lies there.
        keep : sequence of Path
            Folders that must survive: what the project is made from.

        Raises
        ------
        UsageError
            As `triggernet.files.new_folder`.
        """
        with new_folder(folder, overwrite, keep) as temporary:
            write_files(temporary, {**self.files, **(beside or {})})


def generated(program: str, files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Generated:
    """A project of these files, with its record.

    Parameters
    ----------
    program : str
        Name of the program.
    files : mapping of str to bytes
        All files but the record, by their path.
    settings : mapping
        ``config`` of the HLS firmware, ``rtl`` of the Verilog, as far as there is any.
    """
    digest = digest_of(files)
    made = {tool: importlib.metadata.version(tool) for k, tool in TOOLS.items() if k in settings}
    record = record_text(
        {
            "program": program,
            **settings,
            "versions": {"triggernet": __version__, **made},
            "digest": digest,
            "files": {path: hashlib.sha256(content).hexdigest() for path, content in files.items()},
        }
    )
    return Generated(dict(sorted({**files, RECORD: record.encode()}.items())), digest)

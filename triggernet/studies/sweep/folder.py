"""The folder of a study: what it is, its storage, and which of its trials are under way.

``study.yaml`` the configuration; ``study.json`` versions and the digest of the jets;
``journal.log`` Optuna's storage; ``workers/`` a file for each trial under way, locked by the
process that runs it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.config import dump_config
from triggernet.errors import UsageError
from triggernet.extras import version_of
from triggernet.files import (
    make_folder,
    provenance,
    read_json,
    refuse_existing,
    write_json,
    write_text,
)
from triggernet.locks import in_turn
from triggernet.schema import VERSION, refuse_newer
from triggernet.studies.sweep.config import StudyConfig, load_study_config
from triggernet.studies.sweep.measures import MEASURES
from triggernet.studies.sweep.storage import PURPOSE, open_storage, optuna_module
from triggernet.writing import writing

if TYPE_CHECKING:
    import optuna

CONFIG, ABOUT, JOURNAL, WORKERS = "study.yaml", "study.json", "journal.log", "workers"
FORMAT = 1
NAME = "study"


@dataclass(frozen=True)
class StudyFolder:
    """A study on disk.

    Attributes
    ----------
    path : Path
    config : StudyConfig
    about : mapping
        Versions, and the digest of the jets by the name of their file.
    """

    path: Path
    config: StudyConfig
    about: Mapping[str, Any]

    def storage(self) -> optuna.Study:
        """Optuna's side of it."""
        module = optuna_module()
        storage = open_storage(self.path / JOURNAL)
        with writing(self.path):
            try:
                study: optuna.Study = module.load_study(study_name=NAME, storage=storage)
            except KeyError:  # it has just begun
                directions = [MEASURES[name].direction for name in self.config.objectives]
                study = module.create_study(study_name=NAME, storage=storage, directions=directions)
        return study

    def alone(self) -> AbstractContextManager[None]:
        """Keep other processes from beginning a trial for the time of a block."""
        return in_turn(self.path / ".begin.lock")

    @contextmanager
    def worker(self) -> Iterator[str]:
        """Give a name for a trial under way; while the block runs, `is_alive` knows it."""
        token = secrets.token_hex(8)
        place = self.path / WORKERS / token
        make_folder(place.parent)
        with writing(place):
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield token
        finally:
            with suppress(OSError):
                place.unlink()
            os.close(descriptor)

    def is_alive(self, token: str) -> bool:
        """Whether the process of a trial still runs, wherever; its file goes if not."""
        place = self.path / WORKERS / token
        try:
            descriptor = os.open(place, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            place.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)


def open_study(path: Path) -> StudyFolder:
    """A study that `begin_study` began.

    Raises
    ------
    UsageError
        If the folder holds none, or one of a later version.
    """
    if not (path / ABOUT).is_file() or not (path / JOURNAL).is_file():
        raise UsageError(
            f"{path} is no study: it has no {ABOUT} or no {JOURNAL}; give a folder that "
            "`triggernet sweep` wrote"
        )
    about = read_json(path / ABOUT, UsageError)
    refuse_newer(about, FORMAT, str(path / ABOUT), UsageError)
    return StudyFolder(path, load_study_config(path / CONFIG), about)


def begin_study(path: Path, config: StudyConfig, inputs: Mapping[str, str]) -> StudyFolder:
    """Make the folder of a study, or check that the one there is of this very study.

    Parameters
    ----------
    path : Path
    config : StudyConfig
    inputs : mapping of str to str
        SHA-256 digests of the files read, by name.

    Raises
    ------
    UsageError
        If the folder holds something else, or a study of another configuration, other jets or
        other versions.
    """
    about = _about(inputs)
    if not (path / ABOUT).exists():
        refuse_existing(path)
        make_folder(path)
        write_text(path / CONFIG, dump_config(config))
        write_json(path / ABOUT, about)
        return StudyFolder(path, config, about)
    kept = read_json(path / ABOUT, UsageError)
    refuse_newer(kept, FORMAT, str(path / ABOUT), UsageError)
    for key in ("inputs", "packages", "triggernet"):
        if kept.get(key) != about[key]:
            raise UsageError(
                f"{path} was begun with other {key}: {kept.get(key)}, now {about[key]}; go on with "
                "the same ones, or begin a new study in another folder"
            )
    _refuse_other(path, config)
    return StudyFolder(path, config, kept)


def _refuse_other(path: Path, config: StudyConfig) -> None:
    """The number of trials and the training in full may change from command to command."""
    before = load_study_config(path / CONFIG)
    same = replace(before, trials=config.trials, full=config.full)
    if dump_config(same) != dump_config(config):
        raise UsageError(
            f"{path / CONFIG} differs from the study given; go on with the same one, or begin a "
            "new study in another folder"
        )


def _about(inputs: Mapping[str, str]) -> dict[str, Any]:
    about = provenance()
    packages = about["packages"] | {"optuna": version_of("optuna", PURPOSE)}
    return about | {VERSION: FORMAT, "inputs": dict(inputs), "packages": packages}

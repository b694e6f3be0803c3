"""What may be overwritten: only what triggernet wrote, and nothing that is still needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from triggernet.cli import main
from triggernet.errors import UsageError
from triggernet.files import new_folder, refuse_existing, to_json
from triggernet.ownership import MADE, SIGNS, foreign_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two listed files, with results of later commands."""
    return filled(
        tmp_path / "work" / "project",
        {
            "triggernet.json": to_json({"files": {"program.json": "", "rtl/src/tagger.v": ""}}),
            "program.json": "{}",
            "rtl/src/tagger.v": "module tagger; endmodule",
            "agreement.json": "{}",
            ".cosim.json.17.0123abcd.tmp.json": "{",
            "rtl/alternatives.png": "",
            "rtl/build/plain/Vdut": "",
            "firmware/ap_types/hls_math.h": "",
        },
    )


def filled(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def replace(folder: Path, keep: tuple[Path, ...] = ()) -> None:
    with new_folder(folder, overwrite=True, keep=keep) as temporary:
        (temporary / "new").write_text("new")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def check_refused(folder: Path, message: str, keep: tuple[Path, ...] = ()) -> None:
    """Overwriting must be refused with this message and change nothing."""
    before = contents(folder.resolve())
    with pytest.raises(UsageError, match=message) as caught:
        replace(folder, keep)
    assert "\n" not in str(caught.value)
    assert contents(folder.resolve()) == before


def test_a_project_with_results_is_replaced(project: Path) -> None:
    assert list(foreign_files(project)) == []
    replace(project)
    assert contents(project) == {"new": b"new"}
    assert list(project.parent.iterdir()) == [project]


def test_an_export_without_a_record_is_replaced(tmp_path: Path) -> None:
    folder = filled(tmp_path / "export", dict.fromkeys([*SIGNS, "checkpoint.pt"], ""))
    replace(folder)
    assert contents(folder) == {"new": b"new"}


@pytest.mark.parametrize(
    "foreign",
    [
        "notes.txt",
        "report.html",
        "rtl/src/mine.v",
        "rtl/vivado/placed.dcp",
        "tagger_prj/solution1/syn/report/tagger_csynth.xml",
        "firmware/ap_types/mine.txt",
        ".git/HEAD",
    ],
)
def test_files_of_somebody_else_are_named_and_kept(project: Path, foreign: str) -> None:
    filled(project, {foreign: "precious"})
    check_refused(project, rf"triggernet did not write {re.escape(foreign)} in it; move them")


def test_only_the_first_of_many_files_are_named(project: Path) -> None:
    filled(project, {f"data/{k}": "" for k in range(9)})
    check_refused(project, "write data/0, data/1, data/2, data/3, data/4 and more in it")


@pytest.mark.parametrize(
    "files",
    [
        {"thesis.tex": "ten years"},
        {"config.yaml": "", "checkpoint.pt": "", "float.pt": "", "metrics.json": "{}"},  # a run
        {"triggernet.json": "[]", "a": ""},
        {"triggernet.json": "{" * 100_000, "a": ""},
        {"triggernet.json": "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")},
    ],
    ids=["home", "run", "list", "nested", "binary"],
)
def test_what_is_no_project_is_kept(tmp_path: Path, files: dict[str, str]) -> None:
    check_refused(filled(tmp_path / "folder", files), "has no triggernet.json and is nothing that")


@pytest.mark.parametrize("place", ["project", "project/run", "project/runs/best"])
def test_the_input_and_what_holds_it_are_kept(project: Path, place: str) -> None:
    run = project.parent / place
    run.mkdir(parents=True, exist_ok=True)
    check_refused(project, "it (is|holds) the input; name a new folder", (run,))


def test_the_input_is_found_behind_links(project: Path) -> None:
    (project.parent / "link").symlink_to(project)
    check_refused(project.parent / "link", "it is the input", (project,))
    check_refused(project, "it is the input", (project.parent / "link",))


@pytest.mark.parametrize(
    ("inside", "folder", "message"),
    [
        (".", ".", r"folder \.: it is the current folder"),
        ("rtl/src", "../..", r"folder \.\./\.\.: it holds the current folder"),
    ],
)
def test_the_current_folder_is_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch, inside: str, folder: str, message: str
) -> None:
    monkeypatch.chdir(project / inside)
    check_refused(Path(folder), message)


def test_an_empty_current_folder_is_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"\.: it is the current folder; name a new folder"):
        refuse_existing(Path())
    assert main(["export", "nowhere", "--out", "."]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot write the folder .: it is the current folder; name a new folder" in said


@pytest.mark.parametrize("home", ["project", "project/user"])
def test_the_home_folder_is_kept(project: Path, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.setenv("HOME", str(project.parent / home))
    check_refused(project, "it (is|holds) the home folder")


def test_a_link_to_a_project_stays_a_link(project: Path) -> None:
    link = project.parent / "link"
    link.symlink_to(project)
    replace(link)
    assert link.is_symlink()
    assert contents(project) == {"new": b"new"}


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("link", "loop"):
        with pytest.raises(UsageError, match="is a symbolic link to .* does not exist; remove the"):
            refuse_existing(tmp_path / name)


def linked_folder(project: Path, data: Path) -> None:
    (project / "data").symlink_to(data)


def linked_sources(project: Path, data: Path) -> None:
    (project / "rtl" / "src" / "tagger.v").unlink()
    (project / "rtl" / "src").rmdir()
    (project / "rtl" / "src").symlink_to(data)


@pytest.mark.parametrize(
    ("link", "name"), [(linked_folder, "data"), (linked_sources, "rtl/src")], ids=["new", "own"]
)
def test_links_inside_are_no_files_of_ours(
    project: Path, tmp_path: Path, link: Callable[[Path, Path], None], name: str
) -> None:
    data = filled(tmp_path / "data", {"tagger.v": "precious"})
    link(project, data)
    check_refused(project, f"triggernet did not write {name} in it")


def test_a_file_that_comes_while_the_folder_is_filled_is_kept(project: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"triggernet did not write notes\.txt in it"),
        new_folder(project, overwrite=True),
    ):
        filled(project, {"notes.txt": "precious"})
    assert (project / "notes.txt").read_text() == "precious"


def test_the_command_names_the_file_before_it_loads_the_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(project, {"notes.txt": "precious"})
    assert main(["export", "nowhere", "--out", str(project), "--overwrite"]) == 2
    assert "triggernet did not write notes.txt in it; move" in capsys.readouterr().err
    assert main(["export", str(project), "--out", str(project), "--overwrite"]) == 2
    assert "it is the input" in capsys.readouterr().err


def test_patterns_are_of_files_below_the_project() -> None:
    assert not any(pattern.startswith(("/", "*", "..")) for pattern in MADE)

"""The zoo: models/ reproduces its own files, cards and hls_projects/ to the byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from triggernet.data import load_jets, sample_path
from triggernet.deployment.export import export_float, export_run, write_export
from triggernet.deployment.hls import HlsConfig
from triggernet.deployment.project.layout import MODEL, PROGRAM
from triggernet.learning.evaluation import evaluate
from triggernet.learning.training import load_run, load_run_config
from triggernet.learning.training.trainer import split_of
from triggernet.statistics import interval_text

ROOT = Path(__file__).parent.parent
ENTRIES = sorted(path.name for path in (ROOT / "models").iterdir() if path.is_dir())
PROJECTS = sorted(p.name for p in (ROOT / "hls_projects").iterdir() if p.is_dir())


def contents(folder: Path) -> dict[str, bytes]:
    built = ("build", "firmware/ap_types", "firmware/nnet_utils")
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    named = {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}
    return {n: c for n, c in named.items() if not n.startswith(built) and n != "agreement.json"}


def of_the_hlt(name: str) -> bool:
    """Whether an entry is a float model for a processor."""
    return not (ROOT / "models" / name / PROGRAM).is_file()


def of_classes(name: str) -> bool:
    """Whether an entry tells more than two classes apart."""
    return "-fiveclass-" in name


LEVEL_1 = [name for name in ENTRIES if not of_the_hlt(name)]
HLT = [name for name in ENTRIES if of_the_hlt(name)]


def test_the_zoo_has_its_first_entries() -> None:
    assert {"nanopelican-c2-n20", "nanopelican-c2-n8j"} <= set(PROJECTS) <= set(ENTRIES)
    assert sorted(p.stem for p in (ROOT / "tools" / "zoo").glob("*.yaml")) == ENTRIES


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_can_be_trained_again(name: str) -> None:
    config = load_run_config(ROOT / "tools" / "zoo" / f"{name}.yaml")
    sample = "fiveclass_test" if of_classes(name) else "toptag_generated"  # as its training jets
    split = split_of(load_jets(sample_path(sample)), config)
    assert len(split.train) + len(split.validation) == len(load_jets(sample_path(sample)))


@pytest.mark.parametrize("name", LEVEL_1)
def test_files_are_exported_from_the_run(name: str) -> None:
    export = export_run(ROOT / "models" / name)
    assert export.files[MODEL] == (ROOT / "models" / name / MODEL).read_bytes()
    assert export.files[PROGRAM] == (ROOT / "models" / name / PROGRAM).read_bytes()


@pytest.mark.parametrize("name", PROJECTS)
def test_project_is_generated_from_the_model(name: str, tmp_path: Path) -> None:
    export = export_run(ROOT / "models" / name)
    write_export(export, tmp_path / "project", hls=HlsConfig(), vendored=False)
    made, kept = contents(tmp_path / "project"), contents(ROOT / "hls_projects" / name)
    assert sorted(made) == sorted(kept)
    assert [path for path in made if made[path] != kept[path]] == []


@pytest.mark.parametrize("name", [name for name in LEVEL_1 if not of_classes(name)])
def test_card_states_what_is_measured(name: str) -> None:
    run = export_run(ROOT / "models" / name).run
    judged = evaluate(run, load_jets(sample_path("toptag_reference")))
    found = judged.as_dict()
    card = (ROOT / "models" / name / "README.md").read_text(encoding="utf-8")
    for model in ("float", "quantised"):
        m = found[model]
        area = f"{m['auc']:.4f} +- {m['auc_error']:.4f}"
        rejections = (
            interval_text(*(m[f"rejection_{percent}{end}"] for end in ("", "_low", "_high")))
            for percent in (30, 50)
        )
        line = f"| {model} | {area} | {m['accuracy']:.4f} | {' | '.join(rejections)} |"
        assert line in card
        for note in m["notes"]:
            assert f"{model} model: {note}." in card
    assert f"quantised minus float on the same jets: {judged.auc_difference.value:+.4f}" in card
    assert found["quantised"]["auc"] > found["float"]["auc"] - 0.004  # 1,000 jets: +- 0.0025
    table = [line for line in card.splitlines() if line.startswith("|")]
    generated = [line.split("|")[3] for line in table if "generated jets, ind" in line]
    first, second = (float(auc.split("+-")[0]) for auc in generated)
    assert second >= first - 0.002


@pytest.mark.parametrize("name", [name for name in LEVEL_1 if of_classes(name)])
def test_card_of_several_classes_states_what_is_measured(name: str) -> None:
    run = export_run(ROOT / "models" / name).run
    judged = evaluate(run, load_jets(sample_path("fiveclass_test"))).as_dict()
    card = (ROOT / "models" / name / "README.md").read_text(encoding="utf-8")
    for model in ("float", "quantised"):
        m = judged["classes"][model]
        accuracy = m["accuracy"]
        value, low, high = (accuracy[end] for end in ("value", "low", "high"))
        cells = [f"{value:.4f} +{high - value:.4f} -{value - low:.4f}"]
        cells.append(f"{judged[model]['auc']:.4f}")
        cells += [f"{area['value']:.4f} +- {area['error']:.4f}" for area in m["auc"].values()]
        assert f"| {model} | {' | '.join(cells)} |" in card
    assert judged["quantised"]["accuracy"] > judged["float"]["accuracy"] - 0.005


def test_both_networks_of_the_high_level_trigger_have_an_entry() -> None:
    families = {load_run_config(ROOT / "tools" / "zoo" / f"{n}.yaml").model.name for n in HLT}
    assert families == {"lundnet", "particlenet"}


@pytest.mark.parametrize("name", HLT)
def test_card_of_the_high_level_trigger_states_what_is_measured(name: str) -> None:
    folder = ROOT / "models" / name
    card = (folder / "README.md").read_text(encoding="utf-8")
    m = evaluate(load_run(folder), load_jets(sample_path("toptag_reference"))).float
    assert f"| float | {m.auc:.4f} +- {m.auc_error:.4f} | {m.accuracy:.4f} | " in card
    assert f"\n{m.n_parameters} parameters. " in card
    written = export_float(folder)
    assert hashlib.sha256(written).hexdigest() in card
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_000_000

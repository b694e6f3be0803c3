"""The physics of a report where a tagger tells several classes apart."""

from __future__ import annotations

from pathlib import Path

from triggernet.data import load_jets, sample_path, save_jets
from triggernet.learning.evaluation import evaluate
from triggernet.learning.training import load_run
from triggernet.reports.pages import as_html, as_markdown
from triggernet.reports.pages.view import view
from triggernet.reports.report import report

ROOT = Path(__file__).parents[1]


def test_several_classes_have_a_table_and_curves_of_their_own(tmp_path):
    entry = ROOT / "models" / "deepsets-fiveclass-n16"
    jets = load_jets(sample_path("fiveclass_test"), 500)
    save_jets(tmp_path / "jets.h5", jets)
    found = report(entry, data=tmp_path / "jets.h5")
    judged = evaluate(load_run(entry), jets).classes["quantised"]
    texts = {name: row[-1] for name, row in view(found).physics.rows}
    assert not [name for name in texts if "ejection" in name]
    for name in ("gluon", "quark", "w", "z", "top"):
        area = judged.areas[name]
        assert texts[f"AUC of {name}"] == f"{area.value:.4f} ± {area.error:.4f}"
    shares = view(found).physics.confusion.rows
    for k, (name, row) in enumerate(shares):
        counts = judged.confusion[k]
        assert name == judged.classes[k]
        assert row == tuple(f"{100 * n / counts.sum():.1f}" for n in counts)
    html, markdown = as_html(found), as_markdown(found)
    for name in judged.classes:
        assert f">{name}</span>" in html  # in the legend of the curves
        assert f"| AUC of {name} |" in markdown
    assert "efficiency of a class" in html
    assert "What is taken for what" in html
    assert found.as_dict()["physics"]["classes"]["quantised"] == judged.as_dict()

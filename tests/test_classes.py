"""Metrics of several classes against their definitions, counted jet by jet."""

from __future__ import annotations

import json

import numpy as np
import pytest

from triggernet.errors import DataError, UsageError
from triggernet.learning.evaluation import class_roc
from triggernet.learning.evaluation.class_roc import plot_class_roc
from triggernet.learning.tasks.classes import (
    ClassRejection,
    discriminant,
    log_odds,
    measure_classes,
)
from triggernet.learning.tasks.metrics import measure
from triggernet.statistics import efficiency, rejection, roc_area

CLASSES = ("gluon", "quark", "top")


def sample(n=600, seed=1):
    rng = np.random.default_rng(seed)
    label = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    logits = rng.normal(size=(n, 3)) + 1.3 * np.eye(3)[label]
    return np.round(4 * logits) / 4, label.astype(np.int64)  # ties, as of hardware


def probabilities(logits):
    each = np.exp(logits)
    return each / each.sum(axis=1, keepdims=True)


def test_every_figure_is_that_of_counted_jets():
    logits, label = sample()
    found = measure_classes(logits, label, CLASSES, 7)
    confusion = np.zeros((3, 3), int)
    for scores, true in zip(logits.tolist(), label, strict=True):
        confusion[true, scores.index(max(scores))] += 1
    np.testing.assert_array_equal(found.confusion, confusion)
    assert found.accuracy == efficiency(int(np.trace(confusion)), 600)
    assert (found.n_jets, found.n_parameters, found.classes) == (600, 7, CLASSES)


def test_the_auc_of_a_class_is_that_of_its_probability_against_all_others():
    logits, label = sample()
    found = measure_classes(logits, label, CLASSES, 7)
    for k, name in enumerate(CLASSES):
        # Sums of exponentials differ in the last bit where they should tie.
        p = np.round(probabilities(logits)[:, k], 12)
        difference = p[label == k][:, None] - p[label != k]
        chance = np.mean((difference > 0) + 0.5 * (difference == 0))
        assert found.areas[name].value == pytest.approx(chance, abs=1e-12)
        assert found.areas[name] == roc_area(log_odds(logits, k), (label == k).astype(int))


@pytest.mark.parametrize("at", [0.3, 0.5])
def test_the_rejection_of_a_class_takes_the_jets_of_two_classes(at):
    logits, label = sample()
    found = measure_classes(logits, label, CLASSES, 7)
    p = probabilities(logits)
    for s, signal in enumerate(CLASSES):
        for b, background in enumerate(CLASSES):
            if b == s:
                continue
            # Differences of logits are multiples of 1/4: well apart as probabilities.
            score = np.round(p[:, s] / (p[:, s] + p[:, b]), 9)
            ours = np.sort(score[label == s])[::-1]
            cut = ours[int(np.ceil(at * len(ours))) - 1]
            theirs = score[label == b]
            passing = sum(x > cut for x in theirs) + 0.5 * sum(x == cut for x in theirs)
            one = found.rejection(signal, background, at)
            assert (one.passing, one.n_background) == (passing, len(theirs))
            assert one.rejection == rejection(passing, len(theirs))
            assert (one.note is not None) == (passing < 10)
    with pytest.raises(KeyError, match="top"):
        found.rejection("top", "top", at)


def test_two_classes_are_a_binary_tagger():
    logits, label = sample()
    kept = label < 2
    logits, label = logits[kept][:, :2], label[kept]
    found = measure_classes(logits, label, CLASSES[:2], 7)
    binary = measure(discriminant(logits, 1, 0), label, 7)
    assert found.areas["quark"].value == pytest.approx(binary.auc, abs=1e-14)
    one = found.rejection("quark", "gluon", 0.3)
    assert (one.rejection.value, one.rejection.low) == (
        binary.rejection_30,
        binary.rejection_30_low,
    )


def test_log_odds_of_the_same_logits_are_the_same_in_any_order_and_place():
    others = np.random.default_rng(2).integers(-40, 40, size=(500, 6)) / 16
    logits = np.c_[np.full(500, 0.25), others]
    turned = np.c_[np.full(500, 5.25), others[:, ::-1] + 5]
    np.testing.assert_array_equal(log_odds(turned, 0), log_odds(logits, 0))


def test_ten_jets_are_not_few():
    for passing, few in ((9.5, True), (10, False)):
        one = ClassRejection("top", "quark", 0.3, rejection(passing, 50), passing, 50)
        assert (one.note is not None) == few


def test_large_logits_do_not_saturate():
    logits, label = sample()
    far = measure_classes(logits * 400, label, CLASSES, 7)
    near = measure_classes(logits, label, CLASSES, 7)
    assert far.rejections == near.rejections


def test_text_and_json_say_everything():
    logits, label = sample()
    found = measure_classes(logits, label, CLASSES, 7)
    values = json.loads(json.dumps(found.as_dict()))
    assert set(values) == {
        "classes", "n_jets", "accuracy", "auc", "rejection_30", "rejection_50", "confusion",
        "n_parameters", "notes",
    }  # fmt: skip
    one = values["rejection_30"]["top"]["gluon"]
    expected = found.rejection("top", "gluon", 0.3)
    assert (one["value"], one["low"]) == (expected.rejection.value, expected.rejection.low)
    assert (one["passing"], one["note"]) == (expected.passing, expected.note)
    assert values["confusion"] == found.confusion.tolist()
    assert "top" not in values["rejection_30"]["top"]
    text = found.as_text()
    for shown in (
        "600 jets of 3 classes, 7 parameters",
        f"accuracy {found.accuracy.value:.4f} +",
        f"{found.areas['quark'].value:.4f} +- {found.areas['quark'].error:.4f}",
        "rejection of the column at 50 % efficiency of the row:",
        f"{100 * found.confusion[2, 2] / found.confusion[2].sum():.1f}",
    ):
        assert shown in text
    assert found.notes
    assert text.splitlines()[-len(found.notes) :] == [f"note: {note}" for note in found.notes]
    few = [each for each in found.rejections if each.passing < 10]
    assert len(few) == len(found.notes) < len(found.rejections)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, c: (x[:, :2], y, c), r"shape \(600, 2\) for 600 jets of 3 classes \(gluon"),
        (lambda x, y, c: (x[:, :1], y, c[:1]), "of two classes or more"),
        (lambda x, y, c: (x[:9], y, c), r"shape \(9, 3\) for 600 jets"),
        (lambda x, y, c: (np.where(x == x.max(), np.nan, x), y, c), "of 600 jets are not finite"),
        (lambda x, y, c: (x, y + 1, c), "labels go from 1 to 3; allowed are 0 to 2, the places of"),
        (lambda x, y, c: (x, y - 1, c), "labels go from -1 to 1; allowed are 0 to 2"),
        (lambda x, y, c: (x, np.minimum(y, 1), c), "there are no jets of top; every class must be"),
    ],
)
def test_what_does_not_fit_is_refused(change, message, tmp_path):
    logits, label, classes = change(*sample(), CLASSES)
    with pytest.raises(DataError, match=message):
        measure_classes(logits, label, classes, 7)
    with pytest.raises(DataError, match=message):
        plot_class_roc(logits, label, classes, tmp_path / "roc.png")
    assert not list(tmp_path.iterdir())


def test_the_page_has_a_panel_a_class_and_a_curve_for_every_other_one(tmp_path, monkeypatch):
    panels = []
    draw = class_roc._panel

    def watched(axes, *rest):
        draw(axes, *rest)
        panels.append(axes)

    monkeypatch.setattr(class_roc, "_panel", watched)
    logits, label = sample()
    plot_class_roc(logits, label, CLASSES, tmp_path / "roc.png")
    assert (tmp_path / "roc.png").read_bytes().startswith(b"\x89PNG")
    assert [axes.get_xlabel() for axes in panels] == [f"efficiency of {name}" for name in CLASSES]
    for axes, signal in zip(panels, CLASSES, strict=True):
        names = [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()]
        assert names == [name for name in CLASSES if name != signal]
        assert axes.get_ylim()[0] == 1
        assert min(np.nanmin(line.get_ydata()) for line in axes.lines) >= 1
    with pytest.raises(UsageError, match="must end in one of .png, .pdf, .svg"):
        plot_class_roc(logits, label, CLASSES, tmp_path / "roc.txt")

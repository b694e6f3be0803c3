"""LundNet: the authors' layers, the published sizes, trees in batches, frozen trunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from reference_layers import close, fill, reference, tensor
from torch import Tensor, nn

from triggernet.data import mock_jets
from triggernet.data.lund.trees import PADDING
from triggernet.errors import ConfigError
from triggernet.learning.models import model_family
from triggernet.learning.models.lundnet.config import LundNetConfig
from triggernet.learning.models.lundnet.network import LundNet
from triggernet.learning.training import Run, load_run_config, train
from triggernet.learning.training.sample import Sample, predict

STORED = reference("lundnet_small")
LUNDNET_3 = ("lnz", "lnDelta", "lnKt")
JETS = mock_jets(400, 1)
SHORT = {
    "encoding.n_constituents": 24,
    "model.convs": [6, 8],
    "model.fusion": 10,
    "model.hidden": 5,
    "training.adamw.epochs": 8,
    "training.adamw.milestones": [6],
    "training.adamw.batch_size": 32,
    "training.adamw.learning_rate": 0.01,
}


def small() -> LundNet:
    """The authors' small network with their weights, two outputs as theirs."""
    config = LundNetConfig(convs=(6, 6, 8), fusion=128, hidden=12, dropout=0.0)
    network = LundNet(config, n_outputs=2).double()
    head = network.head
    assert isinstance(head.fusion, nn.Module)
    places = {
        "input_batchnorm": network.norm,
        "fusion.linear": head.fusion.linear,
        "fusion.batchnorm": head.fusion.norm,
        "head.linear1": head.hidden,
        "head.linear2": head.output,
    }
    for k, conv in enumerate(network.convs, 1):
        name = f"edgeconv{k}"
        places |= {f"{name}.theta": conv.theta, f"{name}.phi": conv.phi}
        places |= {f"{name}.batchnorm1": conv.norm1, f"{name}.linear2": conv.linear2}
        places[f"{name}.batchnorm2"] = conv.norm2
        if f"weights.{name}.shortcut.weight" in STORED:
            places[f"{name}.shortcut"] = conv.shortcut.linear
            places[f"{name}.shortcut_batchnorm"] = conv.shortcut.norm
    fill(STORED, places)
    return network


def padded() -> dict[str, Tensor]:
    """The five graphs of the reference as a batch; parents counted within each graph."""
    sizes = STORED["input.nodes_per_graph"]
    first = np.cumsum(sizes) - sizes
    nodes = np.full((len(sizes), sizes.max() + 3, 5), 17.0)  # padding must not matter
    parent = np.full(nodes.shape[:2], PADDING)
    for k, (n, begin) in enumerate(zip(sizes, first, strict=True)):
        nodes[k, :n] = STORED["input.node_features"][begin : begin + n]
        above = STORED["input.node_parent_index"][begin : begin + n]
        parent[k, :n] = np.where(above < 0, -1, above - begin)
    return {"nodes": tensor(nodes), "parent": torch.from_numpy(parent)}


def gradient(network: LundNet, logits: Tensor) -> Tensor:
    label = torch.from_numpy(STORED["label.graph_class"])
    loss = nn.functional.cross_entropy(logits, label)
    (found,) = torch.autograd.grad(loss, [network.convs[0].theta.weight])
    return found


def test_outputs_are_those_of_the_authors() -> None:
    network = small().eval()
    steps = {}
    for k, conv in enumerate(network.convs, 1):
        conv.register_forward_hook(lambda _m, _i, out, k=k: steps.update({f"edgeconv{k}": out}))
    logits = network(padded())
    assert close(logits, STORED["output.logits"])
    for name, found in steps.items():
        assert close(found, STORED[f"intermediate.after_{name}"]), name
    theirs = STORED["gradient_of_loss.edgeconv1.theta.weight"]
    assert close(gradient(network, logits), theirs)


def test_a_training_step_is_that_of_the_authors_padding_excluded() -> None:
    network = small().train()
    logits = network(padded())
    assert close(logits, STORED["train_mode.output.logits"])
    theirs = STORED["train_mode.gradient_of_loss.edgeconv1.theta.weight"]
    assert close(gradient(network, logits), theirs)
    places = {"input_batchnorm": network.norm, "fusion.batchnorm": network.head.fusion.norm}
    for k, conv in enumerate(network.convs, 1):
        places |= {f"edgeconv{k}.batchnorm1": conv.norm1, f"edgeconv{k}.batchnorm2": conv.norm2}
        places[f"edgeconv{k}.shortcut_batchnorm"] = conv.shortcut.norm
    checked = 0
    for name, norm in places.items():
        for moment in ("running_mean", "running_var"):
            key = f"train_mode.after_one_step.{name}.{moment}"
            if key in STORED:
                assert close(getattr(norm, moment), STORED[key]), key
                checked += 1
    assert checked == sum(key.startswith("train_mode.after") for key in STORED)


def test_one_output_is_the_difference_of_two() -> None:
    network = small().eval()
    network.head.n_outputs = 1
    two = STORED["output.logits"]
    assert close(network(padded()), two[:, 1] - two[:, 0])


@pytest.mark.parametrize(("coordinates", "n"), [(None, 391_724), (LUNDNET_3, 391_528)])
def test_the_published_sizes(coordinates: tuple[str, ...] | None, n: int) -> None:
    config = LundNetConfig() if coordinates is None else LundNetConfig(coordinates=coordinates)
    assert sum(p.numel() for p in LundNet(config).parameters()) == n


def config_of(**settings: object):
    return load_run_config({"model": {"name": "lundnet"}}, {**SHORT, **settings})


def trained(folder: Path, **settings: object) -> Run:
    return train(config_of(**settings), JETS, folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    folder = tmp_path_factory.mktemp("lundnet") / "run"
    return folder, trained(folder)


def test_a_run_has_no_quantised_model(run: tuple[Path, Run]) -> None:
    _, found = run
    assert found.quantised_model is None
    assert found.metrics["quantised"] is None
    assert found.metrics["float"]["auc"] > 0.75
    assert model_family("lundnet").tier == "hlt"


def test_a_sample_holds_the_tree_with_its_parents() -> None:
    sample = Sample.of(JETS, config_of(**{"model.coordinates": list(LUNDNET_3)}))
    assert sample.exact["nodes"].shape == (400, 23, 3)
    parent = sample.exact["parent"]
    assert parent.dtype == torch.int16
    assert (parent[:, 0] == -1).all()
    ln_z, ln_delta, ln_kt = sample.exact["nodes"][parent > PADDING].unbind(1)
    assert ln_z.max() <= np.log(0.5) + 1e-6
    assert torch.corrcoef(torch.stack([ln_delta, ln_kt]))[0, 1].abs() < 1
    assert not sample.hardware


def test_neither_padding_nor_company_changes_a_logit(run: tuple[Path, Run]) -> None:
    model = run[1].float_model.double()
    inputs = Sample.of(JETS, config_of()).exact
    together = predict(model, inputs)
    alone = torch.cat(
        [predict(model, {k: x[i : i + 1] for k, x in inputs.items()}) for i in (0, 7)]
    )
    assert torch.allclose(together[[0, 7]], alone, rtol=0, atol=1e-12)
    wider = {
        "nodes": nn.functional.pad(inputs["nodes"], (0, 0, 0, 9), value=3.0),
        "parent": nn.functional.pad(inputs["parent"], (0, 9), value=PADDING),
    }
    assert torch.allclose(predict(model, wider), together, rtol=0, atol=1e-12)
    model.float()


def test_a_frozen_trunk_runs_once_and_stays(run: tuple[Path, Run], tmp_path: Path) -> None:
    folder, first = run
    start = {"training.start.from": str(folder), "training.start.trunk": "frozen"}
    calls = []
    convolve = type(first.float_model.convs[0]).forward

    def counted(self, *given):
        calls.append(self.training)
        return convolve(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(first.float_model.convs[0]), "forward", counted)
        second = trained(tmp_path / "frozen", **start, **{"training.adamw.epochs": 4})
    # Two convolutions for each of: training part, validation part, and two predictions at the end.
    assert len(calls) == 2 * 4
    assert not any(calls)
    before, after = first.float_model.state_dict(), second.float_model.state_dict()
    changed = {name.partition(".")[0] for name in before if not before[name].equal(after[name])}
    assert changed == {"head"}


def test_the_head_reads_what_the_trunk_gives(run: tuple[Path, Run]) -> None:
    model = run[1].float_model
    inputs = Sample.of(JETS, config_of()).exact
    with torch.no_grad():
        assert torch.equal(model.head_logits(model.trunk_outputs(inputs)), model(inputs))


def test_the_best_epoch_is_kept_on_request(tmp_path: Path) -> None:
    wild = {"training.adamw.learning_rate": 0.1, "training.adamw.milestones": [100]}
    found = trained(tmp_path / "best", **wild, **{"training.adamw.keep": "best"})
    lines = (tmp_path / "best" / "history.jsonl").read_text().splitlines()
    losses = [float(line.split('"validation_loss": ')[1].split(",")[0]) for line in lines]
    assert losses[-1] == pytest.approx(min(losses[:-1]), rel=1e-5)  # other batches
    assert losses[-2] > losses[-1]
    assert found.metrics["float"]["auc"] is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model.coordinates": ["lnz", "lnX"]}, "coordinates: found lnz, lnX; allowed are"),
        ({"model.convs": []}, "at least one convolution"),
        ({"model.dropout": 1.0}, "dropout: found 1.0"),
        ({"training.adamw.milestones": [3, 2]}, r"milestones: found \[3, 2\]; expected rising"),
        ({"training.recipe": "multistart"}, "recipe: multistart does not work for model 'lundnet'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_of(**settings)

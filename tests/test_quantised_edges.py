"""Message passing in hardware arithmetic: the same network, and the program computes it exactly."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import torch

from triggernet.data import EncodingConfig, mock_jets
from triggernet.data.encoding import ANGLE_STEP_RAD
from triggernet.deployment.export.model import program_of
from triggernet.errors import ModelError
from triggernet.fixedpoint import Quantiser
from triggernet.learning.layers import edge_network as quantised_edges
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.calibration import cover_ranges
from triggernet.learning.layers.edge_widths import EdgeQuantisation
from triggernet.learning.layers.widths import Width
from triggernet.learning.training import load_run_config
from triggernet.learning.training.features import hardware_inputs
from triggernet.program import Program, evaluate

N = 6
JETS = mock_jets(80, 3)
ENCODING = EncodingConfig(n_constituents=N, jet=True)
# Momenta in so small steps that one of them is nothing beside a constituent's.
FINE = dataclasses.replace(
    ENCODING, pt_width=26, pt_lsb_gev=2.0**-14, jet_pt_width=26, jet_pt_lsb_gev=2.0**-14
)
SMALL = {"n_scalars": 3, "n_vectors": 0, "n_hidden": 2, "iterations": 1, "mean": "constant"}
SEMI = {
    "plain": {},
    "batch norm, two rounds": {"norm": "batch", "iterations": 2},
    "moving vectors": {"n_vectors": 1, "iterations": 3, "n_hidden": 0},
    "two vectors": {"n_vectors": 2, "iterations": 3, "edge_layers": 1},
    "products": {"products": True, "edge_layers": 3},
    "linear": {"invariants": "linear", "products": True, "iterations": 2},
    "means as nodes": {"node_layers": 0, "iterations": 2},
    "deep nodes": {"node_layers": 3, "norm": "batch", "head": []},
    "skip": {"shortcut": "skip", "iterations": 3},
    "skip from the start": {"shortcut": "skip", "n_hidden": 7},
    "concat": {"shortcut": "concat", "iterations": 2},
    "concat of means": {"shortcut": "concat", "node_layers": 0, "iterations": 2},
    "hidden alone": {"n_scalars": 0, "iterations": 2},
    "scalars alone": {"n_hidden": 0, "iterations": 2, "norm": "batch"},
}
LORENTZ = {"beams": {}, "no beams": {"beams": False}, "wide": {"width": 5}}
CASES = [("semiequivariant", SMALL | case) for case in SEMI.values()]
CASES += [("lorentznet", case) for case in LORENTZ.values()]
NAMES = [*SEMI, *LORENTZ]


def config_of(name: str, settings: dict):
    keys = {f"model.{k}": v for k, v in settings.items()}
    return load_run_config({}, keys | {"encoding.n_constituents": N, "encoding.jet": True}, name)


def both_models(
    name: str, settings: dict, quantisation: EdgeQuantisation, encoding: EncodingConfig = ENCODING
):
    """A float model of random weights and statistics, and the quantised one made from it."""
    torch.manual_seed(7)
    config = config_of(name, settings)
    family = config.family
    model = family.make_float(config.model, encoding, 1).double().train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.3)
        model(inputs_of("float", encoding))  # statistics of BatchNorm other than 0 and 1
    quantised = family.make_quantised(config.model, quantisation, encoding, 1).double()
    quantised.set_weights(model.eval())
    cover_ranges(quantised, inputs_of("hardware", encoding))
    quantised.freeze_scales()
    return model, quantised.eval()


def inputs_of(form: str, encoding: EncodingConfig = ENCODING) -> dict[str, torch.Tensor]:
    """What the hardware reads, and the four-momenta that it stands for, in the jet's frame."""
    x = {k: v.double() for k, v in hardware_inputs(JETS, encoding).items()}
    if form == "hardware":
        return x
    eta, phi = (x[name] * ANGLE_STEP_RAD for name in ("eta", "phi"))
    parts = (eta.cosh(), phi.cos(), phi.sin(), eta.sinh())
    jet = torch.cat([x["jet_pt"] + x["jet_excess"], x["jet_pt"]], dim=1)
    return {
        "momenta": x["pt"][..., None] * torch.stack(parts, dim=2),
        "jet": torch.nn.functional.pad(jet, (0, 2)),
    }


def widest() -> EdgeQuantisation:
    """So wide that rounding does not matter."""
    named = {f.name for f in dataclasses.fields(EdgeQuantisation)}
    named -= {"rounding", "table", "product", "weight", "node_weight", "bias", "digits"}
    wide = dict.fromkeys(named, Width(30)) | {"log": Width(20), "attention": Width(18)}
    return EdgeQuantisation(
        rounding="ROUND",
        table=Width(26, 1),
        product=Width(30, 20),
        weight=24,
        node_weight=24,
        bias=30,
        **wide,
    )


@pytest.mark.parametrize(("name", "settings"), CASES, ids=NAMES)
def test_only_rounding_is_between_float_and_hardware(
    name: str, settings: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With true logarithms in place of piecewise linear ones, the two are the same network."""

    def logarithm(self, *tensors):
        return tensors[0].sign() * torch.log2(1 + tensors[0].abs() * 2.0**self.shift)

    monkeypatch.setattr(edge_layers.MitchellLog, "_compute", logarithm)
    monkeypatch.setattr(quantised_edges, "inverse_log", lambda y: np.exp2(y) - 1)
    model, quantised = both_models(name, settings, widest(), FINE)
    with torch.no_grad():
        expected, found = model(inputs_of("float", FINE)), quantised(inputs_of("hardware", FINE))
    spread = float(expected.std())
    assert spread > 1e-3
    assert float((found - expected).abs().max()) < 0.01 * spread


def program_and_codes(quantised) -> tuple[Program, dict[str, np.ndarray]]:
    program = program_of(quantised)
    codes = {
        name: Quantiser(program.tensors[name].type).from_real(values.numpy())
        for name, values in inputs_of("hardware").items()
        if name in program.inputs
    }
    return program, codes


@pytest.mark.parametrize(("name", "settings"), CASES, ids=NAMES)
def test_the_program_is_the_model_to_the_last_bit(name: str, settings: dict) -> None:
    rounding = "ROUND" if settings.get("iterations") == 2 else "FLOOR"
    quantised = both_models(name, settings, EdgeQuantisation(rounding))[1]
    program, codes = program_and_codes(quantised)
    with torch.no_grad():
        expected = quantised.outputs(inputs_of("hardware")).numpy()
    found = evaluate(program, codes)[program.outputs[0]]
    np.testing.assert_array_equal(program.tensors[program.outputs[0]].type.decode(found), expected)
    assert len(np.unique(found)) > 10


@pytest.mark.parametrize(("name", "settings"), CASES[:3] + CASES[-3:-1], ids=str)
def test_no_order_of_the_constituents_changes_a_bit(name: str, settings: dict) -> None:
    program, codes = program_and_codes(both_models(name, settings, EdgeQuantisation())[1])
    order = np.random.default_rng(1).permuted(np.tile(np.arange(N), (len(JETS), 1)), axis=1)
    moved = {k: np.take_along_axis(v, order, 1) if v.shape[1] == N else v for k, v in codes.items()}
    before, after = (evaluate(program, c)[program.outputs[0]] for c in (codes, moved))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("hidden", [0, 2])
def test_scalars_see_momenta_through_their_products_alone(hidden: int) -> None:
    """A turn about the jet's axis of both angles leaves every product; hidden features see it."""
    settings = SMALL | {"n_hidden": hidden, "n_vectors": 1, "iterations": 2}
    program, codes = program_and_codes(
        both_models("semiequivariant", settings, EdgeQuantisation())[1]
    )
    there = codes["pt"] != 0
    moved = codes | {"phi": codes["phi"] + 9 * there, "eta": codes["eta"] - 5 * there}
    before, after = (evaluate(program, c)[program.outputs[0]] for c in (codes, moved))
    assert np.array_equal(before, after) == (hidden == 0)


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("semiequivariant", {"model.activation": "silu"}, "activation: silu has no exact form"),
        ("semiequivariant", {"model.norm": "layer"}, "norm: layer divides by a spread"),
        ("semiequivariant", {"model.graph": "knn_angular", "model.k": 3}, "graph: knn_angular"),
        ("semiequivariant", {"model.mean": "present"}, "mean: present divides by a number"),
        ("semiequivariant", {"encoding.jet": False}, "set encoding.jet: true, or model.n_hidden"),
        ("semiequivariant", {"encoding.kind": "cartesian"}, "set encoding.kind: polar"),
        ("semiequivariant", {"encoding.eta_width": 8}, "set both to one width"),
        (
            "semiequivariant",
            {"model.shortcut": "skip", "model.node_layers": 0},
            "set node_layers: 1",
        ),
        ("semiequivariant", {"model.products": True}, "needs the masses of moved vectors"),
        ("lorentznet", {"model.n_blocks": 2}, "set model.n_blocks: 1"),
        ("lorentznet", {"encoding.kind": "cartesian"}, "set encoding.kind: polar"),
        ("lorentznet", {"encoding.phi_width": 8}, "set both to one width"),
    ],
)
def test_what_has_no_hardware_form_says_why(name: str, settings: dict, reason: str) -> None:
    good = {"encoding.n_constituents": N, "encoding.jet": True}
    assert load_run_config({}, good, name).refusal is None
    refusal = load_run_config({}, good | settings, name).refusal
    assert isinstance(refusal, ModelError)
    assert re.search(re.escape(reason), str(refusal))


@pytest.mark.parametrize(
    ("name", "settings", "n_tables"),
    [("semiequivariant", SMALL | {"n_vectors": 1, "iterations": 2}, 3), ("lorentznet", {}, 1)],
)
def test_what_is_before_a_table_learns_by_its_functions_slope(
    name: str, settings: dict, n_tables: int
) -> None:
    model = both_models(name, settings, EdgeQuantisation())[1]
    tables = [m for m in model.modules() if isinstance(m, edge_layers.Table)]
    assert len(tables) == n_tables
    for table in tables:
        x = np.array([1.3, 2.6, 3.7])  # off the corners of what is linear in pieces
        x = np.concatenate([-x, x]) if table.source[0].kind.signed else x
        rise = table.function(x + 1e-6) - table.function(x - 1e-6)
        np.testing.assert_allclose(table.slope(x), rise / 2e-6, rtol=1e-5)
        kind = table.source[0].kind
        on_grid = torch.tensor(kind.max_int // 3 * kind.lsb).double().requires_grad_()
        table._compute(on_grid).backward()
        assert float(on_grid.grad) == pytest.approx(float(table.slope(on_grid.detach().numpy())))

"""Trainable constants of few signed digits, and what calibration judges a range by."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from triggernet.errors import ConfigError
from triggernet.fixedpoint import FixedPoint
from triggernet.models.calibration import loss_up_to_offset
from triggernet.models.nanopelican_config import QuantisationConfig
from triggernet.models.quantisers import ConstantQuantiser, nearest_sparse


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_nearest_code_of_few_signed_digits(digits: int) -> None:
    kind = FixedPoint(True, 7, 1)
    powers = [0, *(sign * (1 << k) for k in range(8) for sign in (1, -1))]
    made = {sum(terms) for terms in product(powers, repeat=digits)}
    allowed = sorted(n for n in made if kind.min_int <= n <= kind.max_int)
    found = nearest_sparse(kind, digits)
    for code, near in zip(range(kind.min_int, kind.max_int + 1), found.tolist(), strict=True):
        assert near == min(allowed, key=lambda n: abs(n - code)), code


@pytest.mark.parametrize("digits", [None, 1, 2])
def test_forward_pass_is_what_stands_in_the_firmware(digits: int | None) -> None:
    values = np.random.default_rng(4).normal(size=(1, 3, 5)) * 0.03
    constant = ConstantQuantiser(values.shape, 8, digits).eval()
    constant.set_values(values)
    forward = constant()
    assert np.array_equal(constant.codes() * constant.kind.lsb, forward.detach().numpy())
    assert np.abs(forward.detach().numpy() - values).max() < 0.4 * np.abs(values).max()
    forward.sum().backward()
    assert constant.value.grad is not None
    assert torch.count_nonzero(constant.value.grad) == values.size  # rounding lets it through


def test_digits_survive_a_checkpoint() -> None:
    first, second = (ConstantQuantiser((2,), 8, 1).eval() for _ in range(2))
    first.set_values(np.array([3.1, -0.4]))
    second.load_state_dict(first.state_dict())
    assert first.codes().tolist() == second.codes().tolist() == [64, -16]  # else 99, -13


def test_calibration_ignores_what_a_constant_in_the_logits_would_mend() -> None:
    rng = np.random.default_rng(5)
    label = torch.as_tensor(rng.integers(0, 2, 500))
    logits = torch.as_tensor(rng.normal(size=500) * 3) + 2.0 * label
    shifts = torch.linspace(-20, 20, 4001, dtype=torch.float64)[:, None]
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        logits + shifts, label.double().expand(len(shifts), -1), reduction="none"
    ).mean(dim=1)
    for shift in (-15.0, 0.0, 15.0):
        found = loss_up_to_offset(logits + shift, label)
        assert found == pytest.approx(float(losses.min()), abs=1e-5)
        assert found <= float(losses.min())


def test_no_digits_are_refused() -> None:
    with pytest.raises(ConfigError, match="digits: found 0; allowed is 1 and more"):
        QuantisationConfig(digits=0)

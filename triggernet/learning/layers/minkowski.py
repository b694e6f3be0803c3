"""Invariants of four-momenta as tensors: metric (+, -, -, -), components (E, px, py, pz) in GeV."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# A squared mass below this share of E^2 is the rounding of a massless particle.
_MASSLESS = 1e-10


def product(p: Tensor, q: Tensor) -> Tensor:
    """``<p, q>`` of four-momenta (..., 4) that broadcast, in GeV^2."""
    terms = p * q  # (..., 4)
    return terms[..., 0] - terms[..., 1] - terms[..., 2] - terms[..., 3]


def square(p: Tensor) -> Tensor:
    """``<p, p>`` of four-momenta (..., 4), in GeV^2; exactly zero where rounding is all it is."""
    squared = product(p, p)  # (...)
    return torch.where(squared.abs() > _MASSLESS * p[..., 0] ** 2, squared, 0.0)


def signed_log(z: Tensor) -> Tensor:
    """``sgn(z) log(1 + |z|)``: the psi of LorentzNet (Gong et al., JHEP 07 (2022) 030)."""
    return z.sign() * z.abs().log1p()


def hypot(a: Tensor, b: Tensor) -> Tensor:
    """sqrt(a^2 + b^2); in an export to ONNX, which has no hypot, written out."""
    if torch.onnx.is_in_onnx_export():
        return (a.square() + b.square()).sqrt()
    return torch.hypot(a, b)


def asinh(x: Tensor) -> Tensor:
    """The inverse of sinh; in an export to ONNX, which PyTorch gives none, written out."""
    if torch.onnx.is_in_onnx_export():
        return x.sign() * (x.abs() + (x.square() + 1).sqrt()).log()
    return torch.asinh(x)


def atan2(y: Tensor, x: Tensor) -> Tensor:
    """The angle of (x, y); in an export in single precision, onnxruntime knows no other."""
    if torch.onnx.is_in_onnx_export():
        return torch.atan2(y.float(), x.float()).to(y.dtype)
    return torch.atan2(y, x)


def transverse_momentum(p: Tensor) -> Tensor:
    """Transverse momentum of four-momenta (..., 4), in GeV."""
    return hypot(p[..., 1], p[..., 2])


def angles(p: Tensor, jet: Tensor) -> tuple[Tensor, Tensor]:
    """``(d_eta, d_phi)`` (B, N) of constituents (B, N, 4) relative to their jet (B, 4).

    The jet's place is its rapidity and azimuth, as in `triggernet.data.encoding`; a constituent
    that is absent is at zero.
    """
    pt = transverse_momentum(p)  # (B, N)
    d_eta = asinh(p[..., 3] / pt.clamp(min=1e-12)) - _rapidity(jet)[:, None]  # (B, N)
    d_phi = atan2(p[..., 2], p[..., 1]) - atan2(jet[:, 2], jet[:, 1])[:, None]  # (B, N)
    d_phi = torch.remainder(d_phi + math.pi, 2 * math.pi) - math.pi
    present = p[..., 0] > 0  # (B, N)
    return torch.where(present, d_eta, 0.0), torch.where(present, d_phi, 0.0)


def _rapidity(jet: Tensor) -> Tensor:
    transverse = (jet[..., 0] ** 2 - jet[..., 3] ** 2).clamp(min=1e-24).sqrt()  # m_T, (B,)
    return asinh(jet[..., 3] / transverse)

"""Lorentz transformations as matrices that act on four-momenta (E, px, py, pz)."""

from __future__ import annotations

import numpy as np

from triggernet.data.kinematics import Array


def rotation(axis: Array, angle: Array) -> Array:
    """Rotations (n, 4, 4) by `angle` (n,) in rad about unit vectors `axis` (n, 3) (Rodrigues)."""
    cross = np.cross(np.eye(3), axis[:, None])  # cross[n] @ x = axis[n] x x
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    result = np.zeros((len(angle), 4, 4))
    result[:, 0, 0] = 1
    result[:, 1:, 1:] = np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)
    return result


def boost(direction: Array, rapidity: Array) -> Array:
    """Boosts (n, 4, 4) by `rapidity` (n,) along unit vectors `direction` (n, 3)."""
    sinh, cosh = np.sinh(rapidity), np.cosh(rapidity)
    result = np.zeros((len(rapidity), 4, 4))
    result[:, 0, 0] = cosh
    result[:, 0, 1:] = result[:, 1:, 0] = sinh[:, None] * direction
    along = direction[:, :, None] * direction[:, None]
    result[:, 1:, 1:] = np.eye(3) + (cosh - 1)[:, None, None] * along
    return result


def directions(n: int, rng: np.random.Generator) -> Array:
    """Random unit vectors (n, 3), uniform on the sphere."""
    vectors = rng.normal(size=(n, 3))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def transformed(p: Array, matrices: Array) -> Array:
    """Four-momenta (n, 4) or (n, N, 4) after transformations (n, 4, 4), one for each of n."""
    return np.asarray(np.einsum("nab,n...b->n...a", matrices, p))

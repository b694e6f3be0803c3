"""Files of somebody else, read as programs: exact, fast, or refused by the node's name."""

from __future__ import annotations

import numpy as np
import pytest
from foreign_models import NAMES, Reference, answers, codes_out, timed_import

MOST_SECONDS = 5.0


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_model_gives_its_recorded_answers(name: str) -> None:
    reference = Reference(name)
    x, y = reference.arrays()
    found, seconds = timed_import(reference.load())
    recorded = codes_out(found, y)
    # float32 is a little off the grid where scales are no powers of two, and never nearly half.
    assert np.abs(recorded - np.rint(recorded)).max() < 1e-3
    assert np.array_equal(answers(found, x), np.rint(recorded))
    assert len(np.unique(answers(found, x), axis=0)) > 100
    assert seconds < MOST_SECONDS

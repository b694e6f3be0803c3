"""What taggers of flavours read of jets with tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triggernet.data.kinematics import pseudorapidity, transverse_momentum
from triggernet.data.tracks import COUNTED, MEASURED, leading
from triggernet.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triggernet.data import Jets

# As GN2 has it: of the variables that files hold, all but holes and leptons.
LEFT_OUT = ("numberOfPixelHoles", "numberOfSCTHoles", "leptonID")
VARIABLES = tuple(name for name in (*MEASURED, *COUNTED) if name not in LEFT_OUT)
OF_JET = ("pt", "eta")


def track_inputs(jets: Jets, n_tracks: int) -> dict[str, NDArray[Any]]:
    """The jet's pT in GeV and pseudorapidity, and its first tracks.

    Returns
    -------
    dict
        float32 ``jet`` (n, 2) and ``tracks`` (n, N, 19), zero where there is none; bool ``valid``
        (n, N).

    Raises
    ------
    DataError
        If the jets have no tracks.
    """
    if jets.tracks is None:
        raise DataError(
            "the jets have no tracks, which this model reads; give jets with tracks, such as those "
            "of `triggernet generate flavour`"
        )
    rows = leading(jets.tracks, n_tracks)
    tracks = np.stack([rows[name].astype(np.float32) for name in VARIABLES], -1)
    jet = np.stack([transverse_momentum(jets.jet), pseudorapidity(jets.jet)], -1)
    valid = np.ascontiguousarray(rows["valid"])
    return {"jet": jet.astype(np.float32), "tracks": tracks * valid[..., None], "valid": valid}

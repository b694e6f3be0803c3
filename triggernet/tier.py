"""The two tiers of a trigger."""

from typing import Literal

# Level-1: an FPGA and microseconds. High-Level Trigger: a CPU and, on average, 200 ms.
Tier = Literal["l1", "hlt"]

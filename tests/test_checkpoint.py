"""Checkpoints are read whole, or refused in one line that names the file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from triggernet.errors import ModelError
from triggernet.learning.training import load_run
from triggernet.learning.training.checkpoint import read_checkpoint

ROOT = Path(__file__).parents[1]


def test_tensors_share_storage_and_are_views(tmp_path):
    path = tmp_path / "a.pt"
    whole = torch.arange(12.0).reshape(3, 4)
    torch.save({"state": {"t": whole.T, "row": whole[1], "empty": torch.zeros(0, 5)}}, path)
    state = read_checkpoint(path, "train again")["state"]
    assert torch.equal(state["t"], whole.T)
    assert torch.equal(state["row"], whole[1])
    assert state["empty"].shape == (0, 5)


@pytest.mark.parametrize("nested", [False, True])
def test_a_tensor_that_claims_more_than_it_stores_is_refused(tmp_path, nested):
    path = tmp_path / "a.pt"
    huge = torch.zeros(1).expand(10**6, 10**6)  # four bytes in the file
    torch.save({"state": {"w": huge} if nested else huge}, path)
    message = (
        r"a\.pt is no checkpoint .*: a tensor of 1000000000000 elements stores 1 of them; train"
    )
    with pytest.raises(ModelError, match=message):
        read_checkpoint(path, "train again")


def test_a_configuration_of_impossible_sizes_is_refused_in_one_line(tmp_path):
    run = shutil.copytree(ROOT / "models" / "nanopelican-c2-n8j", tmp_path / "run")
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("n_channels: 2\n", f"n_channels: {10**18}\n"))
    with pytest.raises(ModelError, match=r"config\.yaml: no model of these sizes") as caught:
        load_run(run)
    assert str(caught.value).isprintable()

"""What Lightning trains on: set in the configuration, recorded, refused where it cannot be had."""

from __future__ import annotations

import pytest

from triggernet.config import dump_config
from triggernet.errors import ConfigError
from triggernet.learning.training import load_run_config
from triggernet.learning.training.adamw import _Show, _trainer
from triggernet.progress import Progress

KEY = "training.adamw.lightning"


def trainer_of(**options):
    settings = {f"{KEY}.{name}": value for name, value in options.items()}
    config = load_run_config(None, settings, "deepsets")
    assert all(f"{name}: {value}" in dump_config(config) for name, value in options.items())
    with Progress("nothing") as progress:
        return _trainer(config.training.adamw, None, _Show(progress))


def test_what_is_set_reaches_lightning_and_is_recorded():
    trainer = trainer_of(precision="bf16-mixed", accelerator="cpu")
    assert trainer.precision == "bf16-mixed"
    assert trainer.num_devices == 1


def test_an_accelerator_that_is_not_there_is_said_in_one_line():
    with pytest.raises(ConfigError, match="lightning: tpu with strategy auto .* not possible here"):
        trainer_of(accelerator="tpu")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("devices", 2, "devices: found 2; allowed is 1"),
        ("precision", "8", "expected one of 32-true, 64-true, 16-mixed, bf16-mixed; found '8'"),
    ],
)
def test_what_is_not_allowed_is_named(option, value, message):
    with pytest.raises(ConfigError, match=message):
        trainer_of(**{option: value})

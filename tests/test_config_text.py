"""Configurations that explain themselves."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from triggernet.config_text import explained_yaml, meanings_of
from triggernet.learning.models import model_family, model_names
from triggernet.learning.training import load_run_config


@pytest.mark.parametrize("model", model_names())
def test_what_is_shown_is_the_configuration_again(model) -> None:
    config = load_run_config(model=model)
    assert load_run_config(yaml.safe_load(explained_yaml(config))) == config


@pytest.mark.parametrize("model", model_names())
def test_every_key_of_a_family_has_a_meaning(model) -> None:
    family = model_family(model)
    for schema in (family.config, family.quantisation):
        known = meanings_of(schema)
        assert {field.name for field in dataclasses.fields(schema)} <= known.keys()


@dataclasses.dataclass(frozen=True)
class Plain:
    """Some values.

    Attributes
    ----------
    first, second : int
        Explained
        together.
    kind : {"a", "b"}
        One of two.
    """

    first: int = 1
    second: int = 2
    kind: str = "a"


def test_keys_that_are_explained_together_follow_one_comment() -> None:
    assert explained_yaml(Plain()) == (
        '# Explained together.\nfirst: 1\nsecond: 2\n# {"a", "b"}: One of two.\nkind: a\n'
    )

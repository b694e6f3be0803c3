"""The front door: what its functions say to arguments of the wrong kind."""

from __future__ import annotations

from pathlib import Path

import pytest

import triggernet as tn
from triggernet.data import mock_jets, save_jets
from triggernet.errors import DataError, UsageError

PROJECT = Path(__file__).parents[1] / "hls_projects" / "nanopelican-c2-n8j"


def test_an_unknown_name_is_missed_in_the_package_that_was_asked():
    with pytest.raises(AttributeError, match=r"^module 'triggernet' has no attribute 'prove_all'$"):
        tn.prove_all  # noqa: B018


@pytest.mark.parametrize("verb", ["verify", "cosim", "report", "load_jets", "load_run"])
def test_what_is_no_path_is_named(verb):
    with pytest.raises(TypeError, match=r"^a path is a str or a Path; got 500 \(int\)$"):
        getattr(tn, verb)(500)


def test_one_path_is_no_list_of_runs():
    message = r"^runs are a list of paths, such as \['run-a', 'run-b'\]; got 'run'$"
    with pytest.raises(TypeError, match=message):
        tn.compare("run", data="jets.h5")


def test_vectors_are_a_number():
    message = "^the number of vectors is an int; got '500'$"
    with pytest.raises(UsageError, match=message):
        tn.verify(PROJECT, vectors="500")


def test_more_constituents_than_are_stored_are_refused(tmp_path):
    jets = mock_jets(40, 1)
    save_jets(tmp_path / "jets.h5", jets)
    stored = jets.constituents.shape[1]
    settings = {"encoding.n_constituents": stored + 1}
    message = f"^encoding.n_constituents = {stored + 1}, and the sample stores at most {stored} "
    with pytest.raises(DataError, match=message):
        tn.train("mlp", data=tmp_path / "jets.h5", out=tmp_path / "run", settings=settings)

"""Arguments that are refused where they are read, and what a part is called."""

from __future__ import annotations

import pytest

from triggernet.cli import COMMANDS, main
from triggernet.cli.command import Command, Outcome, argument, count, positive, seed
from triggernet.deployment.hls import HlsConfig
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.errors import ConfigError
from triggernet.parts import full_part_name, load_part
from triggernet.reports.fold.fold import check_fold

NUMBERS = [
    (command.name, each.names[0], each.options["type"])
    for command in COMMANDS
    for each in command.arguments
    if each.options.get("type") in (int, float, count, positive, seed)
]


def refusal(capsys, *argv: str) -> str:
    with pytest.raises(SystemExit, match="2"):
        main(list(argv))
    return capsys.readouterr().err


def test_there_are_numbers_to_refuse():
    options = {name for _, name, _ in NUMBERS}
    assert {"--jets", "--seed", "--workers", "--limit", "--compact", "--interval"} <= options
    assert {"--reuse-factor", "--clock-ns", "--vectors"} <= options


WRONG = [
    (*number, text)
    for number in NUMBERS
    for text in ("0", "-3", "1.5e", "nan", "inf")
    if (number[-1], text) != (seed, "0")
]


@pytest.mark.parametrize(("verb", "option", "kind", "text"), WRONG)
def test_no_number_below_the_least_is_taken(capsys, verb, option, kind, text):
    least = {count: "a whole number of at least 1", seed: "a whole number of at least 0"}
    said = refusal(capsys, verb, f"{option}={text}")
    wanted = least.get(kind, "a number above 0")
    assert said == (
        f"triggernet: error: argument {option}: {text} is not allowed; give {wanted}; "
        f"`triggernet {verb} -h` lists what is allowed\n"
    )


def test_numbers_that_are_allowed_arrive_as_numbers(capsys):
    arguments = [argument(f"--{kind.__name__}", type=kind) for kind in (count, seed, positive)]
    probe = Command("probe", lambda args: Outcome(f"{args}"), "x", "x", tuple(arguments))
    assert main(["probe", "--count", "1", "--seed", "0", "--positive", "2.5e-1"], [probe]) == 0
    assert "count=1, seed=0, positive=0.25" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["vu13p", "XCVU13P", "xcvu13p", "xcvu13p-flga2577-2-e"])
@pytest.mark.parametrize("config", [HlsConfig, RtlConfig])
def test_a_project_is_for_a_part_by_its_full_name(config, given):
    assert config(part=given).part == "xcvu13p-flga2577-2-e"


@pytest.mark.parametrize(
    "name",
    [
        "xcvu13p-fhgb2104-1-i",
        "xcvu9p-flga2104-2L-e",
        "xc7k325tffg900-2",
        "xczu9eg-ffvb1156-2-e",
        "xcvc1902-vsva2197-2MP-e-S",
        "xck26-sfvc784-2lv-c",
    ],
)
def test_full_names_of_other_parts_are_passed_on(name):
    assert full_part_name(name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vu13", "no part 'vu13'; did you mean xcvu13p"),
        ("xcvu13", "did you mean xcvu13p"),
        ("vu19p", "known are xcvu13p, xcvu9p, xcku115, xcvu440"),
        ("xcvu19p", "give the full name with device, package and speed grade"),
        ("xcvu13p-2-e", "as in xcvu13p-flga2577-2-e or xc7k325tffg900-2"),
        ("ecp5", "known are"),
        ("xcvu13p-flga2577-2-e; exec rm", "known are"),
        ("xcvu13p-flga2577-2-e\n", "known are"),
        ("", "known are"),
    ],
)
def test_what_is_no_part_is_refused_with_the_nearest(name, said):
    for use in (
        full_part_name,
        lambda part: HlsConfig(part=part),
        lambda part: RtlConfig(part=part),
    ):
        with pytest.raises(ConfigError, match=said):
            use(name)


def test_one_spelling_for_every_command():
    assert load_part("vu13p") == load_part("XCVU13P-flga2577-2-e")
    assert check_fold("l1", RtlConfig(part="vu9p"), {}).part == "xcvu9p-flgb2104-2-e"


def test_a_configuration_in_python_is_held_to_the_same():
    with pytest.raises(ConfigError, match="interval 0 is below 1"):
        RtlConfig(interval=0)
    with pytest.raises(ConfigError, match="reuse_factor 0 is below 1"):
        HlsConfig(reuse_factor=0)

"""Scenario files: what can be said in them, and what they hear when they say it wrongly."""

from pathlib import Path

import pytest

from iuran.payments.simulation.scenario import (
    Do,
    ScenarioInvalidError,
    find_scenario,
    parse_scenario,
    read_scenario,
    shipped_names,
    shipped_text,
)

HEAD = """
title = "A payment"
[actors]
bank = {}
[accounts]
family = "PAYABLE"
"""

INQUIRY = """
[[steps]]
actor = "bank"
do = "inquire"
expect = ["2002400"]
"""


def step(**fields: str) -> str:
    return "[[steps]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_scenario_can_be_read_and_says_what_it_is_about(name: str) -> None:
    scenario = find_scenario(name)

    assert scenario.about
    assert [number for batch in scenario.batches() for number, _ in batch] == list(
        range(1, len(scenario.steps) + 1)
    )


def test_the_cases_that_banks_know_are_shipped() -> None:
    cases = {
        *("double-flagging", "advice", "late-payment", "reversed-order", "time-out"),
        *("wrong-amount", "expired-account", "two-banks", "minimarket", "xendit"),
    }

    assert cases <= set(shipped_names())


def test_steps_that_stand_together_are_one_batch() -> None:
    batches = list(find_scenario("two-banks").batches())

    assert [len(batch) for batch in batches] == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title = x\n", "not TOML: Invalid value (at line 1, column 9)"),
        (HEAD, "steps: Field required"),
        (
            HEAD + INQUIRY + step(actor='"bank"', do='"borrow"', expect='["2002500"]'),
            "line 12, step 2, do: Input should be",
        ),
        (HEAD + step(actor='"bank"', do='"inquire"'), "line 7, step 1: say with `expect`"),
        (
            HEAD + step(actor='"bankk"', do='"inquire"', expect='["2002400"]'),
            "line 7, step 1: nobody is called bankk; there are bank",
        ),
        (
            HEAD + step(actor='"bank"', do='"tell"', expect='["BOOKED"]'),
            "line 7, step 1: a bank cannot tell",
        ),
        (
            HEAD + step(actor='"bank"', do='"pay"', expect='["2002500"]'),
            "line 7, step 1: `owed` needs an inquiry for family",
        ),
        (
            HEAD + INQUIRY + step(actor='"bank"', do='"pay"', expect='["200"]'),
            "line 12, step 2, expect",
        ),
        (
            HEAD
            + INQUIRY
            + step(actor='"bank"', do='"pay"', hangs_up="true", expect='["2002500"]'),
            "line 12, step 2: who hangs up pays and hears nothing",
        ),
        (
            HEAD + step(actor='"bank"', do='"inquire"', account='"son"', expect='["2002400"]'),
            "line 7, step 1: no account son; there are family",
        ),
        (
            HEAD + INQUIRY + step(actor='"bank"', do='"pay"', together='"both"'),
            "line 12, step 2: say with [groups.both]",
        ),
        (HEAD + "colour = 1\n" + INQUIRY, "accounts.colour"),
    ],
)
def test_a_wrong_file_hears_the_line_and_what_to_write(text: str, problem: str) -> None:
    with pytest.raises(ScenarioInvalidError) as refused:
        parse_scenario(text, source="mine.toml")

    assert str(refused.value).startswith("mine.toml: ")
    assert problem in str(refused.value)


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(shipped_text("advice"))

    assert read_scenario(file) == find_scenario("advice") == find_scenario(str(file))
    assert read_scenario(file).steps[0].do is Do.INQUIRE


def test_what_cannot_be_found_or_is_too_long_is_said(tmp_path: Path) -> None:
    long = tmp_path / "long.toml"
    long.write_text("#" * 100_001)

    with pytest.raises(ScenarioInvalidError, match="one of advice"):
        find_scenario("no-such-story")
    with pytest.raises(ScenarioInvalidError, match="cannot read"):
        find_scenario(str(tmp_path / "nowhere.toml"))
    with pytest.raises(ScenarioInvalidError, match="at most 100000 bytes"):
        find_scenario(str(long))

"""Tables of commands: what is to be copied stands in one piece."""

import pytest
from rich.console import Console

from iuran.deploy.commands import terminal
from iuran.deploy.commands.terminal import write_table

NARROW = 80


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns, whatever runs the tests."""
    monkeypatch.setattr(terminal, "out", Console(highlight=False, width=NARROW))


def test_a_number_is_in_one_piece_on_a_narrow_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    letter, card, reason = "0301R0011126V000005", "9" * 50, "Antrean di loket sangat lama. " * 3

    write_table("Fines", ("Letter", "Card", "Why"), [(letter, card, reason)], wide="Why")

    lines = capsys.readouterr().out.splitlines()
    assert any(letter in line and card in line and "Antrean di loket" in line for line in lines)


def test_a_table_that_fits_is_no_wider_than_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_table("Notes", ("Id", "Text"), [(7, "panjang sekali " * 20)], wide="Text")

    assert max(map(len, capsys.readouterr().out.splitlines())) <= NARROW


def test_a_list_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    write_table("Unpaid fines", ("Family", "Letter"), [])

    assert capsys.readouterr().out == "Unpaid fines: none\n"

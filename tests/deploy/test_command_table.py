"""The commands of `iuran`: each is loaded alone, and the documentation names none that is not."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import typer
import typer.main

from iuran.deploy.command_table import TABLE, app_for
from tests.deploy.processes import clean_environment

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
WRITTEN = re.compile(
    r"`(?:\.venv/bin/)?iuran ([^`]+)`|^(?:\$ )?(?:\.venv/bin/)?iuran (.+)$", re.MULTILINE
)
END = re.compile(r"\||&&|#|\$\(|[<>]")
COMMANDS_MIN = 100


class Parameter(Protocol):
    opts: list[str]
    secondary_opts: list[str]


class Known(Protocol):
    """What typer makes of a command; a group has commands."""

    help: str | None
    params: list[Parameter]
    commands: dict[str, "Known"]


@pytest.fixture(scope="module")
def known() -> dict[str, Known]:
    app = typer.Typer(help="Everything at once.")
    for name, command in TABLE.items():
        command.add_to(app, name)
    made: Known = typer.main.get_command(app)  # type: ignore[assignment]  # a group, by its commands
    return made.commands


def written_commands() -> Iterator[tuple[str, list[str]]]:
    """The page and the words of each command that a page tells somebody to type."""
    for page in PAGES:
        for spanned, typed in WRITTEN.findall(page.read_text(encoding="utf-8")):
            text = END.split((spanned or typed).replace("\n", " "))[0]
            yield page.name, text.rstrip("\\ ").split()


def fault_of(words: list[str], known: dict[str, Known]) -> str:
    """What of a command does not exist: a name or an option; or nothing."""
    level, options = known, {"--help"}
    for word in words:
        if word in level:
            command = level[word]
            level = getattr(command, "commands", {})
            options |= {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        elif level and re.fullmatch(r"[a-z][a-z-]*", word):
            return word
        else:
            level = {}
        if word.startswith("--") and word.partition("=")[0].rstrip(",.;)") not in options:
            return word
    return ""


def test_what_the_help_says_of_a_group_is_what_the_group_says(known: dict[str, Known]) -> None:
    groups = {name: command for name, command in TABLE.items() if command.function is None}

    assert {name: known[name].help for name in groups} == {
        name: group.about for name, group in groups.items()
    }


def test_the_documentation_names_commands_and_options_that_exist(known: dict[str, Known]) -> None:
    written = list(written_commands())

    faults = {f"{page}: iuran {' '.join(words)}": fault_of(words, known) for page, words in written}

    assert len(written) > COMMANDS_MIN
    assert {text: fault for text, fault in faults.items() if fault} == {}
    assert fault_of(["families", "shwo", "7"], known) == "shwo"
    assert fault_of(["families", "show", "7", "--fulll"], known) == "--fulll"


@pytest.mark.parametrize(
    ("arguments", "left_alone"),
    [
        (["--help"], ["pydantic", "asyncpg", "strawberry", "uvicorn", "httpx"]),
        (["families", "--help"], ["strawberry", "uvicorn", "arq"]),
        (["up", "--help"], ["iuran.deploy.app", "iuran.graphql.schema"]),
    ],
    ids=" ".join,
)
def test_a_command_loads_little_that_it_does_not_need(
    arguments: list[str], left_alone: list[str]
) -> None:
    program = (
        "import sys; import iuran.deploy.cli; from iuran.deploy.command_table import app_for\n"
        f"try: app_for({arguments!r})({arguments!r})\n"
        f"except SystemExit: print([name for name in {left_alone!r} if name in sys.modules])\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=clean_environment(),
        timeout=120,
        check=True,
    )

    assert told.stdout.splitlines()[-1] == "[]"


def test_a_mistyped_command_is_told_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app_for(["famili"])(["famili"])

    assert "families" in capsys.readouterr().err


def test_a_command_is_loaded_behind_options_of_none() -> None:
    for arguments in (["--", "clock", "show"], ["--help", "clock"]):
        assert [group.name for group in app_for(arguments).registered_groups] == ["clock"]

"""`iuran mail`: the letters that the demonstration's mailbox holds."""

import time
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.identifiers import mask_numbers_in
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import say, write_json
from iuran.deploy.running import settings_here

FOLDER = "mail"
_POLL_SECONDS = 0.1
_WAIT_SECONDS_MAX = 60.0
_RECENT_SECONDS = 3.0
_QUIET_SECONDS = 0.5


def mail(
    *,
    last: Annotated[int, typer.Option(min=1, max=100, help="How many, the newest last.")] = 3,
    wait: Annotated[
        float, typer.Option(max=_WAIT_SECONDS_MAX, help="Wait up to so many seconds for new ones.")
    ] = 0.0,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show the newest letters that families were sent."""
    folder = settings_here(data=data).data / FOLDER
    letters = [_parsed(path) for path in _letters(folder, wait)[-last:]]
    if json:
        write_json([_as_json(letter) for letter in letters])
        return
    if not letters:
        say(f"No letter in {folder} yet.")
    for letter in letters:
        say(f"To      {letter['To']}")
        say(f"Date    {letter['Date']}")
        say(f"Subject {letter['Subject']}\n")
        say(f"{_text(letter)}\n")


def _letters(folder: Path, wait: float) -> list[Path]:
    """Return the letters, oldest first; wait until some are recent and no more come."""
    recent, deadline = time.time() - _RECENT_SECONDS, time.monotonic() + wait
    while time.monotonic() < deadline:
        newest = max((path.stat().st_mtime for path in folder.glob("*.eml")), default=0.0)
        if newest > recent and time.time() - newest > _QUIET_SECONDS:
            break
        time.sleep(_POLL_SECONDS)
    return sorted(folder.glob("*.eml"))


def _parsed(path: Path) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(path.read_bytes())


def _text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    return "" if body is None else mask_numbers_in(str(body.get_content())).strip()


def _as_json(letter: EmailMessage) -> dict[str, str]:
    return {
        "to": str(letter["To"]),
        "date": str(letter["Date"]),
        "subject": str(letter["Subject"]),
        "text": _text(letter),
    }

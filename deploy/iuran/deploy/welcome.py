"""What `iuran up` prints: where everything is, who may ask, and three things to try."""

import json
import shlex
import sys
from datetime import time
from pathlib import Path

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from iuran.core.clock import wib_date, wib_instant
from iuran.core.identifiers import customer_number_of
from iuran.core.months import CoverageMonth
from iuran.deploy.banks import PRIVATE_KEY_FILE, BankCredentials, bank_folder
from iuran.deploy.demo_payments import PAYING_BANK
from iuran.deploy.family_file import FamilyFile
from iuran.deploy.moments import written
from iuran.deploy.tokens import demo_issuer, uses_demo_issuer
from iuran.deploy.up import LOG_FOLDER, MAIL_FOLDER, Product
from iuran.graphql.identity import Role
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

REMINDER_DAY = 3  # seven days before a bill is due on the 10th
WAIT_SECONDS = 20
_DEFAULT_DATA = "data"


def places(product: Product) -> Panel:
    """Return the box with the places; it is to be read, not copied from."""
    data, base = product.settings.data, product.running.base_url
    table = Table.grid(padding=(0, 2))
    for name, place in (
        ("Start here", f"{base}/"),
        ("Figures", f"{base}/metrics"),
        ("Letters", f"{data / MAIL_FOLDER}"),
        ("Log files", f"{data / LOG_FOLDER}"),
        ("Legal time", written(product.clock.now())),
    ):
        table.add_row(Text(name, style="dim"), Text(place, overflow="fold"))
    title = f"iuran is up ({product.seconds_to_start:.1f} s)"
    return Panel(table, title=title, title_align="left", box=box.ROUNDED, padding=(1, 2))


def lines_to_copy(product: Product) -> list[str]:
    """Return what follows the box, one command or token to a line, each to be pasted as it is."""
    lines: list[str] = []
    if uses_demo_issuer(product.settings):
        lines += _tokens(product)
    if product.stage.hero is not None:
        lines += [*_bank(product), *_three_things(product, product.stage.hero)]
    return [*lines, "", "Ctrl-C stops everything; the data are kept."]


def _tokens(product: Product) -> list[str]:
    issuer, stage = demo_issuer(product.settings), product.stage
    lines = ["", "TOKENS for the GraphQL API (demonstration only, valid for a week)"]
    for role in Role:
        if role is not Role.PARTICIPANT:
            token = issuer.issue(role, employer_id=stage.employer_id)
            lines.append(f"{role:<16}{token}")
        elif stage.hero is not None:
            lines.append(f"{role:<16}{issuer.issue(role, family_id=stage.hero.family_id)}")
    return lines


def _bank(product: Product) -> list[str]:
    folder = bank_folder(product.settings.data, PAYING_BANK)
    bank = BankCredentials.read(folder)
    mount = product.running.base_url + product.settings.snap_mounts[0]
    return [
        "",
        f"BANK {bank.code} (SNAP BI under {mount})",
        f"client id       {bank.client_id}",
        f"client secret   {bank.client_secret}",
        f"private key     {folder / PRIVATE_KEY_FILE}",
    ]


def _three_things(product: Product, hero: FamilyFile) -> list[str]:
    number = DEFAULT_PREFIX + customer_number_of(hero.members[0].card_number)
    data = product.settings.data
    clock_set, mail = _command("clock set", data), _command("mail", data)
    return [
        "",
        "THREE THINGS TO TRY, in another terminal",
        "",
        f"1. A bank asks for the bill of a family that is {hero.state.lower()}, and pays it:",
        f"{_command('simulate pay', data)} --va {number}",
        "",
        "2. A frontend sees the membership and the last day of the fine window:",
        *_questions(product, hero, number),
        "",
        "3. Time passes, families are reminded of the next bill, and we read their letters:",
        f"{clock_set} {_next_reminder(product)} && {mail} --wait {WAIT_SECONDS}",
    ]


def _command(words: str, data: Path) -> str:
    """Return a command of ours as it can be pasted where `iuran up` was started."""
    is_default = data == (Path.cwd() / _DEFAULT_DATA).resolve()
    return f"{_program()} {words}" + ("" if is_default else f" --data {_quoted(data)}")


def _program() -> str:
    program, here = Path(sys.argv[0]), Path.cwd()
    if program.suffix == ".py":
        return f"{_quoted(Path(sys.executable))} -m iuran.deploy.cli"
    if program.is_absolute() and program.is_relative_to(here):
        program = program.relative_to(here)
    return _quoted(program)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _questions(product: Product, hero: FamilyFile, number: str) -> list[str]:
    base = product.running.base_url
    if not uses_demo_issuer(product.settings):
        return [f"{base}/graphql, with a token of your identity provider"]
    token = demo_issuer(product.settings).issue(Role.PARTICIPANT, family_id=hero.family_id)
    fields = "payer { name } membership { state paidThrough fineWindow { lastDay } }"
    query = f'{{ family(by: {{ vaNumber: "{number}" }}) {{ {fields} }} }}'
    call = (
        f"curl -sS {base}/graphql -H 'Content-Type: application/json' "
        f"-H 'Authorization: Bearer {token}' -d {shlex.quote(json.dumps({'query': query}))}"
    )
    page = [f"{base}/graphiql#token={token}"] if product.settings.serves_graphiql else []
    return [call, *page]


def _next_reminder(product: Product) -> str:
    """Return when the next bills are reminded of: 09:30 WIB, so 11:30 in the east."""
    now = product.clock.now()
    month = CoverageMonth.of(wib_date(now))
    day = month.first_day.replace(day=REMINDER_DAY)
    if wib_instant(day, time(8)) <= now:
        day = month.plus(1).first_day.replace(day=REMINDER_DAY)
    return f"{day}T09:30"

"""`iuran receipts`: what a payer gets for a payment."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import WIB
from iuran.core.errors import InvalidInputError
from iuran.core.money import formatted
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.deploy.installation import receipt_links
from iuran.deploy.running import Running, settings_here
from iuran.deploy.settings import Settings
from iuran.payments.receipts.document import pdf_of
from iuran.payments.receipts.keys import (
    AnyReceiptKey,
    EmployerReceiptKey,
    GovernmentReceiptKey,
    Payer,
    ReceiptKey,
)
from iuran.payments.receipts.listing import Paid, payments_of
from iuran.payments.receipts.records import Receipt, find_receipt, payment_of_reference
from iuran.payments.receipts.words import sheet_of

app = typer.Typer(no_args_is_help=True, help="Receipts (struk): show, print, or send a link.")


class Language(StrEnum):
    """In which language a receipt is written."""

    INDONESIAN = "id"
    ENGLISH = "en"


WhereArgument = Annotated[
    str,
    typer.Argument(
        metavar="PAYER|CHANNEL",
        help="Id of the family, or of the employer or region with --of; or a channel's code.",
    ),
]
WhichArgument = Annotated[
    str,
    typer.Argument(
        metavar="PAYMENT|REFERENCE", help="Payment id, or the channel's reference of it."
    ),
]
OfOption = Annotated[
    Payer, typer.Option("--of", case_sensitive=False, help="Who paid, if it was no family.")
]
LanguageOption = Annotated[
    Language | None, typer.Option("--language", help="id or en.", show_default="the family's")
]


@app.command("list")
def list_(
    family: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Family id.")],
    *,
    limit: LimitOption = 20,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List a family's payments, the newest first; `show` and `pdf` take what it names."""
    found = run(_list(data, family, limit))
    if json:
        write_json([asdict(one) for one in found])
        return
    cells = [
        (
            one.payment,
            f"{one.paid_at.astimezone(WIB):%Y-%m-%d %H:%M}",
            formatted(one.amount),
            one.channel,
            one.reference,
        )
        for one in found
    ]
    columns = ("Payment", "Paid at (WIB)", "Amount", "Channel", "Reference")
    write_table(f"Receipts of family {family}", columns, cells, wide="Reference")


@app.command()
def show(
    where: WhereArgument,
    which: WhichArgument,
    *,
    of: OfOption = Payer.FAMILY,
    language: LanguageOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show a receipt, as `show 7 12` (family, payment) or `show BCA 2026010501` (reference)."""
    receipt = run(_receipt(data, where, which, of))
    if json:
        write_json(_as_json(receipt))
        return
    sheet = sheet_of(receipt, language=language)
    lines = (sheet.number, *sheet.facts, *sheet.items, *sheet.sums, sheet.total)
    write_table(
        f"{sheet.title}: {sheet.state_text}",
        ("", ""),
        [(line.label, line.value) for line in lines],
        wide="",
    )
    for note in sheet.notes:
        say(note)


@app.command()
def pdf(
    where: WhereArgument,
    which: WhichArgument,
    file: Annotated[Path, typer.Argument(help="Where to write it; an existing file is kept.")],
    *,
    of: OfOption = Payer.FAMILY,
    language: LanguageOption = None,
    data: DataOption = None,
) -> None:
    """Write a receipt as a PDF."""
    receipt = run(_receipt(data, where, which, of))
    content = pdf_of(sheet_of(receipt, language=language), made_at=receipt.booked_at)
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except FileExistsError as error:
        raise InvalidInputError("file", f"{file} is there already; name another") from error
    say(f"{file}: {formatted(receipt.total)}, {len(content):,} bytes")


@app.command()
def link(
    where: WhereArgument,
    which: WhichArgument,
    *,
    of: OfOption = Payer.FAMILY,
    data: DataOption = None,
) -> None:
    """Make a link under which anybody who has it sees the receipt, masked."""
    receipt = run(_receipt(data, where, which, of))
    settings = settings_here(data=data)
    url = receipt_links(settings).url_of(receipt.key)
    say(url if settings.public_url else f"{_here(settings)}{url}")


def _here(settings: Settings) -> str:
    """Return where `iuran up` serves, or where `iuran serve` would."""
    running = Running.read(settings.data)
    if running is not None:
        return running.base_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _as_json(receipt: Receipt) -> dict[str, object]:
    return {
        **_key_as_json(receipt.key),
        "state": receipt.state,
        "channel": receipt.channel_code,
        "channelName": receipt.channel_name,
        "reference": receipt.reference,
        "account": receipt.account,
        "payer": receipt.payer,
        "members": receipt.members,
        "paidAt": receipt.paid_at.isoformat(),
        "bookedAt": receipt.booked_at.isoformat(),
        "valueDate": receipt.value_date,
        "months": [
            {"month": str(one.month), "amount": one.amount, "fromCredit": one.from_credit}
            for one in receipt.months
        ],
        "step": None if receipt.step is None else asdict(receipt.step),
        "credited": receipt.credited,
        "refunded": receipt.refunded,
        "amount": receipt.amount,
        "fee": receipt.fee,
        "total": receipt.total,
        "reactivated": receipt.is_reactivation,
        "workersReactivated": receipt.workers_back,
        "windowLastDay": receipt.window_last_day,
    }


async def _list(data: Path | None, family: int, limit: int) -> tuple[Paid, ...]:
    async with open_desk(data) as desk:
        return await payments_of(desk.connection, family, limit=limit)


def _key_as_json(key: AnyReceiptKey) -> dict[str, object]:
    match key:
        case ReceiptKey():
            return {"family": key.family_id, "payment": key.payment_id}
        case EmployerReceiptKey():
            return {"employer": key.employer_id, "payment": key.payment_id}
        case GovernmentReceiptKey():
            return {"government": key.region, "payment": key.payment_id}


def _key(where: str, which: str, of: Payer) -> AnyReceiptKey:
    match of:
        case Payer.FAMILY:
            return ReceiptKey(family_id=_number(where), payment_id=_number(which))
        case Payer.EMPLOYER:
            return EmployerReceiptKey(employer_id=_number(where), payment_id=_number(which))
        case Payer.GOVERNMENT:
            return GovernmentReceiptKey(region=where, payment_id=_number(which))


async def _receipt(data: Path | None, where: str, which: str, of: Payer) -> Receipt:
    async with open_desk(data) as desk:
        key: AnyReceiptKey
        if where.isdecimal():
            key = _key(where, which, of)
        else:
            key = await payment_of_reference(desk.connection, channel_code=where, reference=which)
        return await find_receipt(desk.connection, key)


def _number(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) <= len(str(2**63 - 1)) else 0
    if not 0 < number < 2**63:
        raise InvalidInputError(
            "payment", f"{text} is no id; give family and payment, or channel and reference"
        )
    return number

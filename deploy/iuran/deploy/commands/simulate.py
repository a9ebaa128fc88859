"""`iuran simulate`: banks and shops that call our own HTTP endpoints with real signatures."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.deploy.banks import bank_folder
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.scenarios import check, run_, scenarios, server_here
from iuran.deploy.commands.terminal import fail, run, write_json, write_table
from iuran.deploy.demo_payments import PAYING_BANK
from iuran.deploy.rehearsal import Call, Plan, rehearse
from iuran.deploy.running import settings_here

app = typer.Typer(no_args_is_help=True, help="Play banks and shops against a running server.")

app.command("run")(run_)
app.command("scenarios")(scenarios)
app.command("check")(check)

PAID_ALREADY = "4042414"
NOTHING_TO_PAY = (
    "; `iuran clock advance 31d` brings the next bill, and `iuran simulate run` plays with "
    "families of its own"
)
VaOption = Annotated[
    str, typer.Option(help="Virtual account, 16 digits, or the 11 behind a prefix.")
]
ChannelOption = Annotated[str, typer.Option(help="Which bank of data/banks.")]
TwiceOption = Annotated[bool, typer.Option("--twice", help="Send the payment twice.")]
TwoBanksOption = Annotated[
    bool, typer.Option("--two-banks", help="Let another bank pay at the same time.")
]
WrongAmountOption = Annotated[
    bool, typer.Option("--wrong-amount", help="Pay one thousand rupiah too little.")
]
WrongSignatureOption = Annotated[
    bool, typer.Option("--wrong-signature", help="Sign with a secret that is not ours.")
]
UnknownVaOption = Annotated[
    bool, typer.Option("--unknown-va", help="Pay to an account that nobody has.")
]
InquiryOnlyOption = Annotated[
    bool, typer.Option("--inquiry-only", help="Ask for the bill and do not pay.")
]
UrlOption = Annotated[str | None, typer.Option(help="Server, if not the one that runs here.")]


@app.callback()
def simulate() -> None:
    """Play banks and shops against a running server."""


@app.command()
def pay(  # noqa: PLR0913 - the options of a command line
    va: VaOption,
    *,
    channel: ChannelOption = PAYING_BANK,
    twice: TwiceOption = False,
    two_banks: TwoBanksOption = False,
    wrong_amount: WrongAmountOption = False,
    wrong_signature: WrongSignatureOption = False,
    unknown_va: UnknownVaOption = False,
    inquiry_only: InquiryOnlyOption = False,
    url: UrlOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Ask for a bill and pay it. Exit 1 unless the server did what it should."""
    settings = settings_here(data=data)
    plan = Plan(
        base_url=url or server_here(settings),
        mount=settings.snap_mounts[0],
        bank=bank_folder(settings.data, channel),
        other_bank=_other_bank(settings.data, channel) if two_banks else None,
        customer_number=va.strip(),
        twice=twice,
        wrong_amount=wrong_amount,
        wrong_signature=wrong_signature,
        unknown_va=unknown_va,
        inquiry_only=inquiry_only,
    )
    calls = run(rehearse(plan))
    _write(calls, as_json=json)
    for call in calls:
        if not call.as_expected:
            advice = NOTHING_TO_PAY if call.code == PAID_ALREADY else ""
            fail(f"{call.bank}: the {call.what} was answered {call.code}, {call.reason}{advice}")


def _other_bank(data: Path, code: str) -> Path:
    others = sorted(
        path for path in (data / "banks").glob("*/bank.json") if path.parent.name != code
    )
    if not others:
        fail(f"there is no other bank in {data / 'banks'} to play")
    return others[0].parent


def _write(calls: list[Call], *, as_json: bool) -> None:
    if as_json:
        write_json(
            [
                {
                    "bank": call.bank,
                    "call": call.what,
                    "sent": call.sent,
                    "httpStatus": call.http_status,
                    "responseCode": call.code,
                    "reason": call.reason,
                    "asExpected": call.as_expected,
                }
                for call in calls
            ]
        )
        return
    write_table(
        "What the bank sent and heard",
        ("Bank", "Call", "Sent", "Code", "Reason", ""),
        [
            (
                call.bank,
                call.what,
                call.sent,
                call.code,
                call.reason,
                "as it should" if call.as_expected else "NOT EXPECTED",
            )
            for call in calls
        ],
        wide="Reason",
    )

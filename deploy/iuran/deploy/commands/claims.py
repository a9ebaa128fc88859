"""`iuran claims`: see claims, verify them, decide them, pay them; `claim_filing` has the rest."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.claims.listing import claims_of_facility, claims_of_family
from iuran.core.claims.records import Act, Claim, ClaimKey
from iuran.core.claims.verification import (
    Decided,
    decide,
    propose_approval,
    propose_rejection,
    record_complete,
)
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah, formatted
from iuran.deploy.commands.claim_filing import add_filing
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import (
    ByOption,
    DataOption,
    JsonOption,
    LimitOption,
    ReasonOption,
)
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.payments.care_money import pay_claim

app = typer.Typer(no_args_is_help=True, help="Claims: verify them, decide them, pay them.")
add_filing(app)
FamilyArgument = Annotated[int, typer.Argument(help="Family id.")]
ClaimArgument = Annotated[int, typer.Argument(help="Number of the claim.")]
Step = Callable[[Connection, ClaimKey, Act], Awaitable[Claim]]


@app.command("list")
def list_(
    *,
    family: Annotated[int | None, typer.Option(help="Of this family id.")] = None,
    facility: Annotated[str | None, typer.Option(help="Of this facility's code.")] = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the claims of a family or of a facility."""
    if (family is None) == (facility is None):
        raise InvalidInputError("family", "give --family or --facility, one of them")
    rows = [
        {
            "family": one.family_id,
            "claim": one.key.claim_id,
            "kind": one.kind.value,
            "care": one.care_type.value,
            "served": one.served_on,
            "claimed": formatted(one.amount_claimed),
            "state": one.state.value,
            "payBy": one.pay_by,
        }
        for one in run(_list(data, family, facility, limit))
    ]
    if json:
        write_json(rows)
        return
    columns = ("Family", "Claim", "Kind", "Care", "Served", "Claimed", "State", "Pay by")
    write_table("Claims", columns, [list(row.values()) for row in rows])


@app.command()
def complete(
    family: FamilyArgument,
    claim: ClaimArgument,
    *,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Record that all documents are there; its payment is due from today."""
    done = run(_step(data, family, claim, record_complete, by=by, reason="complete"))
    say(f"Claim {claim} is being verified; pay it by {done.pay_by}.")


@app.command()
def verify(
    family: FamilyArgument,
    claim: ClaimArgument,
    amount: Annotated[int, typer.Argument(min=0, help="Rupiah to pay; 0 proposes to reject.")],
    *,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose what to pay; another person decides."""

    async def proposed(connection: Connection, key: ClaimKey, act: Act) -> Claim:
        if amount == 0:
            return await propose_rejection(connection, key, act)
        return await propose_approval(connection, key, Rupiah(amount), act)

    done = run(_step(data, family, claim, proposed, by=by, reason=reason))
    say(f"Proposed: {done.proposal}. Somebody else decides with `iuran claims decide`.")


@app.command("decide")
def decide_(
    family: FamilyArgument,
    claim: ClaimArgument,
    *,
    accept: Annotated[bool, typer.Option("--accept/--send-back", help="The decision.")],
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Accept somebody else's proposal, or send it back to be verified again."""

    async def decided(connection: Connection, key: ClaimKey, act: Act) -> Claim:
        return await decide(connection, key, Decided(accepts=accept), act)

    done = run(_step(data, family, claim, decided, by=by, reason=reason))
    say(f"Claim {claim} is {done.state}.")


@app.command()
def pay(
    family: FamilyArgument, claim: ClaimArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Pay an approved claim and post it."""
    is_new = run(_pay(data, ClaimKey(family_id=family, claim_id=claim), by))
    say(f"Claim {claim} is paid." if is_new else f"Claim {claim} was paid before.")


async def _list(
    data: Path | None, family: int | None, facility: str | None, limit: int
) -> tuple[Claim, ...]:
    async with open_desk(data) as desk:
        today = wib_date(desk.clock.now())
        if family is not None:
            return await claims_of_family(desk.connection, family, today=today, limit=limit)
        return await claims_of_facility(desk.connection, facility or "", today=today, limit=limit)


async def _step(
    data: Path | None, family: int, claim: int, step: Step, *, by: str, reason: str
) -> Claim:
    key = ClaimKey(family_id=family, claim_id=claim)
    async with open_desk(data) as desk, desk.connection.transaction():
        return await step(desk.connection, key, Act(by=by, reason=reason, at=desk.clock.now()))


async def _pay(data: Path | None, key: ClaimKey, by: str) -> bool:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await pay_claim(desk.connection, key, by=by, at=desk.clock.now())

"""`iuran claims` on the side of who claims: file, add documents, submit, ask, answer, dispute."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.claims.filing import NewFacilityClaim, open_facility_claim, submit
from iuran.core.claims.papers import add_document
from iuran.core.claims.records import Act, Claim, ClaimKey
from iuran.core.claims.verification import ask, dispute, record_incomplete, resume
from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import ByOption, DataOption, ReasonOption
from iuran.deploy.commands.terminal import run, say

FamilyArgument = Annotated[int, typer.Argument(help="Family id.")]
ClaimArgument = Annotated[int, typer.Argument(help="Number of the claim.")]
Step = Callable[[Connection, ClaimKey, Act], Awaitable[Claim]]


def file(
    family: FamilyArgument,
    care_number: Annotated[str, typer.Argument(help="Number of the letter (SEP) or visit.")],
    amount: Annotated[int, typer.Argument(min=1, help="Rupiah.")],
    *,
    served: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day of the care.")],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Open the draft of a facility's claim."""
    claim = NewFacilityClaim(
        family_id=family,
        care_number=care_number.strip().upper(),
        served_on=served.date(),
        amount=Rupiah(amount),
    )
    key = run(_file(data, claim, by))
    say(f"Claim {key.claim_id} is a draft. Add its documents, then submit it:")
    say(f"  iuran claims submit {key.family_id} {key.claim_id} --by NAME")


def document(
    family: FamilyArgument,
    claim: ClaimArgument,
    kind: Annotated[str, typer.Argument(help="Kind, such as MEDICAL_RECORD.")],
    *,
    sha256: Annotated[str, typer.Option("--sha256", help="Fingerprint of its bytes, 64 digits.")],
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Add a document to a claim that is not with the verifier."""
    run(_document(data, ClaimKey(family_id=family, claim_id=claim), kind, sha256, by))
    say(f"Claim {claim} has {kind}.")


def submit_(
    family: FamilyArgument, claim: ClaimArgument, *, by: ByOption, data: DataOption = None
) -> None:
    """Submit a draft; what is missing is said within 10 days."""
    _take(data, family, claim, submit, by=by, reason="submitted")


def _stepping(step: Step, told: str) -> Callable[..., None]:
    """Make the command of a step that takes a reason; `told` is its help."""

    def take(
        family: FamilyArgument,
        claim: ClaimArgument,
        *,
        reason: ReasonOption,
        by: ByOption,
        data: DataOption = None,
    ) -> None:
        _take(data, family, claim, step, by=by, reason=reason)

    take.__doc__ = told
    return take


STEPS: Mapping[str, Callable[..., None]] = {
    "give-back": _stepping(
        record_incomplete, "Give an incomplete claim back; the reason says what is missing."
    ),
    "ask": _stepping(ask, "Leave a claim pending until a question, the reason, is answered."),
    "dispute": _stepping(
        dispute, "Disagree with a verification or a rejection; the reason says in what."
    ),
    "resume": _stepping(
        resume, "Verify a pending or disputed claim again; the reason is the answer."
    ),
}


def add_filing(app: typer.Typer) -> None:
    """Give `iuran claims` these commands."""
    app.command("file")(file)
    app.command("add-document")(document)
    app.command("submit")(submit_)
    for name, step in STEPS.items():
        app.command(name)(step)


def _take(data: Path | None, family: int, claim: int, step: Step, *, by: str, reason: str) -> None:
    done = run(_step(data, ClaimKey(family_id=family, claim_id=claim), step, by, reason))
    say(f"Claim {claim} is {done.state}.")


async def _step(data: Path | None, key: ClaimKey, step: Step, by: str, reason: str) -> Claim:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await step(desk.connection, key, Act(by=by, reason=reason, at=desk.clock.now()))


async def _file(data: Path | None, claim: NewFacilityClaim, by: str) -> ClaimKey:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await open_facility_claim(desk.connection, claim, by=by, at=desk.clock.now())


async def _document(data: Path | None, key: ClaimKey, kind: str, sha256: str, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await add_document(desk.connection, key, kind, sha256=sha256, by=by, at=desk.clock.now())

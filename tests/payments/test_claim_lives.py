"""Random lives of a claim against a clerk's notebook that follows the same people."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.claims.filing import NewFacilityClaim, open_facility_claim, submit
from iuran.core.claims.papers import add_document
from iuran.core.claims.records import Act, ClaimKey, claim_of, history_of
from iuran.core.claims.verification import (
    Decided,
    ask,
    decide,
    dispute,
    propose_approval,
    propose_rejection,
    record_complete,
    record_incomplete,
    resume,
)
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import DomainError
from iuran.core.money import Rupiah
from iuran.payments.care_money import pay_claim
from iuran.payments.finance_figures import care_disagreements
from iuran.payments.ledger import balances
from tests.care_builders import a_member, an_emergency_stay
from tests.conftest import clear
from tests.moments import wib

AMOUNT = 2_800_000


@dataclass
class Notebook:
    """What a clerk writes down: the state, who opened, who proposed what, and the days."""

    state: str = "DRAFT"
    proposal: str | None = None
    verifier: str | None = None
    submitted: date | None = None

    def arrive_at(self, day: date) -> None:
        if self.state == "SUBMITTED" and self.submitted and (day - self.submitted).days > 10:
            self.state = "VERIFYING"
        if self.state in {"DRAFT", "INCOMPLETE"} and day > date(2026, 8, 5):
            self.state = "EXPIRED"

    def does(self, deed: str, by: str, day: date) -> bool:
        """Whether the deed is possible; if it is, it is done."""
        was = self.state
        moves = {
            ("submit", "DRAFT"): "SUBMITTED",
            ("complete", "SUBMITTED"): "VERIFYING",
            ("complete", "INCOMPLETE"): "VERIFYING",
            ("return", "SUBMITTED"): "INCOMPLETE",
            ("return", "VERIFYING"): "INCOMPLETE",
            ("ask", "VERIFYING"): "PENDING",
            ("dispute", "VERIFYING"): "DISPUTED",
            ("dispute", "REJECTED"): "DISPUTED",
            ("resume", "PENDING"): "VERIFYING",
            ("resume", "DISPUTED"): "VERIFYING",
            ("approve", "VERIFYING"): "VERIFYING",
            ("reject", "VERIFYING"): "VERIFYING",
            ("accept", "VERIFYING"): self.proposal,
            ("refuse", "VERIFYING"): "VERIFYING" if self.proposal else None,
            ("pay", "APPROVED"): "PAID",
        }
        new = moves.get((deed, was))
        if deed == "return" and self.submitted and (day - self.submitted).days > 10:
            new = None
        if deed == "accept" and by in {self.verifier, "rs"}:
            new = None
        if new is None:
            return False
        if deed == "submit":
            self.submitted = day
        if deed in {"return", "ask", "dispute", "refuse"}:
            self.proposal = self.verifier = None
        if deed in {"approve", "reject"}:
            self.proposal = "APPROVED" if deed == "approve" else "REJECTED"
            self.verifier = by
        self.state = new
        return True


async def done(connection: Connection, key: ClaimKey, deed: str, act: Act) -> bool:
    """Do it through the domain; False if it is refused."""
    try:
        async with connection.transaction():
            match deed:
                case "approve":
                    await propose_approval(connection, key, Rupiah(AMOUNT), act)
                case "reject":
                    await propose_rejection(connection, key, act)
                case "accept" | "refuse":
                    await decide(connection, key, Decided(accepts=deed == "accept"), act)
                case "pay":
                    return await pay_claim(connection, key, by=act.by, at=act.at)
                case _:
                    steps = {
                        "submit": submit,
                        "complete": record_complete,
                        "return": record_incomplete,
                        "ask": ask,
                        "dispute": dispute,
                        "resume": resume,
                    }
                    await steps[deed](connection, key, act)
    except DomainError:
        return False
    return True


DEEDS = [
    *("submit", "complete", "return", "ask", "dispute", "resume"),
    *("approve", "reject", "accept", "accept", "refuse", "pay"),
]
lives = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.sampled_from(["ani", "budi", "rs"]), st.integers(0, 12)),
    max_size=14,
)
STRAIGHT = [("submit", "rs", 1), ("complete", "ani", 1), ("approve", "ani", 0)]


async def an_open_claim(pool: Pool) -> ClaimKey:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        letter = await an_emergency_stay(
            connection, family, at=wib(2026, 2, 2), estimated_tariff=AMOUNT
        )
        claim = NewFacilityClaim(
            family_id=family.family_id,
            care_number=letter.letter_number,
            served_on=date(2026, 2, 5),
            amount=Rupiah(AMOUNT),
        )
        key = await open_facility_claim(connection, claim, by="rs", at=wib(2026, 2, 5))
        for document in ("MEDICAL_RESUME", "PROOF_OF_SERVICE"):
            await add_document(
                connection, key, document, sha256="0" * 64, by="rs", at=wib(2026, 2, 5)
            )
    return key


@given(life=lives, straight=st.booleans(), wait=st.integers(0, 190))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_life_of_a_claim_agrees_with_the_notebook(
    pool: Pool, database_url: str, *, life: list[tuple[str, str, int]], straight: bool, wait: int
) -> None:
    await clear(database_url)
    key = await an_open_claim(pool)
    notebook = Notebook()
    now: datetime = wib(2026, 2, 5, 23, 59)

    async with pool.acquire() as connection:
        for deed, by, days in [*(STRAIGHT if straight else ()), *life]:
            now += timedelta(days=days)
            notebook.arrive_at(wib_date(now))
            was_done = await done(connection, key, deed, Act(by=by, reason="x", at=now))
            assert was_done == notebook.does(deed, by, wib_date(now)), (deed, by, notebook)
        now += timedelta(days=wait)
        notebook.arrive_at(wib_date(now))
        claim = await claim_of(connection, key, today=wib_date(now))
        told = await history_of(connection, key)
        wrong = await care_disagreements(connection)
        spent = {b.account: b.amount for b in await balances(connection)}["CARE_EXPENSE"]

    assert (claim.state, claim.proposal) == (notebook.state, notebook.proposal)
    assert [event.was for event in told[1:]] == [event.state for event in told[:-1]]
    assert wrong == ()
    assert spent == (AMOUNT if claim.state == "PAID" else 0)

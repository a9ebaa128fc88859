"""The deeds of a story: each kind of fact, played through the public functions of the house."""

from datetime import date, datetime, time, timedelta
from functools import singledispatch

from iuran.core.care.care_types import CareType
from iuran.core.care.certificates import (
    InabilityCertificate,
    approve_certificate,
    record_certificate,
)
from iuran.core.care.circumstances import check_eligibility
from iuran.core.care.eligibility import CareRequest
from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import connected
from iuran.core.employers.reports import end_employment
from iuran.core.enrolment import open_membership
from iuran.core.errors import DomainError
from iuran.core.families import Relation
from iuran.core.governments import Sponsorship, sponsor
from iuran.core.identifiers import customer_number_of
from iuran.core.instalments import steps_max
from iuran.core.manual_changes import ChangeKind
from iuran.core.membership_history import status_at
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.loading import load_regulation
from iuran.core.regulation.rates import contribution_rate
from iuran.core.segments import CareClass, Segment
from iuran.payments.class_changes import change_care_class
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.inquiries import inquire
from iuran.payments.instalment_plans import register_plan
from iuran.payments.members import add_newborn
from iuran.payments.prepayment import ask_to_pay_ahead
from iuran.payments.rulings import Ruling as RulingOfMonth
from iuran.payments.rulings import approve_ruling, propose_ruling
from iuran.payments.segment_moves import (
    ToSelfPaid,
    approve_leaving,
    move_to_self_paid,
    propose_leaving,
)
from iuran.payments.settlement import PaymentInstruction, book_collected
from tests.builders import a_participant, an_instruction
from tests.care_builders import CLINIC, HOSPITAL
from tests.journeys.scenarios.facts import (
    Admitted,
    AsksForClass,
    BabyRegistered,
    BankFile,
    Billed,
    BillsMade,
    Born,
    Certified,
    Collected,
    Dies,
    EmployerPaidTo,
    EmployerUnpaid,
    EmploymentOver,
    Estimate,
    Fact,
    Fee,
    InArrears,
    InClass,
    Inquiry,
    Issued,
    LastInstalment,
    LastPaid,
    LooksAt,
    MovesToState,
    PaidAhead,
    PaidEach,
    PaidUp,
    PaymentRequest,
    PaysAll,
    PaysIn,
    People,
    RegistersPlan,
    Ruling,
    Sends,
    SentAgain,
    TakesPlan,
    Unpaid,
    Wage,
    WithChildren,
    WithParents,
    WithSpouse,
    WorkersClass,
)
from tests.journeys.scenarios.grammar import FIRST_DAY
from tests.journeys.scenarios.stage import Household, Stage, at_nine
from tests.payments.payers import HR

ENACT = """
    UPDATE contribution_rate SET participant_share = $1, amount_total = $1
    WHERE rate_group = 'PBPU_BP' AND care_class = $2
      AND first_month <= $3 AND coalesce(last_month, $3) >= $3
"""
A_DAY_OF_PAYMENT = 20


async def perform(stage: Stage) -> None:
    """Play a branch to its end."""
    facts = (*stage.branch.given, *stage.branch.when)
    settles = PaysAll | PaysIn | RegistersPlan
    if stage.branch.first(InArrears) and not any(isinstance(fact, settles) for fact in facts):
        await play(PaysAll(at_nine(FIRST_DAY)), stage)
    for fact in facts:
        await play(fact, stage)


@singledispatch
async def play(fact: Fact, stage: Stage) -> None:
    """Play one fact; a kind that nobody can play is an error."""
    raise TypeError(f"nobody plays {fact} of {stage.branch}")


@play.register
async def _of_the_past(
    fact: People
    | InClass
    | Issued
    | LastPaid
    | Unpaid
    | InArrears
    | PaidUp
    | Fee
    | Estimate
    | Wage
    | WorkersClass
    | WithSpouse
    | WithChildren
    | WithParents
    | EmployerUnpaid
    | EmployerPaidTo
    | EmploymentOver
    | Born
    | RegistersPlan
    | LastInstalment,
    stage: Stage,
) -> None:
    """What the past was made of, or a later deed asks the branch for."""


@play.register
async def _is_billed(fact: Billed, stage: Stage) -> None:
    """A bill whose amount is told is as high as that on its first day."""
    if fact.amount is not None:
        month = fact.month or CoverageMonth.of(FIRST_DAY)
        assert (await stage.ask(at_nine(month.first_day))).amount == fact.amount
        stage.asked.clear()


@play.register
async def _pays_all(fact: PaysAll, stage: Stage) -> None:
    await stage.pay(fact.at)


@play.register
async def _pays_each(fact: PaidEach, stage: Stage) -> None:
    """Each payment is of the amount told; a rate that is not on file now was in force then."""
    people = stage.branch.first(People)
    share, rest = divmod(fact.amount, 1 if people is None else people.count)
    assert rest == 0
    for day in fact.days:
        month = CoverageMonth.of(day)
        if contribution_rate(stage.care_class, month).participant_share != share:
            async with connected(stage.database_url, role=None) as owner:
                await owner.execute(ENACT, share, int(stage.care_class), month.ordinal)
        outcome = await stage.pay(at_nine(day))
        assert (outcome.is_settled, outcome.detail.get("amount")) == (True, fact.amount)


@play.register
async def _rules(fact: Ruling, stage: Stage) -> None:
    """The rates on file are those after the ruling; every month that was paid is looked at."""
    async with connected(stage.database_url, role=None) as owner, owner.transaction():
        await load_regulation(owner)
    home, at = stage.home, at_nine(fact.on)
    await stage.advance(at)
    async with stage.pool.acquire() as connection, connection.transaction():
        for month in [
            CoverageMonth.of(d) for each in stage.branch.all_of(PaidEach) for d in each.days
        ]:
            change_id = await propose_ruling(
                connection,
                home.family_id,
                home.membership_id,
                RulingOfMonth(month=month, reason="a ruling"),
                proposed_by="siti",
                at=at,
            )
            await approve_ruling(connection, home.family_id, change_id, approved_by="budi", at=at)


@play.register
async def _pays_ahead(fact: PaidAhead, stage: Stage) -> None:
    home, at = stage.home, at_nine(fact.on)
    await stage.advance(at)
    async with stage.pool.acquire() as connection, connection.transaction():
        await ask_to_pay_ahead(
            connection, home.family_id, home.membership_id, months=fact.months - 1, at=at
        )
    outcome = await stage.pay(at)
    assert (outcome.is_settled, outcome.detail.get("amount")) == (True, fact.amount)


@play.register
async def _pays_in(fact: PaysIn, stage: Stage) -> None:
    """The employment ends, the family moves to pay for itself, and pays."""
    over, chosen = stage.branch.first(EmploymentOver), stage.branch.first(InClass)
    assert over is not None
    assert chosen is not None
    assert stage.workplace is not None
    worker, last_month = stage.workplace.worker, CoverageMonth.of(over.first_day).plus(-1)
    async with stage.pool.acquire() as connection, connection.transaction():
        await end_employment(connection, worker.key, last_month, HR, at=stage.now)
    at = at_nine(over.first_day)
    await stage.advance(at)
    family = worker.family
    people = [participant.participant_id for participant in family.participants]
    async with stage.pool.acquire() as connection, connection.transaction():
        membership_id = await move_to_self_paid(
            connection,
            family.family_id,
            ToSelfPaid(
                participants=people,
                care_class=chosen.care_class,
                last_covered_month=last_month,
                catches_up=fact.catches_up,
            ),
            asked_by="siti",
            at=at,
        )
    number = customer_number_of(family.participants[0].card_number)
    stage.household = Household(family.family_id, membership_id, people, number)
    await stage.pay(at_nine(fact.month.first_day.replace(day=A_DAY_OF_PAYMENT)))


@play.register
async def _inquires(fact: Inquiry, stage: Stage) -> None:
    await stage.advance(fact.at)
    async with stage.pool.acquire() as connection, connection.transaction():
        payable = await inquire(
            connection,
            stage.channel,
            reference="INQUIRED",
            customer_number=stage.number_to_pay,
            at=fact.at,
        )
    assert payable.amount == fact.amount


@play.register
async def _requests(fact: PaymentRequest, stage: Stage) -> None:
    await stage.pay(fact.at, fact.amount, reference="INQUIRED")


@play.register
async def _is_filed(fact: BankFile, stage: Stage) -> None:
    """A debit of the sum that was inquired comes with a file of a later day."""
    inquiry = stage.branch.first(Inquiry)
    assert inquiry is not None
    arrives_at = at_nine(fact.arrives_on)
    await stage.advance(arrives_at)
    instruction = an_instruction(stage.channel, stage.number_to_pay, inquiry.amount)
    await _books(stage, _debited(instruction, fact.debited_at), arrives_at)


@play.register
async def _collects(fact: Collected, stage: Stage) -> None:
    payable = await stage.ask(fact.at)
    amount = payable.amount if fact.amount is None else fact.amount
    instruction = an_instruction(
        stage.channel, stage.number_to_pay, amount, reference=fact.reference
    )
    stage.instructions[fact.reference] = instruction
    await _books(stage, _debited(instruction, fact.at), fact.at)


@play.register
async def _is_sent_again(fact: SentAgain, stage: Stage) -> None:
    first = stage.instructions[fact.reference]
    answered = stage.outcomes[list(stage.instructions).index(fact.reference)]
    await _books(stage, first, stage.now)
    assert (stage.outcomes[-1].result, stage.outcomes[-1].detail) == (
        answered.result,
        answered.detail,
    )


async def _books(stage: Stage, instruction: PaymentInstruction, at: datetime) -> None:
    async with stage.pool.acquire() as connection, connection.transaction():
        (outcome,) = await book_collected(connection, [instruction], at=at)
    stage.outcomes.append(outcome)


def _debited(instruction: PaymentInstruction, at: datetime) -> PaymentInstruction:
    return PaymentInstruction(
        channel_id=instruction.channel_id,
        external_id=instruction.external_id,
        reference=instruction.reference,
        customer_number=instruction.customer_number,
        amount=instruction.amount,
        channel_time=at,
        target=instruction.target,
        headers=instruction.headers,
        body=instruction.body,
    )


@play.register
async def _sends(fact: Sends, stage: Stage) -> None:
    await stage.pay(at_nine(FIRST_DAY), fact.amount)


@play.register
async def _bills_are_made(fact: BillsMade, stage: Stage) -> None:
    await stage.advance(at_nine(fact.month.first_day))
    await stage.roll(stage.now)


@play.register
async def _looks(fact: LooksAt, stage: Stage) -> None:
    await stage.ask(fact.at)
    async with stage.pool.acquire() as connection:
        status = await status_at(connection, *stage.patient, at=fact.at)
    assert status is not None
    stage.statuses.append(status)


@play.register
async def _registers_baby(fact: BabyRegistered, stage: Stage) -> None:
    born, home, at = stage.branch.first(Born), stage.home, at_nine(fact.on)
    assert born is not None
    assert fact.day is None or fact.day == (fact.on - born.on).days
    await stage.advance(at)
    child = a_participant(relation=Relation.CHILD, birth_date=born.on)
    async with stage.pool.acquire() as connection, connection.transaction():
        added, stage.newborn = await add_newborn(
            connection, home.family_id, home.membership_id, child=child, at=at
        )
    stage.baby = added.participant.participant_id
    await stage.ask(at)


@play.register
async def _asks_for_class(fact: AsksForClass, stage: Stage) -> None:
    home, at = stage.home, at_nine(fact.on)
    await stage.advance(at)
    try:
        async with stage.pool.acquire() as connection, connection.transaction():
            stage.class_from = await change_care_class(
                connection,
                home.family_id,
                home.membership_id,
                care_class=fact.care_class,
                asked_by="siti",
                at=at,
            )
    except DomainError as error:
        stage.refusals.append(error.code)
    else:
        await stage.advance(at_nine(stage.class_from.first_day))


@play.register
async def _takes_plan(fact: TakesPlan, stage: Stage) -> None:
    """Registers for as many steps as may be, and pays one a month, the last on its day."""
    registers, last = stage.branch.first(RegistersPlan), stage.branch.first(LastInstalment)
    arrears = stage.branch.first(InArrears)
    assert registers is not None
    assert last is not None
    assert arrears is not None
    home, at = stage.home, at_nine(registers.on)
    await stage.ask(at)
    steps = fact.steps or steps_max(arrears_months=arrears.months, on=registers.on)
    async with stage.pool.acquire() as connection, connection.transaction():
        stage.plan = await register_plan(
            connection, home.family_id, home.membership_id, steps=steps, registered_by="siti", at=at
        )
    for step in stage.plan.steps:
        day = step.month.first_day.replace(day=last.on.day)
        outcome = await stage.pay(at_nine(max(day, registers.on)))
        assert outcome.detail.get("amount") == step.amount
    assert stage.plan.steps[-1].month == CoverageMonth.of(last.on)


@play.register
async def _dies(fact: Dies, stage: Stage) -> None:
    """What was paid ahead is then used up month by month."""
    home, at = stage.home, at_nine(fact.reported_on)
    await stage.advance(at)
    departure = Departure(
        membership_id=home.membership_id,
        participant_id=home.people[-1],
        left_on=fact.on,
        kind=ChangeKind.DEATH,
        reason="certificate",
    )
    async with stage.pool.acquire() as connection, connection.transaction():
        change_id = await propose_departure(
            connection, home.family_id, departure, proposed_by="siti", at=at
        )
        await approve_departure(
            connection,
            home.family_id,
            change_id,
            kind=ChangeKind.DEATH,
            approved_by="budi",
            at=at,
        )
    for ahead in stage.branch.all_of(PaidAhead):
        await stage.advance(at_nine(CoverageMonth.of(ahead.on).plus(ahead.months - 1).first_day))


@play.register
async def _moves_to_state(fact: MovesToState, stage: Stage) -> None:
    home, at = stage.home, at_nine(fact.on)
    await stage.advance(at)
    async with stage.pool.acquire() as connection, connection.transaction():
        change_id = await propose_leaving(
            connection,
            home.family_id,
            home.membership_id,
            reason="on the list of PBI",
            proposed_by="siti",
            at=at,
        )
        await approve_leaving(connection, home.family_id, change_id, approved_by="budi", at=at)
        membership_id = await open_membership(
            connection,
            family_id=home.family_id,
            segment=Segment.PBI_APBN,
            care_class=CareClass.III,
            participant_ids=home.people,
            at=at,
        )
        await sponsor(
            connection,
            Sponsorship(family_id=home.family_id, membership_id=membership_id),
            at=at,
        )


@play.register
async def _is_certified(fact: Certified, stage: Stage) -> None:
    assert fact == Certified()
    family_id, today = stage.home.family_id, stage.now.astimezone(WIB).date()
    certificate = InabilityCertificate(
        family_id=family_id,
        certificate_number="SKTM-1",
        issued_by="Dinas Sosial Contoh",
        first_day=today,
        last_day=today + timedelta(days=365),
    )
    async with stage.pool.acquire() as connection, connection.transaction():
        await record_certificate(connection, certificate, by="siti", at=stage.now)
        await approve_certificate(connection, family_id, "SKTM-1", by="budi", at=stage.now)


@play.register
async def _is_admitted(fact: Admitted, stage: Stage) -> None:
    at = datetime.combine(fact.on, time(10), WIB)
    await _keeps_paying(stage, until=fact.on)
    await stage.advance(at)
    family_id, participant_id = stage.patient
    request = CareRequest(
        family_id=family_id,
        participant_id=participant_id,
        facility_code=HOSPITAL if fact.care_type.is_advanced else CLINIC,
        care_type=fact.care_type,
        starts_at=at,
        is_emergency=True,
        estimated_tariff=Rupiah(fact.estimate or _an_estimate(fact.care_type)),
    )
    async with stage.pool.acquire() as connection:
        found = await check_eligibility(connection, request)
    assert found.is_eligible, found.refusals
    assert found.fine is not None
    _check_day(fact, found.fine.window.first_day if found.fine.window else None)
    stage.fines.append(found.fine)
    stage.fined_on.append(fact.on)


async def _keeps_paying(stage: Stage, *, until: date) -> None:
    """Who is treated has paid what was billed meanwhile: the months between are no news."""
    month = CoverageMonth.of(wib_date(stage.asked[-1][0])).plus(1)
    while month < CoverageMonth.of(until):
        await stage.pay(max(at_nine(month.first_day.replace(day=5)), stage.now))
        month = month.plus(1)


def _an_estimate(care_type: CareType) -> int:
    return 2_800_000 if care_type.is_inpatient else 300_000


def _check_day(fact: Admitted, first_day: date | None) -> None:
    assert fact.day is None or first_day == fact.on - timedelta(days=fact.day)

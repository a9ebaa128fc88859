"""What lies on the desks of the demonstration: something to look at and to decide for each role."""

from datetime import datetime, time, timedelta
from typing import Final, LiteralString

from iuran.core.clock import wib_date, wib_instant
from iuran.core.complaints.handling import answer, assign, receive
from iuran.core.complaints.records import ComplaintCategory, ComplaintChannel, NewComplaint
from iuran.core.database.pool import Connection
from iuran.core.facilities.home import HomeChoice, choose_home
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.reminders.contacts import ContactPreference, state_preference
from iuran.core.reminders.events import Channel
from iuran.deploy.demo_care import CLINIC, give_care
from iuran.deploy.demo_families import CITY
from iuran.deploy.demo_payments import (
    PAYING_BANK,
    collect,
    customer_number_of_card,
    pay_all,
)
from iuran.deploy.demo_people import Living
from iuran.payments.autodebit.mandates import NewMandate, give_mandate
from iuran.payments.government_payments import NewGovernmentPayment, record_government_payment
from iuran.payments.instalment_plans import register_plan
from iuran.payments.refunds.records import Payee, RefundReason
from iuran.payments.refunds.requests import NewRefund, ask_refund
from iuran.payments.secrets import Cipher

COUNTER: Final = "demo-counter"
PUSKESMAS = "99010102"
NOBODYS_NUMBER = "09999999999"
PLAN_STEPS = 3
PAID_TWICE: Final = Rupiah(450_000)
STRAY: Final = Rupiah(105_000)

SELECT_ANY_COMPLAINT: LiteralString = """
    SELECT EXISTS (SELECT FROM complaint)
"""


async def live_the_desk(connection: Connection, cipher: Cipher, *, now: datetime) -> None:
    """Do it once, in the caller's transaction; the families have lived up to now."""
    if await connection.fetchval(SELECT_ANY_COMPLAINT):
        return
    await _complain(connection, now=now)
    await _choose_homes(connection, now=now)
    await give_care(connection, now=now)
    await _pay_in_steps(connection, now=now)
    await _pay_too_much(connection, now=now)
    await _pay_for_others(connection, now=now)
    await _sign_mandate(connection, cipher, now=now)


async def _complain(connection: Connection, *, now: datetime) -> None:
    """One complaint that was answered, and one that waits."""
    family = await Living.of(connection, 1)
    asked = [
        (ComplaintCategory.SERVICE, "Antrean di loket sangat lama.", 30),
        (ComplaintCategory.CONTRIBUTION, "Mengapa tagihan saya lebih dari satu bulan?", 1),
    ]
    keys = [
        await receive(
            connection,
            NewComplaint(
                channel=ComplaintChannel.MOBILE,
                category=category,
                reporter_name=family.story.people[0].name,
                reporter_contact="ratna@example.org",
                text=text,
                family_id=family.family_id,
            ),
            by=COUNTER,
            at=now - timedelta(days=days_ago),
        )
        for category, text, days_ago in asked
    ]
    answered_at = now - timedelta(days=29)
    await assign(connection, keys[0], to="demo-branch_officer", by=COUNTER, at=answered_at)
    text = "Mohon maaf. Loket kedua kini dibuka setiap pagi."
    await answer(connection, keys[0], text, by="demo-branch_officer", at=answered_at)


async def _choose_homes(connection: Connection, *, now: datetime) -> None:
    """Members of two families chose where they go first; the suspended one may still choose."""
    for number, facility in ((5, CLINIC), (6, PUSKESMAS)):
        family = await Living.of(connection, number)
        for member in family.members:
            choice = HomeChoice(
                family_id=family.family_id, participant_id=member, facility_code=facility
            )
            await choose_home(connection, choice, by=COUNTER, at=now - timedelta(days=60))
    suspended = await Living.of(connection, 1)
    wish = ContactPreference(channels=(Channel.WHATSAPP, Channel.EMAIL), opted_out=(Channel.SMS,))
    await state_preference(
        connection, suspended.family_id, suspended.head, wish, by=COUNTER, at=now
    )


async def _pay_in_steps(connection: Connection, *, now: datetime) -> None:
    """A plan (REHAB), which begins on the 1st to the 28th, whose first step is paid."""
    family = await Living.of(connection, 9)
    first_morning = wib_instant(CoverageMonth.of(wib_date(now)).first_day, time(8))
    at = min(now, first_morning)
    await register_plan(
        connection,
        family.family_id,
        family.membership_id,
        steps=PLAN_STEPS,
        registered_by=COUNTER,
        at=at,
    )
    await pay_all(connection, family.kk_number, at=at)


async def _pay_too_much(connection: Connection, *, now: datetime) -> None:
    """A family that paid twice wants it back; somebody else's money fits no number at all."""
    family = await Living.of(connection, 5)
    number = await customer_number_of_card(connection, family.kk_number)
    await collect(connection, number, PAID_TWICE, at=now)
    await collect(connection, NOBODYS_NUMBER, STRAY, at=now)
    refund = NewRefund(
        family_id=family.family_id,
        membership_id=family.membership_id,
        amount=PAID_TWICE,
        reason=RefundReason.OVERPAYMENT,
        note="Paid at two banks on one day",
        payee=Payee(name=family.story.people[0].name, bank="Bank Contoh", account="990000012345"),
    )
    await ask_refund(connection, refund, by=COUNTER, at=now)


async def _pay_for_others(connection: Connection, *, now: datetime) -> None:
    """The city's transfer of a month was recorded and waits for another person."""
    transfer = NewGovernmentPayment(
        region=CITY,
        reference="SP2D-DEMO-1",
        amount=Rupiah(35_000),
        value_date=wib_date(now - timedelta(days=1)),
        note="One person, one month",
    )
    await record_government_payment(connection, transfer, by="demo-cashier", at=now)


async def _sign_mandate(connection: Connection, cipher: Cipher, *, now: datetime) -> None:
    """A family lets its bank debit what is due."""
    family = await Living.of(connection, 6)
    mandate = NewMandate(
        customer_number=await customer_number_of_card(connection, family.kk_number),
        channel_code=PAYING_BANK,
        account_number="9900001234567",
        holder_name=family.story.people[0].name,
        signed_at_place="Kota Contoh",
    )
    await give_mandate(connection, cipher, mandate, by=COUNTER, at=now)

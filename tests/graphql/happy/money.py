"""What families, banks and governments pay, and what goes back."""

from typing import Any

from iuran.core.facilities.home import ChangeReason, HomeChoice, choose_home
from iuran.core.months import CoverageMonth
from iuran.graphql.global_ids import id_of, key_of
from iuran.graphql.identity import Role
from iuran.payments.capitation import compute_capitation
from iuran.payments.lost.disputes import note_disputes
from iuran.payments.settlement import book_collected
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    an_instruction,
    pays_what_it_owes,
)
from tests.care_builders import CLINIC, an_emergency_stay, facilities
from tests.graphql.happy.people import approving
from tests.graphql.happy.world import Happy, World, a_membership_since_2024, another_person, row
from tests.moments import wib

FINANCE = Role.FINANCE_OFFICER
LAW = "LAW_OF_A_HAPPY_PATH"
INSERT_LAW = """
    INSERT INTO write_off_rule (rule, in_force, effective_from, effective_to, segments,
                                care_classes, last_month, legal_basis)
    VALUES ($1, true, '2026-01-01', '2026-01-31', '{PBPU_SELF,BP_SELF}', '{1,2,3}', NULL, 'a test')
"""
PAYEE = {"name": "BUNGA CONTOH", "bank": "Bank Contoh", "account": "0099900001"}


@row
async def request_prepayment(world: World) -> Happy:
    return Happy(
        given={"membershipId": world.insured.keys["membership"], "months": 3},
        another={"months": 4},
        effect="SELECT max(months) FROM prepayment_request",
        became=3,
        **world.own,
    )


@row
async def start_instalment_plan(world: World) -> Happy:
    return Happy(
        given={
            "membershipId": await a_membership_since_2024(world, paid_again=False),
            "steps": 4,
        },
        another={"steps": 3},
        effect="SELECT max(steps) FROM instalment_plan",
        became=4,
    )


@row
async def cancel_instalment_plan(world: World) -> Happy:
    membership = await a_membership_since_2024(world, paid_again=False)
    await world.did("startInstalmentPlan", {"membershipId": membership, "steps": 4})
    return Happy(
        given={"membershipId": membership, "reason": "all is paid at once"},
        another={"reason": "another reason"},
        effect="SELECT min(state) FROM instalment_plan",
        became="CANCELLED",
    )


def mandate(world: World) -> dict[str, str]:
    return {
        "membershipId": world.insured.keys["membership"],
        "channel": "BCA",
        "accountNumber": "990000012345",
        "holderName": "BUNGA CONTOH",
        "signedAtPlace": "aplikasi",
    }


@row
async def give_autodebit_mandate(world: World) -> Happy:
    return Happy(
        given=mandate(world),
        another={"accountNumber": "990000012346"},
        effect="SELECT min(account_masked) FROM autodebit_mandate WHERE revoked_at IS NULL",
        became="********2345",
        **world.own,
    )


@row
async def revoke_autodebit_mandate(world: World) -> Happy:
    await world.did("giveAutodebitMandate", mandate(world))
    return Happy(
        given={"membershipId": world.insured.keys["membership"], "reason": "another bank"},
        another={"reason": "no reason"},
        effect="SELECT count(*) FROM autodebit_mandate WHERE revoked_at IS NOT NULL",
        became=1,
        **world.own,
    )


def ruling(world: World) -> dict[str, str]:
    membership = world.insured.keys["membership"]
    return {"membershipId": membership, "month": "2025-12", "reason": "MA 99P/HUM/2025"}


@row
async def propose_rate_ruling(world: World) -> Happy:
    return Happy(
        given=ruling(world),
        another={"month": "2026-01"},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'RATE_RULING'",
        became=1,
    )


@row
async def approve_rate_ruling(world: World) -> Happy:
    return Happy(
        given=await approving(world, "proposeRateRuling", ruling(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT count(*) FROM manual_change_approval",
        became=1,
        role=FINANCE,
        token=another_person(),
    )


async def overpays(world: World, amount: int) -> None:
    """Let the insured family have credit: what a bank collected beyond its bill."""
    number = world.insured.account.customer_number
    async with world.pool.acquire() as connection, connection.transaction():
        channel = await connection.fetchval("SELECT channel_id FROM channel WHERE code = 'BCA'")
        await book_collected(
            connection, [an_instruction(channel, number, amount)], at=world.clock.now()
        )


def refund(world: World) -> dict[str, Any]:
    return {
        "membershipId": world.insured.keys["membership"],
        "amount": "10000",
        "reason": "OVERPAYMENT",
        "note": "Bayar dua kali",
        "payee": PAYEE,
    }


async def asked(world: World) -> dict[str, Any]:
    await overpays(world, 500_000)
    answer = await world.did("askRefund", refund(world), "refund { id }", subject="bunga")
    return {"refundId": answer["refund"]["id"]}


async def complete(world: World) -> dict[str, Any]:
    given = await asked(world)
    await world.did("recordRefundFileComplete", given)
    return given


@row
async def ask_refund(world: World) -> Happy:
    await overpays(world, 500_000)
    return Happy(
        given=refund(world),
        another={"amount": "20000"},
        effect="SELECT sum(amount)::bigint FROM refund",
        became=10_000,
        **world.own,
    )


OTHER_REFUND = {"refundId": id_of("Refund", 555, 1)}


@row
async def record_refund_file_complete(world: World) -> Happy:
    return Happy(
        given=await asked(world),
        another=OTHER_REFUND,
        effect="SELECT count(*) FROM refund WHERE state = 'COMPLETE'",
        became=1,
    )


@row
async def approve_refund(world: World) -> Happy:
    return Happy(
        given=await complete(world),
        another=OTHER_REFUND,
        effect="SELECT min(state) FROM refund",
        became="APPROVED",
        role=FINANCE,
        token=another_person(),
    )


@row
async def refuse_refund(world: World) -> Happy:
    return Happy(
        given={**await complete(world), "reason": "the payee is another person"},
        another={"reason": "another reason"},
        effect="SELECT min(state) FROM refund",
        became="REFUSED",
        role=FINANCE,
        token=another_person(),
    )


@row
async def record_refund_payout(world: World) -> Happy:
    given = await complete(world)
    await world.did("approveRefund", given, role=FINANCE, subject="budi")
    return Happy(
        given={**given, "payoutReference": "TRF-17"},
        another={"payoutReference": "TRF-18"},
        effect="SELECT min(state) FROM refund",
        became="PAID",
        role=FINANCE,
        token=another_person(),
    )


async def astray(world: World) -> dict[str, Any]:
    """Money under a number that nobody has."""
    async with world.pool.acquire() as connection, connection.transaction():
        channel = await connection.fetchval("SELECT channel_id FROM channel WHERE code = 'BCA'")
        money = an_instruction(channel, "09999999999", 70_000)
        await book_collected(connection, [money], at=world.clock.now())
    return {"channel": "BCA", "reference": money.reference}


@row
async def propose_suspense_account(world: World) -> Happy:
    number = world.insured.account.customer_number
    return Happy(
        given={**await astray(world), "customerNumber": number, "reason": "a digit was wrong"},
        another={"reason": "another reason"},
        effect="SELECT min(customer_number) FROM suspense_proposal",
        became=number,
        role=FINANCE,
    )


@row
async def propose_suspense_return(world: World) -> Happy:
    return Happy(
        given={**await astray(world), "payee": PAYEE, "reason": "he does not know the family"},
        another={"reason": "another reason"},
        effect="SELECT min(payee_name) FROM suspense_proposal",
        became="BUNGA CONTOH",
        role=FINANCE,
    )


@row
async def approve_suspense_placement(world: World) -> Happy:
    money = await astray(world)
    proposed = await world.did(
        "proposeSuspenseAccount",
        {**money, "customerNumber": world.insured.account.customer_number, "reason": "a digit"},
        "proposalNumber",
        role=FINANCE,
    )
    return Happy(
        given={**money, "proposalNumber": proposed["proposalNumber"]},
        another={"proposalNumber": 999},
        effect="SELECT count(*) FROM suspense_placement",
        became=1,
        role=FINANCE,
        token=another_person(),
    )


async def disputed(world: World) -> int:
    """A payment under a number that nobody has, which its bank tells with another sum."""
    money = await astray(world)
    async with world.pool.acquire() as connection, connection.transaction():
        channel = await connection.fetchval("SELECT channel_id FROM channel WHERE code = 'BCA'")
        told = an_instruction(channel, "09999999999", 90_000, reference=str(money["reference"]))
        await note_disputes(connection, [told], service=35, at=world.clock.now())
        return int(await connection.fetchval("SELECT dispute_id FROM disputed_payment"))


@row
async def propose_dispute_closing(world: World) -> Happy:
    return Happy(
        given={
            "disputeNumber": await disputed(world),
            "outcome": "BANK_CORRECTED",
            "reason": "surat bank",
        },
        another={"outcome": "BOOKED"},
        effect="SELECT min(outcome) FROM dispute_proposal",
        became="BANK_CORRECTED",
        role=FINANCE,
    )


@row
async def approve_dispute_closing(world: World) -> Happy:
    number = await disputed(world)
    proposed = await world.did(
        "proposeDisputeClosing",
        {"disputeNumber": number, "outcome": "BOOKED", "reason": "mutasi rekening"},
        "proposalNumber",
        role=FINANCE,
    )
    return Happy(
        given={"disputeNumber": number, "proposalNumber": proposed["proposalNumber"]},
        another={"proposalNumber": 999},
        effect="SELECT booked_amount FROM dispute_closing",
        became=20_000,
        role=FINANCE,
        token=another_person(),
    )


async def transfer(world: World) -> dict[str, str]:
    await world.pool.execute("INSERT INTO government (region, name) VALUES ('9901', 'Kota Contoh')")
    return {
        "region": "9901",
        "reference": "TRF-17",
        "amount": "1000000",
        "valueDate": "2026-01-05",
        "note": "Rekening koran",
    }


@row
async def record_government_payment(world: World) -> Happy:
    return Happy(
        given=await transfer(world),
        another={"amount": "2000000"},
        effect="SELECT sum(amount)::bigint FROM government_payment",
        became=1_000_000,
        role=FINANCE,
    )


@row
async def approve_government_payment(world: World) -> Happy:
    recorded = await world.did(
        "recordGovernmentPayment", await transfer(world), "paymentNumber", role=FINANCE
    )
    return Happy(
        given={"region": "9901", "paymentNumber": recorded["paymentNumber"]},
        another={"paymentNumber": 999},
        effect="SELECT government_credit('9901')",
        became=1_000_000,
        role=FINANCE,
        token=another_person(),
    )


async def back(world: World) -> dict[str, Any]:
    """What a government that paid a million and owes nothing wants back."""
    given = await transfer(world)
    recorded = await world.did("recordGovernmentPayment", given, "paymentNumber", role=FINANCE)
    approval = {"region": "9901", "paymentNumber": recorded["paymentNumber"]}
    await world.did("approveGovernmentPayment", approval, role=FINANCE, subject="budi")
    return {"region": "9901", "amount": "400000", "note": "Dibayar dua kali", "payee": PAYEE}


async def asked_back(world: World) -> dict[str, Any]:
    answer = await world.did(
        "askPayerRefund", await back(world), "refund { refundNumber }", role=FINANCE
    )
    return {"refundNumber": answer["refund"]["refundNumber"]}


@row
async def ask_payer_refund(world: World) -> Happy:
    return Happy(
        given=await back(world),
        another={"amount": "500000"},
        effect="SELECT sum(amount)::bigint FROM payer_refund",
        became=400_000,
        role=FINANCE,
    )


@row
async def approve_payer_refund(world: World) -> Happy:
    return Happy(
        given={**await asked_back(world), "reason": "sesuai mutasi bank"},
        another={"refundNumber": 999},
        effect="SELECT government_credit('9901')",
        became=600_000,
        role=FINANCE,
        token=another_person(),
    )


@row
async def refuse_payer_refund(world: World) -> Happy:
    return Happy(
        given={**await asked_back(world), "reason": "rekening orang lain"},
        another={"refundNumber": 999},
        effect="SELECT count(*) FROM payer_refund_decision WHERE NOT is_approved",
        became=1,
        role=FINANCE,
        token=another_person(),
    )


@row
async def record_payer_refund_payout(world: World) -> Happy:
    refund = await asked_back(world)
    approval = {**refund, "reason": "sesuai mutasi bank"}
    await world.did("approvePayerRefund", approval, role=FINANCE, subject="budi")
    return Happy(
        given={**refund, "payoutReference": "TRF-99"},
        another={"payoutReference": "TRF-98"},
        effect="SELECT min(reference) FROM payer_refund_payout",
        became="TRF-99",
        role=FINANCE,
        token=another_person(),
    )


@row
async def name_government(_: World) -> Happy:
    return Happy(
        given={"region": "9901", "name": "Pemerintah Kota Contoh"},
        another={"name": "Pemerintah Kabupaten Contoh"},
        effect="SELECT min(name) FROM government WHERE region = '9901'",
        became="Pemerintah Kota Contoh",
        role=FINANCE,
    )


async def fine(world: World) -> dict[str, Any]:
    """What a counter took for the fine of a stay: 5 % x 2,800,000 x 2 months."""
    async with world.pool.acquire() as connection:
        await facilities(connection)
        channel = await a_channel(connection, "BNI")
    family, (account, *_) = await an_active_family(
        world.pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    await pays_what_it_owes(world.pool, channel, account, at=wib(2026, 3, 1))
    async with world.pool.acquire() as connection:
        letter = await an_emergency_stay(
            connection, family, at=wib(2026, 3, 3), estimated_tariff=2_800_000
        )
    world.clock.set(wib(2026, 3, 5))
    return {
        "letterNumber": letter.letter_number,
        "channel": "BNI",
        "reference": "LOKET-17",
        "amount": "280000",
        "reason": "struk loket 17",
    }


@row
async def propose_fine_payment(world: World) -> Happy:
    return Happy(
        given=await fine(world),
        another={"amount": "270000"},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'FINE_PAYMENT'",
        became=1,
    )


@row
async def approve_fine_payment(world: World) -> Happy:
    return Happy(
        given=await approving(world, "proposeFinePayment", await fine(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT count(*) FROM stay_fine WHERE paid_at IS NOT NULL",
        became=1,
        role=FINANCE,
        token=another_person(),
    )


async def relief(world: World) -> dict[str, Any]:
    letter = (await fine(world))["letterNumber"]
    return {"letterNumber": letter, "ground": "CORRECTION", "reason": "diagnosis keliru"}


@row
async def propose_fine_relief(world: World) -> Happy:
    return Happy(
        given=await relief(world),
        another={"ground": "CERTIFICATE"},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'FINE_RELIEF'",
        became=1,
    )


@row
async def approve_fine_relief(world: World) -> Happy:
    return Happy(
        given=await approving(world, "proposeFineRelief", await relief(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT count(*) FROM stay_fine WHERE relieved_at IS NOT NULL",
        became=1,
        role=FINANCE,
        token=another_person(),
    )


async def write_off(world: World) -> dict[str, str]:
    """An order for a family that owes most of 2025, under a law that only this test knows."""
    membership = await a_membership_since_2024(world, paid_again=False)
    family_id, _ = key_of(membership, type_name="Membership", parts=2)
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL ROLE NONE")
        await connection.execute(INSERT_LAW, LAW)
    return {"rule": LAW, "familyId": id_of("Family", family_id), "reason": "UU contoh pasal 1"}


@row
async def propose_write_off(world: World) -> Happy:
    return Happy(
        given=await write_off(world),
        another={"reason": "another reason"},
        effect="SELECT count(*) FROM write_off_order",
        became=1,
        role=FINANCE,
    )


@row
async def approve_write_off(world: World) -> Happy:
    proposed = await world.did(
        "proposeWriteOff", await write_off(world), "order { orderNumber }", role=FINANCE
    )
    return Happy(
        given={"orderNumber": proposed["order"]["orderNumber"]},
        another={"orderNumber": 999},
        effect="SELECT count(*) FROM write_off",
        became=12,
        role=FINANCE,
        token=another_person(),
    )


def a_tariff() -> dict[str, str]:
    return {
        "facilityCode": CLINIC,
        "firstMonth": "2026-02",
        "amount": "9500",
        "reason": "perjanjian 17",
    }


@row
async def propose_capitation_tariff(world: World) -> Happy:
    async with world.pool.acquire() as connection:
        await facilities(connection)
    return Happy(
        given=a_tariff(),
        another={"amount": "9600"},
        effect="SELECT max(amount) FROM capitation_tariff",
        became=9_500,
    )


@row
async def approve_capitation_tariff(world: World) -> Happy:
    async with world.pool.acquire() as connection:
        await facilities(connection)
    await world.did("proposeCapitationTariff", a_tariff())
    return Happy(
        given={"facilityCode": CLINIC, "firstMonth": "2026-02"},
        another={"firstMonth": "2026-03"},
        effect="SELECT min(approved_by) FROM capitation_tariff",
        became="budi",
        role=FINANCE,
        token=another_person(),
    )


@row
async def compute_capitation_(world: World) -> Happy:
    await a_patient_at_home(world)
    return Happy(
        given={"month": "2026-01"},
        another={"month": "2025-12"},
        effect="SELECT sum(participants)::integer FROM capitation_statement WHERE amount > 0",
        became=1,
        role=FINANCE,
    )


@row
async def approve_capitation(world: World) -> Happy:
    await a_patient_at_home(world)
    async with world.pool.acquire() as connection, connection.transaction():
        month = CoverageMonth(2026, 1)
        await compute_capitation(connection, month, by="ani", at=world.clock.now())
    return Happy(
        given={"month": "2026-01"},
        another={"month": "2025-12"},
        effect="SELECT count(*) FROM capitation_approval",
        became=1,
        role=FINANCE,
        token=another_person(),
    )


async def a_patient_at_home(world: World) -> None:
    """One of the insured is registered with the clinic."""
    async with world.pool.acquire() as connection, connection.transaction():
        await facilities(connection)
        choice = HomeChoice(
            family_id=world.insured.family_id,
            participant_id=world.insured.registered.participants[0].participant_id,
            facility_code=CLINIC,
            reason=ChangeReason.OWN_WISH,
        )
        await choose_home(connection, choice, by="ani", at=wib(2025, 12, 10))

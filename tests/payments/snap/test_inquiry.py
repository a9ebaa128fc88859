import json
from datetime import datetime

import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.core.identifiers import customer_number_of
from iuran.core.segments import CareClass
from iuran.payments.channels import NewChannel
from iuran.payments.ledger import disagreements
from iuran.payments.simulation.bank import Signing, SimulatedBank
from tests.builders import a_family, an_active_family, registered
from tests.payments.snap.conftest import Biller, Debtor

INQUIRY = "/transfer-va/inquiry"


def a_body(customer_number: str, **changes: object) -> dict[str, object]:
    return {
        "partnerServiceId": "   88888",
        "customerNo": customer_number,
        "virtualAccountNo": f"   88888{customer_number}",
        "inquiryRequestId": "202601050001",
        **changes,
    }


def as_bytes(body: dict[str, object]) -> bytes:
    return json.dumps({k: v for k, v in body.items() if v is not ...}).encode()


@pytest.mark.parametrize("signing", list(Signing))
async def test_a_bank_reads_the_bill(bank: SimulatedBank, debtor: Debtor, signing: Signing) -> None:
    bank.signing = signing

    answer = await bank.inquire(debtor.customer_number, request_id="REQ-1")

    assert (answer.http_status, answer.code, answer.message) == (200, "2002400", "Successful")
    assert answer.account == {
        "inquiryStatus": "00",
        "inquiryReason": {"english": "Success", "indonesia": "Sukses"},
        "partnerServiceId": "   88888",
        "customerNo": debtor.customer_number,
        "virtualAccountNo": f"   88888{debtor.customer_number}",
        "virtualAccountName": debtor.name,
        "inquiryRequestId": "REQ-1",
        "totalAmount": {"value": "35000.00", "currency": "IDR"},
        "subCompany": "00000",
        "billDetails": [
            {
                "billNo": f"{debtor.customer_number}202601",
                "billDescription": {"english": "Dues 01/26", "indonesia": "Iuran 01/26"},
                "billSubCompany": "00000",
                "billAmount": {"value": "35000.00", "currency": "IDR"},
            }
        ],
        "freeTexts": [
            {
                "english": "Contribution 2026-01 to 2026-01",
                "indonesia": "Iuran 2026-01 s/d 2026-01",
            },
            {"english": "Members: 1", "indonesia": "Jumlah peserta: 1"},
            {"english": "Months: 1", "indonesia": "Jumlah bulan: 1"},
        ],
        "virtualAccountTrxType": "C",
    }
    assert answer.document["additionalInfo"] == {}


async def test_two_years_of_arrears_are_one_bill_within_the_lengths(
    biller: Biller, bank: SimulatedBank
) -> None:
    channel_id = (await biller.services.directory.channels()).by_client[bank.client_id].channel_id
    family, _ = await an_active_family(
        biller.services.pool,
        channel_id,
        a_family(members=4, care_class=CareClass.I),
        first_payment_at=datetime(2022, 5, 20, 9, tzinfo=WIB),
    )

    answer = await bank.inquire(customer_number_of(family.participants[-1].card_number))

    assert answer.total_amount == 25 * 4 * 150_000
    assert answer.account["virtualAccountName"] == "BUNGA CONTOH"
    (bill,) = json.loads(answer.content)["virtualAccountData"]["billDetails"]
    assert bill["billDescription"]["indonesia"] == "Iuran 01/24-01/26"
    assert len(bill["billNo"]) <= 18
    free_texts = json.loads(answer.content)["virtualAccountData"]["freeTexts"]
    assert free_texts[2]["indonesia"] == "Jumlah bulan: 25"
    assert all(len(text) <= 32 for line in free_texts for text in line.values())


async def test_asking_again_with_a_new_external_id_answers_the_same(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    first = await bank.inquire(debtor.customer_number, request_id="R1")
    second = await bank.inquire(debtor.customer_number, request_id="R1")

    assert first.content == second.content


async def test_an_external_id_is_used_once_a_day(
    bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    first = await bank.inquire(debtor.customer_number, external_id="X1")
    same_day = await bank.inquire(debtor.customer_number, external_id="X1")
    clock.set(clock.now().replace(day=6))
    next_day = await bank.inquire(debtor.customer_number, external_id="X1")

    assert first.code == "2002400"
    assert (same_day.http_status, same_day.code) == (409, "4092400")
    assert same_day.account["inquiryStatus"] == "01"
    assert same_day.account["customerNo"] == debtor.customer_number
    assert next_day.code == "2002400"


async def test_an_unknown_account_is_not_found(bank: SimulatedBank) -> None:
    answer = await bank.inquire("02233913523", request_id="R9")

    assert (answer.http_status, answer.code) == (404, "4042412")
    assert answer.message == "Invalid Bill/Virtual Account [Not Found]"
    assert answer.account["inquiryStatus"] == "01"
    assert answer.account["inquiryRequestId"] == "R9"
    assert answer.account["virtualAccountNo"] == "   8888802233913523"


async def test_a_paid_family_owes_nothing(bank: SimulatedBank, debtor: Debtor) -> None:
    await bank.pay(
        debtor.customer_number, (await bank.inquire(debtor.customer_number)).total_amount
    )

    answer = await bank.inquire(debtor.customer_number)

    assert (answer.http_status, answer.code) == (404, "4042414")
    assert answer.account["inquiryStatus"] == "01"


async def test_a_new_family_hears_when_it_may_pay(
    biller: Biller, bank: SimulatedBank, clock: StandingClock
) -> None:
    async with biller.services.pool.acquire() as connection:
        family, _ = await registered(connection, a_family(), at=clock.now())
    number = customer_number_of(family.participants[0].card_number)

    early = await bank.inquire(number)
    clock.set(clock.now().replace(day=19))
    in_time = await bank.inquire(number)
    clock.set(clock.now().replace(month=2, day=5))
    late = await bank.inquire(number)

    assert early.code == "4042412"
    assert early.account["inquiryReason"] == {
        "english": "First payment from 19-01-2026",
        "indonesia": "Pembayaran pertama mulai 19-01-2026",
    }
    assert in_time.code == "2002400"
    assert late.code == "4042419"


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"partnerServiceId": ...}, "4002402", "partnerServiceId"),
        ({"customerNo": ...}, "4002402", "customerNo"),
        ({"virtualAccountNo": None}, "4002402", "virtualAccountNo"),
        ({"inquiryRequestId": "  "}, "4002402", "inquiryRequestId"),
        ({"partnerServiceId": "8888X"}, "4002401", "partnerServiceId"),
        ({"customerNo": "0223391352X"}, "4002401", "customerNo"),
        ({"customerNo": {"value": "02233913523"}}, "4002401", "customerNo"),
        ({"customerNo": "٠٢٢٣٣٩١٣٥٢٣"}, "4002401", "customerNo"),
        ({"virtualAccountNo": "   8888802233913524"}, "4002401", "virtualAccountNo"),
        ({"inquiryRequestId": "R" * 129}, "4002401", "inquiryRequestId"),
        ({"inquiryRequestId": "R\x00"}, "4002401", "inquiryRequestId"),
        ({"inquiryRequestId": True}, "4002401", "inquiryRequestId"),
        ({"trxDateInit": "05/01/2026"}, "4002401", "trxDateInit"),
        ({"trxDateInit": 20260105}, "4002401", "trxDateInit"),
    ],
)
async def test_a_wrong_field_is_named(
    bank: SimulatedBank, changes: dict[str, object], code: str, named: str
) -> None:
    answer = await bank.transact(INQUIRY, as_bytes(a_body("02233913523", **changes)))

    assert (answer.http_status, answer.code) == (400, code)
    assert answer.message.endswith(f" {named}")
    assert answer.account["inquiryStatus"] == "01"
    assert named in str(answer.account["inquiryReason"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"partnerServiceId": "   89888", "virtualAccountNo": "8988802233913523"}, "4042416"),
        ({"customerNo": "2233913523", "virtualAccountNo": "888882233913523"}, "4042412"),
        ({"customerNo": "002233913523", "virtualAccountNo": "88888002233913523"}, "4042412"),
    ],
)
async def test_an_account_that_cannot_be_ours_is_not_found(
    bank: SimulatedBank, changes: dict[str, object], code: str
) -> None:
    answer = await bank.transact(INQUIRY, as_bytes(a_body("02233913523", **changes)))

    assert (answer.http_status, answer.code) == (404, code)


async def test_each_channel_has_its_own_company_code(biller: Biller, debtor: Debtor) -> None:
    credentials = await biller.opens(
        NewChannel(
            code="MANDIRI",
            name="Bank Contoh Mandiri",
            public_key_pem=biller.keys.public_key_pem,
            va_prefix="89888",
        )
    )
    mandiri = biller.bank(credentials)

    with_another = await mandiri.inquire(debtor.customer_number)
    mandiri.va_prefix = "89888"
    with_its_own = await mandiri.inquire(debtor.customer_number)

    assert (with_another.code, with_its_own.code) == ("4042416", "2002400")


async def test_a_channel_that_was_just_added_is_known_at_once(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.inquire(debtor.customer_number)
    newcomer = biller.bank(
        await biller.opens(
            NewChannel(code="BRI", name="Bank Rintisan", public_key_pem=biller.keys.public_key_pem)
        )
    )

    answer = await newcomer.inquire(debtor.customer_number)

    assert answer.code == "2002400"


async def test_an_inquiry_keeps_its_bytes_and_what_verifies_them(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    body = as_bytes(a_body(debtor.customer_number))
    await bank.transact(
        INQUIRY, body, external_id="X7", headers={"Cookie": "secret", "X-IP-ADDRESS": "10.0.0.1"}
    )

    async with biller.services.pool.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT service, external_id, reference, target, headers, body FROM channel_message"
            " WHERE external_id = 'X7'"
        )
        assert await disagreements(connection) == ()

    assert row is not None
    assert (row["service"], row["reference"], row["body"]) == (24, "202601050001", body)
    assert row["target"] == "/snap/v1.0/transfer-va/inquiry"
    assert set(row["headers"]) == {
        "authorization",
        "channel-id",
        "content-type",
        "x-external-id",
        "x-partner-id",
        "x-signature",
        "x-timestamp",
    }

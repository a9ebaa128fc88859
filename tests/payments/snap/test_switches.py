"""Each switch of a channel, as the channel sees it."""

from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from iuran.core.database.pool import connected
from iuran.core.money import Rupiah
from iuran.payments.channel_changes import ChannelChange, change_channel
from iuran.payments.simulation.bank import Signing, SimulatedBank
from iuran.payments.snap.app import snap_routes
from tests.payments.snap.conftest import Biller, Debtor
from tests.payments.snap.wire import as_bytes

OWED = Rupiah(35_000)
INQUIRY = "/transfer-va/inquiry"


async def switched(biller: Biller, **changes: str) -> None:
    async with biller.services.pool.acquire() as connection, connection.transaction():
        await change_channel(
            connection,
            "BCA",
            ChannelChange(changes=changes, changed_by="tests"),
            at=biller.services.real_clock.now(),
        )
    biller.services.directory.forget()


async def test_words_of_the_token_are_the_channels(biller: Biller, bank: SimulatedBank) -> None:
    await switched(biller, expires_in_as_number="true", token_type="BearerToken")

    answer = await bank.token()

    assert (answer.document["expiresIn"], answer.document["tokenType"]) == (900, "BearerToken")


async def test_an_inquiry_is_answered_as_the_channel_wants(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await switched(
        biller,
        bill_details_max="0",
        free_texts_max="1",
        trx_type="",
        sub_company="",
        language="INDONESIAN",
    )

    answer = await bank.inquire(debtor.customer_number)

    (line,) = answer.account["freeTexts"]  # type: ignore[misc]  # a list of JSON
    assert answer.code == "2002400"
    assert answer.account["billDetails"] == []
    assert line["english"] == line["indonesia"] == "Iuran 2026-01 s/d 2026-01"  # type: ignore[has-type]
    assert "virtualAccountTrxType" not in answer.account
    assert "subCompany" not in answer.account


async def test_a_refused_inquiry_may_name_zero(biller: Biller, bank: SimulatedBank) -> None:
    plain = await bank.inquire("09999999999")
    await switched(biller, refused_amount="ZERO", language="ENGLISH")

    answer = await bank.inquire("09999999999")

    assert "totalAmount" not in plain.account
    assert (answer.code, answer.account["inquiryStatus"]) == ("4042412", "01")
    assert answer.account["totalAmount"] == {"value": "0.00", "currency": "IDR"}
    assert answer.account["inquiryReason"] == {
        "english": "Bill or virtual account not found",
        "indonesia": "Bill or virtual account not found",
    }


@pytest.mark.parametrize(
    ("changes", "external_id", "code"),
    [
        ({}, "a" * 64, "2002400"),
        ({}, "a" * 65, "4002401"),
        ({"external_id_length_max": "36"}, "a" * 37, "4002401"),
        ({"external_id_digits_only": "true"}, "12345678", "2002400"),
        ({"external_id_digits_only": "true"}, "sdk-1234", "4002401"),
    ],
)
async def test_external_ids_have_the_channels_form(
    biller: Biller,
    bank: SimulatedBank,
    debtor: Debtor,
    changes: dict[str, str],
    external_id: str,
    code: str,
) -> None:
    await switched(biller, **changes)

    answer = await bank.inquire(debtor.customer_number, external_id=external_id)

    assert answer.code == code


async def test_an_open_end_may_be_told_as_in_progress(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, database_url: str
) -> None:
    await switched(biller, open_end="IN_PROGRESS")
    await bank.token()
    hurried = replace(biller.services, answer_timeout_seconds=0.3)
    transport = httpx.ASGITransport(Starlette(routes=snap_routes(hurried)))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://biller.test") as http,
        connected(database_url) as other,
        other.transaction(),
    ):
        await other.execute("SELECT FROM membership FOR NO KEY UPDATE")
        bank.http = http
        late = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
        asked = await bank.inquire(debtor.customer_number)
    bank.http = biller.http
    again = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    assert (late.http_status, late.code) == (202, "2022500")
    assert late.account["paymentFlagStatus"] == "02"
    assert asked.code in {"2002400", "5042400"}
    assert (again.code, again.account["paymentFlagStatus"]) == ("2002500", "00")


@pytest.mark.parametrize("signing", list(Signing))
async def test_a_signature_over_a_body_without_any_blank_needs_the_switch(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, signing: Signing
) -> None:
    body = as_bytes(
        {
            "partnerServiceId": "   88888",
            "customerNo": debtor.customer_number,
            "virtualAccountNo": f"   88888{debtor.customer_number}",
            "inquiryRequestId": "A 1",
        }
    )
    await bank.token()
    bank.signing = signing
    blankless = bank.signed_headers(INQUIRY, body.replace(b" ", b""), {})

    strict = await bank.post(INQUIRY, body, {**blankless, "X-EXTERNAL-ID": "X1"})
    await switched(biller, accepts_blankless_signature="true")
    lenient = await bank.post(INQUIRY, body, {**blankless, "X-EXTERNAL-ID": "X1"})

    assert strict.message == "Unauthorized. [Signature]"
    assert lenient.code == "2002400"


async def test_only_listed_addresses_are_let_in(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await switched(biller, networks="203.0.113.0/24")
    refused = await bank.inquire(debtor.customer_number)
    await switched(biller, networks="203.0.113.0/24,127.0.0.1/32")
    let_in = await bank.inquire(debtor.customer_number)

    assert (refused.http_status, refused.message) == (401, "Unauthorized. [Connection not allowed]")
    assert let_in.code == "2002400"


async def test_a_disabled_channel_is_shut(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.token()
    await switched(biller, enabled="false")

    answer = await bank.inquire(debtor.customer_number)

    assert answer.message == "Unauthorized. [Connection not allowed]"


@pytest.mark.parametrize("mount", ["/v1.1", "/v1", "/authorization/v1", "/orders/v1.0"])
async def test_paths_as_doku_calls_them_are_served(
    bank: SimulatedBank, debtor: Debtor, mount: str
) -> None:
    bank.mount = mount

    assert (await bank.inquire(debtor.customer_number)).code == "2002400"


async def test_a_channel_may_have_a_path_for_itself_and_no_other(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await switched(biller, mounts="/bca/openapi/v2.0")
    bank.mount = "/bca/openapi/v2.0"
    own = await bank.inquire(debtor.customer_number)
    bank.mount = "/snap/v1.0"
    everybodys = await bank.inquire(debtor.customer_number)
    bank.mount = "/bca/openapi/v3.0"
    nobodys = await bank.inquire(debtor.customer_number)

    assert own.code == "2002400"
    assert everybodys.message == "Unauthorized. [Connection not allowed]"
    assert (nobodys.http_status, nobodys.code) == (404, "4042401")


@pytest.mark.parametrize(
    "info",
    [{"months": 3}, {"months": "3"}],
)
async def test_months_ahead_are_asked_for_with_the_inquiry(
    bank: SimulatedBank, debtor: Debtor, info: dict[str, object]
) -> None:
    ids = {
        "partnerServiceId": "   88888",
        "customerNo": debtor.customer_number,
        "virtualAccountNo": f"   88888{debtor.customer_number}",
    }

    asked = await bank.transact(
        INQUIRY, as_bytes({**ids, "inquiryRequestId": "A1", "additionalInfo": info})
    )
    paid = await bank.pay(debtor.customer_number, Rupiah(140_000), request_id="A1")
    paid_up = await bank.transact(
        INQUIRY,
        as_bytes({**ids, "inquiryRequestId": "A2", "virtualAccountData": {"additionalInfo": {}}}),
    )

    assert asked.total_amount == Rupiah(140_000)
    assert asked.document["additionalInfo"] == info
    assert {"english": "Months ahead: 3", "indonesia": "Bulan di muka: 3"} in asked.account[
        "freeTexts"
    ]  # type: ignore[operator]  # a list of JSON
    assert (paid.code, paid.account["paymentFlagStatus"]) == ("2002500", "00")
    assert paid_up.code == "4042414"
    assert paid_up.account["additionalInfo"] == {}


@pytest.mark.parametrize("months", ["three", 13, -1, 1.5, "1e3", [1], {"a": 1}])
async def test_months_that_cannot_be_paid_ahead_are_refused(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, months: object
) -> None:
    body = as_bytes(
        {
            "partnerServiceId": "   88888",
            "customerNo": debtor.customer_number,
            "virtualAccountNo": f"   88888{debtor.customer_number}",
            "inquiryRequestId": "A1",
            "additionalInfo": {"months": months},
        }
    )

    answer = await bank.transact(INQUIRY, body)

    async with biller.services.pool.acquire() as connection:
        wishes = await connection.fetchval("SELECT count(*) FROM prepayment_request")
    assert (answer.code, answer.message) == (
        "4002401",
        "Invalid Field Format additionalInfo.months",
    )
    assert wishes == 0

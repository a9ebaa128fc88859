"""Whatever a bank sends under a right signature: an answer, never a crash, never a posting."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from tests.payments.snap.conftest import Biller, Debtor

PATHS = {
    "24": "/transfer-va/inquiry",
    "25": "/transfer-va/payment",
    "26": "/transfer-va/status",
    "34": "/transfer-va/notify-payment-intrabank",
}
REFUSABLE = ("24", "25", "26")  # without its status, a push of money is money
FIELDS = (
    "partnerServiceId",
    "customerNo",
    "virtualAccountNo",
    "inquiryRequestId",
    "paymentRequestId",
    "paidAmount",
)
OPTIONAL_FIELDS = (
    "trxDateTime",
    "billDetails",
    "additionalInfo",
    "flagAdvise",
    "referenceNo",
    "virtualAccountData",
)

patient = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
hostile_values = any_json | st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\ud800",
        "٣",
        "9" * 4_500,
        10**4_200,
        {"value": 10**400, "currency": "IDR"},
        {"value": "0.00", "currency": "IDR"},
        {"value": {"value": "1.00"}, "currency": ["IDR"]},
        {"value": "35000.00", "currency": "\ud800"},
    ]
)


def a_body(debtor: Debtor) -> dict[str, object]:
    """A payment of a rupiah too little: right in every field, and nothing may come of it.

    A pushed payment cannot be refused, so it says that it has failed.
    """
    return {
        "partnerServiceId": "   88888",
        "customerNo": debtor.customer_number,
        "virtualAccountNo": f"   88888{debtor.customer_number}",
        "inquiryRequestId": "A1",
        "paymentRequestId": "A1",
        "paidAmount": {"value": "34999.00", "currency": "IDR"},
        "paymentStatus": "Failed",
    }


def check(answer: BankAnswer, service: str) -> None:
    assert answer.http_status < 500, answer.content
    assert len(answer.code) == 7
    assert answer.code[:3] == str(answer.http_status)
    assert answer.code[3:5] == service
    answer.content.decode("utf-8")


async def postings(biller: Biller) -> tuple[int, int]:
    async with biller.services.pool.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM payment) AS payments,"
            " (SELECT count(*) FROM ledger_entry WHERE payment_id IS NOT NULL) AS entries"
        )
    assert row is not None
    return row["payments"], row["entries"]


@pytest.mark.parametrize("service", PATHS)
@patient
@given(
    body=st.binary(max_size=200) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace"))
)
async def test_any_bytes_are_answered(
    biller: Biller, bank: SimulatedBank, service: str, body: bytes
) -> None:
    before = await postings(biller)

    answer = await bank.transact(PATHS[service], body)

    check(answer, service)
    assert answer.http_status == 400
    assert await postings(biller) == before


@pytest.mark.parametrize("service", PATHS)
@patient
@given(data=st.data())
async def test_any_value_in_any_field_is_answered(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, service: str, data: st.DataObject
) -> None:
    before = await postings(biller)
    body = a_body(debtor)
    names = data.draw(st.lists(st.sampled_from([*FIELDS, *OPTIONAL_FIELDS]), min_size=1))
    for name in names:
        body[name] = data.draw(hostile_values, label=name)

    answer = await bank.transact(PATHS[service], json.dumps(body).encode())

    check(answer, service)
    assert await postings(biller) == before


@pytest.mark.parametrize("service", REFUSABLE)
@patient
@given(data=st.data())
async def test_a_cut_or_broken_body_is_answered(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, service: str, data: st.DataObject
) -> None:
    before = await postings(biller)
    whole = json.dumps(a_body(debtor)).encode()
    at = data.draw(st.integers(0, len(whole)))
    inserted = data.draw(st.sampled_from([b"", b"\x00", b'"', b"\\", b"{", b"]", b"\xff", b"1e9"]))
    kept_until = data.draw(st.integers(at, len(whole)))

    answer = await bank.transact(PATHS[service], whole[:at] + inserted + whole[kept_until:])

    check(answer, service)
    assert await postings(biller) == before


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize(
    "value",
    [
        b"[" * 30_000,
        b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"9" * 60_000,
        b"1e999999999",
        b'"' + b"\\u0041" * 10_000 + b'"',
        b'"\\ud800"',
        b"-Infinity",
    ],
)
async def test_deep_and_huge_values_are_answered(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, service: str, value: bytes
) -> None:
    before = await postings(biller)
    body = json.dumps(a_body(debtor)).encode()[:-1] + b',"additionalInfo":' + value + b"}"

    answer = await bank.transact(PATHS[service], body)

    check(answer, service)
    assert await postings(biller) == before


@patient
@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                "X-EXTERNAL-ID",
                "CHANNEL-ID",
                "X-TIMESTAMP",
                "X-SIGNATURE",
                "X-PARTNER-ID",
                "Authorization",
                "Content-Type",
                "X-CLIENT-KEY",
            ]
        ),
        st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=80),
    ),
    path=st.sampled_from([*PATHS.values(), "/access-token/b2b"]),
)
async def test_any_headers_are_answered(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, headers: dict[str, str], path: str
) -> None:
    before = await postings(biller)
    body = json.dumps(a_body(debtor)).encode()
    await bank.token()
    right = {"X-EXTERNAL-ID": bank.new_id(), **bank.signed_headers(path, body, {})}
    sent = {name.encode(): value.encode("latin-1") for name, value in {**right, **headers}.items()}

    response = await biller.http.post(bank.mount + path, content=body, headers=sent)

    assert response.status_code < 500, response.content
    assert response.json()["responseCode"][:3] == str(response.status_code)
    assert await postings(biller) == before

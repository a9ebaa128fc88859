from datetime import timedelta

import jwt
import pytest

from iuran.payments.channels import NewChannel
from iuran.payments.credentials import ChannelCredentials, Rotation, rotate
from iuran.payments.quirks import Quirks, SignatureEncoding
from iuran.payments.simulation.bank import (
    Signing,
    SimulatedBank,
    generate_key_pair,
    parse_private_key,
)
from iuran.payments.snap.signature import sign_rsa, token_string_to_sign
from iuran.payments.snap.timestamps import write_instant
from iuran.payments.snap.tokens import AccessClaims, issue_token, read_token, token_keys
from tests.payments.snap.conftest import Biller, Debtor

TOKEN = "/access-token/b2b"


def token_headers(bank: SimulatedBank, **changes: str) -> dict[str, str]:
    timestamp = changes.get("X-TIMESTAMP", bank.timestamp())
    client_key = changes.get("X-CLIENT-KEY", bank.client_id)
    signed = token_string_to_sign(client_key=client_key, timestamp=timestamp)
    return {
        "X-TIMESTAMP": timestamp,
        "X-CLIENT-KEY": client_key,
        "X-SIGNATURE": sign_rsa(bank.private_key, signed, SignatureEncoding.BASE64),
        **changes,
    }


async def test_a_bank_gets_a_token(bank: SimulatedBank) -> None:
    answer = await bank.token()

    assert (answer.http_status, answer.code) == (200, "2007300")
    assert answer.document["tokenType"] == "Bearer"
    assert answer.document["expiresIn"] == "900"
    assert len(str(answer.document["accessToken"])) <= 2048
    assert answer.headers["X-CLIENT-KEY"] == bank.client_id
    assert answer.headers["X-TIMESTAMP"].endswith("+07:00")


async def test_a_channel_may_want_the_lifetime_as_a_number(biller: Biller) -> None:
    channel = NewChannel(
        code="DOKU",
        name="Gerbang Contoh",
        public_key_pem=biller.keys.public_key_pem,
        quirks=Quirks(expires_in_as_number=True),
    )
    bank = biller.bank(await biller.opens(channel))

    answer = await bank.token()

    assert answer.document["expiresIn"] == 900


@pytest.mark.parametrize(
    "body",
    [
        b'{"grant_type":"client_credentials"}',
        b'{"grantType":"client_credentials","additionalInfo":""}',
        b'{\n  "grantType" : "client_credentials",\n  "additionalInfo" : null\n}',
    ],
)
async def test_the_dialects_of_the_token_body_are_read(bank: SimulatedBank, body: bytes) -> None:
    answer = await bank.post(TOKEN, body, token_headers(bank))

    assert answer.code == "2007300"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{}", "4007302"),
        (b'{"grantType":""}', "4007302"),
        (b'{"grantType":"password"}', "4007300"),
        (b'{"grantType":{}}', "4007302"),
        (b"grantType=client_credentials", "4007300"),
        (b"", "4007300"),
    ],
)
async def test_a_wrong_token_body_is_refused(bank: SimulatedBank, body: bytes, code: str) -> None:
    answer = await bank.post(TOKEN, body, token_headers(bank))

    assert (answer.code, answer.http_status) == (code, int(code[:3]))


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"X-CLIENT-KEY": ""}, "4007302", "Invalid Mandatory Field X-CLIENT-KEY"),
        ({"X-TIMESTAMP": ""}, "4007302", "Invalid Mandatory Field X-TIMESTAMP"),
        ({"X-SIGNATURE": ""}, "4007302", "Invalid Mandatory Field X-SIGNATURE"),
        ({"X-TIMESTAMP": "yesterday"}, "4007301", "Invalid Field Format X-TIMESTAMP"),
        ({"X-CLIENT-KEY": "stranger"}, "4017300", "Unauthorized. [Unknown client]"),
        ({"X-SIGNATURE": "c2lnbmF0dXJl"}, "4017300", "Unauthorized. [Signature]"),
        ({"X-TIMESTAMP": "2020-01-01T00:00:00+07:00"}, "4017300", "Unauthorized. [Timestamp]"),
    ],
)
async def test_wrong_token_headers_are_refused(
    bank: SimulatedBank, changes: dict[str, str], code: str, message: str
) -> None:
    answer = await bank.post(
        TOKEN, b'{"grantType":"client_credentials"}', token_headers(bank, **changes)
    )

    assert (answer.code, answer.message) == (code, message)
    assert answer.http_status == int(code[:3])
    assert answer.account == {}


async def test_another_key_gets_no_token(bank: SimulatedBank) -> None:
    bank.private_key = parse_private_key(generate_key_pair().private_key_pem)

    answer = await bank.token()

    assert answer.message == "Unauthorized. [Signature]"


@pytest.mark.parametrize("fraction", ["", ".000", ".123456"])
@pytest.mark.parametrize("zone", ["Z", "+00:00"])
async def test_timestamps_may_have_a_fraction_and_any_zone(
    biller: Biller, bank: SimulatedBank, fraction: str, zone: str
) -> None:
    now = biller.services.real_clock.now()
    timestamp = f"{now:%Y-%m-%dT%H:%M:%S}{fraction}{zone}"

    answer = await bank.post(
        TOKEN,
        b'{"grantType":"client_credentials"}',
        token_headers(bank, **{"X-TIMESTAMP": timestamp}),
    )

    assert answer.code == "2007300"


async def test_the_skew_is_the_channels_own(biller: Biller, bank: SimulatedBank) -> None:
    lenient = biller.bank(
        await biller.opens(
            NewChannel(
                code="SLOW",
                name="Bank Lambat",
                public_key_pem=biller.keys.public_key_pem,
                quirks=Quirks(timestamp_skew_seconds=900),
            )
        )
    )
    old = write_instant(biller.services.real_clock.now() - timedelta(seconds=600))

    body = b'{"grantType":"client_credentials"}'
    strict_answer = await bank.post(TOKEN, body, token_headers(bank, **{"X-TIMESTAMP": old}))
    lenient_answer = await lenient.post(TOKEN, body, token_headers(lenient, **{"X-TIMESTAMP": old}))

    assert strict_answer.message == "Unauthorized. [Timestamp]"
    assert lenient_answer.code == "2007300"


async def test_many_tokens_are_valid_at_once(bank: SimulatedBank, debtor: Debtor) -> None:
    await bank.token()
    first = bank.signed_headers("/transfer-va/inquiry", b"", {})["Authorization"]
    await bank.token()
    second = bank.signed_headers("/transfer-va/inquiry", b"", {})["Authorization"]

    answer = await bank.inquire(debtor.customer_number)

    assert first != second
    assert answer.code == "2002400"


def test_a_token_lives_900_seconds(biller: Biller) -> None:
    keys = biller.services.token_keys
    claims = AccessClaims(client_id="bank", secret_id=7)
    at = biller.services.real_clock.now().replace(microsecond=0)
    token = issue_token(keys, claims, at=at)

    assert read_token(keys, token, at=at + timedelta(seconds=899)) == claims
    with pytest.raises(Exception, match="Invalid Token"):
        read_token(keys, token, at=at + timedelta(seconds=900))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": "bank", "sid": 1},
        {"sub": "bank", "sid": 1, "exp": 4_000_000_000, "aud": "graphql"},
        {"sub": "bank", "sid": "x", "exp": 4_000_000_000, "aud": "snap"},
        {"sub": "bank", "sid": 1, "exp": "never", "aud": "snap"},
        {"sub": "bank", "sid": [], "exp": 4_000_000_000, "aud": "snap"},
    ],
)
def test_a_token_of_another_form_lets_nobody_in(biller: Biller, claims: dict[str, object]) -> None:
    (key, *_) = token_keys(biller.cipher)
    token = jwt.encode(claims, key, algorithm="HS256")

    with pytest.raises(Exception, match="Invalid Token"):
        read_token([key], token, at=biller.services.real_clock.now())


async def test_an_expired_token_is_invalid(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    old = issue_token(
        biller.services.token_keys,
        AccessClaims(client_id=bank.client_id, secret_id=1),
        at=biller.services.real_clock.now() - timedelta(seconds=901),
    )
    await bank.token()

    answer = await bank.transact(
        "/transfer-va/inquiry", b"{}", headers={"Authorization": f"Bearer {old}"}
    )

    assert (answer.http_status, answer.code) == (401, "4012401")
    assert "virtualAccountData" not in answer.document
    assert debtor.name.encode() not in answer.content


async def test_a_rotated_secret_works_at_once_and_the_former_through_the_overlap(
    biller: Biller, bank: SimulatedBank, credentials: ChannelCredentials, debtor: Debtor
) -> None:
    await bank.inquire(debtor.customer_number)
    async with biller.services.pool.acquire() as connection, connection.transaction():
        rotated = await rotate(
            connection, biller.cipher, "BCA", Rotation(), at=biller.services.real_clock.now()
        )

    former = await bank.inquire(debtor.customer_number)
    new = await biller.bank(rotated).inquire(debtor.customer_number)

    assert rotated.client_id == credentials.client_id
    assert (former.code, new.code) == ("2002400", "2002400")


async def test_revoking_a_secret_ends_its_tokens(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.inquire(debtor.customer_number)
    biller.services.directory.refresh_seconds = 0
    async with biller.services.pool.acquire() as connection, connection.transaction():
        await rotate(
            connection,
            biller.cipher,
            "BCA",
            Rotation(overlap=timedelta(0)),
            at=biller.services.real_clock.now(),
        )

    answer = await bank.inquire(debtor.customer_number)

    assert (answer.code, answer.message) == ("4012401", "Invalid Token (B2B)")


async def test_a_rotated_public_key_works_at_once(biller: Biller, bank: SimulatedBank) -> None:
    await bank.token()
    new_keys = generate_key_pair()
    async with biller.services.pool.acquire() as connection, connection.transaction():
        await rotate(
            connection,
            biller.cipher,
            "BCA",
            Rotation(new_secret=False, public_key_pem=new_keys.public_key_pem),
            at=biller.services.real_clock.now(),
        )

    with_former = await bank.token()
    bank.private_key = parse_private_key(new_keys.private_key_pem)
    with_new = await bank.token()

    assert (with_former.code, with_new.code) == ("2007300", "2007300")


async def test_a_disabled_channel_is_not_let_in(biller: Biller, bank: SimulatedBank) -> None:
    async with biller.services.pool.acquire() as connection:
        await connection.execute("UPDATE channel SET enabled = false")

    token = await bank.token()
    bank.signing = Signing.RSA
    inquiry = await bank.inquire("02233913523")

    assert token.message == inquiry.message == "Unauthorized. [Connection not allowed]"

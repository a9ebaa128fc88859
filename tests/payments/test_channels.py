from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.payments.channels import Channel, NewChannel, list_channels, register_channel
from iuran.payments.credentials import (
    ChannelCredentials,
    ChannelUnknownError,
    Rotation,
    parse_public_key,
    rotate,
)
from iuran.payments.secrets import Cipher, SecretUnreadableError, generate_installation_key
from iuran.payments.simulation.bank import KeyPair, generate_key_pair

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
KEYS = generate_key_pair()


@pytest.fixture
def cipher() -> Cipher:
    return Cipher.of([generate_installation_key()])


def a_channel(**changes: object) -> NewChannel:
    fields: dict[str, object] = {
        "code": "BCA",
        "name": "Bank Contoh Asri",
        "public_key_pem": KEYS.public_key_pem,
    }
    return NewChannel(**{**fields, **changes})  # type: ignore[arg-type]  # each test knows its own


async def registered(connection: Connection, cipher: Cipher) -> ChannelCredentials:
    async with connection.transaction():
        return await register_channel(connection, cipher, a_channel(), at=NOW)


async def the_channel(connection: Connection, cipher: Cipher, at: datetime) -> Channel:
    (channel,) = await list_channels(connection, cipher, at=at)
    return channel


def secrets_of(channel: Channel, at: datetime) -> list[str]:
    return [secret.text for secret in channel.live_secrets(at)]


async def test_registering_issues_credentials(connection: Connection, cipher: Cipher) -> None:
    issued = await registered(connection, cipher)

    channel = await the_channel(connection, cipher, NOW)
    assert (channel.code, channel.va_prefix, channel.enabled) == ("BCA", "88888", True)
    assert channel.client_id == channel.partner_id == issued.client_id
    assert secrets_of(channel, NOW) == [issued.client_secret]
    (public_key,) = channel.live_public_keys(NOW)
    assert public_key == parse_public_key(KEYS.public_key_pem)
    assert len(issued.client_id) <= 36
    assert len(issued.client_secret or "") >= 64


async def test_a_secret_is_never_stored_or_shown_in_the_clear(
    connection: Connection, cipher: Cipher
) -> None:
    issued = await registered(connection, cipher)

    assert issued.client_secret is not None
    stored = await connection.fetchval("SELECT ciphertext FROM channel_secret")
    channel = await the_channel(connection, cipher, NOW)
    assert issued.client_secret.encode() not in stored
    assert issued.client_secret not in repr((issued, channel, cipher))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "bca"}, "code"),
        ({"code": "B"}, "code"),
        ({"name": "  "}, "name"),
        ({"va_prefix": "88 88"}, "vaPrefix"),
        ({"va_prefix": "888888888"}, "vaPrefix"),
        ({"partner_id": "a b"}, "partnerId"),
        ({"partner_id": "x" * 37}, "partnerId"),
        ({"public_key_pem": "no key"}, "publicKey"),
        ({"public_key_pem": ""}, "publicKey"),
        ({"public_key_pem": KEYS.private_key_pem}, "publicKey"),
        ({"public_key_pem": "-" * 20_000}, "publicKey"),
    ],
)
async def test_a_wrong_value_is_named(
    connection: Connection, cipher: Cipher, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        async with connection.transaction():
            await register_channel(connection, cipher, a_channel(**changes), at=NOW)

    assert refused.value.field == field
    assert await list_channels(connection, cipher, at=NOW) == ()


async def test_a_code_is_registered_once(connection: Connection, cipher: Cipher) -> None:
    await registered(connection, cipher)

    with pytest.raises(AlreadyRegisteredError):
        await registered(connection, cipher)


def test_a_short_key_is_refused() -> None:
    short = generate_key_pair(bits=1024)

    with pytest.raises(InvalidInputError, match="1024 bits; 2048 to 8192"):
        parse_public_key(short.public_key_pem)


def test_a_key_of_another_kind_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(InvalidInputError, match="RSA"):
        parse_public_key(pem)


async def test_both_secrets_are_valid_through_the_overlap(
    connection: Connection, cipher: Cipher
) -> None:
    first = await registered(connection, cipher)
    rotation = Rotation(overlap=timedelta(hours=1))

    second = await rotate(connection, cipher, "BCA", rotation, at=NOW)

    channel = await the_channel(connection, cipher, NOW)
    end = NOW + timedelta(hours=1)
    assert secrets_of(channel, NOW) == [second.client_secret, first.client_secret]
    assert secrets_of(channel, end) == [second.client_secret]
    assert len(channel.live_public_keys(end)) == 1


async def test_both_public_keys_are_valid_through_the_overlap(
    connection: Connection, cipher: Cipher
) -> None:
    first = await registered(connection, cipher)
    new: KeyPair = generate_key_pair()
    rotation = Rotation(
        new_secret=False, public_key_pem=new.public_key_pem, overlap=timedelta(hours=1)
    )

    rotated = await rotate(connection, cipher, "BCA", rotation, at=NOW)

    channel = await the_channel(connection, cipher, NOW)
    assert rotated.client_secret is None
    assert len(channel.live_public_keys(NOW)) == 2
    assert channel.live_public_keys(NOW + timedelta(hours=1)) == (
        parse_public_key(new.public_key_pem),
    )
    assert secrets_of(channel, NOW) == [first.client_secret]


async def test_a_shorter_overlap_ends_earlier_ones_and_never_prolongs(
    connection: Connection, cipher: Cipher
) -> None:
    await registered(connection, cipher)
    await rotate(connection, cipher, "BCA", Rotation(overlap=timedelta(minutes=5)), at=NOW)
    last = await rotate(connection, cipher, "BCA", Rotation(overlap=timedelta(days=30)), at=NOW)

    later = await the_channel(connection, cipher, NOW + timedelta(minutes=5))
    revoked = await rotate(connection, cipher, "BCA", Rotation(overlap=timedelta(0)), at=NOW)
    now = await the_channel(connection, cipher, NOW)

    assert len(later.secrets) == 2
    assert last.client_secret in secrets_of(later, NOW)
    assert secrets_of(now, NOW) == [revoked.client_secret]


async def test_no_more_than_four_secrets_are_valid_at_once(
    connection: Connection, cipher: Cipher
) -> None:
    await registered(connection, cipher)
    for _ in range(3):
        await rotate(connection, cipher, "BCA", Rotation(), at=NOW)

    with pytest.raises(InvalidInputError, match="shorter overlap"):
        async with connection.transaction():
            await rotate(connection, cipher, "BCA", Rotation(), at=NOW)

    assert len((await the_channel(connection, cipher, NOW)).secrets) == 4


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=31)])
async def test_an_overlap_has_limits(
    connection: Connection, cipher: Cipher, overlap: timedelta
) -> None:
    await registered(connection, cipher)

    with pytest.raises(InvalidInputError, match="0 to 30 days"):
        await rotate(connection, cipher, "BCA", Rotation(overlap=overlap), at=NOW)


async def test_an_unknown_channel_is_not_rotated(connection: Connection, cipher: Cipher) -> None:
    with pytest.raises(ChannelUnknownError):
        await rotate(connection, cipher, "BRI", Rotation(), at=NOW)


async def test_a_secret_under_a_lost_key_does_not_stop_the_others(
    connection: Connection, cipher: Cipher
) -> None:
    await registered(connection, Cipher.of([generate_installation_key()]))
    async with connection.transaction():
        await register_channel(connection, cipher, a_channel(code="BRI"), at=NOW)

    lost, readable = await list_channels(connection, cipher, at=NOW)

    assert (lost.code, lost.secrets) == ("BCA", ())
    assert len(readable.secrets) == 1


def test_a_former_installation_key_still_reads() -> None:
    former, present = generate_installation_key(), generate_installation_key()
    ciphertext = Cipher.of([former]).encrypt("a secret")

    rotated = Cipher.of([present, former])

    assert rotated.decrypt(ciphertext) == "a secret"
    assert rotated.derived_keys("x")[1] == Cipher.of([former]).derived_keys("x")[0]
    with pytest.raises(SecretUnreadableError):
        Cipher.of([present]).decrypt(ciphertext)


@pytest.mark.parametrize("keys", [[], ["short"], ["ä" * 44]])
def test_a_wrong_installation_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="installationKey"):
        Cipher.of(keys)


def test_derived_keys_differ_by_purpose_and_from_the_installation_key() -> None:
    cipher = Cipher.of([generate_installation_key()])

    keys = {*cipher.derived_keys("one"), *cipher.derived_keys("two"), *cipher.derivations}

    assert len(keys) == 3

"""The switches of a channel: what can be set, what is refused, and who did it."""

from datetime import UTC, datetime

import pytest

from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.payments.channel_changes import (
    Author,
    ChannelChange,
    change_channel,
    list_changes,
    record_registration,
    recorded,
)
from iuran.payments.channels import NewChannel, list_channels, register_channel
from iuran.payments.credentials import ChannelUnknownError, Rotation, rotate
from iuran.payments.quirks import NAMES, OpenEnd, Quirks, RepeatAnswer, changed, read_quirks
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.simulation.bank import generate_key_pair
from tests.builders import a_channel

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def a_change(**changes: str) -> ChannelChange:
    return ChannelChange(changes=changes, changed_by="sari")


def test_switches_survive_being_stored() -> None:
    quirks = changed(
        Quirks(),
        {
            "repeat_answer": "REPLAY",
            "expires_in_as_number": "true",
            "networks": "192.0.2.0/24, 2001:db8::/32",
            "mounts": "/openapi/v1.0 /v1.1",
            "sub_company": "",
        },
    )

    assert read_quirks(quirks.to_document()) == quirks
    assert (quirks.repeat_answer, quirks.expires_in_as_number) == (RepeatAnswer.REPLAY, True)
    assert quirks.mounts == ("/openapi/v1.0", "/v1.1")
    assert set(quirks.to_document()) == set(NAMES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repeat_answer", "PERHAPS"),
        ("timestamp_skew_seconds", "901"),
        ("timestamp_skew_seconds", "0"),
        ("external_id_length_max", "65"),
        ("bill_details_max", "25"),
        ("free_texts_max", "-1"),
        ("token_type", "Basic"),
        ("trx_type", "Z"),
        ("sub_company", "123"),
        ("mounts", "snap/v1.0"),
        ("mounts", "/snap/v1.0/"),
        ("mounts", "/snap/../x y?"),
        ("networks", "300.0.0.0/8"),
        ("networks", "10.0.0.1/8"),
        ("requests_a_minute", "0"),
        ("no_such_switch", "1"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        changed(Quirks(), {name: value})

    assert refused.value.field == name


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("192.0.3.7", False),
        ("::1", False),
        ("testclient", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_networks_are_admitted(address: str, *, admitted: bool) -> None:
    quirks = changed(Quirks(), {"networks": "192.0.2.0/24 2001:db8::/32"})

    assert quirks.admits_address(address) is admitted
    assert Quirks().admits_address(address)


async def test_a_change_is_kept_with_who_made_it(connection: Connection) -> None:
    cipher = Cipher.of([generate_installation_key()])
    channel_id = await a_channel(connection)

    await change_channel(connection, "BCA", a_change(open_end="IN_PROGRESS"), at=NOW)
    await change_channel(connection, "BCA", a_change(enabled="no"), at=NOW)

    (channel,) = await list_channels(connection, cipher, at=NOW)
    rows = await connection.fetch("SELECT * FROM channel_change ORDER BY change_id")
    assert channel.channel_id == channel_id
    assert (channel.quirks.open_end, channel.enabled) == (OpenEnd.IN_PROGRESS, False)
    assert [row["changed_by"] for row in rows] == ["sari", "sari"]
    assert [row["before"]["open_end"] for row in rows] == ["TIMEOUT", "IN_PROGRESS"]
    assert [row["after"]["enabled"] for row in rows] == [True, False]


async def test_a_refused_change_changes_nothing(connection: Connection) -> None:
    await a_channel(connection)

    with pytest.raises(InvalidInputError):
        await change_channel(connection, "BCA", a_change(trx_type="O", enabled="maybe"), at=NOW)
    with pytest.raises(ChannelUnknownError):
        await change_channel(connection, "NOBODY", a_change(trx_type="O"), at=NOW)

    assert await connection.fetchval("SELECT quirks FROM channel") == {}
    assert await connection.fetchval("SELECT count(*) FROM channel_change") == 0


async def test_a_channel_whose_switches_cannot_be_read_is_shut(connection: Connection) -> None:
    """Its allow-list is among them: falling back to none would open the door."""
    cipher = Cipher.of([generate_installation_key()])
    await a_channel(connection)
    await connection.execute("UPDATE channel SET quirks = $1", {"networks": "nowhere"})

    (channel,) = await list_channels(connection, cipher, at=NOW)

    assert not channel.enabled


async def test_a_rotation_is_recorded_without_the_secret(connection: Connection) -> None:
    cipher = Cipher.of([generate_installation_key()])
    await a_channel(connection)
    author = Author(name="sari", reason="yearly")

    async with recorded(connection, "BCA", author, at=NOW):
        issued = await rotate(connection, cipher, "BCA", Rotation(), at=NOW)

    (change,) = await list_changes(connection, "BCA")
    assert (change.changed_by, change.reason, change.changed_at) == ("sari", "yearly", NOW)
    assert list(change.differences) == ["secrets"]
    assert issued.client_secret is not None
    assert issued.client_secret not in str(change)


async def test_a_registration_is_recorded_without_the_secret(connection: Connection) -> None:
    cipher = Cipher.of([generate_installation_key()])
    key = generate_key_pair().public_key_pem
    new = NewChannel(code="BRI", name="Bank Contoh", public_key_pem=key)

    issued = await register_channel(connection, cipher, new, at=NOW)
    await record_registration(
        connection, "BRI", Author(name="sari", reason="contract of January"), at=NOW
    )

    (change,) = await list_changes(connection, "BRI")
    assert (change.changed_by, change.reason, change.before) == ("sari", "contract of January", {})
    assert change.after["name"] == "Bank Contoh"
    assert set(change.differences) == {"name", "partnerId", "vaPrefix", "publicKeys", "secrets"}
    assert issued.client_secret is not None
    assert issued.client_secret not in str(change)


async def test_what_changes_nothing_is_no_change(connection: Connection) -> None:
    await a_channel(connection)

    async with recorded(connection, "BCA", Author(name="sari", reason="tried"), at=NOW):
        pass

    assert await list_changes(connection) == ()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_change_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(InvalidInputError, match="say why"):
        Author(name="sari", reason=reason)

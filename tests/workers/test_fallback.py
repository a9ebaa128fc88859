"""From WhatsApp to SMS to e-mail: who is reached how, and what providers report of it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.reminders.contacts import ContactPreference, preference_of, state_preference
from iuran.core.reminders.events import Channel
from iuran.payments.virtual_accounts import VirtualAccount
from iuran.workers.messaging.http import HttpCarrier
from iuran.workers.messaging.providers import SignedWebhook, SmsGateway, WhatsAppCloud
from iuran.workers.messaging.report_routes import ReportServices, report_routes
from iuran.workers.messaging.signatures import standard_headers
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import Mailbox, later
from tests.workers.phone_company import PhoneCompany, phone_company
from tests.workers.stories import a_paying_family, comes

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FIRST = "DUE_IN_7_DAYS"
MESSAGES = """
    SELECT channel, attempt, state, coalesce(reason, '') AS reason FROM reminder
    WHERE event = $1 ORDER BY attempt LIMIT 10
"""
GIVE_PHONES = "UPDATE participant SET phone = '081200001234'"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    pool: Pool
    workers: WorkerServices
    clock: StandingClock
    mailbox: Mailbox
    whatsapp: PhoneCompany
    sms: PhoneCompany
    reports: AsyncClient
    bank: int
    account: VirtualAccount

    async def messages(self, event: str = FIRST) -> list[str]:
        rows = await self.pool.fetch(MESSAGES, event)
        return [f"{row['channel']} {row['state']} {row['reason']}".strip() for row in rows]

    async def comes(self, instant: datetime) -> None:
        await comes(self.workers, self.clock, instant)

    async def states(self, preference: ContactPreference) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await state_preference(connection, 1, 1, preference, by="Bunga", at=self.clock.now())

    @property
    def due_letters(self) -> list[dict[str, str]]:
        """What WhatsApp was told to say of the bill; other letters go out beside it."""
        letters = [json.loads(call.body) for call in self.whatsapp.calls]
        return [letter for letter in letters if letter["template"] == "due"]

    async def whatsapp_reports(self, status: str, *, key: str | None = None) -> int:
        told = key or self.due_letters[-1]["key"]
        report = {"key": told, "status": status, "at": "2026-02-03T09:00:05+07:00"}
        body = json.dumps({"reports": [report]}).encode()
        headers = standard_headers(body, message_id="r1", secret=SECRET, real=datetime.now(UTC))
        answer = await self.reports.post("/messages/reports", content=body, headers=headers)
        return answer.status_code


@pytest.fixture
async def world(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> AsyncIterator[World]:
    """A family that owes February; it has an address and a telephone."""
    services = ReportServices(pool=pool, clock=clock, signed_secrets=(SECRET,))
    app = Starlette(routes=report_routes(services))
    async with (
        phone_company() as whatsapp,
        phone_company() as sms,
        AsyncClient(transport=ASGITransport(app), base_url="http://reports") as reports,
    ):
        carriers = {
            Channel.WHATSAPP: HttpCarrier(
                provider=SignedWebhook(url=whatsapp.url, channel="WHATSAPP", secret=SECRET)
            ),
            Channel.SMS: HttpCarrier(
                provider=SmsGateway(url=sms.url, account="A", secret="hidden", sender="JKN")
            ),
        }
        bank, _, account = await a_paying_family(pool)
        await pool.execute(GIVE_PHONES)
        clock.set(wib(2026, 2, 2))
        yield World(
            pool=pool,
            workers=replace(workers, carriers=carriers),
            clock=clock,
            mailbox=mailbox,
            whatsapp=whatsapp,
            sms=sms,
            reports=reports,
            bank=bank,
            account=account,
        )


async def test_the_first_channel_of_the_schedule_is_used(world: World) -> None:
    await world.comes(wib(2026, 2, 3))

    assert await world.messages() == ["WHATSAPP SENT"]
    assert len(world.due_letters) == 1
    assert world.sms.calls == []


async def test_a_refused_number_falls_back_at_once_and_each_channel_is_tried_once(
    world: World,
) -> None:
    world.whatsapp.status = world.sms.status = 400

    await world.comes(wib(2026, 2, 3))

    assert await world.messages() == [
        "WHATSAPP FAILED 400 {}",
        "SMS FAILED 400 {}",
        "EMAIL SENT",
    ]
    assert "Iuran" in " ".join(str(message["Subject"]) for message in world.mailbox.messages)


async def test_without_a_delivery_the_next_channel_is_tried_after_hours(world: World) -> None:
    await world.comes(wib(2026, 2, 3))

    await world.comes(wib(2026, 2, 3, 19, 59))
    early = await world.messages()
    await world.comes(wib(2026, 2, 3, 21))
    at_night = len(world.sms.calls)
    await world.comes(wib(2026, 2, 4, 8))

    assert early == ["WHATSAPP SENT"]
    assert at_night == 0
    assert await world.messages() == ["WHATSAPP SENT", "SMS SENT"]
    assert parse_qs(world.sms.calls[-1].body.decode())["To"] == ["+6281200001234"]


async def test_while_a_carrier_is_down_for_an_hour_its_messages_wait_for_it(
    world: World, real_clock: StandingClock
) -> None:
    world.whatsapp.status = 401

    await world.comes(wib(2026, 2, 3))
    later(real_clock, hours=1)
    world.whatsapp.status = 200
    await world.comes(wib(2026, 2, 3, 10))

    assert await world.messages() == ["WHATSAPP SENT"]


async def test_a_carrier_that_is_down_for_the_rules_hours_gives_way_to_the_next(
    world: World, real_clock: StandingClock
) -> None:
    world.whatsapp.status = 401

    await world.comes(wib(2026, 2, 3, 9))
    for hour, minute in ((20, 59), (21, 0)):
        later(real_clock, hours=6)
        await world.comes(wib(2026, 2, 3, hour, minute))
    at_night = await world.messages()
    later(real_clock, hours=11)
    await world.comes(wib(2026, 2, 4, 8))
    world.whatsapp.status = 200
    later(real_clock, hours=1)
    await world.comes(wib(2026, 2, 4, 9))

    down = "WHATSAPP FAILED the provider refuses our account: 401 {}"
    assert at_night == ["WHATSAPP WAITING"]  # nobody asks a carrier at night
    assert await world.messages() == [down, "SMS SENT"]


async def test_who_has_no_other_way_waits_for_the_carrier_that_is_down(
    world: World, real_clock: StandingClock
) -> None:
    await world.states(ContactPreference(opted_out=(Channel.SMS, Channel.EMAIL)))
    world.whatsapp.status = 401

    await world.comes(wib(2026, 2, 3))
    later(real_clock, hours=24)
    await world.comes(wib(2026, 2, 4))
    waiting = await world.messages()
    later(real_clock, minutes=4)
    await world.comes(wib(2026, 2, 4, 9, 4))
    world.whatsapp.status = 200
    later(real_clock, hours=1)
    await world.comes(wib(2026, 2, 4, 10))

    assert waiting == ["WHATSAPP WAITING"]
    assert await world.messages() == ["WHATSAPP SENT"]


async def test_nothing_that_may_have_left_goes_another_way_as_well(
    world: World, real_clock: StandingClock
) -> None:
    world.whatsapp.status = 0

    await world.comes(wib(2026, 2, 3))
    later(real_clock, hours=24)
    await world.comes(wib(2026, 2, 4))

    assert await world.messages() == ["WHATSAPP WAITING"]
    assert world.sms.calls == []


@pytest.mark.parametrize("status", ["delivered", "read"])
async def test_who_was_reached_is_left_alone(world: World, status: str) -> None:
    await world.comes(wib(2026, 2, 3))

    answered = await world.whatsapp_reports(status)
    again = await world.whatsapp_reports(status)
    await world.comes(wib(2026, 2, 5))

    assert (answered, again) == (200, 200)
    assert await world.messages() == ["WHATSAPP SENT"]
    assert await world.pool.fetchval("SELECT count(*) FROM reminder_report") == 1
    watched = "SELECT count(*) FROM reminder_watch WHERE event = $1"
    assert await world.pool.fetchval(watched, FIRST) == 0


async def test_a_report_of_failure_falls_back_at_once(world: World) -> None:
    await world.comes(wib(2026, 2, 3))

    await world.whatsapp_reports("failed")
    await world.comes(wib(2026, 2, 3, 9, 1))

    assert await world.messages() == ["WHATSAPP SENT", "SMS SENT"]


async def test_who_paid_meanwhile_is_not_tried_over_another_channel(world: World) -> None:
    await world.comes(wib(2026, 2, 3))

    await world.whatsapp_reports("failed")
    await pays_what_it_owes(world.pool, world.bank, world.account, at=wib(2026, 2, 3, 9, 1))
    await world.comes(wib(2026, 2, 3, 9, 2))

    assert await world.messages() == ["WHATSAPP SENT", "SMS CANCELLED PAID"]
    assert world.sms.calls == []


async def test_each_reads_his_own_channel_first(world: World) -> None:
    await world.states(ContactPreference(channels=(Channel.EMAIL,), language="en"))

    await world.comes(wib(2026, 2, 3))

    assert await world.messages() == ["EMAIL SENT"]
    assert world.mailbox.messages[-1]["Content-Language"] == "en"
    assert "STOP" in world.mailbox.messages[-1]["List-Unsubscribe"]


async def test_nobody_is_written_to_over_a_channel_that_he_opted_out_of(world: World) -> None:
    await world.states(ContactPreference(opted_out=(Channel.WHATSAPP, Channel.EMAIL)))
    world.sms.status = 400

    await world.comes(wib(2026, 2, 3))

    assert await world.messages() == ["SMS FAILED 400 {}"]


async def test_an_opt_out_counts_up_to_the_moment_of_sending(world: World) -> None:
    await world.comes(wib(2026, 2, 3, 8, 59))
    await world.states(ContactPreference(opted_out=tuple(Channel)))

    await world.comes(wib(2026, 2, 3))

    assert await world.messages() == ["WHATSAPP CANCELLED OPTED_OUT"]


async def test_a_legal_notice_comes_all_the_same(world: World) -> None:
    await world.states(ContactPreference(opted_out=tuple(Channel)))

    await world.comes(wib(2026, 3, 1, 9))

    assert await world.messages("SUSPENDED") == ["WHATSAPP SENT"]


async def test_what_somebody_wants_is_kept_with_its_history(world: World) -> None:
    wanted = ContactPreference(
        channels=(Channel.SMS, Channel.EMAIL), opted_out=(Channel.WHATSAPP,), language="en"
    )

    await world.states(ContactPreference(language="id"))
    await world.states(wanted)

    async with world.pool.acquire() as connection:
        assert await preference_of(connection, 1, 1) == wanted
        assert await preference_of(connection, 1, 2) == ContactPreference()
    assert await world.pool.fetchval("SELECT count(*) FROM contact_preference_change") == 2


async def test_a_provider_without_keys_is_not_asked_twice_when_its_answer_was_lost(
    world: World,
) -> None:
    await world.states(ContactPreference(channels=(Channel.SMS,)))
    world.sms.status = 0

    await world.comes(wib(2026, 2, 3))
    world.sms.status = 200
    await world.comes(wib(2026, 2, 4))

    assert len(world.sms.calls) == 1 + 1  # the notice of activation was told as well
    assert (await world.messages())[0].startswith("SMS UNKNOWN no answer came")


async def test_a_provider_that_knows_keys_is_asked_again_under_the_same(
    world: World, real_clock: StandingClock
) -> None:
    world.whatsapp.status = 0

    await world.comes(wib(2026, 2, 3))
    world.whatsapp.status = 200
    for minutes in range(1, 4):
        real_clock.set(real_clock.now() + timedelta(hours=1))
        await world.comes(wib(2026, 2, 3, 9, minutes))

    keys = [json.loads(call.body)["key"] for call in world.whatsapp.calls]
    assert (await world.messages())[0] == "WHATSAPP SENT"
    assert len(keys) > len(set(keys)) == 2


async def test_a_report_that_comes_before_our_own_note_counts(world: World) -> None:
    await world.comes(wib(2026, 2, 3))
    await world.pool.execute("UPDATE reminder_watch SET fall_back_at = $1", wib(2026, 2, 3))

    await world.whatsapp_reports("delivered")
    await world.comes(wib(2026, 2, 3, 10))

    assert await world.messages() == ["WHATSAPP SENT"]


async def test_a_report_of_a_message_that_is_not_ours_changes_nothing(world: World) -> None:
    assert await world.whatsapp_reports("delivered", key="somebody-elses") == 200
    assert await world.pool.fetchval("SELECT count(*) FROM reminder_report") == 0


async def test_a_report_without_a_signature_is_refused(world: World) -> None:
    answer = await world.reports.post("/messages/reports", content=b'{"reports": []}')

    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_SIGNED")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"reports": [{}]}', b"\xff", b"1" * 1_000_001])
async def test_a_report_of_the_wrong_form_is_refused(world: World, body: bytes) -> None:
    headers = standard_headers(body, message_id="r1", secret=SECRET, real=datetime.now(UTC))

    answer = await world.reports.post("/messages/reports", content=body, headers=headers)

    assert answer.status_code in {400, 413}
    assert answer.json()["message"]


def test_a_carrier_of_whatsapp_itself_does_not_know_keys() -> None:
    assert not WhatsAppCloud(url="http://x", token="hidden").knows_keys

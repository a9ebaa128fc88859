"""WhatsApp's and a gateway's own reports: their signatures, their forms, and what is kept."""

import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha1, sha256
from urllib.parse import urlencode

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.workers.messaging.report_routes import ReportServices, report_routes
from tests.workers.stories import a_paying_family

SECRET = "of the app"
URL = "https://iuran.example/messages/reports/sms"
KEY = "iuran-0123456789abcdef"
A_MESSAGE = """
    WITH r AS (
        INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                              details, state, scheduled_at, closed_at)
        VALUES (1, 1, 2026 * 12 + 1, 'DUE_IN_7_DAYS', 'SMS', 0, '{}', 'SENT', now(), now())
    )
    INSERT INTO reminder_key (message_key, family_id, membership_id, coverage_month, event, channel,
                              occurrence)
    VALUES ($1, 1, 1, 2026 * 12 + 1, 'DUE_IN_7_DAYS', 'SMS', 0)
"""
REPORTS = "SELECT status, reason FROM reminder_report ORDER BY status LIMIT 10"


@pytest.fixture
async def client(pool: Pool, clock: StandingClock) -> AsyncIterator[AsyncClient]:
    await a_paying_family(pool)
    await pool.execute(A_MESSAGE, KEY)
    services = ReportServices(
        pool=pool,
        clock=clock,
        whatsapp_secret=SECRET,
        whatsapp_verify_token="token",
        gateway_secret=SECRET,
        gateway_url=URL,
    )
    app = Starlette(routes=report_routes(services))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://iuran") as opened:
        yield opened


def notification(status: str, **more: object) -> bytes:
    told = {"status": status, "timestamp": "1770084005", "biz_opaque_callback_data": KEY, **more}
    value = {"messaging_product": "whatsapp", "statuses": [told]}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


async def whatsapp_says(client: AsyncClient, body: bytes, *, secret: str = SECRET) -> Response:
    signature = "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature}
    return await client.post("/messages/reports/whatsapp", content=body, headers=headers)


async def gateway_says(client: AsyncClient, secret: str = SECRET, **form: str) -> Response:
    query = urlencode({"key": KEY})
    signed = f"{URL}?{query}" + "".join(name + form[name] for name in sorted(form))
    signature = b64encode(hmac.new(secret.encode(), signed.encode(), sha1).digest()).decode()
    headers = {"X-Twilio-Signature": signature}
    return await client.post(f"/messages/reports/sms?{query}", data=form, headers=headers)


async def kept(pool: Pool) -> list[tuple[str, str | None]]:
    return [(row["status"], row["reason"]) for row in await pool.fetch(REPORTS)]


async def test_whatsapp_reports_each_step_once(client: AsyncClient, pool: Pool) -> None:
    for status in ("sent", "delivered", "delivered", "read"):
        assert (await whatsapp_says(client, notification(status))).status_code == 200

    assert await kept(pool) == [("DELIVERED", None), ("READ", None), ("SENT", None)]


async def test_why_whatsapp_failed_is_kept_with_its_numbers_masked(
    client: AsyncClient, pool: Pool
) -> None:
    body = notification("failed", errors=[{"code": 131026, "title": "no user 6281200001234"}])

    await whatsapp_says(client, body)

    assert await kept(pool) == [("FAILED", "131026 no user *********1234")]


async def test_what_people_write_to_us_is_no_report(client: AsyncClient, pool: Pool) -> None:
    body = b'{"entry": [{"changes": [{"value": {"messages": [{"text": {"body": "hi"}}]}}]}]}'

    answer = await whatsapp_says(client, body)

    assert answer.json() == {"told": 0, "known": 0, "new": 0}
    assert await kept(pool) == []


async def test_a_gateway_reports_by_a_form(client: AsyncClient, pool: Pool) -> None:
    await gateway_says(client, MessageSid="SM1", MessageStatus="sending")
    await gateway_says(client, MessageSid="SM1", MessageStatus="undelivered", ErrorCode="30003")

    assert await kept(pool) == [("FAILED", "30003")]


async def test_who_does_not_know_the_secret_is_refused(client: AsyncClient, pool: Pool) -> None:
    by_form = await gateway_says(client, secret="guessed", MessageStatus="delivered")
    by_json = await whatsapp_says(client, notification("read"), secret="guessed")
    unsigned = await client.post("/messages/reports/whatsapp", content=notification("read"))

    assert {by_form.status_code, by_json.status_code, unsigned.status_code} == {401}
    assert await kept(pool) == []


@pytest.mark.parametrize(("token", "answered"), [("token", (200, "42")), ("guessed", (401, None))])
async def test_meta_asks_whether_the_address_is_ours(
    client: AsyncClient, token: str, answered: tuple[int, str | None]
) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "42"}

    answer = await client.get("/messages/reports/whatsapp", params=query)

    assert answer.status_code == answered[0]
    assert answered[1] in {None, answer.text}


async def test_a_way_that_is_not_configured_is_not_there(pool: Pool, clock: StandingClock) -> None:
    assert report_routes(ReportServices(pool=pool, clock=clock)) == []

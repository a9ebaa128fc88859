"""What employers report, and what operators do."""

from typing import Any

from iuran.core.families import register
from iuran.core.reminders.events import Channel
from iuran.core.segments import Segment
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.workers.outbox import dispatch_batch
from tests.graphql.happy.people import approving
from tests.graphql.happy.world import Happy, World, another_person, row
from tests.moments import wib
from tests.payments.payers import an_employer, hired, of_segment

DEAD_JOB = """
    INSERT INTO job (kind, key, payload, state, next_at, armed_at, ended_at, last_error)
    VALUES ('deadlines', '2026-01-02', '{}', 'DEAD', '2026-01-02 00:05+07', '2026-01-02 00:00+07',
            '2026-01-02 01:00+07', 'timed out')
"""


SELECT_NEWEST = "SELECT max(position) FROM event"
TELL = "UPDATE webhook_cursor SET position = $1"


@row
async def report_worker(world: World) -> Happy:
    employer, _ = await an_employer(world.pool, at=wib(2026, 1, 2))
    new = of_segment(Segment.PPU_ENTERPRISE)
    async with world.pool.acquire() as connection, connection.transaction():
        family = await register(connection, new, at=wib(2026, 1, 2))
    return Happy(
        given={
            "cardNumber": family.participants[0].card_number,
            "nik": new.participants[0].nik,
            "wage": "6000000",
            "reason": "contract 17",
        },
        another={"wage": "7000000"},
        effect="SELECT count(*) FROM employment",
        became=1,
        role=Role.EMPLOYER,
        token={"employer_id": employer.employer_id},
    )


async def employed(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """An employment, and the token of its employer."""
    employer, _ = await an_employer(world.pool, at=wib(2026, 1, 2))
    worker = await hired(world.pool, employer, wage=6_000_000, at=wib(2026, 1, 3))
    employment = {"employmentId": id_of("Employment", *worker.key), "reason": "letter 17"}
    who = {"role": Role.EMPLOYER, "token": {"employer_id": employer.employer_id}}
    return employment, who


async def ended(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """An employment that ends with this month."""
    employment, who = await employed(world)
    await world.did(
        "endEmployment", {**employment, "lastMonth": "2026-01"}, role=who["role"], **who["token"]
    )
    return employment, who


PAPERS = ["LAYOFF_LETTER_RECEIVED", "LABOUR_OFFICE_RECEIPT"]


async def laid_off(world: World) -> str:
    """The ID of the insurance after a layoff."""
    employment, _ = await ended(world)
    approval = await approving(world, "reportLayoff", {**employment, "papers": PAPERS})
    done = await world.did("approveLayoff", approval, "membershipId", subject="budi")
    return str(done["membershipId"])


@row
async def report_wage(world: World) -> Happy:
    employment, who = await employed(world)
    return Happy(
        given={**employment, "firstMonth": "2026-02", "wage": "7000000"},
        another={"wage": "8000000"},
        effect="SELECT max(amount) FROM wage",
        became=7_000_000,
        **who,
    )


@row
async def end_employment(world: World) -> Happy:
    employment, who = await employed(world)
    return Happy(
        given={**employment, "lastMonth": "2026-01"},
        another={"lastMonth": "2026-02"},
        effect="SELECT min(last_month) FROM employment",
        became=2026 * 12,
        **who,
    )


@row
async def report_layoff(world: World) -> Happy:
    employment, who = await ended(world)
    return Happy(
        given={**employment, "papers": PAPERS},
        another={"papers": ["COURT_RULING"]},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'LAYOFF'",
        became=1,
        **who,
    )


@row
async def approve_layoff(world: World) -> Happy:
    employment, _ = await ended(world)
    return Happy(
        given=await approving(world, "reportLayoff", {**employment, "papers": PAPERS}),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT max(last_month) FROM layoff",
        became=2026 * 12 + 6,
        token=another_person(),
    )


@row
async def end_layoff(world: World) -> Happy:
    return Happy(
        given={
            "membershipId": await laid_off(world),
            "lastMonth": "2026-04",
            "reason": "a new employer",
        },
        another={"lastMonth": "2026-05"},
        effect="SELECT max(last_month) FROM layoff_end",
        became=2026 * 12 + 3,
    )


def a_rule() -> dict[str, Any]:
    return {
        "event": "DUE_IN_3_DAYS",
        "segment": "SELF_PAID",
        "channel": Channel.WHATSAPP.value,
        "effectiveFrom": "2026-02-01",
        "offsetDays": -3,
        "at": "08:30",
        "reason": "families answer WhatsApp",
    }


@row
async def propose_reminder_rule(_: World) -> Happy:
    return Happy(
        given=a_rule(),
        another={"at": "10:00"},
        effect="SELECT min(at_hour)::text FROM reminder_rule_change",
        became="08:30:00",
        role=Role.OPERATOR,
    )


@row
async def approve_reminder_rule(world: World) -> Happy:
    proposed = await world.did("proposeReminderRule", a_rule(), "changeNumber", role=Role.OPERATOR)
    return Happy(
        given={"changeNumber": proposed["changeNumber"]},
        another={"changeNumber": 999},
        effect="SELECT min(approved_by) FROM reminder_rule_approval",
        became="budi",
        role=Role.OPERATOR,
        token=another_person(),
    )


@row
async def retry_job(world: World) -> Happy:
    await world.pool.execute(DEAD_JOB)
    return Happy(
        given={"kind": "deadlines", "key": "2026-01-02", "reason": "the database is back"},
        another={"key": "2026-01-03"},
        effect="SELECT min(state) FROM job",
        became="WAITING",
        role=Role.OPERATOR,
    )


@row
async def retry_dead_jobs(world: World) -> Happy:
    await world.pool.execute(DEAD_JOB)
    return Happy(
        given={"kind": "deadlines", "reason": "the database is back"},
        another={"kind": None},
        effect="SELECT count(*) FROM job_retry",
        became=1,
        role=Role.OPERATOR,
    )


@row
async def register_employer(_: World) -> Happy:
    return Happy(
        given={"name": "PT Contoh Jaya", "group": "PRIVATE", "region": "9901"},
        another={"name": "PT Contoh Lain"},
        effect="SELECT count(*) FROM employer_account_number",
        became=1,
    )


ENDPOINT = {"name": "family-app", "url": "https://app.example.org/jkn"}


async def listening(world: World) -> dict[str, str]:
    await world.did("addWebhookEndpoint", dict(ENDPOINT), role=Role.OPERATOR)
    await world.did(
        "approveWebhookEndpoint", {"name": "family-app"}, role=Role.OPERATOR, subject="budi"
    )
    return {"name": "family-app"}


@row
async def add_webhook_endpoint(_: World) -> Happy:
    return Happy(
        given=dict(ENDPOINT),
        another={"url": "https://other.example.org/jkn"},
        effect="SELECT count(*) FROM webhook_secret",
        became=1,
        role=Role.OPERATOR,
    )


@row
async def approve_webhook_endpoint(world: World) -> Happy:
    await world.did("addWebhookEndpoint", dict(ENDPOINT), role=Role.OPERATOR)
    return Happy(
        given={"name": "family-app"},
        another={"name": "other-app"},
        effect="SELECT min(state) FROM webhook_endpoint",
        became="ENABLED",
        role=Role.OPERATOR,
        token=another_person(),
    )


@row
async def disable_webhook_endpoint(world: World) -> Happy:
    return Happy(
        given={**await listening(world), "reason": "they move house"},
        another={"reason": "no reason"},
        effect="SELECT min(state) FROM webhook_endpoint",
        became="DISABLED",
        role=Role.OPERATOR,
    )


@row
async def enable_webhook_endpoint(world: World) -> Happy:
    known = await listening(world)
    await world.did(
        "disableWebhookEndpoint", {**known, "reason": "they move house"}, role=Role.OPERATOR
    )
    return Happy(
        given={**known, "reason": "they are back"},
        another={"reason": "no reason"},
        effect="SELECT min(state) FROM webhook_endpoint",
        became="ENABLED",
        role=Role.OPERATOR,
    )


@row
async def rotate_webhook_secret(world: World) -> Happy:
    return Happy(
        given=await listening(world),
        another={"overlapHours": 1},
        effect="SELECT count(*) FROM webhook_secret",
        became=2,
        role=Role.OPERATOR,
    )


@row
async def resend_webhook_events(world: World) -> Happy:
    """An event that the endpoint has been told of, and is told again."""
    known = await listening(world)
    async with world.pool.acquire() as connection, connection.transaction():
        await dispatch_batch(connection, at=world.clock.now())
        position = await connection.fetchval(SELECT_NEWEST)
        await connection.execute(TELL, position)
    return Happy(
        given={**known, "first": str(position)},
        another={"first": "999999"},
        effect="SELECT count(*) FROM webhook_queue",
        became=1,
        role=Role.OPERATOR,
    )

"""What a subscriber is told: that something happened, when, and whom to ask about. No more.

Whoever wants amounts, names or states asks GraphQL with the IDs, under his own rights.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from iuran.core.months import CoverageMonth

TEST_KIND = "webhook.test"

KINDS: Mapping[str, str] = {
    "membership.activated": "A membership began",
    "membership.reactivated": "A suspended membership is active again",
    "membership.suspended": "A membership was suspended for arrears",
    "membership.suspension_undone": "A payment came before the suspension took effect",
    "membership.employment_ended": "An employer insures the family no more",
    "payment.settled": "A payment of contributions took effect",
    "autodebit.failed": "All attempts to collect a month failed",
    "bill.revised": "A bill was revised after it was issued",
    "arrears.written_off": "Arrears were written off",
    "refund.approved": "A refund of credit was approved",
    "fine.paid": "A fine for a hospital stay was paid",
    "claim.moved": "A family's own claim has a new state",
    "claim.paid": "A claim was paid",
    "complaint.answered": "A complaint was answered",
}
"""The kinds that can be asked for; others of the outbox come with nothing but the family."""

FACILITY_KINDS = (
    "membership.activated",
    "membership.reactivated",
    "membership.suspended",
    "membership.suspension_undone",
    "membership.employment_ended",
    "fine.paid",
    "claim.paid",
)
"""What a facility may know: who is insured, and of its own letters and claims."""

_IDS = {
    "membership_id": "Membership",
    "payment_id": "Payment",
    "claim_id": "Claim",
    "refund_id": "Refund",
}
_MONTHS = {
    "coverage_month": "coverageMonth",
    "first_month": "firstMonth",
    "last_month": "lastMonth",
}
_WORDS = {"state": "state", "letter_number": "letterNumber"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of the log in its place."""

    family_id: int
    event_id: int
    position: int
    kind: str
    payload: Mapping[str, object]
    occurred_at: datetime


def opaque_id(type_name: str, *key: int) -> str:
    """Write an ID as GraphQL does, so that the subscriber can ask for the object."""
    plain = f"{type_name}:{'.'.join(map(str, key))}"
    return urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def message_id(event: Event) -> str:
    """Return the `webhook-id` of an event: the same at each attempt, resend and replay."""
    return "msg_" + opaque_id("Event", event.family_id, event.event_id)


def body_of(event: Event) -> bytes:
    """Write an event; the same bytes at each attempt."""
    return _body(message_id(event), event.kind, event.occurred_at, event.position, _data(event))


def trial_body(identity: str, *, at: datetime) -> bytes:
    """Write what `iuran webhooks test` sends: an event of nobody."""
    return _body(identity, TEST_KIND, at, 0, {})


def unknown_kinds(kinds: Collection[str]) -> list[str]:
    """Return those that nobody can ask for."""
    return sorted(set(kinds) - KINDS.keys())


def _body(
    identity: str, kind: str, at: datetime, position: int, data: Mapping[str, object]
) -> bytes:
    content = {
        "id": identity,
        "type": kind,
        "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "position": position,
        "data": data,
    }
    return json.dumps(content, separators=(",", ":")).encode()


def _data(event: Event) -> dict[str, object]:
    data: dict[str, object] = {"familyId": opaque_id("Family", event.family_id)}
    if event.kind not in KINDS:
        return data
    for name, value in event.payload.items():
        if name in _IDS and isinstance(value, int):
            type_name = _IDS[name]
            data[f"{type_name.lower()}Id"] = opaque_id(type_name, event.family_id, value)
        elif name in _MONTHS and isinstance(value, int):
            data[_MONTHS[name]] = str(CoverageMonth.of_ordinal(value))
        elif name in _WORDS and isinstance(value, str):
            data[_WORDS[name]] = value
    return data

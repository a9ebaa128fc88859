"""The states of a claim and the steps between them (domain page, section 6)."""

from enum import StrEnum


class ClaimKind(StrEnum):
    """Who claims: a facility for care it gave, or a participant who paid for it himself."""

    FACILITY = "FACILITY"
    REIMBURSEMENT = "REIMBURSEMENT"


class ClaimState(StrEnum):
    """Where a claim stands. `PENDING`: a question is open; `DISPUTED`: the parties disagree."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    INCOMPLETE = "INCOMPLETE"
    VERIFYING = "VERIFYING"
    PENDING = "PENDING"
    DISPUTED = "DISPUTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    PAID = "PAID"
    EXPIRED = "EXPIRED"


STEPS: dict[ClaimState, frozenset[ClaimState]] = {
    ClaimState.DRAFT: frozenset({ClaimState.SUBMITTED, ClaimState.EXPIRED}),
    ClaimState.SUBMITTED: frozenset({ClaimState.INCOMPLETE, ClaimState.VERIFYING}),
    ClaimState.INCOMPLETE: frozenset({ClaimState.VERIFYING, ClaimState.EXPIRED}),
    ClaimState.VERIFYING: frozenset(
        {
            ClaimState.VERIFYING,
            ClaimState.INCOMPLETE,
            ClaimState.PENDING,
            ClaimState.DISPUTED,
            ClaimState.APPROVED,
            ClaimState.REJECTED,
        }
    ),
    ClaimState.PENDING: frozenset({ClaimState.VERIFYING}),
    ClaimState.DISPUTED: frozenset({ClaimState.VERIFYING}),
    ClaimState.APPROVED: frozenset({ClaimState.PAID}),
    ClaimState.REJECTED: frozenset({ClaimState.DISPUTED}),
    ClaimState.PAID: frozenset(),
    ClaimState.EXPIRED: frozenset(),
}


def may_become(state: ClaimState, to: ClaimState) -> bool:
    """Whether a claim may take a step.

    A proposal leaves it in verification. A rejected claim may be disputed, and is verified anew
    [D].
    """
    return to in STEPS[state]

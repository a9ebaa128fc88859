"""What a participant is insured for at an instant, and whether a given care is covered."""

from datetime import datetime

from iuran.core.care.cover import Cover, cover_at, window_at
from iuran.core.care.eligibility import Eligibility
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.explanations.status import status_explanation
from iuran.core.explanations.window import explain_window
from iuran.core.fines import FineWindow
from iuran.core.membership_history import StatusAt, status_at
from iuran.core.segments import Segment

_OF_THE_STATE = (Segment.PBI_APBN, Segment.PBPU_PEMDA)


async def explain_cover(
    connection: Connection, family_id: int, participant_id: int, *, at: datetime
) -> Explanation:
    """Explain cover at an instant: the status, who pays, the class, and an open fine window."""
    status = await status_at(connection, family_id, participant_id, at=at)
    cover = await cover_at(connection, family_id=family_id, participant_id=participant_id, at=at)
    window = None
    if cover is not None:
        window = await window_at(connection, cover, at=at)
    return cover_explanation(status, cover, window, at=at)


def cover_explanation(
    found: StatusAt | None, cover: Cover | None, window: FineWindow | None, *, at: datetime
) -> Explanation:
    """Explain cover of which all is known."""
    status = status_explanation(found, at=at)
    if cover is None:
        return status
    return Explanation(
        english=f"{status.english}, class {cover.care_class.name}",
        indonesian=f"{status.indonesian}, kelas {cover.care_class.name}",
        reasons=(*status.reasons, _segment(cover), *_window(cover, window, at)),
    )


def _segment(cover: Cover) -> Reason:
    return Reason(
        rule="segment",
        english=f"Segment {cover.segment.value}, paid by the {cover.payer.lower()}; inpatient"
        f" care in class {cover.care_class.name}.",
        indonesian=f"Segmen {cover.segment.value}; hak rawat inap kelas {cover.care_class.name}.",
        legal_basis="Perpres 82/2018; Perpres 64/2020",
    )


def _window(cover: Cover, window: FineWindow | None, at: datetime) -> tuple[Reason, ...]:
    """An inpatient stay is fined while the window is open; the state's people are exempt [S]."""
    if window is None or not window.holds(wib_date(at)) or cover.segment in _OF_THE_STATE:
        return ()
    return explain_window(window).reasons


def explain_eligibility(eligibility: Eligibility, *, at: datetime) -> Explanation:
    """Explain whether care is covered: every rule that was looked at, met or not."""
    day = wib_date(at)
    refusals = ", ".join(eligibility.refusals)
    return Explanation(
        english=f"Eligible on {day}"
        if eligibility.is_eligible
        else f"Refused on {day}: {refusals}",
        indonesian=f"Dijamin pada {day}"
        if eligibility.is_eligible
        else f"Tidak dijamin pada {day}: {refusals}",
        reasons=tuple(
            Reason(
                rule=finding.rule,
                english=f"{'Yes' if finding.is_met else 'No'}: {finding.english}",
                indonesian=f"{'Ya' if finding.is_met else 'Tidak'}: {finding.indonesian}",
                legal_basis=finding.legal_basis,
                day=day,
            )
            for finding in eligibility.trail
        ),
    )

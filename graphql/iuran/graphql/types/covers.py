"""Whether a participant is covered now, as the domain has it, out of the rows of one statement."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from iuran.core.care.cover import SELECT_COVER, SELECT_WINDOW, Cover
from iuran.core.explanations import cover_explanation
from iuran.core.fines import FineWindow
from iuran.core.membership import MembershipState, state_in
from iuran.core.membership_history import SELECT_STATUS, MembershipFact, status_of
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment
from iuran.graphql.compiler.declarations import Fragment, Worked
from iuran.graphql.compiler.statements import inlined, row, rows
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.explanations import Explanation

CoverRow = tuple[int, int, int, str, str, int, str, int | None]
WindowRow = tuple[date, date, int, int | None]
_FactRow = tuple[
    int, int, int, str, str, str, int | None, str, datetime, bool, int | None, int | None
]

COVER_COLUMNS: Final[Fragment] = (
    "{row}c.family_id, {row}c.participant_id, {row}c.membership_id, {row}c.segment, "
    "{row}c.payer, {row}c.care_class::integer, {row}c.state, {row}c.paid_through::integer"
)
"""Of a row of SELECT_COVER, joined as `{row}c`."""
WINDOW_COLUMNS: Final[Fragment] = (
    "{row}w.first_day, {row}w.last_day, {row}w.arrears_months::integer, {row}w.employer_id"
)
"""Of a row of SELECT_WINDOW, joined as `{row}w`."""


def cover_of(found: CoverRow, *, month: CoverageMonth) -> Cover:
    """Read a cover as it stands in a month."""
    family_id, participant_id, membership_id, segment, payer, care_class, state, paid_through = (
        found
    )
    paid = CoverageMonth.if_any(paid_through)
    return Cover(
        family_id=family_id,
        participant_id=participant_id,
        membership_id=membership_id,
        segment=Segment(segment),
        payer=payer,
        care_class=CareClass(care_class),
        state=state_in(MembershipState(state), paid, month),
        paid_through=paid,
    )


def window_of(found: WindowRow) -> FineWindow:
    """Read a fine window."""
    first_day, last_day, arrears_months, employer_id = found
    return FineWindow(
        first_day=first_day,
        last_day=last_day,
        arrears_months=arrears_months,
        employer_id=employer_id,
    )


def _fact(found: _FactRow) -> MembershipFact:
    family_id, participant_id, membership_id, segment, payer, state, paid_through = found[:7]
    cause, effective_at, own_cover, former_family_id, came_in = found[7:]
    return MembershipFact(
        family_id=family_id,
        participant_id=participant_id,
        membership_id=membership_id,
        segment=segment,
        payer=payer,
        state=state,
        paid_through=paid_through,
        cause=cause,
        effective_at=effective_at,
        own_cover=own_cover,
        former_family_id=former_family_id,
        came_in=came_in,
    )


def _explained(
    question: Question,
    facts: Sequence[_FactRow],
    cover: CoverRow | None,
    window: WindowRow | None,
) -> Explanation:
    month = question.month
    explained = cover_explanation(
        status_of([_fact(one) for one in facts], month=month),
        None if cover is None else cover_of(cover, month=month),
        None if window is None else window_of(window),
        at=question.at,
    )
    return Explanation.of(explained)


_COVER: Final[Fragment] = (
    "(" + inlined(SELECT_COVER, "{row}.family_id", "{row}.participant_id", "{now}", "{month}") + ")"
)

EXPLANATION_OF_COVER = Worked(
    of=_explained,
    needs=(
        rows(
            "s.family_id, s.participant_id, s.membership_id, s.segment, s.payer, s.state, "
            "s.paid_through::integer, s.cause, s.effective_at, s.own_cover, s.former_family_id, "
            "s.came_in::integer",
            inlined(SELECT_STATUS, "{row}.family_id", "{row}.participant_id", "{now}"),
        ),
        row(COVER_COLUMNS, _COVER + " AS {row}c"),
        row(
            WINDOW_COLUMNS,
            _COVER
            + " AS {row}c CROSS JOIN LATERAL ("
            + inlined(
                SELECT_WINDOW,
                *("{row}c.family_id", "{row}c.participant_id", "{row}c.membership_id", "{now}"),
            )
            + ") AS {row}w",
        ),
    ),
)

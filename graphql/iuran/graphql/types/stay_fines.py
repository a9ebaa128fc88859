"""The fine of a stay as the schema shows it."""

from datetime import date, datetime
from typing import Final

import strawberry

from iuran.core.care.stay_fines import StayFine as Assessed
from iuran.core.explanations import explain_stay_fine, with_relief
from iuran.core.fines import Fine, FineWindow
from iuran.core.money import Rupiah
from iuran.core.regulation.rates import fine_rate
from iuran.graphql.compiler.access import of_family_or_facility
from iuran.graphql.compiler.declarations import Fragment, Source, Worked
from iuran.graphql.types.enums import Debtor, Exemption
from iuran.graphql.types.explanations import Explanation


@strawberry.type(
    description="The fine of an inpatient stay (denda pelayanan): 5 % of the estimated tariff for "
    "each month that was in arrears, within the 45 days after cover came back."
)
class StayFine:
    """A fine."""

    amount: Rupiah = strawberry.field(description='How much; `"0"` if there is none.')
    debtor: Debtor = strawberry.field(description="Who owes it.")
    exemption: Exemption | None = strawberry.field(
        description="Why there is none; null if there is one."
    )
    arrears_months: int = strawberry.field(description="The months in arrears that count.")
    estimated_tariff: Rupiah = strawberry.field(
        description="What the stay was expected to cost at the admission."
    )
    pay_by: datetime = strawberry.field(
        description="Until when it is to be paid, and before the discharge in any case."
    )
    is_paid: bool = strawberry.field(
        description="Whether it is paid. One that is not may still need no payment: see "
        "`relievedAt`."
    )
    paid_at: datetime | None = strawberry.field(description="When it was paid.")
    relieved_at: datetime | None = strawberry.field(
        description="Since when it need not be paid any more: two persons took it off the stay. "
        "`amount` is still what was assessed."
    )
    explanation: Explanation = strawberry.field(description="Why it is as it is.")


def _explained(  # noqa: PLR0913, PLR0917 - one for each column
    _: object,
    debtor: str,
    exemption: str | None,
    amount: int,
    months: int,
    first_day: date | None,
    last_day: date | None,
    rate_from: date | None,
    tariff: int,
    admitted_on: date,
    arrears_months: int | None,
    ground: str | None,
    legal_basis: str | None,
    relieved_at: datetime | None,
) -> Explanation:
    """Explain what was assessed at the admission, from what was kept of it, and its relief."""
    window = (
        None
        if first_day is None or last_day is None
        else FineWindow(
            first_day=first_day, last_day=last_day, arrears_months=arrears_months or months
        )
    )
    rate = None if rate_from is None else fine_rate(rate_from)
    found = Assessed(
        debtor=Debtor(debtor),
        fine=Fine(amount=Rupiah(amount), months=months, rate=rate),
        exemption=None if exemption is None else Exemption(exemption),
        window=window,
    )
    explained = explain_stay_fine(found, admitted_on=admitted_on, estimated_tariff=Rupiah(tariff))
    if ground is not None and legal_basis is not None and relieved_at is not None:
        explained = with_relief(explained, ground=ground, legal_basis=legal_basis, at=relieved_at)
    return Explanation.of(explained)


_LETTER: Final[Fragment] = (
    "FROM eligibility_letter AS l WHERE l.family_id = {row}.family_id "
    "AND l.letter_number = {row}.letter_number"
)
_RELIEF: Final[Fragment] = (
    "FROM fine_relief AS r WHERE r.family_id = {row}.family_id "
    "AND r.letter_number = {row}.letter_number"
)

STAY_FINE = Source(
    type_name="StayFine",
    table="stay_fine AS {row}",
    access=of_family_or_facility(
        "{row}.family_id",
        own="EXISTS (SELECT " + _LETTER + " AND l.facility_code = {viewer_facility})",
    ),
    fields={
        "amount": "{row}.amount",
        "debtor": "{row}.debtor",
        "exemption": "{row}.exemption",
        "arrearsMonths": "{row}.months",
        "estimatedTariff": "{row}.estimated_tariff",
        "payBy": "{row}.pay_by",
        "isPaid": "{row}.paid_at IS NOT NULL",
        "paidAt": "{row}.paid_at",
        "relievedAt": "{row}.relieved_at",
        "explanation": Worked(
            of=_explained,
            needs=(
                "{row}.debtor",
                "{row}.exemption",
                "{row}.amount",
                "{row}.months",
                "{row}.window_first_day",
                "{row}.window_last_day",
                "{row}.fine_rate_from",
                "{row}.estimated_tariff",
                "(SELECT l.starts_on " + _LETTER + ")",
                (
                    "(SELECT w.arrears_months FROM eligibility_letter AS l JOIN fine_window AS w "
                    "ON w.family_id = l.family_id AND w.membership_id = l.membership_id "
                    "WHERE l.family_id = {row}.family_id "
                    "AND l.letter_number = {row}.letter_number "
                    "AND w.first_day = {row}.window_first_day ORDER BY w.window_id DESC LIMIT 1)"
                ),
                "(SELECT r.ground " + _RELIEF + ")",
                "(SELECT r.legal_basis " + _RELIEF + ")",
                "{row}.relieved_at",
            ),
        ),
    },
)

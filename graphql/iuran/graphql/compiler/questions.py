"""Values that every fragment may name: whose question it is, and which moment."""

from collections.abc import Callable, Mapping
from typing import LiteralString

from iuran.graphql.reads.reading import Question
from iuran.payments.finance_figures import AGE_BANDS

VALUES: Mapping[LiteralString, tuple[LiteralString, Callable[[Question], object]]] = {
    "viewer_family": ("bigint", lambda question: question.scope.family_id),
    "viewer_facility": ("text", lambda question: question.scope.facility),
    "viewer_employer": ("bigint", lambda question: question.scope.employer_id),
    "now": ("timestamptz", lambda question: question.at),
    "today": ("date", lambda question: question.today),
    "month": ("integer", lambda question: question.month.ordinal),
    "age_labels": ("text[]", lambda _: [band.label for band in AGE_BANDS]),
    "ages_from": ("integer[]", lambda _: [band.months_from for band in AGE_BANDS]),
    "ages_to": ("integer[]", lambda _: [band.months_to for band in AGE_BANDS]),
    "arrears_months_max": ("integer", lambda question: question.arrears_months_max),
}

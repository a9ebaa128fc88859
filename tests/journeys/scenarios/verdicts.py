"""The words of `then`: what was refused, accepted, active or suspended must have been so."""

import re
from collections.abc import Sequence

import pytest

from iuran.core.instalments import PlanRefusedError, check_plan
from tests.journeys.scenarios.grammar import Reader
from tests.journeys.scenarios.scenario import Scenario
from tests.journeys.scenarios.stage import Stage

_REFUSED = re.compile(r"\brefused?\b|\bexpired\b")
_ACCEPTED = re.compile(r"\baccepted\b|^paid\b|^post\b")
_STATE = re.compile(r"^(active|suspended)\b")
_NO_PLAN = re.compile(r"registration on (\d{4}-\d{2}-\d{2}) is refused")


def check_verdict(sentence: str, stage: Stage) -> None:
    """Assert what a sentence says of its branch: refused, accepted, active, suspended."""
    state = _STATE.match(sentence)
    if state is not None and stage.statuses:
        assert stage.statuses[-1].state.value == state[1].upper(), sentence
    elif _REFUSED.search(sentence):
        assert _is_refused(stage), sentence
    elif _ACCEPTED.search(sentence):
        assert not _is_refused(stage), sentence


def _is_refused(stage: Stage) -> bool:
    return bool(stage.refusals) or any(not one.is_settled for one in stage.outcomes)


def check_plan_refusals(scenario: Scenario, stages: Sequence[Stage]) -> set[str]:
    """Assert that no plan can be registered on a day on which `then` says so; return the days."""
    days = set(_NO_PLAN.findall("; ".join(scenario["then"])))
    for day in days:
        (plan,) = [stage.plan for stage in stages if stage.plan is not None]
        with pytest.raises(PlanRefusedError, match="register on"):
            check_plan(
                arrears_months=plan.arrears_months,
                steps=len(plan.steps),
                on=Reader(text="").on(day),
            )
    return days

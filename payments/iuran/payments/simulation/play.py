"""Plays a scenario on a stage and says of each step whether it went as it should."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx

from iuran.core.errors import DomainError
from iuran.core.money import Rupiah
from iuran.payments.simulation.scenario import Do, Group, Scenario, Step
from iuran.payments.simulation.stage import NOTHING_HEARD, Cue, Heard, Stage

ASK_EVERY_SECONDS = 0.25
FOUND_CODE = "2002600"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One call of a step: what was heard, how long it took, what is wrong with it."""

    heard: Heard
    seconds: float
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A step that was played."""

    number: int
    step: Step
    tries: tuple[Try, ...]

    @property
    def problem(self) -> str:
        """The first thing that is wrong; empty if all is as it should be."""
        return next((one.problem for one in self.tries if one.problem), "")


@dataclass(frozen=True, slots=True)
class _Memory:
    """What this run knows: identities by actor and label, and what inquiries said."""

    ids: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])
    owed: dict[str, Rupiah] = field(default_factory=dict[str, Rupiah])


async def play(scenario: Scenario, stage: Stage) -> AsyncGenerator[Played]:
    """Play every step, also behind one that went wrong; yield each when it is done."""
    memory = _Memory()
    for batch in scenario.batches():
        played = await asyncio.gather(
            *(_play(number, step, stage, memory) for number, step in batch)
        )
        for one in _checked(played, scenario.groups):
            yield one


async def _play(number: int, step: Step, stage: Stage, memory: _Memory) -> Played:
    tries = [await _try(step, stage, memory) for _ in range(step.times)]
    return Played(number=number, step=step, tries=tuple(tries))


async def _try(step: Step, stage: Stage, memory: _Memory) -> Try:
    started = time.perf_counter()
    try:
        heard = await _heard(step, stage, memory)
    except (DomainError, httpx.TransportError, TimeoutError) as error:
        nothing = Heard(code=NOTHING_HEARD, reason=str(error) or type(error).__name__)
        problem = f"nothing was answered: {nothing.reason}"
        return Try(heard=nothing, seconds=time.perf_counter() - started, problem=problem)
    seconds = time.perf_counter() - started
    problem = _problem(step, heard, memory)
    if step.do is Do.INQUIRE and heard.amount is not None:
        memory.owed[step.account] = heard.amount
    return Try(heard=heard, seconds=seconds, problem=problem)


async def _heard(step: Step, stage: Stage, memory: _Memory) -> Heard:
    cue = _cue(step, stage, memory)
    actor = stage.actors[step.actor]
    heard = await actor.act(cue)
    if step.do is not Do.FOUND:
        return heard
    async with asyncio.timeout(step.within_seconds):
        while heard.code != FOUND_CODE:
            await asyncio.sleep(ASK_EVERY_SECONDS)
            heard = await actor.act(cue)
    return heard


def _cue(step: Step, stage: Stage, memory: _Memory) -> Cue:
    return Cue(
        step=step,
        customer_number=stage.accounts[step.account],
        amount=_amount(step.amount, memory.owed.get(step.account)),
        payment_id=_identity(step, stage, memory, "payment", step.payment),
        message_id=_identity(step, stage, memory, "message", step.message),
    )


def _identity(step: Step, stage: Stage, memory: _Memory, what: str, label: str) -> str | None:
    """Return the identity behind a label of this actor; None lets it take a new one."""
    if not label:
        return None
    new = stage.actors[step.actor].new_id
    return memory.ids.setdefault((step.actor, what, label), new())


def _amount(text: str, owed: Rupiah | None) -> Rupiah | None:
    word = text.removeprefix("owed")
    if word == text:
        return Rupiah(int(text))
    return None if owed is None else Rupiah(owed + int(word or 0))


def _problem(step: Step, heard: Heard, memory: _Memory) -> str:
    if step.expect and heard.code not in step.expect:
        return f"heard {heard.code} ({heard.reason}), not {' or '.join(step.expect)}"
    if step.shows is not None:
        wanted = _amount(step.shows, memory.owed.get(step.account))
        if heard.amount != wanted:
            return f"the answer shows {heard.amount} rupiah, not {wanted}"
    return ""


def _checked(played: Sequence[Played], groups: Mapping[str, Group]) -> Sequence[Played]:
    """Mark the steps of a group whose answers did not come as often as they should."""
    group = groups.get(played[0].step.together or "")
    if group is None:
        return played
    codes = Counter(one.heard.code for each in played for one in each.tries)
    if codes == Counter(group.codes):
        return played
    problem = f"together they heard {_counted(codes)}, not {_counted(group.codes)}"
    return [
        replace(
            each, tries=tuple(replace(one, problem=one.problem or problem) for one in each.tries)
        )
        for each in played
    ]


def _counted(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {code}" for code, count in sorted(codes.items()))

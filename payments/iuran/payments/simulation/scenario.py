"""Scenario files (TOML): who does what in which order, and what he must hear."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from iuran.core.errors import DomainError

FILE_BYTES_MAX = 100_000
PROBLEMS_MAX = 10
SHIPPED = files("iuran.payments.simulation") / "scenarios"
_STEP_HEAD = re.compile(r"^\s*\[\[\s*steps\s*\]\]", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
Code = Annotated[str, Field(pattern=r"^([0-9]{7}|[A-Z_]{2,30})$")]
AmountText = Annotated[str, Field(pattern=r"^(owed([+-][0-9]{1,12})?|[0-9]{1,13})$")]


class ScenarioInvalidError(DomainError):
    """A scenario cannot be read or played as it stands."""

    code: ClassVar[str] = "SCENARIO_INVALID"


class Kind(StrEnum):
    """What an actor is."""

    BANK = "bank"
    MINIMARKET = "minimarket"
    """A shop that speaks SNAP BI itself, as through Winpay."""
    XENDIT = "xendit"
    MIDTRANS = "midtrans"
    DOKU = "doku"

    @property
    def is_snap(self) -> bool:
        """Whether it calls our SNAP BI services."""
        return self in {Kind.BANK, Kind.MINIMARKET}


class Need(StrEnum):
    """In what state an account has to be when the scenario begins."""

    PAYABLE = "PAYABLE"
    TOO_EARLY = "TOO_EARLY"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class Do(StrEnum):
    """What an actor does in a step."""

    TOKEN = "token"  # noqa: S105 - a word
    INQUIRE = "inquire"
    PAY = "pay"
    STATUS = "status"
    NOTIFY = "notify"
    """Service 34: the money was collected already."""
    LOSE = "lose"
    """Take the money and tell nobody."""
    FOUND = "found"
    """Ask for the status until we know the payment."""
    ORDER = "order"
    """We order a payment code at the aggregator."""
    TELL = "tell"
    """An aggregator tells what became of the ordered code."""


_AT_AGGREGATORS = {Do.ORDER, Do.TELL}


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Actor(_Form):
    """Somebody who calls us; `channel` is his code with us, if it must be that one."""

    kind: Kind = Kind.BANK
    channel: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]{1,19}$")


class Group(_Form):
    """Steps that happen at once; `codes` says how often each answer must come."""

    codes: Mapping[Code, int]


class Step(_Form):
    """One thing that an actor does, `times` times.

    `payment` and `message` are labels: the same label of an actor is the same paymentRequestId (or
    payment at an aggregator), the same X-EXTERNAL-ID. `amount` is rupiah, or what the last inquiry
    of the account said, with a difference: `owed-1000`.
    """

    actor: Name
    do: Do
    account: Name = "family"
    amount: AmountText = "owed"
    payment: str = Field(default="", max_length=30)
    message: str = Field(default="", max_length=30)
    advice: bool = False
    hangs_up: bool = False
    wrong_signature: bool = False
    paid_minutes_ago: int = Field(default=0, ge=0, le=60 * 24 * 60)
    status: str = Field(default="paid", pattern=r"^(paid|pending|expired)$")
    within_seconds: int = Field(default=60, ge=1, le=3_600)
    times: int = Field(default=1, ge=1, le=100)
    together: Name | None = None
    expect: tuple[Code, ...] = ()
    shows: AmountText | None = None

    @model_validator(mode="after")
    def _check_expectation(self) -> Self:
        if self.hangs_up and (self.expect or self.do is not Do.PAY):
            raise ValueError("who hangs up pays and hears nothing: leave `expect` out")
        is_checked = self.expect or self.together or self.hangs_up
        if not is_checked and self.do not in {Do.LOSE, Do.ORDER}:
            raise ValueError("say with `expect` which response codes are right")
        return self

    @property
    def names_owed(self) -> bool:
        """Whether it needs to know what an inquiry said."""
        uses_amount = self.do in {Do.PAY, Do.NOTIFY, Do.LOSE}
        return uses_amount and self.amount.startswith("owed")


class Scenario(_Form):
    """A story of a few actors and the accounts that they pay to."""

    title: str = Field(min_length=1, max_length=100)
    about: str = Field(default="", max_length=2_000)
    actors: Mapping[Name, Actor] = Field(min_length=1, max_length=20)
    accounts: Mapping[Name, Need] = Field(min_length=1, max_length=20)
    groups: Mapping[Name, Group] = Field(default_factory=dict[str, Group])
    steps: tuple[Step, ...] = Field(min_length=1, max_length=200)

    def batches(self) -> Iterator[tuple[tuple[int, Step], ...]]:
        """Yield the numbered steps; those that stand together come together."""
        waiting: list[tuple[int, Step]] = []
        for number, step in enumerate(self.steps, start=1):
            if waiting and (step.together is None or step.together != waiting[-1][1].together):
                yield tuple(waiting)
                waiting = []
            waiting.append((number, step))
        yield tuple(waiting)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the scenarios that come with iuran."""
    found = [one.name for one in SHIPPED.iterdir() if one.name.endswith(".toml")]
    return tuple(sorted(name.removesuffix(".toml") for name in found))


def shipped_text(name: str) -> str:
    """Return a shipped scenario as it is written; raises ScenarioInvalidError."""
    if name not in shipped_names():
        raise ScenarioInvalidError(
            f"there is no scenario {name}; give a file, or one of {', '.join(shipped_names())}"
        )
    return (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")


def find_scenario(name_or_file: str) -> Scenario:
    """Return a shipped scenario by name, or the one of a file; raises ScenarioInvalidError."""
    if _NAME.fullmatch(name_or_file) and not Path(name_or_file).exists():
        return parse_scenario(shipped_text(name_or_file), source=name_or_file)
    return read_scenario(Path(name_or_file))


def read_scenario(file: Path | Traversable) -> Scenario:
    """Read a file; raises ScenarioInvalidError with the line and step of what is wrong."""
    try:
        content = file.read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        raise ScenarioInvalidError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioInvalidError(f"cannot read {file}: it is not UTF-8") from error
    if len(content) > FILE_BYTES_MAX:
        raise ScenarioInvalidError(f"{file}: a scenario takes at most {FILE_BYTES_MAX} bytes")
    return parse_scenario(text, source=str(file))


def parse_scenario(text: str, *, source: str) -> Scenario:
    """Read a scenario from its text; `source` is how messages call it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioInvalidError(f"{source}: not TOML: {error}") from error
    lines = _step_lines(text)
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)[:PROBLEMS_MAX]
        told = "; ".join(
            f"{_place(problem['loc'], lines)}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in problems
        )
        raise ScenarioInvalidError(f"{source}: {told}") from error
    for number, problem in _inconsistencies(scenario):
        place = _place(("steps", number - 1), lines)
        raise ScenarioInvalidError(f"{source}: {place}: {problem}")
    return scenario


def _step_lines(text: str) -> Sequence[int]:
    lines = enumerate(text.splitlines(), start=1)
    return [number for number, line in lines if _STEP_HEAD.match(line)]


def _place(location: tuple[int | str, ...], lines: Sequence[int]) -> str:
    """Return a place as people find it: `line 12, step 3, expect`."""
    match location:
        case ("steps", int(index), *rest):
            line = f"line {lines[index]}, " if index < len(lines) else ""
            fields = [str(part) for part in rest if isinstance(part, str)]
            return ", ".join([f"{line}step {index + 1}", *fields])
        case _:
            return ".".join(str(part) for part in location) or "scenario"


def _inconsistencies(scenario: Scenario) -> Iterator[tuple[int, str]]:
    told: set[str] = set()
    for number, step in enumerate(scenario.steps, start=1):
        actor = scenario.actors.get(step.actor)
        if actor is None:
            yield number, f"nobody is called {step.actor}; there are {_names(scenario.actors)}"
        elif actor.kind.is_snap is (step.do in _AT_AGGREGATORS):
            yield number, f"a {actor.kind} cannot {step.do}"
        if step.account not in scenario.accounts:
            yield number, f"no account {step.account}; there are {_names(scenario.accounts)}"
        if step.do is Do.INQUIRE:
            told.add(step.account)
        if step.names_owed and step.account not in told:
            yield number, f"`owed` needs an inquiry for {step.account} in a step before"
        if step.together and not step.expect and step.together not in scenario.groups:
            yield number, f"say with [groups.{step.together}] or `expect` which codes are right"


def _names(named: Mapping[str, object]) -> str:
    return ", ".join(named)

"""The grammar of scenario sentences: what a phrase says, whatever its figures are.

A sentence is read from left to right; at each place the longest phrase that fits is taken. What no
phrase fits is refused: nothing of a scenario is passed over.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from iuran.core.care.care_types import CareType
from iuran.core.clock import WIB
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from tests.journeys.scenarios.facts import (
    Admitted,
    AsksForClass,
    BabyRegistered,
    BankFile,
    Billed,
    BillsMade,
    Born,
    Certified,
    Collected,
    Dies,
    EmployerPaidTo,
    EmployerUnpaid,
    EmploymentOver,
    Estimate,
    Fact,
    Fee,
    InArrears,
    InClass,
    Inquiry,
    Issued,
    LastInstalment,
    LastPaid,
    LooksAt,
    MovesToState,
    PaidAhead,
    PaidEach,
    PaidUp,
    PaymentRequest,
    PaysAll,
    PaysIn,
    People,
    RegistersPlan,
    Ruling,
    Sends,
    SentAgain,
    TakesPlan,
    Unpaid,
    Wage,
    WithChildren,
    WithParents,
    WithSpouse,
    WorkersClass,
)

FIRST_DAY = date(2026, 1, 5)
"""The day of a story that names none."""
OFFICE_HOUR = time(9)

MONTH_NAMES: Sequence[str] = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}

_DATE = r"\d{4}-\d{2}-\d{2}"
_DAY = r"(?:\d{4}-)?\d{2}-\d{2}"
_INSTANT = rf"{_DATE}T\d{{2}}:\d{{2}}(?::\d{{2}})?(?:\+07:00)?"
_WHEN = rf"(?:{_INSTANT}|{_DATE})"
_NAME = rf"(?:{'|'.join(MONTH_NAMES)})"
_MONTH = rf"(?:\d{{4}}-\d{{2}}|{_NAME}(?: \d{{4}})?)"
_AMOUNT = r"\d{1,3}(?:,\d{3})+"
_CLASS = r"I{1,3}"
_BETWEEN = r"(?:, | and | / )"
_STAY = rf"{_DAY}(?: \((?:day \d+|{_AMOUNT})\))?"
_JOINT = re.compile(
    r"(?:[\s,;:+]|[a-d]\)|\b(?:and|then|or|family with|PPU worker|pays on time)\b)+"
)
_FULL_DATE = re.compile(_DATE)


class NotUnderstoodError(Exception):
    """A sentence, or the rest of one, that no phrase fits."""


@dataclass
class Reader:
    """What reading has come by so far: the last day named, the class last asked for."""

    text: str
    day: date = FIRST_DAY
    asked_class: CareClass = CareClass.III
    place: int = 0
    facts: list[Fact] = field(default_factory=list[Fact])

    def on(self, text: str) -> date:
        """A day; one without a year is of the year last named."""
        whole = text if _FULL_DATE.fullmatch(text) else f"{self.day.year}-{text}"
        self.day = date.fromisoformat(whole)
        return self.day

    def days(self, text: str) -> tuple[date, ...]:
        return tuple(self.on(found) for found in re.findall(_DAY, text))

    def at(self, text: str) -> datetime:
        """An instant in WIB; a day alone is at nine o'clock."""
        day, _, hour = text.partition("T")
        hour = hour.removesuffix("+07:00")
        return datetime.combine(
            self.on(day), time.fromisoformat(hour) if hour else OFFICE_HOUR, WIB
        )

    def month(self, text: str) -> CoverageMonth:
        """A month; one without a year is the last before the next day that is named.

        If none is named any more, it is the next one after the last.
        """
        if text[0].isdigit():
            return CoverageMonth.parse(text)
        name, _, year = text.partition(" ")
        number = MONTH_NAMES.index(name) + 1
        if year:
            return CoverageMonth(int(year), number)
        ahead = _FULL_DATE.search(self.text, self.place)
        if ahead is None:
            here = CoverageMonth.of(self.day)
            return here.plus((number - here.month) % 12)
        there = CoverageMonth.of(date.fromisoformat(ahead[0]))
        return there.plus(-((there.month - number) % 12))


Phrase = Callable[[Reader, re.Match[str]], Sequence[Fact]]
_PHRASES: list[tuple[re.Pattern[str], Phrase]] = []


def _phrase(pattern: str) -> Callable[[Phrase], Phrase]:
    def keep(meaning: Phrase) -> Phrase:
        _PHRASES.append((re.compile(pattern), meaning))
        return meaning

    return keep


def read(reader: Reader, *, until: int) -> None:
    """Read a text up to a place into facts; raises NotUnderstoodError."""
    while True:
        joint = _JOINT.match(reader.text, reader.place)
        reader.place = reader.place if joint is None else joint.end()
        if reader.place >= until:
            return
        found = max(_fitting(reader), key=lambda one: one[0].end(), default=None)
        if found is None:
            raise NotUnderstoodError(reader.text[reader.place :])
        match, meaning = found
        reader.place = match.end()
        reader.facts.extend(meaning(reader, match))


def _fitting(reader: Reader) -> Iterator[tuple[re.Match[str], Phrase]]:
    for pattern, meaning in _PHRASES:
        match = pattern.match(reader.text, reader.place)
        if match is not None:
            yield match, meaning


def amount(text: str) -> int:
    return int(text.replace(",", ""))


def number(text: str) -> int:
    return NUMBERS[text] if text in NUMBERS else int(text)


@_phrase(r"(?:PBPU )?family of (\d+)|(\w+) persons?|(\d+) members?")
def _people(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [People(number(m[1] or m[2] or m[3]))]


@_phrase(rf"(?:in |chooses )?class ({_CLASS})(?: since ({_DATE}))?")
def _class(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [InClass(CareClass[m[1]], reader.on(m[2]) if m[2] else None)]


@_phrase(rf"VA issued ({_DATE})")
def _issued(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Issued(reader.on(m[1]))]


@_phrase(rf"unpaid ({_MONTH}) to ({_MONTH})")
def _unpaid_range(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Unpaid(reader.month(m[1]), reader.month(m[2]))]


@_phrase(rf"({_MONTH}) unpaid")
def _unpaid(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    month = reader.month(m[1])
    return [Unpaid(month, month)]


@_phrase(rf"last paid month ({_MONTH})")
def _last_paid(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [LastPaid(reader.month(m[1]))]


@_phrase(r"(\d+) months? (?:in|of) arrears(?: \((\d{4})\))?")
def _arrears(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [InArrears(int(m[1]), int(m[2]) if m[2] else None)]


@_phrase(rf"(?:(?:all )?paid|pays?(?: on)?|reactivated) ({_WHEN})")
def _pays(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [PaysAll(reader.at(m[1]))]


@_phrase(rf"({_AMOUNT}) paid on ({_DAY}(?:{_BETWEEN}{_DAY})*)")
def _paid_each(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [PaidEach(amount(m[1]), reader.days(m[2]))]


@_phrase(rf"({_AMOUNT}) paid ({_DATE}) for ({_NAME})-({_NAME})")
def _paid_ahead(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    months = (MONTH_NAMES.index(m[4]) - MONTH_NAMES.index(m[3])) % 12 + 1
    return [PaidAhead(amount(m[1]), reader.on(m[2]), months)]


@_phrase(rf"pays in ({_NAME})(?: (all months) since {_NAME}| for {_NAME} only)?")
def _pays_in(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [PaysIn(reader.month(m[1]), catches_up=m[2] is not None)]


@_phrase(rf"estimate ({_AMOUNT})")
def _estimate(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Estimate(amount(m[1]))]


@_phrase("paid up")
def _paid_up(_reader: Reader, _: re.Match[str]) -> Sequence[Fact]:
    return [PaidUp()]


@_phrase(rf"(?:({_MONTH}) )?bill ({_AMOUNT})|(\d{{4}}-\d{{2}})(?!-)")
def _billed(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    month = m[1] or m[3]
    return [Billed(reader.month(month) if month else None, amount(m[2]) if m[2] else None)]


@_phrase(rf"fee ({_AMOUNT})")
def _fee(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Fee(amount(m[1]))]


@_phrase(rf"(?:PPU )?wage ({_AMOUNT})(?: \(class ({_CLASS})\))?")
def _wage(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Wage(amount(m[1])), *([WorkersClass(CareClass[m[2]])] if m[2] else [])]


@_phrase("spouse")
def _spouse(_reader: Reader, _: re.Match[str]) -> Sequence[Fact]:
    return [WithSpouse()]


@_phrase(r"(\w+) child(?:ren)?")
def _children(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [WithChildren(number(m[1]))]


@_phrase(r"(\w+) parents? as additional family")
def _parents(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [WithParents(number(m[1]))]


@_phrase(rf"employer has not paid ({_MONTH}(?:{_BETWEEN}{_MONTH})*)")
def _employer_unpaid(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [EmployerUnpaid(tuple(reader.month(found) for found in re.findall(_MONTH, m[1])))]


@_phrase(rf"employer paid to ({_MONTH})")
def _employer_paid(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [EmployerPaidTo(reader.month(m[1]))]


@_phrase(rf"PPU off from ({_DATE})")
def _employment_over(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [EmploymentOver(reader.on(m[1]))]


@_phrase(rf"bills for ({_MONTH}) are made")
def _bills_made(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [BillsMade(reader.month(m[1]))]


@_phrase(rf"MA ruling is applied ({_DATE})")
def _ruling(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Ruling(reader.on(m[1]))]


@_phrase(rf"inquiry ({_INSTANT}) gives ({_AMOUNT})")
def _inquiry(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Inquiry(reader.at(m[1]), amount(m[2]))]


@_phrase(rf"payment request ({_INSTANT}) for ({_AMOUNT})")
def _request(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [PaymentRequest(reader.at(m[1]), amount(m[2]))]


@_phrase(rf"bank file of (\d+) (\w{{3}}) shows the debit stamped ({_INSTANT})")
def _bank_file(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    debited_at = reader.at(m[3])
    month = next(n for n, name in enumerate(MONTH_NAMES, 1) if name.startswith(m[2]))
    year = debited_at.year + (month < debited_at.month)
    return [BankFile(date(year, month, int(m[1])), debited_at)]


@_phrase(rf"minimarket pays ({_INSTANT}) ref (\w+)")
def _minimarket(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Collected(m[2], reader.at(m[1]), None)]


@_phrase(rf"autodebit of the same day pays ({_AMOUNT}) ref (\w+)")
def _autodebit(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    at = datetime.combine(reader.day, time(18), WIB)
    return [Collected(m[2], at, amount(m[1]))]


@_phrase(r"ref (\w+) is sent again")
def _again(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [SentAgain(m[1])]


@_phrase(rf"channel sends ({_AMOUNT})")
def _sends(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Sends(amount(m[1]))]


@_phrase(_INSTANT)
def _looks(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [LooksAt(reader.at(m[0]))]


@_phrase(rf"baby born ({_DATE})")
def _born(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Born(reader.on(m[1]))]


@_phrase(rf"registered ({_DATE})(?: \(day (\d+)\))?")
def _baby_registered(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [BabyRegistered(reader.on(m[1]), int(m[2]) if m[2] else None)]


@_phrase(rf"asks(?: for class ({_CLASS}))?(?: on ({_DATE}))?(?: with (\w+) months? unpaid)?")
def _asks(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    reader.asked_class = CareClass[m[1]] if m[1] else reader.asked_class
    on = reader.on(m[2]) if m[2] else reader.day
    return [AsksForClass(reader.asked_class, on, number(m[3]) if m[3] else 0)]


@_phrase(rf"registers ({_DATE})")
def _registers(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [RegistersPlan(reader.on(m[1]))]


@_phrase(r"takes (?:the longest plan|a plan of (\w+) steps)")
def _takes(_: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [TakesPlan(number(m[1]) if m[1] else None)]


@_phrase(rf"last instalment ({_DATE})")
def _last_instalment(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [LastInstalment(reader.on(m[1]))]


@_phrase(rf"one member dies ({_DATE}), reported ({_DATE})")
def _dies(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Dies(reader.on(m[1]), reader.on(m[2]))]


@_phrase(rf"moved to PBI or Pemda on ({_DATE})")
def _moves(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [MovesToState(reader.on(m[1]))]


@_phrase("with a letter of inability")
def _certified(_reader: Reader, _: re.Match[str]) -> Sequence[Fact]:
    return [Certified()]


@_phrase(rf"outpatient care ({_DATE})")
def _outpatient(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Admitted(reader.on(m[1]), CareType.RJTL)]


@_phrase(rf"inpatient at a FKTP \(RITP\) ({_DATE})")
def _first_level(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    return [Admitted(reader.on(m[1]), CareType.RITP)]


@_phrase(rf"(?:worker )?admitted(?: to hospital)?(?: ({_STAY}(?:{_BETWEEN}{_STAY})*))?")
def _admitted(reader: Reader, m: re.Match[str]) -> Sequence[Fact]:
    if not m[1]:
        return [Admitted(reader.day + timedelta(days=1))]
    stays = re.findall(rf"({_DAY})(?: \((?:day (\d+)|({_AMOUNT}))\))?", m[1])
    return [
        Admitted(
            reader.on(on),
            estimate=amount(estimate) if estimate else None,
            day=int(day) if day else None,
        )
        for on, day, estimate in stays
    ]

"""The stage of a scenario: its actors, the accounts that they know, and what each hears."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

import httpx

from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from iuran.payments.simulation.doku import SimulatedDoku
from iuran.payments.simulation.midtrans import SimulatedMidtrans
from iuran.payments.simulation.scenario import Do, Step
from iuran.payments.simulation.xendit import SimulatedXendit

NOT_OUR_SECRET = "not-our-secret"  # noqa: S105 - it is wrong on purpose
NOTHING_HEARD = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an actor was answered; `amount` where the answer names one."""

    code: str
    reason: str = ""
    amount: Rupiah | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A step with what its words mean here: a number, an amount, identities."""

    step: Step
    customer_number: str
    amount: Rupiah | None
    payment_id: str | None
    message_id: str | None


class Actor(Protocol):
    """A bank, a shop or an aggregator that stands behind a name of the scenario."""

    def new_id(self) -> str:
        """Return an identity that it has never used."""
        ...

    async def act(self, cue: Cue) -> Heard:
        """Do one step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Who plays, and where the accounts of the scenario are."""

    actors: Mapping[str, Actor]
    accounts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankActor:
    """Whoever speaks SNAP BI. `loses` keeps a payment in the bank's own books and tells nobody."""

    bank: SimulatedBank
    loses: Callable[[Cue], None] | None = None

    def new_id(self) -> str:
        """Return an identity that it has never used."""
        return self.bank.new_id()

    async def act(self, cue: Cue) -> Heard:
        """Do one step."""
        step = cue.step
        bank = self.bank
        if step.wrong_signature:
            await bank.token()
            bank = replace(bank, client_secret=NOT_OUR_SECRET)
        if step.do is Do.LOSE:
            return self._lose(cue)
        answer = await self._call(bank, cue)
        return Heard(
            code=NOTHING_HEARD if step.hangs_up else answer.code,
            reason="hung up" if step.hangs_up else reason_of(answer),
            amount=_amount_of(answer),
        )

    def _lose(self, cue: Cue) -> Heard:
        if self.loses is None:
            raise InvalidInputError("lose", "this bank has no books of its own here")
        self.loses(cue)
        return Heard(code=NOTHING_HEARD, reason="told nobody")

    async def _call(self, bank: SimulatedBank, cue: Cue) -> BankAnswer:
        step, number = cue.step, cue.customer_number
        ids = {"request_id": cue.payment_id, "external_id": cue.message_id}
        match step.do:
            case Do.TOKEN:
                return await bank.token()
            case Do.INQUIRE:
                return await bank.inquire(number, **ids)
            case Do.NOTIFY:
                paid_at = bank.clock.now() - timedelta(minutes=step.paid_minutes_ago)
                return await bank.notify(number, known(cue), paid_at=paid_at, **ids)
            case Do.STATUS | Do.FOUND:
                return await bank.ask_status(number, request_id=cue.payment_id)
            case _:
                return await bank.pay(
                    number,
                    known(cue),
                    is_advice=step.advice,
                    paid_at=bank.clock.now() - timedelta(minutes=step.paid_minutes_ago),
                    hangs_up=step.hangs_up,
                    **ids,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregatorActor:
    """Xendit, Midtrans or DOKU. `order` has us order a code for an account and returns the code."""

    aggregator: SimulatedXendit | SimulatedMidtrans | SimulatedDoku
    order: Callable[[str], Awaitable[str]]
    _codes: dict[str, str] = field(default_factory=dict[str, str])
    _told: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])

    def new_id(self) -> str:
        """Return an identity that it has never used."""
        return ""

    async def act(self, cue: Cue) -> Heard:
        """Do one step."""
        if cue.step.do is Do.ORDER:
            self._codes[cue.customer_number] = await self.order(cue.customer_number)
            return Heard(code=NOTHING_HEARD, reason="code ordered")
        code = self._codes.get(cue.customer_number)
        if code is None:
            raise InvalidInputError("tell", "order a code for this account in a step before")
        label = f"{code} {cue.step.status} {cue.step.payment}"
        body = self._told.setdefault(label, self._notification(code, cue.step.status))
        return _heard_of(await self.aggregator.send(body))

    def _notification(self, code: str, status: str) -> dict[str, object]:
        match self.aggregator:
            case SimulatedXendit() as xendit:
                _only_paid(status)
                return xendit.paid(xendit.codes[code])
            case SimulatedDoku() as doku:
                word = {"paid": "SUCCESS", "pending": "PENDING", "expired": "EXPIRED"}[status]
                return doku.notification(doku.orders[code], status=word)
            case SimulatedMidtrans() as midtrans:
                (order,) = [o for o in midtrans.orders.values() if o.payment_code == code]
                if status == "paid":
                    midtrans.change(order.order_id, "settlement")
                word = {"paid": "settlement", "pending": "pending", "expired": "expire"}[status]
                return midtrans.document(order, status=word)


def _only_paid(status: str) -> None:
    if status != "paid":
        raise InvalidInputError("status", "Xendit tells of paid codes only")


def _heard_of(response: httpx.Response) -> Heard:
    document = response.json()
    return Heard(code=str(document.get("code", "")), reason=str(document.get("message", "")))


def known(cue: Cue) -> Rupiah:
    """Return the amount of a step; raises InvalidInputError if nobody has said it."""
    if cue.amount is None:
        raise InvalidInputError("amount", "no inquiry has said what is owed")
    return cue.amount


def _amount_of(answer: BankAnswer) -> Rupiah | None:
    try:
        return answer.total_amount
    except InvalidInputError:
        return None


def reason_of(answer: BankAnswer) -> str:
    """Return what an answer says in English, and the amount that it names."""
    for name in ("paymentFlagReason", "inquiryReason"):
        reason = answer.account.get(name)
        if isinstance(reason, dict) and "english" in reason:
            amount = answer.account.get("totalAmount")
            shown = f", {amount['value']}" if isinstance(amount, dict) and "value" in amount else ""
            return f"{reason['english']}{shown}"
    return answer.message

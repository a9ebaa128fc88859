"""A bank's calls, rehearsed against a running server, and whether the answers are right."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import httpx

from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.identifiers import CUSTOMER_NUMBER_DIGITS
from iuran.core.money import Rupiah, formatted
from iuran.deploy.banks import PRIVATE_KEY_FILE, BankCredentials
from iuran.payments.simulation.bank import SimulatedBank, parse_private_key
from iuran.payments.simulation.bank_answer import BankAnswer
from iuran.payments.simulation.stage import NOT_OUR_SECRET, reason_of

TIMEOUT_SECONDS = 15.0
UNKNOWN_CUSTOMER_NUMBER = "00000000000"
MISSING_RUPIAH = 1_000
INQUIRED = ("2002400",)
PAID = ("2002500",)
REPEATED = ("4042518", "2002500", "4092500")
ALREADY_PAID = ("4042514", "4042518")
WRONG_AMOUNT = ("4042513",)
UNAUTHORIZED = ("401",)
UNKNOWN_INQUIRY = ("4042412",)
UNKNOWN_PAYMENT = ("4042512",)


class ServerUnreachableError(DomainError):
    """Nobody answers where the server should be."""

    code: ClassVar[str] = "SERVER_UNREACHABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the bank is to do."""

    base_url: str
    mount: str
    bank: Path
    customer_number: str
    other_bank: Path | None = None
    twice: bool = False
    wrong_amount: bool = False
    wrong_signature: bool = False
    unknown_va: bool = False
    inquiry_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, and whether its answer is the one that a correct server gives."""

    bank: str
    what: str
    sent: str
    http_status: int
    code: str
    reason: str
    as_expected: bool


async def rehearse(plan: Plan) -> list[Call]:
    """Do what the plan says; raises ServerUnreachableError, BankUnknownError, InvalidInputError."""
    number = UNKNOWN_CUSTOMER_NUMBER if plan.unknown_va else _customer_number(plan.customer_number)
    try:
        async with httpx.AsyncClient(
            base_url=plan.base_url, timeout=TIMEOUT_SECONDS, trust_env=False
        ) as http:
            return await _rehearse(plan, http, number)
    except httpx.TransportError as error:
        raise ServerUnreachableError(
            f"nobody answers at {plan.base_url} ({error}); start `iuran up`, or say --url"
        ) from error


def _customer_number(text: str) -> str:
    if not text.isdigit() or len(text) < CUSTOMER_NUMBER_DIGITS:
        raise InvalidInputError("va", "write the digits of a virtual account, at least the last 11")
    return text[-CUSTOMER_NUMBER_DIGITS:]


async def _rehearse(plan: Plan, http: httpx.AsyncClient, number: str) -> list[Call]:
    player = _player(plan, plan.bank, http)
    asked = await player.bank.inquire(number)
    if plan.wrong_signature:
        return [player.call("inquiry", number, asked, UNAUTHORIZED)]
    if plan.unknown_va:
        paid = await player.bank.pay(number, Rupiah(MISSING_RUPIAH))
        return [
            player.call("inquiry", number, asked, UNKNOWN_INQUIRY),
            player.call("payment", formatted(Rupiah(MISSING_RUPIAH)), paid, UNKNOWN_PAYMENT),
        ]
    first = player.call("inquiry", number, asked, INQUIRED)
    if plan.inquiry_only or not first.as_expected:
        return [first]
    return [first, *await _pay(plan, http, player, number, asked.total_amount)]


async def _pay(
    plan: Plan, http: httpx.AsyncClient, player: "_Player", number: str, owed: Rupiah
) -> list[Call]:
    if plan.wrong_amount:
        return [await player.pay(number, Rupiah(owed - MISSING_RUPIAH), WRONG_AMOUNT)]
    if plan.other_bank is not None:
        other = _player(plan, plan.other_bank, http)
        return await _pay_at_once(player, other, number, owed)
    if plan.twice:
        pay = partial(
            player.bank.pay,
            number,
            owed,
            request_id=player.bank.new_id(),
            external_id=player.bank.new_id(),
        )
        first, second = await pay(), await pay()
        sent = formatted(owed)
        return [
            player.call("payment", sent, first, PAID),
            player.call("the same again", sent, second, REPEATED),
        ]
    return [await player.pay(number, owed, PAID)]


async def _pay_at_once(one: "_Player", other: "_Player", number: str, owed: Rupiah) -> list[Call]:
    """Let both pay at once: one of them must be paid, the other refused, whoever it is."""
    await other.bank.token()
    answers = await asyncio.gather(one.bank.pay(number, owed), other.bank.pay(number, owed))
    sent = formatted(owed)
    paid = [answer.code in PAID for answer in answers]
    expected = PAID if sum(paid) == 1 else ()
    return [
        player.call("payment", sent, answer, expected if is_paid else (*expected, *ALREADY_PAID))
        for player, answer, is_paid in zip((one, other), answers, paid, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Player:
    code: str
    bank: SimulatedBank

    async def pay(self, number: str, amount: Rupiah, expected: tuple[str, ...]) -> Call:
        answer = await self.bank.pay(number, amount)
        return self.call("payment", formatted(amount), answer, expected)

    def call(self, what: str, sent: str, answer: BankAnswer, expected: tuple[str, ...]) -> Call:
        return Call(
            bank=self.code,
            what=what,
            sent=sent,
            http_status=answer.http_status,
            code=answer.code,
            reason=reason_of(answer),
            as_expected=answer.code.startswith(expected),
        )


def _player(plan: Plan, folder: Path, http: httpx.AsyncClient) -> _Player:
    known = BankCredentials.read(folder)
    private_key = parse_private_key((folder / PRIVATE_KEY_FILE).read_text(encoding="utf-8"))
    bank = SimulatedBank(
        http=http,
        private_key=private_key,
        client_id=known.client_id,
        client_secret=NOT_OUR_SECRET if plan.wrong_signature else known.client_secret,
        partner_id=known.partner_id,
        va_prefix=known.va_prefix,
        mount=plan.mount,
    )
    return _Player(code=known.code, bank=bank)

"""Casts a scenario: banks and aggregators that we play, with invented families as customers."""

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import LiteralString

import httpx
from starlette.applications import Starlette

from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.identifiers import CUSTOMER_NUMBER_DIGITS
from iuran.deploy.banks import PRIVATE_KEY_FILE, BankCredentials, BankUnknownError
from iuran.deploy.invented_families import an_account
from iuran.deploy.outside import served
from iuran.deploy.own_apis import OwnApi, an_own_api, searched
from iuran.deploy.theatre import Theatre
from iuran.payments.retail.channels import (
    Dialect,
    NewRetailChannel,
    Purpose,
    register_retail_channel,
    replace_secret,
)
from iuran.payments.retail.codes import issue_code
from iuran.payments.retail.context import RetailServices
from iuran.payments.secrets import Cipher
from iuran.payments.simulation.bank import SimulatedBank, parse_private_key
from iuran.payments.simulation.doku import SimulatedDoku
from iuran.payments.simulation.midtrans import SimulatedMidtrans
from iuran.payments.simulation.scenario import Do, Kind, Scenario
from iuran.payments.simulation.stage import Actor, AggregatorActor, BankActor, Stage
from iuran.payments.simulation.xendit import SimulatedXendit

TIMEOUT_SECONDS = 15.0
CONNECTIONS_MAX = 200
SHOP_CHANNEL_CODE = 5411  # ISO 18245: grocery stores
OUTLET = "ALFAMART"
UPDATE_BASE_URL: LiteralString = """
    UPDATE retail_channel SET base_url = $2
    WHERE channel_id = (SELECT channel_id FROM channel WHERE code = $1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays a scenario, as often as it is played; each time with families of its own."""

    theatre: Theatre
    scenario: Scenario
    actors: Mapping[str, Actor]
    accounts: Mapping[str, str]

    async def stage(self) -> Stage:
        """Return a stage with new families, but for accounts that were named."""
        accounts = {
            name: self.accounts.get(name)
            or await an_account(self.theatre.pool, need, at=self.theatre.clock.now())
            for name, need in self.scenario.accounts.items()
        }
        return Stage(actors=self.actors, accounts=accounts)


@asynccontextmanager
async def cast(
    theatre: Theatre, scenario: Scenario, accounts: Mapping[str, str]
) -> AsyncGenerator[Cast]:
    """Cast a scenario; aggregators have their own API on loopback until the block ends.

    Raises BankUnknownError if there are not as many banks to play as the scenario has.
    """
    unknown = [name for name in accounts if name not in scenario.accounts]
    if unknown:
        raise InvalidInputError("account", f"the scenario has no account {unknown[0]}")
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
    async with httpx.AsyncClient(
        base_url=theatre.base_url, timeout=TIMEOUT_SECONDS, trust_env=False, limits=limits
    ) as http:
        aggregators = _aggregators(theatre, scenario, http)
        banks = _banks(theatre, scenario, http)
        own = {name: an_own_api(theatre, banks[name].code) for name in _losers(scenario)}
        routes = [
            *(route for one in aggregators.values() for route in one.app.routes),
            *(route for api in own.values() for route in api.server.routes()),
        ]
        async with served(Starlette(routes=routes)) as outside, searched(theatre, own, outside):
            retail = RetailServices.of(
                pool=theatre.pool, clock=theatre.clock, cipher=theatre.cipher
            )
            async with retail.http:
                ordering = {
                    name: await _opened(theatre, retail, kind_of(one), one, outside)
                    for name, one in aggregators.items()
                }
                shops: dict[str, Actor] = {
                    name: AggregatorActor(aggregator=one, order=ordering[name])
                    for name, one in aggregators.items()
                }
                yield Cast(
                    theatre=theatre,
                    scenario=scenario,
                    actors={
                        **{n: _actor(played.bank, own.get(n)) for n, played in banks.items()},
                        **shops,
                    },
                    accounts={name: customer_number(text) for name, text in accounts.items()},
                )


def customer_number(text: str) -> str:
    """Return the last 11 digits of a virtual account; raises InvalidInputError."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) < CUSTOMER_NUMBER_DIGITS:
        raise InvalidInputError("va", "write the digits of a virtual account, at least the last 11")
    return digits[-CUSTOMER_NUMBER_DIGITS:]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlayedBank:
    code: str
    bank: SimulatedBank


def _losers(scenario: Scenario) -> set[str]:
    return {step.actor for step in scenario.steps if step.do is Do.LOSE}


def _actor(bank: SimulatedBank, api: OwnApi | None) -> BankActor:
    return BankActor(bank=bank, loses=None if api is None else partial(api.lose, bank))


def _banks(theatre: Theatre, scenario: Scenario, http: httpx.AsyncClient) -> dict[str, _PlayedBank]:
    wanted = {name: actor for name, actor in scenario.actors.items() if actor.kind.is_snap}
    taken = {actor.channel for actor in wanted.values()}
    found = sorted(path.parent.name for path in theatre.banks.glob("*/bank.json"))
    free = [code for code in found if code not in taken]
    free.sort(key=lambda code: code != theatre.first_bank)
    played: dict[str, _PlayedBank] = {}
    for name, actor in wanted.items():
        if actor.channel is None and not free:
            raise BankUnknownError(
                f"the scenario has {len(wanted)} banks, and {theatre.banks} keys for "
                f"{len(found)}: start `iuran up` here"
            )
        code = actor.channel or free.pop(0)
        bank = _bank(theatre, code, http)
        if actor.kind is Kind.MINIMARKET:
            bank.channel_code = SHOP_CHANNEL_CODE
        played[name] = _PlayedBank(code=code, bank=bank)
    return played


def _bank(theatre: Theatre, code: str, http: httpx.AsyncClient) -> SimulatedBank:
    folder = theatre.banks / code
    known = BankCredentials.read(folder)
    return SimulatedBank(
        http=http,
        private_key=parse_private_key((folder / PRIVATE_KEY_FILE).read_text(encoding="utf-8")),
        client_id=known.client_id,
        client_secret=known.client_secret,
        partner_id=known.partner_id,
        va_prefix=known.va_prefix,
        mount=theatre.snap_mount,
        clock=theatre.clock,
    )


Aggregator = SimulatedXendit | SimulatedMidtrans | SimulatedDoku


def _aggregators(
    theatre: Theatre, scenario: Scenario, http: httpx.AsyncClient
) -> dict[str, Aggregator]:
    return {
        name: _aggregator(theatre, actor.kind, http)
        for name, actor in scenario.actors.items()
        if not actor.kind.is_snap
    }


def _aggregator(theatre: Theatre, kind: Kind, http: httpx.AsyncClient) -> Aggregator:
    secret = secrets.token_hex(16)
    path = f"{theatre.retail_mount}/{code_of(kind)}/{kind}"
    match kind:
        case Kind.XENDIT:
            return SimulatedXendit(
                http=http, path=path, token=secret, api_secret=secret, clock=theatre.clock
            )
        case Kind.MIDTRANS:
            return SimulatedMidtrans(http=http, path=path, server_key=secret, clock=theatre.clock)
        case _:
            return SimulatedDoku(http=http, path=path, secret=secret, clock=theatre.clock)


def kind_of(aggregator: Aggregator) -> Kind:
    """Return what an aggregator is in a scenario."""
    match aggregator:
        case SimulatedXendit():
            return Kind.XENDIT
        case SimulatedMidtrans():
            return Kind.MIDTRANS
        case SimulatedDoku():
            return Kind.DOKU


def code_of(kind: Kind) -> str:
    """Return the channel under which a simulated aggregator is registered."""
    return f"SIM_{kind.upper()}"


async def _opened(
    theatre: Theatre, retail: RetailServices, kind: Kind, aggregator: Aggregator, outside: str
) -> Callable[[str], Awaitable[str]]:
    """Register an aggregator, or give it its new secret; return what orders a code from it."""
    secret = _secret_of(aggregator)
    code, now = code_of(kind), datetime.now(UTC)
    async with theatre.pool.acquire() as connection, connection.transaction():
        try:
            async with connection.transaction():
                await _register(connection, theatre.cipher, kind, secret, outside, now)
        except AlreadyRegisteredError:
            purposes = [Purpose.API] + [Purpose.NOTIFICATION] * (kind is Kind.XENDIT)
            for purpose in purposes:
                await replace_secret(
                    connection, theatre.cipher, code, purpose, secret, at=now, old_valid_until=now
                )
            await connection.execute(UPDATE_BASE_URL, code, outside)
    return partial(_ordered, retail, code)


async def _ordered(retail: RetailServices, code: str, number: str) -> str:
    issued = await issue_code(retail, code, number, outlet=OUTLET)
    return issued.code


def _secret_of(aggregator: Aggregator) -> str:
    match aggregator:
        case SimulatedXendit():
            return aggregator.api_secret
        case SimulatedMidtrans():
            return aggregator.server_key
        case SimulatedDoku():
            return aggregator.secret


async def _register(
    connection: Connection, cipher: Cipher, kind: Kind, secret: str, outside: str, now: datetime
) -> None:
    channel = NewRetailChannel(
        code=code_of(kind),
        name=f"Simulated {kind}",
        dialect=Dialect(kind.upper()),
        base_url=outside,
        api_secret=secret,
        notification_secret=secret if kind is Kind.XENDIT else "",
        account="MCH-0000-1079000000000" if kind is Kind.DOKU else "",
    )
    await register_retail_channel(connection, cipher, channel, at=now)

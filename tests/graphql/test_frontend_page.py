"""docs/frontend.md: every operation is asked, and answered in the shape that the page shows."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.live import a_live_server, a_stream, dispatched

PAGE = (Path(__file__).parents[2] / "docs" / "frontend.md").read_text(encoding="utf-8")
SCREEN = re.compile(
    r"^## (?P<title>[^\n]+)\n\nAs (?P<role>\w+)\..*?"
    r"```graphql\n(?P<query>.*?)```\n"
    r"(?:\n```json variables\n(?P<variables>.*?)```\n)?"
    r"\n```json answer\n(?P<answer>.*?)```",
    re.MULTILINE | re.DOTALL,
)
SCREENS_MIN = 10
Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    title: str
    role: Role
    query: str
    variables: dict[str, Json]
    answer: Json


SCREENS = [
    Screen(
        title=found["title"],
        role=Role(found["role"]),
        query=found["query"],
        variables=json.loads(found["variables"] or "{}"),
        answer=json.loads(found["answer"]),
    )
    for found in SCREEN.finditer(PAGE)
]


def shape_of(value: Json) -> object:
    """The names and kinds of a JSON value; a list is the shapes that stand in it."""
    if isinstance(value, dict):
        return {name: shape_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return ["list", *sorted({repr(shape_of(inner)) for inner in value})]
    return type(value).__name__


def named_here(value: Json, keys: Mapping[str, Json], name: str = "") -> Json:
    """The variables of the page with the keys of a family that lives in this database."""
    if isinstance(value, dict):
        return {inner: named_here(value[inner], keys, inner) for inner in value}
    return keys.get(name.removesuffix("Id"), value)


def test_every_section_with_an_operation_is_a_screen() -> None:
    assert len(SCREENS) == PAGE.count("```graphql") >= SCREENS_MIN


ASKED = [screen for screen in SCREENS if not screen.query.startswith("subscription")]
TOLD = [screen for screen in SCREENS if screen not in ASKED]


@pytest.mark.parametrize("screen", ASKED, ids=lambda screen: screen.title)
async def test_a_screen_is_answered_as_the_page_shows(
    frontend: Frontend, insured: Insured, screen: Screen
) -> None:
    family_id = insured.family_id if screen.role is Role.PARTICIPANT else None
    variables = {
        name: named_here(value, insured.keys, name) for name, value in screen.variables.items()
    }

    data = await frontend.data(screen.query, role=screen.role, family_id=family_id, **variables)

    assert shape_of(data) == shape_of(screen.answer)


@pytest.mark.parametrize("screen", TOLD, ids=lambda screen: screen.title)
async def test_a_screen_is_told_as_the_page_shows(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, insured: Insured, screen: Screen
) -> None:
    await dispatched(pool, clock)
    token = issuer.issue(screen.role, family_id=insured.family_id)

    async with (
        a_live_server(pool, clock, issuer) as server,
        a_stream(server, token, screen.query, after=screen.variables["after"]) as stream,
    ):
        data = await stream.data()

    assert shape_of(data) == shape_of(screen.answer)

"""docs/frontend.md as data: one screen for each operation; GraphiQL is given the same."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from iuran.graphql.identity import Role

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "frontend.md"
SCREENS_FILE = ROOT / "graphql" / "iuran" / "graphql" / "static" / "screens.json"
SCREEN = re.compile(
    r"^## (?P<title>[^\n]+)\n\nAs (?P<role>\w+)(?:, (?P<world>[^.]+))?\..*?"
    r"```graphql\n(?P<query>.*?)```\n"
    r"(?:\n```json variables\n(?P<variables>.*?)```\n)?"
    r"\n```json answer\n(?P<answer>.*?)```",
    re.MULTILINE | re.DOTALL,
)
Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A section of the page: for whom, in which world, what is asked and what is answered."""

    title: str
    role: Role
    world: str
    query: str
    variables: dict[str, Json]
    answer: Json

    @property
    def is_told(self) -> bool:
        return self.query.startswith("subscription")


def screens() -> list[Screen]:
    return [
        Screen(
            title=found["title"],
            role=Role(found["role"]),
            world=found["world"] or "",
            query=found["query"],
            variables=json.loads(found["variables"] or "{}"),
            answer=json.loads(found["answer"]),
        )
        for found in SCREEN.finditer(PAGE.read_text(encoding="utf-8"))
    ]


def for_graphiql() -> str:
    """The screens as GraphiQL's menu reads them."""
    menu = [
        {
            "title": one.title,
            "role": one.role.name,
            "query": one.query,
            "variables": one.variables,
        }
        for one in screens()
    ]
    return json.dumps(menu, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCREENS_FILE.write_text(for_graphiql(), encoding="utf-8")

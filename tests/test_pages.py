"""Every link of a page of ours leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINKS_MIN = 20


def inner_links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        if "node_modules" not in page.parts:
            for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
                if not re.match(r"[a-z]+:", target):
                    yield page, target


def anchors_of(page: Path) -> set[str]:
    """What its headings can be linked by, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def leads_nowhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    place = page.parent / name if name else page
    return not place.exists() or (bool(anchor) and anchor not in anchors_of(place))


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    links = list(inner_links())

    assert len(links) >= LINKS_MIN
    assert [f"{page.name}: {to}" for page, to in links if leads_nowhere(page, to)] == []

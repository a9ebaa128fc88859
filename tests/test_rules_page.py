"""Every rule of docs/rules.md stands where the page says."""

import re
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "rules.md").read_text()


def test_what_the_page_names_is_there() -> None:
    names = re.findall(r"`(iuran\.[\w.]+)`", PAGE)

    places = [name.rpartition(".") for name in names]
    missing = [name for at, _, name in places if not hasattr(import_module(at), name)]

    assert len(names) >= 25
    assert missing == []


def test_sql_functions_of_the_page_are_routines() -> None:
    routines = "".join(path.read_text() for path in ROOT.glob("*/iuran/*/routines/*.sql"))
    names = {
        name
        for cell in re.findall(r"SQL ((?:`\w+`(?:, )?)+)", PAGE)
        for name in re.findall(r"`(\w+)`", cell)
    }

    assert names
    assert [name for name in names if f"FUNCTION {name}(" not in routines] == []


def test_tests_of_the_page_are_there() -> None:
    tests = re.findall(r"`(tests/[\w./]+)`", PAGE)

    assert tests
    assert [one for one in tests if not (ROOT / one).exists()] == []

"""The house rules that a machine can hold."""

import ast
import subprocess
import sys
from pathlib import Path

import graphql
import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("core", "graphql", "payments", "workers", "deploy")


def _modules() -> list[Path]:
    return [file for room in ROOMS for file in (ROOT / room / "iuran" / room).rglob("*.py")]


@pytest.mark.parametrize("room", ROOMS)
def test_source_roots_are_no_packages(room: str) -> None:
    assert not (ROOT / room / "__init__.py").exists()
    assert not (ROOT / room / "iuran" / "__init__.py").exists()
    assert (ROOT / room / "iuran" / room / "__init__.py").exists()


def test_graphql_core_is_not_hidden_by_our_room() -> None:
    assert "site-packages" in str(graphql.__file__)


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_has_tests(room: str) -> None:
    assert list((ROOT / "tests" / room).rglob("test_*.py"))


def test_layers_are_checked_for_real() -> None:
    """A contract that analyses nothing would always be kept."""
    run = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
    assert "Contracts: 4 kept, 0 broken." in run.stdout
    analysed = int(run.stdout.split("Analyzed ")[1].split()[0])
    assert analysed >= len(_modules())


def test_no_module_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "helpers", "common", "manager", "service", "base", "misc"}

    assert not [file for file in _modules() if file.stem in nothing]


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in _modules()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > 40 + _docstring_lines(node)
    ]

    assert not long


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = ast.get_docstring(node)
    return 0 if docstring is None else docstring.count("\n") + 1


def test_float_never_touches_money() -> None:
    users = [
        str(file.relative_to(ROOT))
        for room in ("core", "payments")
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
    ]

    assert not users

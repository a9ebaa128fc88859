"""Every refusal that a mutation can come upon is told in both languages."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import iuran.core
import iuran.payments
from iuran.core.employers.layoffs import NotLaidOffError
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.facilities.home import TooSoonToChangeError
from iuran.core.instalments import PlanRefusedError
from iuran.graphql.hints import indonesian
from iuran.graphql.languages import Language, language_of
from iuran.graphql.messages import MESSAGES, message_of
from iuran.graphql.mutations.root import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]

NOT_BY_MUTATIONS = {
    "REFUSED",
    "MIGRATION_CHANGED",
    "RATE_IN_USE",
    "SECRET_UNREADABLE",
    "OUTCOME_UNKNOWN",
    "SNAP_REFUSED",
    "RESULTS_FILE",
    "SCENARIO_INVALID",
    "RECEIPT_LINK_EXPIRED",
    "RECEIPT_LINK_INVALID",
    "RECEIPT_UNKNOWN",
}
"""Of the command line, of banks' channels, and the root of all."""

ELSEWHERE = ("iuran.payments.lanes", "iuran.payments.lost.", "iuran.payments.snap_client.")
"""Of messages of banks and of ours to them."""

for room in (iuran.core, iuran.payments):
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        importlib.import_module(
            module.name
        )  # so that all refusals are known, in any order of tests


def refusals(of: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from refusals(kind)


DOMAINS = sorted(
    {
        kind
        for kind in refusals()
        if kind.__module__.startswith(("iuran.core.", "iuran.payments."))
        and ".snap." not in kind.__module__
        and ".retail." not in kind.__module__
        and not kind.__module__.startswith(ELSEWHERE)
        and kind.code not in NOT_BY_MUTATIONS
    },
    key=lambda kind: kind.__name__,
)


def test_refusals_are_found() -> None:
    assert MUTATIONS
    assert len(DOMAINS) > 30


@pytest.mark.parametrize("kind", DOMAINS)
def test_every_refusal_of_the_domain_has_words_in_both_languages(
    kind: type[DomainError],
) -> None:
    message = MESSAGES[kind.code]

    wanted = set(re.findall(r"{(\w+)}", message.indonesian + (message.english or "")))

    assert wanted <= _attributes(kind), "a message can only show what its error holds"


def _attributes(kind: type[DomainError]) -> set[str]:
    """What the constructor stores on the error."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def test_values_are_shown_in_each_language() -> None:
    error = TooSoonToChangeError(date(2026, 3, 1))

    assert "2026-03-01" in message_of(error, Language.INDONESIAN)
    assert message_of(error, Language.INDONESIAN).startswith("FKTP dapat diganti")
    assert message_of(error, Language.ENGLISH) == str(error)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.ENGLISH),
        ("", Language.ENGLISH),
        ("id", Language.INDONESIAN),
        ("ID-id;q=0.4, en;q=0.5", Language.ENGLISH),
        ("fr, in;q=0.2", Language.INDONESIAN),
        ("id;q=0", Language.ENGLISH),
        ("id;q=viel", Language.ENGLISH),
        (", ;;=,," * 1000, Language.ENGLISH),
    ],
)
def test_the_language_is_what_the_browser_prefers(header: str | None, language: Language) -> None:
    assert language_of(header) is language


def test_a_field_is_named_as_the_schema_names_it_and_told_what_to_write() -> None:
    error = InvalidInputError("membership_id", "write at most 1,000 characters")

    assert (
        message_of(error, Language.INDONESIAN)
        == "membershipId: tulis paling banyak 1,000 karakter."
    )
    assert message_of(error, Language.ENGLISH) == "membershipId: write at most 1,000 characters"


def test_the_reason_of_a_refusal_is_told_in_indonesian_too() -> None:
    refused = PlanRefusedError("no plan runs that could be given up")
    laid_off = NotLaidOffError("it would have ended with 2026-03")

    assert "tidak ada rencana cicilan" in message_of(refused, Language.INDONESIAN).lower()
    assert "sudah berakhir pada 2026-03" in message_of(laid_off, Language.INDONESIAN)


SPEAKING = frozenset(
    {
        "InvalidInputError",
        "PlanRefusedError",
        "NotLaidOffError",
        "CannotMoveError",
        "IdInvalidError",
    }
)
"""Errors that say why in words of their own."""

FOR_TERMINALS = (
    "core/reminders/preview",
    "core/college_letters",
    "payments/autodebit/collection",
    "payments/channel",
    "payments/credentials",
    "payments/lost/",
    "payments/quirks",
    "payments/retail/",
    "payments/secrets",
    "payments/simulation/",
    "payments/snap",
    "payments/webhooks/networks",
    "graphql/compiler/",
    "graphql/live/",
    "graphql/types/",
    "graphql/queries/",
)
"""Modules whose hints are read by operators and developers, in English, and by no mutation."""


def test_every_hint_that_a_mutation_can_give_is_known_in_indonesian() -> None:
    missing = [f"{where}: {hint}" for where, hint in _hints() if indonesian(hint) is None]

    assert not missing


def _hints() -> Iterator[tuple[str, str]]:
    for room in ("core", "payments", "graphql"):
        source = ROOT / room / "iuran"
        for module in sorted(source.rglob("*.py")):
            where = module.relative_to(source).as_posix()
            if not where.startswith(FOR_TERMINALS):
                yield from ((where, hint) for hint in _hints_of(module))


def _hints_of(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SPEAKING and node.args:
            told = node.args[-1]
            if isinstance(told, ast.Constant):
                yield str(told.value)
            elif isinstance(told, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "{}"
                    for part in told.values
                )

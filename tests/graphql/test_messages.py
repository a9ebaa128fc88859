"""Every refusal that a mutation can come upon is told in both languages."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from datetime import date

import pytest

import iuran.core
import iuran.payments
from iuran.core.errors import DomainError
from iuran.core.facilities.home import TooSoonToChangeError
from iuran.graphql.languages import Language, language_of
from iuran.graphql.messages import MESSAGES, message_of
from iuran.graphql.mutations.root import MUTATIONS

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

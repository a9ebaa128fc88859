"""Secrets that a command needs: asked for without showing them, or taken from the environment."""

import sys
from collections.abc import Callable
from typing import ClassVar

import typer

from iuran.core.errors import DomainError


class NobodyToAskError(DomainError):
    """There is no terminal at which somebody could type a secret."""

    code: ClassVar[str] = "NOBODY_TO_ASK"

    def __init__(self, what: str, *, variable: str) -> None:
        super().__init__(f"{what} is asked for at a terminal, and here is none: set {variable}")
        self.variable = variable


def asked(what: str, *, variable: str) -> Callable[[], str]:
    """Return what asks for a secret that neither an option nor the environment has.

    It raises NobodyToAskError where standard input is no terminal: a secret in a pipe would be
    in somebody's history.
    """

    def ask() -> str:
        if not sys.stdin.isatty():
            raise NobodyToAskError(what, variable=variable)
        return str(typer.prompt(what, hide_input=True))

    return ask

"""Loading libraries without those that they take along for a console."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import ClassVar


class _NoConsole(MetaPathFinder):
    """Finds nothing, also where something is."""

    PACKAGES: ClassVar = frozenset({"rich", "pygments"})

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib asks so
        target: ModuleType | None = None,  # noqa: ARG002 - as above
    ) -> ModuleSpec | None:
        """Say of a console's packages that they are not installed; leave others to others."""
        if fullname in self.PACKAGES:
            raise ModuleNotFoundError(f"{fullname} is for consoles", name=fullname)
        return None


@contextmanager
def consoleless() -> Generator[None]:
    """Let nobody find rich and Pygments for a while.

    structlog and httpx load both wherever they are installed: 4 MiB of every process, to draw what
    a server never draws. Both do without them.
    """
    finder = _NoConsole()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)

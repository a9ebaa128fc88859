"""What a change of the schema means for those who use it: breaking, dangerous or safe.

`python -m iuran.graphql.schema_changes OLD.graphql` compares an older schema with the present one
and fails for changes that break operations which were valid before.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphql import build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

from iuran.graphql.sdl import sdl


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChanges:
    """Changes between two schemas, each told in a sentence."""

    breaking: Sequence[str]
    """Operations that were valid are not any more."""
    dangerous: Sequence[str]
    """They stay valid, but clients that were not written with care may stumble."""

    @property
    def verdict(self) -> str:
        """The worst of it, in a word."""
        if self.breaking:
            return "BREAKING"
        return "DANGEROUS" if self.dangerous else "SAFE"


def changes_between(old: str, new: str) -> SchemaChanges:
    """Compare two schemas, given as SDL."""
    before, after = build_schema(old), build_schema(new)
    return SchemaChanges(
        breaking=[change.description for change in find_breaking_changes(before, after)],
        dangerous=[change.description for change in find_dangerous_changes(before, after)],
    )


def main(arguments: Sequence[str]) -> int:
    """Compare the schema in a file with the present one; 1 for a breaking change."""
    if len(arguments) != 1:
        sys.stderr.write("give one file: the older schema\n")
        return 2
    found = changes_between(Path(arguments[0]).read_text(encoding="utf-8"), sdl())
    for kind, sentences in (("breaking", found.breaking), ("dangerous", found.dangerous)):
        sys.stdout.writelines(f"{kind}: {sentence}\n" for sentence in sentences)
    sys.stdout.write(f"{found.verdict}\n")
    return int(found.verdict == "BREAKING")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

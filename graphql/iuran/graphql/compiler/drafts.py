"""A plan while it is written: its SQL with its parameters, and the function that writes the JSON.

SQL is put together of declared fragments, aliases and bounded numbers, and nothing else. Whatever
comes from a request, or from its viewer, is a parameter.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import LiteralString, NamedTuple, cast

from graphql import GraphQLSchema

from iuran.graphql.compiler.declarations import Root, Source
from iuran.graphql.compiler.questions import VALUES
from iuran.graphql.compiler.refusals import NotCompilableError, SurpriseError
from iuran.graphql.scope import Scope


class Bound(NamedTuple):
    """The arguments of a field: what of them decides the SQL, and what travels as values."""

    form: Hashable
    values: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value of the statement: of the field with arguments of that number, or of the question."""

    number: int | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a fragment's names stand for where it is put."""

    row: LiteralString
    parent: LiteralString = ""
    number: int | None = None
    values: Mapping[LiteralString, LiteralString] = field(
        default_factory=dict[LiteralString, LiteralString]
    )
    """The types of the values that the field's own arguments give."""
    shown_card: LiteralString | None = None
    """The placeholder of the card that was shown, if the way to here began with one."""
    above: "Above | None" = None
    """The row that all rows of this list belong to, where it is of the same family."""


@dataclass(frozen=True, slots=True)
class Above:
    """A row over a list: what is the same for each of its rows is read there, and written once."""

    row: LiteralString
    columns: "Columns"
    written: list[str] = field(default_factory=list[str])
    """Expressions over the row above; a row of the list finds what they come to as `h[n]`."""

    def once(self, expression: str) -> str:
        """Write something once for the whole list; return how a row finds it."""
        if expression not in self.written:
            self.written.append(expression)
        return f"h[{self.written.index(expression)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """The schema and how all of it is read."""

    schema: GraphQLSchema
    sources: Mapping[str, Source]
    roots: Mapping[str, Root]


class Columns:
    """The columns of a row that is read; the same expression is read once."""

    def __init__(self) -> None:
        self._sql: dict[LiteralString, int] = {}

    def value(self, sql: LiteralString) -> str:
        """Add a column; return the Python expression of its value in a row `r`."""
        return f"r[{self._sql.setdefault(sql, len(self._sql))}]"

    @property
    def listed(self) -> LiteralString:
        """The columns, as they are listed in a SELECT."""
        return ", ".join(self._sql)

    @property
    def sql(self) -> LiteralString:
        """The row as one SQL expression."""
        return "ROW(" + self.listed + ")"

    def __len__(self) -> int:
        return len(self._sql)


class Draft:
    """What the parts of a plan are written into."""

    def __init__(
        self, declarations: Declarations, *, shape: Scope, bounds: Sequence[Bound]
    ) -> None:
        self.declarations = declarations
        self.shape = shape
        self.bounds = bounds
        self.parameters: dict[Parameter, LiteralString] = {}
        self._aliases = 0
        self._lines: list[str] = []
        self._names: dict[str, object] = {
            "null": "null",
            "true": "true",
            "false": "false",
            "present": _present,
        }

    def alias(self) -> LiteralString:
        """Return a new alias of a table."""
        self._aliases += 1
        return "t" + digits(self._aliases)

    def source(self, type_name: str) -> Source:
        """Return how a type is read; raises NotCompilableError if nobody says."""
        found = self.declarations.sources.get(type_name)
        if found is None:
            raise NotCompilableError(f"the type {type_name}")
        return found

    def parameter(self, number: int | None, name: str, type_: LiteralString) -> LiteralString:
        """Return the placeholder of a value."""
        known = Parameter(number=number, name=name)
        if known not in self.parameters:
            self.parameters[known] = "$" + digits(len(self.parameters) + 1) + "::" + type_
        return self.parameters[known]

    def fill(self, fragment: LiteralString, place: Place) -> LiteralString:
        """Put a fragment in its place."""
        text = fragment.replace("{row}", place.row).replace("{parent}", place.parent)
        for name, type_ in place.values.items():
            mark: LiteralString = "{" + name + "}"
            if mark in text:
                text = text.replace(mark, self.parameter(place.number, name, type_))
        for name, (type_, _) in VALUES.items():
            mark = "{" + name + "}"
            if mark in text:
                text = text.replace(mark, self.parameter(None, name, type_))
        if place.shown_card is not None:
            text = text.replace("{shown_card}", place.shown_card)
        return text

    def named(self, value: object) -> str:
        """Give a value a name in the function's source."""
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name

    def function(self, arguments: str, body: Sequence[str]) -> str:
        """Add a function; return its name."""
        name = f"f{len(self._lines)}"
        self._lines.append(f"def {name}({arguments}):\n" + "\n".join(f"    {x}" for x in body))
        return name

    def built(self, name: str) -> tuple[Callable[..., str], int]:
        """Return a function ready to be called, and the length of all source."""
        source = "\n".join(self._lines)
        # Of names of the schema, response keys (which the parser holds to letters, digits and _),
        # and numbers: nothing else of a request gets here.
        exec(compile(source, "<plan>", "exec"), self._names)  # noqa: S102 - see above
        return cast("Callable[..., str]", self._names[name]), len(source)


_DIGITS: tuple[LiteralString, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def digits(number: int) -> LiteralString:
    """Write a number that is not negative as SQL."""
    return "".join([_DIGITS[int(digit)] for digit in str(number)])


def _present(value: object) -> object:
    if value is None:
        raise SurpriseError("an object that must be there is not")
    return value

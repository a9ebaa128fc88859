"""How types are read: one `Source` for each object type of the schema.

SQL stands here as fragments. In a fragment `{row}` is the alias of the row that is read, `{parent}`
that of the object whose relation it is, and `{name}` a value that travels as a parameter: one of
`questions.VALUES`, or one that the fragment's own declaration names. Whether a field may be null,
and how its value is written, is said by the schema and not repeated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import LiteralString, NamedTuple

from iuran.graphql.scope import Scope
from iuran.graphql.types.counting import COUNT_MAX

Fragment = LiteralString
Arguments = Mapping[str, object]
"""The arguments of a field as the schema has coerced them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which rows a viewer may see: a condition for each shape of scope, or None for every row."""

    condition: Callable[[Scope], Fragment | None]
    by_card: Fragment | None = None
    """What holds besides where a card was shown to a facility, over `{shown_card}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A leaf field that is an SQL expression."""

    sql: Fragment
    people: Fragment | None = None
    """What is read instead for those who may not see population numbers and contacts whole."""
    cards: Fragment | None = None
    """What is read instead for those who may not see card numbers whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A leaf field that Python works out of columns: `of(question, *values)`."""

    of: Callable[..., object]
    needs: Sequence[Fragment] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that is an attribute of the object that its source makes of each row.

    It may be an object, too, or a list of them, whose fields are attributes again.
    """

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """An object, or a list of them, that Python works out of columns: `of(question, *values)`.

    Its type has a source without a table, all of whose fields are `Attribute`s.
    """

    of: Callable[..., object]
    needs: Sequence[Fragment] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """A relation to at most one object; with `order`, to the first."""

    target: str
    where: Fragment
    via: Fragment = ""
    """Put before the target's table in FROM, to go through other tables; ends with a comma."""
    order: Fragment = ""
    carries_card: bool = False
    """Whether a card that was shown for the parent makes the target visible too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A relation to a short list, in an order and bounded."""

    target: str
    where: Fragment
    order: Fragment
    limit: Fragment
    via: Fragment = ""
    carries_card: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A part of a list's order, and of its cursors: a whole number, or found again by one."""

    sql: Fragment
    type: Fragment = "bigint"
    written: Fragment | None = None
    """The number that stands for it in a cursor, if it is none itself."""
    read: Callable[[int], object] | None = None
    """Back from the number."""
    found: Fragment = "{number}"
    """What rows are compared with, where the number only says of which row that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition on a list over `{name}`, there if `of` makes a value of the arguments."""

    name: Fragment
    type: Fragment
    where: Fragment
    of: Callable[[Arguments], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """A relation to a connection, in pages by keyset.

    All keys run in one direction. `totalCount` is only worked out where it is selected, and up to
    `count_max`.
    """

    target: str
    where: Fragment
    order: str
    """As what `orderBy` knows the order of `keys`, in which the list is if nobody asks."""
    keys: Sequence[Key]
    list_name: str
    descending: bool = True
    orders: Mapping[str, Sequence[Key]] = field(default_factory=dict[str, Sequence[Key]])
    """The other orders, by the names that `orderBy` knows them by."""
    filters: Sequence[Filter] = ()
    via: Fragment = ""
    count_max: int | None = COUNT_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """A field that only the plain executor can answer."""

    why: str


Declared = Fragment | Column | Computed | Attribute | Worked | One | Many | Paged | Fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A Python object made once for each row: `of(question, *values)`. Fields are `Attribute`s."""

    of: Callable[..., object]
    needs: Sequence[Fragment] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How an object type is read. `key` are the columns of its global ID, numbers all."""

    type_name: str
    table: Fragment
    access: Access
    fields: Mapping[str, Declared]
    key: Sequence[Fragment] = ()
    order: Fragment = ""
    """Where the key stands for several rows: the first of them is meant."""
    made: Made | None = None
    given: Mapping[Fragment, Fragment] = field(default_factory=dict[Fragment, Fragment])
    """Of a payload, which has no table: the types of the values that lead to what it shows."""
    is_given: bool = False
    """Whether there is always exactly one row, which need not be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way from a number to an object: a condition over `{name}`s, and the types of those."""

    where: Fragment
    values: Mapping[Fragment, Fragment] = field(default_factory=dict[Fragment, Fragment])
    via: Fragment = ""
    shows_card: bool = False
    """Whether its first value is a card number that is shown."""


class Found(NamedTuple):
    """The way that the arguments of a root field choose, and its values."""

    way: str
    values: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """A root field that finds one object; with `inner`, it answers one of that object's fields."""

    target: str
    ways: Mapping[str, Way]
    of: Callable[[Arguments], Found]
    inner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByIds:
    """A root field that finds objects of any type by their global IDs; `argument` holds them."""

    argument: str
    is_list: bool


Root = LookUp | ByIds | Fallback


def everybody() -> Access:
    """Let every viewer see every row: nothing in it belongs to anybody."""
    return Access(condition=lambda _shape: None)


def of_family(family_id: Fragment, *, by_card: Fragment | None = None) -> Access:
    """Let those who may see a family see its rows; `family_id` is the column that says whose."""
    own: Fragment = family_id + " = {viewer_family}"

    def condition(shape: Scope) -> Fragment | None:
        if shape.all_families:
            return None
        return "false" if shape.family_id is None else own

    return Access(condition=condition, by_card=by_card)

"""Ways from what a frontend holds, an ID or a number, to an object."""

from collections.abc import Callable, Sequence
from typing import LiteralString, cast

from iuran.graphql.compiler.declarations import Arguments, Found, Fragment, LookUp, Way
from iuran.graphql.compiler.drafts import digits
from iuran.graphql.errors import IdInvalidError
from iuran.graphql.global_ids import key_of


def by_key(*columns: LiteralString) -> Way:
    """Return the way from an ID to the row of its key."""
    where: list[LiteralString] = []
    values: dict[LiteralString, LiteralString] = {}
    for number, column in enumerate(columns):
        name: LiteralString = "key_" + digits(number)
        where.append("{row}." + column + " = {" + name + "}")
        values[name] = "bigint"
    return Way(where=" AND ".join(where), values=values)


def by_number(where: Fragment, *, via: Fragment = "") -> Way:
    """Return the way from a number, `{number}`, to a row."""
    return Way(where=where, values={"number": "text"}, via=via)


def given(arguments: Arguments) -> tuple[str, object]:
    """Return the one member of `by`, which the schema has made sure of; raises IdInvalidError."""
    # Every `by` is an input object of which exactly one member is given.
    ((way, value),) = cast("dict[str, object]", arguments["by"]).items()
    if not value:
        raise IdInvalidError("give an ID or a number that is not empty")
    return way, value


def look_up(type_name: str, *columns: LiteralString, ways: dict[str, Way]) -> LookUp:
    """Declare a root field `by: {id, ...numbers}` of a type with this key."""
    return LookUp(
        target=type_name,
        ways={"id": by_key(*columns), **ways},
        of=_found(type_name, columns),
    )


def _found(type_name: str, columns: Sequence[LiteralString]) -> Callable[[Arguments], Found]:
    def found(arguments: Arguments) -> Found:
        way, value = given(arguments)
        if way != "id":
            if not isinstance(value, dict):
                return Found(way=way, values={"number": value})
            # The members of an input object, by their names.
            return Found(way=way, values=cast("dict[str, object]", value))
        key = key_of(str(value), type_name=type_name, parts=len(columns))
        return Found(way=way, values={f"key_{n}": part for n, part in enumerate(key)})

    return found


def serial_of(letter: LiteralString) -> Fragment:
    """Return the SQL of what follows the letter in a number such as K000000012; 0 if nothing."""
    return (
        "CASE WHEN {number} ~ '^" + letter + "[0-9]{1,18}$' THEN substr({number}, 2)::bigint "
        "ELSE 0 END"
    )

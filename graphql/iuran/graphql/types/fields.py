"""Fields that are read when they are asked for."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, TypeVar, cast, get_args

import strawberry
from strawberry.utils.str_converters import to_camel_case

from iuran.graphql.context import Info

RELATION = "relation"
"""Under what the metadata of a payload's field keep how it is read."""

F = TypeVar("F", bound=Callable[..., object])


def resolver(*, description: str, directives: Sequence[object] = ()) -> Callable[[F], F]:
    """Publish a method as a field; type checkers go on seeing the method."""
    # strawberry.field used as a decorator is typed as Any.
    return cast(
        "Callable[[F], F]", strawberry.field(description=description, directives=directives)
    )


def declared(  # the field stands for a value of the annotated type, as strawberry.field does
    *,
    description: str,
    directives: Sequence[object] = (),
    relation: object = None,
    **arguments: object,
) -> Any:  # noqa: ANN401 - see above
    """Publish a field that its type's source declares, and nobody resolves otherwise.

    A payload has no source beside it: its `relation` stands with the field.
    Arguments are given as annotations by their names; those that may be null may be left out.
    """

    async def follow(self: object, info: Info, **given: object) -> object:
        read = info.context.reads.declared
        return await read(
            self,
            info.field_name,
            {to_camel_case(n): _raw(v) for n, v in given.items() if v is not strawberry.UNSET},
        )

    follow.__signature__ = _signature(arguments)  # type: ignore[attr-defined] # functions may have
    return strawberry.field(
        resolver=follow,
        description=description,
        directives=directives,
        metadata={RELATION: relation},
    )


def _signature(arguments: Mapping[str, object]) -> inspect.Signature:
    named = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=annotation,
            default=strawberry.UNSET if _may_be_null(annotation) else inspect.Parameter.empty,
        )
        for name, annotation in arguments.items()
    ]
    own = [inspect.Parameter("self", named), inspect.Parameter("info", named, annotation=Info)]
    return inspect.Signature([*own, *given])


def _may_be_null(annotation: object) -> bool:
    return NoneType in get_args(get_args(annotation)[0])


def _raw(value: object) -> object:
    """Return an argument as the schema coerces it, and not as Strawberry converts it."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {to_camel_case(one.name): getattr(value, one.name) for one in fields(value)}
        return {
            n.removesuffix("_"): _raw(v) for n, v in members.items() if v is not strawberry.UNSET
        }
    return value

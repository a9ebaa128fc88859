"""Mutations as a frontend sends them."""

from typing import Any
from uuid import uuid4

from iuran.graphql.identity import Role
from tests.graphql.conftest import Answer, Frontend

PROBLEM = "... on Problem { code message path }"


def wish(name: str, selected: str = "replayed") -> str:
    """A document that asks for what came of a mutation, and for any problem."""
    kind = name[0].upper() + name[1:]
    return (
        f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename "
        f"... on {kind}Payload {{ {selected} }} {PROBLEM} "
        "} }"
    )


async def wished(
    frontend: Frontend,
    name: str,
    given: dict[str, Any],
    selected: str = "replayed",
    *,
    role: Role = Role.BRANCH_OFFICER,
    **token: Any,  # noqa: ANN401 - claims of each role's own type
) -> Answer:
    """Send a mutation with a key of its own, unless one is given; return its result."""
    given = {"idempotencyKey": str(uuid4()), **given}
    response = await frontend.client.post(
        "/graphql",
        json={"query": wish(name, selected), "variables": {"input": given}},
        headers=frontend.headers(role, **token),
    )
    body: Answer = response.json()
    assert "errors" not in body, body
    result: Answer = body["data"][name]
    return result

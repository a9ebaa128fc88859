"""Relay's `Node`: whatever has an ID under which it can be asked for again."""

import strawberry

ID_DESCRIPTION = "Opaque and stable: pass it on as it is, and read nothing from it."


@strawberry.interface(description="An object that can be asked for again by its ID.")
class Node:
    """What has a global ID."""

    id: strawberry.ID = strawberry.field(description=ID_DESCRIPTION)

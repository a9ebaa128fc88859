"""Print the schema: `python -m iuran.graphql.sdl`."""

import sys

from iuran.graphql.schema import SCHEMA


def sdl() -> str:
    """Return the schema definition, as it is committed in graphql/schema.graphql."""
    return SCHEMA.as_str().strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(sdl())

"""`make bench`: run every measurement, or those that are named."""

import asyncio
import sys

from rich.console import Console

from bench import (
    billing,
    graphql,
    growth,
    jobs,
    postgraphile,
    reminders,
    server,
    settlement,
    webhooks,
)

MEASUREMENTS = {
    "settlement": settlement.measure,
    "billing": billing.measure,
    "server": server.measure,
    "reminders": reminders.measure,
    "jobs": jobs.measure,
    "webhooks": webhooks.measure,
    "graphql": graphql.measure,
    "postgraphile": postgraphile.measure,
    "growth": growth.measure,
}


async def main(names: list[str]) -> None:
    console = Console()
    if unknown := sorted(set(names) - set(MEASUREMENTS)):
        sys.exit(f"no measurement {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    for name in names or MEASUREMENTS:
        console.rule(name)
        console.print(await MEASUREMENTS[name](console))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

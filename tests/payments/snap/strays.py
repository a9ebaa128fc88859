"""Transactions that outlived their answers, as the metric counts them."""

import asyncio

from prometheus_client import REGISTRY

PATIENCE_SECONDS = 30


def strays() -> float:
    return REGISTRY.get_sample_value("iuran_snap_strays") or 0.0


async def no_strays() -> None:
    """Wait until all have ended."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while strays():  # noqa: ASYNC110 - a gauge has no event
            await asyncio.sleep(0.01)

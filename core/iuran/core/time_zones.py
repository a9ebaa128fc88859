"""The zone in which a family lives: WIB, WITA or WIT, by the province of its family card."""

import json
from functools import cache
from importlib.resources import files
from typing import TypedDict

WIB_ZONE = "Asia/Jakarta"
TIME_ZONES = (WIB_ZONE, "Asia/Makassar", "Asia/Jayapura")
"""WIB, WITA and WIT: the zones that a family may live in."""
_PROVINCE_DIGITS = 2


class _ZonesFile(TypedDict):
    zones: dict[str, list[str]]


def time_zone_of_region(code: str) -> str:
    """Return the zone of a region code, or of a number that begins with one (Keppres 41/1987).

    The family card is issued where the family lives, so this is a good guess until somebody says
    otherwise. An unknown province counts as WIB, the zone of most people.
    """
    return _zones().get(code[:_PROVINCE_DIGITS], WIB_ZONE)


@cache
def _zones() -> dict[str, str]:
    text = files("iuran.core.regulation").joinpath("time_zones.json").read_text(encoding="utf-8")
    document: _ZonesFile = json.loads(text)
    return {code: zone for zone, codes in document["zones"].items() for code in codes}

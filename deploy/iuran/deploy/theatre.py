"""Where scenarios are played."""

from dataclasses import dataclass, field
from pathlib import Path

from iuran.core.clock import Clock
from iuran.core.database.pool import Pool
from iuran.payments.secrets import Cipher


@dataclass(frozen=True, slots=True, kw_only=True)
class Theatre:
    """Where scenarios are played: the server that is called, and what the actors stand on."""

    pool: Pool
    clock: Clock
    cipher: Cipher = field(repr=False)
    banks: Path
    first_bank: str
    snap_mount: str
    retail_mount: str
    base_url: str

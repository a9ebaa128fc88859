"""Where a running `iuran up` is found: a file in its data folder, for the other commands."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from iuran.deploy.embedded.folder import is_held
from iuran.deploy.settings import Settings, load_settings

FILE_NAME = "running.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What `iuran up` started, and where."""

    database_url: str
    redis_url: str
    base_url: str
    smtp_host: str
    smtp_port: int

    @classmethod
    def read(cls, data: Path) -> Self | None:
        """Return what runs on a data folder, or None; a file of a dead process counts as none."""
        try:
            found = cls(**json.loads((data / FILE_NAME).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return found if is_held(data) else None

    def write(self, data: Path) -> None:
        """Leave word in the data folder, readable for its owner."""
        path = data / FILE_NAME
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def forget_running(data: Path) -> None:
    """Remove the word that was left."""
    (data / FILE_NAME).unlink(missing_ok=True)


def settings_here(**chosen: object) -> Settings:
    """Return the settings of a command: chosen, then the environment, then what runs here."""
    settings = load_settings(**chosen)
    running = Running.read(settings.data)
    if running is None or settings.is_production:
        return settings
    found = {
        "database_url": SecretStr(running.database_url),
        "redis_url": SecretStr(running.redis_url),
        "smtp_host": running.smtp_host,
        "smtp_port": running.smtp_port,
    }
    unset = {name: value for name, value in found.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=unset)

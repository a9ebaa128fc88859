"""The settings as one table, for docs/settings.md and for `iuran settings`."""

from pathlib import Path
from typing import cast

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from iuran.deploy.settings import Settings, variable_of

_HEAD = """\
# Settings

Everything an installation can choose, read from the environment at start. A value that cannot be
used stops the start with a message that names it. `iuran settings` shows what is in force,
`iuran doctor` whether it works. This page is made from `iuran.deploy.settings` by
`iuran settings markdown > docs/settings.md`; a test keeps it current.

| Variable | Default | Meaning |
|---|---|---|
"""


def settings_markdown() -> str:
    """Return the page docs/settings.md."""
    rows = [
        f"| `{variable_of(name)}` | {_code(_default(field))} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def values_in_force(settings: Settings) -> list[tuple[str, str, bool]]:
    """Return each variable, its value as it may be shown, and whether somebody chose it."""
    return [
        (variable_of(name), _shown(getattr(settings, name)), name in settings.model_fields_set)
        for name in Settings.model_fields
    ]


def _default(field: FieldInfo) -> str:
    return _shown(field.get_default())


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return "(set)"
        case tuple():
            return ",".join(str(part) for part in cast("tuple[object, ...]", value))  # our Words
        case Path():
            return str(value)
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""

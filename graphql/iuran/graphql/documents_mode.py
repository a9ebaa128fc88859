"""Which documents a frontend may send: a setting, apart from what the edge needs to run."""

from enum import StrEnum


class DocumentsMode(StrEnum):
    """Which documents may be sent."""

    OFF = "off"
    """Texts only; there are no persisted documents."""
    HYBRID = "hybrid"
    """Texts, and the ids of persisted documents."""
    STRICT = "strict"
    """Persisted documents only; staff may send texts too."""

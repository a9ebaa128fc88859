"""How a connection to a mail server is encrypted: a setting, apart from what sends mail."""

from enum import StrEnum


class TlsMode(StrEnum):
    """How the connection to the mail server is encrypted."""

    NONE = "none"
    """Not at all: for a relay on the same machine, and for demonstrations."""
    STARTTLS = "starttls"
    """Upgraded after the greeting, or not used at all: usual on port 587."""
    IMPLICIT = "implicit"
    """From the first byte: usual on port 465."""

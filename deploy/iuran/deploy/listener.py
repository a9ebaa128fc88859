"""The socket that the server listens on, taken before anything else starts."""

import errno
import socket

from iuran.deploy.lines import cut_off_who_does_not_read
from iuran.deploy.settings import Settings, SettingsError


def listening(settings: Settings) -> socket.socket:
    """Return a listening socket; raises SettingsError, which says what to do."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        cut_off_who_does_not_read(listener)
        listener.listen(settings.backlog)
    except OSError as error:
        listener.close()
        raise _cannot_listen(settings, error) from error
    return listener


def _cannot_listen(settings: Settings, error: OSError) -> SettingsError:
    place = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return SettingsError(
            f"something listens on {place} already: stop it, or choose another port with --port"
        )
    return SettingsError(f"cannot listen on {place}: {error.strerror}; choose with --host, --port")

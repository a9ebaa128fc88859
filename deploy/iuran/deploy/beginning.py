"""What a process that serves does first."""

from iuran.deploy.logs import configure_logs
from iuran.deploy.parent import stop_with_parent
from iuran.deploy.running import settings_here
from iuran.deploy.settings import Settings


def begin(*, with_parent: bool, **chosen: object) -> Settings:
    """Return the settings, with logs as they say; `with_parent`, it ends when stdin does."""
    settings = settings_here(**chosen)
    configure_logs(settings)
    if with_parent:
        stop_with_parent()
    return settings

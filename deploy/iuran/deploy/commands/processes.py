"""`iuran serve` and `iuran worker`: the two processes of an installation."""

from typing import Annotated

import typer

from iuran.deploy.commands.options import DataOption
from iuran.deploy.logs import configure_logs
from iuran.deploy.parent import stop_with_parent
from iuran.deploy.running import settings_here

StopWithParentOption = Annotated[
    bool, typer.Option("--stop-with-parent", hidden=True, help="Stop when stdin ends.")
]


def serve_command(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on (IURAN_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (IURAN_PORT).")] = None,
    data: DataOption = None,
    with_parent: StopWithParentOption = False,
) -> None:
    """Serve banks and frontends over HTTP."""
    from iuran.deploy.server import serve  # noqa: PLC0415 - heavy, and only this command needs it

    settings = settings_here(data=data, host=host, port=port)
    configure_logs(settings)
    if with_parent:
        stop_with_parent()
    serve(settings)


def worker_command(*, data: DataOption = None, with_parent: StopWithParentOption = False) -> None:
    """Do what happens without being asked: billing, suspension, reminders."""
    from iuran.deploy.worker import work  # noqa: PLC0415 - heavy, and only this command needs it

    settings = settings_here(data=data)
    configure_logs(settings)
    if with_parent:
        stop_with_parent()
    work(settings)

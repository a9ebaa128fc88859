"""`iuran serve` and `iuran worker`: the two processes of an installation."""

from typing import Annotated

import typer

from iuran.deploy.commands.options import DataOption
from iuran.deploy.consoleless import consoleless

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
    with consoleless():
        from iuran.deploy.beginning import begin  # noqa: PLC0415 - heavy, and without a console
        from iuran.deploy.server import serve  # noqa: PLC0415 - as above

    serve(begin(with_parent=with_parent, data=data, host=host, port=port))


def worker_command(*, data: DataOption = None, with_parent: StopWithParentOption = False) -> None:
    """Do what happens without being asked: billing, suspension, reminders."""
    with consoleless():
        from iuran.deploy.beginning import begin  # noqa: PLC0415 - heavy, and without a console
        from iuran.deploy.worker import work  # noqa: PLC0415 - as above

    work(begin(with_parent=with_parent, data=data))

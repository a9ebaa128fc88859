"""`iuran up`: everything on one machine, and a page of what to try."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from iuran.deploy.commands.terminal import err, out, say
from iuran.deploy.logs import configure_logs
from iuran.deploy.reset import reset_data
from iuran.deploy.settings import SettingsError, load_settings
from iuran.deploy.up import Product, run_product
from iuran.deploy.welcome import lines_to_copy, places


def up_command(
    *,
    reset: Annotated[bool, typer.Option("--reset", help="Begin afresh: delete the data.")] = False,
    port: Annotated[int | None, typer.Option(help="Port to listen on (IURAN_PORT).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder (IURAN_DATA).")] = None,
    no_demo: Annotated[
        bool, typer.Option("--no-demo", help="No invented families and banks.")
    ] = False,
) -> None:
    """Run PostgreSQL, Redis, server, worker and a mailbox here, with demonstration data."""
    settings = load_settings(data=data, port=port)
    configure_logs(settings)
    if reset:
        if settings.database_url is not None:
            raise SettingsError("--reset deletes our own data only: unset DATABASE_URL")
        reset_data(settings.data)
    with _until_interrupted():
        run_product(
            settings,
            with_demo=not no_demo,
            note=lambda text: err.print(f"{text} ...", style="dim"),
            show=_show,
        )


def _show(product: Product) -> None:
    out.print(places(product))
    for line in lines_to_copy(product):
        say(line)
    out.file.flush()


@contextmanager
def _until_interrupted() -> Generator[None]:
    """Let SIGINT and SIGTERM end the block cleanly; while it ends, more of them change nothing."""
    is_stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        if not is_stopping:
            is_stopping = True
            err.print("\nStopping everything ...", style="dim")
            raise KeyboardInterrupt

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        err.print("Stopped. The data are kept; `iuran up` goes on with them.", style="dim")
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)

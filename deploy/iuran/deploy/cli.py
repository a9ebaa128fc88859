"""The `iuran` command."""

import signal
import sys

import asyncpg
import typer

from iuran.core.errors import DomainError
from iuran.deploy.commands import (
    autodebit,
    bills,
    capitation,
    channels,
    claims,
    clock,
    complaints,
    contacts,
    documents,
    employers,
    explain,
    facilities,
    families,
    fines,
    governments,
    jobs,
    plans,
    receipts,
    refunds,
    reminders,
    retail,
    settings,
    simulate,
    suspense,
    webhooks,
    write_offs,
)
from iuran.deploy.commands.doctor import doctor
from iuran.deploy.commands.figures import figures
from iuran.deploy.commands.mail import mail
from iuran.deploy.commands.migrate import migrate_command
from iuran.deploy.commands.processes import serve_command, worker_command
from iuran.deploy.commands.terminal import fail
from iuran.deploy.commands.token import token
from iuran.deploy.commands.up import up_command

INTERRUPTED = 128 + signal.SIGINT
LOOK_AROUND = "`iuran doctor` says what is wrong"
MEND_VALUES = "mend what was given; the same command with --help says what it takes"

app = typer.Typer(
    name="iuran",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="The open contribution engine for Indonesia's national health insurance (JKN).",
)
app.command("up")(up_command)
app.command("serve")(serve_command)
app.command("worker")(worker_command)
app.command("migrate")(migrate_command)
app.command("doctor")(doctor)
app.command("mail")(mail)
app.command("token")(token)
app.add_typer(clock.app, name="clock")
app.add_typer(channels.app, name="channels")
app.add_typer(retail.app, name="retail")
app.add_typer(autodebit.app, name="autodebit")
app.add_typer(simulate.app, name="simulate")
app.add_typer(families.app, name="families")
app.add_typer(bills.app, name="bills")
app.add_typer(plans.app, name="plans")
app.add_typer(documents.app, name="documents")
app.add_typer(explain.app, name="explain")
app.add_typer(employers.app, name="employers")
app.add_typer(governments.app, name="governments")
app.add_typer(receipts.app, name="receipts")
app.add_typer(refunds.app, name="refunds")
app.add_typer(suspense.app, name="suspense")
app.add_typer(write_offs.app, name="write-offs")
app.add_typer(facilities.app, name="facilities")
app.add_typer(capitation.app, name="capitation")
app.add_typer(fines.app, name="fines")
app.add_typer(claims.app, name="claims")
app.add_typer(complaints.app, name="complaints")
app.command("figures")(figures)
app.add_typer(reminders.app, name="reminders")
app.add_typer(contacts.app, name="contacts")
app.add_typer(jobs.app, name="jobs")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(settings.app, name="settings")


def main() -> None:
    """Run a command; what is expected to go wrong is said in one line, without a traceback."""
    try:
        app()
    except DomainError as error:
        _exit_saying(str(error))
    except OSError as error:
        _exit_saying(f"{error}; {LOOK_AROUND}")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _exit_saying(_said_by_the_database(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _said_by_the_database(error: asyncpg.PostgresError | asyncpg.InterfaceError) -> str:
    """Return its message and what to do, without the detail: that repeats rows with their NIK."""
    message = str(error.args[0]) if error.args else type(error).__name__
    is_about_values = isinstance(
        error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError | ValueError
    )
    return f"{message}; {MEND_VALUES if is_about_values else LOOK_AROUND}"


def _exit_saying(message: str) -> None:
    try:
        fail(message)
    except typer.Exit as done:
        sys.exit(done.exit_code)


if __name__ == "__main__":
    main()

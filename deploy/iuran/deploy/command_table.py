"""What `iuran` can do, by name; a command's module is loaded when it is that command's turn.

All of them together take seconds of CPU to load, one of them a fraction of one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

import typer

_COMMANDS = "iuran.deploy.commands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, or a group of them: where it stands, and its line in `iuran --help`."""

    module: str
    function: str | None = None
    """None for a group, which is its module's `app`."""
    about: str

    def add_to(self, app: typer.Typer, name: str) -> None:
        """Load it, and let `app` have it."""
        module = import_module(f"{_COMMANDS}.{self.module}")
        if self.function is None:
            group: typer.Typer = module.app
            app.add_typer(group, name=name)
        else:
            function: Callable[..., None] = getattr(module, self.function)
            app.command(name)(function)


def _group(module: str, about: str) -> Command:
    return Command(module=module, about=about)


TABLE: Mapping[str, Command] = MappingProxyType(
    {
        "up": Command(
            module="up",
            function="up_command",
            about="Run the whole product here, with demonstration data.",
        ),
        "serve": Command(
            module="processes",
            function="serve_command",
            about="Serve banks and frontends over HTTP.",
        ),
        "worker": Command(
            module="processes",
            function="worker_command",
            about="Do what happens without being asked: billing, suspension, reminders.",
        ),
        "migrate": Command(
            module="migrate",
            function="migrate_command",
            about="Bring the database up to date, as the owner of the schema. Safe to run twice.",
        ),
        "doctor": Command(
            module="doctor",
            function="doctor",
            about="Check settings, services, migrations, clock and ledger; exit 1 on FAIL.",
        ),
        "mail": Command(
            module="mail",
            function="mail",
            about="Show the newest letters that families were sent.",
        ),
        "token": Command(
            module="token",
            function="token",
            about="Issue a token for the GraphQL API (never in production).",
        ),
        "figures": Command(
            module="figures",
            function="figures",
            about="Show billed, collected, arrears, fines and held money of some days.",
        ),
        "clock": _group("clock", "Show or move the test clock (never in production)."),
        "channels": _group("channels", "Register banks and replace their credentials."),
        "retail": _group("retail", "Register aggregators and order payment codes."),
        "autodebit": _group("autodebit", "Let banks debit what families owe."),
        "simulate": _group("simulate", "Play banks and shops against a running server."),
        "families": _group("families", "Look at families, and register new ones."),
        "bills": _group("bills", "Run the monthly billing, and see what it made."),
        "plans": _group("plans", "Plans to pay arrears in monthly steps (REHAB)."),
        "documents": _group("documents", "Load and withdraw persisted GraphQL documents."),
        "explain": _group(
            "explain",
            "Say why a figure or a state is as it is: rules, amounts, dates, legal basis.",
        ),
        "employers": _group("employers", "Employers: register them, see what they owe."),
        "governments": _group(
            "governments", "Whom governments pay for, what they owe; 00 is central."
        ),
        "receipts": _group("receipts", "Receipts (struk): show, print, or send a link."),
        "refunds": _group("refunds", "Refunds out of a family's credit, by two persons."),
        "payer-refunds": _group(
            "payer_refunds", "Refunds out of an employer's or government's credit. Two persons."
        ),
        "suspense": _group("suspense", "Money that fits no account: see it, place it."),
        "write-offs": _group("write_offs", "Arrears that a law takes off the bill."),
        "facilities": _group("facilities", "Facilities of care: find, register, contract."),
        "capitation": _group("capitation", "Capitation of first-level facilities."),
        "fines": _group("fines", "Fines of inpatient stays: see them, book their money."),
        "claims": _group("claims", "Claims: verify them, decide them, pay them."),
        "complaints": _group("complaints", "Complaints: take them in, assign, answer."),
        "reminders": _group("reminders", "See and change when families are told what."),
        "contacts": _group("contacts", "How people want to be written to."),
        "jobs": _group("jobs", "See what the workers do; retry what they gave up."),
        "webhooks": _group("webhooks", "Tell other systems what happens; see how they answer."),
        "settings": _group("settings", "Show what can be set, and what is in force."),
    }
)


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the one command that `arguments` name first.

    The others are names with a line about them, for the help and for what is suggested instead of
    a mistyped one.
    """
    wanted = next((one for one in arguments if not one.startswith("-")), "")
    app = typer.Typer(
        name="iuran",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        help="The open contribution engine for Indonesia's national health insurance (JKN).",
    )
    for name, command in TABLE.items():
        if name == wanted:
            command.add_to(app, name)
        else:
            app.command(name, help=command.about)(_named_only)
    return app


def _named_only() -> None:
    """Stand for a command that nobody asks for; `app_for` loads the one that is asked for."""
    raise LookupError

"""`iuran settings`: what is in force, the table of all, and a new key."""

import typer

from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import write_json, write_table
from iuran.deploy.running import settings_here
from iuran.deploy.settings_table import settings_markdown, values_in_force
from iuran.payments.secrets import generate_installation_key

app = typer.Typer(no_args_is_help=True, help="Show what can be set, and what is in force.")


@app.command()
def show(*, data: DataOption = None, json: JsonOption = False) -> None:
    """Show the value of every setting; secrets only as (set)."""
    rows = values_in_force(settings_here(data=data))
    if json:
        write_json({variable: value for variable, value, _chosen in rows})
        return
    write_table(
        "Settings in force",
        ("Variable", "Value", "Chosen"),
        [(variable, value, "yes" if chosen else "") for variable, value, chosen in rows],
        wide="Value",
    )


@app.command()
def markdown() -> None:
    """Write the page docs/settings.md."""
    typer.echo(settings_markdown(), nl=False)


@app.command("new-key")
def new_key() -> None:
    """Make a key for IURAN_SECRET_KEYS."""
    typer.echo(generate_installation_key())

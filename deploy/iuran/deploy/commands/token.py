"""`iuran token`: tokens of the demo issuer, in development only."""

from typing import Annotated

import typer

from iuran.deploy.commands.options import DataOption
from iuran.deploy.running import settings_here
from iuran.deploy.tokens import demo_issuer
from iuran.graphql.demo_issuer import DEMO_FACILITY
from iuran.graphql.identity import Role

_IDS = "`iuran {} list` shows the ids"


def token(
    role: Annotated[Role, typer.Argument(help="Whose token.")] = Role.OPERATOR,
    *,
    family: Annotated[int | None, typer.Option(help="Family id, for a participant.")] = None,
    employer: Annotated[int | None, typer.Option(help="Employer id, for an employer.")] = None,
    facility: Annotated[str, typer.Option(help="Facility code, for a facility.")] = DEMO_FACILITY,
    data: DataOption = None,
) -> None:
    """Issue a token for the GraphQL API (never in production)."""
    issuer = demo_issuer(settings_here(data=data))
    if role is Role.PARTICIPANT and family is None:
        raise typer.BadParameter(f"whose? {_IDS.format('families')}", param_hint="--family")
    if role is Role.EMPLOYER and employer is None:
        raise typer.BadParameter(f"whose? {_IDS.format('employers')}", param_hint="--employer")
    typer.echo(issuer.issue(role, family_id=family, employer_id=employer, facility=facility))

"""`iuran token`: tokens of the demo issuer, in development only."""

from typing import Annotated

import typer

from iuran.deploy.commands.options import DataOption
from iuran.deploy.running import settings_here
from iuran.deploy.tokens import demo_issuer
from iuran.graphql.demo_issuer import DEMO_FACILITY
from iuran.graphql.identity import Role


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
        raise typer.BadParameter("a participant needs --family", param_hint="--family")
    typer.echo(issuer.issue(role, family_id=family, employer_id=employer, facility=facility))

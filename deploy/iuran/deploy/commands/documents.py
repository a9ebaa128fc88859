"""`iuran documents`: the operations that frontends may name by their ids."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.errors import InvalidInputError
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.graphql.manifests import checked_documents
from iuran.graphql.trusted_documents import (
    LoadedDocument,
    TrustedDocument,
    list_documents,
    load_documents,
    withdraw_document,
)

app = typer.Typer(no_args_is_help=True, help="Load and withdraw persisted GraphQL documents.")

ManifestArgument = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="Manifest of graphql-codegen, relay-compiler or Apollo, with SHA-256 hashes.",
    ),
]
IdArgument = Annotated[str, typer.Argument(help="Id of the document: sha256:...")]


@app.command()
def load(manifest: ManifestArgument, *, data: DataOption = None) -> None:
    """Check every document of a manifest and store them all, or none. Safe to run twice."""
    text = manifest.read_text(encoding="utf-8")
    found, new = run(_load(data, text))
    say(f"{len(found)} documents, {new} of them new. Servers know them within a minute.")


@app.command("list")
def list_(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List the documents that were loaded."""
    loaded = run(_list(data))
    if json:
        write_json([asdict(one) for one in loaded])
        return
    rows = [(one.name, one.id[:19] + "...", _state(one)) for one in loaded]
    write_table("Persisted documents", ("Operation", "Id", "State"), rows, wide="Operation")


@app.command()
def withdraw(id_: IdArgument, *, data: DataOption = None) -> None:
    """Take a document away; servers stop knowing it within a minute."""
    if not run(_withdraw(data, id_)):
        raise InvalidInputError(
            "id", "no such document is loaded; see `iuran documents list --json`"
        )
    say(f"{id_} is withdrawn.")


def _state(document: LoadedDocument) -> str:
    return "loaded" if document.withdrawn_at is None else "withdrawn"


async def _load(data: Path | None, manifest: str) -> tuple[list[TrustedDocument], int]:
    async with open_desk(data) as desk:
        found = checked_documents(manifest, desk.settings.limits)
        async with desk.connection.transaction():
            new = await load_documents(desk.connection, found, at=datetime.now(UTC))
    return found, new


async def _list(data: Path | None) -> list[LoadedDocument]:
    async with open_desk(data) as desk:
        return await list_documents(desk.connection)


async def _withdraw(data: Path | None, id_: str) -> bool:
    async with open_desk(data) as desk:
        return await withdraw_document(desk.connection, id_, at=datetime.now(UTC))

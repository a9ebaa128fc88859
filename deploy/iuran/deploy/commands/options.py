"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder of `iuran up` (IURAN_DATA).", show_default="data"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, for machines.")]
FullOption = Annotated[
    bool, typer.Option("--full", help="Show whole numbers; be careful whom you show them to.")
]
ByOption = Annotated[
    str, typer.Option("--by", help="Who does it; somebody else approves.", show_default=False)
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.", show_default=False)]
LimitOption = Annotated[int, typer.Option(min=1, max=500, help="How many.")]

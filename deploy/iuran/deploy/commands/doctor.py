"""`iuran doctor`: whether the installation works, and what to do if not."""

from pathlib import Path

import typer
from rich.markup import escape

from iuran.deploy.checkup import Finding, Verdict, check_up
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import out, run, write_json
from iuran.deploy.running import settings_here

_COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def doctor(*, data: DataOption = None, json: JsonOption = False) -> None:
    """Check settings, database, Redis, migrations, clock, channels and ledger; exit 1 on FAIL."""
    findings = run(_findings(data))
    if json:
        write_json(
            [
                {"part": f.part, "verdict": f.verdict, "found": f.found, "advice": f.advice}
                for f in findings
            ]
        )
    else:
        _write(findings)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(1)


async def _findings(data: Path | None) -> list[Finding]:
    return [finding async for finding in check_up(settings_here(data=data))]


def _write(findings: list[Finding]) -> None:
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        line = f"[{colour}]{finding.verdict:<4}[/]  {finding.part:<11} {escape(finding.found)}"
        out.print(line, soft_wrap=True)
        if finding.advice:
            out.print(f"      {'':<11} {escape(finding.advice)}", style="dim", soft_wrap=True)

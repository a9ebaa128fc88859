"""The table of a scenario: filled while it is played, and judged at its end."""

from rich import box
from rich.table import Table
from rich.text import Text

from iuran.payments.simulation.scenario import Scenario, Step
from iuran.payments.simulation.tally import StepTally, Tally

COLUMNS = ("", "Who", "Does", "Calls", "Heard", "p50 ms", "p99 ms", "")


def scenario_table(scenario: Scenario, tally: Tally, *, runs: int) -> Table:
    """Return how far the runs are, a row for each step."""
    title = f"{scenario.title} ({tally.runs} of {runs} runs)"
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in COLUMNS:
        is_number = name in {"Calls", "p50 ms", "p99 ms"}
        table.add_column(name, justify="right" if is_number else "left", no_wrap=name != "Heard")
    for number, step in enumerate(scenario.steps, start=1):
        found = tally.steps.get(number, StepTally())
        table.add_row(
            str(number),
            step.actor,
            described(step),
            str(found.calls),
            ", ".join(f"{code} x{count}" for code, count in found.codes.most_common()),
            f"{found.milliseconds(50):.1f}",
            f"{found.milliseconds(99):.1f}",
            verdict(found),
        )
    return table


def described(step: Step) -> str:
    """Return what a step does in a few words."""
    words = [
        step.do.value,
        step.payment,
        "(advice)" if step.advice else "",
        "(hangs up)" if step.hangs_up else "",
        "(wrongly signed)" if step.wrong_signature else "",
        step.amount if step.amount != "owed" else "",
        step.status if step.status != "paid" else "",
    ]
    return " ".join(word for word in words if word)


def verdict(found: StepTally) -> Text:
    """Return how a step went so far."""
    if not found.calls:
        return Text("waiting", style="dim")
    if found.failures:
        return Text(f"{found.failures} WRONG", style="bold red")
    return Text("as it should", style="green")

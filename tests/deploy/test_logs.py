import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import date

import pytest
import structlog

from iuran.deploy.logs import configure_logs
from iuran.deploy.settings import load_settings

NIK = "9901014507900001"
Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything logged, as JSON; the logging of the test run is put back afterwards."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logs(load_settings(log_format="json", log_level="debug"), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_numbers_are_masked_wherever_they_hide(lines: Lines) -> None:
    structlog.get_logger().info(
        "family.read",
        nik=NIK,
        nested={"list": [f"nik {NIK}", {"deep": (NIK,)}], NIK: 1},
        whole=int(NIK),
        amount=150_000_000,
        family_id=7,
        other=ValueError(NIK),
    )

    (line,) = lines()

    assert NIK not in json.dumps(line)
    assert line["nik"] == "************0001"
    assert line["amount"] == 150_000_000
    assert line["family_id"] == 7


def test_tracebacks_are_masked(lines: Lines) -> None:
    try:
        date.fromisoformat(NIK)
    except ValueError:
        structlog.get_logger().exception("crashed")
        logging.getLogger("library").exception("crashed with %s", NIK)

    ours, theirs = lines()

    for line in (ours, theirs):
        assert NIK not in json.dumps(line)
        assert "************0001" in str(line["exception"])


def test_libraries_go_through_the_same_pipe(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="abcdefgh"):
        logging.getLogger("uvicorn.error").warning("number %s", NIK)

    (line,) = lines()

    assert line["event"] == "number ************0001"
    assert line["level"] == "warning"
    assert line["request_id"] == "abcdefgh"


def test_endless_nesting_ends(lines: Lines) -> None:
    nested: list[object] = []
    nested.append(nested)

    structlog.get_logger().info("odd", nested=nested)

    assert len(lines()) == 1

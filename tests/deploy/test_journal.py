"""The lines of operations take a shorter way than others, and say the same."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from iuran.deploy.logs import configure_logs, operation_journal
from iuran.deploy.settings import load_settings
from iuran.graphql import journal
from iuran.graphql.identity import Role
from iuran.graphql.journal import Note, log_note

NIK = "9901014507900001"
NOTE = Note("request-1", "Bills", "auditor", "OK", 200, 1.5, 1, None)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(journal, "_log", structlog.get_logger())
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logs(load_settings(log_format="json"), stream=stream)
    yield stream
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def _taken(stream: io.StringIO) -> dict[str, object]:
    line: dict[str, str] = json.loads(stream.getvalue())
    stream.seek(0)
    stream.truncate()
    assert abs(datetime.fromisoformat(line.pop("timestamp")) - datetime.now(UTC)).days == 0
    return dict[str, object](line)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    note=st.builds(
        Note,
        request_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,40}", fullmatch=True),
        operation=st.text(max_size=100) | st.just(f"Bills of {NIK}"),
        role=st.sampled_from([*Role, "nobody"]),
        code=st.sampled_from(["OK", "INTERNAL"]),
        status=st.integers(100, 599),
        milliseconds=st.floats(0, 1e6).map(lambda value: round(value, 1)),
        statements=st.integers(0, 1_000),
        cost=st.none() | st.integers(0, 5_000),
    )
)
def test_the_short_way_says_what_the_long_way_says(stream: io.StringIO, note: Note) -> None:
    log_note(note)
    long_way = _taken(stream)

    operation_journal(load_settings(log_format="json"), stream=stream)(note)

    assert _taken(stream) == long_way
    assert NIK not in str(long_way)


def test_a_line_is_short_of_nothing_but_time(stream: io.StringIO) -> None:
    write = operation_journal(load_settings(log_format="json"), stream=stream)

    write(NOTE)

    assert _taken(stream) == {
        "request_id": "request-1",
        "operation": "Bills",
        "role": "auditor",
        "code": "OK",
        "status": 200,
        "milliseconds": 1.5,
        "statements": 1,
        "cost": None,
        "event": "graphql.operation",
        "level": "info",
    }


def test_a_line_that_cannot_be_written_costs_nobody_his_answer(stream: io.StringIO) -> None:
    # given
    before = REGISTRY.get_sample_value("iuran_log_lines_lost_total") or 0
    journal_to_it = operation_journal(load_settings(log_format="json"), stream=stream)
    stream.close()

    # when
    log_note(NOTE)
    journal_to_it(NOTE)

    # then
    assert REGISTRY.get_sample_value("iuran_log_lines_lost_total") == before + 2


@pytest.mark.parametrize(
    "chosen", [{"log_format": "text"}, {"log_format": "json", "log_level": "warning"}]
)
def test_who_wants_other_lines_gets_them_the_long_way(chosen: dict[str, object]) -> None:
    assert operation_journal(load_settings(**chosen)) is log_note

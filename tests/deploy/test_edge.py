import io
import logging
from collections.abc import AsyncGenerator, Iterator

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from iuran.deploy import edge
from iuran.deploy.edge import Edge, request_id_of
from iuran.deploy.logs import configure_logs
from iuran.deploy.settings import load_settings

NIK = "9901014507900001"


async def _crash(_request: Request) -> Response:
    raise RuntimeError(f"cannot read {NIK}")


async def _fine(_request: Request) -> Response:
    return Response("fine")


@pytest.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    app = Starlette(
        routes=[Route("/crash", _crash), Route("/families/{number}", _fine)],
        middleware=[Middleware(Edge)],
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(edge, "_log", structlog.get_logger())  # a used one keeps its first stream
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logs(load_settings(log_format="json"), stream=stream)
    yield stream
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def _requests(route: str, status: int) -> float:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("iuran_http_requests_total", labels) or 0.0


async def test_a_crash_is_masked_answered_and_counted(
    http: httpx.AsyncClient, log: io.StringIO
) -> None:
    before = _requests("/crash", 500)

    answer = await http.get("/crash", headers={"X-Request-ID": "from-the-proxy-1"})

    assert answer.status_code == 500
    assert answer.json()["code"] == "INTERNAL"
    assert answer.json()["requestId"] == answer.headers["X-Request-ID"] == "from-the-proxy-1"
    assert NIK not in answer.text
    assert "************0001" in log.getvalue()
    assert NIK not in log.getvalue()
    assert log.getvalue().count('"request_id": "from-the-proxy-1"') == 2
    assert _requests("/crash", 500) == before + 1


async def test_figures_and_lines_know_routes_and_not_paths(
    http: httpx.AsyncClient, log: io.StringIO
) -> None:
    before = _requests("/families/{number}", 200), _requests("unmatched", 404)

    await http.get(f"/families/{NIK}")
    await http.get(f"/nowhere/{NIK}")

    after = _requests("/families/{number}", 200), _requests("unmatched", 404)
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
    assert NIK not in log.getvalue()


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "short",
        "x" * 129,
        "with blanks in",
        "line\nbreak-in-it",
        f"id-{NIK}",
        "-starts-bad",
    ],
)
def test_an_odd_request_id_is_replaced_by_letters(given: str | None) -> None:
    made = request_id_of(given)

    assert made != given
    assert made.isalpha()
    assert len(made) == 16


def test_a_sane_request_id_is_kept() -> None:
    for given in ("0b6f3c1e-4d2a-4b8e-9c3f-a1b2c3d4e5f6", "Root.1-abc:def_0"):
        assert request_id_of(given) == given

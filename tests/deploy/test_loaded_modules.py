"""What a server holds in memory: no module that it never needs (docs/performance.md, Memory)."""

import signal
from pathlib import Path

import httpx
import pytest

from iuran.deploy.embedded import EmbeddedServices
from iuran.deploy.tokens import ISSUER_KEY_FILE
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role
from tests.deploy.processes import a_free_port
from tests.journeys.test_a_killed_server import a_server

QUESTION = {"query": "{ employers(first: 1) { nodes { id name } } }"}
PAGES = ("/", "/readyz", "/metrics", "/.well-known/jwks.json", "/graphiql")

TELLS_AT_ITS_END = """
import atexit, pathlib, sys
from iuran.deploy import cli

told = pathlib.Path(sys.argv.pop())
atexit.register(lambda: told.write_text("\\n".join(sys.modules)))
sys.argv[1:] = ["serve"]
cli.main()
"""
"""`iuran serve` that leaves word of what it has loaded."""

NOT_FOR_SERVERS = {
    "PIL": "pictures of a receipt's PDF: who asks for one",
    "aiosmtplib": "letters are sent by workers",
    "arq": "jobs are done by workers",
    "email.headerregistry": "letters are written by workers",
    "fpdf": "a receipt's PDF: who asks for one",
    "holidays": "the calendars of all countries: who asks for a working day",
    "iuran.deploy.demo": "the demonstration is told by `iuran up`",
    "iuran.deploy.embedded.mailbox": "the mailbox is run by `iuran up`",
    "iuran.payments.simulation": "simulated banks are played by `iuran simulate` and `iuran up`",
    "iuran.workers.runner": "what happens without being asked is the workers'",
    "jinja2": "a receipt's page: who asks for one",
    "phonenumbers": "messages are sent by workers",
    "pygments": "colours for a terminal; httpx takes it where it finds it",
    "rich": "tables for a terminal; structlog and httpx take it where they find it",
    "strawberry.asgi": "strawberry's server; ours stands in its place",
    "strawberry.cli": "strawberry's commands",
    "websockets.client": "sockets are opened by frontends",
}


@pytest.mark.usefixtures("pool")
async def test_a_server_loads_no_module_that_it_never_needs(
    database_url: str, services: EmbeddedServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    told, port = tmp_path / "loaded", a_free_port()
    program = ("-c", TELLS_AT_ITS_END, str(told))
    monkeypatch.setenv("REDIS_URL", services.redis_url)

    # when a server has answered frontends and supervisors, and ends
    async with (
        a_server(database_url, tmp_path, port, program=program) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        token = DemoIssuer(tmp_path / ISSUER_KEY_FILE).issue(Role.AUDITOR)
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await http.post("/graphql", json=QUESTION, headers=bearer)
        pages = [(await http.get(page)).status_code for page in PAGES]
        process.send_signal(signal.SIGTERM)
        await process.wait()

    # then
    loaded = told.read_text().splitlines()
    assert answer.json()["data"] == {"employers": {"nodes": []}}
    assert pages == [200] * len(PAGES)
    assert "strawberry" in loaded
    assert {name: why for name, why in NOT_FOR_SERVERS.items() if name in loaded} == {}

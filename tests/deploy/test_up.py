"""`iuran up` as a newcomer meets it. The tests share one start and run in their order."""

import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from iuran.graphql.identity import Role
from tests.conftest import PATIENCE_SECONDS
from tests.deploy.processes import (
    Up,
    a_free_port,
    clean_environment,
    iuran,
    processes_of,
    start_up,
)

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the newcomer stands; not under pytest's own folder, which others re-close."""
    path = Path(tempfile.mkdtemp(prefix="iuran-test-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def port() -> int:
    return a_free_port()


@pytest.fixture(scope="module")
def up(folder: Path, port: int) -> Iterator[Up]:
    running = start_up(folder, "--port", str(port))
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def stopped(up: Up, folder: Path) -> Path:
    """The data of an instance that ran here and runs no more."""
    if up.process.poll() is None:
        up.stop()
    return folder / "data"


def paste(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_box_says_where_to_look(up: Up, port: int) -> None:
    text = "\n".join(up.lines)

    assert f"http://127.0.0.1:{port}/" in text
    for role in ("participant", "facility", "operator", "auditor", "developer"):
        assert any(line.startswith(f"{role} ") and " eyJ" in line for line in up.lines)
    assert any(line.startswith("client secret ") for line in up.lines)


def test_pages_answer(up: Up, port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        landing, graphiql, ready = http.get("/"), http.get("/graphiql"), http.get("/readyz")
        figures, keys = http.get("/metrics"), http.get("/.well-known/jwks.json")

    assert "default-src 'none'" in landing.headers["content-security-policy"]
    assert "/graphiql" in landing.text
    assert graphiql.status_code == 200
    assert ready.json() == {"status": "ready", "checks": {"database": "ok", "redis": "ok"}}
    assert "iuran_http_requests_total" in figures.text
    assert len(keys.json()["keys"]) == 1
    assert up.process.poll() is None


def test_graphiql_is_given_a_token_for_every_role(up: Up, port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        offered = http.get("/graphiql/demo-tokens").json()
        stranger = http.get("/graphiql/demo-tokens", headers={"host": "rebound.example"}).json()
        roles = [
            http.post(
                "/graphql",
                json={"query": "{ viewer { role } }"},
                headers={"authorization": f"Bearer {one['token']}"},
            ).json()["data"]["viewer"]["role"]
            for one in offered
        ]

    assert up.process.poll() is None
    assert roles == [one["role"] for one in offered]
    assert set(roles) == {role.name for role in Role}
    assert roles.count("PARTICIPANT") > 3
    assert stranger == []


def test_the_three_commands_work_as_printed(up: Up, folder: Path) -> None:
    first = paste(up.line_after("1. "), folder)
    second = paste(up.line_after("2. "), folder)
    third = paste(up.line_after("3. "), folder)

    assert first.returncode == 0, first.stdout + first.stderr
    assert "2002500" in first.stdout
    membership = json.loads(second.stdout)["data"]["family"]["membership"]
    assert membership["state"] == "ACTIVE"
    assert date.fromisoformat(membership["fineWindow"]["lastDay"]) > date(2026, 1, 1)
    assert third.returncode == 0, third.stdout + third.stderr
    assert "Subject " in third.stdout


def test_a_new_bank_can_pay_at_once(up: Up, folder: Path) -> None:
    data = folder / "data"
    bank = data / "banks" / "BANK_UJI"

    added = iuran(
        "channels", "add", "BANK_UJI", "--generate-key", str(bank), "--json", folder=folder
    )
    told = json.loads(added.stdout)
    (bank / "bank.json").write_text(
        json.dumps(
            {
                "code": "BANK_UJI",
                "client_id": told["clientId"],
                "partner_id": told["partnerId"],
                "client_secret": told["clientSecret"],
                "va_prefix": "88888",
            }
        )
    )
    va = up.line_after("1. ").split()[-1]
    paid = iuran(
        "simulate", "pay", "--va", va, "--channel", "BANK_UJI", "--twice", "--json", folder=folder
    )
    listed = json.loads(iuran("channels", "list", "--json", folder=folder).stdout)

    assert [call["responseCode"] for call in json.loads(paid.stdout)] == [
        "2002400",
        "2002500",
        "4042518",
    ]
    assert {channel["code"] for channel in listed} == {"DEMO_BCA", "DEMO_MANDIRI", "BANK_UJI"}
    assert told["clientSecret"] not in iuran("channels", "list", "--json", folder=folder).stdout


def test_what_must_be_refused_is_refused(up: Up, folder: Path) -> None:
    iuran("clock", "advance", "1", "month", folder=folder)
    va = up.line_after("1. ").split()[-1]

    for option, code in (
        ("--wrong-signature", "4012400"),
        ("--unknown-va", "4042512"),
        ("--wrong-amount", "4042513"),
    ):
        played = iuran("simulate", "pay", "--va", va, option, "--json", folder=folder)
        assert played.returncode == 0, played.stderr
        assert json.loads(played.stdout)[-1]["responseCode"] == code

    two = iuran("simulate", "pay", "--va", va, "--two-banks", "--json", folder=folder)
    codes = sorted(call["responseCode"] for call in json.loads(two.stdout))
    assert codes == ["2002400", "2002500", "4042514"]
    nothing = iuran("simulate", "pay", "--va", va, folder=folder)
    assert nothing.returncode == 1
    assert "4042414" in nothing.stderr
    assert up.process.poll() is None


def test_families_are_found_by_any_number_and_masked(up: Up, folder: Path) -> None:
    va = up.line_after("1. ").split()[-1]

    masked = iuran("families", "show", va, "--json", folder=folder)
    whole = iuran("families", "show", va, "--json", "--full", folder=folder)
    people = iuran("families", "list", folder=folder)
    unknown = iuran("families", "show", "9901019999999999", folder=folder)

    assert va not in masked.stdout
    assert va in whole.stdout
    assert json.loads(masked.stdout)["membership"] == "ACTIVE"
    assert "SUSPENDED" in people.stdout
    assert unknown.returncode == 1
    assert "9901019999999999" not in unknown.stderr
    assert up.process.poll() is None


def test_doctor_finds_the_product_well(up: Up, folder: Path) -> None:
    examined = iuran("doctor", "--json", folder=folder)

    findings = {one["part"]: one["verdict"] for one in json.loads(examined.stdout)}
    assert examined.returncode == 0
    assert findings.pop("test clock") == "WARN"
    assert set(findings.values()) == {"OK"}
    assert "ledger" in findings
    assert up.process.poll() is None


def test_a_second_one_on_the_folder_or_the_port_is_told_so(up: Up, folder: Path, port: int) -> None:
    same_port = iuran("up", "--port", str(port), "--data", "other", folder=folder)
    same_folder = iuran("up", "--port", str(a_free_port()), folder=folder)
    reset = iuran("up", "--reset", "--port", str(a_free_port()), folder=folder)

    assert same_port.returncode == same_folder.returncode == reset.returncode == 1
    assert f"127.0.0.1:{port} already" in same_port.stderr
    assert f"another iuran (process {up.process.pid}) runs on" in same_folder.stderr
    assert "another iuran" in reset.stderr
    assert "Traceback" not in same_port.stderr + same_folder.stderr + reset.stderr


def test_a_killed_one_leaves_no_server_and_the_next_goes_on(
    up: Up, folder: Path, port: int
) -> None:
    before = json.loads(iuran("families", "list", "--json", folder=folder).stdout)
    server = next(pid for pid in processes_of(folder / "data") if " serve " in pid)

    up.stop(signal.SIGKILL)
    _await_end(int(server.split()[0]))
    again = start_up(folder, "--port", str(port))
    after = json.loads(iuran("families", "list", "--json", folder=folder).stdout)
    status = again.stop(signal.SIGTERM)

    assert after == before
    assert status == 0


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z"):
            return
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.usefixtures("stopped")
def test_ctrl_c_leaves_nothing_running(folder: Path, port: int) -> None:
    running = start_up(folder, "--port", str(port))
    assert len(processes_of(folder / "data")) >= 4

    status = running.stop(signal.SIGINT)

    assert status == 0
    assert processes_of(folder / "data") == set()
    assert not (folder / "data" / "running.json").exists()


def test_reset_begins_afresh_but_spares_what_is_not_ours(
    stopped: Path, folder: Path, port: int
) -> None:
    stranger = stopped / "thesis.txt"
    stranger.write_text("years of work")

    refused = iuran("up", "--reset", "--port", str(port), folder=folder)
    stranger.unlink()
    running = start_up(folder, "--reset", "--port", str(port), "--no-demo")
    families = iuran("families", "list", "--json", folder=folder)
    running.stop()

    assert refused.returncode == 1
    assert "thesis.txt" in refused.stderr
    assert json.loads(families.stdout) == []


def test_reset_does_not_delete_a_folder_of_somebody_else(tmp_path: Path) -> None:
    theirs = tmp_path / "photos"
    theirs.mkdir()
    (theirs / "holiday.jpg").write_bytes(b"\xff\xd8")

    refused = iuran(
        "up", "--reset", "--data", str(theirs), "--port", str(a_free_port()), folder=tmp_path
    )

    assert refused.returncode == 1
    assert "was not made by" in refused.stderr
    assert [file.name for file in theirs.iterdir()] == ["holiday.jpg"]

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from iuran.deploy.embedded import EmbeddedServiceError, embedded_services
from iuran.deploy.embedded import folder as data_folder
from iuran.deploy.embedded.folder import held_data_folder, is_ours
from iuran.deploy.embedded.orphans import is_alive, stop_orphan
from iuran.deploy.reset import reset_data
from iuran.workers.redis_line import ping
from tests.deploy.processes import clean_environment, iuran, processes_of

QUICK = {"fsync": "off", "max_connections": "20"}

START = """
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from iuran.deploy.embedded import embedded_services
with embedded_services(Path(sys.argv[1])) as services:
    print(services.database_url, flush=True)
    sys.stdin.read(1)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not under pytest's own folder, which other test runs re-close."""
    path = Path(tempfile.mkdtemp(prefix="iuran-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def _kept_words(database_url: str, word: str | None = None) -> list[str]:
    async def ask() -> list[str]:
        connection = await asyncpg.connect(database_url)
        try:
            await connection.execute("CREATE TABLE IF NOT EXISTS word (word text)")
            if word is not None:
                await connection.execute("INSERT INTO word VALUES ($1)", word)
            return [row["word"] for row in await connection.fetch("SELECT word FROM word")]
        finally:
            await connection.close()

    return asyncio.run(ask())


def _started(
    folder: Path, *, user: int | None = None, python: str = sys.executable
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-c", START, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment({"HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}),
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )


def _python_for(user: int) -> str | None:
    """An interpreter that a plain user may run; ours may stand in a closed home."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{ours}"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [python, "-c", "import asyncpg, iuran.deploy.embedded"],
                env=clean_environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
                cwd="/",
                user=user,
                check=True,
                capture_output=True,
            )
            return python
    return None


def test_data_outlive_a_start_and_sockets_are_all_that_listens(folder: Path) -> None:
    data = folder / "data"

    with embedded_services(data, postgres_settings=QUICK) as services:
        _kept_words(services.database_url, "first")
        asyncio.run(ping(services.redis_url))
        listeners = Path("/proc/net/tcp").read_text()
    with embedded_services(data, postgres_settings=QUICK) as services:
        words = _kept_words(services.database_url, "second")

    assert words == ["first", "second"]
    assert ":1538 " not in listeners.replace(" 0A ", "")  # 5432
    assert processes_of(data) == set()


def test_nobodys_postgres_variables_reach_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    monkeypatch.setenv("PGDATA", "/nowhere")

    with embedded_services(folder / "data", postgres_settings=QUICK) as services:
        monkeypatch.delenv("PGOPTIONS")

        assert _kept_words(services.database_url, "here") == ["here"]


def test_long_and_odd_paths_get_short_sockets(folder: Path) -> None:
    data = folder / ("a long, odd 'path' " * 4) / "data"

    with embedded_services(data, postgres_settings=QUICK) as services:
        words = _kept_words(services.database_url, "here")
        asyncio.run(ping(services.redis_url))

        sockets = Path(parse_qs(urlsplit(services.database_url).query)["host"][0])

    assert words == ["here"]
    assert len(str(sockets)) < 40
    assert not sockets.exists()


def test_what_a_killed_run_left_is_stopped_and_its_data_used(folder: Path) -> None:
    data = folder / "data"
    killed = _started(data)
    assert killed.stdout is not None
    database_url = killed.stdout.readline().strip()
    _kept_words(database_url, "before")
    killed.kill()
    killed.communicate()
    orphans = {int(process.split()[0]) for process in processes_of(data)}

    with embedded_services(data, postgres_settings=QUICK) as services:
        words = _kept_words(services.database_url)

    assert orphans
    assert words == ["before"]
    assert not any(is_alive(pid) for pid in orphans)


@pytest.mark.parametrize("text", ["", "garbage", "{pid}\n/nowhere\n", "999999999\n"])
def test_a_stale_pid_file_neither_stops_us_nor_kills_a_stranger(folder: Path, text: str) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "100"], cwd="/")
    pid_file = folder / "postmaster.pid"
    pid_file.write_text(text.format(pid=stranger.pid))

    stopped = stop_orphan(pid_file, folder=folder, gently=signal.SIGINT)
    lives = stranger.poll() is None
    stranger.kill()
    stranger.wait()

    assert stopped is None
    assert lives
    assert not pid_file.exists()


def test_a_half_made_cluster_is_made_again(folder: Path) -> None:
    half = folder / "data" / "postgres.unfinished"
    with data_folder.held_data_folder(folder / "data"):
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")

    with embedded_services(folder / "data", postgres_settings=QUICK) as services:
        assert _kept_words(services.database_url, "whole") == ["whole"]

    assert not half.exists()


def test_a_cluster_of_another_version_is_refused_with_advice(folder: Path) -> None:
    with data_folder.held_data_folder(folder / "data"):
        (folder / "data" / "postgres").mkdir()
        (folder / "data" / "postgres" / "PG_VERSION").write_text("12\n")

    with (
        pytest.raises(EmbeddedServiceError, match=r"PostgreSQL 12, this is 18.*--reset"),
        embedded_services(folder / "data"),
    ):
        pass


def test_two_at_once_on_one_folder_are_refused(folder: Path) -> None:
    with (
        data_folder.held_data_folder(folder / "data"),
        pytest.raises(EmbeddedServiceError, match=rf"process {os.getpid()}\) runs on"),
        embedded_services(folder / "data"),
    ):
        pass

    assert not data_folder.is_held(folder / "data")


def test_a_full_disk_is_said_before_anything_starts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "DISK_FREE_MIN_BYTES", 2**62)

    with (
        pytest.raises(EmbeddedServiceError, match="MiB are free under"),
        embedded_services(folder / "data"),
    ):
        pass

    assert not (folder / "data" / "postgres").exists()


def test_a_folder_with_strangers_files_is_refused(folder: Path) -> None:
    (folder / "thesis.txt").write_text("years of work")

    with (
        pytest.raises(EmbeddedServiceError, match="not ours; choose an empty folder"),
        embedded_services(folder),
    ):
        pass
    with pytest.raises(EmbeddedServiceError, match="was not made by"):
        reset_data(folder)

    assert (folder / "thesis.txt").exists()


def test_keys_that_a_token_was_signed_with_are_no_strangers(tmp_path: Path) -> None:
    before = iuran("token", folder=tmp_path).stdout
    key = tmp_path / "data" / "keys" / "issuer.pem"
    made = key.read_bytes()

    with held_data_folder(tmp_path / "data") as folder:
        assert is_ours(folder)

    assert before
    assert key.read_bytes() == made


def test_a_folder_of_other_keys_is_a_strangers(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "id_ed25519").write_text("not ours")

    with pytest.raises(EmbeddedServiceError, match="not ours"), held_data_folder(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make others pass")
def test_root_lets_postgres_pass_and_nothing_more(folder: Path) -> None:
    folder.chmod(0o700)

    with embedded_services(folder / "data", postgres_settings=QUICK):
        parent, data = (path.stat().st_mode & 0o777 for path in (folder, folder / "data"))
        cluster = (folder / "data" / "postgres").stat()

    assert (parent, data) == (0o701, 0o711)
    assert cluster.st_mode & 0o777 == 0o700
    assert cluster.st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="we are a plain user already")
def test_a_plain_user_can_start_it(folder: Path) -> None:
    nobody = 65534
    python = _python_for(nobody)
    if python is None:
        pytest.skip("no interpreter here that a plain user may run")
    os.chown(folder, nobody, nobody)

    started = _started(folder / "data", user=nobody, python=python)
    assert started.stdout is not None
    database_url = started.stdout.readline().strip()
    owner = (folder / "data" / "postgres").stat().st_uid if database_url else None
    _, errors = started.communicate("q", timeout=60)

    assert started.returncode == 0, errors
    assert owner == nobody
    assert (folder / "data").stat().st_mode & 0o777 == 0o700
    assert processes_of(folder / "data") == set()

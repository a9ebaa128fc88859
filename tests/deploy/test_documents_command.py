"""`iuran documents`, as a build would run it."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.deploy.processes import iuran

TEXT = "query Me { viewer { role } }"
HASH = sha256(TEXT.encode()).hexdigest()


@pytest.mark.usefixtures("pool")  # an empty database
def test_documents_are_loaded_listed_and_withdrawn(
    tmp_path: Path, services_environment: dict[str, str]
) -> None:
    manifest = tmp_path / "persisted-documents.json"
    manifest.write_text(json.dumps({HASH: TEXT}))

    def run(*arguments: str) -> tuple[int, str]:
        done = iuran("documents", *arguments, folder=tmp_path, environment=services_environment)
        return done.returncode, done.stdout + done.stderr

    first, again = run("load", str(manifest)), run("load", str(manifest))
    listed = run("list")
    withdrawn, unknown = run("withdraw", f"sha256:{HASH}"), run("withdraw", f"sha256:{HASH}")
    told = json.loads(run("list", "--json")[1])

    assert (first[0], again[0], listed[0], withdrawn[0], unknown[0]) == (0, 0, 0, 0, 1)
    assert "1 documents, 1 of them new" in first[1]
    assert "0 of them new" in again[1]
    assert "Me" in listed[1]
    assert "no such document" in unknown[1]
    assert told[0]["withdrawn_at"] is not None


@pytest.mark.usefixtures("pool")
def test_a_manifest_that_cannot_be_used_loads_nothing(
    tmp_path: Path, services_environment: dict[str, str]
) -> None:
    bad = "{ nothing }"
    manifest = tmp_path / "persisted-documents.json"
    manifest.write_text(json.dumps({HASH: TEXT, sha256(bad.encode()).hexdigest(): bad}))

    load = iuran(
        "documents", "load", str(manifest), folder=tmp_path, environment=services_environment
    )
    listed = iuran("documents", "list", "--json", folder=tmp_path, environment=services_environment)

    assert load.returncode == 1
    assert "Cannot query field 'nothing'" in load.stderr
    assert json.loads(listed.stdout) == []


@pytest.fixture
def services_environment(database_url: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url}

"""pgbench, as the embedded PostgreSQL ships it: a client in C, so that the database is timed."""

import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from iuran.core.database.pool import APPLICATION_SETTINGS
from iuran.deploy.embedded.postgres import programs_folder

CLIENTS = 4

TINY = """
INSERT INTO outbox (family_id, kind, payload, occurred_at)
VALUES (:client_id, 'x', '{}', '2026-02-05 10:00+07');
"""

SETTLE = r"""
\set n :n + 1
\set first 1 + :base + (:client_id * :per_client + :n) * :together
\set last :first + :together - 1
SELECT verdict, result, detail FROM settle_payments(ARRAY(
    SELECT ROW(1, g::text, 'PG-' || g, right(lpad((g * 10 + 1)::text, 13, '0'), 11), 105000,
               '2026-02-05 10:00+07', '/snap/v1.0/transfer-va/payment',
               '{"x-timestamp": "2026-02-05T10:00:00+07:00", "x-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}',
               convert_to(repeat('x', 650), 'UTF8'))::payment_instruction
    FROM generate_series(:first::bigint, :last::bigint) AS g
), '2026-02-05 10:00+07');
"""  # noqa: E501 - pgbench knows no broken literals

_RATE = re.compile(r"tps = ([0-9.]+)")


def tiny_commits(database_url: str, *, transactions: int) -> float:
    """Return how many commits of one narrow row a second this machine takes."""
    return _run(database_url, TINY, transactions=transactions, variables={})


def settlements(database_url: str, *, base: int, payments: int, together: int) -> float:
    """Settle the bills of `payments` families after `base`; return payments a second."""
    per_client = payments // CLIENTS // together
    variables = {"n": -1, "base": base, "per_client": per_client, "together": together}
    return together * _run(
        database_url, SETTLE, transactions=per_client * CLIENTS, variables=variables
    )


def _run(database_url: str, script: str, *, transactions: int, variables: dict[str, int]) -> float:
    defined = [f"--define={name}={value}" for name, value in variables.items()]
    options = " ".join(f"-c {name}={value}" for name, value in APPLICATION_SETTINGS.items())
    with TemporaryDirectory() as folder:
        file = Path(folder, "script.sql")
        file.write_text(script, encoding="utf-8")
        ran = subprocess.run(  # noqa: S603 - our own arguments
            [
                str(programs_folder() / "pgbench"),
                *("--no-vacuum", "--protocol=prepared"),
                *(f"--client={CLIENTS}", "--jobs=1", f"--transactions={transactions // CLIENTS}"),
                *(*defined, f"--file={file}", database_url),
            ],
            env={**os.environ, "PGOPTIONS": options},
            capture_output=True,
            text=True,
            check=True,
        )
    found = _RATE.search(ran.stdout)
    if found is None:
        raise ValueError(f"pgbench said no rate: {ran.stdout}")
    return float(found[1])

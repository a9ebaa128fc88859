"""The account PostgreSQL runs under: our own, or when we are root one that may do nothing else."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import structlog

from iuran.deploy.embedded.folder import EmbeddedServiceError

ACCOUNT_NAME = "embedded_postgres"
_FALLBACK_NAME = "nobody"
_PASS = stat.S_IXOTH
_READ = stat.S_IROTH
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom to become before PostgreSQL starts; None is who we are."""

    user: int | None
    group: int | None

    def own(self, folder: Path) -> None:
        """Give a private folder to the account."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)


def postgres_account() -> Account:
    """Return the account for PostgreSQL, which refuses to run as root.

    Raises EmbeddedServiceError when we are root and there is no other account.
    """
    if os.geteuid() != 0:
        return Account(user=None, group=None)
    entry = _entry(ACCOUNT_NAME) or _added(ACCOUNT_NAME) or _entry(_FALLBACK_NAME)
    if entry is None:
        raise EmbeddedServiceError(
            "PostgreSQL does not run as root and there is no other account; start as a plain user"
        )
    return Account(user=entry.pw_uid, group=entry.pw_gid)


def let_pass(account: Account, folder: Path) -> None:
    """Let the account walk to a folder: only the right to pass, never to list or to read.

    Does nothing unless we are root. Folders that change are named in the log.
    """
    if account.user is None:
        return
    for ancestor in (folder, *folder.parents):
        mode = stat.S_IMODE(ancestor.stat().st_mode)
        if not mode & _PASS and ancestor.stat().st_uid != account.user:
            ancestor.chmod(mode | _PASS)
            _log.warning("embedded.folder_opened_to_pass", folder=str(ancestor), was=oct(mode))


def let_read(account: Account, folder: Path) -> None:
    """Let the account read and run installed files that a strict umask kept for root."""
    if account.user is None:
        return
    let_pass(account, folder)
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | _READ | (_PASS if path.is_dir() or mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(stat.S_IMODE(wanted))


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _added(name: str) -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is None:
        return None
    subprocess.run(  # noqa: S603 - our own arguments
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
        check=False,
        capture_output=True,
    )
    return _entry(name)

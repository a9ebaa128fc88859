"""What belongs to one installation alone: its keys. In development they are made once and kept."""

import os
from pathlib import Path

from iuran.deploy.settings import Settings, demanded
from iuran.payments.receipts.links import ReceiptLinks
from iuran.payments.secrets import Cipher, generate_installation_key

KEY_FILE = "keys/secret.key"


def installation_cipher(settings: Settings) -> Cipher:
    """Return what encrypts secrets at rest.

    Raises SettingsError in production when no key is set; in development one is made and kept in
    the data folder, readable for its owner.
    """
    if settings.secret_keys is None and not settings.is_production:
        return Cipher.of([_kept_key(settings.data / KEY_FILE)])
    text = demanded(settings.secret_keys, "secret_keys")
    return Cipher.of([key.strip() for key in text.split(",") if key.strip()])


def receipt_links(settings: Settings) -> ReceiptLinks:
    """Return what makes and reads links to receipts; raises SettingsError as above."""
    return ReceiptLinks.of(
        installation_cipher(settings),
        days=settings.receipt_link_days,
        base_url=settings.public_url,
    )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and its folder likewise; it must not exist."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _kept_key(path: Path) -> str:
    if not path.exists():
        write_private(path, generate_installation_key())
    return path.read_text(encoding="utf-8").strip()

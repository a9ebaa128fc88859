"""Encryption at rest: what must be read back is stored only under the installation's key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from iuran.core.errors import DomainError, InvalidInputError

DERIVED_KEY_BYTES = 32


class SecretUnreadableError(DomainError):
    """A stored secret was encrypted under a key that is not configured."""

    code: ClassVar[str] = "SECRET_UNREADABLE"

    def __init__(self) -> None:
        super().__init__(
            "a stored secret was encrypted under another installation key; configure that key "
            "behind the present one, or rotate the channel's secret"
        )


def generate_installation_key() -> str:
    """Return a new installation key: 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cipher:
    """Encrypts under the first of the installation's keys, and reads what any of them encrypted."""

    fernet: MultiFernet
    derivations: tuple[bytes, ...]

    @classmethod
    def of(cls, keys: Sequence[str]) -> Self:
        """Make one of the installation's keys, the newest first.

        Raises InvalidInputError for a key that `generate_installation_key` cannot have made.
        """
        if not keys:
            raise InvalidInputError("installationKey", "configure at least one key")
        try:
            fernets = [Fernet(key) for key in keys]
        except ValueError as error:
            raise InvalidInputError(
                "installationKey", "a key is 32 bytes in URL-safe base64 (44 characters)"
            ) from error
        return cls(
            fernet=MultiFernet(fernets), derivations=tuple(key.encode("ascii") for key in keys)
        )

    def __repr__(self) -> str:
        return f"Cipher(keys={len(self.derivations)})"

    def encrypt(self, text: str) -> bytes:
        """Return what may be stored."""
        return self.fernet.encrypt(text.encode())

    def decrypt(self, ciphertext: bytes) -> str:
        """Return what was encrypted; raises SecretUnreadableError if its key is not configured."""
        try:
            return self.fernet.decrypt(ciphertext).decode()
        except InvalidToken as error:
            raise SecretUnreadableError from error

    def derived_keys(self, purpose: str) -> tuple[bytes, ...]:
        """Return a key for another purpose from each installation key, the newest first.

        They are independent: who learns a derived key learns neither the installation's nor that
        of another purpose (HKDF, RFC 5869).
        """
        return tuple(
            HKDF(
                algorithm=SHA256(),
                length=DERIVED_KEY_BYTES,
                salt=None,
                info=b"iuran " + purpose.encode(),
            ).derive(key)
            for key in self.derivations
        )

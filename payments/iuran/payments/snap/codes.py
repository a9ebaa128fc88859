"""The response codes of SNAP BI as data, and the refusal that carries one."""

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import ClassVar

from iuran.core.errors import DomainError

MESSAGE_LENGTH_MAX = 150
REASON_LENGTH_MAX = 64


class Service(IntEnum):
    """The services that we serve, by their SNAP numbers."""

    UNKNOWN = 0
    INQUIRY = 24
    PAYMENT = 25
    TOKEN = 73


class Case(Enum):
    """A row of the table: HTTP status, case number, message, and the reasons in two languages.

    `{}` stands for what the refusal names: a field, or a short cause. The response code is the
    status, the service and the case number; the HTTP status is always its first three digits.
    """

    SUCCESSFUL = (200, 0, "Successful", "Success", "Sukses")
    BAD_REQUEST = (400, 0, "Bad Request. [{}]", "Bad request", "Permintaan tidak terbaca")
    INVALID_FIELD = (
        *(400, 1, "Invalid Field Format {}"),
        *("Invalid field format {}", "Format kolom salah {}"),
    )
    INVALID_MANDATORY_FIELD = (
        *(400, 2, "Invalid Mandatory Field {}"),
        *("Missing field {}", "Kolom wajib tidak ada {}"),
    )
    UNAUTHORIZED = (401, 0, "Unauthorized. [{}]", "Unauthorized", "Tidak berwenang")
    INVALID_TOKEN = (401, 1, "Invalid Token (B2B)", "Invalid token", "Token tidak sah")
    TOKEN_NOT_FOUND = (401, 3, "Token Not Found (B2B)", "Token not found", "Token tidak ada")
    NO_SUCH_SERVICE = (
        *(404, 1, "Transaction Not Found. [{}]"),
        *("No such service", "Layanan tidak ada"),
    )
    INVALID_BILL = (
        *(404, 12, "Invalid Bill/Virtual Account [{}]"),
        *("Bill or virtual account not found", "Tagihan atau virtual account tidak ditemukan"),
    )
    INVALID_AMOUNT = (
        *(404, 13, "Invalid Amount"),
        *("The amount is not what is owed", "Jumlah tidak sesuai tagihan"),
    )
    PAID_BILL = (
        *(404, 14, "Paid Bill"),
        *("The bill has been paid", "Tagihan sudah dibayar"),
    )
    PARTNER_NOT_FOUND = (
        *(404, 16, "Partner Not Found"),
        *("Company code unknown", "Kode perusahaan tidak dikenal"),
    )
    INCONSISTENT_REQUEST = (
        *(404, 18, "Inconsistent Request"),
        *("Inconsistent request", "Permintaan tidak konsisten"),
    )
    EXPIRED_BILL = (
        *(404, 19, "Invalid Bill/Virtual Account"),
        *("The virtual account has expired", "Virtual account sudah kedaluwarsa"),
    )
    METHOD_NOT_SUPPORTED = (
        *(405, 0, "Requested Function Is Not Supported"),
        *("Use POST", "Gunakan POST"),
    )
    CONFLICT = (
        *(409, 0, "Conflict"),
        *("X-EXTERNAL-ID was used before", "X-EXTERNAL-ID sudah dipakai"),
    )
    GENERAL_ERROR = (
        *(500, 0, "General Error"),
        *("Error at the biller; please send again", "Gangguan; mohon kirim ulang"),
    )
    TIMED_OUT = (
        *(504, 0, "Timeout"),
        *("No answer in time; please send again", "Waktu habis; mohon kirim ulang"),
    )

    def __init__(
        self, http_status: int, number: int, message: str, english: str, indonesia: str
    ) -> None:
        self.http_status = http_status
        self.number = number
        self.message = message
        self.english = english
        self.indonesia = indonesia

    def response_code(self, service: Service) -> str:
        """Return the seven digits."""
        return f"{self.http_status}{service:02d}{self.number:02d}"

    def response_message(self, named: str = "") -> str:
        """Return the message with what it names."""
        return self.message.format(named)[:MESSAGE_LENGTH_MAX]

    def reason(self, named: str = "") -> dict[str, str]:
        """Return the bilingual reason with what it names, as the wire has it."""
        return reason(self.english.format(named), self.indonesia.format(named))


def reason(english: str, indonesia: str) -> dict[str, str]:
    """Return a bilingual text as the wire has it, short enough for an inquiry's reason."""
    return {
        "english": english.strip()[:REASON_LENGTH_MAX],
        "indonesia": indonesia.strip()[:REASON_LENGTH_MAX],
    }


class SnapRefusedError(DomainError):
    """A message is refused with a row of the table; `named` fills its `{}`."""

    code: ClassVar[str] = "SNAP_REFUSED"

    def __init__(
        self, case: Case, named: str = "", *, reason: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(case.response_message(named))
        self.case = case
        self.named = named
        self.reason = dict(reason or case.reason(named))

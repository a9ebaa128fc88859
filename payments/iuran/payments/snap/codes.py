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
    STATUS = 26
    NOTIFICATION = 34
    TOKEN = 73


class Case(Enum):
    """A row of the table: HTTP status, case number, message, and the reasons in two languages.

    `{}` stands for what the refusal names: a field, or a short cause. The response code is the
    status, the service and the case number; the HTTP status is always its first three digits. The
    table is whole, rows of other kinds of business included (`docs/snap.md` says which we send).
    """

    SUCCESSFUL = (200, 0, "Successful", "Success", "Sukses")
    IN_PROGRESS = (202, 0, "Request In Progress", "In progress", "Sedang diproses")
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
    INVALID_CUSTOMER_TOKEN = (401, 2, "Invalid Customer Token")
    TOKEN_NOT_FOUND = (401, 3, "Token Not Found (B2B)", "Token not found", "Token tidak ada")
    CUSTOMER_TOKEN_NOT_FOUND = (401, 4, "Customer Token Not Found")
    TRANSACTION_EXPIRED = (403, 0, "Transaction Expired")
    FEATURE_NOT_ALLOWED = (403, 1, "Feature Not Allowed [{}]")
    AMOUNT_LIMIT_EXCEEDED = (403, 2, "Exceeds Transaction Amount Limit")
    SUSPECTED_FRAUD = (403, 3, "Suspected Fraud")
    ACTIVITY_LIMIT_EXCEEDED = (403, 4, "Activity Count Limit Exceeded")
    DO_NOT_HONOR = (403, 5, "Do Not Honor")
    FEATURE_NOT_ALLOWED_NOW = (403, 6, "Feature Not Allowed At This Time. [{}]")
    CARD_BLOCKED = (403, 7, "Card Blocked")
    CARD_EXPIRED = (403, 8, "Card Expired")
    DORMANT_ACCOUNT = (403, 9, "Dormant Account")
    NEED_TOKEN_LIMIT = (403, 10, "Need To Set Token Limit")
    OTP_BLOCKED = (403, 11, "OTP Blocked")
    OTP_EXPIRED = (403, 12, "OTP Lifetime Expired")
    OTP_SENT = (403, 13, "OTP Sent To Cardholder")
    INSUFFICIENT_FUNDS = (403, 14, "Insufficient Funds")
    TRANSACTION_NOT_PERMITTED = (403, 15, "Transaction Not Permitted. [{}]")
    SUSPENDED_TRANSACTION = (403, 16, "Suspend Transaction")
    TOKEN_LIMIT_EXCEEDED = (403, 17, "Token Limit Exceeded")
    INACTIVE_ACCOUNT = (403, 18, "Inactive Card/Account/Customer")
    MERCHANT_BLACKLISTED = (403, 19, "Merchant Blacklisted")
    MERCHANT_LIMIT_EXCEEDED = (403, 20, "Merchant Limit Exceed")
    SET_LIMIT_NOT_ALLOWED = (403, 21, "Set Limit Not Allowed")
    TOKEN_LIMIT_INVALID = (403, 22, "Token Limit Invalid")
    ACCOUNT_LIMIT_EXCEEDED = (403, 23, "Account Limit Exceed")
    INVALID_TRANSACTION_STATUS = (404, 0, "Invalid Transaction Status")
    TRANSACTION_NOT_FOUND = (
        *(404, 1, "Transaction Not Found"),
        *("Transaction not found", "Transaksi tidak ditemukan"),
    )
    INVALID_ROUTING = (404, 2, "Invalid Routing")
    BANK_NOT_SUPPORTED = (404, 3, "Bank Not Supported By Switch")
    TRANSACTION_CANCELLED = (404, 4, "Transaction Cancelled")
    MERCHANT_NOT_REGISTERED = (404, 5, "Merchant Is Not Registered For Card Registration Services")
    NEED_OTP = (404, 6, "Need To Request OTP")
    JOURNEY_NOT_FOUND = (404, 7, "Journey Not Found")
    INVALID_MERCHANT = (404, 8, "Invalid Merchant")
    NO_ISSUER = (404, 9, "No Issuer")
    INVALID_TRANSITION = (404, 10, "Invalid API Transition")
    INVALID_ACCOUNT = (404, 11, "Invalid Card/Account/Customer [{}]/Virtual Account")
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
    INVALID_OTP = (404, 15, "Invalid OTP")
    PARTNER_NOT_FOUND = (
        *(404, 16, "Partner Not Found"),
        *("Company code unknown", "Kode perusahaan tidak dikenal"),
    )
    INVALID_TERMINAL = (404, 17, "Invalid Terminal")
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
    OPERATION_NOT_ALLOWED = (405, 1, "Requested Operation Is Not Allowed")
    CONFLICT = (
        *(409, 0, "Conflict"),
        *("X-EXTERNAL-ID was used before", "X-EXTERNAL-ID sudah dipakai"),
    )
    DUPLICATE_REFERENCE = (409, 1, "Duplicate partnerReferenceNo")
    TOO_MANY_REQUESTS = (
        *(429, 0, "Too Many Requests"),
        *("Too many requests; slow down", "Terlalu banyak permintaan; mohon perlambat"),
    )
    GENERAL_ERROR = (
        *(500, 0, "General Error"),
        *("Error at the biller; please send again", "Gangguan; mohon kirim ulang"),
    )
    INTERNAL_SERVER_ERROR = (500, 1, "Internal Server Error")
    EXTERNAL_SERVER_ERROR = (500, 2, "External Server Error")
    TIMED_OUT = (
        *(504, 0, "Timeout"),
        *("No answer in time; please send again", "Waktu habis; mohon kirim ulang"),
    )

    def __init__(
        self, http_status: int, number: int, message: str, english: str = "", indonesia: str = ""
    ) -> None:
        self.http_status = http_status
        self.number = number
        self.message = message
        self.english = english or message
        self.indonesia = indonesia or message

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

"""The services of a bank that a biller calls about one account: 26 to 31."""

from dataclasses import dataclass
from datetime import datetime

from iuran.core.money import Rupiah
from iuran.payments.snap.fields import amount_object
from iuran.payments.snap.timestamps import write_instant
from iuran.payments.snap_client.answers import BankAnswer
from iuran.payments.snap_client.client import SnapClient

PREFIX_WIDTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """A virtual account as a bank names it: the company's prefix and the customer's number."""

    prefix: str
    customer_number: str

    def fields(self) -> dict[str, object]:
        """Return the three ids, the prefix padded to eight."""
        padded = self.prefix.rjust(PREFIX_WIDTH)
        return {
            "partnerServiceId": padded,
            "customerNo": self.customer_number,
            "virtualAccountNo": padded + self.customer_number,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBankAccount:
    """A virtual account to be made, or changed, at a bank; closed for its amount."""

    account: BankAccount
    name: str
    trx_id: str
    amount: Rupiah
    expires_at: datetime | None = None
    trx_type: str = "C"

    def fields(self) -> dict[str, object]:
        """Return the body of services 27 and 28."""
        expiry: dict[str, object] = (
            {} if self.expires_at is None else {"expiredDate": write_instant(self.expires_at)}
        )
        return {
            **self.account.fields(),
            "virtualAccountName": self.name,
            "trxId": self.trx_id,
            "totalAmount": amount_object(self.amount),
            "virtualAccountTrxType": self.trx_type,
            **expiry,
            "additionalInfo": {},
        }


async def ask_status(client: SnapClient, account: BankAccount, reference: str) -> BankAnswer:
    """Ask what became of the payment that may have followed an inquiry (26)."""
    body: dict[str, object] = {
        **account.fields(),
        "inquiryRequestId": reference,
        "paymentRequestId": reference,
        "additionalInfo": {},
    }
    path = client.api.peculiarities.status_path
    return await client.call("POST", path, body, repeats=True)


async def create_account(client: SnapClient, new: NewBankAccount) -> BankAnswer:
    """Have a virtual account made (27). It is not asked for twice: an open end is the caller's."""
    return await client.call("POST", "/transfer-va/create-va", new.fields(), repeats=False)


async def update_account(client: SnapClient, changed: NewBankAccount) -> BankAnswer:
    """Change a virtual account (28); the same again changes nothing more."""
    return await client.call("PUT", "/transfer-va/update-va", changed.fields(), repeats=True)


async def update_paid_status(
    client: SnapClient, account: BankAccount, *, trx_id: str, is_paid: bool
) -> BankAnswer:
    """Tell the bank whether an account is paid (29)."""
    body: dict[str, object] = {
        **account.fields(),
        "trxId": trx_id,
        "paidStatus": "Y" if is_paid else "N",
    }
    return await client.call("PUT", "/transfer-va/update-status", body, repeats=True)


async def inquire_account(client: SnapClient, account: BankAccount, *, trx_id: str) -> BankAnswer:
    """Ask how a virtual account stands at the bank (30)."""
    body: dict[str, object] = {**account.fields(), "trxId": trx_id}
    return await client.call("POST", "/transfer-va/inquiry-va", body, repeats=True)


async def delete_account(client: SnapClient, account: BankAccount, *, trx_id: str) -> BankAnswer:
    """Have a virtual account deleted (31); one that is not there any more is deleted."""
    body: dict[str, object] = {**account.fields(), "trxId": trx_id, "additionalInfo": {}}
    method = client.api.peculiarities.delete_method
    return await client.call(method, "/transfer-va/delete-va", body, repeats=True)

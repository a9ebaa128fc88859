"""How a family's file is written: for people, and as JSON for machines."""

from iuran.core.governments import END_OF_CALENDAR
from iuran.core.identifiers import customer_number_of, mask, mask_name
from iuran.core.money import formatted
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.terminal import say, write_table
from iuran.deploy.family_file import FamilyFile, Member
from iuran.payments.virtual_accounts import VirtualAccount

_PAYABLE_IN_WORDS = {
    "ALREADY_PAID": "nothing, all is paid",
    "TOO_EARLY": "nothing yet, the first payment waits 14 days",
    "NOT_BILLED": "nothing, nobody is enrolled",
    "VIRTUAL_ACCOUNT_UNKNOWN": "nothing by the family, somebody else pays for it",
    "EXPIRED": "nothing, the time for the first payment is over",
}


def paid_for(month: CoverageMonth | None) -> str | None:
    """Return until when cover is paid for; a government pays until its list says otherwise."""
    if month is None:
        return None
    return "by the state" if month == END_OF_CALENDAR else str(month)


def write_family(file: FamilyFile, *, full: bool) -> None:
    """Write a family for people; numbers and names masked unless `full`."""
    say(f"Family {file.family_id}, KK {_number(file.kk_number, full=full)}, as of {file.on} WIB")
    say(f"Membership   {file.state} ({file.segment}, class {file.care_class.name})")
    say(f"Paid through {paid_for(file.paid_through) or 'never paid'}")
    say(f"To pay now   {_payable(file)}")
    say(f"Fine window  {_window(file)}")
    write_table(
        "Members",
        ("Name", "Relation", "Card", "Virtual account", ""),
        [
            (
                _name(member.name, full=full),
                member.relation,
                _number(member.card_number, full=full),
                _number(_virtual_account(member), full=full),
                "pays" if member.pays else "",
            )
            for member in file.members
        ],
    )
    write_table(
        "Bills",
        ("Month", "Amount", "Due", "State"),
        [
            (bill.coverage_month, formatted(bill.amount), bill.due_date, bill.state)
            for bill in file.bills
        ],
    )


def as_json(file: FamilyFile, *, full: bool) -> dict[str, object]:
    """Return a family for machines; numbers and names masked unless `full`."""
    window = file.window
    return {
        "id": file.family_id,
        "familyCardNumber": _number(file.kk_number, full=full),
        "on": file.on.isoformat(),
        "membership": file.state.value,
        "paidThrough": None if file.paid_through is None else str(file.paid_through),
        "payable": {
            "status": file.payable.result,
            "amount": file.payable.amount,
            "arrearsMonths": file.payable.arrears_months,
        },
        "fineWindow": None
        if window is None
        else {
            "firstDay": window.first_day.isoformat(),
            "lastDay": window.last_day.isoformat(),
            "arrearsMonths": window.arrears_months,
            "open": window.holds(file.on),
        },
        "members": [
            {
                "name": _name(member.name, full=full),
                "cardNumber": _number(member.card_number, full=full),
                "virtualAccount": _number(_virtual_account(member), full=full),
                "pays": member.pays,
            }
            for member in file.members
        ],
        "bills": [
            {
                "month": str(bill.coverage_month),
                "amount": bill.amount,
                "dueDate": bill.due_date.isoformat(),
                "state": bill.state.value,
            }
            for bill in file.bills
        ],
    }


def _number(number: str, *, full: bool) -> str:
    return number if full else mask(number)


def _name(name: str, *, full: bool) -> str:
    return name if full else mask_name(name)


def _virtual_account(member: Member) -> str:
    if member.customer_number is None:
        return ""
    return VirtualAccount(
        participant_id=0, customer_number=customer_number_of(member.card_number)
    ).number


def _payable(file: FamilyFile) -> str:
    payable = file.payable
    if payable.result != "PAYABLE":
        return _PAYABLE_IN_WORDS.get(payable.result, payable.result)
    amount = formatted(payable.amount)
    return f"{amount} for {payable.first_month} to {payable.last_month}"


def _window(file: FamilyFile) -> str:
    window = file.window
    if window is None:
        return "none"
    is_open = "open" if window.holds(file.on) else "over"
    return (
        f"{is_open}: {window.first_day} to {window.last_day}, after {window.arrears_months} months "
        "in arrears; an inpatient stay in it is fined"
    )

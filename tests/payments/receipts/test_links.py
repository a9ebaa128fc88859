"""A link opens its receipt and nothing else, until it ends."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.clock import StandingClock
from iuran.payments.receipts.keys import ReceiptKey
from iuran.payments.receipts.links import (
    ReceiptLinkExpiredError,
    ReceiptLinkInvalidError,
    ReceiptLinks,
)
from iuran.payments.secrets import generate_installation_key
from tests.moments import wib
from tests.payments.receipts.stories import a_cipher

OLD_KEY, NEW_KEY = generate_installation_key(), generate_installation_key()


@given(
    family_id=st.integers(1, 2**63 - 1),
    payment_id=st.integers(1, 2**63 - 1),
    place=st.integers(0, 47),
    letter=st.sampled_from("ABCxyz019-_=+/ é"),
)
def test_a_link_opens_its_receipt_and_no_other_text_opens_any(
    family_id: int, payment_id: int, place: int, letter: str
) -> None:
    links = ReceiptLinks.of(a_cipher(OLD_KEY))
    key = ReceiptKey(family_id=family_id, payment_id=payment_id)

    seal = links.seal(key)
    changed = seal[:place] + letter + seal[place + 1 :]

    assert links.open(seal) == key
    if changed != seal:
        with pytest.raises(ReceiptLinkInvalidError):
            links.open(changed)
    for text in ("", seal[:-1], seal + "A", seal + "\n", seal[::-1]):
        with pytest.raises(ReceiptLinkInvalidError):
            links.open(text)


def test_a_link_shows_nothing_of_what_it_stands_for() -> None:
    links = ReceiptLinks.of(a_cipher())

    one, next_one = (links.seal(ReceiptKey(family_id=7, payment_id=n)) for n in (12, 13))

    raw = urlsafe_b64decode(one)
    assert bytes(7) not in raw
    assert sum(a == b for a, b in zip(one, next_one, strict=True)) < 12
    assert urlsafe_b64encode(raw).decode() == one


def test_links_outlive_a_new_key_and_end_with_the_old_one() -> None:
    key = ReceiptKey(family_id=7, payment_id=12)
    link = ReceiptLinks.of(a_cipher(OLD_KEY)).seal(key)

    assert ReceiptLinks.of(a_cipher(NEW_KEY, OLD_KEY)).open(link) == key
    with pytest.raises(ReceiptLinkInvalidError):
        ReceiptLinks.of(a_cipher(NEW_KEY)).open(link)


def test_a_link_ends_after_its_last_day_in_jakarta() -> None:
    clock = StandingClock(wib(2026, 3, 1, 0, 1))
    links = ReceiptLinks.of(a_cipher(), days=30, base_url="https://iuran.example/", clock=clock)
    key = ReceiptKey(family_id=7, payment_id=12)
    seal = links.seal(key)
    assert links.url_of(key) == f"https://iuran.example/receipts/{seal}"

    clock.instant = wib(2026, 3, 31, 23, 59)
    assert links.open(seal) == key
    clock.instant += timedelta(minutes=2)
    with pytest.raises(ReceiptLinkExpiredError, match="2026-03-31"):
        links.open(seal)

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.payments.credentials import parse_public_key
from iuran.payments.quirks import SignatureEncoding
from iuran.payments.simulation.bank import KeyPair, parse_private_key
from iuran.payments.snap.lexical import is_deeper_than, minify
from iuran.payments.snap.signature import (
    SignedRequest,
    midtrans_signature_key,
    sign_hmac,
    sign_rsa,
    string_to_sign,
    strings_to_sign,
    token_string_to_sign,
    verifies_hmac,
    verifies_rsa,
)

PUBLISHED: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors.json").read_text(encoding="utf-8")
)
VECTORS: dict[str, dict[str, Any]] = {v["id"]: v for v in PUBLISHED["vectors"]}
MIDTRANS_KEY: str = PUBLISHED["keys"]["midtrans_demo_public"]

scalars = st.none() | st.booleans() | st.integers() | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
indents = st.sampled_from([None, 1, 4, "\t", " \r\n "])


def a_request(
    *,
    target: str = "/snap/v1.0/transfer-va/payment",
    body: bytes = b'{"a":1}',
    timestamp: str = "2026-01-05T09:00:00+07:00",
    access_token: str | None = "a-token",  # noqa: S107 - invented
) -> SignedRequest:
    return SignedRequest(
        method="POST", target=target, body=body, timestamp=timestamp, access_token=access_token
    )


def test_the_published_token_signature_verifies() -> None:
    vector = VECTORS["midtrans-token-asym"]
    inputs = vector["inputs"]

    signed = token_string_to_sign(client_key=inputs["client_key"], timestamp=inputs["timestamp"])

    assert signed.decode() == vector["string_to_sign"]
    assert verifies_rsa(vector["expected"], [parse_public_key(MIDTRANS_KEY)], [signed])


def test_the_published_hmac_signature_is_reproduced_and_verifies() -> None:
    vector = VECTORS["midtrans-trx-hmac"]
    inputs = vector["inputs"]
    request = a_request(
        target=inputs["path"],
        body=inputs["raw_body"].encode(),
        timestamp=inputs["timestamp"],
        access_token=inputs["access_token"],
    )

    made = sign_hmac(inputs["client_secret"], string_to_sign(request), SignatureEncoding.BASE64)

    assert string_to_sign(request).decode() == vector["string_to_sign"]
    assert made == vector["expected"]
    assert verifies_hmac(
        vector["expected"], [inputs["client_secret"]], tuple(strings_to_sign(request))
    )


def test_the_published_notification_signature_verifies() -> None:
    vector = VECTORS["midtrans-notify-asym-verify"]
    inputs = vector["inputs"]
    request = a_request(
        target=inputs["path"],
        body=inputs["raw_body"].encode(),
        timestamp=inputs["timestamp"],
        access_token=None,
    )

    signed = tuple(strings_to_sign(request))

    assert signed[0].decode() == vector["string_to_sign"]
    assert verifies_rsa(vector["expected"], [parse_public_key(MIDTRANS_KEY)], signed)


def test_the_published_midtrans_key_is_reproduced() -> None:
    vector = VECTORS["midtrans-signature-key-sha512"]

    made = midtrans_signature_key(**vector["inputs"])

    assert made == vector["expected"]


@pytest.mark.parametrize("encoding", list(SignatureEncoding))
def test_both_encodings_are_read(encoding: SignatureEncoding, keys: KeyPair) -> None:
    message = b"POST:/x:token:hash:time"

    by_secret = sign_hmac("a secret", message, encoding)
    by_key = sign_rsa(parse_private_key(keys.private_key_pem), message, encoding)

    assert verifies_hmac(by_secret, ["another", "a secret"], [b"no", message])
    assert verifies_rsa(by_key, [parse_public_key(keys.public_key_pem)], [message])
    assert not verifies_hmac(by_secret, ["another"], [message])
    assert not verifies_rsa(by_key, [parse_public_key(keys.public_key_pem)], [message + b"!"])


@pytest.mark.parametrize("signature", ["", "zz", "====", "é", "00", "A" * 5_000])
def test_what_is_no_signature_verifies_nothing(signature: str, keys: KeyPair) -> None:
    public_key = parse_public_key(keys.public_key_pem)

    assert not verifies_hmac(signature, ["a secret"], [b"message"])
    assert not verifies_rsa(signature, [public_key], [b"message"])


def test_a_query_may_be_signed_as_sent_or_sorted() -> None:
    request = a_request(target="/v1.0/x?b=2&a=1%2f3")

    targets = {signed.split(b":")[1] for signed in strings_to_sign(request)}

    assert targets == {b"/v1.0/x?b=2&a=1%2f3", b"/v1.0/x?a=1%2F3&b=2"}


@given(documents, indents, st.booleans())
def test_minify_changes_nothing_that_json_means(
    document: object,
    indent: int | str | None,
    ascii_only: bool,  # noqa: FBT001 - Hypothesis draws it
) -> None:
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )

    small = minify(body)

    assert json.loads(small.decode("utf-8", "surrogatepass")) == document
    assert minify(small) == small
    compact = json.dumps(document, ensure_ascii=ascii_only, separators=(",", ":"))
    assert small == compact.encode("utf-8", "surrogatepass")


@given(st.binary() | st.text(alphabet='"\\ \t\r\n{}[]a1').map(str.encode))
def test_minify_keeps_every_other_byte_of_anything(body: bytes) -> None:
    small = minify(body)

    blanks = b" \t\r\n"
    assert minify(small) == small
    assert small.translate(None, blanks) == body.translate(None, blanks)


def test_minify_keeps_the_blanks_of_names_and_company_codes() -> None:
    body = b'{ "partnerServiceId" : "   88888", "name": "SITI  \\" NUR" }'

    assert minify(body) == b'{"partnerServiceId":"   88888","name":"SITI  \\" NUR"}'


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", [b'"\\', b'"', b"\\", b'"a" ', b'{"', b"[" * 2 + b'"'])
def test_hostile_bodies_take_linear_time(unit: bytes) -> None:
    body = unit * (64 * 1024 // len(unit))

    small = minify(body)
    is_deep = is_deeper_than(body, 16)

    assert len(small) <= len(body)
    assert is_deep in {True, False}


def test_depth_counts_brackets_outside_strings() -> None:
    assert not is_deeper_than(b'{"a":["[[[[","]]"]}', 2)
    assert is_deeper_than(b'{"a":[{"b":1}]}', 2)

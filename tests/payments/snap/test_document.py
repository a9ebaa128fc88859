import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.document import parse_object, write

text = st.text(st.characters(exclude_categories=["Cs"]))
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(text, documents, max_size=3))
def test_what_is_read_is_written_back(document: dict[str, object]) -> None:
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    assert write(parse_object(compact)) == compact


@pytest.mark.parametrize(
    "number", ["20201231235959000001", "1.10", "1E400", "-0", "9" * 64, "150000.00"]
)
def test_numbers_stay_as_they_were_written(number: str) -> None:
    body = b'{"n":' + number.encode() + b"}"

    document = parse_object(body)

    assert document["n"] == number
    assert write(document) == body


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "Not JSON"),
        (b"{", "Not JSON"),
        (b"{'a':1}", "Not JSON"),
        (b'{"a":NaN}', "Not JSON"),
        (b'{"a":1} x', "Not JSON"),
        (b"[]", "Not a JSON object"),
        (b'"text"', "Not a JSON object"),
        (b"\xff\xfe{}", "Not UTF-8"),
        (b'{"a":"\xc3"}', "Not UTF-8"),
        (b'{"a":"\\ud800"}', "Not UTF-8"),
        (b'{"a":' + b"9" * 65 + b"}", "A number is too long"),
        (b'{"a":1,"a":2}', "A field stands twice"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "Nested deeper than 16"),
        (b"[" * 60_000, "Nested deeper than 16"),
    ],
)
def test_a_body_that_has_no_one_meaning_is_refused(body: bytes, cause: str) -> None:
    with pytest.raises(SnapRefusedError) as refused:
        parse_object(body)

    assert refused.value.case is Case.BAD_REQUEST
    assert refused.value.named == cause


def test_non_ascii_letters_are_written_as_they_are() -> None:
    document = parse_object(b'\xef\xbb\xbf{"name":"\\u00c9MILE \\ud83d\\ude00"}')

    assert write(document) == '{"name":"ÉMILE 😀"}'.encode()

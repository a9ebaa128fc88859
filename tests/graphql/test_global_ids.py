import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.graphql.errors import IdInvalidError
from iuran.graphql.global_ids import GlobalId, id_of, key_of

KEYS = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4).map(tuple)
NAMES = st.text(string.ascii_letters, min_size=1, max_size=20)


@given(name=NAMES, key=KEYS)
def test_an_id_is_read_as_it_was_written(name: str, key: tuple[int, ...]) -> None:
    text = id_of(name, *key)

    assert len(text) <= 128
    assert key_of(text, type_name=name, parts=len(key)) == key


@given(st.text(max_size=200))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        parsed = GlobalId.parse(text)
    except IdInvalidError:
        return
    assert str(parsed) == text


@pytest.mark.parametrize(
    "text",
    [
        id_of("Family", 1) + "=",
        id_of("Family", 2**63),
        id_of("Family", 1)[:-1],
        " " + id_of("Family", 1),
        "RmFtaWx5OjAx",  # Family:01
        "RmFtaWx5Oi0x",  # Family:-1
        "RmFtaWx5Og",  # Family:
    ],
)
def test_there_is_one_way_to_write_an_id(text: str) -> None:
    with pytest.raises(IdInvalidError):
        GlobalId.parse(text)


def test_an_id_of_another_type_says_which_is_wanted() -> None:
    with pytest.raises(IdInvalidError, match="ID of a Bill; give that of a Family"):
        key_of(id_of("Bill", 1, 2, 3), type_name="Family", parts=1)

"""docs/graphql.md says what is so."""

import re
from pathlib import Path

from iuran.graphql import errors
from iuran.graphql.errors import RequestRefusedError
from iuran.graphql.limits import limits_table

PAGE = (Path(__file__).parents[2] / "docs" / "graphql.md").read_text()


def test_the_limits_are_those_of_the_code() -> None:
    """Else put into the page what `iuran.graphql.limits.limits_table` returns."""
    _, table, _ = re.split(r"<!-- /?limits -->\n", PAGE)

    assert table == limits_table()


def test_every_refusal_is_explained_with_its_code() -> None:
    refusals = [
        error
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, RequestRefusedError)
    ]

    assert len(refusals) > 15
    assert [error.code for error in refusals if f"`{error.code}`" not in PAGE] == []

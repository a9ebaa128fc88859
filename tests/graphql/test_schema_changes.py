"""A change of the schema is classified by what it means for those who use it."""

from pathlib import Path

import pytest

from iuran.graphql.schema_changes import changes_between, main
from iuran.graphql.sdl import sdl

OLD = "enum State { OPEN PAID }\ntype Query { state: State, amount(of: Int): Int! }"


@pytest.mark.parametrize(
    ("new", "verdict"),
    [
        (OLD, "SAFE"),
        (OLD.replace("amount(of", "more: Int, amount(of"), "SAFE"),
        (OLD.replace("PAID }", "PAID LATE }"), "DANGEROUS"),
        (OLD.replace("Int!", "Int"), "BREAKING"),
        (OLD.replace("state: State,", ""), "BREAKING"),
        (OLD.replace("of: Int", "of: Int!"), "BREAKING"),
    ],
)
def test_a_change_is_breaking_dangerous_or_safe(new: str, verdict: str) -> None:
    assert changes_between(OLD, new).verdict == verdict


def test_a_schema_that_lost_a_field_fails_and_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = tmp_path / "schema.graphql"
    older.write_text(sdl().replace("type Query {", "type Query {\n  once: String\n", 1))

    status = main([str(older)])

    told = capsys.readouterr().out
    assert status == 1
    assert "Query.once" in told
    assert told.endswith("BREAKING\n")


def test_the_present_schema_is_no_change(tmp_path: Path) -> None:
    present = tmp_path / "schema.graphql"
    present.write_text(sdl())

    assert main([str(present)]) == 0

"""Statements of the domain inside of a read: the same rule, asked once for many rows."""

from iuran.graphql.compiler.declarations import Fragment
from iuran.graphql.compiler.drafts import digits


def inlined(statement: Fragment, *values: Fragment) -> Fragment:
    """Return a statement with fragments in the places of its parameters $1, $2, ..."""
    for number in range(len(values), 0, -1):  # $1 begins $10
        statement = statement.replace("$" + digits(number), values[number - 1])
    return statement


def lateral(statement: Fragment, *values: Fragment, alias: Fragment) -> Fragment:
    """Return what joins the first row of a statement, or nulls, to each row before it."""
    return " LEFT JOIN LATERAL (" + inlined(statement, *values) + ") AS " + alias + " ON true"


def rows(columns: Fragment, statement: Fragment) -> Fragment:
    """Return all rows of a statement, called `s`, as one value: a list of tuples."""
    return "ARRAY(SELECT ROW(" + columns + ") FROM (" + statement + ") AS s)"  # noqa: S608 - declared


def row(columns: Fragment, source: Fragment) -> Fragment:
    """Return the one row of a source as one value: a tuple, or null if there is none."""
    return "(SELECT ROW(" + columns + ") FROM " + source + ")"  # noqa: S608 - declared

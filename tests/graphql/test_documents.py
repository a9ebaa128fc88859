"""Documents that are kept."""

from iuran.graphql.documents import Documents
from iuran.graphql.limits import Limits
from iuran.graphql.schema import executable_schema

QUESTION = "query ($id: ID!) { node(id: $id) { id ... on Family { familyCardNumber } } }"


def test_a_document_is_kept_with_its_places_and_without_its_tokens() -> None:
    """Tokens know their neighbours, so that one of them keeps all: a third of a document."""
    documents = Documents(executable_schema(), Limits())

    prepared = documents.prepare(QUESTION, operation_name=None, variables={}, only_queries=False)

    place = prepared.operation.selection_set.loc
    assert place is not None
    assert QUESTION[place.start : place.end].startswith("{ node(id: $id)")
    assert (place.start_token.next, place.end_token.prev) == (None, None)

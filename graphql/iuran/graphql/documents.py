"""Documents: parsed, measured and validated once, and kept for the next request that sends them."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.language import Node, Token, TokenKind
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from iuran.graphql.compiler.selections import flags_of
from iuran.graphql.compiler.variables import Variables
from iuran.graphql.errors import (
    DocumentRefusedError,
    MethodRefusedError,
    OperationUnknownError,
    SyntaxRefusedError,
    TooComplexError,
)
from iuran.graphql.limits import Limits
from iuran.graphql.measures import Measure, measure
from iuran.graphql.metrics import DOCUMENT_LOOKUPS
from iuran.graphql.types.pagination import PAGE_SIZE_MAX

_RULES = (*specified_rules, OneOfInputValidationRule)
_NOWHERE = Token(TokenKind.SOF, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An operation that is fit to be executed."""

    query: str
    operation_name: str | None
    document: DocumentNode
    operation: OperationDefinitionNode
    measure: Measure
    flags: tuple[str, ...]
    """The variables that decide what is skipped and included."""
    variables: Variables


_Key = tuple[str, str | None, tuple[tuple[str, int], ...]]


class Documents:
    """A cache of prepared operations, bounded by the length of what it holds.

    An entry belongs to a text, an operation name, and the page sizes among the variables, since
    those decide the cost. Refused documents are not kept.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._kept: OrderedDict[_Key, Prepared] = OrderedDict()
        self._characters = 0

    def known(
        self,
        query: str,
        *,
        operation_name: str | None,
        variables: Mapping[str, object],
        only_queries: bool = False,
    ) -> Prepared | None:
        """Return an operation that is kept here, ready; None if it must be prepared first.

        Raises MethodRefusedError for a mutation where only queries are allowed.
        """
        sizes = _sizes(variables)
        key = (query, operation_name, tuple(sorted(sizes.items())) if sizes else ())
        prepared = self._kept.get(key)
        if prepared is not None:
            DOCUMENT_LOOKUPS.count("yes")
            self._kept.move_to_end(key)
            _check_method(prepared.operation, only_queries=only_queries)
        return prepared

    def prepare(
        self,
        query: str,
        *,
        operation_name: str | None,
        variables: Mapping[str, object],
        only_queries: bool,
    ) -> Prepared:
        """Return an operation ready to execute; raises DocumentRefusedError if it is not fit.

        Raises MethodRefusedError for a mutation where only queries are allowed.
        """
        prepared = self.known(
            query, operation_name=operation_name, variables=variables, only_queries=only_queries
        )
        if prepared is None:
            DOCUMENT_LOOKUPS.count("no")
            sizes = _sizes(variables)
            prepared = self._prepare(query, operation_name, sizes, only_queries=only_queries)
            self._keep((query, operation_name, tuple(sorted(sizes.items()))), prepared)
        return prepared

    def _prepare(
        self, query: str, name: str | None, sizes: Mapping[str, int], *, only_queries: bool
    ) -> Prepared:
        document = self._parsed(query)
        operation = _chosen(document, name)
        _check_method(operation, only_queries=only_queries)
        found = measure(self._schema, document, operation, sizes=sizes, limits=self._limits)
        errors = validate(
            self._schema,
            document,
            _RULES,
            max_errors=self._limits.validation_errors,
            hide_suggestions=True,
        )
        if errors:
            raise DocumentRefusedError(errors)
        visit(document, _NoTokens())
        return Prepared(
            query=query,
            operation_name=name,
            document=document,
            operation=operation,
            measure=found,
            flags=flags_of(document, operation),
            variables=Variables(self._schema, operation, errors_max=self._limits.validation_errors),
        )

    def _parsed(self, query: str) -> DocumentNode:
        if len(query) > self._limits.document_characters:
            raise TooComplexError.because(
                f"the document is longer than {self._limits.document_characters} characters"
            )
        try:
            document = parse(query, max_tokens=self._limits.document_tokens)
        except GraphQLError as error:
            raise SyntaxRefusedError([error]) from error
        if "\0" in query or "\\u" in query:
            visit(document, _NoNulls())
        return document

    def _keep(self, key: _Key, prepared: Prepared) -> None:
        self._kept[key] = prepared
        self._characters += len(key[0])
        while self._characters > self._limits.cached_characters:
            (query, _, _), _ = self._kept.popitem(last=False)
            self._characters -= len(query)


class _NoTokens(Visitor):
    """Takes the tokens out of a document that is kept: a third of its memory.

    Where a node stands in the text is told without them.
    """

    def enter(self, node: Node, *_where: object) -> None:
        """Leave a node its place, from where to where it goes."""
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = _NOWHERE


class _NoNulls(Visitor):
    """Refuses texts with U+0000, which PostgreSQL cannot hold."""

    def enter_string_value(self, node: StringValueNode, *_where: object) -> None:
        """Look at a text."""
        if "\0" in node.value:
            raise SyntaxRefusedError.because(
                "a string has the character U+0000, which no text can have"
            )


def _sizes(variables: Mapping[str, object]) -> dict[str, int]:
    return {
        name: value
        for name, value in variables.items()
        if type(value) is int and 1 <= value <= PAGE_SIZE_MAX
    }


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        raise OperationUnknownError.because(
            "the document has no operation"
            if not operations
            else "the document has several operations; say which with `operationName`"
        )
    for operation in operations:
        if operation.name is not None and operation.name.value == name:
            return operation
    raise OperationUnknownError.because("the document has no operation of that `operationName`")


def _check_method(operation: OperationDefinitionNode, *, only_queries: bool) -> None:
    if only_queries and operation.operation is not OperationType.QUERY:
        raise MethodRefusedError("only queries may be sent by GET; use POST", allow="POST")

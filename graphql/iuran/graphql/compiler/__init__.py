"""Reads compiled: an operation becomes one SQL statement and one function that writes its JSON.

- `declarations`: how a type, a field and a relation are read; the sources of the schema's types
  stand in `iuran.graphql.declared`, beside its Strawberry types.
- `selections`: what a validated operation selects, with fragments and `@skip` resolved.
- `drafts`, `objects`, `pages`, `roots`: selection to SQL and to the function that writes the JSON.
- `plans`: the plan of an operation, cached by document, booleans, arguments and scope.
- `answers`: bind, fetch, write.

How to add a field or a relation stands in `docs/graphql-compiler.md`.
"""

.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
LOCKED := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-annotate pyproject.toml

.PHONY: help up test chaos coverage check bench schema schema-diff format lock clean

help: ## Say what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: .venv/up.done ## Run the whole product here: PostgreSQL, Redis, server, worker, demo data
	@$(BIN)/iuran up

test: .venv/dev.done ## Run every test against real PostgreSQL and Redis
	$(BIN)/python -m pytest -n 2 --dist loadfile

chaos: .venv/dev.done ## Take everything away from 500 families while it works, and count
	IURAN_CHAOS_FAMILIES=$${IURAN_CHAOS_FAMILIES:-500} $(BIN)/python -m pytest tests/chaos

coverage: .venv/dev.done ## Run the tests and say which branches they miss
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: .venv/dev.done ## Format, lint, layers, types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/basedpyright

bench: .venv/dev.done ## Measure, as ratios within one run
	$(BIN)/python -m bench

schema-diff: .venv/dev.done ## Say what the schema's changes since main mean: breaking, dangerous, safe
	git show main:graphql/schema.graphql > build-schema.graphql
	$(BIN)/python -m iuran.graphql.schema_changes build-schema.graphql; status=$$?; rm -f build-schema.graphql; exit $$status

schema: .venv/dev.done ## Write the GraphQL schema, and GraphiQL's screens from docs/frontend.md
	$(BIN)/python -m iuran.graphql.sdl > graphql/schema.graphql
	$(BIN)/python -m tests.graphql.frontend_page

format: .venv/dev.done ## Format the code and mend what the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: .venv/dev.done ## Pin all dependencies anew, with hashes
	$(COMPILE) --all-extras --group dev --output-file requirements-dev.lock $(UPGRADE)
	$(COMPILE) --extra embedded --group build --constraint requirements-dev.lock --output-file requirements-embedded.lock
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock

clean: ## Remove the environment and caches; data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/up.done: requirements-embedded.lock pyproject.toml | .venv/bin/python
	@test -e .venv/dev.done || echo "Installing what iuran needs (once, about half a minute) ..."
	@test -e .venv/dev.done || $(LOCKED) requirements-embedded.lock
	@test -e .venv/dev.done || $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.done: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(LOCKED) requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Everything a user or CI runs. Bare `make` lists it.
#   make up                 against the local emulator: no accounts needed
#   make up LATER=P90D      the same, ninety days later by the emulator's clock
#   make up PLUGINS=real    with the real azuread and command plugins: auto, stand-in or real
#   make test TESTS=tests/logic

PYTHON ?= python3
PLUGINS ?= auto
LATER ?=
KEY ?=
TESTS ?=
BIN := venv/bin
READY := venv/.ready
REHEARSE := $(BIN)/python -m rehearsal
WITH = --plugins="$(or $(strip $(PLUGINS)),auto)"

.DEFAULT_GOAL := help
.PHONY: help up preview refresh destroy drift outputs remove-secret env down engine test lint format bench matrix docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; name one: make up PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up the virtual environment in ./venv (once) ..." >&2
	@$(PYTHON) -m venv venv || \
	  { echo "Python's venv module does not work here; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

up: $(READY) ## Deploy the whole stack against the local emulator
	@$(REHEARSE) up $(WITH) --later="$(LATER)"

preview: $(READY) ## Say what `make up` would do
	@$(REHEARSE) preview $(WITH) --later="$(LATER)"

refresh: $(READY) ## Compare the stack's state with the emulator, and take over what differs
	@$(REHEARSE) refresh $(WITH)

destroy: $(READY) ## Delete what `make up` created
	@$(REHEARSE) destroy $(WITH)

drift: $(READY) ## Change a registration as somebody by hand might, for refresh and up to find
	@$(REHEARSE) drift $(WITH)

outputs: $(READY) ## Print the stack's outputs
	@$(REHEARSE) outputs $(WITH)

remove-secret: $(READY) ## Remove the client secret KEY=<key id> from the emulated Entra; without KEY, list them
	@$(REHEARSE) remove-secret $(WITH) --key="$(KEY)"

env: $(READY) ## Print what a shell needs to use pulumi itself on the stack
	@$(REHEARSE) env $(WITH)

down: $(READY) ## Stop the emulator; its state and the stack's stay in ./.rehearsal
	@$(REHEARSE) down

engine: $(READY) ## Get Pulumi's engine, its CLI, if this machine has none
	@$(BIN)/python -m rehearsal.engine

test: $(READY) ## Run the tests; those that need Pulumi's engine are skipped where it cannot be had
	@$(BIN)/python -m rehearsal.engine || echo "Without Pulumi's engine the tests that need it are skipped."
	@$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)

lint: $(READY) ## Check style, types, imports and generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy examples/two-apps/__main__.py
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python -m tools.documents --check

format: $(READY) ## Bring the code into the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## Measure and rewrite the tables in docs/
	@$(BIN)/python -m tools.bench

matrix: $(READY) ## Run every fault and every crash of a rotation, a line for each
	@$(BIN)/python -m tests.matrix faults
	@$(BIN)/python -m tests.matrix crashes

docs: $(READY) ## Rewrite the generated documents
	@$(BIN)/python -m tools.documents

clean: ## Stop the emulator and remove everything that was set up here
	@if [ -x $(BIN)/python ]; then $(REHEARSE) down || true; fi
	rm -rf venv .rehearsal .pytest_cache .mypy_cache .ruff_cache .hypothesis

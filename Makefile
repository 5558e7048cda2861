# Everything a user or CI runs. Bare `make` lists it.
#   make up                 against the local emulator: no accounts needed
#   make up LATER=P90D      the same, ninety days later by the emulator's clock
#   make up ENGINE=embedded with the engine of your choice: auto, embedded or pulumi
#   make test TESTS=tests/logic

PYTHON ?= python3
ENGINE ?= auto
LATER ?=
KEY ?=
TESTS ?=
BIN := venv/bin
READY := venv/.ready
REHEARSE := $(BIN)/python -m emulator.rehearsal
WITH_ENGINE = --engine="$(or $(strip $(ENGINE)),auto)"

.DEFAULT_GOAL := help
.PHONY: help up preview refresh destroy drift outputs remove-secret down test lint format bench matrix docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; name one: make up PYTHON=python3.12"; exit 1; }
	@echo "Setting up the virtual environment in ./venv (once) ..."
	@$(PYTHON) -m venv venv || \
	  { echo "Python's venv module does not work here; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

up: $(READY) ## Deploy the whole stack against the local emulator
	@$(REHEARSE) up $(WITH_ENGINE) --later="$(LATER)"

preview: $(READY) ## Say what `make up` would do
	@$(REHEARSE) preview $(WITH_ENGINE) --later="$(LATER)"

refresh: $(READY) ## Compare the stack's state with the emulator, and take over what differs
	@$(REHEARSE) refresh $(WITH_ENGINE)

destroy: $(READY) ## Delete what `make up` created
	@$(REHEARSE) destroy $(WITH_ENGINE)

drift: $(READY) ## Change a registration as somebody by hand might, for refresh and up to find
	@$(REHEARSE) drift $(WITH_ENGINE)

outputs: $(READY) ## Print the stack's outputs
	@$(REHEARSE) outputs $(WITH_ENGINE)

remove-secret: $(READY) ## Remove the client secret KEY=<key id> from the emulated Entra; without KEY, list them
	@$(REHEARSE) remove-secret $(WITH_ENGINE) --key="$(KEY)"

down: $(READY) ## Stop the emulator; its state and the stack's stay in ./.rehearsal
	@$(REHEARSE) down

test: $(READY) ## Run the tests
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

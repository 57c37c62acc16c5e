# Every target installs what it needs: a machine with Python 3.11, git and make is enough.
.DEFAULT_GOAL := help
.PHONY: help setup programs page check test unit integration e2e browser screenshots faults sandbox generate bench lock clean
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
# What fails is tried once more, alone: machines are shared and noisy, and a fault fails again.
again = $(PYTEST) $(1) -q || { echo "Once more, alone: what failed."; \
  $(PYTEST) $(1) -q -n 0 --last-failed --last-failed-no-failures none; }
# Two processes, each with a control plane of its own: most of the time they wait for pods.
REAL := tests/integration tests/e2e tests/faults --ignore tests/e2e/web -n 2 --dist loadfile
SOURCES := src tests benchmarks tools

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make the virtual environment from the lock files

$(STAMP): requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "odh-nim needs Python 3.11 or newer; set PYTHON=…" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

programs: setup ## Build the sandbox's control plane (once; up to 20 minutes)
	@tools/with-go $(BIN)/odh-nim sandbox build

page: setup ## Build the page into the package
	@$(BIN)/python hatch_build.py

check: setup ## Format, lint, types, import walls, generated files
	@$(BIN)/ruff format --check --quiet $(SOURCES)
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/mypy --no-error-summary src tests benchmarks tools
	@$(BIN)/lint-imports --no-logo >/tmp/odh-nim-lint-imports.$$$$ 2>&1 \
	  || { cat /tmp/odh-nim-lint-imports.$$$$; rm -f /tmp/odh-nim-lint-imports.$$$$; exit 1; }; \
	  rm -f /tmp/odh-nim-lint-imports.$$$$
	@$(BIN)/python tools/lint_templates.py
	@$(BIN)/python tools/generate_docs.py --check
	@$(BIN)/python hatch_build.py --packages
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check >/tmp/odh-nim-page.$$$$ 2>&1 \
	  || { cat /tmp/odh-nim-page.$$$$; rm -f /tmp/odh-nim-page.$$$$; exit 1; }; \
	  rm -f /tmp/odh-nim-page.$$$$
	@echo "check: all passed"

unit: setup ## Pure code with fakes
	@$(PYTEST) tests/unit -n 2 -q

integration: programs ## Against a real kube-apiserver and KServe
	@tools/install-test-tools
	@$(PYTEST) tests/integration -q

e2e: programs page ## Whole commands against a whole sandbox
	@tools/install-test-tools
	@$(PYTEST) tests/e2e -q --ignore tests/e2e/web

browser: programs page ## The page in a real browser, before a whole sandbox
	@tools/install-browser
	@$(PYTEST) tests/e2e/web -q

screenshots: programs ## Take the pictures of the page for the docs
	@tools/install-browser
	@$(BIN)/python tools/screenshots.py

faults: programs ## Every outbound call under every fault
	@$(PYTEST) tests/faults -q

test: check programs page ## Everything that CI runs
	@tools/install-test-tools
	@tools/install-browser
	@$(call again,tests/unit -n 2)
	@$(call again,$(REAL))
	@$(call again,tests/e2e/web -n 2)

sandbox: programs page ## Start a whole cluster on this machine and say how to use it
	@$(BIN)/odh-nim sandbox up

generate: setup ## Rewrite every generated file
	@$(BIN)/python tools/generate_catalog.py
	@$(BIN)/python tools/generate_docs.py
	@$(BIN)/python tools/generate_openapi.py

bench: programs ## Print every budget as a ratio
	@set -e; for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script; done

lock: setup ## Pin the newest allowed versions, with hashes and without hosts
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --python-version 3.11 --group dev pyproject.toml \
	  -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --python-version 3.11 -c requirements/dev.txt pyproject.toml \
	  -o requirements/run.txt

clean: ## Remove what the targets made here (the cache in ~/.cache/odh-nim stays)
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Everything runs in .venv, which the first target that needs it creates.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: serve test test-slow check fuzz bench bench-peers clean help
.DEFAULT_GOAL := serve

serve: .venv/runtime  ## The sandbox on http://127.0.0.1:8080.
	@$(BIN)/rescind serve

test: .venv/dev  ## Every test but the slow ones and the fuzzing.
	$(BIN)/python -m pytest -n auto

test-slow: .venv/dev  ## Certify whole clients, honest and broken ones.
	$(BIN)/python -m pytest -m slow -n auto

check: .venv/dev  ## Lint, format and types.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/rescind check

fuzz: .venv/dev  ## Schemathesis against a running server and against the Flask app: every document, every check.
	$(BIN)/python tests/contract/fuzz.py
	$(BIN)/python tests/contract/fuzz.py --wsgi

bench: .venv/dev  ## Ratios against a minimal Flask app, measured in one run.
	$(BIN)/python tests/bench/bench.py

bench-peers: .venv/dev  ## The same with the peers beside it, installed from npm into a cache folder.
	$(BIN)/python tests/bench/bench.py --peers

help:  ## This list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

clean:  ## Forget .venv.
	rm -rf .venv

.venv/runtime: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rescind needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: .venv/runtime pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

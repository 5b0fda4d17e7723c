# Everything a person or a machine does with this repository.
# A fresh machine needs git, make and Python 3.11 or newer; the rest goes into .venv.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# What pytest gets: make test TESTS="tests/trace -k chain"
TESTS ?=
# What the measurements get: make bench BENCH="--engine sqlite --growth --plot growth.svg"
BENCH ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Only an editable install shows a change at the next start; its backend is already there, pinned.
INSTALL_SELF := $(INSTALL) --no-deps --no-build-isolation --editable .

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check format bench lock clean

help:
	@echo 'make run     serve with demo data on http://$(HOST):$(PORT) (HOST=… PORT=…)'
	@echo 'make test    run every test (TESTS="tests/trace -k chain" for some)'
	@echo 'make check   lint, formatting, types, import directions'
	@echo 'make format  put the code into its format'
	@echo 'make bench   measure every figure beside its bar (BENCH="--growth" for a log of a million entries)'
	@echo 'make lock    pin the dependencies again (UPGRADE=--upgrade for newer versions)'
	@echo 'make clean   remove what these commands made, but not your data'

run: $(VENV)/.installed-base
	$(BIN)/shangeng serve --demo --host $(HOST) --port $(PORT)

test: $(VENV)/.installed-dev
	$(BIN)/pytest --numprocesses logical --dist worksteal $(TESTS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pytest --quiet tests/test_repository.py

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench $(BENCH)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# A stamp is newer than what it was installed from; a failed install leaves none.
$(VENV)/.installed-base: $(BIN)/python pyproject.toml requirements/base.txt requirements/build.txt
	@echo 'Installing what the product needs into $(VENV); this takes a minute the first time.'
	@$(INSTALL) --require-hashes -r requirements/base.txt -r requirements/build.txt
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml requirements/dev.txt
	@echo 'Installing what development needs into $(VENV); this takes a minute or two the first time.'
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL_SELF)
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
	  { echo 'There is no $(PYTHON) here. Install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv).' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name a newer one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'This Python comes without its venv module. Install it first (Debian, Ubuntu: apt install python3-venv).' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# dev.txt is resolved first and holds the versions that the others repeat.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	$(LOCK) --group dev --extra postgresql --output-file requirements/dev.txt pyproject.toml
	$(LOCK) --constraint requirements/dev.txt --output-file requirements/base.txt pyproject.toml
	$(LOCK) --constraint requirements/dev.txt --extra postgresql --output-file requirements/postgresql.txt pyproject.toml
	$(LOCK) --constraint requirements/dev.txt --output-file requirements/build.txt --group build

LOCK = build/lock/bin/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

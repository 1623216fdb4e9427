# Sugu. Needs python3 (3.11 or later, with venv) and make; everything else goes into .venv.

PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
# The lock names every package and its hashes, so pip has nothing to resolve and no code to run.
LOCKED := --no-deps --require-hashes --only-binary :all: --no-compile
CHROMIUM := $(firstword $(wildcard $(addprefix /usr/bin/,chromium chromium-browser google-chrome)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test bench faults check format words lock fuzz mutants sdk sbom audit image browser

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## The demo world at http://127.0.0.1:8000 (make demo PORT=9000)
	@$(BIN)/sugu demo --port $(PORT)

test: $(VENV)/.dev browser ## Every test, on SQLite and on a real PostgreSQL, with the browser
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

faults: $(VENV)/.dev ## The bad days in full, and docs/trust.md made from what they showed
	@rm -rf .faults && mkdir .faults
	@FAULTS=full $(BIN)/python -m pytest -s --junitxml=.faults/report.xml \
		$$($(BIN)/python -m tests.faults.trust --tests); ended=$$?; \
		$(BIN)/python -m tests.faults.trust && exit $$ended

bench: $(VENV)/.runtime ## What one machine carries (make bench PARTS="region=600 scale")
	@$(BIN)/sugu bench $(PARTS)

check: $(VENV)/.dev ## Format, lint, types, floors, words, migrations: what `make test` does not run
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest --quiet tests/test_catalogues.py tests/test_migrations.py tests/test_house.py

format: $(VENV)/.dev ## Lay the code out, and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

words: $(VENV)/.dev ## Gather the texts of the code into the catalogues
	@$(BIN)/python locales/update.py

fuzz: $(VENV)/.dev ## Two hundred odd requests for every operation of the API (long)
	@FUZZ=200 $(BIN)/python -m pytest --numprocesses 2 --timeout 0 --junitxml=build/fuzz.xml \
		tests/api/test_fuzz.py
	@$(BIN)/python -m tests.api.fuzzed build/fuzz.xml

mutants: $(VENV)/.dev ## Change the thinking modules a little, and see that a test notices (long)
	@$(BIN)/mutmut run

sdk: $(VENV)/.dev ## Ask the official Node SDK again what it sends (needs node and npm); fails if it changed
	@$(BIN)/python -m tests.gateways.npm_sdk

sbom: $(VENV)/.runtime ## The list of parts, CycloneDX JSON from the lock: build/sbom.cdx.json
	@$(BIN)/python .ci/sbom.py requirements.txt build/sbom.cdx.json

audit: $(BIN)/python ## Known vulnerabilities of the locked packages; says so when no feed answers
	@$(BIN)/python .ci/audit.py requirements.txt build/audit

image: $(BIN)/python ## The Dockerfile's commands in a clean environment, until its health check passes
	@$(BIN)/python .ci/image.py

lock: $(VENV)/.dev ## Write requirements*.txt anew from pyproject.toml, with hashes
	@$(PIP) install uv
	@$(BIN)/uv pip compile --quiet pyproject.toml --group build $(COMPILE) --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet pyproject.toml --group build --group dev --constraints requirements.txt \
		$(COMPILE) --output-file requirements-dev.txt
COMPILE := --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Sugu needs Python 3.11 or later, and found none." >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python cannot make a venv here: on Debian or Ubuntu, apt install python3-venv." >&2; exit 1; }

# The stamps: an install is done again only when the lock or the project file is newer.
$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing Sugu ..."
	@$(PIP) install $(LOCKED) -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing the test tools ..."
	@$(PIP) install $(LOCKED) -r requirements-dev.txt
	@touch $@

# The browser tests drive a system Chromium. Where we may, we install it; elsewhere they fail and say so.
browser:
ifeq ($(CHROMIUM),)
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "Installing Chromium for the browser tests ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	else echo "The browser tests need Chromium: install it, or they will fail." >&2; fi
endif

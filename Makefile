PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: serve
serve: $(VENV)/.run ## Install what is needed and serve on HOST:PORT; Ctrl-C stops it
	@exec $(BIN)/python manage.py serve

.PHONY: test
test: $(VENV)/.dev ## Run all tests, on an embedded PostgreSQL unless DATABASE_URL is set
	$(BIN)/python -m pytest

.PHONY: test-quick
test-quick: $(VENV)/.dev ## The same without real servers, their accidents and random sequences
	$(BIN)/python -m pytest -m "not slow"

.PHONY: record-redis
record-redis: $(VENV)/.dev ## Renew the replies recorded from the Redis at REDIS_URL
	$(BIN)/python -m tests.conformance

.PHONY: lint
lint: $(VENV)/.dev ## Check style, types, layers and requirements
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check_facts.py
	$(BIN)/python scripts/compile_requirements.py --check

.PHONY: requirements
requirements: $(VENV)/.dev ## Compile requirements*.txt from what requirements*.in say
	$(BIN)/python scripts/compile_requirements.py

.PHONY: bench
bench: $(VENV)/.bench ## Compare the service with its peers, and write docs/benchmarks.md; needs wrk
	@$(BIN)/python -m bench full

.PHONY: bench-quick
bench-quick: $(VENV)/.bench ## Make the same comparison in two minutes, and only print it
	@$(BIN)/python -m bench quick

# The stamps: reinstalled only when the requirements change.
$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(call install,requirements.txt)
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/bin/python
	$(call install,requirements-dev.txt)
	@touch $@ $(VENV)/.run

$(VENV)/.bench: requirements-bench.txt | $(VENV)/bin/python
	$(call install,requirements-bench.txt)
	@touch $@ $(VENV)/.run

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

define install
@echo "Installing the packages of $(1) into $(VENV): about half a minute the first time ..."
@$(BIN)/python -m pip install --disable-pip-version-check -r $(1)
endef

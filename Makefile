# `make demo` and `make test` set up all that they need. Python can be chosen: make PYTHON=python3.12 test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_OFFLINE = 1
export MLFLOW_DISABLE_TELEMETRY = true
export TOKENIZERS_PARALLELISM = false

.PHONY: demo test test-all check bench docs clean

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "evomerge needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/ready
	$(BIN)/evomerge zoo make tiny
	$(BIN)/evomerge search search_spaces/quickstart.yaml --resume
	@echo 'to type these commands as they stand:  . $(VENV)/bin/activate'

test: $(VENV)/ready
	$(BIN)/python -m pytest -m 'not slow' --durations=10

test-all: $(VENV)/ready
	$(BIN)/python -m pytest --durations=10

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready
	$(BIN)/python benchmarks/trial.py

docs: $(VENV)/ready
	$(BIN)/python docs/tables.py

clean:
	rm -rf $(VENV)

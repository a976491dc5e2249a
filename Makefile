# `make` lists what there is. All of it needs Python 3.11 or later and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Modules are compiled when they are first used: most of what libraries bring never is, and takes
# a quarter of a gigabyte.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt
# Each process computes on one thread, or they would wait for each other's.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: help demo check test lint types imports docs rooms figures clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## a made-up company, from raw tables to tiers
	$(BIN)/leadscore demo

check: lint types imports test  ## before a commit: all that follows down to `test`, quickest first

lint: $(VENV)/.installed-test  ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-test  ## mypy --strict
	$(BIN)/mypy

imports: $(VENV)/.installed-test  ## rooms against docs/rooms.toml
	$(PYTEST) --noconftest -q tests/test_rooms.py

# A process for each core, each with a run of neighbouring files that share fixtures; whoever is
# done first takes over some of another's. What is dear is built once for all (tests/conftest.py).
test: $(VENV)/.installed-test lint types  ## lint, types and all tests, on all cores; what CI runs
	$(PYTEST) -n logical --maxprocesses 4 --dist worksteal

docs: $(VENV)/.installed  ## write docs/features.md from the code
	$(BIN)/python -m docs.write_features_page > docs/features.md

rooms: $(VENV)/.installed  ## draw docs/pictures/rooms.svg from docs/rooms.toml
	$(BIN)/python -m docs.write_rooms_picture

figures: $(VENV)/.installed  ## lines, rooms, circles and repeats; make figures AGAINST=HEAD~1
	$(BIN)/python benchmarks/code_figures.py $(addprefix --against ,$(AGAINST))

clean:  ## remove what was installed or written
	rm -rf $(VENV) demo build .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "leadscore needs Python 3.11 or later; say which: make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -e '.[test]'
	@touch $@ $(VENV)/.installed

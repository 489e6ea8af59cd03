PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 2
ARGS   ?=

PY    := $(VENV)/bin/python
STAMP := $(VENV)/.installed
ROOMS := tnc tests examples $(wildcard benchmarks docs)
TEXTS := tnc/std tnc/cli/starters examples $(wildcard benchmarks tests/programs)

# Several threads in each of several test processes slow one another down.
export OMP_NUM_THREADS = 1
# Tests start a hundred interpreters, each of which would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types imports wheel docs golden bench format clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12  the interpreter (3.11 or newer)     JOBS=4  test processes"
	@echo "  ARGS='-k conv'     passed on by test, golden and bench"

setup: $(STAMP)  ## a virtual environment with tnc and its tools in .venv
	@echo "$(VENV) is ready"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "tnc needs Python 3.11 or newer: make PYTHON=python3.12 setup"; exit 1; }
	@echo "== setup: $(VENV) (torch included, so the first time takes a while)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,dev,bench,docs]'
	@touch $@

demo: $(STAMP)  ## compile a layer, read its code, train with it
	@$(PY) examples/demo.py

test: $(STAMP)  ## all tests
	@echo "== test"
	@$(PY) -m pytest -q -n $(JOBS) --dist worksteal $(ARGS)

check: $(STAMP)  ## everything that must hold before a change goes in
	@$(MAKE) --no-print-directory -j $(JOBS) lint types imports docs
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory wheel
	@echo "== all is well"

lint: $(STAMP)  ## format and lint, changing nothing
	@echo "== lint"
	@$(PY) -m ruff format --check --quiet $(ROOMS) \
	  || { $(PY) -m ruff format --diff --quiet $(ROOMS); echo "make format mends this"; exit 1; }
	@$(PY) -m ruff check --quiet $(ROOMS)
	@out=$$($(PY) -m tnc fmt --check $(TEXTS) 2>&1) || { echo "$$out"; echo "make format mends this"; exit 1; }

types: $(STAMP)  ## mypy, strict
	@echo "== types"
	@$(PY) -m mypy --no-error-summary

imports: $(STAMP)  ## which room may import which
	@echo "== imports"
	@out=$$($(VENV)/bin/lint-imports 2>&1) || { echo "$$out"; exit 1; }

wheel: $(STAMP)  ## build the wheel, install it apart, use it outside of the checkout
	@echo "== wheel"
	@.ci/wheel $(PY)

docs: $(STAMP)  ## the site, in build/site
	@echo "== docs"
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --strict

golden: $(STAMP)  ## write the golden files anew; read the diff before you commit it
	@$(PY) -m pytest -q -n $(JOBS) --update-golden $(ARGS)

bench: $(STAMP)  ## measure, and write docs/performance.md; ARGS=--quick is short
	@$(PY) -m benchmarks.run $(ARGS)

format: $(STAMP)  ## format, and mend what the linter can mend
	@$(PY) -m ruff check --quiet --fix-only $(ROOMS)
	@$(PY) -m ruff format --quiet $(ROOMS)
	@$(PY) -m tnc fmt $(TEXTS) 2>/dev/null

clean:  ## remove all that can be made again, .venv too
	@rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test slow lint bench mutants real clean help

help:            ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)   ## set up, then run exit_liquidity on the synthetic demo market
	$(BIN)/flowbt run strategies/exit_liquidity.py --demo

test: $(READY)   ## set up, then the default test suite
	$(BIN)/python -m pytest -n 2 --dist loadscope

slow: $(READY) $(VENV)/moto/.ready   ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

$(VENV)/moto/.ready: $(READY)  # a server that speaks S3, for its tests: in an environment of its own, for its pins are not ours
	$(PYTHON) -m venv $(VENV)/moto
	$(VENV)/moto/bin/python -m pip install --quiet 'moto[server]==5.2.5'
	@touch $@

lint: $(READY)   ## ruff, mypy strict, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src tests strategies claims benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## every benchmark, both sides in one run
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[bench]'
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

mutants: $(READY)  ## small faults put in one at a time: the share the tests notice, per room (hours; not in CI)
	$(BIN)/python scripts/mutants.py $(ROOMS)

RAW ?= ../shared/data/raw
real: $(READY)   ## import the real files under RAW and run exit_liquidity on them
	$(BIN)/flowbt data import --plan datasets/plan.toml --root $(RAW)
	$(BIN)/flowbt run strategies/exit_liquidity.py --real

clean:           ## remove the environment and caches (never datasets or results)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

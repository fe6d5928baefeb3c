# Two commands on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
SEEDS ?= 10000

.PHONY: run init test bench mutants simulate check format clean

run: .venv/.run
	@$(BIN)/kalshi-chatops run

init: .venv/.run
	@$(BIN)/kalshi-chatops init

test: .venv/.test
	$(BIN)/python -m pytest -n auto --dist loadfile

bench: .venv/.run
	@$(BIN)/kalshi-chatops bench

mutants: .venv/.mutants
	rm -rf mutants
	$(BIN)/mutmut run
	@$(BIN)/mutmut results
	@$(BIN)/mutmut results --all true | $(BIN)/python -m tests.mutation_score

check: .venv/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/.run: $(BIN)/python pyproject.toml
	@echo "Installing (about a minute, once)..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/.test: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ .venv/.run

.venv/.mutants: .venv/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[mutants]'
	@touch $@

simulate: .venv/.run
	@$(BIN)/kalshi-chatops simulate --seeds $(SEEDS)

clean:
	rm -rf .venv mutants build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

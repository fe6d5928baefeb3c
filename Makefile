# Two commands on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
SEEDS ?= 10000
# Tests in an order of their own (tests/conftest.py). They start some hundred programs: what is compiled is kept.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

.PHONY: run init test test-python lowest bench mutants simulate check format docs lock package audit clean

run: .venv/.run
	@$(BIN)/kalshi-chatops run

init: .venv/.run
	@$(BIN)/kalshi-chatops init

test: .venv/.test
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(PARALLEL)

# Every test with another Python: make test-python PYTHON=python3.13
test-python:
	$(PYTHON) -m venv .venv-other
	.venv-other/bin/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	PYTHONDONTWRITEBYTECODE= .venv-other/bin/python -m pytest $(PARALLEL)

lowest:
	PYTHON=$(PYTHON) .ci/lowest

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

docs: .venv/.test
	@$(BIN)/python -m tests.documents

# The versions and hashes that the container installs: the newest that pyproject.toml allows. Tests hold them against it.
lock: .venv/.release
	echo setuptools | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command 'make lock' --output-file deploy/requirements.lock pyproject.toml -

package: .venv/.release
	rm -rf build dist
	$(BIN)/python -m build

# Known vulnerabilities of what is locked. What cannot be looked up fails too; `make check` has the unsafe code (ruff's S).
audit: .venv/.release
	@$(BIN)/python -m tests.audit

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

.venv/.release: .venv/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[release]'
	@touch $@

simulate: .venv/.run
	@$(BIN)/kalshi-chatops simulate --seeds $(SEEDS)

clean:
	rm -rf .venv .venv-other .venv-lowest mutants build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

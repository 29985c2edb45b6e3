# Two commands on a fresh machine with Python 3.11 or later:  make demo  and  make test
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEMO ?= demo

.PHONY: demo test test-slow test-all lint types format lock docs bench clean

demo: $(READY)
	$(BIN)/aiops-cost demo $(DEMO)
	@echo "The program is $(BIN)/aiops-cost; this puts it on your path:  . $(BIN)/activate"

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

test-slow: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

test-all: test test-slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)
	$(BIN)/python docs/generate.py

bench: $(READY)
	$(BIN)/python -m benchmarks

# Needs uv; pins every package with its hashes for Python 3.11 to 3.13, and names no index.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --upgrade --quiet pyproject.toml --all-extras --group dev --output-file requirements.lock

$(READY): requirements.lock pyproject.toml
	@python=$$(for name in python3 python3.13 python3.12 python3.11 python; do \
	  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done); \
	test -n "$$python" || { echo "Python 3.11 or later is needed; none was found." >&2; exit 1; }; \
	$$python -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache

PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n 2 --no-loadscope-reorder
# a processor without its widest instructions adds in another order
AVX2 := ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2

.PHONY: run check quick test test-avx2 clean

run: .venv/.run  ## make the environment once, then open the app
	$(BIN)/streamlit run streamlit_app.py

check: .venv/.test  ## lint, format and types, without running anything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

quick: .venv/.test  ## the tests to run often: no server, no browser, nothing that computes for long
	$(PYTEST) -m "not waits and not slow"

test: check  ## every test; those that need a browser or PostgreSQL are skipped without it, and say so
	$(PYTEST)

test-avx2: .venv/.test  ## the tests that compare numbers, as on a processor that has AVX2 and nothing wider
	$(AVX2) $(PYTEST) -m "numbers and not waits"

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Batchscope needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/.test: requirements-dev.txt requirements-postgres.txt requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@ .venv/.run

clean:  ## the environment, and what tools have kept
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache

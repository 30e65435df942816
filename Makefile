PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test clean

run: .venv/.run  ## make the environment once, then open the app
	$(BIN)/streamlit run streamlit_app.py

test: .venv/.test  ## every test; those that need a browser are skipped without one, and say so
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 2 -m "not waits"
	$(BIN)/python -m pytest -m waits  # one by one: they wait for a server, its workers, a browser

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Batchscope needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/.test: requirements-dev.txt requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@ .venv/.run

clean:
	rm -rf .venv

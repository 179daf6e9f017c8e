# The front door. Every target works on a fresh clone with Python 3.11+ and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test lint bench docs knowledge clean

demo: $(VENV)/.demo  ## scan the embedded demo estate (ends 0 although the scan finds things)
	$(BIN)/aumdoctor scan --demo --fail-on never

PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal
# What shows that azure/ and checks/ do what they should. Coverage is measured by these alone: the stories of whole
# commands would prove little by what they run on their way, and tracing doubles what they cost.
COVER := tests/azure tests/checks $(addprefix tests/scenarios/test_, $(addsuffix .py, \
	apply cancel denials faults honest_unknown on_the_way plan probe sources))

test: $(VENV)/.dev  ## the whole suite
	@failed=0; \
	$(PYTEST) $(COVER) --cov=aumdoctor.checks --cov=aumdoctor.azure --cov-report=term:skip-covered --cov-fail-under=95 || failed=1; \
	$(PYTEST) $(addprefix --ignore=,$(COVER)) || failed=1; \
	exit $$failed

lint: $(VENV)/.dev  ## style, types and the arrows between the rooms
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev  ## what it costs, as in docs/performance.md
	$(BIN)/python -m benchmarks.run

docs: $(VENV)/.dev  ## write the generated pages anew
	$(BIN)/python docs/generate.py

knowledge: $(VENV)/.dev  ## every table of knowledge with its date; STALE where it is older than a year
	$(BIN)/python -m aumdoctor.knowledge.dated

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aumdoctor needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# `make` lists the targets. Each one does its own set-up; nothing is installed outside .venv.

VENV   := .venv
BIN    := $(VENV)/bin
# The first Python on the PATH that is new enough; `make PYTHON=/path/to/python3.12 test` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
NO_PYTHON := No Python 3.11 or newer on the PATH: install one, or run make PYTHON=/path/to/python3
PIP_TOOLS := pip-tools==7.6.2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lessons simulate hunt simulate-mutants fuzz lint fix contract-postgres soak soak-mutants bench load-postgres requirements corpus samples clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## mirror copies of examples/ into an embedded Picora, until Ctrl-C
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }
	@$(PYTHON) scripts/dev.py demo

test: $(VENV)/.installed ## run the tests
	@$(BIN)/python scripts/dev.py test

check: lint ## what CI runs: lint, types, import floors, dependencies, tests with branch coverage
	@PYTEST_ADDOPTS="--cov --cov-report=term" $(BIN)/python scripts/dev.py test

FUZZ ?= 500
fuzz: $(VENV)/.installed ## ask the embedded Picora what nobody would ask, for some minutes (FUZZ=5000: for an hour)
	PICORA_FUZZ_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest -q tests/fuzz
	$(BIN)/python -m pytest -q tests/property/test_server_*.py --hypothesis-profile=fuzz

simulate: $(VENV)/.installed ## run simulations: SEEDS=1000 FROM=0 CHAPTER=power|every PROCESSES=2; what breaks a promise is shortened and shown
	@$(BIN)/python -m tests.simulation.simulate --from $(or $(FROM),0) --seeds $(or $(SEEDS),1000) \
		--chapter "$(CHAPTER)" --processes $(or $(PROCESSES),1)

hunt: $(VENV)/.installed ## run seeds that nobody ran (FROM=200000 SEEDS=300 of every chapter); lists up to 20 that fail
	@nice -n 19 $(BIN)/python -m tests.simulation.simulate --from $(FROM) --seeds $(or $(SEEDS),300) \
		--chapter "$(or $(CHAPTER),every)" --processes $(or $(PROCESSES),1) --keep-going

simulate-mutants: $(VENV)/.installed ## take protections out of a copy of the product, and see the simulator notice each
	$(BIN)/python -m tests.simulation.mutants

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

fix: $(VENV)/.installed ## repair what lint and format can repair by themselves
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contract-postgres: $(VENV)/.installed ## run the contract tests on a PostgreSQL and an S3 endpoint of their own
	@.ci/postgres
	PICORA_TEST_BACKEND=postgres+s3 $(BIN)/python -m pytest tests/contract

lessons: $(VENV)/.installed ## take each protection out of a copy of the project, and see the test of its lesson fail
	$(BIN)/python -m tests.lessons

soak: $(VENV)/.installed ## kill, starve and unmount the real processes for two hours (SEED=7; needs root for the mounts); ends with a table
	@$(BIN)/python -m tests.soak all $(if $(SEED),--seed $(SEED))

soak-mutants: $(VENV)/.installed ## take protections out of copies of the project, and see each soak find it out (an hour, root)
	$(BIN)/python -m tests.soak.mutants

bench: $(VENV)/.installed ## print every benchmark as a ratio to its yardstick (QUICK=1: fewer rounds); 1 if a budget is missed
	@missed=0; for script in benchmarks/[!_]*.py; do $(BIN)/python "$$script" || missed=1; done; exit $$missed

WORKERS ?= 2
load-postgres: $(VENV)/.installed ## load WORKERS=2 processes on a PostgreSQL and an S3 endpoint of their own for a minute
	@.ci/postgres
	$(BIN)/python -m tests.backends $(BIN)/python benchmarks/server_load.py \
		--workers $(WORKERS) --database DATABASE --storage STORAGE

requirements: $(VENV)/.pip-tools ## pin requirements/*.txt anew, with hashes, to the newest releases
	CUSTOM_COMPILE_COMMAND='make requirements' $(VENV)/pip-tools/bin/pip-compile --quiet --upgrade --generate-hashes \
		--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
		--extra server --output-file requirements/run.txt pyproject.toml
	CUSTOM_COMPILE_COMMAND='make requirements' $(VENV)/pip-tools/bin/pip-compile --quiet --upgrade --generate-hashes \
		--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
		--constraint requirements/run.txt --extra server --extra dev --output-file requirements/dev.txt pyproject.toml

corpus: $(VENV)/.installed ## compare the lengths of audio from many encoders with ffmpeg (needs ffmpeg; sox, lame, flac, opus-tools, vorbis-tools)
	$(BIN)/python scripts/audio_corpus.py

samples: $(VENV)/.installed ## make examples/ anew (needs lame, flac, vorbis-tools and ffmpeg)
	$(BIN)/python scripts/make_samples.py examples

clean: ## remove everything that the other targets made
	rm -rf $(VENV) demo dist .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- set-up: a stamp is older than what it was made from, or there is nothing to do ---

$(VENV)/.installed: pyproject.toml requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }
	@$(PYTHON) scripts/dev.py setup

$(VENV)/.pip-tools: Makefile
	@$(PYTHON) -m venv $(VENV)/pip-tools
	@$(VENV)/pip-tools/bin/python -m pip --quiet install $(PIP_TOOLS)
	@touch $@

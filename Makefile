# `make` alone prints what there is. Every target sets up what it needs; nothing needs root.
# Options go to the commands: `make demo ARGS="--speed 600 --no-browser"`, `make test ARGS="-k outage"`.

ARGS ?=
BIN := .venv/bin
RUN_READY := .venv/.ready
DEV_READY := .venv/.ready-dev
BENCH_READY := .venv/.ready-bench
UV_COMPILE = $(shell command -v uv || echo $(BIN)/uv) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo run doctor test lint format bench ci lock docs clean

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUN_READY) ## Make .venv with exactly the packages of requirements.lock
	@echo "setup: .venv is ready"

$(RUN_READY): requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh requirements.lock $@

$(DEV_READY): requirements-dev.lock requirements.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh requirements-dev.lock $@
	@touch $(RUN_READY)

$(BENCH_READY): requirements-bench.lock $(DEV_READY)
	@scripts/setup.sh requirements-bench.lock $@

demo: $(RUN_READY) ## Start the radar on a simulated world; Ctrl-C ends it
	@$(BIN)/radar demo $(ARGS)

run: $(RUN_READY) ## Start the radar on live data: store, site and jobs
	@$(BIN)/radar run $(ARGS)

doctor: $(RUN_READY) ## Say what works here, what does not, and what to do
	@$(BIN)/radar doctor $(ARGS)

test: lint ## Lint, types and all tests (browser tests where Chromium is present)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(DEV_READY) ## Style, form and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict radar jobs

format: $(DEV_READY) ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BENCH_READY) ## Measure, and write the table of docs/performance.md
	$(BIN)/python -m tests.benchmarks $(ARGS)

ci: ## What the continuous integration runs: Chromium, then `make test`
	.ci/run

lock: $(DEV_READY) ## Compile the lock files from pyproject.toml
	$(UV_COMPILE) pyproject.toml --output-file requirements.lock
	$(UV_COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(UV_COMPILE) pyproject.toml --group dev --group bench --constraint requirements-dev.lock --output-file requirements-bench.lock

docs: $(RUN_READY) ## Write docs/settings.md from the table of settings
	$(BIN)/python -m scripts.settings_doc

clean: ## Remove .venv and caches; the data in var/ stays
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

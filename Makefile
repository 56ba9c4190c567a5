# Taihe. `make help` lists what there is.
SHELL := /bin/bash
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
PIP_SYNC = $(UV) pip sync --quiet --python .venv/bin/python
RUN = .venv/bin/
ARGS ?=
FHIRPATH_JS = 5.2.2

.DEFAULT_GOAL := help
.PHONY: help setup setup-test up test check fix docs bench nightly lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

.venv/bin/python: | $(if $(filter .uv/%,$(UV)),.uv/bin/uv)
	$(UV) venv --quiet --no-python-downloads --python $(PYTHON) --allow-existing .venv

.venv/run.stamp: locks/run.txt pyproject.toml | .venv/bin/python
	$(PIP_SYNC) locks/run.txt
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --editable .
	@rm -f .venv/test.stamp; touch $@

.venv/test.stamp: locks/test.txt pyproject.toml | .venv/bin/python
	$(PIP_SYNC) locks/test.txt
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --editable .
	@touch .venv/run.stamp $@

setup: .venv/run.stamp  ## the environment for running Taihe
setup-test: .venv/test.stamp  ## the environment with everything the tests need

up: setup  ## demo county, then both sites on :8000 and :8001 (ARGS="--port N --residents N")
	$(RUN)taihe up $(ARGS)

test: setup-test  ## all tests
	$(RUN)python -m pytest -n auto --dist loadgroup $(ARGS)
	TAIHE_TEST_SITE=zone $(RUN)python -m pytest tests/zone_site $(ARGS)

check: setup-test  ## format, lint, types, import contracts, migrations, docs
	$(RUN)ruff format --check .
	$(RUN)ruff check .
	$(RUN)mypy
	$(RUN)lint-imports
	$(RUN)python tools/check_migrations.py
	$(MAKE) --no-print-directory docs

fix: setup-test  ## format and mend what can be mended by machine
	$(RUN)ruff format .
	$(RUN)ruff check --fix .

docs: setup-test  ## build docs/ into var/docs
	$(RUN)python tools/build_docs.py
	$(RUN)mkdocs build --quiet --strict

bench: setup-test  ## figures beside their baselines (fhirpath.js where npm is there)
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --require-hashes -r locks/bench.txt
	@command -v npm >/dev/null && npm install --silent --no-audit --no-fund --prefix var/bench fhirpath@$(FHIRPATH_JS) || true
	$(RUN)taihe bench $(ARGS)

nightly: setup-test  ## long proofs: many kills, fuzzing, all engines (Spark needs Java 17 or 21)
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r locks/spark.txt
	TAIHE_NIGHTLY=1 $(RUN)python -m pytest -n auto --dist loadgroup $(ARGS)
	TAIHE_NIGHTLY=1 TAIHE_TEST_SITE=zone $(RUN)python -m pytest tests/zone_site $(ARGS)

lock: | .venv/bin/python  ## resolve the locked requirements anew
	$(UV) pip compile --universal --generate-hashes --no-header --no-annotate --quiet pyproject.toml --extra lake --extra server -o locks/run.txt
	$(UV) pip compile --universal --generate-hashes --no-header --no-annotate --quiet pyproject.toml --extra lake --extra server --group test -c locks/run.txt -o locks/test.txt
	$(UV) pip compile --universal --generate-hashes --no-header --no-annotate --quiet pyproject.toml --extra bench -c locks/test.txt --override <(echo "python-dateutil>=2.8") -o locks/bench.txt
	grep -o '"pyspark>[^"]*"' pyproject.toml | tr -d '"' | $(UV) pip compile --universal --generate-hashes --no-header --no-annotate --quiet - -o locks/spark.txt

clean:  ## remove what can be made again (not var/)
	rm -rf .venv .uv build dist .ruff_cache .mypy_cache .import_linter_cache

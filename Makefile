# Everything a person does with this checkout. `make` alone lists it.

PYTHON ?= python3
# Each test worker brings up a cluster of its own (half a gigabyte).
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := operator/slipway dev tests $(wildcard bench)
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS)

# Without kept bytecode each test worker compiles all tests anew, which takes it nine seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test unit cluster e2e crash check crds policies
.PHONY: bench bench-s1 bench-s3 bench-s4 bench-s6 bench-s7 bench-s10 bench-graph lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv from the hash-locked requirements (other targets do it when needed)

$(READY): requirements/dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed: install the Debian package python3"; exit 1; }
	@$(PYTHON) -I dev/needs.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## the main job on real input: push a base image, see it rebuilt and rolled out
	$(BIN)/python -m dev.demo

up: $(READY) ## bring up a cluster that runs until `make down`
	@$(BIN)/python -m dev up

down: $(READY) ## end that cluster
	@$(BIN)/python -m dev down

test: unit cluster ## all tests: unit, cluster, and 5 crash loops
	$(BIN)/python -m dev.crash --loops 5

unit: $(READY) ## tests without a cluster (up to a minute; HYPOTHESIS_PROFILE=thorough searches longer)
	$(PYTEST) --dist worksteal tests/unit

cluster: $(READY) ## tests on a real control plane
	$(PYTEST) --dist loadscope tests/cluster

e2e: $(READY) ## tests on a real node: needs root, installs the Debian packages that are missing
	@$(BIN)/python -m dev.node
	$(BIN)/pytest tests/e2e

crash: $(READY) ## 30 loops of the demo's story with one SIGKILL each; builds with one at every write
	$(BIN)/python -m dev.crash --loops 30
	$(BIN)/python -m dev.crash_builds

check: $(READY) ## lint, format, types, import contracts
	$(BIN)/ruff check --no-cache .  # a cached verdict outlives the files it was given for
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

crds: $(READY) ## write crds/ anew from the models
	$(BIN)/python -m slipway.api crds

policies: $(READY) ## write policies/ anew from operator/slipway/api/policies
	$(BIN)/python -m slipway.api policies

bench: $(READY) ## measure the engine beside a plain client
	$(BIN)/python -m bench.engine

bench-s1: $(READY) ## measure the cold start of 1,000 Warehouses
	$(BIN)/python -m bench.warehouses s1

bench-s3: $(READY) ## measure a push of a base until its rollout
	$(BIN)/python -m bench.cascade s3

bench-s4: $(READY) ## measure 2,000 settled Warehouses for 10 minutes
	$(BIN)/python -m bench.warehouses s4

bench-s6: $(READY) ## count what 1,000 Warehouses over 400 repositories ask
	$(BIN)/python -m bench.warehouses s6

bench-s7: $(READY) ## measure one repository with 20,000 and 200,000 tags
	$(BIN)/python -m bench.warehouses s7

bench-s10: $(READY) ## measure a push below 1,000 images in six levels
	$(BIN)/python -m bench.cascade s10

bench-graph: $(READY) ## measure changes of a graph of 10,000 images
	$(BIN)/python -m bench.graph

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

lock: ## resolve the requirements anew (needs uv)
	$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK) pyproject.toml -o requirements/runtime.txt

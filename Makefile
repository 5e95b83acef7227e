# `make` lists the targets. Everything goes into .venv; nothing else on the machine is touched but by `test`, which
# installs redis-server, a JDK and Maven through apt-get where they are missing and it may.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PACKAGES := schemas triggers feeds streams
LOCK := $(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--strip-extras --allow-unsafe

.PHONY: help setup demo test servers check bench lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 16

setup: .venv/.installed ## Python environment in .venv, every package by its hash

.venv/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (make PYTHON=/path/to/python3 ...)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## three days of the sample shop on the embedded stack, live, in about a minute
	@$(BIN)/rewake demo

test: setup servers ## every test, on Apache Kafka and Redis
	@$(BIN)/python -m pytest $(ARGS)

servers:
	@docker info >/dev/null 2>&1 && exit 0; \
	missing=; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v java >/dev/null || missing="$$missing default-jdk-headless"; \
	command -v mvn >/dev/null || missing="$$missing maven"; \
	test -z "$$missing" && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "Not installed:$$missing. Tests on the real stack need them (or a Docker engine)." >&2; \
		test -z "$${CI:-}"; \
	fi

check: setup ## linters, types, import contracts, packages that fit together
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip --disable-pip-version-check check

bench: setup servers ## events/s and CPU an event of one worker on Apache Kafka
	@$(BIN)/python -m bench

lock: setup ## resolve the dependencies anew and write both lock files
	$(LOCK) --upgrade --extra embedded --extra dev -o requirements.lock pyproject.toml
	$(LOCK) --upgrade --build-deps-for wheel -c requirements.lock -o requirements-worker.lock pyproject.toml

clean: ## remove what was built and run here, .venv included
	-test -x $(BIN)/rewake && $(BIN)/rewake stack down
	rm -rf .venv .rewake .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

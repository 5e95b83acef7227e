# `make` lists the targets. Everything goes into .venv; nothing else on the machine is touched but by `test`, which
# installs redis-server, a JDK and Maven through apt-get where they are missing and it may.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PACKAGES := schemas triggers feeds streams
LOCK := $(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	--strip-extras --allow-unsafe

.PHONY: help setup demo test servers local-servers check simulate chaos races bench bench-quick bench-peers fuzz held-back soak soak-memory soak-gates lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 20

setup: .venv/.installed ## Python environment in .venv, every package by its hash

.venv/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (make PYTHON=/path/to/python3 ...)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## three days of the sample shop on the embedded stack, live, in about a minute
	@$(BIN)/rewake demo

# Two at a time, each with servers of its own; a file stays together and they are begun in order, the long ones first.
test: setup .venv/.fuzzer servers ## every test, on Apache Kafka and Redis (ARGS=tests/e2e/test_demo.py runs those alone)
	@$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),-n 2 --dist loadfile --no-loadscope-reorder --durations 40)

servers:
	@docker info >/dev/null 2>&1 || $(MAKE) --no-print-directory local-servers

local-servers: # benchmarks want both on this machine itself, not in containers
	@missing=; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v java >/dev/null || missing="$$missing default-jdk-headless"; \
	command -v mvn >/dev/null || missing="$$missing maven"; \
	test -z "$$missing" && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "Not installed:$$missing. Benchmarks and tests on the real stack need them (tests can do with a Docker engine)." >&2; \
		test -z "$${CI:-}"; \
	fi

check: setup ## linters, types, import contracts, packages that fit together
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip --disable-pip-version-check check

SEEDS ?= 0-9999
simulate: setup ## ten thousand seeds of the simulator, about a quarter of an hour (SEEDS=9000-9100 runs those)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

FAULTS ?= 1000
SEED ?= 1
chaos: setup local-servers ## FAULTS=1000 faults to real workers, Apache Kafka and Redis, some 50 minutes (SEED=1)
	@$(BIN)/python -m tests.chaos --faults $(FAULTS) --seed $(SEED) $(ARGS)

RACES ?= 1000
races: setup local-servers ## RACES=1000 customers who leave just as a message falls due, some five minutes (SEED=1)
	@$(BIN)/python -m tests.races --races $(RACES) --seed $(SEED) $(ARGS)

# Atheris has wheels for nothing else; elsewhere the tests by it are left out and say so.
.venv/.fuzzer: requirements-fuzz.lock .venv/.installed
	@if [ "$$(uname -sm)" = "Linux x86_64" ] && $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 14))'; then \
		$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check --require-hashes -r requirements-fuzz.lock; \
	fi
	@touch $@

INPUTS ?= 10000
fuzz: setup .venv/.fuzzer ## INPUTS=10000 mutated feeds and as many templates, then as many guided by coverage (SEED=1)
	@$(BIN)/python -m tests.fuzz --feeds $(INPUTS) --templates $(INPUTS) --seed $(SEED) $(ARGS)

bench: setup local-servers ## every figure of docs/benchmarks.md but the peers', half an hour (ARGS="--help" teaches)
	@$(BIN)/python -m bench $(if $(ARGS),$(ARGS),--write-docs)

bench-quick: setup local-servers ## one worker beside a bare loop, under three minutes; the last line is JSON
	@$(BIN)/python -m bench.quick $(ARGS)

bench-peers: setup local-servers .venv-peers/.installed ## Kafka Streams, Bytewax, Quix Streams and Faust beside us
	@cd bench/peers/kafka-streams && mvn -q -B -Dstyle.color=never package
	@$(BIN)/python -m bench.peers $(if $(ARGS),$(ARGS),--write-docs)

.venv-peers/.installed: requirements-peers.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (make PYTHON=/path/to/python3 ...)" >&2; exit 1; }
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install -q --no-compile --disable-pip-version-check --require-hashes \
		-r requirements-peers.lock
	@touch $@

held-back: setup ## the table of docs/gates.md: what each gate holds back, on the real carts in ../shared/data
	@$(BIN)/python -m bench.held_back $(if $(ARGS),$(ARGS),--write-docs)

soak: soak-gates soak-memory ## both soaks, the longest runs that there are

soak-memory: setup local-servers ## 50,000,000 events through one worker: is memory flat?
	@$(BIN)/python -m bench soak --soak-events 50000000 $(ARGS)

STEPS ?= 1000000
soak-gates: setup ## a million steps: the gates against a slow reference (STEPS=1000000 SEED=1)
	@$(BIN)/python -m tests.model --steps $(STEPS) --seed $(SEED)

lock: setup ## resolve the dependencies anew and write the lock files
	$(LOCK) --upgrade --extra embedded --extra dev -o requirements.lock pyproject.toml
	$(LOCK) --upgrade --extra fuzz -c requirements.lock -o requirements-fuzz.lock pyproject.toml
	$(LOCK) --upgrade --extra peers -o requirements-peers.lock pyproject.toml
	$(LOCK) --upgrade --extra rocksdb --extra import --build-deps-for wheel -c requirements.lock -o requirements-worker.lock pyproject.toml

clean: ## remove what was built and run here, .venv included
	-test -x $(BIN)/rewake && $(BIN)/rewake stack down
	rm -rf .venv .venv-peers bench/peers/kafka-streams/target .rewake .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything a person or CI does with this tree. Needs make and Python 3.11 or later; every package comes hash-pinned from the locks.
# `make test-system` needs nginx, Chromium, Prometheus, Java and Node 20 besides, `make bench` Node 20: those are the machine's own.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# The tests start some hundred processes; each would compile the whole tree anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
PYTEST_ARGS ?= -n 5 --dist loadgroup
UV ?= uv
LOCK_WITH := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header
LOCK := $(LOCK_WITH) pyproject.toml

# A stamp's name holds what it vouches for, so a re-run is instant and a changed lock, Python or folder is installed anew.
sum = $(shell cat $(1) 2>/dev/null | cksum | tr ' ' -)
HERE := $(shell pwd -P | cksum | tr ' ' -)
VENV_STAMP := $(VENV)/.stamp-venv-$(HERE)
RUN_STAMP := $(VENV)/.stamp-run-$(call sum,requirements.lock .ci/link.py)
DEV_STAMP := $(VENV)/.stamp-dev-$(call sum,requirements-dev.lock .ci/link.py)

# What make test-system needs besides Python and Node: command:Debian package.
SYSTEM_NEEDS := nginx:nginx-light chromium:chromium prometheus:prometheus java:default-jre-headless

PEERS := benchmarks/peers/node
NODE_STAMP := $(PEERS)/node_modules/.stamp-$(call sum,$(PEERS)/package-lock.json)

# The linters of openapi.yaml, and what makes and runs clients from it; nothing of ours is in either.
TOOLS := tests/system/node
TOOLS_STAMP := $(TOOLS)/node_modules/.stamp-$(call sum,$(TOOLS)/package-lock.json)
CLIENTS := build/clients
CLIENTS_STAMP := $(CLIENTS)/.stamp$(HERE)-$(call sum,requirements-clients.lock)

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(RUN_STAMP) ## make .venv and install what Orderbridge runs on
	@echo "ready: $(VENV)/bin/orderbridge --help"

.PHONY: run
run: $(RUN_STAMP) ## start the sandbox: the gateway in front of simulated vendors
	@exec $(VENV)/bin/orderbridge sandbox

.PHONY: test
test: compiled ## run every test that needs Python alone, on SQLite and on a PostgreSQL that they start themselves; test-system runs the rest
	$(PY) -m pytest $(PYTEST_ARGS)

# Once, before each worker of the tests does it for itself.
.PHONY: compiled
compiled: $(DEV_STAMP)
	@[ -d tests/__pycache__ ] || $(PY) -m pytest --collect-only -qq >/dev/null

.PHONY: test-system
test-system: system-needs $(DEV_STAMP) $(NODE_STAMP) $(TOOLS_STAMP) $(CLIENTS_STAMP) ## run the tests that need nginx, Chromium, Prometheus, Java or Node 20; as root on Debian all but Node are installed
	$(PY) -m pytest -s tests/system tests/benchmarks/test_peers.py

.PHONY: system-needs
system-needs:
	@PATH="$$PATH:/usr/sbin"; missing=; \
	for need in $(SYSTEM_NEEDS); do command -v "$${need%%:*}" >/dev/null || missing="$$missing $${need#*:}"; done; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing$$missing" && apt-get update -qq && \
	    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	  else echo "make test-system needs: apt-get install$$missing (Debian's names)" >&2; exit 1; fi; }

# Side by side, as each alone keeps one processor busy, or the network. What fails here says so again in the step that needs it.
.PHONY: install
install: ## install all that the other commands need, at once and side by side
	@$(MAKE) system-needs & $(MAKE) $(NODE_STAMP) & $(MAKE) $(TOOLS_STAMP) & \
	{ $(MAKE) $(DEV_STAMP) && { $(MAKE) $(CLIENTS_STAMP) & $(MAKE) compiled & wait; }; } & wait

.PHONY: screenshots
screenshots: system-needs $(DEV_STAMP) ## take the screenshots of docs/ anew
	REFRESH_SCREENSHOTS=1 $(PY) -m pytest -q tests/system/test_swagger_ui.py

.PHONY: bench
bench: $(DEV_STAMP) $(NODE_STAMP) ## measure what docs/performance.md tells, and write it anew (BENCH_ARGS="--only sustained" and so on; half an hour and more)
	$(PY) -W ignore -m benchmarks $(BENCH_ARGS)
	$(if $(findstring --quick,$(BENCH_ARGS)),,$(PY) -W ignore -m benchmarks.report)

.PHONY: fuzz
fuzz: $(DEV_STAMP) ## attack the API by its own contract with 50,000 cases (FUZZ_ARGS="--cases 5000 --seed 1" and so on)
	@$(PY) -W ignore -m tests.fuzz $(FUZZ_ARGS)

.PHONY: chaos
chaos: $(DEV_STAMP) ## the long crash and fault runs on both stores (CHAOS_ARGS="--store sqlite --json FILE" and so on)
	$(PY) -W ignore -m tests.chaos $(CHAOS_ARGS)

.PHONY: lint
lint: lint-ruff lint-format lint-types lint-imports lint-docker lint-openapi ## run every check that is not a test

.PHONY: lint-ruff
lint-ruff: $(DEV_STAMP)
	$(VENV)/bin/ruff check .

.PHONY: lint-format
lint-format: $(DEV_STAMP)
	$(VENV)/bin/ruff format --check .

.PHONY: lint-types
lint-types: $(DEV_STAMP)
	$(PY) -m mypy

.PHONY: lint-imports
lint-imports: $(DEV_STAMP)
	$(VENV)/bin/lint-imports

.PHONY: lint-docker
lint-docker: $(DEV_STAMP)
	$(VENV)/bin/hadolint Dockerfile

.PHONY: lint-openapi
lint-openapi: $(DEV_STAMP)
	$(VENV)/bin/orderbridge openapi --check

.PHONY: openapi
openapi: $(RUN_STAMP) ## write openapi.yaml anew from the code
	$(VENV)/bin/orderbridge openapi > openapi.yaml.new
	mv openapi.yaml.new openapi.yaml

.PHONY: tables
tables: $(RUN_STAMP) ## write the tables of docs/ anew from the code
	$(PY) -m app.commands.tables

.PHONY: docs
docs: $(DEV_STAMP) ## build the site of docs/ in build/site
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --clean
	@echo "ready: build/site/index.html"

.PHONY: lock
lock: ## pin the dependencies of pyproject.toml anew (needs uv; UV=... names it)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv, the one tool that is not in the locks: pip install uv" >&2; exit 1; }
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev -o requirements-dev.lock
	$(LOCK_WITH) --group clients -o requirements-clients.lock

.PHONY: clean
clean: ## remove .venv and every cache; no data
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build orderbridge.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first of these that is 3.11 or later and can make environments. Debian's own python3 cannot without its python3-venv.
$(VENV_STAMP):
	@for python in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14; do \
	  $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "making $(VENV) with $$($$python --version)"; \
	  $$python -m venv --clear $(VENV) && touch $@ && exit 0; \
	done; \
	echo "Orderbridge needs Python 3.11 or later with its venv module (Debian: apt-get install python3-venv); PYTHON=... names one." >&2; \
	exit 1

# Wheels only: a source package would be built with tools that no lock pins.
define install
@echo "installing the $$(grep -c '^[a-z0-9]' $(1)) packages of $(1) (about a minute the first time)"
@$(PIP) install -qq --require-hashes --no-deps --only-binary :all: -r $(1)
@$(PY) .ci/link.py
endef

$(RUN_STAMP): $(VENV_STAMP)
	$(call install,requirements.lock)
	@rm -f $(VENV)/.stamp-run-* && touch $@

# One of the packages is compiled; node-gyp would fetch Node's headers, but they come with Node or, on Debian, with libnode-dev.
$(NODE_STAMP):
	@command -v npm >/dev/null || { echo "the Node peers of benchmarks/ need Node 20 with npm" >&2; exit 1; }
	@echo "installing the Node peers of benchmarks/ (a minute or two the first time)"
	@cd $(PEERS) && npm_package_config_node_gyp_nodedir=$${NODE_HEADERS:-$$(node -p 'require("path").resolve(process.execPath, "../..")')} \
	  npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# No script of a package is run: one of them would report the installation to somebody.
$(TOOLS_STAMP):
	@command -v npm >/dev/null || { echo "the linters of openapi.yaml and the TypeScript client need Node 20 with npm" >&2; exit 1; }
	@echo "installing the tools of $(TOOLS) (half a minute the first time)"
	@cd $(TOOLS) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(CLIENTS_STAMP): $(VENV_STAMP)
	@echo "installing the packages of requirements-clients.lock"
	@$(PY) -m venv --clear $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip --disable-pip-version-check --no-input install -qq --require-hashes --no-deps \
	  --only-binary :all: -r requirements-clients.lock
	@touch $@

# The development lock holds the other one whole, so it vouches for both.
$(DEV_STAMP): $(VENV_STAMP)
	$(call install,requirements-dev.lock)
	@rm -f $(VENV)/.stamp-run-* $(VENV)/.stamp-dev-* && touch $(RUN_STAMP) $@

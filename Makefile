# Every target does its own set-up; start with `make demo`.
#
# Nothing here names the checkout's own path, so that it may hold any character.

ARGS =
QUICK =

# The distribution's Python, because PL/Python embeds it: another Python first on
# the PATH cannot share its libraries.
SYSTEM_PYTHON = /usr/bin/python3
PRIVATE_SERVER = $(SYSTEM_PYTHON) -m loader.private_server

# Asked for at each use, because before the set-up there may be no Python to ask.
PYTHON = $(shell $(PRIVATE_SERVER) python)

# What the targets work on: the caller's database, or else the private server's. Left to
# the shell, so that a password in DATABASE_URL may hold any character.
DATABASE = DATABASE_URL="$${DATABASE_URL:-$$($(PRIVATE_SERVER) url)}"
PRIVATE_DATABASE = DATABASE_URL="$$($(PRIVATE_SERVER) url)"

# How the tests use the machine: a process for each processor, within what a server lets
# in. ARGS="-n 0" runs them in one.
PROCESSES = -n auto --maxprocesses 4 --dist worksteal

# The caller's Python settings are meant for another interpreter.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH

# ONNX Runtime reports to its maker otherwise.
export ORT_DISABLE_TELEMETRY = 1

.PHONY: help setup demo test check clients test-clients test-debian13 boosters rivals bench \
	bench-train soak lint start stop psql url env migrate clean freeze release-digests wheel \
	golden database

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' Makefile

setup: $(SYSTEM_PYTHON) ## Install PostgreSQL, PL/Python and the Python packages
	@$(PRIVATE_SERVER) setup

demo: migrate ## Show a score following a complaint
	@$(DATABASE) $(PYTHON) -m pgchurn.loader demo

test: database ## Run the tests; ARGS="-k name" chooses
	@$(DATABASE) $(PYTHON) -m pytest $(PROCESSES) $(ARGS)

check: lint ## Lint, and run the tests that need no database and little time
	@$(PYTHON) -m pytest $(PROCESSES) -q -m "not slow" tests/unit \
		tests/migration/test_frozen_files.py

clients: setup ## Install Django, JDBC, Chromium and others that tests use
	@$(PYTHON) -m tests.clients

test-clients: clients database ## Run an application on attached tables by each of them
	@$(DATABASE) $(PYTHON) -m pytest $(PROCESSES) -rs \
		tests/acceptance/test_other_clients.py $(ARGS)

test-debian13: setup ## Run demo and tests on Debian 13, as root; QUICK=1 runs fewer
	@$(PYTHON) -m tests.debian13 $(if $(QUICK),--quick) -- $(ARGS)

boosters: setup ## Install boosters and exporters to ONNX, which tests compare with
	@$(PYTHON) -m tests.boosters.installing

rivals: setup ## Install what the benchmarks compare with: orbital, FLAML, AutoGluon
	@$(PYTHON) -m tests.bench.rivals

bench: start ## Measure, on the private server; QUICK=1 for a short run
	@$(PRIVATE_DATABASE) $(PYTHON) -m tests.bench $(if $(QUICK),--quick)

bench-train: setup ## Compare `pgchurn train` with AutoML on the real data, 35 minutes
	@$(PYTHON) -m tests.bench.train $(ARGS)

soak: start ## Run long under load; ARGS="--only kills" chooses
	@$(PRIVATE_DATABASE) $(PYTHON) -m tests.soak $(ARGS)

lint: database ## Check style, docstrings, layout, type hints and SQL
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m tests.lint.types
	@$(PYTHON) -m tests.lint.sql
	@$(DATABASE) $(PYTHON) -m pytest -q -rs tests/database/test_plpgsql_check.py

start: setup ## Start the private server
	@$(PRIVATE_SERVER) start

stop: ## Stop the private server
	@$(PRIVATE_SERVER) stop

psql: database ## Open psql; ARGS='-c "SELECT 1"' runs one command
	@$(DATABASE); "$$($(PRIVATE_SERVER) psql)" "$$DATABASE_URL" $(ARGS)

url: database ## Print the database's URL
	@$(DATABASE); printf '%s\n' "$$DATABASE_URL"

env: database ## Print what puts pgchurn on the PATH: eval "$(make env)"
	@$(PRIVATE_SERVER) env

migrate: database ## Bring the database to the newest revision
	@$(DATABASE) $(PYTHON) -m pgchurn.loader migrate

clean: ## Stop the private server; remove it, its data, the packages and Debian 13
	@$(PRIVATE_SERVER) clean

freeze: setup ## Copy what changed of plpython into the newest revision
	@$(PYTHON) -m pgchurn.plpython.freeze

release-digests: setup ## Record what a release installs; then it never changes
	@$(PYTHON) -m pgchurn.plpython.freeze --release

golden: start ## Write down what a fresh database becomes: tests/migration/catalog.sql
	@$(PRIVATE_DATABASE) $(PYTHON) -m tests.golden

wheel: setup ## Build the wheel in dist
	@rm -rf build
	@$(PYTHON) -m pip wheel --quiet --no-deps --no-build-isolation -w dist .

# The server behind $(DATABASE): the caller's runs, the private one may have to be started.
ifdef DATABASE_URL
database: setup
else
database: start
endif

# The least that private_server needs to install the rest.
$(SYSTEM_PYTHON):
	@test "$$(id -u)" = 0 || { echo "pgchurn: python3 is missing; run as root:" \
		"apt-get install python3" >&2; exit 1; }
	@echo "pgchurn: installing python3" >&2
	@apt-get -qq update
	@DEBIAN_FRONTEND=noninteractive apt-get -qq -y install python3 >/dev/null

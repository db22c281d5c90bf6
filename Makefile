# Two commands do all on a fresh machine: `make run` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROJECTS := shared/fraud_shared shared/fraud_features shared/fraud_engines shared/fraud_scoring \
  $(addprefix services/,orchestrator rules isolation_forest autoencoder xgboost lightgbm decision action post_auth sanctions console) clients/python ops lab
STAMP := $(VENV)/.installed
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help setup env run demo test test-all test-nightly check format lock lock-images schemas simulate train peers bench fuzz load docs clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make the virtual environment (run and test do it themselves)

# Compiled on every core, without the libraries' own tests: half of what pip takes on one.
$(STAMP): requirements.lock deploy/tools.txt $(addsuffix /pyproject.toml,$(PROJECTS))
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps $(addprefix -e ,$(PROJECTS))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r deploy/tools.txt
	-$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib
	@touch $@

env: $(STAMP) ## Write what is missing into .env: secrets made, keys printed once
	$(BIN)/fraud deploy env

run: $(STAMP) ## Start the whole mesh (or one service: make run s=rules)
ifdef s
	$(BIN)/python -m fraud_$(s)
else
	$(BIN)/fraud up --port $(PORT)
endif

demo: $(STAMP) ## Start the mesh, stream payments of every scenario, show what happened (keep=1: leave it running)
	$(BIN)/fraud demo $(if $(keep),--keep)

# One process a core for the whole suite; a file stays together, with its fixtures.
WORKERS ?= $(if $(s),0,auto)

test: $(STAMP) ## The fast tests (make test s=services/rules for one part)
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadfile $(s)

test-all: $(STAMP) ## Every test, the slow ones too
	$(BIN)/python -m pytest $(s)

test-nightly: $(STAMP) ## 10,000 histories through every executor of the features, against the oracle
	FRAUD_REQUIRE_SERVERS=1 $(BIN)/python -m pytest -m slow --hypothesis-profile nightly shared/fraud_features

check: $(STAMP) ## Format, lint, types, import contracts, committed schemas, deployment files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy shared/fraud_shared/fraud_shared shared/fraud_features/fraud_features shared/fraud_engines/fraud_engines shared/fraud_scoring/fraud_scoring \
	  $(foreach p,$(filter services/%,$(PROJECTS)),$(p)/fraud_$(notdir $(p))) clients/python/fraud_client ops/fraud_ops lab/fraud_lab
	$(BIN)/lint-imports
	$(BIN)/fraud schemas --check
	$(BIN)/fraud deploy-check

format: $(STAMP) ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(STAMP) ## Write JSON Schema, OpenAPI and the generated tables again
	$(BIN)/fraud schemas

simulate: $(STAMP) ## A table of simulated payments by scenario
	$(BIN)/fraud simulate --payments 50000 --summary

train: $(STAMP) ## Train a new bundle on 300,000 payments
	$(BIN)/fraud train

peers: lab/peers.txt ## MLflow's and BentoML's servers in an environment of their own, to compare with
	$(PYTHON) -m venv var/peers
	var/peers/bin/pip install --quiet --disable-pip-version-check -r lab/peers.txt

bench: $(STAMP) ## Measure the mesh beside its floor, its one-process shape and a plain mesh
	$(BIN)/fraud bench mesh --json

fuzz: lab/fuzz.txt $(STAMP) ## Ask a fresh mesh what its OpenAPI document allows and forbids
	test -x var/fuzz/bin/st || ($(PYTHON) -m venv var/fuzz && var/fuzz/bin/pip install --quiet --disable-pip-version-check -r lab/fuzz.txt)
	$(BIN)/fraud chaos fuzz --json

load: deploy/load/requirements.txt ## Locust against GATEWAY with API_KEY; exit 1 when an objective is missed
	test -x var/load/bin/locust || ($(PYTHON) -m venv var/load && var/load/bin/pip install --quiet --disable-pip-version-check -r deploy/load/requirements.txt)
	var/load/bin/locust -f deploy/load/locustfile.py --headless --only-summary --host $(or $(GATEWAY),http://127.0.0.1:8000) \
	  --users $(or $(USERS),16) --spawn-rate $(or $(USERS),16) --run-time $(or $(SECONDS),60)s

docs: $(STAMP) ## Build the site of the documentation into build/site; broken links are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

lock: ## Resolve requirements.lock again, in an environment of its own
	rm -rf build/lock && mkdir -p build
	$(PYTHON) deploy/requirements.py > build/requirements.in
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check -r build/requirements.in
	build/lock/bin/pip freeze --disable-pip-version-check | sed -E 's/ @ .*//; s/\+cpu$$//' > requirements.lock
	$(MAKE) lock-images

lock-images: ## Hashes of what the images install, at the versions of requirements.lock
	mkdir -p build && $(PYTHON) deploy/requirements.py --images > build/images.in
	test -x build/uv/bin/uv || ($(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv)
	build/uv/bin/uv pip compile build/images.in -c requirements.lock --generate-hashes --universal --python-version 3.11.14 --no-header --quiet \
	  --output-file deploy/docker/requirements.lock

clean: ## Remove environment and data
	rm -rf $(VENV) var

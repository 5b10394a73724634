# Two commands do everything: `make run` and `make test`. The rest is for developers.
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PORT ?= 8050
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The tests start hundreds of processes, each of which would compile the app anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test system unit fuzz soak bench error-rates slow-clients lint format lock sbom models verify lighthouse clean

# Pinned dependencies of the app, and the app itself as the command `everycase`
$(VENV)/.run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Everycase needs Python 3.11 or newer; set PYTHON=python3.x")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "On Debian: apt-get install python3-venv"; exit 1; }
	@sh scripts/install.sh $(BIN) requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# What the tests and the developers' commands need on top of it
$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@sh scripts/install.sh $(BIN) requirements-dev.txt
	@touch $@

run: $(VENV)/.run ## start the app on http://127.0.0.1:8050 (or PORT)
	@HOST=$${HOST:-127.0.0.1} PORT=$(PORT) DEMO=$${DEMO:-1} $(BIN)/gunicorn webapp.wsgi:server

# Packages of Python and of the system are installed side by side
test: ## everything that must hold, in a real browser too
	@$(MAKE) --no-print-directory -j 2 $(VENV)/.dev system
	@sh scripts/run_tests.sh $(BIN) $(WORKERS)

system: ## what tests need besides Python: Chromium; nginx and Java, without which some are skipped
	@sh scripts/install_browser.sh
	@sh scripts/install_nginx.sh
	@sh scripts/install_java.sh

unit: $(VENV)/.dev ## the fast tests only
	$(BIN)/python -m pytest tests/unit -n auto -m "not slow"

fuzz: $(VENV)/.dev ## 100,000 malformed requests to everything that the app answers, or FUZZ=… of them
	FUZZ=$${FUZZ:-100000} $(BIN)/python -m pytest tests/unit/api/test_fuzz.py tests/unit/server/connections/test_http_fuzz.py -n 4 --dist load --timeout 7200

soak: $(VENV)/.dev ## an hour of all kinds of requests: nothing may grow; or SOAK=… seconds
	SOAK=$${SOAK:-3600} $(BIN)/python -m pytest tests/integration/server/test_long_life.py -k nothing_grows -s -n 0

lint: $(VENV)/.dev ## style, types, import directions, scripts, deploy files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/lint_names.py webapp scripts benchmarks tests
	sh scripts/lint_js.sh
	sh scripts/lint_deploy.sh $(BIN)

format: $(VENV)/.dev ## rewrite the code in the project's style
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .
	sh scripts/lint_js.sh fix

bench: $(VENV)/.dev ## speed against named peers, as ratios in one run
	$(BIN)/python -m benchmarks

error-rates: $(VENV)/.dev ## how often Drift's verdicts are wrong, as in docs/statistics.md (an hour of one core; RUNS=20: minutes)
	$(BIN)/python -m benchmarks.error_rates --runs $${RUNS:-200}
	$(BIN)/python -m benchmarks.error_rates.many_versions --runs $${RUNS:-1000}

slow-clients: $(VENV)/.dev ## what a client notices while 2,300 others are as slow as they can be
	$(BIN)/python -m benchmarks slow_clients

lighthouse: $(VENV)/.dev ## Lighthouse 12, mobile preset, on the landing page (needs Node and a browser)
	@sh scripts/install_browser.sh
	$(BIN)/python -m benchmarks.lighthouse

verify: $(VENV)/.run ## do the stored score tables still equal their models?
	$(BIN)/everycase verify

models: $(VENV)/.dev ## train the shipped versions anew, next to the old ones
	sh scripts/train_shipped_models.sh $(DATA)

# With the hashes of the files, so that an index can't give others for the same version
LOCK = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 \
	--no-header --no-annotate --generate-hashes

lock: $(VENV)/.dev ## pin the dependencies of pyproject.toml
	$(LOCK) --output-file requirements.txt
	sed -n 's/ *\\$$//; /^[a-z0-9]/p' requirements.txt > $(VENV)/pins.txt
	$(LOCK) --extra s3 --extra kafka --constraint $(VENV)/pins.txt --output-file requirements-server.txt
	grep -v '^urllib3' $(VENV)/pins.txt > $(VENV)/constraints.txt
	$(LOCK) --extra dev --extra keras --constraint $(VENV)/constraints.txt --output-file requirements-dev.txt

sbom: $(VENV)/.dev ## what the app consists of, as CycloneDX JSON, from the lock of the image
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements-server.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON -o build/sbom.json
	$(BIN)/python scripts/add_licenses.py build/sbom.json

clean: ## remove what the commands above made
	rm -rf $(VENV) .venv-heroku build *.egg-info .mypy_cache .ruff_cache .pytest_cache scripts/js/node_modules

# Every task is one line; the first two are all that a newcomer needs.
PYTHON ?= python3

.PHONY: run test quick long soak coverage check fix bench lock settings commands metrics translations
.DELETE_ON_ERROR:

run: .venv/run  ## Start the site on http://127.0.0.1:8000
	exec .venv/bin/python app.py

test: .venv/test  ## Install what the tests need and run the tests
	.venv/bin/python -m pytest $(PYTEST)

quick: .venv/dev  ## Run the tests that need Python packages alone
	.venv/bin/python -m pytest -m quick

soak: .venv/test  ## Break a busy site in all ways for ten minutes, and check the promises
	.venv/bin/python -m tests.soak $(ARGS)

long: .venv/test  ## Run the tests with whole tables and a hundred kills at random moments
	SOAK=1 .venv/bin/python -m pytest -o faulthandler_timeout=3600 $(PYTEST)

coverage: .venv/test  ## Measure lines and branches that the tests of one process reach
	.venv/bin/python -m pytest -m "quick or services or kills" --cov --cov-report=term:skip-covered

check: .venv/dev  ## Check lint, format, types and import contracts
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

fix: .venv/dev  ## Apply the fixes of ruff
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

bench: .venv/test  ## Measure the site beside its peers, into bench/RESULTS.md
	.venv/bin/python -m bench

lock: .venv/dev  ## Pin the dependencies in the lock files
	.venv/bin/uv pip compile -q pyproject.toml --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements.txt
	.venv/bin/uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -c requirements.txt -o requirements-dev.txt

settings: .venv/run  ## Bring docs/settings.md and .env.example up to date with the settings
	.venv/bin/python -m tools.settings_page
	.venv/bin/python -m tools.env_example

commands: .venv/run  ## Bring docs/commands.md up to date with the commands
	.venv/bin/python -m tools.commands_page

metrics: .venv/run  ## Bring docs/metrics.md up to date with the metrics
	.venv/bin/python -m tools.metrics_page

translations: .venv/run  ## Bring the catalogs up to date with the texts of pages and plugin
	.venv/bin/python tools/translations.py
	.venv/bin/python tools/plugin_translations.py

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	.venv/bin/python -m pip install -q --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv/test: .venv/dev tests/setup.sh tests/browser/package-lock.json tests/contract/package-lock.json
	bash tests/setup.sh
	@touch $@

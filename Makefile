# Every task is one line; the first two are all that a newcomer needs.
PYTHON ?= python3

.PHONY: run test check fix bench lock translations
.DELETE_ON_ERROR:

run: .venv/run  ## Start the site on http://127.0.0.1:8000
	exec .venv/bin/python app.py

test: .venv/test  ## Install what tests need and run them
	.venv/bin/pytest

check: .venv/test  ## Lint, types, import rules
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

fix: .venv/test  ## Let the tools mend what they can
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

bench: .venv/test  ## Measure, beside peers
	.venv/bin/python -m bench

lock: .venv/test  ## Pin the dependencies anew
	.venv/bin/uv pip compile -q pyproject.toml --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements.txt
	.venv/bin/uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -c requirements.txt -o requirements-dev.txt

translations: .venv/run  ## Bring the catalogs up to date with what pages say
	.venv/bin/python tools/translations.py

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/test: .venv/run requirements-dev.txt tests/setup.sh
	.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	bash tests/setup.sh
	@touch $@

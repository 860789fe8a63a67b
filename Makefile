# Two commands for everyone: `make demo` and `make test`. Both set themselves up in .venv.
PYTHON ?= python3
UV = .venv/bin/uv --quiet

.PHONY: demo test test-lowest test-newest lint bench lock clean
.DEFAULT_GOAL := demo

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("baogao needs Python 3.11 or newer; try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@echo "setting up .venv (about a minute the first time)"
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(UV) pip install --python .venv/bin/python --compile-bytecode --requirement requirements.lock
	$(UV) pip install --python .venv/bin/python --no-deps --editable .
	@touch $@

demo: .venv/.ready
	.venv/bin/baogao run

test: .venv/.ready lint
	.venv/bin/python -m pytest -n 2 --dist loadgroup

# The oldest and the newest allowed versions of the five packages the project is built on, the newest without
# doccano-client, which holds spaCy back. Each in an environment of its own; integration tests stay with the lock.
test-lowest: .venv/.ready
	$(UV) venv --clear --seed .venv-lowest
	$(UV) pip install --python .venv-lowest/bin/python --compile-bytecode --constraint tests/lowest.txt --editable '.[doccano,dev]'
	.venv-lowest/bin/python -m pytest -n 2 --ignore tests/integration

test-newest: .venv/.ready
	$(UV) venv --clear --seed .venv-newest
	$(UV) pip install --python .venv-newest/bin/python --compile-bytecode --editable '.[dev]'
	.venv-newest/bin/python -m pytest -n 2 --ignore tests/integration

lint: .venv/.ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: .venv/.ready
	.venv/bin/python evaluate/bench.py

lock:
	$(UV) pip compile --universal --python-version 3.11 --upgrade --no-header \
		--extra doccano --extra cluster --extra dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf .venv .venv-lowest .venv-newest

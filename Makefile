# Everything from a fresh machine with python3 (3.11 or newer) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKS ?= flows/cookie_barrel
HOST ?= 127.0.0.1
PORT ?= 8000

# The modules that every message passes run as C, or with SHOPTALK_PURE=1 as the Python that they are.
COMPILED := $(VENV)/.$(if $(SHOPTALK_PURE),pure,compiled)

.PHONY: serve test chaos editor lint generate docs read benchmark peers wheel compiled clean

serve: $(COMPILED) ## everything on SQLite: webhook, worker, API
	$(BIN)/shoptalk serve $(PACKS) --watch --host $(HOST) --port $(PORT)

test: $(COMPILED)
	$(BIN)/shoptalk test --min 90
	$(BIN)/pytest

chaos: $(COMPILED) ## the long storm, on SQLite and on PostgreSQL with Redis
	$(BIN)/python tests/chaos/storm.py

editor: $(VENV)/.installed ## the language server that editors run, on the seed shops; needs Node
	npm ci --prefix tests/editor --ignore-scripts --no-audit --no-fund
	$(BIN)/pytest tests/editor/language_server.py

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m adapters.generate --check
	$(BIN)/flow-lint flows

generate: $(VENV)/.installed ## schemas/ and docs/language.md from the declarations
	$(BIN)/python -m adapters.generate

docs: $(VENV)/.installed ## the pages to learn from, into build/pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

read: $(VENV)/.installed ## the same in a browser, made again at every change
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --dev-addr $(HOST):$(PORT)

benchmark: $(COMPILED)
	$(BIN)/python benchmarks/core.py
	$(BIN)/python benchmarks/lint.py
	$(BIN)/python benchmarks/pipeline.py

peers: $(COMPILED) ## other libraries, installed into a temporary folder
	$(BIN)/python benchmarks/peers/run.py

wheel: $(VENV)/.installed
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

# The stamp is newer than what it was made from, or everything is installed again.
$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Shoptalk needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	SHOPTALK_PURE=1 $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--config-settings editable_mode=compat --editable '.[dev]'
	$(BIN)/python -m compileall -q engine adapters schemas # flow-lint starts at once, also the first time
	touch $@

compiled: $(COMPILED) ## the engine as C; with SHOPTALK_PURE=1 it is Python again

# They call each other without Python in between: a change of one compiles all.
$(COMPILED): $(VENV)/.installed setup.py $(wildcard engine/*.py engine/*/*.py)
	@$(if $(SHOPTALK_PURE),,echo "The engine is being compiled, which takes a minute or two; SHOPTALK_PURE=1 leaves it Python.")
	rm -f *.so engine/*.so engine/*/*.so $(VENV)/.pure $(VENV)/.compiled
	mkdir -p build && $(BIN)/python setup.py --quiet build_ext --inplace --force >build/compiled.log
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info *.so engine/*.so engine/*/*.so

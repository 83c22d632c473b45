# Reelprint. `make` lists what there is to do; every target sets up what it needs.

PYTHON ?= python3
VENV   := .venv
SLIM   := .venv-slim
RIVALS := .venv-bench
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
SLIM_STAMP := $(SLIM)/.installed
RIVALS_STAMP := $(RIVALS)/.installed

BENCHES := queue planning accounts assemble_memory main_job exports
LOCK    := --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
           --annotation-style=line $(if $(UPGRADE),--upgrade)

# One argument for the shell, whatever quotes or dollar signs are in it.
quote = '$(subst ','\'',$(1))'

# Settings are read from REELPRINT_* and an unknown one is refused; this one is for the installation alone.
unexport REELPRINT_SKIP_SYSTEM

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup system demo narrate test test-assemble-slim serve admin check format docs lock bench bench-api bench-assemble bench-text bench-casting package clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

setup: system $(STAMP) ## system packages and the virtual environment; again only when requirements change

demo: setup ## run the main job on a story; TEXT= COVER= TO= VOICE= LANGUAGE= OUT= change it
	@$(PY) -m demo.run $(if $(TEXT),--text $(call quote,$(value TEXT))) $(if $(COVER),--cover $(call quote,$(value COVER))) \
	    $(if $(filter-out undefined,$(origin TO)),--to $(call quote,$(value TO))) \
	    $(if $(VOICE),--voice $(call quote,$(value VOICE))) $(if $(OUT),--out $(call quote,$(value OUT))) \
	    $(if $(filter command line,$(origin LANGUAGE)),--language $(call quote,$(value LANGUAGE)))

narrate: setup ## BOOK=file in; audiobook, captions, read-along EPUB, films out; CHAPTERS=1-2 VOICE= LANGUAGE= OUT=
	@$(PY) -m demo.narrate --book $(call quote,$(value BOOK)) \
	    $(if $(CHAPTERS),--chapters $(call quote,$(value CHAPTERS))) $(if $(VOICE),--voice $(call quote,$(value VOICE))) \
	    $(if $(filter command line,$(origin LANGUAGE)),--language $(call quote,$(value LANGUAGE))) \
	    $(if $(OUT),--out $(call quote,$(value OUT)))

test: setup check $(SLIM_STAMP) ## set up, check, and run every test with its coverage
	@echo "== one whole render, with requirements/assemble.txt alone"
	@$(SLIM)/bin/python -m pytest tests/jobs/test_slim.py
	@echo "== every test"
	@$(PY) -m pytest --numprocesses logical --dist loadfile --cov --cov-report=term:skip-covered --cov-fail-under=80

test-assemble-slim: system $(SLIM_STAMP) ## all the assembly job's tests, with requirements/assemble.txt alone
	@$(SLIM)/bin/python -m pytest tests/jobs

serve: setup ## the whole API on one port, on embedded defaults
	@$(PY) -m functions.dev_server

admin: setup ## make EMAIL= an admin, and let them set a password
	@$(PY) -m functions.make_admin -- $(call quote,$(value EMAIL))

check: $(STAMP) ## lint, format, types and the import contracts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

format: $(STAMP) ## format the code and sort its imports
	@$(PY) -m ruff check --select I --fix .
	@$(PY) -m ruff format .

docs: $(STAMP) ## write the generated pages under docs/ anew
	@$(PY) -m shared.domain.blueprint.reference docs

lock: $(STAMP) ## pin requirements/*.in to *.txt again; UPGRADE=1 takes newer versions
	@$(PY) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	    { echo "Pins must hold for the oldest Python in use: run it as make clean lock PYTHON=python3.11" >&2; exit 1; }
	@for name in functions assemble dev bench; do \
	    $(PY) -m piptools compile $(LOCK) --output-file requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

bench: setup ## measure: ratios, counts and memory, one benchmark after another
	@for name in $(BENCHES); do echo "== $$name"; $(PY) -m tests.bench.$$name || exit 1; done

bench-api: setup ## what a request costs beside a bare function; streams; long lists
	@$(PY) -m tests.bench.api

bench-assemble: setup $(RIVALS_STAMP) ## assembly beside one graph, moviepy, melt; half an hour; ARGS="--quick --cases cuts"
	@$(PY) -m tests.bench.assemble $(ARGS)

bench-text: setup ## BOOKS="one.epub other.txt": where sentences end, beside syntok and sentencex; megabytes a second
	@$(PY) -m tests.bench.text $(BOOKS)

bench-casting: setup ## who speaks each line, scored on the quotations in DATA=folder; ARGS=--novels lists each
	@$(PY) -m tests.bench.casting $(call quote,$(value DATA)) $(ARGS)

package: $(STAMP) ## what each Cloud Function deploys, under build/functions
	@$(PY) .ci/package.py build/functions

clean: ## remove all that can be made again; what was produced in .reelprint stays
	rm -rf build out $(VENV) $(SLIM) $(RIVALS) .coverage .hypothesis .import_linter_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@REELPRINT_SKIP_SYSTEM=$(call quote,$(REELPRINT_SKIP_SYSTEM)) sh requirements/install-system.sh

# $(call venv,folder): a working virtual environment there, or a reason why not.
define venv
	@command -v $(PYTHON) >/dev/null || \
	    { echo "No $(PYTHON) was found. Install Python 3.11 or newer, or name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Reelprint needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1) || \
	    { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
endef

# The stamp is written last: an installation that was cut off is done again.
$(STAMP): requirements/dev.txt
	$(call venv,$(VENV))
	@echo "Installing requirements/dev.txt into $(VENV)" >&2
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt
	@touch $@

# What the assembly benchmark measures beside ours: nothing else sees it.
$(RIVALS_STAMP): requirements/bench.txt
	$(call venv,$(RIVALS))
	@echo "Installing requirements/bench.txt into $(RIVALS)" >&2
	@$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/bench.txt
	@touch $@

# Beside the job's own requirements only tools of its tests, at dev.txt's versions; tests/unit/test_house.py proves that
# the job itself imports none of them.
$(SLIM_STAMP): requirements/assemble.txt requirements/dev.txt
	$(call venv,$(SLIM))
	@echo "Installing requirements/assemble.txt into $(SLIM)" >&2
	@$(SLIM)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/assemble.txt \
	    --constraint requirements/dev.txt pytest hypothesis numpy psutil
	@touch $@

# Two commands need nothing but Python 3.11, git and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The development tools by name, read from pyproject.toml (pip's --group is newer than our oldest pip).
DEV = $$($(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"])')
RELEASE = $$($(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["release"])')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test newest bench signals kills soak check fuzz docs texts pictures dist trial format lock clean

demo: $(VENV)/.run  ## the whole daemon on a simulated market: no key, no network
	@$(BIN)/watcher demo

test: $(VENV)/.dev  ## every test; twice as many at once as there are processors, for many wait
	@PYTHONDONTWRITEBYTECODE= PYTEST_XDIST_AUTO_NUM_WORKERS=$$((2 * $$(getconf _NPROCESSORS_ONLN))) $(BIN)/python -m pytest -n auto --dist worksteal

newest:  ## every test on the newest releases of all dependencies, in an environment of its own
	@$(PYTHON) -m tools.newest -n auto --dist worksteal

bench: $(VENV)/.dev  ## what the daemon costs, beside the bare libraries: a table; CASES="cycle start" for some
	@$(BIN)/python -m benchmarks $(CASES)

signals: $(VENV)/.dev  ## what is worth hearing: detectors on the simulator, and on a FILE=sales.csv.gz TOP=100 RULES=rules.yaml
	@$(BIN)/python -m benchmarks.signals $(if $(FILE),"$(FILE)") $(if $(TOP),--top $(TOP)) \
		$(if $(RULES),--rules "$(RULES)") $(if $(PRESETS),--presets $(PRESETS))

kills: $(VENV)/.dev  ## the daemon is killed 200 times, and three that share six books; FLEET=1 for those only
	@$(if $(FLEET),,$(BIN)/python -m tests.faults.kills --kills 200)
	@$(BIN)/python -m tests.faults.fleet --kills 200 --promotions 6

soak: $(VENV)/.dev  ## a daemon with all that befalls it in an hour, beside an undisturbed twin; MINUTES=60 DB=postgres
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),60) --db $(or $(DB),sqlite)

check: $(VENV)/.dev  ## the linters
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tools.docstrings
	@$(BIN)/hadolint Dockerfile

fuzz: $(VENV)/.dev  ## hostile input without end: 100,000 inputs of each kind, about half an hour
	@$(BIN)/python -m tests.fuzz --inputs 100000

docs: $(VENV)/.dev  ## the reference pages that are made from the code
	@$(BIN)/python -m tools.reference

texts: $(VENV)/.dev  ## the catalogues of texts in other languages; prints what is still to be translated
	@$(BIN)/python -m tools.catalogue

pictures: $(VENV)/.dev  ## the README's pictures, taken from the demo
	@$(BIN)/python -m tools.pictures

dist: $(VENV)/.release  ## the wheel and the sdist into dist/, each built twice and compared
	@$(BIN)/python -m tools.dist

trial: $(VENV)/.release  ## the README's and the guides' ways to install it, tried as written: PLACES="pip pipx systemd fleet image"
	@$(BIN)/python -m tools.trial $(PLACES)

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock:  ## the newest versions of all that is installed, tried before they are pinned
	@rm -rf .lock && $(PYTHON) -m venv .lock
	@.lock/bin/python -m pip --disable-pip-version-check --quiet install . $(DEV) $(RELEASE)
	@.lock/bin/python -m pip freeze --exclude shop-trend-watcher > requirements.lock
	@rm -rf .lock

clean:
	@rm -rf $(VENV) .lock dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/editor/node_modules

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "watcher needs Python 3.11 or newer; set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "watcher needs Python 3.11 or newer; $(PYTHON) is older; set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml requirements.lock | $(BIN)/python
	@echo "Installing watcher into $(VENV) ..."
	@$(PIP) install --constraint requirements.lock --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Installing the development tools into $(VENV) ..."
	@$(PIP) install --constraint requirements.lock $(DEV)
	@touch $@

$(VENV)/.release: $(VENV)/.dev
	@echo "Installing what a release takes into $(VENV) ..."
	@$(PIP) install --constraint requirements.lock $(RELEASE)
	@touch $@

# Two commands are enough: `make demo` shows what autoeval does, `make test` checks it.
VENV ?= .venv
BIN := $(VENV)/bin
# An environment that is there is kept, unless it is of another version than a PYTHON that is named.
PYTHON ?= $(shell test -x $(BIN)/python && echo $(BIN)/python || echo python3)
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
INSTALLED := $(VENV)/.installed-$(VERSION)
# Installed with --no-compile: what is imported is compiled then, and most of what comes along never is. So it has to be
# kept, whatever the machine is set to, or each of hundreds of processes compiles it again.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# What the tests need besides.
FOR_TESTS ?= --editable '.[dev]'
# What `make test` leaves out; `make test LEAVE_OUT=` runs everything.
LEAVE_OUT ?= slow or model or browser or peer or database or cluster
# Neighbouring tests, which share what they stand on, go to the same process; who runs out of work takes from others.
PARALLEL ?= -n auto --maxprocesses 8 --dist worksteal

# Our example models against our example reference; both end up on one board.
DEMO = $(BIN)/alpaca_eval --reference_outputs examples/reference_outputs.json --annotators_config offline \
	--precomputed_leaderboard results/demo/board.csv --is_overwrite_leaderboard

.PHONY: demo test lint bench install clean

demo: $(INSTALLED)
	mkdir -p results/demo
	$(DEMO) --model_outputs examples/outputs_second.json --output_path results/demo/second >/dev/null
	$(DEMO) --model_outputs examples/outputs.json --output_path results/demo

test: install
	$(BIN)/python -m pytest $(PARALLEL) --instafail $(if $(LEAVE_OUT),-m "not ($(LEAVE_OUT))") $(PYTEST_ARGS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf $(VENV) results build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

install: $(INSTALLED)-dev

$(INSTALLED): pyproject.toml
	@$(BIN)/python -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(VERSION)")' 2>/dev/null \
		|| $(PYTHON) -m venv --clear $(VENV)
	@echo 'Installing autoeval and the packages that it needs into $(VENV); nothing else on this machine changes.'
	@$(PIP) install --no-compile --editable .
	@echo "Installed: $$($(PIP) freeze --exclude-editable | tr '\n' ' ')"
	@touch $@

$(INSTALLED)-dev: $(INSTALLED)
	$(PIP) install --no-compile $(FOR_TESTS)
	touch $@

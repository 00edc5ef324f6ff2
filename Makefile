# Two commands are enough: `make demo` shows what autoeval does, `make test` checks it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# What `make test` leaves out; `make test LEAVE_OUT=` runs everything.
LEAVE_OUT ?= slow or model or browser or peer

# Our example models against our example reference; both end up on one board.
DEMO = $(BIN)/alpaca_eval --reference_outputs examples/reference_outputs.json --annotators_config offline \
	--precomputed_leaderboard results/demo/board.csv --is_overwrite_leaderboard

.PHONY: demo test lint bench clean

demo: $(VENV)/.installed
	mkdir -p results/demo
	$(DEMO) --model_outputs examples/outputs_second.json --output_path results/demo/second >/dev/null
	$(DEMO) --model_outputs examples/outputs.json --output_path results/demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(if $(LEAVE_OUT),-m "not ($(LEAVE_OUT))") $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf $(VENV) results build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --editable '.[dev]'
	touch $@

# make help lists the targets. VENV (default .venv) is the virtual environment, PYTHON the interpreter it is made with.

SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
# what is installed is remembered for this pyproject.toml: nothing is asked of the network while it stays the same
STATE := $(shell cat pyproject.toml plugin/kicad_rdl/__init__.py | cksum | tr ' ' '-')
RUN_STAMP := $(VENV)/.kicad-rdl-run-$(STATE)
TEST_STAMP := $(VENV)/.kicad-rdl-test-$(STATE)

.DEFAULT_GOAL := help
# the system comes before the environment, the environment before its use
.NOTPARALLEL:
.PHONY: help demo test bench pcm pictures footprints icons format clean system

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: system $(RUN_STAMP) ## builds the Caravel fan-out package into build/demo and says where to look
	@status=0; $(BIN)/kicad-rdl build examples/caravel/fanout.toml --output build/demo --kicad-check || status=$$?; \
	[ $$status -gt 1 ] || printf '\n%s\n%s\n%s\n' \
	  'Look at  build/demo/svg/all.svg   all layers in one drawing' \
	  '         build/demo/report.json   what was checked and measured' \
	  "Open     pcbnew $$(ls build/demo/*.kicad_pcb)"; \
	exit $$status

test: system $(TEST_STAMP) ## ruff, mypy and all tests, the live KiCad included
	@tools/test.sh $(VENV)

bench: $(TEST_STAMP) ## prints the benchmark table; every case as a board in build/bench
	@$(BIN)/python benchmarks/run.py --boards build/bench

pcm: ## writes the plugin and the library package for KiCad's plugin manager into dist/
	@python=$$(tools/python.sh) && $$python tools/pcm.py dist

pictures: system $(RUN_STAMP) ## draws the pictures of the README again
	@$(BIN)/python docs/make_pictures.py

footprints: $(RUN_STAMP) ## writes footprints/ again from the example jobs
	@$(BIN)/python tools/footprints.py

icons: ## draws the icons again (needs rsvg-convert)
	@python=$$(tools/python.sh) && $$python tools/icons.py

format: $(TEST_STAMP) ## formats the code and mends what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## removes what was built; the virtual environment stays
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find plugin tests benchmarks tools examples -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@tools/system.sh

$(BIN)/python:
	@python=$$(tools/python.sh) && echo "making $(VENV) with $$python" && $$python -m venv $(VENV)

$(RUN_STAMP): | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@rm -f $(VENV)/.kicad-rdl-run-* && touch $@

$(TEST_STAMP): | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -f $(VENV)/.kicad-rdl-run-* $(VENV)/.kicad-rdl-test-* && touch $@ $(RUN_STAMP)

# make demo [AUDIO=song.mp3] [MODEL=facebook/musicgen-small]   the whole chain, on a generated track or on yours
# make test    the tests          make check   style, types, imports, tests
# make docs    the documentation as a site, in build/site
# make sbom    what it is made of, in dist/     make audit   known vulnerabilities of it (needs a network)
# make serve   the API and the web page          make install   only the environment
#
# Needs Python 3.11 to 3.13 and make; everything else goes into .venv. PIP_FLAGS is handed to pip.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
AUDIO ?=
MODEL ?=
PORT ?= 8000
# two processes, whole files each: fixtures are shared by file
PYTEST_FLAGS ?= -n 2 --dist loadfile

# Packages are installed without bytecode; let Python keep what it compiles on first use, or every
# process compiles torch again (8 s).
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check docs serve install clean sbom audit

demo: install
	@$(BIN)/trackmark demo $(if $(AUDIO),--audio "$(AUDIO)") $(if $(MODEL),--model "$(MODEL)")

test: install
	@$(BIN)/python -m pytest $(PYTEST_FLAGS)

check: install
	@echo "==> ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> mypy" && $(BIN)/mypy
	@echo "==> import-linter" && $(BIN)/lint-imports
	@echo "==> pytest" && $(BIN)/python -m pytest $(PYTEST_FLAGS)

docs: install
	@$(BIN)/python -m mkdocs build --quiet --strict && echo "the site is in build/site: open build/site/index.html"

serve: install
	@$(BIN)/trackmark serve --anonymous --port $(PORT)

install:
	@test -n "$(PYTHON)" || { echo "Trackmark needs Python 3.11, 3.12 or 3.13 on the path (PYTHON=/path/to/it make ...)"; exit 1; }
	@$(PYTHON) core/install.py

sbom: install
	@rm -rf dist && $(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .
	@$(BIN)/python -m lab.sbom dist --wheel dist/trackmark-*.whl

audit: install
	@$(BIN)/python -m lab.vulnerabilities

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

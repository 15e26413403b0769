# Two commands need nothing but Python 3.11 or newer with venv, GNU make and git:
#   make demo    the tool and a practice LMS on this machine
#   make test    every test that this machine can run
# `make help` lists the others.

VENV ?= .venv
PORT ?= 8000
LMS_PORT ?= 8001
ARGS ?=
UV ?= uv

# The newest Python that is new enough; PYTHON=/path/to/python overrides it.
PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 python3.11 python3; do \
	if command -v $$name >/dev/null 2>&1 \
	&& $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$name; break; fi; done)

BIN := $(VENV)/bin
AUDIT_VENV ?= .venv-audit
AUDIT_BIN := $(AUDIT_VENV)/bin
MUTANTS_VENV ?= .venv-mutants
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help demo test check fix browser bench lock audit sbom \
	new-migration chaos mutants conformance docs messages clean

help: ## say what can be made
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 22

demo: $(VENV)/.installed-app ## run the tool, a worker and a practice LMS (RESET=1 PORT= LMS_PORT=)
	@exec $(BIN)/alliance demo --port $(PORT) --lms-port $(LMS_PORT) $(if $(RESET),--reset)

test: $(VENV)/.installed-dev ## run every test that this machine can run (ARGS= goes to pytest)
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

# djlint's formatter is left out: it loses count after an {% if %} inside a line.
check: $(VENV)/.installed-dev ## lint, types, architecture, templates, migrations: fast, no tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint lti_alliance --lint
	$(BIN)/python -m pytest -q -p no:randomly tests/migrations

fix: $(VENV)/.installed-dev ## mend what tools can mend: lint and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser: $(VENV)/.installed-dev ## run only the tests that drive Chromium, Firefox and WebKitGTK
	$(BIN)/python -m pytest -m "browser or chromedriver or firefox or webkit" $(ARGS)

bench: $(VENV)/.installed-dev ## all questions of speed, one table of targets (bench/README.md; ARGS=--quick)
	$(BIN)/python -m bench $(ARGS)

bench-%: $(VENV)/.installed-dev ## one question of speed: bench-launches, bench-autosave, bench-submit …
	$(BIN)/python -m bench.$* $(ARGS)

lock: ## write requirements/*.txt, with hashes (needs uv; UPGRADE=1 takes newer releases)
	@command -v $(UV) >/dev/null || { \
		echo "uv is missing: see https://docs.astral.sh/uv/, or name it with UV=" >&2; exit 1; }
	$(call compile,app,pyproject.toml)
	$(call compile,server,--extra server pyproject.toml)
	$(call compile,dev,--extra dev pyproject.toml)
	$(call compile,audit,requirements/audit.in)
	$(call compile,mutants,--constraint requirements/dev.txt requirements/mutants.in)

define compile
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-strip-extras $(if $(UPGRADE),--upgrade) $(2) \
		--output-file requirements/$(1).txt
endef

# Apart from `check`: what it finds changes with the day, not with the code.
audit: $(AUDIT_VENV)/.installed ## look for known vulnerabilities in all that is locked (needs the network)
	$(AUDIT_BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
		--requirement requirements/dev.txt --requirement requirements/audit.txt \
		--requirement requirements/mutants.txt

sbom: $(AUDIT_VENV)/.installed ## write build/sbom-*.json: what a server and a developer install (CycloneDX)
	@mkdir -p build
	$(call bill,server)
	$(call bill,dev)

# Without a time and a number of its own: the same lock makes the same file.
define bill
	$(AUDIT_BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application \
		--output-format JSON --output-reproducible --validate --output-file build/sbom-$(1).json \
		requirements/$(1).txt
endef

new-migration: $(VENV)/.installed-dev ## write a migration from a change of the models (NAME=words_with_underscores)
	@test -n "$(NAME)" || { echo "Say what it does: make new-migration NAME=users__add_locale" >&2; exit 2; }
	$(BIN)/python scripts/new_migration.py "$(NAME)"

chaos: $(VENV)/.installed-dev ## let chance loose on the gradebook and check what is promised (MINUTES=20)
	$(BIN)/python -m tests.chaos.run --minutes $(or $(MINUTES),20)

# Apart from `test`: it asks what the tests would notice, for a quarter of an hour (docs/mutation.md).
mutants: $(VENV)/.installed-dev $(MUTANTS_VENV)/.installed ## break what decides and see whether tests notice (ARGS="delivery claims")
	$(MUTANTS_VENV)/bin/python -m scripts.mutants $(BIN)/python $(ARGS)

conformance: $(VENV)/.installed-dev ## run the certification cases and write docs/conformance.md
	$(BIN)/python -m scripts.conformance

docs: $(VENV)/.installed-dev ## bring the tables in docs/ up to date with the code
	$(BIN)/python scripts/reference_docs.py

messages: $(VENV)/.installed-dev ## collect the sentences of the interface into every catalogue (LANGUAGE=fr begins one)
	$(BIN)/python scripts/messages.py $(LANGUAGE)

clean: ## remove the environment and caches; keeps databases
	rm -rf $(VENV) $(AUDIT_VENV) $(MUTANTS_VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*

# The environment. The stamps make a second run instant; a changed lock installs again.

$(VENV)/.installed-app: requirements/app.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --requirement requirements/app.txt
	$(INSTALL_SELF)
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --requirement requirements/dev.txt
	$(INSTALL_SELF)
	@touch $@ $(VENV)/.installed-app

# Tools that are no part of the project have environments of their own.
$(AUDIT_VENV)/.installed: requirements/audit.txt
$(MUTANTS_VENV)/.installed: requirements/mutants.txt
$(AUDIT_VENV)/.installed $(MUTANTS_VENV)/.installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
		--requirement $<
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11 or newer is needed and none was found." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "$(PYTHON) is missing, or older than Python 3.11. Name another: make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module." >&2; \
		echo "Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

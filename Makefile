# Sets itself up in .venv; only Python 3.11 or newer is needed for `make demo` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
, := ,
JUDGE := tests/conformance/judge

.PHONY: demo test lint conformance judge bench clean

demo: .venv/core
	@echo "policy: examples/recipes/allowed/recipes.egress"; echo
	@cat examples/recipes/allowed/recipes.egress; echo
	@echo "becomes:"; echo
	@$(BIN)/egressc compile examples/recipes/allowed -p examples/recipes/allowed/profile.yaml

test: .venv/test
	$(BIN)/python -m pytest --ignore tests/conformance

lint: .venv/lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

conformance: .venv/conformance judge
	$(BIN)/python -m pytest tests/conformance

judge:
	@for tool in go kubectl npm; do command -v $$tool > /dev/null || { echo "make conformance needs $$tool, which is not on PATH" >&2; exit 1; }; done
	@export PATH="$$PATH:/usr/sbin:/sbin"; for tool in ip:iproute2 iptables:iptables openssl:openssl unshare:util-linux nsenter:util-linux mount:mount chromium:chromium; do \
		command -v $${tool%:*} > /dev/null || { echo "make conformance needs $${tool%:*}, which is not on PATH (Debian package $${tool#*:})" >&2; exit 1; }; done
	cd $(JUDGE) && go build -o bin/judge . && go build -o bin/ads ./ads && go build -o bin/istioctl istio.io/istio/istioctl/cmd/istioctl

bench: .venv/test
	$(BIN)/python bench/compile.py $(BENCH)
	$(BIN)/python bench/start.py

clean:
	rm -rf .venv $(JUDGE)/bin build dist

# An environment is set up again when what it needs has changed.

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/test .venv/lint .venv/conformance: .venv/%: .venv/core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(if $(filter conformance,$*),test$(,)conformance,$*)]"
	@touch $@

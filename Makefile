# Sets itself up in .venv; only Python 3.11 or newer is needed for `make demo` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
, := ,
JUDGE := tests/conformance/judge

# With LOCKED=1 nothing is installed but what tools/ci.lock names, by hash: so does CI. Otherwise pip chooses what fits this
# Python and machine, within the bounds of pyproject.toml.
LOCKED ?=

.PHONY: demo test lint fuzz conformance judge bench packages zipapp release image lock audit-dependencies clean

demo: .venv/core
	@echo "policy: examples/recipes/allowed/recipes.egress"; echo
	@cat examples/recipes/allowed/recipes.egress; echo
	@echo "becomes:"; echo
	@$(BIN)/egressc compile examples/recipes/allowed -p examples/recipes/allowed/profile.yaml

test: .venv/test
	$(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/conformance

lint: .venv/lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

fuzz: .venv/fuzz
	$(BIN)/python tests/fuzz/fuzz.py --seconds $(or $(FUZZ),3600)

conformance: .venv/conformance judge
	$(BIN)/python -m pytest -n auto --dist loadfile tests/conformance

judge:
	@for tool in go kubectl npm; do command -v $$tool > /dev/null || { echo "make conformance needs $$tool, which is not on PATH" >&2; exit 1; }; done
	@export PATH="$$PATH:/usr/sbin:/sbin"; for tool in ip:iproute2 iptables:iptables openssl:openssl unshare:util-linux nsenter:util-linux mount:mount chromium:chromium zsh:zsh fish:fish mandoc:mandoc man:man-db promtool:prometheus; do \
		command -v $${tool%:*} > /dev/null || { echo "make conformance needs $${tool%:*}, which is not on PATH (Debian package $${tool#*:})" >&2; exit 1; }; done
	cd $(JUDGE) && go build -o bin/judge . && go build -o bin/ads ./ads && go build -o bin/analyzers ./analyzers && go build -o bin/istioctl istio.io/istio/istioctl/cmd/istioctl
	cd tests/conformance/tools && go build -o $(CURDIR)/$(JUDGE)/bin/ tool
	cd $(JUDGE)/acl && go build -o ../bin/acl . && cd ../cilium && go build -o ../bin/cilium .

bench: .venv/test
	$(BIN)/python bench/run.py $(BENCH)
	$(if $(BENCH),,$(BIN)/python docs/generate.py)
	$(if $(BENCH),,$(BIN)/python bench/traffic.py)

packages: .venv/test
	$(BIN)/python -m hatchling build

# All that a release holds, in dist, and the same bytes wherever one minor version of Python makes it.
release: .venv/release
	rm -rf dist
	$(BIN)/python -m hatchling build
	$(MAKE) zipapp
	$(BIN)/python tools/sbom.py --packages build/zipapp --output dist/egressc.cdx.json
	cd dist && sha256sum * > SHA256SUMS

# Asks PyPI for known vulnerabilities of all that a lock names; what it cannot answer for fails, too.
audit-dependencies: .venv/release
	for lock in requirements ci; do $(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement tools/$$lock.lock || exit; done

zipapp: .venv/core
	rm -rf build/zipapp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
		--target build/zipapp --requirement tools/requirements.lock
	$(BIN)/python tools/pyz.py --packages build/zipapp --output dist/egressc.pyz

# Either of docker, podman and buildah will do; what the images are run with is what docs/installing.md says.
BUILDER ?= $(firstword $(foreach tool,docker podman buildah,$(if $(shell command -v $(tool)),$(tool))))

image:
	@test -n "$(BUILDER)" || { echo "make image needs docker, podman or buildah, none of which is on PATH" >&2; exit 1; }
	$(BUILDER) build --file Containerfile --target egressc --tag egressc .
	$(BUILDER) build --file Containerfile --target egressc-krm --tag egressc-krm .

LOCK = $(BIN)/uv pip compile --upgrade --generate-hashes --universal --python-version 3.11 --no-header --quiet
RELOCK = { head -n 1 $(1); $(2); } > $(1).part && mv $(1).part $(1)

lock: .venv/conformance
	$(call RELOCK,tools/requirements.lock,$(LOCK) pyproject.toml)
	$(call RELOCK,tools/ci.lock,echo editables | $(LOCK) pyproject.toml - $(addprefix --extra ,test lint conformance release) --constraint tools/requirements.lock)
	$(call RELOCK,tools/build.lock,echo 'hatchling>=1.25$(,)<2' | $(LOCK) - --constraint tools/ci.lock)

clean:
	rm -rf .venv $(JUDGE)/bin build dist

# An environment is set up again when what it needs has changed.

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv .venv

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.venv/core: .venv/bin/python pyproject.toml $(if $(LOCKED),tools/ci.lock)
	$(if $(LOCKED),$(PIP) --require-hashes --only-binary :all: --requirement tools/ci.lock)
	$(PIP) $(if $(LOCKED),--no-deps --no-build-isolation) --editable .
	@touch $@

.venv/test .venv/lint .venv/fuzz .venv/conformance .venv/release: .venv/%: .venv/core
	$(if $(LOCKED),,$(PIP) --editable ".[$(if $(filter conformance fuzz,$*),test$(,))$(if $(filter conformance,$*),release$(,))$*]")
	@touch $@

# Sets itself up in .venv; only Python 3.11 or newer is needed for `make demo` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
, := ,
JUDGE := tests/conformance/judge
KUSTOMIZE := sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.7

.PHONY: demo test lint fuzz conformance judge bench packages zipapp image lock clean

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

fuzz: .venv/fuzz
	$(BIN)/python tests/fuzz/run.py --seconds $(or $(FUZZ),3600)

conformance: .venv/conformance judge
	$(BIN)/python -m pytest tests/conformance

judge:
	@for tool in go kubectl npm; do command -v $$tool > /dev/null || { echo "make conformance needs $$tool, which is not on PATH" >&2; exit 1; }; done
	@export PATH="$$PATH:/usr/sbin:/sbin"; for tool in ip:iproute2 iptables:iptables openssl:openssl unshare:util-linux nsenter:util-linux mount:mount chromium:chromium zsh:zsh fish:fish mandoc:mandoc man:man-db promtool:prometheus; do \
		command -v $${tool%:*} > /dev/null || { echo "make conformance needs $${tool%:*}, which is not on PATH (Debian package $${tool#*:})" >&2; exit 1; }; done
	cd $(JUDGE) && go build -o bin/judge . && go build -o bin/ads ./ads && go build -o bin/analyzers ./analyzers && go build -o bin/istioctl istio.io/istio/istioctl/cmd/istioctl
	GOBIN=$(CURDIR)/$(JUDGE)/bin go install $(KUSTOMIZE)
	GOBIN=$(CURDIR)/$(JUDGE)/bin go install $(ACTIONLINT)

bench: .venv/test
	$(BIN)/python bench/compile.py $(BENCH)
	$(BIN)/python bench/start.py
	$(BIN)/python bench/analyze.py $(BENCH)
	$(if $(BENCH),,$(BIN)/python bench/traffic.py)

packages: .venv/test
	$(BIN)/python -m hatchling build

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

lock: .venv/conformance
	@{ head -n 1 tools/requirements.lock; $(BIN)/uv pip compile pyproject.toml --upgrade --generate-hashes --universal \
		--no-header --quiet; } > tools/requirements.lock.part
	mv tools/requirements.lock.part tools/requirements.lock

clean:
	rm -rf .venv $(JUDGE)/bin build dist

# An environment is set up again when what it needs has changed.

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv .venv

.venv/core: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/test .venv/lint .venv/fuzz .venv/conformance: .venv/%: .venv/core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(if $(filter conformance fuzz,$*),test$(,))$*]"
	@touch $@

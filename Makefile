# `make run` and `make test` are all that most people need; docs/development.md has the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Rust's usual place, for shells that were opened before it was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

CALLSTEAD := $(CARGO_TARGET_DIR)/release/callstead
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/callstead

# The models that tests use (`make models`); those of `make run` are in the data folder.
CALLSTEAD_TEST_MODELS_DIR ?= $(CARGO_TARGET_DIR)/models

# Engines bring threads of their own, and ggml is slow beyond measure with more threads than cores.
RUST_TEST_THREADS ?= 2
export RUST_TEST_THREADS

DENY_VERSION := 0.20.2
DENY_ROOT := $(CACHE)/tools/cargo-deny-$(DENY_VERSION)
DENY := $(DENY_ROOT)/bin/cargo-deny

CARGO_DEB_VERSION := 3.8.0
CARGO_DEB_ROOT := $(CACHE)/tools/cargo-deb-$(CARGO_DEB_VERSION)
export CARGO_DEB := $(CARGO_DEB_ROOT)/bin/cargo-deb

# The server that our rooms are compared with; newer versions cannot be had from the Go module proxy.
LIVEKIT_VERSION := 1.13.5
LIVEKIT_SUM := h1:HWfxfKvi5k1czMVqLV/htGmPgEBhrqHMxpfyMvfhyVo=
LIVEKIT_MODULE := github.com/livekit/livekit-server
LIVEKIT_ROOT := $(CACHE)/tools/livekit-server-$(LIVEKIT_VERSION)
LIVEKIT_SERVER := $(LIVEKIT_ROOT)/server

# What runs in the browser: the page's scripts with what they need from npm, in one file that the program embeds.
BUNDLE := frontend/dist/call.js
BROWSER_TESTS := tests/browser/node_modules/.package-lock.json
ROOMS_TESTS := tests/rooms/node_modules/.package-lock.json
# An agent of LiveKit's library for Node.js, for tests of rooms.
NODE_AGENT := tests/sdk/node-agent/node_modules/.package-lock.json
NPM_CI := npm ci --prefer-offline --no-audit --no-fund --loglevel error

.PHONY: help
help:
	@printf '%s\n' \
	    'make run     build, fetch the starter models, start on http://localhost:8080' \
	    'make test    everything that CI runs' \
	    'make build   target/release/callstead alone' \
	    'make dist    the same, smaller and a little faster; takes minutes to link' \
	    'make deb     a Debian package of it, in target/deb' \
	    'make bench   measure this machine (docs/benchmarks.md)' \
	    'make fuzz    try what strangers may send: a minute for each way in' \
	    'make rooms   the suite of the rooms against the real livekit-server, which it compiles once (needs Go)'

.PHONY: run
run: build
	@$(CALLSTEAD) models pull starter || \
	    printf '%s\n' 'Starting without the models that are missing: http://localhost:8080 says what cannot work.' >&2
	@exec $(CALLSTEAD) serve --dev

.PHONY: build
build:
	@scripts/prepare build
	@$(MAKE) bundle
	@cargo build --release --locked

.PHONY: dist
dist:
	@scripts/prepare build
	@$(MAKE) bundle
	@cargo build --profile dist --locked

.PHONY: deb
deb: dist $(CARGO_DEB)
	@scripts/deb dist target/deb
	@scripts/deb-check target/deb/callstead_*.deb

# Installs it in a Debian of its own, which is made once: needs root and debootstrap.
.PHONY: deb-install-test
deb-install-test: deb-test
	@scripts/deb-install target/deb-test/callstead_*.deb

$(CARGO_DEB):
	env --unset=CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 \
	    cargo install cargo-deb --version =$(CARGO_DEB_VERSION) --locked --debug --root $(CARGO_DEB_ROOT)

.PHONY: bundle
bundle: $(BUNDLE)

$(BUNDLE): frontend/node_modules/.package-lock.json frontend/build.mjs $(shell find frontend/src -name '*.js')
	@cd frontend && node build.mjs

%/node_modules/.package-lock.json: %/package-lock.json
	@cd $* && $(NPM_CI)
	@touch $@

.PHONY: bench
bench: build
	@$(CALLSTEAD) bench engines

FUZZ_SECONDS ?= 60

.PHONY: fuzz
fuzz: bundle
	@scripts/fuzz $(FUZZ_SECONDS)

# What CI runs, in this order. Each step can be run alone.
.PHONY: test
test:
	@scripts/prepare test
	@scripts/step fmt $(MAKE) fmt
	@scripts/step build $(MAKE) build
	@scripts/step clippy $(MAKE) clippy
	@scripts/step doc $(MAKE) doc
	@scripts/step deny $(MAKE) deny
	@scripts/step deb $(MAKE) $(if $(filter 0,$(shell id -u)),deb-install-test,deb-test)
	@scripts/step frontend $(MAKE) frontend-test
	@scripts/step models $(MAKE) models
	@scripts/step sdk scripts/sdk-python
	@scripts/step tests $(MAKE) cargo-test

.PHONY: fmt
fmt:
	@cargo fmt --all --check

.PHONY: clippy
clippy: bundle
	@cargo clippy --release --workspace --all-targets --locked -- -D warnings

.PHONY: doc
doc: bundle
	@RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --release --workspace --no-deps --document-private-items --locked

.PHONY: deny
deny: $(DENY)
	@$(DENY) --log-level warn check --hide-inclusion-graph licenses bans sources

# Unoptimised: it runs for two seconds, and is built in one minute instead of many.
$(DENY):
	env --unset=CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 \
	    cargo install cargo-deny --version =$(DENY_VERSION) --locked --debug --root $(DENY_ROOT)

# A package of the program that is built already, and a look into it.
.PHONY: deb-test
deb-test: build $(CARGO_DEB)
	@rm -rf target/deb-test
	@scripts/deb release target/deb-test --fast
	@scripts/deb-check target/deb-test/callstead_*.deb

.PHONY: frontend-test
frontend-test: bundle
	@cd frontend && node --test --test-reporter=dot test/

.PHONY: models
models: build
	@$(CALLSTEAD) --models-dir $(CALLSTEAD_TEST_MODELS_DIR) models pull starter

.PHONY: cargo-test
cargo-test: export CALLSTEAD_TEST_MODELS_DIR := $(CALLSTEAD_TEST_MODELS_DIR)
cargo-test: bundle $(BROWSER_TESTS) $(ROOMS_TESTS)
	@cargo test --release --workspace --locked --no-fail-fast

# The tests that judge our rooms by LiveKit's own software, those too that are too long for `make test`.
.PHONY: rooms-here
rooms-here: export CALLSTEAD_TEST_MODELS_DIR := $(CALLSTEAD_TEST_MODELS_DIR)
rooms-here: bundle $(ROOMS_TESTS) $(NODE_AGENT)
	@scripts/sdk-python agents >/dev/null
	@cargo test --release --locked --test black_box rooms -- --include-ignored --test-threads 1

# The tests that judge our rooms, run against the server that they are modelled on (docs/livekit.md).
.PHONY: rooms
rooms: livekit-server $(ROOMS_TESTS)
	@scripts/rooms $(LIVEKIT_SERVER)

.PHONY: livekit-server
livekit-server: $(LIVEKIT_SERVER)

# Three minutes on two cores. Go holds every module against its checksum database; this one also against the sum above.
$(LIVEKIT_SERVER): export GOSUMDB := sum.golang.org
$(LIVEKIT_SERVER): export GOFLAGS := -trimpath -buildvcs=false
$(LIVEKIT_SERVER): export CGO_ENABLED := 0
$(LIVEKIT_SERVER):
	@go mod download -json $(LIVEKIT_MODULE)@v$(LIVEKIT_VERSION) | grep --quiet --fixed-strings '"Sum": "$(LIVEKIT_SUM)"' || \
	    { printf '%s\n' 'callstead: livekit-server cannot be fetched, or is not what it was: Go and the Go module proxy are needed' >&2; exit 1; }
	GOBIN=$(LIVEKIT_ROOT) go install -ldflags '-s -w' $(LIVEKIT_MODULE)/cmd/server@v$(LIVEKIT_VERSION)

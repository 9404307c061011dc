# The project's verbs; `make` lists them. Everything that is installed or started lives in .local/ and target/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
# For `make build`: arm64 or x86_64. Empty: arm64 where Rust can compile for it.
ARCH ?=

VENV := .local/tools/venv
LOCAL := $(VENV)/bin/python infra/local
TARGET := $(or $(CARGO_TARGET_DIR),target)
# This machine's processor, as Lambda calls it: what the local stack runs.
HOST_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

comma := ,
say = @printf '\n== %s\n' '$(1)'

.PHONY: help run up down status logs test test-unit test-e2e test-examples bench bench-delivery bench-polling bench-links histories lint lint-rust lint-template fmt \
	build deploy clean \
	tools local-build local-functions

help: ## List these verbs
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: local-build ## Watch it work: local stack, a scenario, and each event as a subscriber gets it
	@$(LOCAL) run $(OPTIONS)

up: local-build ## Start the local stack in the background; what programs need is in .local/stack.json
	@$(LOCAL) up $(OPTIONS)

down: ## Stop everything that `up` or `run` started
	@if [ -x $(VENV)/bin/python ]; then $(LOCAL) down; else echo 'Nothing was running.'; fi

status: ## Say what runs (fails when the stack is down)
	@if [ -x $(VENV)/bin/python ]; then $(LOCAL) status; else echo 'The stack is down.'; exit 3; fi

logs: ## What the functions of the local stack logged (OPTIONS="poller --follow")
	@if [ -x $(VENV)/bin/python ]; then $(LOCAL) logs $(OPTIONS); else echo 'The stack is down.'; exit 3; fi

# One `cargo test` for all: a selection of packages would compile their dependencies once more, with other features. It
# also builds the simulator and the command line, before any test runs.
test: lint test-examples local-functions ## Everything that must hold: format, lints, template, all tests
	$(call say,unit$(comma) contract and end-to-end tests)
	cargo test --workspace

test-unit: ## Unit, property and contract tests (no stack)
	$(call say,unit and contract tests)
	cargo test --workspace --exclude e2e

test-e2e: local-build ## End-to-end tests: they start and stop their own local stacks
	$(call say,end-to-end tests)
	cargo test -p e2e

test-examples: tools ## The two example subscribers: alone, and deployed into an emulated AWS
	$(call say,examples)
	cd examples && $(CURDIR)/$(VENV)/bin/python -m unittest
	cd examples && $(CURDIR)/$(VENV)/bin/python -m unittest discover -s emulated -t . -p 'check_*.py'

bench: ## What parsing and folding one webhook costs
	cargo bench -p relay --bench fold

bench-delivery: ## How long a delivery takes in the release binary, and how large the functions are, zipped
	@$(MAKE) build ARCH=$(HOST_ARCH)
	@BITRELAY_FUNCTIONS=target/lambda cargo run -q -p e2e --bin bench-delivery
	@for function in webhook poller publisher; do \
	  zip=$$(mktemp -u).zip; $(VENV)/bin/python -m zipfile -c $$zip target/lambda/$$function/bootstrap; \
	  printf '%s, zipped: %s bytes\n' $$function $$(stat -c %s $$zip); rm $$zip; done

bench-polling: ## Two ways of polling on the same workloads, in virtual time (OPTIONS=--write for the document)
	@cargo run -q -p polling --bin bench-polling -- $(OPTIONS)

bench-links: ## How many links one invocation of the poller serves, in real time (OPTIONS="10 100": numbers of links)
	@cargo run -q -p polling --profile histories --bin bench-links -- $(OPTIONS)

histories: ## N random histories in virtual time; SEED=S tells one of them
	@cargo run -q -p histories --profile histories -- $(if $(SEED),--seed $(SEED),--count $(or $(N),10000))

lint: lint-rust lint-template ## Format, clippy with warnings denied, dependencies, template

lint-rust:
	$(call say,format)
	cargo fmt --all --check
	$(call say,clippy)
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	$(call say,one TLS stack only: no rustls 0.21)
	@tree=$$(cargo tree --workspace --all-features --target all --prefix none); \
	if grep -q '^rustls v0\.21' <<<"$$tree"; then \
	  echo 'error: rustls 0.21 is back; some AWS crate has its default features (cargo tree -i rustls@0.21)'; exit 1; fi

lint-template: tools
	$(call say,template)
	for template in template.yaml examples/*/template.yaml; do \
	  sam validate --lint --region eu-west-1 --template $$template; done
	cfn-lint template.yaml examples/*/template.yaml

fmt: ## Format the Rust code
	cargo fmt --all

build: tools ## Compile the functions for Lambda (ARCH=arm64|x86_64)
	@infra/tools/build-functions.sh release target/lambda $(ARCH)

deploy: build ## Deploy into your AWS account; asks its questions the first time
	sam build
	@arch=$$(cat target/lambda/ARCH); options=(); \
	if [ ! -f samconfig.toml ]; then \
	  options+=(--guided --stack-name bitrelay); \
	  echo 'sam will ask whether it is okay that "Webhook has no authentication": yes. The function verifies signatures.'; \
	fi; \
	if ! grep -qsE "Architecture=[\\\\\"]*$$arch" samconfig.toml; then \
	  options+=(--parameter-overrides "Architecture=$$arch"); fi; \
	echo "sam deploy $${options[*]}"; sam deploy "$${options[@]}"

clean: down ## Remove what was built (not the installed tools)
	rm -rf $(TARGET) .aws-sam .local/work .local/logs .local/pids

tools:
	@$(PYTHON) infra/tools/install.py $(VENV)

local-build: local-functions
	cargo build --workspace --bin simulator --bin bitrelay

# What the local stack runs. A folder of its own: `sam build` never packages these unoptimised binaries by mistake.
local-functions: tools
	$(call say,build the functions for the local stack)
	@infra/tools/build-functions.sh dev $(TARGET)/lambda-local $(HOST_ARCH)

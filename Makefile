# The project's commands; `make` lists them. Everything that they install or start lives in .local/ and target/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
# For `make build`: arm64 or x86_64. If empty, arm64 if Rust can compile for it.
ARCH ?=

VENV := .local/tools/venv
CHECKOV := .local/tools/checkov-venv
LOCAL := $(VENV)/bin/python infra/local
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# This machine's processor by Lambda's name. The local stack runs on it.
HOST_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

comma := ,
say = @printf '\n== %s\n' '$(1)'

.PHONY: help run up down status logs console test test-unit test-e2e test-examples bench bench-floor compare bench-cost bench-polling bench-links histories fuzz chaos upgrade load model crash-table planted-bugs mutants lint lint-rust lint-docs lint-template fmt \
	build deploy dist dist-check clean \
	tools local-build local-functions

help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: local-build ## Watch it work: local stack, a scenario, and each event as a subscriber receives it
	@$(LOCAL) run $(OPTIONS)

up: local-build ## Start the local stack in the background; .local/stack.json has its addresses
	@$(LOCAL) up $(OPTIONS)

down: ## Stop everything that `up` or `run` started
	@if [ -x $(VENV)/bin/python ]; then $(LOCAL) down; else echo 'Nothing was running.'; fi

status: ## Show what runs (fails if the stack is down)
	@if [ -x $(VENV)/bin/python ]; then $(LOCAL) status; else echo 'The stack is down.'; exit 3; fi

logs: ## Print the logs of the local stack's functions (OPTIONS="poller --follow")
	@if [ -x $(VENV)/bin/python ]; then $(LOCAL) logs $(OPTIONS); else echo 'The stack is down.'; exit 3; fi

console: ## Open the local stack's console in your browser (OPTIONS="--port 4320"; Ctrl-C ends it)
	@if [ ! -f .local/bitrelay.toml ]; then echo 'The stack is down; `make up` or `make run` starts it.'; exit 3; fi
	@cargo build -q --workspace --bin bitrelay
	@AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test $(TARGET_DIR)/debug/bitrelay --config .local/bitrelay.toml console --open $(OPTIONS)

# One `cargo test` for all, because a selection of packages would compile their dependencies again with other features.
# It also builds the simulator and the command line before any test runs.
test: lint test-examples local-functions ## Everything that must hold: format, lints, template, all tests
	$(call say,unit$(comma) contract and end-to-end tests)
	cargo test --workspace

test-unit: ## All tests that need no local stack
	$(call say,unit and contract tests)
	cargo test --workspace --exclude e2e

test-e2e: local-build ## End-to-end tests, on local stacks of their own
	$(call say,end-to-end tests)
	cargo test -p e2e

test-examples: tools ## Test the example subscribers: alone, and deployed into an emulated AWS
	$(call say,examples)
	cd examples && $(CURDIR)/$(VENV)/bin/python -m unittest
	cd examples && $(CURDIR)/$(VENV)/bin/python -m unittest discover -s emulated -t . -p 'check_*.py'

bench: ## Measure the cost of parsing and folding one webhook
	cargo bench -p relay --bench fold

# In a folder of its own, because `sam build` and a release take whatever is in target/lambda.
bench-floor: tools ## Compare the webhook function with the least that such a function costs, and show the sizes
	@FLOOR=1 infra/tools/build-functions.sh release target/lambda-bench $(HOST_ARCH)
	@BITRELAY_FUNCTIONS=target/lambda-bench cargo run -q -p e2e --profile histories --bin bench-floor
	@for function in webhook poller publisher; do \
	  zip=$$(mktemp -u).zip; $(VENV)/bin/python -m zipfile -c $$zip target/lambda-bench/$$function/bootstrap; \
	  printf '%s, zipped: %s bytes\n' $$function $$(stat -c %s $$zip); rm $$zip; done

compare: ## Compare the speed of the functions of COMMITS="A B", each beside the floor
	@infra/tools/compare-commits.sh $(COMMITS)

bench-cost: ## Count the write units of a delivery over real payloads, and of hours of reviews
	@cargo run -q -p polling --bin bench-cost

bench-polling: ## Compare two ways of polling in virtual time (OPTIONS=--write for the document)
	@cargo run -q -p polling --bin bench-polling -- $(OPTIONS)

bench-links: ## Measure how many links one poller serves (OPTIONS="10 100": numbers of links)
	@cargo run -q -p polling --profile histories --bin bench-links -- $(OPTIONS)

histories: ## Run N random histories of the deployed functions in virtual time; SEED=S prints one
	@cargo run -q -p simulation --profile histories --bin histories -- $(if $(SEED),--seed $(SEED),--count $(or $(N),10000))

fuzz: ## Run N random inputs on everything that reads from outside (TARGET=, SEED= or INPUT= runs some again)
	@cargo run -q -p fuzz --profile histories --bin fuzz -- $(if $(TARGET),--target $(TARGET)) \
	  $(if $(INPUT),--input $(INPUT),$(if $(SEED),--seed $(SEED),--count $(or $(N),300000) $(OPTIONS)))

chaos: local-functions ## Kill functions, stop the table and fail Bitbucket for MINUTES (2), then compare the books
	@cargo run -q -p e2e --bin chaos -- --minutes $(or $(MINUTES),2) $(if $(SEED),--seed $(SEED))

upgrade: local-functions ## Chaos that begins with the functions of FROM=<commit> and updates them one by one
	@from=$$(infra/tools/build-commit.sh dev $(or $(FROM),$(error FROM=<commit> is missing))) && \
	  cargo run -q -p e2e --bin chaos -- --minutes $(or $(MINUTES),2) --from "$$from" $(if $(SEED),--seed $(SEED))

# Both the functions and the emulated table are optimised. They share the processors.
load: ## Send deliveries at rising rates until the first 5xx (RATE=50 MINUTES=10 keeps one rate)
	@$(MAKE) build ARCH=$(HOST_ARCH)
	@BITRELAY_FUNCTIONS=target/lambda cargo run -q -p e2e --profile histories --bin load -- \
	  $(if $(RATE),--rate $(RATE) --minutes $(or $(MINUTES),10)) $(OPTIONS)

model: ## Visit every interleaving of small worlds of the deployed functions (OPTIONS=stream: worlds by name)
	@cargo run -q -p model --profile histories --bin model -- $(OPTIONS)

crash-table: ## Let each I/O call of each function go wrong, and write docs/CRASHES.md
	@cargo run -q -p model --bin crash-table -- --write

planted-bugs: ## Plant known bugs one by one and check that a test catches each (half an hour)
	@$(PYTHON) infra/tools/planted-bugs.py

mutants: ## Change the code in small ways; a test must fail each time (PACKAGE=, FILE=, SHARD=k/n, SAMPLE=n)
	@$(PYTHON) infra/tools/mutants.py $(if $(PACKAGE),--package $(PACKAGE)) $(if $(FILE),--file $(FILE)) \
	  $(if $(SHARD),--shard $(SHARD)) $(if $(SAMPLE),--sample $(SAMPLE)) $(OPTIONS)

lint: lint-rust lint-docs lint-template ## Format, clippy with warnings denied, imports, dependencies, documents, template

lint-rust:
	$(call say,format)
	cargo fmt --all --check
	$(call say,clippy)
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	$(call say,one TLS stack only: no rustls 0.21)
	@tree=$$(cargo tree --workspace --all-features --target all --prefix none); \
	if grep -q '^rustls v0\.21' <<<"$$tree"; then \
	  echo 'error: rustls 0.21 is back; some AWS crate has its default features (cargo tree -i rustls@0.21)'; exit 1; fi
	$(call say,imports inside each crate run one way)
	$(PYTHON) infra/tools/check-imports.py
	$(call say,licences$(comma) bans and sources of dependencies)
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; else \
	  echo 'Skipped: cargo-deny is not installed (cargo install cargo-deny --locked).'; fi

lint-docs:
	$(call say,links$(comma) line lengths and test names in documents; planted bugs and mutants)
	$(PYTHON) infra/tools/check-links.py
	$(PYTHON) infra/tools/planted-bugs.py --check
	$(PYTHON) infra/tools/mutants.py --check
	$(PYTHON) -m unittest discover infra/tools
	$(PYTHON) infra/tools/demo-picture.py --check

lint-template: tools
	$(call say,template)
	for template in template.yaml examples/*/template.yaml; do \
	  sam validate --lint --region eu-west-1 --template $$template; done
	@mkdir -p .local
	$(PYTHON) infra/tools/dist/template.py >.local/release.yaml
	cfn-lint template.yaml examples/*/template.yaml .local/release.yaml
	$(call say,names that several stacks would share; weak settings)
	$(VENV)/bin/python infra/tools/check-stacks.py template.yaml samconfig.example.toml
	@$(PYTHON) infra/tools/install.py $(CHECKOV) infra/tools/checkov.txt
	$(CHECKOV)/bin/checkov --config-file infra/tools/checkov.yaml --file template.yaml examples/*/template.yaml

fmt: ## Format the Rust code
	cargo fmt --all

build: tools ## Compile the functions for Lambda (ARCH=arm64|x86_64)
	@infra/tools/build-functions.sh release target/lambda $(ARCH)

deploy: build ## Deploy into your AWS account; asks the first time (ENV=prod: of samconfig.toml)
	sam build
	@arch=$$(cat target/lambda/ARCH); options=($(if $(ENV),--config-env $(ENV))); \
	if [ ! -f samconfig.toml ]; then \
	  options+=(--guided --stack-name bitrelay --parameter-overrides "Architecture=$$arch"); \
	  echo 'sam will ask whether it is okay that "Webhook has no authentication": yes. The function verifies signatures.'; \
	elif ! grep -qE "Architecture=[\\\\\"]*$$arch" samconfig.toml; then \
	  echo "error: samconfig.toml needs Architecture=$$arch among its parameter_overrides, or build with ARCH=..."; exit 1; \
	fi; \
	echo "sam deploy $${options[*]}"; sam deploy "$${options[@]}"

dist: tools ## Write the files of a release into dist/ (ARCH=arm64|x86_64; all that Rust can compile for)
	@$(PYTHON) infra/tools/dist $(ARCH)
	cfn-lint dist/bitrelay-*.yaml

dist-check: tools ## Build the release of the last commit twice, compare the bytes, run it without a toolchain (40 min)
	@infra/tools/dist/check.sh

clean: down ## Remove everything that was built (not the installed tools)
	rm -rf $(TARGET_DIR) dist .aws-sam .local/work .local/logs .local/pids .local/mutants/target .local/mutants/tree .local/mutants/at-once

tools:
	@$(PYTHON) infra/tools/install.py $(VENV) infra/tools/requirements.txt
	@infra/tools/install-npm.sh
	@infra/tools/install-dynamodb-local.sh

local-build: local-functions
	cargo build --workspace --bin simulator --bin bitrelay

# The local stack's functions, in their own folder so that `sam build` never packages unoptimised binaries.
local-functions: tools
	$(call say,build the functions for the local stack)
	@infra/tools/build-functions.sh dev $(TARGET_DIR)/lambda-local $(HOST_ARCH)

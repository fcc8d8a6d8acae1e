# What one types. `make` alone lists the targets; each says what it does before it does it.
# Variables: SCRATCH (the build folder), SWIFT_FLAGS (for every swift build), JOBS.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SCRATCH ?= .build
SWIFT_FLAGS ?=
JOBS ?=
flags := --scratch-path $(SCRATCH) $(if $(JOBS),--jobs $(JOBS)) $(SWIFT_FLAGS)
segsam := $(SCRATCH)/release/segsam
# Tests that compute for seconds on end, apart from those that wait for sockets and have limits of time.
computing := ^(VolumetricsTests|SegSAMTests|TrainingTests|CheckpointsTests|ImagingTests)\.
python := .deps/python/bin/python
swift_sources := Package.swift Sources Tests
# Real images, where a checkout has them beside it.
export SEGSAM_CORPUS ?= $(wildcard ../shared/corpus)
ifeq ($(SEGSAM_CORPUS),)
unexport SEGSAM_CORPUS
endif

say = @printf '\n== %s\n' '$(1)'

.PHONY: help demo serve trainer test swift-test integration-test build lint format fuzz \
  check-vocabulary bootstrap bootstrap-tests soak clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

demo: build ## install, build, and answer five queries in three languages on a built-in image
	$(call say,demo: one server and one image; five queries)
	@$(segsam) demo

serve: build ## install, build, and keep a server running on tcp://127.0.0.1:5555
	$(call say,serving; stop with Ctrl-C)
	@exec $(segsam) serve

trainer: ## install torch and build what `segsam train` needs
	$(call say,bootstrap: what the trainer needs)
	@./bootstrap --trainer
	$(call say,building the trainer against torch)
	@scripts/build-trainer

test: bootstrap-tests swift-test integration-test ## every test: Swift, and a Python client against the real server

swift-test: bootstrap-tests
	$(call say,Swift tests (debug build))
	@SEGSAM_PYTHON="$$PWD/$(python)" swift test --disable-xctest $(flags) --skip '$(computing)'
	@SEGSAM_PYTHON="$$PWD/$(python)" swift test --disable-xctest $(flags) --skip-build --filter '$(computing)'

integration-test: bootstrap-tests build
	$(call say,integration tests: a Python client against the real server)
	@SEGSAM_BINARY="$$(realpath $(segsam))" $(python) -m pytest Tests/Integration
	$(call say,the clients in Python and C against the real server)
	@SEGSAM_BINARY="$$(realpath $(segsam))" $(python) -m pytest -q clients/python/tests
	@SEGSAM_BINARY="$$(realpath $(segsam))" PYTHON="$$PWD/$(python)" clients/c/test.sh || [ $$? = 77 ]

fuzz: bootstrap ## the readers of messages under libFuzzer, for a minute
	$(call say,fuzzing)
	@scripts/fuzz

soak: bootstrap-tests build ## 1,000 different images through one server, with its memory watched
	$(call say,soak test)
	@SEGSAM_BINARY="$$(realpath $(segsam))" $(python) Tests/Integration/soak.py

build: bootstrap
	$(call say,release build of segsam)
	@swift build -c release --product segsam $(flags)

lint: ## swift format, strictly
	$(call say,swift format lint --strict)
	@swift format lint --strict --parallel --recursive $(swift_sources)

format: ## swift format, in place
	@swift format --in-place --parallel --recursive $(swift_sources)

check-vocabulary: build ## the rules of vocab/ and prompts/
	$(call say,vocabulary and descriptions)
	@$(segsam) categories --validate

bootstrap:
	$(call say,bootstrap: Debian packages and pinned wheels)
	@./bootstrap

bootstrap-tests:
	$(call say,bootstrap: Debian packages and pinned wheels; also for the tests)
	@./bootstrap --tests

clean: ## remove what was built; .deps stays (remove it by hand to fetch all again)
	$(call say,removing $(SCRATCH))
	@rm -rf "$(SCRATCH)"
	@find Tests scripts -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

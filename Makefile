# Run make without a target to see what there is.
.DEFAULT_GOAL := help

GOOS    ?= $(shell go env GOOS)
GOARCH  ?= $(shell go env GOARCH)
# --abbrev as its default depends on how much of the history a clone has.
VERSION ?= $(patsubst v%,%,$(shell git describe --tags --dirty --abbrev=12 2>/dev/null || echo dev))

# The container image. BASE is the Dockerfile's own if it is not set.
IMAGE   ?= ghcr.io/conductorone/baton-privx:latest
BASE    ?=
BUILDER ?= $(or $(shell command -v buildah 2>/dev/null),docker)

GOLANGCI_LINT_VERSION := v2.11.4
ACTIONLINT_VERSION    := v1.7.12
GOVULNCHECK_VERSION   := v1.7.0

GOLANGCI_LINT  := .bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
GENERATED      := pkg/config/conf.gen.go baton_capabilities.json config_schema.json docs/assumptions.md docs/doctor.md \
                  docs/troubleshooting.md docs/pictures/sync-time.svg docs/pictures/sync-memory.svg
PLATFORMS      := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
VENDOR_CLIENT  := internal/privxsim/vendorclient
DEPLOY_TESTS   := deploy/kubernetes/manifesttest deploy/helm/charttest deploy/compose/composetest

# The same flags for all but the tests: what one target has compiled, the next finds
# in the build cache. go env, as GOFLAGS may be set there. Nothing of where and when
# gets into a binary: no paths, and nothing from Git but the version.
build test-short lint generate check-generated cross fuzz demo demo-browse demo-service conformance check-image bench host-binary completion man release-archives: export CGO_ENABLED := 0
build test-short lint generate check-generated cross fuzz demo demo-browse demo-service conformance check-image bench host-binary completion man release-archives: export GOFLAGS = $(shell go env GOFLAGS) -trimpath -buildvcs=false

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET\n"} /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the connector into dist/$GOOS_$GOARCH.
	GOOS=$(GOOS) GOARCH=$(GOARCH) go build -ldflags "-s -w -X main.version=$(VERSION)" \
		-o dist/$(GOOS)_$(GOARCH)/ ./cmd/baton-privx

# Built for this machine, whatever GOOS is: the program is asked.
HOST_OS     := $(shell go env GOHOSTOS)
HOST_ARCH   := $(shell go env GOHOSTARCH)
HOST_BINARY := dist/$(HOST_OS)_$(HOST_ARCH)/baton-privx$(if $(filter windows,$(HOST_OS)),.exe)

.PHONY: host-binary
host-binary:
	@$(MAKE) --no-print-directory --silent build GOOS=$(HOST_OS) GOARCH=$(HOST_ARCH)

.PHONY: completion
completion: host-binary ## Write the shells' completion into dist/completion.
	@mkdir -p dist/completion
	env -i $(HOST_BINARY) completion bash >dist/completion/baton-privx.bash
	env -i $(HOST_BINARY) completion zsh >dist/completion/_baton-privx
	env -i $(HOST_BINARY) completion fish >dist/completion/baton-privx.fish
	env -i $(HOST_BINARY) completion powershell >dist/completion/baton-privx.ps1

.PHONY: man
man: host-binary ## Write the man page into dist/man.
	@mkdir -p dist/man
	GOOS=$(HOST_OS) GOARCH=$(HOST_ARCH) go run ./tools/release man $(HOST_BINARY) $(VERSION) $(shell git log -1 --format=%cs) >dist/man/baton-privx.1

.PHONY: release-archives
release-archives: completion man ## Make the archives, SBOMs and checksums of a release for $PLATFORMS.
	VERSION=$(VERSION) ./scripts/release-archives.sh $(PLATFORMS)

# The vendor's client library, which the simulator is checked against, and
# Kubernetes, Helm and Compose, which what is in deploy is checked against, are in
# modules of their own: the connector must not depend on them. The latter have
# nothing concurrent. Their results are not cached, as Go does not see that a file outside of
# the module has changed.
.PHONY: test
test: export CGO_ENABLED := 1
test: ## Run all tests with the race detector, and without it those that it makes too slow.
	go test -race -timeout 30m ./...
	CGO_ENABLED=0 go test -trimpath -timeout 30m -run '^TestFaultMatrix$$' ./pkg/connector
	@if [ -f $(VENDOR_CLIENT)/go.mod ]; then set -x; cd $(VENDOR_CLIENT) && go test -race ./...; fi
	cd tools/notice && go test ./...
	@set -e; for module in $(DEPLOY_TESTS); do (set -x; cd $$module && CGO_ENABLED=0 go test -count=1 -trimpath ./...); done

# For who is changing something: the same tests but for those that take longest and those
# of benches and tools, and without the race detector, so that it needs no C compiler.
# Most tests of the first two packages wait for pauses to be over, so that they begin
# first, and more run at a time than there are processors. Less garbage is collected, as
# all of it ends soon, and nothing is linked that only a debugger reads.
.PHONY: test-short
test-short: export GOGC := 800
test-short: ## Run all tests but the longest, in a minute, without the race detector.
	go test -short -ldflags=-w -p 6 -parallel 24 -timeout 10m ./cmd/baton-privx ./pkg/connector $$(go list ./... | grep -Ev '/(bench|tools)/')

.PHONY: faults
faults: ## Write the fault matrix, and docs/faults.md from it.
	go test -count=1 -timeout 30m -run TestFaultMatrix ./pkg/connector -update-faults
	go test -count=1 -run TestPage ./internal/faultmatrix -update-page

# A number of inputs and not a time, so that a check does not end with a time-out.
FUZZTIME ?= 50000x

.PHONY: fuzz
fuzz: ## Fuzz each target with FUZZTIME inputs (50000x), or for a time (5m).
	./scripts/fuzz.sh $(FUZZTIME)

.PHONY: check-format
check-format: ## Check formatting.
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' ':!*.gen.go' | xargs gofmt -l); \
		if [ -n "$$unformatted" ]; then echo "Run gofmt on:"; echo "$$unformatted"; exit 1; fi

.PHONY: lint
lint: check-format $(GOLANGCI_LINT) ## Check formatting, vet and lint.
	go vet ./...
	$(GOLANGCI_LINT) run ./...
	cd tools/notice && $(CURDIR)/$(GOLANGCI_LINT) run ./...
	@set -e; for module in $(DEPLOY_TESTS); do (set -x; cd $$module && go vet ./... && $(CURDIR)/$(GOLANGCI_LINT) run ./...); done

# The golangci-lint in PATH if it is the pinned version, else a new one.
$(GOLANGCI_LINT):
	@mkdir -p $(@D)
	@if [ "v$$(golangci-lint version --short 2>/dev/null)" = $(GOLANGCI_LINT_VERSION) ]; then \
		cp "$$(command -v golangci-lint)" $@; \
	else \
		echo "Installing golangci-lint $(GOLANGCI_LINT_VERSION)"; \
		GOBIN=$(CURDIR)/$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION) && \
		mv $(@D)/golangci-lint $@; \
	fi

.PHONY: tools
tools: $(GOLANGCI_LINT) ## Install the linter into .bin.

.PHONY: generate
generate: ## Write the generated code, capabilities, config schema, and what is generated of docs.
	./scripts/generate.sh

.PHONY: check-generated
check-generated: generate ## Fail if generated files differ from the committed ones.
	@git ls-files --error-unmatch -- $(GENERATED) >/dev/null
	@git diff --exit-code -- $(GENERATED) || { echo "Run make generate and commit the result."; exit 1; }

# The lambda build is part of each release.
.PHONY: cross
cross: ## Compile for all platforms.
	@for platform in $(PLATFORMS); do \
		echo "$$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} go build -o /dev/null ./cmd/... || exit 1; \
	done
	@echo "linux/arm64, lambda"
	@GOOS=linux GOARCH=arm64 go build -tags baton_lambda_support -o /dev/null ./cmd/baton-privx

.PHONY: check-reproducible
check-reproducible: ## Fail if two builds in two folders differ.
	./scripts/check-reproducible.sh

.PHONY: notice
notice: ## Write NOTICE and THIRD_PARTY_LICENSES, unless a licence is not allowed.
	cd tools/notice && go run . $(PLATFORMS)

.PHONY: check-notice
check-notice: notice ## Fail if a licence is not allowed, or NOTICE is out of date.
	@git ls-files --error-unmatch -- NOTICE THIRD_PARTY_LICENSES >/dev/null
	@git diff --exit-code -- NOTICE THIRD_PARTY_LICENSES || { echo "Run make notice and commit the result."; exit 1; }

# Not in .ci/run, as it needs the database of vulnerabilities and changes with it.
.PHONY: vulncheck
vulncheck: ## Look for known vulnerabilities in what is linked.
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./cmd/baton-privx
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) -tags baton_lambda_support ./cmd/baton-privx

.PHONY: demo
demo: ## Sync a simulated PrivX and show the result; with PROFILE, one like that of a doctor's report.
	./scripts/demo.sh $(PROFILE)

.PHONY: demo-browse
demo-browse: ## Browse what make demo has synced, with baton's own command line tool.
	go tool baton explorer -f dist/demo/sync.c1z

.PHONY: demo-service
demo-service: ## Run the service between a simulated ConductorOne and a simulated PrivX.
	./scripts/demo-service.sh

.PHONY: image
image: ## Build the container image $IMAGE for linux/$GOARCH with $BUILDER: buildah, else docker.
	@$(MAKE) --no-print-directory build GOOS=linux
	$(BUILDER) build --platform linux/$(GOARCH) $(if $(BASE),--build-arg BASE=$(BASE)) --tag $(IMAGE) .

.PHONY: check-image
check-image: ## Build the image on a base made here, and run it as README.md says.
	./scripts/image-check.sh

.PHONY: check-unit
check-unit: ## Check the systemd unit and how little it leaves open.
	./scripts/check-unit.sh

.PHONY: conformance
conformance: ## Grant and revoke in a simulated PrivX as ConductorOne's checks do.
	./scripts/conformance.sh

# Not in .ci/run: what it measures depends on the machine. See bench/README.md.
.PHONY: bench
bench: ## Measure syncs and write BENCHMARKS.md.
	./scripts/bench.sh

.PHONY: actionlint
actionlint: ## Check the GitHub workflows.
	go run github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION) -shellcheck= -pyflakes=

.PHONY: tidy-check
tidy-check: ## Fail if go.mod or go.sum are not tidy.
	go mod tidy -diff
	cd tools/notice && go mod tidy -diff
	cd $(VENDOR_CLIENT) && go mod tidy -diff
	@set -e; for module in $(DEPLOY_TESTS); do (set -x; cd $$module && go mod tidy -diff); done

.PHONY: clean
clean: ## Remove what was built.
	rm -rf dist

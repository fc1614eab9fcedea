# Two of these targets are all that is needed to use lakectl: run and test. `make` alone lists them.

.DEFAULT_GOAL := help

# What `lakectl version` shows.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# More flags for `make run` and `make run-real`: make run ARGS="--source simulated --rate 20"
ARGS ?=

# How long `make fuzz` works on each target.
FUZZTIME ?= 30s

# Built from source by the Go of this machine, so that it knows this Go's language. The first time
# takes some minutes.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/lakectl
	CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/lakectl ./cmd/lakectl

.PHONY: run
run: build ## Run the whole lakehouse on this machine, on live prices where an exchange answers
	./bin/lakectl run --local $(ARGS)

.PHONY: run-real
run-real: build ## Replay a real month of BTC-USD, ten minutes of it a second, data in .lakectl-replay
	./bin/lakectl run --local --source replay --file producer/data/btc-usd-1m-2022-01.csv.gz --speed 600 --data-dir .lakectl-replay $(ARGS)

.PHONY: test
test: ## Run the tests, those against a real Kafka, Spark and browser too
	go test -race -timeout 45m ./...

.PHONY: test-long
test-long: ## Run the long tests: remote targets, repairs, backfill, more of the notebooks, tables maintained in a loop, secrets, a deploy killed at each call
	LAKECTL_TEST_LONG=1 go test -race -count=1 -timeout 90m -run '^(TestTargets|TestVerify|TestTampered|TestMaintain|TestMonth|TestSecuredKafka|TestBackfill|TestBackfillAlone|TestOperations|TestRemote|TestKilled.*|TestOpenSpark|TestSecrets)$$' ./cmd/lakectl ./internal/pipeline ./internal/deploy

.PHONY: test-short
test-short: ## Run the tests that need neither Java nor network
	go test -race -short ./...

.PHONY: soak
soak: ## Ten minutes of misbehaving exchanges, compared with Kafka quote for quote
	LAKECTL_TEST_SOAK=10m go test -count=1 -timeout 20m -v -run TestExchangesToKafka ./cmd/lakectl

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME
	@set -eu; \
	for folder in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$$folder"/*_test.go | cut -d ' ' -f 2); do \
			echo "$$folder $$target"; \
			go test -short -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$folder"; \
		done; \
	done

# What make chaos runs, and the seed of what it does: make chaos SEED=7 CHAOS=TestKills
CHAOS ?= .
SEED ?= $(shell date +%s)

.PHONY: chaos
chaos: ## Kill, stop, cut and fill everything, for hours, and look for lost or doubled quotes
	LAKECTL_CHAOS=long LAKECTL_CHAOS_SEED=$(SEED) go test -count 1 -timeout 6h -run '$(CHAOS)' -v ./internal/chaos

.PHONY: kills
kills: ## Kill the producer 60 times and Kafka 10 times, and look for lost quotes
	LAKECTL_KILLS=50 go test -count 1 -timeout 30m -run '^TestKills$$' -v ./cmd/lakectl

.PHONY: lint
lint: ## Check formatting, vet, golangci-lint, go.mod and notebooks/
	@unformatted=$$(gofmt -l cmd infra internal jobs producer) && test -z "$$unformatted" || \
		{ echo "not gofmt'ed: $$unformatted" >&2; exit 1; }
	go vet ./...
	$(GOLANGCI_LINT) run
	go mod tidy -diff
	go run ./cmd/lakectl export --check

# The database of holes in Go modules comes as a module itself, from the same proxy as all others; VULNDB names
# another, such as https://vuln.go.dev.
VULNDB ?=

.PHONY: vulncheck
vulncheck: ## Look for known holes in Go modules and, by infra/runtime/known-holes.yaml, in jars
	@set -eu; \
	db='$(VULNDB)'; \
	test -n "$$db" || db=file://$$(go mod download -json golang.org/x/vulndb@latest | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/data/osv; \
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -db "$$db" ./...
	go test -count=1 -run '^TestKnownHoles$$' ./internal/local

.PHONY: export
export: ## Write notebooks/ anew from the specs
	go run ./cmd/lakectl export

.PHONY: bench
bench: build ## Measure latency, throughput, start and memory on this machine, into bench/
	go run ./internal/bench

.PHONY: clean
clean: ## Remove what was built; data dirs, bench results and the fetched runtime stay
	rm -rf bin

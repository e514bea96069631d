# What everyone runs. `make` or `make help` lists the targets.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@latest
FUZZTIME ?= 10s
COUNT ?= 10000
SCRIPTS = harness/*.sh harness/paxos/*.sh .ci/run .ci/fuzz

.PHONY: help build fmt fmt-check vet staticcheck shellcheck test race check fuzz bench compare compare-check harness govulncheck clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/paxos, which the scripts of the harness find
	go build -o bin/paxos ./cmd/paxos

fmt: ## format all Go files
	gofmt -w .

fmt-check: ## fail where a Go file is not formatted
	@files=$$(gofmt -l .); test -z "$$files" || { echo "not formatted (make fmt):"; echo "$$files"; exit 1; }

vet: ## go vet
	go vet ./...

staticcheck: ## staticcheck, at the version that the project has agreed on
	go run $(STATICCHECK) ./...

shellcheck: ## check the bash scripts
	shellcheck -x -P SCRIPTDIR $(SCRIPTS)

test: ## all tests; those that need root are skipped without it
	go test ./...

race: ## all tests with the race detector
	go test -race ./...

check: fmt-check vet staticcheck race ## what must pass before a commit

fuzz: ## run every fuzz target for FUZZTIME (10s)
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz

bench: ## run all benchmarks
	go test -run '^$$' -bench . -benchmem ./...

compare: ## measure us beside hashicorp/raft, dragonboat and etcd (a module of its own), for about 13 minutes
	cd bench && go run . --out ../docs/comparison/result.json --plots ../docs/comparison --page ../docs/performance.md

compare-check: ## build, vet and test that module, and have a short look at ours and one peer
	cd bench && go vet ./... && go test ./... && \
	go run . --quick --phase 200ms --limit 2m --systems paxos-roles,raft-wal --inflight 64 >/dev/null

harness: build ## a harness run with real processes, 2 x COUNT (10000) values, and its three checks
	harness/run.sh paxos $(COUNT)
	harness/check_all.sh

govulncheck: ## look for known vulnerabilities; needs the vulnerability database on the net
	go run $(GOVULNCHECK) ./...

clean: ## remove what was built, and the data of runs that have ended
	rm -rf bin harness/paxos/paxos
	bash harness/clean.sh

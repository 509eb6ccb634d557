.DEFAULT_GOAL := help
GO ?= go

# Compilers, analysers and storms all leave much garbage and little else: collecting it more seldom
# takes a fifth to a third off their time, and less than half a gigabyte of memory each.
export GOGC ?= 400

.PHONY: help build check fmt vet lint test race-sim race arm64 mutants sweep fuzz verdicts bugs \
	shrinking compare profiles nightly benchmarks report golden clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

build: ## build bin/tabletop
	$(GO) build -o bin/tabletop ./cmd/tabletop

check: fmt vet ## all that a change must pass, in under two minutes
	@$(MAKE) --no-print-directory -j3 --output-sync=line lint test race-sim

fmt:
	@files=$$(gofmt -l .); [ -z "$$files" ] || { echo "not formatted: $$files"; exit 1; }

vet:
	$(GO) vet ./...
	$(GO) build -o bin/tabletop-vet ./cmd/tabletop-vet
	$(GO) vet -vettool=bin/tabletop-vet ./sim ./model/... ./nemesis ./checker

lint:
	$(GO) tool staticcheck ./...

test: ## the tests: units, properties, scenarios on fixed seeds, each twice with equal digests
	$(GO) test -vet=off ./... # vet has looked at all

# The race detector needs a C compiler.
RACE = command -v cc >/dev/null 2>&1 || { echo "$@: SKIPPED, there is no C compiler"; exit 0; }; \
	set -x; CGO_ENABLED=1 $(GO) test -vet=off -race

race-sim: ## the tests of the world under the race detector; a part of check
	@$(RACE) ./sim

race: ## the tests of everything that runs in a world, under the race detector
	@$(RACE) ./model/... ./nemesis ./checker && CGO_ENABLED=1 $(GO) test -vet=off -race -short \
		-timeout 30m ./scenarios -run 'Golden|Compared|Tokens|Observing|Missed'

arm64: ## the golden seeds on another processor, which must give the same digests (needs qemu-user)
	@emulator=$$(command -v qemu-aarch64 || command -v qemu-aarch64-static) || { \
		echo "arm64: SKIPPED, there is no qemu-aarch64"; exit 0; }; \
	set -ex; GOOS=linux GOARCH=arm64 CGO_ENABLED=0 \
		$(GO) test -c -o bin/scenarios.arm64.test ./scenarios; \
	cd scenarios; $$emulator ../bin/scenarios.arm64.test -test.run '^TestGoldenSeeds$$' -test.short \
		-test.v

mutants: ## hunt the planted bugs with the ordinary storms (FLAGS=-mutants.blind: twice)
	$(GO) test ./scenarios/mutants -run TestMutantsAreCaught -count=1 -timeout 40m -v -mutants $(FLAGS)

SEEDS ?= 50
sweep: ## strike each DDL at every point and sync of the leader master, with SEEDS seeds; check has one
	$(GO) test ./scenarios -run '^TestSweep$$' -count=1 -v -sweep $(SEEDS)

COUNT ?= 20000
fuzz: build ## COUNT storms under ideal, which must be clean
	bin/tabletop fuzz --profile ideal --count $(COUNT)

verdicts: build ## COUNT storms under ideal, and what the judges saw of them into docs/verdicts.md
	bin/tabletop fuzz --profile ideal --count $(COUNT) --times --markdown docs/verdicts.md

FOR ?= 10m
bugs: build ## look for every defect from five starts, FOR at most each, and put the table into docs/bugs.md
	bin/tabletop detect --starts 5 --count 5000 --for $(FOR) --state bin/bugs.jsonl \
		--markdown docs/bugs.md

OUT ?= nights
nightly: build ## storms under all profiles for FOR, on new seeds; what is new, and all else, is in OUT
	bin/tabletop nightly --for $(FOR) --out $(OUT)

shrinking: build bin/bugs.jsonl ## shrink what make bugs has found, and why it fails, into docs/shrinking.md
	bin/tabletop causes bin/bugs.jsonl --state bin/causes.jsonl --markdown docs/shrinking.md

bin/bugs.jsonl: | build
	-bin/tabletop detect --count 400 --state $@

compare: build ## put the solutions of KUDU-1353 and of L1, side by side, into docs/bugs.md
	bin/tabletop compare kudu-1353 --markdown docs/bugs.md
	bin/tabletop compare kudu-l1 --markdown docs/bugs.md

profiles: build ## put what is on under each profile into docs/profiles.md
	bin/tabletop list profiles --markdown docs/profiles.md

benchmarks: ## print what docs/performance.md makes its tables of
	$(GO) test ./sim -run '^$$' -bench PingMesh -benchtime 200x
	$(GO) test ./sim -run '^$$' -bench 'Digest|Parked' -benchtime 100x
	$(GO) test ./sim -run '^$$' -bench 'Idle|MemoryFlat' -benchtime 5x
	$(GO) test ./scenarios -run '^$$' -bench 'Storm|Judges|Busy' -benchtime 50x
	$(GO) test ./scenarios -run '^$$' -bench Cluster -benchtime 5x
	$(GO) test ./scenarios/etcdraft -run '^$$' -bench Raft5 -benchtime 50x

# A failure that is found is no reason to leave the other tables as they are.
report: build ## all tables of docs/ anew; most of a day, with FOR=1m some hours
	-$(MAKE) verdicts
	-$(MAKE) bugs
	-$(MAKE) shrinking
	-$(MAKE) compare
	-$(MAKE) profiles
	-$(MAKE) mutants FLAGS=-mutants.markdown=../../docs/bugs.md
	-$(MAKE) benchmarks

golden: ## write the golden files anew, after a change that is meant
	$(GO) test ./scenarios ./cmd/tabletop -run Golden -update

clean: ## remove what was built
	rm -rf bin

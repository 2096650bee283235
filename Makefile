# make demo   analyze a video with both services, from a fresh clone
# make run    run both services until Ctrl-C
# make test   run every test
# make help   all targets
CONFIGURATION ?= Release
VIDEO ?= data/samples/pedestrians.mp4
export CONFIGURATION

.DEFAULT_GOAL := help
.PHONY: help setup build demo run test quick contracts pack public-api examples faults cluster fuzz media bench bench-gpu
.PHONY: bench-jobs bench-uploads bench-exports bench-sandbox sizing fairness
.PHONY: accuracy models mutation audit lint format docs screenshots breaking release debian-test clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: ## install missing tools (ffmpeg, bubblewrap)
	@eng/setup.sh

build: setup ## build everything
	@dotnet build ForegSyte.sln -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'

demo: ## analyze VIDEO with both services and draw what was found into out/demo
	@eng/demo.sh "$(VIDEO)"

run: ## run both services on their default ports, logs visible, until Ctrl-C
	@eng/run.sh

test: build ## run every test
	@eng/setup.sh --contracts
	@eng/setup.sh --test
	@eng/ahead.sh
	@eng/test.sh

quick: setup ## build and run the unit tests, without the slow ones
	@for project in Architecture Protocol Exports Video Hosting Client InferenceService JobService; do \
		[ ! -d tests/$$project.Tests ] || dotnet build tests/$$project.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off \
			-clp:'NoSummary;ErrorsOnly' || exit 1; \
	done
	@eng/test.sh --quick

contracts: setup ## check the contracts, write their descriptors, run clients in four languages
	@eng/setup.sh --lint
	@eng/setup.sh --contracts
	@eng/contracts.sh
	@eng/breaking.sh --planted
	@dotnet build tests/Contracts.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@eng/contracts-tests.sh

# Each pack has a version of its own, because NuGet caches a version and does not look at the packages again.
pack: export VERSION_SUFFIX ?= dev.$(shell date -u +%Y%m%d.%-H%M%S)
pack: setup ## pack clients, contracts and command line into out/packages; BASELINE=FOLDER checks compatibility with its packages, VERSION_SUFFIX=rc.1 sets the version suffix
	@BASELINE="$(BASELINE)" eng/pack.sh
	@eng/python.sh || [ $$? = 2 ]

release: setup ## make the release artifacts in out/release; VERSION_SUFFIX=rc.1 for a version before the release
	@eng/setup.sh --release
	@eng/release.sh $(PARTS)

debian-test: ## install the .deb packages of out/release in an overlay, run a job as the units would, and remove them
	@eng/debian-test.sh

public-api: ## update the client's public API file (src/Client/Sdk/PublicAPI.Unshipped.txt)
	@eng/public-api.sh

examples: setup ## generate stubs and build the clients in examples/
	@eng/setup.sh --lint
	@eng/setup.sh --contracts
	@eng/examples.sh

faults: setup ## kill and disturb the services 200 times over each store and check that no job is lost; KILLS=50 SEED=7 for other runs
	@eng/setup.sh --test
	@dotnet build tests/Faults.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@FOREGSYTE_FAULT_KILLS=$(or $(KILLS),200) FOREGSYTE_FAULT_SEED=$(or $(SEED),1) \
		dotnet run --project tests/Faults.Tests -c $(CONFIGURATION) --no-build

cluster: setup ## run 3 JobServices over PostgreSQL and S3, measure their throughput and disturb them; PARTS=scaling,kills for less
	@eng/setup.sh --cluster
	@dotnet build tests/Cluster -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@dotnet tests/Cluster/bin/$(CONFIGURATION)/net10.0/ForegSyte.Cluster.dll --parts "$(PARTS)" $(ARGS)

fuzz: setup ## feed hostile files and messages to every parser and RPC; SECONDS=600 SEED=7 for other runs
	@eng/setup.sh --test
	@dotnet build tests/Fuzz.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@FOREGSYTE_FUZZ_SECONDS=$(or $(SECONDS),300) FOREGSYTE_FUZZ_SEED=$(or $(SEED),1) \
		dotnet run --project tests/Fuzz.Tests -c $(CONFIGURATION) --no-build

media: setup ## make clips of every codec, container, timing, geometry and damage and check results and annotated copies
	@eng/setup.sh --test
	@dotnet build tests/Media.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@eng/media.sh

BENCHMARKS = dotnet tests/Benchmarks/bin/Release/net10.0/ForegSyte.Benchmarks.dll

bench: setup ## measure whole jobs against bare models, ffmpeg and peers; PARTS=pipelines,peers CLIPS=pedestrians for less
	@eng/setup.sh --bench
	@dotnet build tests/Benchmarks -c Release -v quiet --nologo -tl:off -clp:NoSummary
	@eng/ahead.sh
	@$(BENCHMARKS) frames \
		--parts "$(PARTS)" --clips "$(CLIPS)" --minutes "$(MINUTES)"

bench-gpu: setup ## make a bundle in out/bench-gpu that measures models and jobs on an NVIDIA GPU; run it if there is one
	@eng/bench-gpu.sh $(if $(PEAK_TFLOPS),--peak-tflops $(PEAK_TFLOPS)) $(ARGS)

bench-jobs: setup ## measure the JobService, also against Hangfire; PARTS=submit,get SIZES=1000 for less
	@eng/setup.sh --test
	@dotnet build tests/Benchmarks -c Release -v quiet --nologo -tl:off -clp:NoSummary
	@$(BENCHMARKS) jobs --parts "$(PARTS)" --sizes "$(SIZES)"

bench-uploads: setup ## measure uploads beside a plain copy; GIGABYTES=10 ROUNDS=1 for other runs
	@dotnet build tests/Benchmarks -c Release -v quiet --nologo -tl:off -clp:NoSummary
	@$(BENCHMARKS) uploads \
		--gigabytes $(or $(GIGABYTES),1) --rounds $(or $(ROUNDS),3)

sizing: setup ## measure processor time, memory and disk for an hour of video by pipeline; VIDEO=/path/to/video.mp4 for other clips
	@eng/sizing.sh "$(VIDEO)"

bench-exports: ## measure memory and rate of exports; FRAMES=200000 for less
	@dotnet build tests/Benchmarks -c Release -v quiet --nologo -tl:off -clp:NoSummary
	@$(BENCHMARKS) exports --frames $(or $(FRAMES),2000000)

fairness: setup ## attack both services while another tenant submits clips; ATTACKS=long-queue,reads SECONDS=10 for less
	@dotnet build tests/Benchmarks -c Release -v quiet --nologo -tl:off -clp:NoSummary
	@$(BENCHMARKS) fairness --attacks "$(ATTACKS)" --seconds $(or $(SECONDS),20) $(ARGS)

bench-sandbox: setup ## measure the start time of a decoder at each sandbox level; RUNS=100 for more
	@eng/bench-sandbox.sh $(RUNS)

accuracy: ## measure the models on labelled frames and lines; ARGS="objects", "tracks", "text sides=1280 mistakes" or a threshold
	@eng/setup.sh --accuracy
	@dotnet build tests/Accuracy -c Release -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@dotnet tests/Accuracy/bin/Release/net10.0/ForegSyte.Accuracy.dll $(ARGS)

mutation: ## change the pure code in small ways and count the changes that the tests notice; PARTS="vision stages" for less
	@eng/mutation.sh $(PARTS)

models: ## check the simplified models against their originals and time both; ORIGINALS=folder
	@eng/models/check.sh "$(ORIGINALS)"

audit: ## list known vulnerabilities of packages; exit 1 if there are some, 2 if their sources cannot be asked
	@eng/audit.sh

# The build runs the analyzers of style and code, which `dotnet format` would run a second time for minutes.
lint: ## check format, analyzers and contracts
	@eng/setup.sh --lint
	@dotnet format whitespace ForegSyte.sln --verify-no-changes
	@dotnet build ForegSyte.sln -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@eng/contracts.sh

format: ## format code and contracts
	@eng/setup.sh --lint
	@dotnet format ForegSyte.sln --severity warn
	@node_modules/.bin/buf format -w --path protos/foregsyte

docs: ## generate errors.md, limits.md, openapi.json and the lists in observability.md
	@eng/setup.sh --lint
	@eng/openapi.sh --write
	@dotnet build tests/Architecture.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@dotnet build tests/EndToEnd.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@FOREGSYTE_WRITE_DOCS=1 tests/Architecture.Tests/bin/$(CONFIGURATION)/net10.0/ForegSyte.Architecture.Tests \
		-class 'ForegSyte.Architecture.Tests.Documents.DocumentTests'
	@FOREGSYTE_WRITE_DOCS=1 tests/EndToEnd.Tests/bin/$(CONFIGURATION)/net10.0/ForegSyte.EndToEnd.Tests \
		-namespace 'ForegSyte.EndToEnd.Tests.Telemetry'

screenshots: setup ## draw the pictures of docs/web.md in a real browser
	@eng/setup.sh --web
	@dotnet build tests/Web.Tests -c $(CONFIGURATION) -v quiet --nologo -tl:off -clp:'NoSummary;ErrorsOnly'
	@FOREGSYTE_WRITE_SCREENSHOTS=1 tests/Web.Tests/bin/$(CONFIGURATION)/net10.0/ForegSyte.Web.Tests -class '*Screenshots'

breaking: ## check that the contracts are compatible with the last release
	@eng/setup.sh --lint
	@eng/breaking.sh

clean: ## remove build output; jobs in data/ stay
	@dotnet clean ForegSyte.sln -c $(CONFIGURATION) -v quiet --nologo
	@rm -rf out node_modules

# XTrace: build, run and test. Every target installs what it misses, or says what to install.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

export DOTNET_NOLOGO := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1

# The programs are for ARCH, in .NET's, Debian's or the kernel's word, or else for this machine; the module is for all.
dotnet_name = $(patsubst amd64,x64,$(patsubst x86_64,x64,$(patsubst aarch64,arm64,$(1))))
HOST_ARCH := $(call dotnet_name,$(firstword $(subst -, ,$(MAKE_HOST))))
override ARCH := $(call dotnet_name,$(or $(ARCH),$(HOST_ARCH)))
ifeq ($(filter $(ARCH),$(HOST_ARCH) arm64),)
$(error ARCH=$(ARCH) cannot be built here: choose $(sort $(HOST_ARCH) arm64))
endif
# The other architecture that is built for, if there is one.
CROSS := $(filter-out $(HOST_ARCH),$(ARCH))
DEB_ARCH := $(ARCH:x64=amd64)

OUT := out
MODULE := $(OUT)/XTrace
PROGRAMS_OUT := $(OUT)$(CROSS:%=/%)
CLI := $(PROGRAMS_OUT)/xtrace-catch
EXPORTER := $(PROGRAMS_OUT)/xtrace-exporter
PUBLISH := dotnet publish -c Release -v quiet
SOURCES := Directory.Build.props Directory.Packages.props .editorconfig
BPF := $(wildcard bpf/*)
CORE := $(shell find XTrace.Core -name '*.cs' -not -path '*/obj/*') \
	$(addprefix XTrace.Core/,XTrace.Core.csproj XTrace.Engine.psd1 ILLink.Substitutions.xml)
CMDLETS := $(shell find XTrace.PowerShell -name '*.cs' -not -path '*/obj/*') XTrace.PowerShell/XTrace.PowerShell.csproj
FACE := XTrace.psd1 XTrace.Guard.psm1 XTrace.Format.ps1xml XTrace.Types.ps1xml LICENSE
FOLDERS := Views en-US zh-CN
PROGRAMS := $(shell find XTrace.Programs -name '*.cs' -not -path '*/obj/*') XTrace.Programs/XTrace.Programs.csproj
CATCH_PROGRAM := $(shell find XTrace.Cli -name '*.cs' -not -path '*/obj/*') XTrace.Cli/XTrace.Cli.csproj
EXPORTER_PROGRAM := $(shell find XTrace.Exporter -name '*.cs' -not -path '*/obj/*') XTrace.Exporter/XTrace.Exporter.csproj

VERSION := $(shell sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)

INTERFACE ?=
DEVICE ?=
KERNEL ?=
SOAK_MINUTES ?= 20
FUZZ_FRAMES ?= 10000000
FUZZ_SEED ?=
FAULTS ?= full
PREFIX ?= /usr/local
DESTDIR ?=

# Where 'make install' puts things.
ROOT = $(DESTDIR)$(PREFIX)
ROOT_PROGRAM = $(ROOT)/bin/xtrace-catch
ROOT_MANUAL = $(ROOT)/share/man/man1/xtrace-catch.1
ROOT_COMPLETION = $(ROOT)/share/bash-completion/completions/xtrace-catch
ROOT_UNIT = $(ROOT)/lib/systemd/system/xtrace-catch@.service
ROOT_EXPORTER = $(ROOT)/bin/xtrace-exporter
ROOT_EXPORTER_MANUAL = $(ROOT)/share/man/man1/xtrace-exporter.1
ROOT_EXPORTER_COMPLETION = $(ROOT)/share/bash-completion/completions/xtrace-exporter
ROOT_EXPORTER_UNIT = $(ROOT)/lib/systemd/system/xtrace-exporter.service
ROOT_MODULE = $(ROOT)/share/powershell/Modules/XTrace

# The publishes build the same XTrace.Core.
.NOTPARALLEL:
.PHONY: help deps build package run run-with-interface run-rdma run-nccl interfaces info check test test-all test-vm soak fuzz faults bench
.PHONY: install uninstall deb clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  INTERFACE=<name> chooses what 'make run' watches (default: NETWORK_INTERFACE, then eth0), DEVICE=<name> the RDMA device."
	@echo "  ARCH=arm64 makes 'make build' (out/arm64), 'make deb' and 'make test-vm' do that for another architecture than this machine's."
	@echo "  KERNEL=5.10|6.1|6.12 chooses what 'make test-vm' boots (default: 6.1); given to 'make test-all'," \
		"it is booted beside the other suites."
	@echo "  'tests/vm/run.sh 6.1 rdma' runs only that scenario; tests/vm/scenarios has them all."
	@echo "  PREFIX=<folder> says where 'make install' puts things (default: /usr/local), DESTDIR=<folder> under what root."

deps: ## Install what building needs
	@./deps.sh build

build: $(MODULE)/XTrace.psd1 $(CLI) $(EXPORTER) ## Build the module (out/XTrace), out/xtrace-catch and out/xtrace-exporter

$(MODULE)/XTrace.psd1: $(SOURCES) $(BPF) $(CORE) $(CMDLETS) $(FACE) $(wildcard $(FOLDERS:=/*))
	@./deps.sh build
	@rm -rf $(MODULE)
	$(PUBLISH) XTrace.PowerShell -o $(MODULE)
	for arch in x64 arm64; do $(PUBLISH) -r linux-$$arch --self-contained false XTrace.Core -o $(MODULE)/linux-$$arch; done
	@cp -r $(FACE) $(FOLDERS) $(MODULE)/
	@touch $@

$(CLI): $(SOURCES) $(BPF) $(CORE) $(PROGRAMS) $(CATCH_PROGRAM)
	@./deps.sh build $(CROSS)
	$(PUBLISH) -r linux-$(ARCH) XTrace.Cli -o $(PROGRAMS_OUT)
	@touch $@

$(EXPORTER): $(SOURCES) $(BPF) $(CORE) $(PROGRAMS) $(EXPORTER_PROGRAM)
	@./deps.sh build $(CROSS)
	$(PUBLISH) -r linux-$(ARCH) XTrace.Exporter -o $(PROGRAMS_OUT)
	@touch $@

package: build ## Make out/XTrace.<version>.nupkg of the module, for x64 and arm64
	@if ! pwsh -NoProfile -NonInteractive -Command \
		'exit [int](-not (Get-Command Compress-PSResource -ErrorAction Ignore))' 2>/dev/null; then \
		echo "A package is made by PowerShell 7.6 or later: put its pwsh on PATH." >&2; \
		exit 1; \
	fi
	@rm -f $(MODULE).*.nupkg
	pwsh -NoProfile -NonInteractive -Command 'Compress-PSResource -Path $(MODULE) -DestinationPath $(OUT) -ErrorAction Stop'

run: build ## Watch an interface until Ctrl+C: make run INTERFACE=eth0
	@sudo=; if [[ $$EUID != 0 ]]; then \
		command -v sudo >/dev/null || { \
			echo "Watching flows needs rights that only root gives, and sudo is not installed: run this as root." >&2; \
			exit 1; \
		}; \
		sudo="sudo --preserve-env=NETWORK_INTERFACE,MONITOR_MODE,LANG,LC_ALL"; \
	fi; exec $$sudo $(CLI) $(if $(INTERFACE),--interface '$(INTERFACE)')

run-with-interface: ## The same, and INTERFACE must be given
	@[[ -n '$(INTERFACE)' ]] || { \
		echo "Say which: make run-with-interface INTERFACE=<name>. There are:" \
			$$(sed -n 's/^ *\([^ ]*\): .*/\1/p' /proc/net/dev) >&2; \
		exit 2; \
	}
	@$(MAKE) --no-print-directory run

run-rdma: $(CLI) ## Show the traffic of RDMA ports: make run-rdma DEVICE=mlx5_0
	@exec $(CLI) --mode rdma $(if $(DEVICE),--device '$(DEVICE)') $(if $(INTERFACE),--interface '$(INTERFACE)')

run-nccl: $(CLI) ## Show the counters of RDMA hardware: make run-nccl DEVICE=mlx5_0
	@exec $(CLI) --mode nccl $(if $(DEVICE),--device '$(DEVICE)') $(if $(INTERFACE),--interface '$(INTERFACE)')

interfaces: $(CLI) ## List network interfaces and RDMA ports
	@exec $(CLI) --list

info: ## Say what this machine has of what XTrace needs
	@./info.sh

check: build ## Run the tests that take moments and need no rights
	@./deps.sh build check
	@tests/run.sh check

test: build ## Run every test that needs no machine of its own; the last line adds all suites up
	@./deps.sh build check test engines
	@tests/run.sh test

test-all: build ## Run every test: the package, containers and documents as well
	@./deps.sh build arm64 deb check test engines machine
	@./deps.sh container || true
	@tests/clickhouse-current.sh install || true
	@tests/run.sh all $(KERNEL)

test-vm: build ## Boot a Debian kernel in QEMU and check there what is counted of real RDMA traffic
	@./deps.sh build check test $(CROSS)
	@ARCH=$(ARCH) tests/vm/run.sh $(or $(KERNEL),6.1)

soak: build ## Run everything at full rate for SOAK_MINUTES: no frame may be lost, nothing may grow
	@./deps.sh build check test engines
	@PATH=$$PATH:$(CURDIR)/out/tools unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
		/usr/bin/python3 -B tests/soak/soak.py $(SOAK_MINUTES)

fuzz: ## Run FUZZ_FRAMES random frames through the programs, and compare with a decoder written from the standards
	@./deps.sh build
	@dotnet build tests/fuzz -c Release -v quiet -clp:ErrorsOnly
	@FUZZ_FRAMES='$(FUZZ_FRAMES)' FUZZ_SEED='$(FUZZ_SEED)' dotnet tests/fuzz/bin/Release/net10.0/XTrace.Fuzz.dll

faults: build ## Kill each program, and let its system calls fail one by one: FAULTS=quick takes a sample
	@./deps.sh build check test
	@PATH=$$PATH:$(CURDIR)/out/tools /usr/bin/python3 -B tests/faults/faults.py $(FAULTS)

bench: build ## Measure costs against the usual ways, as ratios
	@./deps.sh build test bench
	@dotnet build tests/bench -c Release -v quiet -clp:ErrorsOnly
	@PATH=$$PATH:$(CURDIR)/out/tools dotnet tests/bench/bin/Release/net10.0/XTrace.Bench.dll

install: build ## Install for all users: sudo make install PREFIX=/usr/local
	@mkdir -p '$(ROOT)/bin' 2>/dev/null && [[ -w '$(ROOT)/bin' ]] || { \
		echo "$(ROOT) is not yours to write: run 'sudo make install', or choose a folder of your own with PREFIX." >&2; exit 1; }
	@install -D -m 755 $(CLI) '$(ROOT_PROGRAM)'
	@install -D -m 644 XTrace.Cli/xtrace-catch.1 '$(ROOT_MANUAL)'
	@install -D -m 644 XTrace.Cli/xtrace-catch.bash '$(ROOT_COMPLETION)'
	@sed 's|/usr/bin/|$(PREFIX)/bin/|' XTrace.Cli/xtrace-catch@.service | install -D -m 644 /dev/stdin '$(ROOT_UNIT)'
	@install -D -m 755 $(EXPORTER) '$(ROOT_EXPORTER)'
	@install -D -m 644 XTrace.Exporter/xtrace-exporter.1 '$(ROOT_EXPORTER_MANUAL)'
	@install -D -m 644 XTrace.Exporter/xtrace-exporter.bash '$(ROOT_EXPORTER_COMPLETION)'
	@sed 's|/usr/bin/|$(PREFIX)/bin/|' deploy/systemd/xtrace-exporter.service | install -D -m 644 /dev/stdin '$(ROOT_EXPORTER_UNIT)'
	@rm -rf '$(ROOT_MODULE)/$(VERSION)'
	@find $(MODULE) -type f -printf '%P\n' | while read -r file; do \
		install -D -m 644 "$(MODULE)/$$file" '$(ROOT_MODULE)/$(VERSION)'/"$$file"; \
	done
	@echo "Installed into $(ROOT)."
	@[[ '$(PREFIX)' == /usr/local ]] || echo "pwsh does not look for modules there:" \
		"Import-Module '$(PREFIX)/share/powershell/Modules/XTrace', or add its folder to PSModulePath."

uninstall: ## Remove what 'make install' installed, with the same PREFIX
	@rm -rf '$(ROOT_PROGRAM)' '$(ROOT_MANUAL)' '$(ROOT_COMPLETION)' '$(ROOT_UNIT)' '$(ROOT_MODULE)/$(VERSION)' \
		'$(ROOT_EXPORTER)' '$(ROOT_EXPORTER_MANUAL)' '$(ROOT_EXPORTER_COMPLETION)' '$(ROOT_EXPORTER_UNIT)' || { \
		echo "$(ROOT) is not yours to write: run 'sudo make uninstall'." >&2; exit 1; }
	@[[ ! -d '$(ROOT_MODULE)' ]] || rmdir --ignore-fail-on-non-empty '$(ROOT_MODULE)'

deb: build ## Make a Debian package in out/
	@./deps.sh build deb $(CROSS)
	@PACKAGE_FOLDER=$(OUT) DEB_RULES_REQUIRES_ROOT=no dpkg-architecture -a$(DEB_ARCH) -c debian/rules binary \
		>$(OUT)/deb.log 2>&1 || { cat $(OUT)/deb.log; exit 1; }
	@debian/rules clean >>$(OUT)/deb.log 2>&1
	@ls $(OUT)/xtrace_$(VERSION)_$(DEB_ARCH).deb 2>/dev/null || { \
		echo "debian/changelog has another version than Directory.Build.props, $(VERSION)." >&2; \
		exit 1; \
	}

clean: ## Remove everything that building made
	@rm -rf $(OUT) BENCH.json testResults.xml debian/.debhelper debian/debhelper-build-stamp debian/files debian/xtrace debian/xtrace.*
	@find . -type d \( -name bin -o -name obj -o -name TestResults \) -not -path './.git/*' -prune -exec rm -rf {} +

# Containers: the image is Dockerfile's, and what it may do is docker-compose.yml's.

MODE ?=
DOCKER_BUILD_OPTIONS ?=
IMAGE := xtrace
IMAGE_LABEL := label=org.opencontainers.image.title=XTrace

# What make was told wins over the environment, which docker-compose.yml reads by itself.
COMPOSE = $(if $(MODE),MONITOR_MODE='$(MODE)') $(if $(INTERFACE),NETWORK_INTERFACE='$(INTERFACE)') \
	$(if $(DEVICE),RDMA_DEVICE='$(DEVICE)') docker compose
# Not into a pipe.
TTY = $(shell [[ -t 0 ]] || echo -T)

.PHONY: docker-build docker-run docker-up docker-up-xdp docker-up-rdma docker-up-nccl docker-down docker-logs
.PHONY: docker-shell docker-info docker-network-info docker-test docker-clean

# Not for a person to ask for, so 'make help' and .PHONY leave them out.
need-docker:
	@command -v docker >/dev/null || { \
		echo "Docker is not installed: see https://docs.docker.com/get-docker, or 'apt-get install docker.io' (Debian, Ubuntu)." >&2; \
		exit 1; \
	}
	@docker version >/dev/null 2>&1 || { \
		echo "Docker's daemon does not answer: start it ('sudo systemctl start docker', or Docker Desktop)." \
			"If it runs, use sudo, or join the group docker." >&2; \
		exit 1; \
	}

need-compose: need-docker
	@docker compose version >/dev/null 2>&1 || { \
		echo "Docker has no 'compose' command: install its plugin" \
			"('apt-get install docker-compose-plugin' from Docker's packages, 'docker-compose-v2' on Ubuntu)." >&2; \
		exit 1; \
	}

docker-build: need-docker ## Build the container image
	docker build $(DOCKER_BUILD_OPTIONS) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION=$(or $(shell git rev-parse --short HEAD 2>/dev/null),unknown) \
		--tag $(IMAGE):$(VERSION) --tag $(IMAGE):latest .

docker-run: need-compose docker-build ## Run the container here until Ctrl+C: make docker-run MODE=xdp INTERFACE=eth0
	$(COMPOSE) run --rm $(TTY) $(IMAGE)

docker-up: need-compose docker-build ## Start the service: make docker-up MODE=xdp|rdma|nccl INTERFACE=eth0 DEVICE=mlx5_0
	$(COMPOSE) up --detach --no-build
	@sleep 2; docker compose logs --tail 5
	@echo "'make docker-logs' shows what it says from now on, 'make docker-down' ends it."

docker-up-xdp: override MODE := xdp
docker-up-xdp: docker-up ## Start the service for flows
docker-up-rdma: override MODE := rdma
docker-up-rdma: docker-up ## Start the service for RDMA ports
docker-up-nccl: override MODE := nccl
docker-up-nccl: docker-up ## Start the service for RDMA hardware counters

docker-down: need-compose ## Stop the service
	docker compose down

docker-logs: need-compose ## Show the service's output as it comes, until Ctrl+C
	docker compose logs --follow --tail 100

docker-shell: need-compose ## A pwsh with the module, in the service's container or else in one of its own
	@if [[ $$(docker compose ps --status running --quiet $(IMAGE)) ]]; then set -x; docker compose exec $(TTY) $(IMAGE) entrypoint pwsh; \
	else set -x; docker compose run --rm $(TTY) $(IMAGE) pwsh; fi

docker-info: need-compose ## Show versions, the image and the service
	@docker version --format 'Client: {{.Client.Version}}{{"\n"}}Engine: {{.Server.Version}}, kernel {{.Server.KernelVersion}}'
	@docker compose version
	@docker info --format 'Storage: {{.Driver}}, cgroup version {{.CgroupVersion}}, security {{.SecurityOptions}}'
	@docker image ls --filter $(IMAGE_LABEL)
	@docker compose ps --all

docker-network-info: need-compose docker-build ## List the interfaces and RDMA ports that the container can watch
	@docker compose run --rm $(TTY) $(IMAGE) --list

docker-test: docker-build ## Build the image and see that both of its programs start
	docker run --rm --network none --cap-drop ALL --read-only --tmpfs /tmp --tmpfs /home/xtrace:mode=0777 $(IMAGE) --version
	docker run --rm --network none --cap-drop ALL --read-only --tmpfs /tmp --tmpfs /home/xtrace:mode=0777 $(IMAGE) \
		pwsh -NonInteractive -Command 'Get-Command -Module XTrace | ForEach-Object Name'

docker-clean: need-compose ## Remove the service, its containers and the image
	docker compose down --volumes --remove-orphans
	@docker image ls --quiet --filter $(IMAGE_LABEL) | sort -u | xargs --no-run-if-empty docker image rm --force

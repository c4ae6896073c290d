# XTrace: build, run and test. Every target installs what it misses, or says what to install.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

export DOTNET_NOLOGO := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1

OUT := out
MODULE := $(OUT)/XTrace
CLI := $(OUT)/xtrace-catch
RID := $(if $(filter aarch64,$(shell uname -m)),linux-arm64,linux-x64)
PUBLISH := dotnet publish -c Release -r $(RID) --self-contained false -v quiet
SOURCES := Directory.Build.props Directory.Packages.props .editorconfig
BPF := $(wildcard bpf/*)
CORE := $(shell find XTrace.Core -name '*.cs' -not -path '*/obj/*') XTrace.Core/XTrace.Core.csproj
CMDLETS := $(shell find XTrace.PowerShell -name '*.cs' -not -path '*/obj/*') XTrace.PowerShell/XTrace.PowerShell.csproj
FACE := XTrace.psd1 XTrace.Format.ps1xml XTrace.Types.ps1xml LICENSE
HELP := en-US zh-CN
PROGRAM := $(shell find XTrace.Cli -name '*.cs' -not -path '*/obj/*') XTrace.Cli/XTrace.Cli.csproj

INTERFACE ?=
KERNEL ?=

# Both publishes build the same XTrace.Core.
.NOTPARALLEL:
.PHONY: help deps build package run test test-vm bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  INTERFACE=<name> chooses what 'make run' watches (default: NETWORK_INTERFACE, then eth0)."
	@echo "  KERNEL=5.10|6.1|6.12 chooses what 'make test-vm' boots (default: 6.1); given to 'make test', that runs after the other suites."

deps: ## Install what building needs
	@./deps.sh build

build: $(MODULE)/XTrace.psd1 $(CLI) ## Build the module (out/XTrace) and out/xtrace-catch

$(MODULE)/XTrace.psd1: $(SOURCES) $(BPF) $(CORE) $(CMDLETS) $(FACE) $(wildcard $(HELP:=/*))
	@./deps.sh build
	@rm -rf $(MODULE)
	$(PUBLISH) XTrace.PowerShell -o $(MODULE)
	@cp -r $(FACE) $(HELP) $(MODULE)/
	@touch $@

$(CLI): $(SOURCES) $(BPF) $(CORE) $(PROGRAM)
	@./deps.sh build
	$(PUBLISH) XTrace.Cli -o $(OUT)
	@touch $@

package: build ## Make out/XTrace.<version>.nupkg of the module, for this machine's architecture
	@if ! pwsh -NoProfile -NonInteractive -Command 'exit [int](-not (Get-Command Compress-PSResource -ErrorAction Ignore))' 2>/dev/null; then \
		echo "A package is made by PowerShell 7.5 or later, or by 7.4 with 'Install-PSResource Microsoft.PowerShell.PSResourceGet': put its pwsh on PATH." >&2; \
		exit 1; \
	fi
	@rm -f $(MODULE).*.nupkg
	pwsh -NoProfile -NonInteractive -Command 'Compress-PSResource -Path $(MODULE) -DestinationPath $(OUT) -ErrorAction Stop'

run: build ## Watch an interface until Ctrl+C: make run INTERFACE=eth0
	@sudo=; [[ $$EUID == 0 ]] || sudo="sudo --preserve-env=NETWORK_INTERFACE,MONITOR_MODE,LANG,LC_ALL"; \
	exec $$sudo $(CLI) $(if $(INTERFACE),--interface $(INTERFACE))

test: build ## Run every test; the last line adds all suites up
	@./deps.sh build test
	@tests/run.sh $(KERNEL)

test-vm: build ## Boot a Debian kernel in QEMU and check there what is counted of real RDMA traffic
	@./deps.sh build test
	@tests/vm/run.sh $(or $(KERNEL),6.1)

bench: build ## Measure costs against the usual ways, as ratios
	@./deps.sh build test bench
	@dotnet build tests/bench -c Release -v quiet -clp:ErrorsOnly
	@dotnet tests/bench/bin/Release/net10.0/XTrace.Bench.dll

clean: ## Remove everything that building made
	@rm -rf $(OUT) BENCH.json
	@find . -type d \( -name bin -o -name obj -o -name TestResults \) -not -path './.git/*' -prune -exec rm -rf {} +

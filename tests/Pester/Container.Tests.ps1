# The image as it is built, and the targets of make that build and run it, by a Docker engine of the tests' own.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    $script:missing = @('mmdebstrap', 'runc', 'tmux' | Where-Object { -not (Get-Command $_ -ErrorAction Ignore) })
    if ((Get-Content /etc/os-release) -notcontains 'ID=debian' -or (uname -m) -ne 'x86_64') {
        $missing += 'Debian on amd64'
    }
    if ($missing) {
        Write-Warning "The container's tests are skipped. They need, and this machine lacks: $($missing -join ', ')."
    }
}

Describe 'The container' -Tag Privileged, Slow, Machine -Skip:($unprivileged -or $missing) {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:engine = "$repository/tests/container/engine.sh"
        $script:before = $env:PATH, $env:DOCKER_HOST, $env:DOCKER_CONFIG
        $script:started = @{}
        $lines = & $engine start
        if ($LASTEXITCODE) {
            throw 'tests/container/engine.sh cannot start Docker: it says above why.'
        }
        foreach ($line in $lines) {
            $name, $value = $line -split '=', 2
            $started[$name] = $value
        }
        $env:PATH, $env:DOCKER_HOST, $env:DOCKER_CONFIG = $started.PATH, $started.DOCKER_HOST, $started.DOCKER_CONFIG
        # That engine has no bridge.
        $env:DOCKER_BUILD_OPTIONS = '--network host --quiet'
        $script:granted = 'BPF', 'NET_ADMIN', 'PERFMON'

        function Invoke-Make {
            $output = make --no-print-directory -C $repository @args 2>&1 | ForEach-Object { "$_" }
            $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")
            $output
        }

        # Runs the image in the host's network with some capabilities, and options before '--', arguments after it.
        function Invoke-Image([string[]] $Capability, [string[]] $Option, [string[]] $Argument) {
            $options = @('--cap-drop', 'ALL') +
                @($Capability | Where-Object { $_ } | ForEach-Object { "--cap-add=$_" }) +
                @($Option | Where-Object { $_ })
            docker run --rm --network host @options xtrace @Argument 2>&1 | ForEach-Object { "$_" }
        }

        # What a container has said, once something of it is like the pattern.
        function Wait-Log([string] $Container, [string] $Pattern) {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            do {
                $log = docker logs $Container 2>&1 | ForEach-Object { "$_" }
                if ($log -match $Pattern) {
                    return $log
                }
                Start-Sleep -Milliseconds 200
            } while ($clock.Elapsed.TotalSeconds -lt 20)
            throw "$Container said nothing like '$Pattern' in 20 s: $($log -join "`n")"
        }

        # The effective capabilities of a container's first process, by name and in order.
        function Get-Capability([string] $Container, [string] $Set = 'CapEff') {
            $names = @{ 12 = 'NET_ADMIN'; 21 = 'SYS_ADMIN'; 38 = 'PERFMON'; 39 = 'BPF' }
            $process = docker inspect --format '{{.State.Pid}}' $Container
            $mask = [Convert]::ToUInt64(((Get-Content "/proc/$process/status") -match "^$Set")[0].Split()[1], 16)
            0..63 | Where-Object { $mask -shr $_ -band 1 } | ForEach-Object { $names[$_] ?? "$_" } | Sort-Object
        }

        Invoke-Make docker-build
        $script:config = docker image inspect xtrace | ConvertFrom-Json
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
    }

    AfterAll {
        $env:PATH, $env:DOCKER_HOST, $env:DOCKER_CONFIG = $before
        $env:DOCKER_BUILD_OPTIONS = $null
        if ($started.FOLDER) {
            & $engine stop $started.FOLDER
        }
    }

    Context 'image' {
        It 'is built by a user who is not root, for signals, and says what it is' {
            $config.Config.User | Should -Be xtrace
            $config.Config.StopSignal | Should -Be SIGTERM
            $config.Config.Entrypoint | Should -Be entrypoint
            $config.Config.Healthcheck.Test | Should -Be CMD, entrypoint, health
            $labels = $config.Config.Labels
            $labels.'org.opencontainers.image.title' | Should -Be XTrace
            $labels.'org.opencontainers.image.licenses' | Should -Be GPL-2.0-only
            $labels.'org.opencontainers.image.version' | Should -Be (Test-ModuleManifest "$module/XTrace.psd1").Version.ToString()
            $labels.'org.opencontainers.image.revision' | Should -Be (git -C $repository rev-parse --short HEAD)
            $config.RepoTags | Should -Contain "xtrace:$($labels.'org.opencontainers.image.version')"
        }

        It 'has the programs and libbpf, and neither a compiler, an SDK nor what building left' {
            $found = docker run --rm --network none --user 0 xtrace sh -c '
                ls /usr/lib/*/libbpf.so.1 /usr/local/bin/xtrace-catch /usr/local/share/powershell/Modules/XTrace/*/XTrace.psd1
                for program in cc gcc clang ld make git apt-get; do command -v $program; done
                dotnet --list-sdks
                find / -xdev ( -name "*.nupkg" -o -name .nuget -o -name obj -o -path "/src/*" -o -path "/var/lib/apt/lists/*" ) \
                    -print'.Replace('(', '\(').Replace(')', '\)')
            $found -replace '/lib/[^/]+/', '/lib/' -replace '/XTrace/[\d.]+/', '/XTrace/' |
                Should -Be /usr/lib/libbpf.so.1, /usr/local/bin/xtrace-catch,
                    /usr/local/share/powershell/Modules/XTrace/XTrace.psd1, /usr/bin/apt-get
        }

        It 'is of a size that can be pulled' {
            $config.Size | Should -BeLessThan 400MB
        }

        It 'has nothing that its user may change' {
            docker run --rm --network none xtrace find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' 2>$null |
                Sort-Object | Should -Be /home/xtrace, /home/xtrace/.bash_logout, /home/xtrace/.bashrc, /home/xtrace/.profile,
                    /run/lock, /tmp, /var/tmp
        }

        It 'has what its network can be tried with: curl, ping, wget' {
            $anyGroup = 'net.ipv4.ping_group_range=0 2147483647'
            $tried = 'ping -c 1 127.0.0.1; curl --version; wget --version'
            $ran = docker run --rm --network none --cap-drop ALL --sysctl $anyGroup xtrace sh -c $tried 2>&1
            $ran -match '^1 packets transmitted, 1 received|^curl 7|^GNU Wget 1' | Should -HaveCount 3
        }

        It 'passes make docker-test: both programs start without any right' {
            $output = Invoke-Make docker-test
            $output | Should -Contain 'xtrace-catch 0.1.0'
            $output | Where-Object { $_ -match '^\w+-\w+$' } | Should -Be (Get-Command -Module XTrace).Name
        }

        It 'answers --help, --list and an option in a language of choice' {
            Invoke-Image -Argument '--help' | Select-Object -First 1 | Should -BeLike '*eBPF*'
            (Invoke-Image -Argument '-l') -match '^\s+1 lo ' | Should -HaveCount 1
            Invoke-Image -Option '-e', 'LANG=zh_CN.UTF-8' -Argument '-l' | Select-Object -First 1 |
                Should -Match '\p{IsCJKUnifiedIdeographs}'
        }
    }

    Context 'rights' {
        BeforeAll {
            $script:veth = [XTrace.Testbed.VethPair]::new($true)
            $script:interface = $veth.Interface
        }

        AfterAll {
            docker rm --force try 2>$null
            $veth.Dispose()
        }

        AfterEach {
            $null = docker rm --force try 2>&1
            Test-Attached $interface | Should -BeFalse
        }

        It 'are those that were granted, for a user who is not root, and none of them can grow' {
            docker run -d --name try --network host --cap-drop ALL ($granted.ForEach{ "--cap-add=$_" }) xtrace -i $interface |
                Should -Match '^[0-9a-f]{64}$'
            $null = Wait-Log try 'program loaded'
            Get-AttachPoint $interface | Should -HaveCount 1
            'CapEff', 'CapPrm', 'CapAmb', 'CapBnd' | ForEach-Object { Get-Capability try $_ | Should -Be $granted }
            $status = Get-Content "/proc/$(docker inspect --format '{{.State.Pid}}' try)/status"
            $status | Should -Contain "NoNewPrivs:`t1"
            $status -match '^Uid:' | Should -Be "Uid:`t10001`t10001`t10001`t10001"
        }

        It 'are not for another user than the image''s, who is told what is missing' {
            $output = Invoke-Image $granted @('--user', '12345') @('-i', $interface)
            $LASTEXITCODE | Should -Be 1
            "$output" | Should -BeLike '*CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN*'
        }

        It 'may be SYS_ADMIN instead of BPF and PERFMON' {
            $null = docker run -d --name try --network host --cap-drop ALL --cap-add=SYS_ADMIN --cap-add=NET_ADMIN xtrace -i $interface
            $null = Wait-Log try 'program loaded'
            Get-Capability try | Should -Be NET_ADMIN, SYS_ADMIN
        }

        It 'are asked for by name where there are none, or where no file may give any' -ForEach @(
            @{ Capability = @(); Option = @(); Lacks = 'CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN' }
            @{ Capability = 'BPF', 'PERFMON'; Option = @(); Lacks = 'CAP_NET_ADMIN' }
            @{ Capability = 'BPF', 'NET_ADMIN', 'PERFMON'; Option = '--security-opt=no-new-privileges'
                Lacks = 'CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN' }
        ) {
            $output = Invoke-Image $capability $option '-i', $interface
            $LASTEXITCODE | Should -Be 1
            $output -match "needs $lacks, which" | Should -HaveCount 1
        }

        It 'let pwsh watch as the same user' {
            $rights = $granted.ForEach{ "--cap-add=$_" }
            $commands = @"
                Get-FlowStat $interface -SampleInterval 1 -Continuous -Verbose | Select-Object -First 1 |
                    ConvertTo-Json -EnumsAsStrings -Compress
                whoami
"@
            $null = docker run -d --name try --network host --cap-drop ALL $rights xtrace pwsh -NonInteractive -Command $commands
            $null = Wait-Log try 'attached'
            $veth.Send($udp, 7)
            $log = Wait-Log try '^xtrace$'
            $flow = ($log -match '^{') | ConvertFrom-Json
            $flow.Packets | Should -Be 7
            $flow.DestinationPort | Should -Be 2000
        }

        It 'let root, with the host''s bpffs, pin a monitor that outlives the container' {
            $command = "(Start-XdpMonitor $interface).State"
            $output = Invoke-Image $granted '--user=0', '--volume=/sys/fs/bpf:/sys/fs/bpf' pwsh, '-NonInteractive', '-Command', $command
            $output | Should -Be Running
            Send-Frame $veth $udp 3
            (Get-XdpMonitor $interface).Packets | Should -Be 3
            Stop-XdpMonitor $interface
        }

        It 'tell another user that pinning is root''s' {
            Invoke-Image $granted '--volume=/sys/fs/bpf:/sys/fs/bpf' pwsh, '-NonInteractive', '-Command', "Start-XdpMonitor $interface" |
                Should -BeLike '*Run as root, or give the folder to the user*'
        }
    }

    Context 'service of make docker-up-xdp' {
        BeforeAll {
            $script:veth = [XTrace.Testbed.VethPair]::new($true)
            $script:interface = $veth.Interface
            $script:output = Invoke-Make docker-up-xdp "INTERFACE=$interface"
        }

        AfterAll {
            Invoke-Make docker-down
            docker ps --all --quiet | Should -BeNullOrEmpty
            $veth.Dispose()
        }

        It 'says that it watches, and how to go on' {
            $output -join "`n" | Should -BeLike "*program loaded on $interface*make docker-logs*"
        }

        It 'prints flows, with no more rights than it needs, and is healthy' {
            $veth.Send($udp, 5)
            $null = Wait-Log xtrace '10\.0\.0\.1:1000 -> 10\.0\.0\.2:2000 proto=17 packets=5 bytes=\d+$'
            Get-Capability xtrace | Should -Be $granted
            docker exec xtrace entrypoint health
            $LASTEXITCODE | Should -Be 0
        }

        It 'has no root file system to write to, limits, and logs that end' {
            $service = docker inspect xtrace | ConvertFrom-Json
            docker exec --user 0 xtrace touch /usr/local/x 2>$null
            $LASTEXITCODE | Should -Not -Be 0
            docker exec xtrace sh -c 'touch ~/x /tmp/x'
            $LASTEXITCODE | Should -Be 0
            $service.HostConfig.Privileged | Should -BeFalse
            $service.HostConfig.Memory | Should -Be 1GB
            $service.HostConfig.PidsLimit | Should -Be 256
            $service.HostConfig.RestartPolicy.Name | Should -Be unless-stopped
            $service.HostConfig.LogConfig.Config.'max-file' | Should -Be 3
        }

        It 'is followed by make docker-logs' {
            $log = Join-Path $TestDrive logs
            bash -c "exec timeout 6 make --no-print-directory -C '$repository' docker-logs" *>$log
            $LASTEXITCODE | Should -Not -Be 0
            (Get-Content $log) -match "program loaded on $interface" | Should -HaveCount 1
        }

        It 'is described by make docker-info' {
            (Invoke-Make docker-info) -join "`n" |
                Should -BeLike "*Engine: *kernel $(uname -r)*Docker Compose version*Storage:*xtrace * latest *xtrace *Up *"
        }

        It 'is beside make docker-network-info' {
            (Invoke-Make docker-network-info) -match " $interface " | Should -HaveCount 1
        }

        It 'is entered by make docker-shell: pwsh with the module and the same rights' {
            # What PSReadLine says of input that is no terminal is not ours.
            $commands = @(
                '(Get-Module XTrace).Name; [Environment]::UserName; $Error.Clear()'
                "Get-FlowStat $interface -SampleInterval 1 | Out-Null"
                '"errors: $($Error.Count)"; (Get-Content /proc/1/comm)'
            ) -join '; '
            $output = $commands |
                timeout 60 make --no-print-directory -C $repository docker-shell 2>&1 | ForEach-Object { "$_" }
            'XTrace', 'xtrace', 'errors: 0', 'xtrace-catch' | ForEach-Object { $output | Should -Contain $_ }
        }

        It 'ends with 0 and nothing attached on SIGTERM' {
            $took = Measure-Command { docker stop xtrace }
            $took.TotalSeconds | Should -BeLessThan 8
            docker inspect --format '{{.State.ExitCode}}' xtrace | Should -Be 0
            Test-Attached $interface | Should -BeFalse
        }
    }

    Context 'service' {
        BeforeAll {
            $script:tree = [XTrace.Testbed.SysfsTree]::new()
            Add-RdmaDevice $tree mlx5_0
            Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 ibs8f0
            $env:HOST_SYSFS = $tree.Root
        }

        AfterAll {
            $env:HOST_SYSFS = $null
            $tree.Dispose()
        }

        AfterEach {
            Invoke-Make docker-down
        }

        It 'of make docker-up takes MONITOR_MODE and NETWORK_INTERFACE of the environment, and make docker-down detaches' {
            $veth = [XTrace.Testbed.VethPair]::new($true)
            $env:NETWORK_INTERFACE, $env:MONITOR_MODE = $veth.Interface, 'xdp'
            try {
                $null = Invoke-Make docker-up
                $null = Wait-Log xtrace "program loaded on $($veth.Interface)"
                Invoke-Make docker-down
                Test-Attached $veth.Interface | Should -BeFalse
            } finally {
                $env:NETWORK_INTERFACE = $env:MONITOR_MODE = $null
                $veth.Dispose()
            }
        }

        It 'of make docker-up MODE=rdma reads the mounted sysfs, and there the chosen device, without any right' {
            $null = Invoke-Make docker-up MODE=rdma INTERFACE=ibs8f0 DEVICE=mlx5_0
            $log = Wait-Log xtrace 'mlx5_0'
            @($log) -match 'mlx5_1' | Should -BeNullOrEmpty
            Get-Capability xtrace | Should -BeNullOrEmpty
            Get-Content "/proc/$(docker inspect --format '{{.State.Pid}}' xtrace)/status" | Should -Contain "NoNewPrivs:`t1"
            docker exec xtrace entrypoint health
            $LASTEXITCODE | Should -Be 0
        }

        It 'of make docker-up-rdma finds the device by its interface' {
            $null = Invoke-Make docker-up-rdma INTERFACE=ibs8f0
            $null = Wait-Log xtrace 'mlx5_1'
        }

        It 'of make docker-up-nccl reads hardware counters' {
            $null = Invoke-Make docker-up-nccl INTERFACE=ibs8f0 DEVICE=mlx5_1
            $null = Wait-Log xtrace 'np_cnp_sent +7'
        }

        It 'says what is wrong as soon as make docker-up does' {
            @(Invoke-Make docker-up INTERFACE=nosuch0) -match 'xtrace-catch: .*nosuch0' | Should -Not -BeNullOrEmpty
        }
    }

    Context 'without a service' {
        BeforeAll {
            $script:veth = [XTrace.Testbed.VethPair]::new($true)
            $script:interface = $veth.Interface
        }

        AfterAll {
            $null = docker rm --force gone 2>&1
            $veth.Dispose()
        }

        It 'runs in the foreground with make docker-run until SIGINT' {
            $log = Join-Path $TestDrive run
            $words = '--no-print-directory', '-C', $repository, 'docker-run', "INTERFACE=$interface"
            $run = Start-Process -PassThru -RedirectStandardOutput $log -RedirectStandardError "$log.err" make $words
            $clock = [Diagnostics.Stopwatch]::StartNew()
            while (-not (Test-Attached $interface) -and $clock.Elapsed.TotalSeconds -lt 60) {
                Start-Sleep -Milliseconds 200
            }
            docker ps --quiet | ForEach-Object { docker kill --signal INT $_ }
            $run.WaitForExit(20000) | Should -BeTrue
            Get-Content $log, "$log.err" | Should -Contain "TC program loaded on $interface"
            $run.ExitCode | Should -Be 0
            Test-Attached $interface | Should -BeFalse
        }

        It 'is a shell of its own with make docker-shell, on a terminal' {
            $terminal = "xtrace-$PID"
            $answer = (Import-PowerShellDataFile "$repository/XTrace.psd1").CmdletsToExport.Count * 7
            tmux -L $terminal new-session -d -x 120 -y 40 "make --no-print-directory -C $repository docker-shell"
            try {
                $clock = [Diagnostics.Stopwatch]::StartNew()
                do {
                    Start-Sleep -Milliseconds 500
                    $screen = (tmux -L $terminal capture-pane -p) -join "`n"
                } until ($screen -match 'PS /home/xtrace>' -or $clock.Elapsed.TotalSeconds -gt 60)
                tmux -L $terminal send-keys '(Get-Module XTrace).ExportedCmdlets.Count * 7' Enter
                do {
                    Start-Sleep -Milliseconds 500
                    $screen = (tmux -L $terminal capture-pane -p) -join "`n"
                } until ($screen -match "(?m)^$answer$" -or $clock.Elapsed.TotalSeconds -gt 90)
                $screen | Should -Match "(?m)^$answer$"
            } finally {
                tmux -L $terminal send-keys exit Enter
                $null = docker ps --all --quiet | ForEach-Object { docker rm --force $_ 2>&1 }
                tmux -L $terminal kill-server 2>$null
            }
        }

        It 'is not healthy once its interface is gone' {
            $going = [XTrace.Testbed.VethPair]::new($true)
            $rights = $granted.ForEach{ "--cap-add=$_" }
            $null = docker run -d --name gone --network host --cap-drop ALL $rights xtrace -i $going.Interface -t 3600000
            $null = Wait-Log gone 'program loaded'
            docker exec gone entrypoint health
            $LASTEXITCODE | Should -Be 0
            $going.Dispose()
            docker exec gone entrypoint health | Should -BeLike '*no interface any more*'
            $LASTEXITCODE | Should -Be 1
        }
    }

    Context 'targets' {
        It 'say that Docker is missing' {
            $output = env PATH=/nowhere /usr/bin/make -C $repository SHELL=/bin/bash docker-up 2>&1
            $LASTEXITCODE | Should -Not -Be 0
            "$output" | Should -BeLike '*Docker is not installed: *'
        }

        It 'say that no daemon answers' {
            $output = make -C $repository docker-up DOCKER_HOST=unix:///nowhere 2>&1
            $LASTEXITCODE | Should -Not -Be 0
            "$output" | Should -BeLike "*daemon does not answer: start it*"
        }

        It 'say that Compose is missing' -Skip:([bool] (Get-Item /usr/lib*/docker/cli-plugins/docker-compose -ErrorAction Ignore)) {
            $output = make -C $repository docker-up "DOCKER_CONFIG=$TestDrive" 2>&1
            $LASTEXITCODE | Should -Not -Be 0
            "$output" | Should -BeLike "*Docker has no 'compose' command: *"
        }

        It 'clean everything up' {
            $null = Invoke-Make docker-clean
            docker ps --all --quiet | Should -BeNullOrEmpty
            docker image ls --quiet xtrace | Should -BeNullOrEmpty
        }
    }
}

# Every error that the module can emit: about_XTrace_Errors explains it, in both languages, and a test provokes it, here or in
# the file of what it is about. The refusals are the kernel's own, but for NotFound: that takes an interface or a pin that goes
# in the very moment between two system calls, so strace answers for the kernel there.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'The table of errors' {
    BeforeDiscovery {
        # An id stands beside its kind wherever an error is made.
        $script:made = '"([A-Z]\w+)",\s*XTraceErrorKind\.(\w+)'
        $script:sources = "$PSScriptRoot/../../XTrace.Core", "$PSScriptRoot/../../XTrace.PowerShell" |
            Get-ChildItem -Recurse -Filter *.cs |
            Where-Object FullName -NotMatch '/(obj|bin)/|/(XTraceException|ErrorRecords|Message)\.cs$' |
            Get-Content -Raw
        # What only xtrace-catch can run into, whose tests have it.
        $ofCommandLine = 'NoRdmaDevice', 'RdmaInterfaceNotFound'
        $ours = [regex]::Matches($sources -join "`n", $made) | ForEach-Object { @{ Id = $_.Groups[1].Value; Kind = $_.Groups[2].Value } } |
            Sort-Object { $_.Id }, { $_.Kind } -Unique | Where-Object { $_.Id -notin $ofCommandLine }
        # What PowerShell itself says of our parameters, and under which category.
        $binding = @{
            ParameterArgumentValidationError = 'InvalidData'
            AmbiguousParameterSet            = 'InvalidArgument'
            MissingMandatoryParameter        = 'InvalidArgument'
            ParameterArgumentTransformationError = 'InvalidData'
        }
        $script:errors = @($ours | ForEach-Object { @{ Id = $_.Id; Kind = $_.Kind; Category = $null } }) +
            @($binding.Keys | ForEach-Object { @{ Id = $_; Kind = $null; Category = $binding[$_] } })
    }

    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"

        # What a table explains: ids with their categories.
        function Get-Explained([string] $Language) {
            Get-Content "$module/$Language/about_XTrace_Errors.help.txt" | Where-Object { $_ -match '^    (\w+) \((\w+)\)$' } |
                ForEach-Object { [pscustomobject]@{ Id = $Matches[1]; Category = $Matches[2] } }
        }

        # The words that tests assert, and the ids that they run over: 'NoHook', or 'NoHook,XTrace.PowerShell.StartXdpMonitorCommand'.
        $script:asserted = Get-ChildItem $PSScriptRoot -Filter *.Tests.ps1 | ForEach-Object {
            $ast = [Management.Automation.Language.Parser]::ParseFile($_.FullName, [ref] $null, [ref] $null)
            $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] -and $args[0].GetCommandName() -eq 'Should' }, $true)
            $ast.FindAll({ $args[0] -is [Management.Automation.Language.HashtableAst] }, $true).KeyValuePairs |
                Where-Object { "$($_.Item1)" -eq 'Id' } | ForEach-Object { $_.Item2 }
        } | ForEach-Object {
            $_.FindAll({ $args[0].GetType().Name -in 'StringConstantExpressionAst', 'ExpandableStringExpressionAst' }, $true).Value
        } | ForEach-Object { ($_ -split ',')[0] } | Sort-Object -Unique
    }

    It 'are made where their ids can be found' -ForEach @{ Sources = $sources; Made = $made } {
        $kinds = [regex]::Matches($sources -join "`n", '(?<!Kind [!=]= |Kind: )XTraceErrorKind\.\w+').Count
        [regex]::Matches($sources -join "`n", $made).Count | Should -Be $kinds
        $kinds | Should -BeGreaterThan 30
    }

    It '<id> is explained once in each language, under its category' -ForEach $errors {
        if ($kind) {
            $records = [XTrace.PowerShell.ViewFormat].Assembly.GetType('XTrace.PowerShell.ErrorRecords')
            $mapper = $records.GetMethod('CategoryOf', [Reflection.BindingFlags] 'NonPublic, Static')
            $category = $mapper.Invoke($null, @([Enum]::Parse($mapper.GetParameters()[0].ParameterType, $kind)))
        }
        foreach ($language in 'en-US', 'zh-CN') {
            (Get-Explained $language | Where-Object Id -EQ $id).Category | Should -Be $category
        }
    }

    It 'are all that is explained' -ForEach @{ Ids = $errors.Id } {
        foreach ($language in 'en-US', 'zh-CN') {
            (Get-Explained $language).Id | Where-Object { $_ -notin $ids } | Should -BeNullOrEmpty
        }
    }

    It '<id> is provoked by a test' -ForEach ($errors | Where-Object Id -NE KernelTooOld) {
        $id | Should -BeIn $asserted
    }

    It 'KernelTooOld is provoked by a guest' {
        "$PSScriptRoot/../vm/scenarios/too-old.sh" | Should -FileContentMatch 'needs Linux 5\.18'
    }
}

Describe 'Errors' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"

        # Runs a command in a pwsh of its own, started through what is given, for its first error.
        function Get-Failure([string] $Command, [string[]] $Through = 'env', [string] $From = $module) {
            $report = 'foreach ($one in $failure[0]) { $one.FullyQualifiedErrorId; $one.CategoryInfo.Category; "$one" }'
            $said = Invoke-Pwsh "$Command -ErrorAction SilentlyContinue -ErrorVariable failure; $report" $Through $From
            [pscustomobject]@{ Id = $said[0]; Category = $said[1]; Message = $said[2..99] -join "`n" }
        }

        $script:ownMounts = 'unshare', '--mount', 'sh', '-c'

        # Somebody else than root who may watch, and the module where he may read it.
        $set = '-all,+bpf,+perfmon,+net_admin'
        $script:nobody = 'env', 'HOME=/nonexistent', 'POWERSHELL_TELEMETRY_OPTOUT=1', 'setpriv', '--reuid', 'nobody', '--clear-groups',
            "--inh-caps=$set", "--ambient-caps=$set", "--bounding-set=$set"
        $script:copy = Join-Path $TestDrive XTrace
        Copy-Item $module $copy -Recurse
        chmod -R a+rX $TestDrive
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:other = "xtw$PID-o"
    }

    AfterEach {
        Clear-Monitor
        Remove-Link $other
        $veth.Dispose()
    }

    Context 'of hooks' {
        It 'NoHook says why each refused, and what to do about it' {
            $object = Build-ForeignProgram
            $filters = 1..63 | ForEach-Object { "filter add dev $interface ingress prio $_ bpf da obj $object sec tc" }
            @("qdisc add dev $interface ingress"; $filters) | tc -batch -
            if ($tc -eq 'Tcx') {
                foreach ($program in (tc -j filter show dev $interface ingress | ConvertFrom-Json).options.prog.id) {
                    [XTrace.Testbed.TcxPrograms]::Append($interface, 'egress', $program)
                }
            }
            Start-XdpMonitor $interface -Direction Egress -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -Be 'NoHook,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.CategoryInfo.Category | Should -Be NotInstalled
            $reasons = $failure.Exception.InnerException.InnerExceptions
            $reasons.ErrorId | Should -Be ($tc -eq 'Tcx' ? 'HookFull' : 'NotSupported'), 'IngressQdisc'
            foreach ($reason in $reasons) {
                "$failure" | Should -Match ([regex]::Escape($reason.Message))
            }
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
        }

        It 'NotSupported: a driver that has no XDP, and one that has none for an interface like this' {
            ip link add $other type bridge
            Start-XdpMonitor $other -AttachMode Native -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -Be 'NotSupported,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.CategoryInfo.Category | Should -Be NotInstalled
            ip link del $other
            # veth wants a receive queue for each that the peer sends from (drivers/net/veth.c).
            ip link add $other numrxqueues 1 numtxqueues 1 type veth peer name "xtw$PID-p" numrxqueues 4 numtxqueues 4
            Start-XdpMonitor $other -AttachMode Native -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -Be 'NotSupported,XTrace.PowerShell.StartXdpMonitorCommand'
            "$failure" |
                Should -BeLike "The driver of $other refuses native XDP with the present setup*its number of queues*attach mode Tc."
            (Start-XdpMonitor $other).Hook | Should -Be $tc
        }

        It 'ResourceBusy: an interface above has a program' {
            ip link add $other type bridge
            ip link set dev $interface master $other
            $null = Start-XdpMonitor $other -AttachMode Generic
            Start-XdpMonitor $interface -AttachMode Native -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -Be 'ResourceBusy,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.CategoryInfo.Category | Should -Be ResourceBusy
            "$failure" |
                Should -BeLike ("*on $interface while an interface above it*bpftool net show*" +
                    "Start $interface before that one, or use attach mode Tc.")
        }

        It 'InterfaceGone: the interface goes while it is attached to, with <_>' -ForEach 'Auto', 'Native' {
            Start-XdpMonitor $interface -AttachMode $_ -Verbose -ErrorAction SilentlyContinue -ErrorVariable failure 4>&1 | ForEach-Object {
                if ($_.Message -like 'A table for *') {
                    ip link del $interface
                }
            }
            $failure.FullyQualifiedErrorId | Should -Be 'InterfaceGone,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.CategoryInfo.Category | Should -Be ObjectNotFound
            $failure.TargetObject | Should -Be $interface
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
        }

        It 'AttachNotEffective: somebody detaches the program at once' {
            $somebody = [powershell]::Create().AddScript({
                    for ($clock = [Diagnostics.Stopwatch]::StartNew(); $clock.Elapsed.TotalSeconds -lt 60;) {
                        $program = (ip -j link show dev $args[0] | ConvertFrom-Json).xdp.prog.id
                        # bpftool takes its time: only once there is something to find.
                        $link = $program ? (bpftool -j link show | ConvertFrom-Json | Where-Object prog_id -EQ $program) : $null
                        if ($link) {
                            return bpftool link detach id $link.id
                        }
                    }
                }).AddArgument($interface)
            $running = $somebody.BeginInvoke()
            try {
                # The system calls take their time, so that "at once" is before they are checked.
                $slowly = 'strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=bpf', '-e', 'inject=bpf:delay_exit=300000'
                $failure = Get-Failure "Start-XdpMonitor $interface -AttachMode Native" $slowly
                $null = $somebody.EndInvoke($running)
            } finally {
                $somebody.Dispose()
            }
            $failure.Id | Should -Be 'AttachNotEffective,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.Category | Should -Be NotSpecified
            $failure.Message | Should -BeLike "*native XDP on $interface*Start again*"
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
        }
    }

    Context 'of rights and the machine' {
        It 'LibbpfNotFound names the packages' {
            # The loader looks in these folders, one after the other.
            $hide = 'strace', '-f', '-qqq', '-o', '/dev/null', '-e', 'inject=openat:error=ENOENT'
            foreach ($folder in '/lib', '/usr/lib', "/lib/$(uname -m)-linux-gnu", "/usr/lib/$(uname -m)-linux-gnu") {
                $hide += '-P', "$folder/libbpf.so.1"
            }
            $failure = Get-Failure "Get-FlowStat $interface" $hide
            $failure.Id | Should -Be 'LibbpfNotFound,XTrace.PowerShell.GetFlowStatCommand'
            $failure.Category | Should -Be NotInstalled
            $failure.Message | Should -BeLike '*apt-get install libbpf1*dnf install libbpf*'
        }

        It 'LibbpfUnusable: what is there is no library' {
            $spoil = '
                for library in $(/sbin/ldconfig -p | awk "/libbpf.so.1 / { print \$NF }"); do
                    mount --bind /dev/null "$library"
                done
                exec "$@"'
            $failure = Get-Failure "Get-FlowStat $interface" @($ownMounts; $spoil; 'sh')
            $failure.Id | Should -Be 'LibbpfUnusable,XTrace.PowerShell.GetFlowStatCommand'
            $failure.Category | Should -Be NotInstalled
            $failure.Message | Should -BeLike 'libbpf.so.1 cannot be loaded: */libbpf.so.1: file too short.*'
        }

        It '<id>: the kernel answers <errno> for /proc/meminfo' -ForEach @(
            @{ Id = 'FileFailed'; Errno = 'EMFILE'; Category = 'NotSpecified'
                Message = "Cannot read /proc/meminfo: Too many open files. If descriptors or memory are short, raise 'ulimit -n'*" }
            @{ Id = 'FileMissing'; Errno = 'ENOENT'; Category = 'ResourceUnavailable'
                Message = "/proc/meminfo is not there. Mount what is missing: *" }
        ) {
            # .NET reads it as well when it starts, where it may be missing.
            $inject = 'strace', '-f', '-qqq', '-o', '/dev/null', '-e', "inject=openat:error=$errno", '-P', '/proc/meminfo'
            $failure = Get-Failure "Get-FlowStat $interface" $inject
            $failure.Id | Should -Be "$id,XTrace.PowerShell.GetFlowStatCommand"
            $failure.Category | Should -Be $category
            $failure.Message | Should -BeLike $message
        }

        It 'BpfFileSystemNotMounted says how to mount it, and with CAP_SYS_ADMIN it is mounted' {
            # The first process of a PID namespace has the mounts that count for it.
            $firstProcess = 'unshare', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c'
            $unmount = 'while umount /sys/fs/bpf 2>/dev/null; do :; done; "$@"; exit $?'
            $failure = Get-Failure "Start-XdpMonitor $interface" @($firstProcess; $unmount; 'sh', 'setpriv', '--bounding-set', '-sys_admin')
            $failure.Id | Should -Be 'BpfFileSystemNotMounted,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.Category | Should -Be ResourceUnavailable
            $failure.Message | Should -BeLike "*'mount -t bpf -o mode=0700 bpffs /sys/fs/bpf'*"
            # The file system itself sets the sticky bit.
            Invoke-Pwsh "(Start-XdpMonitor $interface).State; stat -c %a /sys/fs/bpf" @($firstProcess; $unmount; 'sh') |
                Should -Be Running, 1700
        }

        It 'PrivateMountNamespace: a command with mounts of its own, where the first process has no BPF file system either' {
            $through = 'unshare', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c',
                'while umount /sys/fs/bpf 2>/dev/null; do :; done; unshare --mount "$@"; exit $?', 'sh'
            $failure = Get-Failure "Start-XdpMonitor $interface" $through
            $failure.Id | Should -Be 'PrivateMountNamespace,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.Category | Should -Be InvalidOperation
            $failure.Message | Should -BeLike "*would be gone when it ends*'mount -t bpf -o mode=0700 bpffs /sys/fs/bpf'*nsenter --net=*"
            Test-Attached $interface | Should -BeFalse
        }

        It 'PinFolderNotTrusted: <name>' -ForEach @(
            @{ Name = 'a folder that others may write into'; Make = 'mkdir /sys/fs/bpf/xtrace; chmod 777 /sys/fs/bpf/xtrace' }
            @{ Name = 'a folder of another user'; Make = 'install -d -m 700 -o nobody /sys/fs/bpf/xtrace' }
            @{ Name = 'a link to somewhere else'; Make = 'mkdir -m 700 /sys/fs/bpf/elsewhere; ln -s elsewhere /sys/fs/bpf/xtrace' }
        ) {
            $through = @($ownMounts; "mount -t bpf bpffs /sys/fs/bpf; $make; exec `"`$@`""; 'sh')
            foreach ($command in 'Start-XdpMonitor', 'Get-XdpMonitor', 'Stop-XdpMonitor') {
                $failure = Get-Failure "$command -InterfaceAlias $interface" $through
                $failure.Id | Should -BeLike 'PinFolderNotTrusted,XTrace.PowerShell.*XdpMonitorCommand'
                $failure.Category | Should -Be PermissionDenied
                $failure.Message | Should -BeLike '/sys/fs/bpf/xtrace cannot be trusted: *'
            }
            Test-Attached $interface | Should -BeFalse
        }

        It 'MonitorsBusy: another process holds the lock for too long' -Tag Slow {
            $null = Start-XdpMonitor $interface
            $locked = Join-Path $TestDrive locked
            $holder = Start-Process flock '/sys/fs/bpf/xtrace', 'sh', '-c', "`"touch '$locked'; sleep 60`"" -PassThru
            try {
                while (-not (Test-Path $locked)) {
                    Start-Sleep -Milliseconds 50
                }
                $clock = [Diagnostics.Stopwatch]::StartNew()
                Stop-XdpMonitor $interface -ErrorAction SilentlyContinue -ErrorVariable failure
                $clock.Elapsed.TotalSeconds | Should -BeGreaterThan 25
                $failure.FullyQualifiedErrorId | Should -Be 'MonitorsBusy,XTrace.PowerShell.StopXdpMonitorCommand'
                $failure.CategoryInfo.Category | Should -Be ResourceBusy
                "$failure" | Should -BeLike "*for more than 30 s and holds /sys/fs/bpf/xtrace. See which with 'fuser /sys/fs/bpf/xtrace'*"
                (Get-XdpMonitor $interface).State | Should -Be Running
            } finally {
                $holder.Kill($true)
            }
            Stop-XdpMonitor $interface
        }

        It 'PinDenied says how to give the folder to a user' {
            $null = Start-XdpMonitor $interface # The folder is there, and root's.
            $failure = Get-Failure "Start-XdpMonitor $interface -Direction Egress" $nobody $copy
            $failure.Id | Should -Be 'PinDenied,XTrace.PowerShell.StartXdpMonitorCommand'
            $failure.Category | Should -Be PermissionDenied
            $failure.Message | Should -BeLike "*'sudo install -d -m 700 -o <user> /sys/fs/bpf/xtrace'*"
        }

        It 'PinDenied: what another user started is neither read, restarted nor stopped, and flows are watched all the same' {
            $null = Start-XdpMonitor $interface
            $said = 'Monitors are pinned under /sys/fs/bpf/xtrace, which this user may not read and write. Run as root, or *'
            foreach ($command in 'Start-XdpMonitor', 'Start-XdpMonitor -Force', 'Get-XdpMonitor', 'Stop-XdpMonitor') {
                $failure = Get-Failure "$command -InterfaceAlias $interface" $nobody $copy
                $failure.Id | Should -BeLike 'PinDenied,XTrace.PowerShell.*XdpMonitorCommand'
                $failure.Message | Should -BeLike $said
            }
            $watch = "Get-FlowStat $interface -SampleInterval 0.1 -Verbose -ErrorVariable failure 4>&1 | ForEach-Object { `"`$_`" }"
            $verbose = Invoke-Pwsh "$watch; `"`$(`$failure.Count) errors`"" $nobody $copy
            $verbose -like 'Monitors that run are not read. *' | Should -HaveCount 1
            $verbose | Should -Contain '0 errors'
            (Get-XdpMonitor $interface).State | Should -Be Running
        }

        It 'PinDenied where only root may look into the file system: flows are watched all the same, and what is said opens it' {
            $closed = 'mount -t bpf -o mode=0700 bpffs /sys/fs/bpf; '
            $through = @($ownMounts; $closed + 'exec "$@"'; 'sh'; $nobody)
            $failure = Get-Failure Get-XdpMonitor $through $copy
            $failure.Id | Should -Be 'PinDenied,XTrace.PowerShell.GetXdpMonitorCommand'
            $failure.Message | Should -BeLike "*'sudo chmod a+x /sys/fs/bpf' and 'sudo install -d -m 700 -o <user> /sys/fs/bpf/xtrace'*"
            $watch = "Get-FlowStat $interface -SampleInterval 0.1 -ErrorVariable failure"
            Invoke-Pwsh "$watch; `"`$(`$failure.Count) errors`"" $through $copy | Should -Be '0 errors'
            $opened = $closed + 'chmod a+x /sys/fs/bpf; install -d -m 700 -o nobody /sys/fs/bpf/xtrace; exec "$@"'
            $through = @($ownMounts; $opened; 'sh'; $nobody)
            Invoke-Pwsh "(Start-XdpMonitor $interface).State; (Get-XdpMonitor).State; Stop-XdpMonitor $interface" $through $copy |
                Should -Be Running, Running
        }

        It 'PermissionDenied: <_> says what it is that needs the capabilities' -ForEach 'Get-XdpMonitor', 'Stop-XdpMonitor *' {
            $failure = Get-Failure $_ setpriv, --bounding-set=-all
            $failure.Id | Should -BeLike 'PermissionDenied,*'
            $failure.Message |
                Should -BeLike 'Watching flows needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, which this process lacks. Run it with sudo, or*'
        }

        It 'PermissionDenied: root of a user namespace, who is nobody to the kernel' {
            $failure = Get-Failure "Get-FlowStat $interface" unshare, --user, --map-root-user
            $failure.Id | Should -Be 'PermissionDenied,XTrace.PowerShell.GetFlowStatCommand'
            $failure.Category | Should -Be PermissionDenied
            $failure.Message | Should -BeLike '*Run as root*CAP_BPF*'
        }

        It 'PromiscuousFailed says what it needs' {
            $failure = Get-Failure "Get-FlowStat $interface -SampleInterval 0.1 -Promiscuous" setpriv, --bounding-set=-net_raw
            $failure.Id | Should -Be 'PromiscuousFailed,XTrace.PowerShell.GetFlowStatCommand'
            $failure.Category | Should -Be PermissionDenied
            $failure.Message | Should -BeLike "$interface cannot be made promiscuous: *CAP_NET_RAW*'ip link set $interface promisc on'*"
            Test-Attached $interface | Should -BeFalse
        }

        It 'NetlinkFailed and BpfFailed, without descriptors to open anything with' {
            $script = {
                $definition = '[System.Runtime.InteropServices.DllImport("libc")]
                    public static extern int setrlimit(int resource, ulong[] limits);'
                $limits = Add-Type -PassThru -Namespace Testbed -Name Limits -MemberDefinition $definition
                $hard = [uint64] ((Get-Content /proc/self/limits) -match '^Max open files' -split '\s{2,}')[2]
                # What is loaded on first use is loaded now.
                $null = Get-FlowStat $args[0] -SampleInterval 0.1
                Get-FlowStat nosuch -ErrorAction Ignore
                foreach ($free in 0, 2) {
                    # RLIMIT_NOFILE is one more than the greatest descriptor that may be opened.
                    $open = [int[]] (Get-ChildItem /proc/self/fd -Name)
                    $limit = @(0..1000 | Where-Object { $_ -notin $open })[$free]
                    $null = $limits::setrlimit(7, [uint64[]] ($limit, $hard))
                    Get-FlowStat $args[0] -SampleInterval 0.1 -ErrorAction SilentlyContinue -ErrorVariable failure
                    $null = $limits::setrlimit(7, [uint64[]] ($hard, $hard))
                    $failure[0].FullyQualifiedErrorId
                    $failure[0].CategoryInfo.Category
                    ("$($failure[0])" -split '\r?\n')[0]
                }
            }
            $said = Invoke-Pwsh "& {$script} $interface"
            $said[0, 3] | Should -Be 'NetlinkFailed,XTrace.PowerShell.GetFlowStatCommand', 'BpfFailed,XTrace.PowerShell.GetFlowStatCommand'
            $said[1, 4] | Should -Be NotSpecified, NotSpecified
            foreach ($line in $said[2, 5]) {
                $line | Should -BeLike "Cannot *: Too many open files (errno 24). Raise 'ulimit -n', or close files."
            }
            Test-Attached $interface | Should -BeFalse
        }

        It 'NotFound: what the kernel was asked about has just gone' {
            $failure = Get-Failure "Get-FlowStat $interface" strace, -f, -qq, -o, /dev/null, -e, trace=bpf, -e, inject=bpf:error=ENODEV
            $failure.Id | Should -Be 'NotFound,XTrace.PowerShell.GetFlowStatCommand'
            $failure.Category | Should -Be ObjectNotFound
            $failure.Message | Should -BeLike '*Check that the interface is still there.*'
            Test-Attached $interface | Should -BeFalse
        }
    }

    Context 'of parameters' {
        It '<command>: <id>, before anything is attached' -ForEach @(
            @{ Command = 'Start-XdpMonitor {0}, ""'; Id = 'ParameterArgumentValidationError' }
            @{ Command = 'Stop-XdpMonitor $null'; Id = 'ParameterArgumentValidationError' }
            @{ Command = 'Get-RdmaCounter -Name @()'; Id = 'ParameterArgumentValidationError' }
            @{ Command = 'Start-XdpMonitor {0} -Filter @{{ Ports = 80 }}'; Id = 'ParameterArgumentTransformationError' }
            @{ Command = 'Get-FlowStat {0} -Continuous -MaxSamples 2'; Id = 'AmbiguousParameterSet' }
        ) {
            $failure = { & ([scriptblock]::Create($command -f $interface)) } | Should -Throw -PassThru
            $failure.FullyQualifiedErrorId | Should -BeLike "$id,XTrace.PowerShell.*"
            Test-Attached $interface | Should -BeFalse
        }

        It '<command> -Filter <typed> shows how a filter is written' -ForEach @(
            @{ Command = 'Start-XdpMonitor'; Typed = 'tcp' }
            @{ Command = 'Start-XdpMonitor'; Typed = '80' }
        ) {
            $failure = { & $command $interface -Filter $typed } | Should -Throw -PassThru
            "$failure" |
                Should -BeLike "*A filter is a hashtable, and not '$typed'. Write for example -Filter @{ TrafficType = 'TCP'; Port = 443 }."
            Test-Attached $interface | Should -BeFalse
        }
    }
}

Describe 'A value that a parameter does not take' {
    BeforeDiscovery {
        . "$PSScriptRoot/Testbed.ps1"
        # All numbers and all enumerations of all cmdlets.
        $script:cases = foreach ($cmdlet in Get-Command -Module XTrace) {
            foreach ($parameter in $cmdlet.Parameters.Values) {
                $type = $parameter.ParameterType.IsArray ? $parameter.ParameterType.GetElementType() : $parameter.ParameterType
                $type = [Nullable]::GetUnderlyingType($type) ?? $type
                if ($parameter.Name -notin [Management.Automation.Cmdlet]::CommonParameters -and
                    ($type.IsEnum -or $type -in [int], [long], [ushort], [double])) {
                    @{ Cmdlet = $cmdlet.Name; Parameter = $parameter.Name; Type = $type }
                }
            }
        }
    }

    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
    }

    It 'is there to be tried' -ForEach @{ Cases = $cases } {
        $cases.Count | Should -BeGreaterThan 30
    }

    It '<cmdlet> -<parameter> says what may be given' -ForEach $cases {
        $values = $type.IsEnum ? 'nonsense', '-1', '999' : 'nonsense', '1e30', '-1', ''
        # The range of a table is the engine's to check: InvalidMaxFlow.
        foreach ($value in $parameter -eq 'MaxFlow' ? $values[0, 1, 3] : $values) {
            $splat = @{ $parameter = $value }
            $failure = { & $cmdlet @splat -ErrorAction Stop } | Should -Throw -PassThru -Because $value
            $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentTransformationError,*'
            if ($type.IsEnum) {
                $names = [Enum]::GetNames($type) -ne 'None'
                "$failure" | Should -BeLike "*parameter '$parameter'. It cannot be '$value': use *$($names -join ', ')."
            } else {
                "$failure" | Should -Match "parameter '$parameter'\. It cannot be '$value': give a number from [\d.]+ to \d+\.$"
            }
        }
    }

    It 'is said in Chinese' -Tag Slow {
        $failures = 'try { Get-FlowStat -Port 70000 } catch { "$_" }; try { Get-FlowStat -Direction Out } catch { "$_" }'
        $said = Invoke-Pwsh $failures env, LC_ALL=zh_CN.UTF-8
        $said | Should -BeLike '*不能是“*”：请*'
        $said[0] | Should -BeLike '*“70000”：请给出 0 到 65535 之间的数。'
        $said[1] | Should -BeLike '*“Out”：请使用 Ingress, Egress, Both。'
    }
}

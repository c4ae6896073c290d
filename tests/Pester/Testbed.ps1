# What every test file starts with: the module as built, the testbed, and what the tests say in one word.
$repository = Resolve-Path "$PSScriptRoot/../.."
$module = Join-Path $repository out/XTrace
if (-not (Test-Path "$module/XTrace.psd1")) {
    make --no-print-directory -C $repository build | Out-Host
}
$testbed = Join-Path $repository tests/XTrace.Testbed
function Find-Assembly {
    (Get-Item "$testbed/bin/Release/*/XTrace.Testbed.dll" | Sort-Object LastWriteTime | Select-Object -Last 1).FullName
}
if (-not (Find-Assembly)) {
    dotnet build $testbed -c Release --nologo -v quiet
}
$assembly = Find-Assembly
Add-Type -Path $assembly
Import-Module $module

# Frames by their builder's name: Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
function Frame([string] $Builder) {
    , [XTrace.Testbed.Frames]::$Builder.Invoke($args)
}

# Where the kernel says that programs are attached, not XTrace: some of xdp, tcx ingress, tcx egress, clsact ingress, clsact egress.
function Get-AttachPoint([string] $Interface) {
    [XTrace.Testbed.AttachedPrograms]::On($Interface)
}

function Test-Attached([string] $Interface) {
    @(Get-AttachPoint $Interface).Count -gt 0
}

# TC as this kernel has it: TCX since 6.6.
$script:tc = [version]((uname -r) -replace '^(\d+\.\d+).*', '$1') -ge [version] '6.6' ? 'Tcx' : 'Clsact'

# CPUs that there may ever be, for each of which a table has room.
$script:cpus = 1 + ((Get-Content /sys/devices/system/cpu/possible) -replace '^.*[-,]')

# Slots that a table for so many flows has on each CPU: TableSize.cs says why.
function Get-SlotCount([int] $MaxFlow) {
    $each = [Math]::Max(8, [Math]::Floor($MaxFlow * [Math]::Min($cpus, 16) / $cpus))
    [Numerics.BitOperations]::RoundUpToPowerOf2([uint32] $each)
}

# Compiles drop.bpf.c, programs of somebody else that drop UDP to port 7001, and returns the object's path.
function Build-ForeignProgram {
    $object = Join-Path $TestDrive drop.bpf.o
    if (-not (Test-Path $object)) {
        clang -O2 -Wall -Werror -target bpf -c (Join-Path $PSScriptRoot drop.bpf.c) -o $object
    }
    $object
}

# Sends frames out of an interface that is in this namespace; they have left when it returns.
function Send-Out([string] $Interface, [byte[]] $Frame, [int] $Count = 1) {
    $socket = [XTrace.Testbed.PacketSocket]::new($Interface)
    for ($i = 0; $i -lt $Count; $i++) {
        $socket.Send($Frame)
    }
    $socket.Dispose()
}

# Sends, then waits until the monitor has counted it: the receiving end runs on its own time.
function Send-Frame([XTrace.Testbed.VethPair] $Veth, [byte[]] $Frame, [int] $Count = 1) {
    $before = (Get-XdpMonitor $Veth.Interface -Direction Ingress).Packets
    $Veth.Send($Frame, $Count)
    Wait-Count $Veth.Interface ($before + $Count)
}

function Wait-Count([string] $Interface, [uint64] $Packets) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while ((Get-XdpMonitor $Interface -Direction Ingress).Packets -lt $Packets -and $clock.Elapsed.TotalSeconds -lt 10) {
        Start-Sleep -Milliseconds 10
    }
}

# Each CPU has a table of its own: a flow that makes room and those that take it come by the same.
function Use-OneCpu([scriptblock] $Action) {
    $cpus = (taskset -pc $PID) -replace '.*: '
    $null = taskset -apc 0 $PID
    try {
        & $Action
    } finally {
        $null = taskset -apc $cpus $PID
    }
}

function Wait-Attached([string] $Interface) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not (Test-Attached $Interface)) {
        if ($clock.Elapsed.TotalSeconds -gt 10) {
            throw "Nothing was attached to $Interface in 10 s."
        }
        Start-Sleep -Milliseconds 20
    }
}

# Waits until a command that runs with -Verbose in a pwsh of its own has said so.
function Wait-Verbose([powershell] $Session, [string] $Like) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not ($Session.Streams.Verbose -like $Like)) {
        if ($clock.Elapsed.TotalSeconds -gt 20) {
            throw "Nothing like '$Like' was said in 20 s, but: $($Session.Streams.Verbose) $($Session.Streams.Error)"
        }
        Start-Sleep -Milliseconds 20
    }
}

# Passes on what Get-FlowStat -Verbose 4>&1 emits, and sends once it says that its own monitor is attached.
function Send-OnceAttached([XTrace.Testbed.VethPair] $Veth, [byte[]] $Frame, [int] $Count = 1) {
    process {
        if ($_ -isnot [Management.Automation.VerboseRecord]) {
            $_
        } elseif ($_.Message -like "$($Veth.Interface): attached*") {
            $Veth.Send($Frame, $Count)
        }
    }
}

# Runs a command in a pwsh of its own that has the module; -Through is what starts that pwsh.
function Invoke-Pwsh([string] $Command, [string[]] $Through = 'env', [string] $From = $module) {
    & $Through[0] ($Through | Select-Object -Skip 1) pwsh -NoProfile -NonInteractive -Command "Import-Module '$From'; $Command"
}

# Removes a link that a test may have made.
function Remove-Link([string] $Name) {
    if (Test-Path "/sys/class/net/$Name") {
        ip link del $Name
    }
}

# Stops the monitors on the watched ends that this process made.
function Clear-Monitor {
    Get-XdpMonitor "xtw$PID-*" | Stop-XdpMonitor
}

# Adds an mlx5 device with one port, an interface with a VLAN on it, and five counters.
function Add-RdmaDevice(
    [XTrace.Testbed.SysfsTree] $Tree, [string] $Name, [string] $PciAddress = '0000:3b:00.0', [string] $Interface = 'eth0') {
    $port = $Tree.AddPort($Tree.AddDevice($Name, 'mlx5_core', $PciAddress))
    $Tree.AddGid($port, 0, 'fe80:0000:0000:0000:0000:0000:0000:0001', $Interface)
    $Tree.AddGid($port, 1, '0000:0000:0000:0000:0000:ffff:0a00:0001', "$Interface.100")
    $Tree.AddCounters("$port/counters", [string[]] ('port_xmit_data', 'port_rcv_data'), '1000')
    $Tree.AddCounters("$port/hw_counters", [string[]] ('np_cnp_sent', 'out_of_sequence', 'something_new', 'lifespan'), '7')
}

# The lines that are shown on a terminal of so many columns, without colours and trailing blanks.
function Out-Plain([int] $Width) {
    $rendering = $PSStyle.OutputRendering
    $PSStyle.OutputRendering = 'PlainText'
    ($input | Out-String -Width $Width).Trim("`r", "`n") -split '\r?\n' | ForEach-Object { $_.TrimEnd() }
    $PSStyle.OutputRendering = $rendering
}

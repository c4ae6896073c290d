# What comes from another process, or from a file, is as good to work with and looks the same.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    $script:types = 'FlowStat', 'XdpMonitor', 'RdmaDevice', 'RdmaPort', 'RdmaGid', 'RdmaCounter'
    $script:ways = @(
        @{ Way = 'Start-Job'; Through = {
                $what = $args[0]
                Start-Job { & ([scriptblock]::Create($using:what)) } | Receive-Job -Wait -AutoRemoveJob
            }
        }
        @{ Way = 'Export-Clixml'; Through = {
                param($what)
                & ([scriptblock]::Create($what)) | Export-Clixml "$TestDrive/objects.xml"
                Import-Clixml "$TestDrive/objects.xml"
            }
        }
        @{ Way = 'a pwsh whose output is read'; Through = {
                param($what)
                pwsh -NoProfile -NonInteractive -OutputFormat Xml -Command $what
            }
        }
    )
}

Describe 'From elsewhere' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:sysfs = $env:XTRACE_SYSFS_ROOT
        $script:tree = [XTrace.Testbed.SysfsTree]::new()
        $env:XTRACE_SYSFS_ROOT = $tree.Root
        Add-RdmaDevice $tree mlx5_0
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $null = Start-XdpMonitor $interface
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 1000) 3
        Send-Frame $veth (Frame RoceV2 10.0.0.5 49152 10.0.0.6 0x1234 4 64) 2
        Send-Frame $veth (Frame Icmp6 fe80::1 fe80::2 129 0 56)

        $script:types = 'FlowStat', 'XdpMonitor', 'RdmaDevice', 'RdmaPort', 'RdmaGid', 'RdmaCounter'
        $script:sources = @{
            FlowStat    = "Get-FlowStat $interface -By Bytes"
            XdpMonitor  = "Get-XdpMonitor $interface"
            RdmaDevice  = 'Get-RdmaDevice'
            RdmaPort    = '(Get-RdmaDevice).Ports'
            RdmaGid     = '(Get-RdmaDevice).Ports.Gids'
            RdmaCounter = 'Get-RdmaCounter'
        }

        # Times and rates are of the moment at which each was read.
        function Show-Timeless([string] $As) {
            $lines = $input | & $As | Out-Plain 120
            $lines -replace '\d\d:\d\d:\d\d|[\d.]+ [kMG]?bit/s|(?<=PacketsPerSecond +: ).*|(?<=Timestamp +: ).*', '~' -replace ' +~', ' ~'
        }
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $sysfs
        $tree.Dispose()
        $veth.Dispose()
    }

    Context 'through <way>' -ForEach $ways {
        BeforeAll {
            $script:here = @{}
            $script:there = @{}
            foreach ($type in $types) {
                $here[$type] = @(& ([scriptblock]::Create($sources[$type])))
            }
            & $through "Import-Module '$module'; $($sources.Values -join '; ')" | Group-Object { $_.PSTypeNames[0] } | ForEach-Object {
                $there[$_.Name -replace '^Deserialized\.XTrace\.'] = @($_.Group)
            }
        }

        It 'looks as it does here: <_>' -ForEach $types {
            $here[$_].Count | Should -BeGreaterThan 0
            foreach ($as in 'Format-Table', 'Format-List') {
                $there[$_] | Show-Timeless $as | Should -Be ($here[$_] | Show-Timeless $as)
            }
        }

        It 'has the same values of the same types: <_>' -ForEach $types {
            $there[$_].Count | Should -Be $here[$_].Count
            for ($i = 0; $i -lt $here[$_].Count; $i++) {
                foreach ($property in $here[$_][$i].PSObject.Properties) {
                    $value = $there[$_][$i].($property.Name)
                    if ($property.Value -is [ValueType] -and $property.Value -isnot [enum]) {
                        $value.GetType() | Should -Be $property.Value.GetType() -Because $property.Name
                    }
                    if ($property.Name -notin 'Timestamp', 'PacketsPerSecond', 'BytesPerSecond', 'Rate',
                        'FirstSeen', 'LastSeen', 'Duration') {
                        "$value" | Should -Be "$($property.Value)" -Because $property.Name
                    }
                }
                "$($there[$_][$i])" | Should -Be "$($here[$_][$i])"
            }
        }

        It 'can be compared with names' {
            $there.FlowStat | Where-Object TrafficType -EQ RoCEv2 | Should -HaveCount 1
            $there.FlowStat | Where-Object Protocol -EQ ICMPv6 | Should -HaveCount 1
            $there.XdpMonitor | Where-Object State -EQ Running | Should -HaveCount 1
            $there.RdmaCounter | Where-Object Category -EQ Traffic | Should -HaveCount 2
            $there.RdmaPort | Where-Object State -EQ Active | Should -HaveCount 1
        }

        It 'has all of a device' {
            $device = $there.RdmaDevice
            $device.Ports[0].State | Should -Be Active
            $device.Ports[0].Gids[1].IPAddress | Should -Be 10.0.0.1
            $device.Ports[0].Interfaces.InterfaceAlias | Should -Be eth0, eth0.100
            $device.Ports[0].Interfaces.FoundBy | Should -Be GidTable, GidTable
            $device.InterfaceAlias | Should -Be eth0, eth0.100
        }

        It 'goes into the cmdlets here' {
            ($there.XdpMonitor | Get-FlowStat).InterfaceAlias | Sort-Object -Unique | Should -Be $interface
            ($there.RdmaDevice | Get-RdmaCounter -Name np_*).Device | Should -Be mlx5_0
            ($there.RdmaPort | Get-RdmaCounter -Name np_*).Device | Should -Be mlx5_0
        }
    }

    It 'comes from a thread job as it is' {
        $flows = Start-ThreadJob { Import-Module $using:module; Get-FlowStat $using:interface } | Receive-Job -Wait -AutoRemoveJob
        $flows | Should -HaveCount 3
        $flows | Should -BeOfType XTrace.FlowStat
        ($flows | Out-Plain 80)[0] | Should -Match '^TrafficType +Source'
    }

    It 'streams from a job that samples, and ends with it' {
        $job = Start-Job { Import-Module $using:module; Get-FlowStat $using:interface -SampleInterval 0.2 -Continuous }
        try {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            do {
                $flows = @(Receive-Job $job -Keep)
                Start-Sleep -Milliseconds 50
            } while (@($flows.Timestamp | Sort-Object -Unique).Count -lt 3 -and $clock.Elapsed.TotalSeconds -lt 30)
            @($flows.Timestamp | Sort-Object -Unique).Count | Should -BeGreaterOrEqual 3
            $job.State | Should -Be Running
        } finally {
            Stop-Job $job
            Remove-Job $job -Force
        }
    }
}

Describe 'From many hosts' -Tag Privileged, Slow -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        # Hosts that are network namespaces. All of PowerShell's remoting is real, down to the server that ssh's subsystem
        # starts on the other machine; only how one gets there is nsenter instead of an encrypted connection.
        $ssh = "$TestDrive/bin/ssh"
        $null = New-Item -ItemType Directory "$TestDrive/bin"
        Set-Content $ssh @'
#!/bin/bash
# ssh [options] -s host powershell
host=${*: -2:1}
# PowerShell loses the message of an ssh that ends at once.
[[ -e /run/netns/$host ]] || { echo "ssh: Could not resolve hostname $host" >&2; sleep 0.5; exit 255; }
exec nsenter --net="/run/netns/$host" pwsh -NoProfile -SSHServerMode -NoLogo
'@
        chmod +x $ssh
        $script:path = $env:PATH
        $env:PATH = "$TestDrive/bin:$path"
        $script:hosts = 1..3 | ForEach-Object { [XTrace.Testbed.VethPair]::new() }
        foreach ($one in $hosts) {
            $frame = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
            Invoke-Pwsh "`$null = Start-XdpMonitor $($one.Interface)" 'nsenter', "--net=/run/netns/$($one.Namespace)"
            $one.Send($frame, 10 * (1 + $hosts.IndexOf($one)))
        }
        Start-Sleep -Milliseconds 500
    }

    AfterAll {
        $env:PATH = $path
        foreach ($one in $hosts) {
            $one.Dispose()
        }
    }

    It 'flows come together by Invoke-Command -HostName, each with its host' {
        $names = $hosts.Namespace
        $flows = Invoke-Command -HostName $names { Import-Module $using:module; Get-FlowStat xtw* -Top 20 } |
            Sort-Object Packets -Descending
        $flows.Packets | Should -Be 30, 20, 10
        $flows.PSComputerName | Should -Be $names[2, 1, 0]
        $flows.InterfaceAlias | Should -Be $hosts.Interface[2, 1, 0]
        $flows[0].PSTypeNames | Should -Contain Deserialized.XTrace.FlowStat
        # The view is what it is here, one group for each host.
        $lines = $flows | Format-Table -GroupBy PSComputerName | Out-Plain 120
        $lines -match '^   PSComputerName: ' | Should -Be @($names[2, 1, 0] | ForEach-Object { "   PSComputerName: $_" })
        $lines -match '^UDP +10\.0\.0\.1:1000 +10\.0\.0\.2:2000 ' | Should -HaveCount 3
    }

    It 'one host that is not there does not keep the others from answering' {
        $names = @($hosts.Namespace[0], "xt-nosuch-$PID")
        $flows = Invoke-Command -HostName $names -ErrorAction SilentlyContinue -ErrorVariable failure {
            Import-Module $using:module
            Get-FlowStat xtw*
        }
        $flows.PSComputerName | Should -Be $names[0]
        $failure.Count | Should -BeGreaterThan 0
        "$failure" | Should -BeLike "*xt-nosuch-$PID*"
    }

    It 'an error says of which host it is' {
        Invoke-Command -HostName $hosts.Namespace[0] -ErrorAction SilentlyContinue -ErrorVariable failure {
            Import-Module $using:module
            Get-FlowStat nosuch
        }
        $failure[0].FullyQualifiedErrorId | Should -Be 'InterfaceNotFound,XTrace.PowerShell.GetFlowStatCommand'
        $failure[0].OriginInfo.PSComputerName | Should -Be $hosts.Namespace[0]
    }

    It 'samples stream from sessions that stay, as a job' {
        $sessions = New-PSSession -HostName $hosts.Namespace
        try {
            $job = Invoke-Command $sessions { Import-Module $using:module; Get-FlowStat xtw* -SampleInterval 0.2 -MaxSamples 2 } -AsJob
            $flows = $job | Receive-Job -Wait -AutoRemoveJob
            $flows | Group-Object PSComputerName | ForEach-Object Count | Should -Be 2, 2, 2
        } finally {
            $sessions | Remove-PSSession
        }
    }
}

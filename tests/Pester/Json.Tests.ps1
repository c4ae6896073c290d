BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'xtrace-catch --json' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:catch = Join-Path $repository out/xtrace-catch
        # A value by what is the same in both: a time and a rate are those of its sample.
        function Show([string] $Name, $Value) {
            if ($null -eq $Value) {
                'null'
            } elseif ($Value -is [datetime]) {
                'a time'
            } elseif ($Name -match 'PerSecond$|^Rate$') {
                "a number $($Value -is [ValueType])"
            } else {
                "$($Value.GetType().Name) $Value"
            }
        }
        # How a duration is written differs.
        function Assert-Alike($Ours, $Theirs) {
            $Ours.PSObject.Properties.Name | Should -Be $Theirs.PSObject.Properties.Name
            foreach ($name in $Theirs.PSObject.Properties.Name | Where-Object { $_ -ne 'Duration' }) {
                "$name $(Show $name $Ours.$name)" | Should -Be "$name $(Show $name $Theirs.$name)"
            }
        }
    }

    It 'writes flows as Get-FlowStat and ConvertTo-Json do' -Tag Privileged -Skip:$unprivileged {
        $veth = [XTrace.Testbed.VethPair]::new($true)
        try {
            $null = Start-XdpMonitor $veth.Interface -Detail
            $frames = @(
                Frame Tcp4 10.0.0.1 1000 10.0.0.2 2000 0
                Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
                Frame Icmp4 10.0.0.1 10.0.0.2 8 0
                Frame Arp 10.0.0.1 10.0.0.2
                Frame RoceV2 10.0.0.1 5000 10.0.0.2 194 10
                Frame RoceV1 fe80::1 fe80::2 194 10
            )
            foreach ($frame in $frames) {
                Send-Frame $veth $frame
            }
            $key = 'TrafficType', 'SourceAddress'
            $theirs = Get-FlowStat $veth.Interface -Detail | ConvertTo-Json -EnumsAsStrings | ConvertFrom-Json | Sort-Object $key
            $ours = & $catch --interface $veth.Interface --json --all --once --detail --interval 100 2>$null |
                ConvertFrom-Json | Sort-Object $key
            $LASTEXITCODE | Should -Be 0
            $ours | Should -HaveCount $frames.Count
            $ours.Where({ $_.TrafficType -eq 'TCP' }).TcpFlags | Should -Be Ack
            for ($i = 0; $i -lt $frames.Count; $i++) {
                Assert-Alike $ours[$i] $theirs[$i]
                [timespan] $ours[$i].Duration | Should -Be ([timespan] $theirs[$i].Duration.Ticks)
                [Math]::Abs(($ours[$i].LastSeen - $theirs[$i].LastSeen).TotalMilliseconds) | Should -BeLessThan 50
            }
        } finally {
            Stop-XdpMonitor $veth.Interface -ErrorAction Ignore
            $veth.Dispose()
        }
    }

    It 'writes counters as Get-RdmaCounter and ConvertTo-Json do' {
        $before = $env:XTRACE_SYSFS_ROOT
        $tree = [XTrace.Testbed.SysfsTree]::new()
        try {
            $env:XTRACE_SYSFS_ROOT = $tree.Root
            Add-RdmaDevice $tree mlx5_0
            $theirs = Get-RdmaCounter -SampleInterval 0.1 | ConvertTo-Json -EnumsAsStrings | ConvertFrom-Json
            $ours = & $catch --mode nccl --json --once --interval 100 2>$null | ConvertFrom-Json
            $ours | Should -HaveCount 5
            for ($i = 0; $i -lt 5; $i++) {
                Assert-Alike $ours[$i] $theirs[$i]
            }
        } finally {
            $env:XTRACE_SYSFS_ROOT = $before
            $tree.Dispose()
        }
    }
}

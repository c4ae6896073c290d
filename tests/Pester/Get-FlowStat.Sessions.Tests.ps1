# What a session over several interfaces and samples promises: interfaces come and go, samples are told apart, and every frame
# is in a sample or in a warning.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-FlowStat, sessions' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
        $script:many = [byte[][]] (1..500 | ForEach-Object { , (Frame Udp4 10.0.0.1 $_ 10.0.0.2 7000) })
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:second = $null
    }

    AfterEach {
        Clear-Monitor
        ${second}?.Dispose()
        $veth.Dispose()
    }

    It 'watches interfaces that appear and match a wildcard, and goes on when one disappears' {
        $script:seen = [Collections.Generic.List[object]]::new()
        $last = Get-FlowStat "xtw$PID-*" -SampleInterval 0.2 -Continuous -Verbose -ErrorVariable failure 4>&1 | ForEach-Object {
            if ($_ -is [XTrace.FlowStat]) {
                $seen.Add($_)
                if (-not $second) {
                    $script:second = [XTrace.Testbed.VethPair]::new($true)
                } elseif ($_.InterfaceAlias -eq $second.Interface -and (Test-Path "/sys/class/net/$($second.Interface)")) {
                    ip link del $second.Interface
                } elseif ($_.InterfaceAlias -eq $interface -and $_.Packets -eq 3) {
                    $_
                }
            } elseif ($_.Message -like "${interface}: attached to *") {
                $veth.Send($udp, 2)
            } elseif ($second -and $_.Message -like "$($second.Interface): attached to *") {
                $second.Send($udp, 5)
            } elseif ($second -and $_.Message -like "$($second.Interface) is gone.*") {
                $veth.Send($udp, 1)
            }
        } | Select-Object -First 1
        $last.Packets | Should -Be 3
        ($seen | Where-Object InterfaceAlias -EQ $second.Interface).Packets | Select-Object -Last 1 | Should -Be 5
        # The number of a sample is the same on all interfaces, and only grows.
        $seen.Sample | Should -Be ($seen.Sample | Sort-Object)
        $seen | Group-Object Sample | ForEach-Object { @($_.Group.Timestamp | Sort-Object -Unique) | Should -HaveCount 1 }
        $failure | Should -BeNullOrEmpty
        Get-AttachPoint $interface | Should -BeNullOrEmpty
    }

    It 'waits for the first interface that matches a wildcard' {
        $session = [powershell]::Create()
        try {
            $output = [Management.Automation.PSDataCollection[psobject]]::new()
            $null = $session.AddScript("Import-Module '$module'; Get-FlowStat 'xtw$PID-w*' -SampleInterval 0.2 -Continuous")
            $running = $session.BeginInvoke[psobject, psobject]($null, $output)
            Start-Sleep -Milliseconds 700
            $running.IsCompleted | Should -BeFalse
            ip link add "xtw$PID-w" type veth peer name "xtp$PID-w"
            Wait-Attached "xtw$PID-w"
        } finally {
            $session.Stop()
            $session.Streams.Error.ReadAll() | Should -BeNullOrEmpty
            $session.Dispose()
            ip link del "xtw$PID-w"
        }
    }

    It 'tells the samples apart by number and by time' {
        $script:second = [XTrace.Testbed.VethPair]::new($true)
        $null = Start-XdpMonitor $interface
        Send-Frame $veth $udp 2
        $groups = Get-FlowStat $interface, $second.Interface -SampleInterval 0.3 -MaxSamples 3 -Verbose 4>&1 |
            Send-OnceAttached $second $udp | Group-Object Sample
        $groups.Name | Should -Be 1, 2, 3
        $groups | ForEach-Object Count | Should -Be 2, 2, 2
        $times = @($groups | ForEach-Object { $_.Group.Timestamp | Sort-Object -Unique })
        $times | Should -HaveCount 3
        $times | Should -Be ($times | Sort-Object)
    }

    It 'leaves out with -ActiveWithin what has not been seen for so long' {
        $null = Start-XdpMonitor $interface
        Send-Frame $veth $udp 3
        Start-Sleep -Seconds 4
        Send-Frame $veth (Frame Udp4 10.0.0.1 1001 10.0.0.2 2000 100) 1
        (Get-FlowStat $interface -ActiveWithin 3).SourcePort | Should -Be 1001
        (Get-FlowStat $interface -ActiveWithin 3 -Top 2 -By Packets).SourcePort | Should -Be 1001
        (Get-FlowStat $interface -ActiveWithin 600 -By Packets).SourcePort | Should -Be 1000, 1001
        (Get-FlowStat $interface -By Packets).SourcePort | Should -Be 1000, 1001
    }

    It 'emits flows that made room in the sample in which they did' {
        $flows = Get-FlowStat $interface -MaxFlow 8 -SampleInterval 1 -WarningVariable warning -Verbose 4>&1 | ForEach-Object {
            if ($_ -is [XTrace.FlowStat]) {
                $_
            } elseif ($_.Message -like "${interface}: attached to *") {
                $veth.Send($many)
            }
        }
        ($flows | Measure-Object Packets -Sum).Sum | Should -Be $many.Count
        $ended = @($flows | Where-Object EndReason -EQ LackOfResources)
        $ended.Count | Should -BeGreaterThan 400
        $ended.PacketsPerSecond | Should -Not -Contain 0
        $warning | Should -BeNullOrEmpty
    }

    It 'warns of what is in no sample: <name>' -ForEach @(
        @{ Name = 'nobody read the monitor'; Reader = $null }
        @{ Name = 'another session read it'; Reader = "Get-FlowStat {0} -SampleInterval 0.2 -Continuous -Verbose" }
    ) {
        $null = Start-XdpMonitor $interface -MaxFlow 8
        $session = [powershell]::Create()
        try {
            if ($reader) {
                $null = $session.AddScript("Import-Module '$module'; $($reader -f $interface)").BeginInvoke()
                Wait-Verbose $session "${interface}: reading the monitor*"
            }
            $veth.Send($many)
            Wait-Count $interface $many.Count
            $monitor = Get-XdpMonitor $interface
            $flows = Get-FlowStat $interface -WarningVariable warning -WarningAction SilentlyContinue
            $warning | Should -HaveCount 1
            "$warning" | Should -Match ("^$interface \(Ingress\): the flow table was full\. " +
                '(\d+) packets belong to flows that made room and are in no sample\. .*-MaxFlow\.$')
            $lost = [long] ("$warning" -replace '.*full\. (\d+) packets.*', '$1')
            ($flows | Measure-Object Packets -Sum).Sum + $lost | Should -Be $many.Count
            $monitor.EvictedPackets | Should -Be $lost
            $monitor.ReportedPackets -gt 0 | Should -Be ($null -ne $reader)
        } finally {
            $session.Stop()
            $session.Dispose()
        }
    }
}

BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-FlowStat, errors' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
    }

    AfterEach {
        $veth.Dispose()
    }

    It 'names what there is for an unknown interface, and serves the others' {
        $null = Start-XdpMonitor $interface
        Send-Frame $veth $udp 2
        $flows = Get-FlowStat nosuch, $interface -ErrorAction SilentlyContinue -ErrorVariable failure
        $flows.Packets | Should -Be 2
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Be 'InterfaceNotFound,XTrace.PowerShell.GetFlowStatCommand'
        $failure.CategoryInfo.Category | Should -Be ObjectNotFound
        $failure.TargetObject | Should -Be nosuch
        "$failure" | Should -Match "'nosuch'.* lo, .*$interface"
    }

    It 'says nothing about a wildcard without a match' {
        Get-FlowStat "nosuch$PID*" -ErrorVariable failure | Should -BeNullOrEmpty
        $failure | Should -BeNullOrEmpty
    }

    It 'refuses the address <_> before it attaches anything' -ForEach @(
        '10.0.0.0/33', '10.0.0', '10/8', '010.0.0.1', '2001:db8::/129', '10.0.0.1/8/8'
    ) {
        { Get-FlowStat $interface -Address $_ -Verbose 4>&1 | Should -BeNullOrEmpty } |
            Should -Throw -ErrorId 'InvalidAddress,XTrace.PowerShell.GetFlowStatCommand' -ExpectedMessage "'$_'*"
        Test-Attached $interface | Should -BeFalse
    }

    It 'refuses a table for <_> flows' -ForEach 0, -8, 4, 7, 8388609, 33554432 {
        Get-FlowStat $interface -MaxFlow $_ -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure.FullyQualifiedErrorId | Should -Be 'InvalidMaxFlow,XTrace.PowerShell.GetFlowStatCommand'
        $failure.CategoryInfo.Category | Should -Be InvalidArgument
        Test-Attached $interface | Should -BeFalse
    }

    It 'goes on with the rest when an interface disappears between samples' {
        $second = [XTrace.Testbed.VethPair]::new($true)
        try {
            $null = Start-XdpMonitor $second.Interface
            Send-Frame $second $udp 4
            $collected = @{ ErrorVariable = 'failure'; ErrorAction = 'SilentlyContinue' }
            $flows = Get-FlowStat $interface, $second.Interface -SampleInterval 0.3 -MaxSamples 3 -Verbose @collected 4>&1 |
                Send-OnceAttached $veth $udp |
                ForEach-Object {
                    $_
                    if ($_.InterfaceAlias -eq $interface) {
                        ip link del $interface
                    }
                }
            # The sample that finds it gone has its last flows.
            $flows.InterfaceAlias | Should -Be $interface, $second.Interface, $interface, $second.Interface, $second.Interface
            $flows.Sample | Should -Be 1, 1, 2, 2, 3
            $failure | Should -HaveCount 1
            $failure.FullyQualifiedErrorId | Should -Be 'InterfaceGone,XTrace.PowerShell.GetFlowStatCommand'
            $failure.CategoryInfo.Category | Should -Be ObjectNotFound
            $failure.TargetObject | Should -Be $interface
        } finally {
            $second.Dispose()
        }
    }

    It 'names the capabilities that are missing' {
        $copy = Join-Path $TestDrive XTrace
        Copy-Item $module $copy -Recurse
        chmod -R a+rX $TestDrive
        $nobody = 'env', 'HOME=/nonexistent', 'POWERSHELL_TELEMETRY_OPTOUT=1',
            'setpriv', '--reuid', 'nobody', '--clear-groups', '--bounding-set=-all'
        $script = {
            foreach ($command in 'Get-FlowStat', 'Start-XdpMonitor') {
                & $command $args[0] -ErrorAction SilentlyContinue -ErrorVariable failure
                "$($failure.FullyQualifiedErrorId) $($failure.CategoryInfo.Category) $failure"
            }
        }
        $said = Invoke-Pwsh "& {$script} $interface" $nobody -From $copy
        $said | Should -HaveCount 2
        foreach ($line in $said) {
            $line | Should -BeLike 'PermissionDenied,* PermissionDenied *CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN*'
        }
        Test-Attached $interface | Should -BeFalse
    }

    It 'asks for eth0 where nothing else is said, and names what is there instead' {
        $command = '$env:NETWORK_INTERFACE = $null; Get-FlowStat -ErrorVariable failure -ErrorAction SilentlyContinue; "$failure"'
        $said = Invoke-Pwsh $command nsenter, "--net=/run/netns/$($veth.PeerNamespace)"
        $said | Should -Be "There is no network interface 'eth0'. There are: lo, $($veth.PeerInterface)."
    }

    It 'asks for NETWORK_INTERFACE before eth0' {
        $before = $env:NETWORK_INTERFACE
        try {
            $null = Start-XdpMonitor $interface
            Send-Frame $veth $udp 3
            $env:NETWORK_INTERFACE = $interface
            (Get-FlowStat).Packets | Should -Be 3
        } finally {
            $env:NETWORK_INTERFACE = $before
        }
    }
}

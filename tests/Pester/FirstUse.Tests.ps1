# The first minutes of a new user: names, completion, and messages about mistakes.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'A first user' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"

        function Complete([string] $Line) {
            (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText
        }
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

    It 'completes addresses and ports that monitors have seen, most packets first, and attaches nothing' {
        Complete "Get-FlowStat $interface -Address " | Should -Not -Contain 10.0.0.1
        Test-Attached $interface | Should -BeFalse
        $null = Start-XdpMonitor $interface
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) 3
        Send-Frame $veth (Frame Tcp6 2001:db8::1 1001 2001:db8::2 443)
        Send-Frame $veth (Frame Arp 10.0.0.1 10.0.0.2)
        Complete "Get-FlowStat $interface -Address " | Should -Be 10.0.0.1, 10.0.0.2, "'2001:db8::1'", "'2001:db8::2'"
        Complete 'Get-FlowStat -Address 2001' | Should -Be "'2001:db8::1'", "'2001:db8::2'"
        Complete "Get-FlowStat $interface -Port " | Should -Be 1000, 2000, 1001, 443
        Complete "Get-FlowStat $interface -Port 1" | Should -Be 1000, 1001
        Complete "Get-FlowStat $other -Port " | Should -Not -Contain 1000
    }

    It 'completes a filter and its keys, and each proposal is a filter' {
        $keys = 'TrafficType', 'Protocol', 'Address', 'Port', 'ExcludeDns'
        $proposed = Complete 'Start-XdpMonitor -Filter '
        ($proposed | ForEach-Object { (& ([scriptblock]::Create($_))).Keys }) | Should -Be $keys
        foreach ($filter in $proposed) {
            (& ([scriptblock]::Create("Start-XdpMonitor $interface -Force -Filter $filter"))).Filter | Should -Not -BeNullOrEmpty
        }
        Complete 'Start-XdpMonitor -Filter @{ ' | Sort-Object | Should -Be ($keys | Sort-Object)
        Complete 'Start-XdpMonitor -Filter @{ Po' | Should -Be Port
    }

    It 'names a host, which stands for all of its addresses' {
        $null = Start-XdpMonitor $interface
        Send-Frame $veth (Frame Udp4 127.0.0.1 1000 10.0.0.2 2000 100)
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100)
        $addresses = [Net.Dns]::GetHostAddresses('localhost')
        ([XTrace.FlowFilter] @{ Address = [string[]] 'localhost' }).Address | Sort-Object | Should -Be (
            $addresses | ForEach-Object { "$_/$($_.GetAddressBytes().Count * 8)" } | Sort-Object -Unique)
        (Get-FlowStat $interface -Address localhost).SourceAddress | Should -Be 127.0.0.1
        $failure = { Get-FlowStat $interface -Address nosuch.invalid } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Be 'InvalidAddress,XTrace.PowerShell.GetFlowStatCommand'
        "$failure" | Should -BeLike "The host name 'nosuch.invalid' has no address: *getent ahosts nosuch.invalid*"
        # An address with a mistake is no name, so no server is asked for it.
        foreach ($typed in '10.1', '300.0.0.1', '10.0.0.0/33', '::g', '') {
            { Get-FlowStat $interface -Address $typed } | Should -Throw "*'$typed' is no IP address, no network and no host name.*"
        }
    }

    It 'orders by the column Rate' {
        $null = Start-XdpMonitor $interface
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100)
        Send-Frame $veth (Frame Udp4 10.0.0.1 1001 10.0.0.2 2000 900) 5
        (Get-FlowStat $interface -By Rate).SourcePort | Should -Be 1001, 1000
        (Get-FlowStat $interface -Top 1 -By Rate).SourcePort | Should -Be 1001
    }

    It '<_> tells an interface that is not there from one without a monitor, and a wildcard is silent' -ForEach @(
        'Get-XdpMonitor', 'Stop-XdpMonitor'
    ) {
        $failure = $null
        & $_ nosuch -ErrorAction SilentlyContinue -ErrorVariable failure
        $failure.FullyQualifiedErrorId | Should -BeLike 'MonitorNotFound,*'
        "$failure" | Should -BeLike "There is no network interface 'nosuch', and there are no monitors. The interfaces are: lo, *"
        & $_ $interface -ErrorAction SilentlyContinue -ErrorVariable failure
        "$failure" | Should -BeLike ("'$interface' has no monitor. This network namespace has none at all. " +
            "Start one with: Start-XdpMonitor $interface*")
        $null = Start-XdpMonitor $interface
        & $_ nosuch -ErrorAction SilentlyContinue -ErrorVariable failure
        "$failure" |
            Should -BeLike "There is no network interface 'nosuch', and no monitor has that name.*The monitors are: $interface (Ingress)*"
        & $_ $interface.ToUpperInvariant() -Direction Egress -ErrorAction SilentlyContinue -ErrorVariable failure
        "$failure" | Should -BeLike ("'$($interface.ToUpperInvariant())' has no such monitor in this network namespace. " +
            "There are: $interface (Ingress)*")
        & $_ 'nosuch*' -ErrorAction SilentlyContinue -ErrorVariable failure
        $failure | Should -BeNullOrEmpty
    }

    It 'is told which monitors a start removes' {
        ip link add $other type bridge
        ip link set dev $other up
        # A bridge shows only what is its host's, which is a warning of its own.
        $null = Start-XdpMonitor $other, $interface -WarningVariable warned -WarningAction SilentlyContinue
        $warned -like '*ceased to count*' | Should -BeNullOrEmpty
        ip link del $other
        (Get-XdpMonitor $other).State | Should -Be Detached
        $null = Start-XdpMonitor $interface -Direction Egress -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -HaveCount 1
        "$warned" | Should -BeLike "These monitors had ceased to count*: $other (Ingress). They are removed, with what they had counted."
        (Get-XdpMonitor).InterfaceAlias | Should -Be $interface, $interface
    }

    It 'learns that a wildcard of Start-XdpMonitor is for what is there' {
        $null = Start-XdpMonitor "xtw$PID-*"
        ip link add $other type bridge
        "/sys/class/net/$other" | Should -Exist
        Start-Sleep -Milliseconds 300
        (Get-XdpMonitor "xtw$PID-*").InterfaceAlias | Should -Not -Contain $other
    }
}

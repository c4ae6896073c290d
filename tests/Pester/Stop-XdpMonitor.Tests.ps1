BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Stop-XdpMonitor' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:udp = Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $script:started = Start-XdpMonitor $interface
    }

    AfterEach {
        $veth.Dispose()
    }

    It 'detaches, removes the pins and emits nothing' {
        Stop-XdpMonitor $interface | Should -BeNullOrEmpty
        Test-Attached $interface | Should -BeFalse
        Test-Path $started.Path | Should -BeFalse
        Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
    }

    It 'emits the last counts with -PassThru' {
        Send-Frame $veth $udp 9
        $monitor = Stop-XdpMonitor $interface -PassThru
        $monitor | Should -BeOfType XTrace.XdpMonitor
        $monitor.Packets | Should -Be 9
        $monitor.Bytes | Should -Be (9 * 142)
        $monitor.LinkId | Should -Be $started.LinkId
        Test-Attached $interface | Should -BeFalse
    }

    It 'does nothing with -WhatIf' {
        Stop-XdpMonitor $interface -WhatIf -PassThru | Should -BeNullOrEmpty
        $monitor = Get-XdpMonitor $interface
        $monitor.State | Should -Be Running
        $monitor.LinkId | Should -Be $started.LinkId
    }

    It 'takes -<_>' -ForEach 'InterfaceAlias', 'Interface', 'ifAlias', 'Name' {
        $name = @{ $_ = $interface }
        Stop-XdpMonitor @name
        Test-Attached $interface | Should -BeFalse
    }

    It 'takes wildcards, names and monitors from the pipeline' {
        $second = [XTrace.Testbed.VethPair]::new($true)
        try {
            $both = $interface, $second.Interface
            $null = Start-XdpMonitor $second.Interface
            (Stop-XdpMonitor "xtw$PID-*" -PassThru).InterfaceAlias | Should -Be $both
            $null = Start-XdpMonitor $both
            ($both | Stop-XdpMonitor -PassThru).InterfaceAlias | Should -Be $both
            $null = Start-XdpMonitor $both
            (Get-XdpMonitor | Where-Object InterfaceAlias -In $both | Stop-XdpMonitor -PassThru).InterfaceAlias | Should -Be $both
            Get-XdpMonitor "xtw$PID-*" | Should -BeNullOrEmpty
        } finally {
            $second.Dispose()
        }
    }

    It 'names what there is for an interface without a monitor, and stops the others' {
        Stop-XdpMonitor nosuch, $interface -ErrorAction SilentlyContinue -ErrorVariable failure
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Be 'MonitorNotFound,XTrace.PowerShell.StopXdpMonitorCommand'
        $failure.CategoryInfo.Category | Should -Be ObjectNotFound
        $failure.TargetObject | Should -Be nosuch
        "$failure" | Should -Match $interface
        Test-Attached $interface | Should -BeFalse
        Stop-XdpMonitor "xtw$PID-*" -ErrorVariable failure
        $failure | Should -BeNullOrEmpty
    }

    It 'asks for an interface rather than stop all' {
        (Get-Command Stop-XdpMonitor).Parameters.InterfaceAlias.Attributes.Mandatory | Should -Contain $true
        Invoke-Pwsh 'try { Stop-XdpMonitor } catch { $_.FullyQualifiedErrorId }' | Should -BeLike 'MissingMandatoryParameter,*'
        (Get-XdpMonitor $interface).State | Should -Be Running
    }

    It 'removes what is left of an interface that is gone' {
        ip link del $interface
        Stop-XdpMonitor $interface
        Test-Path $started.Path | Should -BeFalse
    }

    It 'removes what an interrupted start left' {
        Stop-XdpMonitor $interface
        # Of a version that had a folder for each interface and direction.
        $path = "$(Split-Path (Split-Path $started.Path))/$interface/ingress"
        $null = New-Item -ItemType Directory $path
        (Stop-XdpMonitor $interface -PassThru).State | Should -Be Incomplete
        Test-Path (Split-Path $path) | Should -BeFalse
    }

    It 'detaches even while somebody samples, who is told so' {
        $session = [powershell]::Create()
        try {
            $script = "Import-Module '$module'; Get-FlowStat $interface -SampleInterval 0.2 -Continuous -Verbose"
            $running = $session.AddScript($script).BeginInvoke()
            Wait-Verbose $session "${interface}: reading the monitor*"
            Stop-XdpMonitor $interface
            Test-Attached $interface | Should -BeFalse
            $running.AsyncWaitHandle.WaitOne(5000) | Should -BeTrue
            $session.Streams.Error.FullyQualifiedErrorId | Should -Be 'InterfaceGone,XTrace.PowerShell.GetFlowStatCommand'
        } finally {
            $session.Stop()
            $session.Dispose()
        }
    }
}

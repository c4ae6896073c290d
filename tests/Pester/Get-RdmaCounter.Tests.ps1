BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-RdmaCounter' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:before = $env:XTRACE_SYSFS_ROOT
    }

    BeforeEach {
        $script:tree = [XTrace.Testbed.SysfsTree]::new()
        $env:XTRACE_SYSFS_ROOT = $tree.Root
        Add-RdmaDevice $tree mlx5_0
        Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 eth1
        $script:port = 'devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0/ports/1'
    }

    AfterEach {
        $tree.Dispose()
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $before
    }

    It 'emits every counter of every device at once, one object each' {
        $measure = { (Measure-Command { $script:counters = Get-RdmaCounter }).TotalSeconds }
        $took = [XTrace.Testbed.Timing]::SmallestError(1, $measure, 3)
        $counters | Should -HaveCount 10
        $counters | ForEach-Object { $_ | Should -BeOfType XTrace.RdmaCounter }
        ($counters | Where-Object Device -EQ mlx5_0).Name |
            Should -Be port_rcv_data, port_xmit_data, np_cnp_sent, out_of_sequence, something_new
        @($counters.Delta) + @($counters.RatePerSecond) -ne $null | Should -BeNullOrEmpty
        $took | Should -BeLessThan 1
    }

    It 'says all of a counter' {
        $counter = Get-RdmaCounter mlx5_0 -Name port_xmit_data
        $counter.Device | Should -Be mlx5_0
        $counter.Port | Should -Be 1
        $counter.InterfaceAlias | Should -Be eth0
        $counter.Source | Should -Be Counters
        $counter.RawValue | Should -Be 1000
        $counter.Value | Should -Be 4000
        $counter.Value | Should -BeOfType uint64
        $counter.Unit | Should -Be Bytes
        $counter.Kind | Should -Be Counter
        $counter.Category | Should -Be Traffic
        $counter.IsSaturated | Should -BeFalse
        $counter.Status | Should -Be Ok
        $counter.ErrorCode | Should -BeNullOrEmpty
        $counter.Description | Should -BeLike 'Data sent*'
        ((Get-Date) - $counter.Timestamp).TotalSeconds | Should -BeLessThan 5
    }

    It 'filters by device, port, name and category' {
        $null = $tree.AddPort('devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0', 2)
        $tree.Write('devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0/ports/2/hw_counters/np_cnp_sent', '9')
        $tree.Write('devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0/hw_counters/np_cnp_sent', '8')
        (Get-RdmaCounter mlx5_0 -Name np_*).Port | Should -Be $null, 1, 2
        (Get-RdmaCounter mlx5_0 -Port 2 -Name np_*).Value | Should -Be 9
        (Get-RdmaCounter -Port 1, 2 -Name np_*).Device | Should -Be mlx5_0, mlx5_0, mlx5_1
        (Get-RdmaCounter mlx5_1 -Category Congestion, Retransmission).Name | Should -Be np_cnp_sent, out_of_sequence
        (Get-RdmaCounter mlx5_1 -Name *data, Something_New).Name | Should -Be port_rcv_data, port_xmit_data, something_new
    }

    It 'takes devices, ports and counters from the pipeline' {
        (Get-RdmaDevice mlx5_* | Get-RdmaCounter -Category Congestion).Device | Should -Be mlx5_0, mlx5_1
        ((Get-RdmaDevice mlx5_1).Ports | Get-RdmaCounter -Name np_*).Device | Should -Be mlx5_1
        (Get-RdmaCounter -Name np_* | Get-RdmaCounter -Name out_*).Device | Should -Be mlx5_0, mlx5_1
        ('mlx5_1' | Get-RdmaCounter -Name np_*).Device | Should -Be mlx5_1
        ([pscustomobject] @{ Device = 'mlx5_0'; Port = 1 } | Get-RdmaCounter -Name np_*).Port | Should -Be 1
        Get-RdmaDevice nosuch* | Get-RdmaCounter | Should -BeNullOrEmpty
    }

    It 'emits samples the interval apart, each with its own increments and rates' {
        $values = 2000, 12000, 5
        $sample = 0
        $counters = Get-RdmaCounter mlx5_0 -Name port_xmit_data -SampleInterval 0.4 -MaxSamples 4 | ForEach-Object {
            $_
            $tree.Write("$port/counters/port_xmit_data", "$($values[$sample++])")
        }
        $counters.Value | Should -Be 4000, 8000, 48000, 20
        $counters.Delta | Should -Be 0, 4000, 40000, $null
        $counters.Status | Should -Be Ok, Ok, Ok, Reset
        $counters[3].RatePerSecond | Should -BeNullOrEmpty
        foreach ($i in 1, 2) {
            $interval = ($counters[$i].Timestamp - $counters[$i - 1].Timestamp).TotalSeconds
            $interval | Should -BeGreaterThan 0.2
            $interval | Should -BeLessThan 0.8
            [Math]::Abs($counters[$i].RatePerSecond * $interval / $counters[$i].Delta - 1) | Should -BeLessThan 0.1
        }
    }

    It 'tells a counter that stopped, one that cannot be read, and one that the device does not keep' {
        $tree.Write("$port/counters/symbol_error", '65535')
        $tree.Write("$port/counters/port_rcv_errors", 'N/A (no PMA)')
        $tree.Fail("$port/hw_counters/rp_cnp_handled", 22)
        $counters = Get-RdmaCounter mlx5_0 -Name symbol_error, port_rcv_errors, rp_cnp_handled -SampleInterval 0.1 -ErrorAction Stop
        $counters.Name | Should -Be port_rcv_errors, symbol_error, rp_cnp_handled
        $counters.Status | Should -Be NotAvailable, Saturated, Failed
        $counters.IsSaturated | Should -Be $false, $true, $false
        $counters.Value | Should -Be $null, 65535, $null
        $counters.ErrorCode | Should -Be $null, $null, 22
        $counters.RatePerSecond | Should -Be $null, $null, $null
    }

    It 'numbers samples, and gives all counters of one sample the same number and time' {
        $counters = Get-RdmaCounter -SampleInterval 0.1 -MaxSamples 3
        $groups = $counters | Group-Object Sample
        $groups.Name | Should -Be 1, 2, 3
        $groups | ForEach-Object Count | Should -Be 10, 10, 10
        foreach ($group in $groups) {
            @($group.Group.Timestamp | Select-Object -Unique) | Should -HaveCount 1
        }
        (Get-RdmaCounter | Select-Object -First 1).Sample | Should -Be 1
        $lines = $counters | Where-Object Device -EQ mlx5_0 | Out-Plain 80
        $lines -match '^ +DevicePort: ' | Should -Be '   DevicePort: mlx5_0/1 (eth0)',
            '   DevicePort: mlx5_0/1 (eth0), sample 2', '   DevicePort: mlx5_0/1 (eth0), sample 3'
    }

    It 'picks up devices, ports and counters that appear, and ends those that go, with a word on the verbose stream' {
        $device = 'devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0'
        $output = Get-RdmaCounter mlx5_* -Name np_*, brand_* -SampleInterval 0.2 -MaxSamples 7 -Verbose -ErrorAction Stop 4>&1 |
            ForEach-Object {
                if ($_ -is [XTrace.RdmaCounter] -and $_.Device -eq 'mlx5_0' -and $_.Port -eq 1 -and $_.Name -eq 'np_cnp_sent') {
                    switch ($_.Sample) {
                        1 { Add-RdmaDevice $tree mlx5_2 0000:3b:00.2 eth2 }
                        2 { $null = $tree.AddPort($device, 2); $tree.Write("$device/ports/2/hw_counters/np_cnp_sent", '5') }
                        3 { $tree.Write("$port/hw_counters/brand_new", '7') }
                        4 { Remove-Item "$($tree.Root)/class/infiniband/mlx5_1" }
                        5 { Remove-Item -Recurse "$($tree.Root)/$device/ports/2" }
                        6 { Remove-Item "$($tree.Root)/$port/hw_counters/brand_new" }
                    }
                }
                $_
            }
        $counters = $output | Where-Object { $_ -is [XTrace.RdmaCounter] }
        $told = "$($output | Where-Object { $_ -isnot [XTrace.RdmaCounter] })"
        $seen = foreach ($sample in 1..7) {
            ($counters | Where-Object Sample -EQ $sample |
                ForEach-Object { "$($_.Device -replace 'mlx5_')/$($_.Port)$($_.Name -eq 'brand_new' ? '*' : '')" } |
                Sort-Object) -join ' '
        }
        $seen | Should -Be '0/1 1/1', '0/1 1/1 2/1', '0/1 0/2 1/1 2/1',
            '0/1 0/1* 0/2 1/1 2/1', '0/1 0/1* 0/2 2/1', '0/1 0/1* 2/1', '0/1 2/1'
        $told | Should -Match (@(
                'device mlx5_2 has appeared'
                'port mlx5_0/2 has appeared'
                'mlx5_0/1 has new counters: brand_new'
                'device mlx5_1 has disappeared'
                'port mlx5_0/2 has disappeared'
                'mlx5_0/1 no longer has the counters: brand_new'
            ) -join '.*')
        ($counters | Where-Object { $_.Device -eq 'mlx5_2' -and $_.Sample -eq 3 }).Delta | Should -Be 0
    }

    It 'tells a folder that cannot be read, and goes on with the rest' {
        Remove-Item -Recurse "$($tree.Root)/$port/hw_counters"
        $tree.Write("$port/hw_counters", 'this is no folder')
        $counters = Get-RdmaCounter -ErrorAction SilentlyContinue -ErrorVariable failure
        $counters.Device | Select-Object -Unique | Should -Be mlx5_0, mlx5_1
        $counters | Should -HaveCount 7
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Be 'RdmaFolderUnreadable,XTrace.PowerShell.GetRdmaCounterCommand'
        $folder = "$($tree.Root)/class/infiniband/mlx5_0/ports/1/hw_counters"
        "$failure" | Should -Be ("Cannot read the folder '$folder': Not a directory. Its contents are left out. " +
            "Check its rights with 'ls -ld', and raise 'ulimit -n' if descriptors are short.")
    }

    It 'never keeps silent about an error counter that nobody knows: its category is guessed, and said to be' {
        $tree.AddCounters("$port/hw_counters", [string[]] ('rx_new_drops', 'tomorrowsErrors', 'New Timeout', 'plain_thing'), '3')
        $errors = Get-RdmaCounter mlx5_0 -Category Error
        $errors.Name | Should -Be rx_new_drops, tomorrowsErrors
        $errors.IsGuess | Should -Be $true, $true
        (Get-RdmaCounter mlx5_0 -Name 'New Timeout').Category | Should -Be Retransmission
        $plain = Get-RdmaCounter mlx5_0 -Name plain_thing
        $plain.Category, $plain.IsGuess | Should -Be Other, $false
        (Get-RdmaCounter mlx5_0 -Name out_of_sequence).IsGuess | Should -BeFalse
    }

    It 'shows that a network interface is a guess, and no empty brackets where there is none' {
        $null = $tree.AddPort($tree.AddDevice('irdma0', 'ice', '0000:18:00.0'))
        $tree.Write('devices/pci0000:18/0000:18:00.0/infiniband/irdma0/ports/1/hw_counters/RxUDP', '1')
        $null = $tree.AddInterface('ens1', '0000:18:00.0')
        $null = $tree.AddPort($tree.AddDevice('irdma1', 'ice', '0000:19:00.0'))
        $tree.Write('devices/pci0000:19/0000:19:00.0/infiniband/irdma1/ports/1/hw_counters/RxUDP', '1')
        $counters = Get-RdmaCounter irdma*
        $counters.InterfaceFoundBy | Should -Be PciFunction, $null
        $counters.InterfaceAlias | Should -Be ens1, $null
        $counters | Out-Plain 120 | Where-Object { $_ -match 'DevicePort: ' } |
            Should -Be '   DevicePort: irdma0/1 (ens1, a guess)', '   DevicePort: irdma1/1'
    }

    It 'goes on when a device disappears between samples' -Tag Privileged -Skip:$unprivileged {
        $veth = [XTrace.Testbed.VethPair]::new($true)
        try {
            # A file of a device that really can be removed while it is open.
            $tree.LinkToKernel("$port/hw_counters/rx_pkts", "/sys/class/net/$($veth.Interface)/statistics/rx_packets")
            $counters = Get-RdmaCounter mlx5_0 -Name rx_pkts, np_cnp_sent -SampleInterval 0.3 -MaxSamples 2 -ErrorAction Stop |
                ForEach-Object {
                    $_
                    if ($_.Name -eq 'rx_pkts' -and $_.Status -eq 'Ok') {
                        ip link del $veth.Interface
                    }
                }
            $counters.Name | Should -Be np_cnp_sent, rx_pkts, np_cnp_sent, rx_pkts
            $counters.Status | Should -Be Ok, Ok, Ok, Gone
            $counters[3].ErrorCode | Should -Be 19
        } finally {
            $veth.Dispose()
        }
    }

    It 'reads the statistics of the port''s network interface, those of queues added up' -Tag Privileged -Skip:$unprivileged {
        $veth = [XTrace.Testbed.VethPair]::new($true)
        try {
            $name = $veth.Interface
            ethtool -L $name rx 2
            nsenter "--net=/run/netns/$($veth.PeerNamespace)" ethtool -L $veth.PeerInterface tx 2
            $tree.AddGid($port, 2, 'fe80:0000:0000:0000:0000:0000:0000:0002', $name)
            Remove-Item "$($tree.Root)/$port/gids/0", "$($tree.Root)/$port/gids/1"
            $folder = $tree.AddInterface($name, [NullString]::Value, '1', (Get-Content "/sys/class/net/$name/address"))
            foreach ($attribute in 'ifindex', 'carrier_changes') {
                $tree.LinkToKernel("$folder/$attribute", "/sys/class/net/$name/$attribute")
            }
            $null = Start-XdpMonitor $name -AttachMode Native
            $counters = Get-RdmaCounter mlx5_0 -Source Ethtool, Carrier -SampleInterval 0.5 -MaxSamples 2 | ForEach-Object {
                $_
                if ($_.Sample -eq 1 -and $_.Name -eq 'peer_ifindex') {
                    1..40 | ForEach-Object { Send-Frame $veth (Frame Udp4 10.0.0.1 (1000 + $_) 10.0.0.2 2000 100) }
                }
            }
            $seen = $counters | Where-Object { $_.Sample -eq 2 -and $_.Name -eq 'rx_queue_*_xdp_packets' }
            $seen.Delta, $seen.Unit, $seen.Direction, $seen.InterfaceAlias, $seen.Source | Should -Be 40, Packets, Received, $name, Ethtool
            ($counters | Where-Object { $_.Sample -eq 2 -and $_.Name -eq 'carrier_changes' }).Value |
                Should -Be (Get-Content "/sys/class/net/$name/carrier_changes")
            # The frames came through both queues.
            @(ethtool -S $name) -match 'rx_queue_[01]_xdp_packets: [1-9]' | Should -HaveCount 2
            (Get-RdmaCounter mlx5_0 -Source HwCounters).Source | Select-Object -Unique | Should -Be HwCounters
            $shown = (ethtool -S $name | Select-Object -Skip 1).Trim() -replace ':.*' -replace '_queue_\d+_', '_queue_*_' |
                Sort-Object -Unique
            ($counters | Where-Object { $_.Sample -eq 2 -and $_.Source -eq 'Ethtool' }).Name | Sort-Object | Should -Be $shown
        } finally {
            Clear-Monitor
            $veth.Dispose()
        }
    }

    It 'lists what there is where a device is not, and points the way where a counter is not' {
        Get-RdmaCounter mlx5_7 -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure.FullyQualifiedErrorId | Should -Be 'RdmaDeviceNotFound,XTrace.PowerShell.GetRdmaCounterCommand'
        $failure.CategoryInfo.Category | Should -Be ObjectNotFound
        "$failure" | Should -Be "There is no RDMA device 'mlx5_7'. There are: mlx5_0, mlx5_1."
        (Get-RdmaCounter -Name nosuch, np_cnp_sent -ErrorAction SilentlyContinue -ErrorVariable failure).Name |
            Should -Be np_cnp_sent, np_cnp_sent
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Be 'RdmaCounterNotFound,XTrace.PowerShell.GetRdmaCounterCommand'
        "$failure" | Should -BeLike "*mlx5_0, mlx5_1 has a counter 'nosuch'. See what there is with: Get-RdmaCounter |*"
    }

    It 'names the ports there are when one is on none of the devices' {
        $null = $tree.AddPort('devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0', 2)
        $counters = Get-RdmaCounter mlx5_* -Port 1, 9 -Name np_* -ErrorAction SilentlyContinue -ErrorVariable failure
        $counters.Device | Should -Be mlx5_0, mlx5_1
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Be 'RdmaPortNotFound,XTrace.PowerShell.GetRdmaCounterCommand'
        $failure.CategoryInfo.Category | Should -Be ObjectNotFound
        $failure.TargetObject | Should -Be 9
        "$failure" | Should -Be 'There is no port 9 on mlx5_0, mlx5_1. There are: mlx5_0/1, mlx5_0/2, mlx5_1/1.'
        Get-RdmaCounter mlx5_1 -Port 2 -Name np_cnp_sent -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        "$failure" | Should -Be 'There is no port 2 on mlx5_1. There are: mlx5_1/1.'
        Get-RdmaCounter -Port 2 -ErrorAction Stop | Should -BeNullOrEmpty
        Get-RdmaCounter nosuch* -Port 9 -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'ends soon after Select-Object has enough' {
        $took = Measure-Command { $script:counters = Get-RdmaCounter -SampleInterval 0.3 -Continuous | Select-Object -First 11 }
        $took.TotalSeconds | Should -BeLessThan 2
        $counters | Should -HaveCount 11
        $counters[10].Timestamp | Should -BeGreaterThan $counters[9].Timestamp
    }

    It 'ends soon when stopped in mid-sample, and leaves no file open' {
        $session = [powershell]::Create()
        $null = $session.AddScript("Import-Module '$module'; Get-RdmaCounter -SampleInterval 60").BeginInvoke()
        $open = { @(Get-ChildItem /proc/self/fd | Where-Object { $_.LinkTarget -like "$($tree.Root)/*" }).LinkTarget }
        for ($clock = [Diagnostics.Stopwatch]::StartNew(); @(& $open).Count -lt 20 -and $clock.Elapsed.TotalSeconds -lt 10;) {
            Start-Sleep -Milliseconds 20
        }
        @(& $open) -like '*counters/*' | Should -HaveCount 10
        (Measure-Command { $session.Stop() }).TotalSeconds | Should -BeLessThan 1
        $session.InvocationStateInfo.State | Should -Be Stopped
        $session.Dispose()
        & $open | Should -BeNullOrEmpty
    }

    It 'leaves no file open when the pipeline behind it throws' {
        { Get-RdmaCounter -SampleInterval 0.1 | ForEach-Object { throw 'enough' } } | Should -Throw enough
        @(Get-ChildItem /proc/self/fd | Where-Object { $_.LinkTarget -like "$($tree.Root)/*" }) | Should -BeNullOrEmpty
    }

    It 'does not take values out of range' {
        { Get-RdmaCounter -SampleInterval 0.05 } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        { Get-RdmaCounter -MaxSamples 0 } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        { Get-RdmaCounter -Category Nonsense } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
    }

    It 'completes <line>' -ForEach @(
        @{ Line = 'Get-RdmaCounter -Name np'; Expected = , 'np_cnp_sent' }
        @{ Line = 'Get-RdmaCounter mlx5_1 -Name port'; Expected = 'port_rcv_data', 'port_xmit_data' }
        @{ Line = 'Get-RdmaCounter -Device mlx5_0 -Name only'; Expected = , 'only here, 32' }
        @{ Line = 'Get-RdmaCounter -Category Re'; Expected = , 'Retransmission' }
    ) {
        $tree.Write("$port/hw_counters/only here, 32", '1')
        (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.ListItemText | Should -Be $expected
        $line = 'Get-RdmaCounter -Device mlx5_1 -Name only'
        (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.ListItemText | Should -Not -Contain 'only here, 32'
    }

    It 'shows a table by device and port that fits 80 columns up to the rate' {
        $tree.Write("$port/counters/symbol_error", '65535')
        $tree.Fail("$port/hw_counters/rp_cnp_handled", 22)
        $lines = Get-RdmaCounter -SampleInterval 0.1 | Out-Plain 80
        $lines | Should -Contain '   DevicePort: mlx5_0/1 (eth0)'
        $lines | Should -Contain '   DevicePort: mlx5_1/1 (eth1)'
        $lines -match '^Name +Value +Delta +Rate$' | Should -HaveCount 2
        ($lines -match '^port_xmit_data +3\.91 KiB +0 B +0 bit/s$') | Should -HaveCount 2
        ($lines -match '^symbol_error +65535 Saturated$') | Should -HaveCount 1
        ($lines -match '^rp_cnp_handled +Failed$') | Should -HaveCount 1
        ($lines -match '^out_of_sequence +7 +0 +0 /s$') | Should -HaveCount 2
        (Get-RdmaCounter mlx5_0 | Out-Plain 120) -match 'Rate +Category +Unit +Timestamp$' | Should -HaveCount 1
        (Get-RdmaCounter mlx5_0 -Name np_cnp_sent | Format-List | Out-Plain 120) |
            Should -Contain 'Description      : Congestion notifications sent'
    }

    It 'survives CSV and JSON' {
        $csv = Get-RdmaCounter mlx5_0 -Name port_xmit_data | ConvertTo-Csv | ConvertFrom-Csv
        $csv.Value, $csv.Unit, $csv.Status | Should -Be 4000, Bytes, Ok
        (Get-RdmaCounter mlx5_0 -Name port_xmit_data | ConvertTo-Json -EnumsAsStrings | ConvertFrom-Json).Category | Should -Be Traffic
    }
}

BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Get-RdmaDevice' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:before = $env:XTRACE_SYSFS_ROOT
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $before
    }

    Context 'on a machine with devices' {
        BeforeAll {
            $script:tree = [XTrace.Testbed.SysfsTree]::new()
            $env:XTRACE_SYSFS_ROOT = $tree.Root
            Add-RdmaDevice $tree mlx5_0
            Add-RdmaDevice $tree mlx5_10 0000:3b:00.1 eth1
            Add-RdmaDevice $tree mlx5_2 0000:3b:00.2 eth2
            $rxe = $tree.AddSoftwareDevice('rxe0')
            $tree.Write("$rxe/parent", 'eth9')
            $null = $tree.AddPort($rxe, 1, '1: DOWN', '2.5 Gb/sec (1X SDR)')
        }

        AfterAll {
            $tree.Dispose()
        }

        It 'emits all, as people count' {
            $devices = Get-RdmaDevice
            $devices.Name | Should -Be mlx5_0, mlx5_2, mlx5_10, rxe0
            $devices | ForEach-Object { $_ | Should -BeOfType XTrace.RdmaDevice }
        }

        It 'says what each is' {
            $device = Get-RdmaDevice mlx5_10
            $device.Driver | Should -Be mlx5_core
            $device.PciAddress | Should -Be 0000:3b:00.1
            $device.InterfaceAlias | Should -Be eth1, eth1.100
            $device.Ports | Should -HaveCount 1
            $device.Ports[0].State | Should -Be Active
            $device.Ports[0].Rate | Should -Be '100 Gb/sec (4X EDR)'
            $device.Ports[0].BitsPerSecond | Should -Be 100e9
            $device.Ports[0].Interfaces.FoundBy | Should -Be GidTable, GidTable
            $device.Ports[0].Gids.IPAddress | Should -Be 'fe80::1', '10.0.0.1'
            (Get-RdmaDevice rxe0).Driver | Should -Be rdma_rxe
            (Get-RdmaDevice rxe0).Ports.BitsPerSecond | Should -Be 2500000000
        }

        It 'takes wildcards, several names, and names from the pipeline' {
            (Get-RdmaDevice mlx5_*).Name | Should -Be mlx5_0, mlx5_2, mlx5_10
            (Get-RdmaDevice -Name mlx5_1?, RXE*).Name | Should -Be mlx5_10, rxe0
            ('rxe0', 'mlx5_2' | Get-RdmaDevice).Name | Should -Be rxe0, mlx5_2
            ([pscustomobject] @{ Name = 'mlx5_2' } | Get-RdmaDevice).Name | Should -Be mlx5_2
            ('mlx5_2', '*' | Get-RdmaDevice).Name | Should -Be mlx5_2, mlx5_0, mlx5_10, rxe0
        }

        It 'is silent for a wildcard that nothing matches' {
            Get-RdmaDevice nosuch* -ErrorAction Stop | Should -BeNullOrEmpty
        }

        It 'lists what there is where an exact name is not, and goes on with the rest' {
            $found = Get-RdmaDevice mlx5_7, mlx5_2, MLX5_0 -ErrorAction SilentlyContinue -ErrorVariable failure
            $found.Name | Should -Be mlx5_2, mlx5_0
            $failure | Should -HaveCount 1
            $failure[0].FullyQualifiedErrorId | Should -Be 'RdmaDeviceNotFound,XTrace.PowerShell.GetRdmaDeviceCommand'
            $failure[0].CategoryInfo.Category | Should -Be ObjectNotFound
            $failure[0].TargetObject | Should -Be mlx5_7
            "$($failure[0])" | Should -Be "There is no RDMA device 'mlx5_7'. There are: mlx5_0, mlx5_2, mlx5_10, rxe0."
        }

        It 'finds the device of counters and ports' {
            (Get-RdmaCounter mlx5_2 | Get-RdmaDevice).Name | Should -Be mlx5_2
            ((Get-RdmaDevice mlx5_10).Ports | Get-RdmaDevice).Name | Should -Be mlx5_10
        }

        It 'names its interfaces for the flow cmdlets' -Tag Privileged -Skip:$unprivileged {
            $failure = $null
            Get-RdmaDevice mlx5_2 | Get-XdpMonitor -ErrorAction SilentlyContinue -ErrorVariable failure
            $failure.TargetObject | Should -Be eth2, eth2.100
        }

        It 'completes names: <line>' -ForEach @(
            @{ Line = 'Get-RdmaDevice mlx5_1'; Expected = , 'mlx5_10' }
            @{ Line = 'Get-RdmaDevice -Name r'; Expected = , 'rxe0' }
            @{ Line = 'Get-RdmaCounter mlx5_2'; Expected = , 'mlx5_2' }
            @{ Line = "Get-RdmaCounter -Device 'mlx5"; Expected = 'mlx5_0', 'mlx5_2', 'mlx5_10' }
        ) {
            (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.ListItemText | Should -Be $expected
        }

        It 'shows a table that fits 80 columns up to the interface, and a line for each port' {
            $second = $tree.AddPort('devices/pci0000:3b/0000:3b:00.2/infiniband/mlx5_2', 2, '1: DOWN', '2.5 Gb/sec (1X SDR)', 'InfiniBand')
            try {
                $lines = Get-RdmaDevice mlx5_2 | Out-Plain 80
                $lines[0] | Should -Match '^Device +Ports +State +Rate +LinkLayer +InterfaceAlias$'
                $lines[2] | Should -Match '^mlx5_2 +1 +Active +100 Gb/sec \(4X EDR\) +Ethernet +eth2, eth2\.100$'
                $lines[3] | Should -Match '^ +2 +Down +2\.5 Gb/sec \(1X SDR\) +InfiniBand$'
                (Get-RdmaDevice mlx5_2 | Out-Plain 120)[0] | Should -Match 'InterfaceAlias +Driver +Firmware$'
                $list = Get-RdmaDevice mlx5_2 | Format-List | Out-Plain 120
                $list | Should -Contain 'PciAddress        : 0000:3b:00.2'
                $list | Should -Contain 'InterfaceAlias    : 1: eth2 (GidTable)'
            } finally {
                Remove-Item (Join-Path $tree.Root $second) -Recurse
            }
        }

        It 'survives JSON' {
            (Get-RdmaDevice mlx5_2 | ConvertTo-Json -Depth 4 | ConvertFrom-Json).Ports[0].Gids[1].IPAddress | Should -Be 10.0.0.1
        }
    }

    Context 'on a machine without' {
        BeforeAll {
            $script:tree = [XTrace.Testbed.SysfsTree]::new()
            $env:XTRACE_SYSFS_ROOT = $tree.Root
        }

        AfterAll {
            $tree.Dispose()
        }

        It 'emits nothing and says why to those who ask: <_>' -ForEach 'Get-RdmaDevice', 'Get-RdmaCounter' {
            $said = & $_ -Verbose -ErrorAction Stop 4>&1
            $said | Should -HaveCount 1
            $said | Should -BeOfType Management.Automation.VerboseRecord
            "$said" |
                Should -Be "There is no RDMA device in $($tree.Root)/class/infiniband: this machine has none, or its driver is not loaded."
        }

        It 'fails for an exact name' {
            Get-RdmaDevice mlx5_0 -ErrorAction SilentlyContinue -ErrorVariable failure
            "$failure" | Should -BeLike "There is no RDMA device 'mlx5_0'. There are none*"
        }
    }

    It 'says so when XTRACE_SYSFS_ROOT names no folder: <_>' -ForEach 'Get-RdmaDevice', 'Get-RdmaCounter', 'Get-RdmaQueuePair' {
        $env:XTRACE_SYSFS_ROOT = '/nosuch'
        & $_ -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -BeLike 'SysfsRootNotFound,*'
        "$failure" | Should -BeLike "XTRACE_SYSFS_ROOT is '/nosuch', which has no folder 'class'.*"
        $line = "$_ mlx"
        { TabExpansion2 $line -cursorColumn $line.Length } | Should -Not -Throw
    }

    It 'works for an ordinary user, and so does Get-RdmaCounter' -Tag Privileged -Skip:$unprivileged {
        $tree = [XTrace.Testbed.SysfsTree]::new()
        try {
            $env:XTRACE_SYSFS_ROOT = $tree.Root
            Add-RdmaDevice $tree mlx5_0
            $copy = Join-Path $TestDrive XTrace
            Copy-Item $module $copy -Recurse
            chmod -R a+rX $TestDrive
            $nobody = 'env', 'HOME=/nonexistent', 'POWERSHELL_TELEMETRY_OPTOUT=1',
                'setpriv', '--reuid', 'nobody', '--clear-groups', '--bounding-set=-all'
            Invoke-Pwsh '(Get-RdmaDevice).Name; (Get-RdmaCounter -Name out_of_sequence -SampleInterval 0.1).Delta' $nobody -From $copy |
                Should -Be mlx5_0, 0
        } finally {
            $tree.Dispose()
        }
    }
}

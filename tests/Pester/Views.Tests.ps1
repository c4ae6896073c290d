# Every header of a table and every label of a list is a property of that name, so that what a user reads can be typed behind
# Where-Object, Sort-Object and Select-Object.
BeforeDiscovery {
    . "$PSScriptRoot/Testbed.ps1"
    $script:types = 'XTrace.FlowStat', 'XTrace.XdpMonitor', 'XTrace.RdmaDevice', 'XTrace.RdmaPort',
        'XTrace.RdmaGid', 'XTrace.RdmaCounter', 'XTrace.RdmaQueuePair', 'XTrace.RdmaHealth'
    $script:views = foreach ($type in $types + $types.ForEach{ "Deserialized.$_" }) {
        foreach ($view in (Get-FormatData $type).FormatViewDefinition) {
            $control = $view.Control
            $labels = if ($control -is [Management.Automation.TableControl]) {
                # A column without a label is headed by what it shows.
                for ($i = 0; $i -lt $control.Headers.Count; $i++) {
                    $control.Headers[$i].Label ? $control.Headers[$i].Label : $control.Rows[0].Columns[$i].DisplayEntry.Value
                }
            } else {
                $control.Entries.Items | ForEach-Object { $_.Label ? $_.Label : $_.DisplayEntry.Value }
            }
            @{ Type = $type; Kind = $control.GetType().Name; Labels = @($labels) + @($control.GroupBy.Label).Where{ $_ } }
        }
    }
}

Describe 'An object that is sent elsewhere' {
    It 'has all of its properties there: <_>' -ForEach 'XTrace.FlowStat', 'XTrace.RdmaHealth' {
        $sent = (Get-TypeData $_).PropertySerializationSet.ReferencedProperties
        $sent | Should -Be ($_ -as [type]).GetProperties().Name
    }
}

Describe 'The views' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        # An object of a type, as it is here or as it comes from another process.
        function Get-Sample([string] $Type) {
            $object = ($Type -replace '^Deserialized\.' -as [type])::new()
            if ($Type -like 'Deserialized.*') {
                [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($object))
            } else {
                $object
            }
        }
    }

    It 'are a table and a list for each type, here and from elsewhere' -ForEach @{ Views = $views; Types = $types } {
        # Tables for details and IPv6 addresses are of these types as well.
        $views.ForEach{ "$($_.Type) $($_.Kind)" } | Select-Object -Unique | Should -Be @(
            $types + $types.ForEach{ "Deserialized.$_" } | ForEach-Object { "$_ TableControl"; "$_ ListControl" })
    }

    It '<kind> of <type> is labelled with properties' -ForEach $views {
        $labels.Count | Should -BeGreaterThan 3
        $object = Get-Sample $type
        $object.PSTypeNames[0] | Should -Be $type
        foreach ($label in $labels) {
            $object.PSObject.Properties.Name -ccontains $label | Should -BeTrue -Because $label
        }
    }

    It '<_> starts from properties' -ForEach $types {
        $object = Get-Sample $_
        foreach ($name in $object.PSStandardMembers.DefaultDisplayPropertySet.ReferencedPropertyNames) {
            $object.PSObject.Properties.Name -ccontains $name | Should -BeTrue -Because $name
        }
    }
}

Describe 'The columns' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:flows = 125e6, 1.25e9 | ForEach-Object {
            [XTrace.FlowStat] @{
                SourceAddress = 'fe80::1'
                SourcePort = 1000
                DestinationAddress = '10.0.0.2'
                DestinationPort = 443
                BytesPerSecond = $_
            }
        }
    }

    It 'Rate of a flow is a number of bits a second, as the table shows it' {
        ($flows | Out-Plain 120) -match '  1 Gbit/s ' | Should -HaveCount 1
        ($flows | Out-Plain 120) -match ' 10 Gbit/s ' | Should -HaveCount 1
        $flows | Where-Object Rate -GT 1 | Should -HaveCount 2
        ($flows | Where-Object Rate -GT 1e9).BytesPerSecond | Should -Be 1.25e9
        ($flows | Sort-Object Rate -Descending).BytesPerSecond | Should -Be 1.25e9, 125e6
        ($flows | Select-Object Rate).Rate | Should -Be 1e9, 1e10
    }

    It 'Source and Destination of a flow read as they are shown' {
        ($flows | Out-Plain 120) -match ' \[fe80::1\]:1000 +10\.0\.0\.2:443 ' | Should -HaveCount 2
        $flows | Where-Object Source -EQ '[fe80::1]:1000' | Should -HaveCount 2
        ($flows | Group-Object Destination).Name | Should -Be '10.0.0.2:443'
    }

    It 'Rate of a counter has the unit that the table shows: <unit>' -ForEach @(
        @{ Unit = 'Bytes'; Rate = 8e6; Shown = ' 8 Mbit/s ' }
        @{ Unit = 'Packets'; Rate = 1e6; Shown = ' 1 M/s ' }
        @{ Unit = 'Unknown'; Rate = 1e6; Shown = ' 1 M/s ' }
    ) {
        $counter = [XTrace.RdmaCounter] @{ Device = 'mlx5_0'; Name = 'some'; Unit = $unit; RatePerSecond = 1e6 }
        $counter.Rate | Should -Be $rate
        ($counter | Out-Plain 120) -match $shown | Should -HaveCount 1
        [XTrace.RdmaCounter]::new().Rate | Should -BeNullOrEmpty
    }
}

Describe 'RDMA devices' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:before = $env:XTRACE_SYSFS_ROOT
        $script:tree = [XTrace.Testbed.SysfsTree]::new()
        $env:XTRACE_SYSFS_ROOT = $tree.Root
        Add-RdmaDevice $tree mlx5_0
        Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 eth1
        $tree.Write('devices/pci0000:3b/0000:3b:00.1/infiniband/mlx5_1/ports/1/state', '1: DOWN')
        # One with two ports, of which one works.
        Add-RdmaDevice $tree mlx5_2 0000:3b:00.2 eth2
        $null = $tree.AddPort('devices/pci0000:3b/0000:3b:00.2/infiniband/mlx5_2', 2, '1: DOWN', '2.5 Gb/sec (1X SDR)', 'InfiniBand')
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $before
        $tree.Dispose()
    }

    It 'are found by the state of any of their ports' {
        (Get-RdmaDevice | Where-Object State -NE Active).Name | Should -Be mlx5_1, mlx5_2
        (Get-RdmaDevice | Where-Object State -EQ Active).Name | Should -Be mlx5_0, mlx5_2
        (Get-RdmaDevice | Where-Object LinkLayer -EQ InfiniBand).Name | Should -Be mlx5_2
        (Get-RdmaDevice | Where-Object Rate -Like '100 Gb/sec*').Name | Should -Be mlx5_0, mlx5_1, mlx5_2
        (Get-RdmaDevice | Where-Object InterfaceAlias -EQ eth1.100).Name | Should -Be mlx5_1
    }

    It 'have a value where they have one port, and a list where they have several' {
        (Get-RdmaDevice mlx5_0).State | Should -BeOfType XTrace.RdmaPortState
        (Get-RdmaDevice mlx5_0).Rate | Should -Be '100 Gb/sec (4X EDR)'
        (Get-RdmaDevice mlx5_2).State | Should -Be Active, Down
        (Get-RdmaDevice mlx5_2).LinkLayer | Should -Be Ethernet, InfiniBand
    }

    It 'are still found where a state cannot be read' {
        $file = Join-Path $tree.Root devices/pci0000:3b/0000:3b:00.2/infiniband/mlx5_2/ports/2/state
        Remove-Item $file
        try {
            (Get-RdmaDevice mlx5_2 | Where-Object State -NE Active).Name | Should -Be mlx5_2
        } finally {
            Set-Content $file '1: DOWN'
        }
    }

    It 'are values in a CSV file' {
        Get-RdmaDevice | Export-Csv "$TestDrive/devices.csv"
        Get-Content "$TestDrive/devices.csv" -Raw | Should -Not -Match 'XTrace\.|System\.|\[\]|`'
        $rows = Import-Csv "$TestDrive/devices.csv"
        $rows[0].State, $rows[0].Rate, $rows[0].Ports, $rows[0].InterfaceAlias |
            Should -Be Active, '100 Gb/sec (4X EDR)', mlx5_0/1, 'eth0, eth0.100'
        $rows[2].State, $rows[2].Ports | Should -Be 'Active Down', 'mlx5_2/1, mlx5_2/2'
    }

    It 'are values in JSON, as deep as it goes' {
        $texts = (Get-RdmaDevice mlx5_0 | ConvertTo-Json -WarningAction Ignore),
            (Get-RdmaDevice | ConvertTo-Json -WarningAction Ignore)
        foreach ($json in $texts) {
            $json | Should -Not -Match 'XTrace\.|System\.|\[\]|`'
        }
        $one = Get-RdmaDevice mlx5_0 | ConvertTo-Json -EnumsAsStrings -WarningAction Ignore | ConvertFrom-Json
        $one.Ports[0].State, $one.Ports[0].Rate, $one.State | Should -Be Active, '100 Gb/sec (4X EDR)', Active
        $all = Get-RdmaDevice | ConvertTo-Json -EnumsAsStrings -Depth 5 -WarningAction Stop | ConvertFrom-Json
        $all[2].State | Should -Be Active, Down
        $all[2].Ports[0].Gids[1].IPAddress | Should -Be 10.0.0.1
        $all[2].Ports[0].Interfaces.InterfaceAlias | Should -Be eth2, eth2.100
    }

    It 'have ports that are values in a CSV file as well' {
        $rows = (Get-RdmaDevice).Ports | ConvertTo-Csv | ConvertFrom-Csv
        $rows | Should -HaveCount 4
        $rows[0].Gids, $rows[0].Interfaces, $rows[0].InterfaceAlias |
            Should -Be 'fe80::1, ::ffff:10.0.0.1', 'eth0, eth0.100', 'eth0, eth0.100'
    }

    It 'still say their ports to Get-RdmaCounter, and not those alone' {
        (Get-RdmaDevice mlx5_0 | Get-RdmaCounter).Count | Should -Be (Get-RdmaCounter mlx5_0).Count
        ((Get-RdmaDevice mlx5_2).Ports[0] | Get-RdmaCounter).Port | Sort-Object -Unique | Should -Be 1
    }
}

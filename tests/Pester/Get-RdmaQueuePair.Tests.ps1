# Real queue pairs are in the virtual machine's tests, tests/vm/scenarios/queuepairs.sh. Here: what a machine without RDMA says, and
# the parameters.
Describe 'Get-RdmaQueuePair' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:before = $env:XTRACE_SYSFS_ROOT
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $before
    }

    Context 'with the devices of another tree' {
        BeforeAll {
            $script:tree = [XTrace.Testbed.SysfsTree]::new()
            $env:XTRACE_SYSFS_ROOT = $tree.Root
            Add-RdmaDevice $tree mlx5_0
            Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 eth1
        }

        AfterAll {
            $tree.Dispose()
        }

        It 'emits nothing and says why to those who ask' {
            $said = $($output = Get-RdmaQueuePair -Verbose) 4>&1
            $output | Should -BeNullOrEmpty
            @($said) -match 'the kernel lists the queue pairs of this machine alone' | Should -HaveCount 1
        }

        It 'finds no device where there is none of that name' {
            Get-RdmaQueuePair mlx5_7 -ErrorVariable failure -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $failure.FullyQualifiedErrorId | Should -BeLike 'RdmaDeviceNotFound,*'
            "$failure" | Should -Match 'There are: mlx5_0, mlx5_1'
        }

        It 'takes devices, ports and counters from the pipeline' {
            { Get-RdmaDevice | Get-RdmaQueuePair -ErrorAction Stop } | Should -Not -Throw
            { (Get-RdmaDevice).Ports | Get-RdmaQueuePair -ErrorAction Stop } | Should -Not -Throw
            { Get-RdmaCounter mlx5_0 | Get-RdmaQueuePair -ErrorAction Stop } | Should -Not -Throw
            [pscustomobject] @{ Device = 'mlx5_7' } | Get-RdmaQueuePair -ErrorVariable failure -ErrorAction SilentlyContinue
            $failure.FullyQualifiedErrorId | Should -BeLike 'RdmaDeviceNotFound,*'
        }

        It 'samples as often as asked, also where there is nothing to show' {
            $took = Measure-Command { Get-RdmaQueuePair -SampleInterval 0.2 -MaxSamples 3 }
            $took.TotalSeconds | Should -BeGreaterThan 0.6
            $took.TotalSeconds | Should -BeLessThan 5
        }

        It 'completes devices, types and states' {
            $complete = { param($line) (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.CompletionText }
            & $complete 'Get-RdmaQueuePair mlx' | Should -Be mlx5_0, mlx5_1
            & $complete 'Get-RdmaQueuePair -Type R' | Should -Be RawEtherType, RawIPv6, RawPacket, RC
            & $complete 'Get-RdmaQueuePair -State ' | Should -Contain RTS
        }
    }

    It 'refuses a <parameter> of <value>' -ForEach @(
        @{ Parameter = 'QueuePair'; Value = 16777216 }
        @{ Parameter = 'QueuePair'; Value = -1 }
        @{ Parameter = 'ProcessId'; Value = 0 }
        @{ Parameter = 'Type'; Value = 'TCP' }
        @{ Parameter = 'State'; Value = 'Connected' }
        @{ Parameter = 'Top'; Value = 0 }
        @{ Parameter = 'SampleInterval'; Value = 0.01 }
    ) {
        $arguments = @{ $parameter = $value }
        { Get-RdmaQueuePair @arguments } | Should -Throw
    }

    It 'answers to the names of the kernel and of processes alike' {
        (Get-Command Get-RdmaQueuePair).Parameters.ProcessName.Aliases | Should -Be Owner
    }
}

Describe 'A queue pair' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:one = [XTrace.RdmaQueuePair] @{
            Sample = 1; Device = 'mlx5_0'; Port = 1; InterfaceAlias = 'eth0'
            QueuePair = 17; Type = 'RC'; State = 'RTS'; RemoteQueuePair = 18
            LocalAddress = '192.0.2.1'; RemoteAddress = '192.0.2.2'; SentPackets = 1000
            ProcessId = 4711; ProcessName = 'nccl'; Owner = 'nccl'
        }
    }

    It 'is a row below its port, of 120 columns' {
        $lines = @($one | Out-Plain 120) -match '\S'
        $lines[0].Trim() | Should -Be 'DevicePort: mlx5_0/1 (eth0)'
        $lines[1].Trim() -split '\s+' |
            Should -Be QueuePair, Type, State, LocalAddress, RemoteAddress, RemoteQueuePair, SentPackets, ReceivedPackets, ProcessId, Owner
        $lines[3] | Should -Match '^ +17 RC +RTS +192\.0\.2\.1 +192\.0\.2\.2 +18 +1000 +4711 nccl'
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
    }

    It 'has null where something is not known, and not 0' {
        $empty = [XTrace.RdmaQueuePair]::new()
        $names = 'SentPackets', 'ReceivedPackets', 'SentPacketsPerSecond', 'EstimatedBytesPerSecond', 'PathMtu', 'RemoteAddress',
            'ProcessId', 'RemoteLid'
        foreach ($name in $names) {
            $null -eq $empty.$name | Should -BeTrue -Because $name
        }
    }

    It 'keeps its words in other processes and in JSON' {
        $there = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($one))
        $there.Type, $there.State | Should -Be RC, RTS
        ($one | ConvertTo-Json -EnumsAsStrings | ConvertFrom-Json).State | Should -Be RTS
    }
}

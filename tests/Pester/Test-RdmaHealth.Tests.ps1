Describe 'Test-RdmaHealth' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:before = $env:XTRACE_SYSFS_ROOT
    }

    BeforeEach {
        $script:tree = [XTrace.Testbed.SysfsTree]::new()
        $env:XTRACE_SYSFS_ROOT = $tree.Root
        Add-RdmaDevice $tree mlx5_0
        Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 eth1
        $script:device = 'devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0'
        $script:port = "$device/ports/1"
    }

    AfterEach {
        $tree.Dispose()
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $before
    }

    It 'says Ok of each healthy port, with what was checked and for how long' {
        $health = Test-RdmaHealth -SampleInterval 0.5
        $health | Should -HaveCount 2
        $health.Device | Should -Be mlx5_0, mlx5_1
        $health.Port | Should -Be 1, 1
        $health.Status | Should -Be Ok, Ok
        $health.Check | Should -Be All, All
        $health[0].InterfaceAlias | Should -Be eth0
        $health[0].Evidence | Should -Match '^15 checks, 5 counters, in 0\.\d s; Active, 100 Gb/sec \(4X EDR\)$'
        $health[0].Meaning | Should -Be 'Nothing wrong was found.'
        $health[0].Advice | Should -BeNullOrEmpty
    }

    It 'says what is wrong, with the numbers, what they mean and what to do' {
        $tree.Write("$port/state", '1: DOWN')
        $tree.Write("$port/phys_state", '2: Polling')
        $health = Test-RdmaHealth mlx5_0 -SampleInterval 0.2
        $health | Should -HaveCount 1
        $health.Check, $health.Status, $health.Evidence | Should -Be PortState, Critical, 'Down, Polling'
        $health.Meaning | Should -Be 'The port has no link.'
        $health.Advice | Should -BeLike 'Check the cable*'
        "$health" | Should -Be 'mlx5_0/1 PortState Critical: Down, Polling'
    }

    It 'sees what rises from one sample to the next' {
        $health = Test-RdmaHealth mlx5_0 -SampleInterval 0.3 -MaxSamples 3 | ForEach-Object {
            $_
            switch ($_.Sample) {
                1 { $tree.Write("$port/hw_counters/out_of_sequence", '17'); $tree.Write("$port/hw_counters/something_new", '9') }
                2 { $tree.Write("$port/hw_counters/out_of_sequence", '5') }
            }
        }
        $health.Sample | Should -Be 1, 2, 3
        $health.Check | Should -Be All, Retransmission, CounterGrowth
        $health.Status | Should -Be Ok, Warning, Unknown
        $health[1].Evidence | Should -BeLike 'out_of_sequence +10; the device does not count packets; in 0.* s'
        $health[2].Evidence | Should -Be 'out_of_sequence Reset'
    }

    It 'says that there is no device, instead of nothing' {
        $root = $env:XTRACE_SYSFS_ROOT
        $env:XTRACE_SYSFS_ROOT = (New-Item -ItemType Directory "$TestDrive/empty/class").Parent.FullName
        try {
            Test-RdmaHealth -Quiet -SampleInterval 0.2 -WarningVariable said -WarningAction SilentlyContinue | Should -BeFalse
            $said | Should -HaveCount 1
            "$said" | Should -BeLike 'There is no RDMA device in *'
        } finally {
            $env:XTRACE_SYSFS_ROOT = $root
        }
    }

    It 'is True or False with -Quiet' {
        $quiet = Test-RdmaHealth -Quiet -SampleInterval 0.2
        $quiet | Should -BeOfType bool
        $quiet | Should -BeTrue
        $tree.Write("$port/state", '1: DOWN')
        Test-RdmaHealth -Quiet -SampleInterval 0.2 | Should -BeFalse
        Test-RdmaHealth mlx5_1 -Quiet -SampleInterval 0.2 | Should -BeTrue
        # Nothing that is well.
        Test-RdmaHealth nosuch* -Quiet -SampleInterval 0.2 | Should -BeFalse
        Test-RdmaHealth nosuch -Quiet -ErrorAction SilentlyContinue | Should -BeFalse
    }

    It 'makes only the checks that are asked for' {
        $tree.Write("$port/state", '1: DOWN')
        (Test-RdmaHealth mlx5_0 -Check PcieLink, LinkSpeed -SampleInterval 0.2).Status | Should -Be Ok
        (Test-RdmaHealth mlx5_0 -Check portstate -SampleInterval 0.2).Status | Should -Be Critical
        { Test-RdmaHealth -Check Nonsense } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
    }

    It 'takes devices, ports and counters from the pipeline, and single ports' {
        $null = $tree.AddPort($device, 2)
        (Get-RdmaDevice mlx5_* | Test-RdmaHealth -SampleInterval 0.2) | Should -HaveCount 3
        ((Get-RdmaDevice mlx5_0).Ports[1] | Test-RdmaHealth -SampleInterval 0.2).Port | Should -Be 2
        (Test-RdmaHealth mlx5_* -Port 2 -SampleInterval 0.2).Port | Should -Be 2
        (Get-RdmaCounter mlx5_1 -Name np_* | Test-RdmaHealth -SampleInterval 0.2).Device | Should -Be mlx5_1
    }

    It 'goes on until it is stopped with -Continuous' {
        $health = Test-RdmaHealth mlx5_0 -SampleInterval 0.2 -Continuous | Select-Object -First 3
        $health.Sample | Should -Be 1, 2, 3
        { Test-RdmaHealth -Continuous -Quiet } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'lists what there is where a device is not, and is silent where there is none' {
        Test-RdmaHealth mlx5_7 -ErrorAction SilentlyContinue -ErrorVariable failure | Should -BeNullOrEmpty
        $failure.FullyQualifiedErrorId | Should -Be 'RdmaDeviceNotFound,XTrace.PowerShell.TestRdmaHealthCommand'
        Remove-Item -Recurse "$($tree.Root)/class/infiniband"
        Test-RdmaHealth -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'changes nothing in sysfs' {
        $state = { Get-ChildItem $tree.Root -Recurse -File | ForEach-Object { "$_ $($_.LastWriteTimeUtc.Ticks) $(Get-Content $_)" } }
        $files = & $state
        $null = Test-RdmaHealth -SampleInterval 0.2
        & $state | Should -Be $files
    }

    It 'speaks Chinese with a Chinese locale' {
        $tree.Write("$port/state", '1: DOWN')
        $command = 'Test-RdmaHealth mlx5_* -SampleInterval 0.2 | ForEach-Object { $_.Meaning; $_.Evidence }'
        $said = Invoke-Pwsh $command env, 'LC_ALL=zh_CN.UTF-8'
        $said[0..2] | Should -Be '端口没有链路。', 'Down, LinkUp', '未发现问题。'
        $said[3] | Should -BeLike '15 项检查，5 个计数器，0.* 秒内；Active, *'
    }
}

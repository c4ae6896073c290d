# One rule for every name that a cmdlet takes, of interfaces, monitors, RDMA devices and counters:
# 1. What is called exactly as was typed is meant, be it with wildcard characters in its name.
# 2. Otherwise *, ? and [] are wildcards, a backtick takes their meaning from them, and capitals do not matter.
# 3. Text with wildcards may mean nothing. A name that nothing has is an error.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    # What there is: every wildcard character in a name, and names that differ in capitals only.
    $script:names = 'ab', 'AB', 'abc', 'a*', 'a?', 'a[b]', 'a[', 'a]', 'b`c', 'eth7'
    $script:cases = @(
        # As they are called.
        foreach ($name in $names) {
            @{ Typed = $name; Means = @($name) }
        }
        # In other capitals, where nothing is called so.
        @{ Typed = 'ETH7'; Means = @('eth7') }
        @{ Typed = 'ABC'; Means = @('abc') }
        @{ Typed = 'Ab'; Means = 'ab', 'AB' }
        @{ Typed = 'A['; Means = @('a[') }
        # Wildcards.
        @{ Typed = '*'; Means = $names }
        @{ Typed = 'ab*'; Means = 'ab', 'AB', 'abc' }
        @{ Typed = 'AB*'; Means = 'ab', 'AB', 'abc' }
        @{ Typed = 'ab?'; Means = @('abc') }
        @{ Typed = '?b'; Means = 'ab', 'AB' }
        @{ Typed = '[a-c]b'; Means = 'ab', 'AB' }
        @{ Typed = '[ax]bc'; Means = @('abc') }
        @{ Typed = 'eth[0-9]'; Means = @('eth7') }
        @{ Typed = '*]'; Means = 'a[b]', 'a]' }
        # What is escaped means itself.
        @{ Typed = 'a`?'; Means = @('a?') }
        @{ Typed = 'a`[b`]'; Means = @('a[b]') }
        @{ Typed = 'a`[b]'; Means = @('a[b]') }
        @{ Typed = 'a`['; Means = @('a[') }
        @{ Typed = 'a`]'; Means = @('a]') }
        @{ Typed = 'a`*'; Means = @('a*') }
        @{ Typed = 'b``c'; Means = @('b`c') }
        @{ Typed = 'A`?'; Means = @('a?') }
        @{ Typed = 'a`[*'; Means = 'a[b]', 'a[' }
        @{ Typed = '?`**'; Means = @('a*') }
        @{ Typed = '*`]'; Means = 'a[b]', 'a]' }
        @{ Typed = '[[]*'; Means = @() }
        @{ Typed = '?[[]*'; Means = 'a[b]', 'a[' }
        # Nothing.
        @{ Typed = 'x*'; Means = @() }
        @{ Typed = 'eth[a-c]'; Means = @() }
        @{ Typed = 'abcd'; Means = @(); IsName = $true }
        @{ Typed = 'x`*'; Means = @(); IsName = $true }
        @{ Typed = 'x['; Means = @(); IsName = $true }
        @{ Typed = ']'; Means = @(); IsName = $true }
    )
}

Describe 'Names of RDMA devices' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:before = $env:XTRACE_SYSFS_ROOT
        $script:tree = [XTrace.Testbed.SysfsTree]::new()
        $env:XTRACE_SYSFS_ROOT = $tree.Root
        $function = 0
        foreach ($name in 'ab', 'AB', 'abc', 'a*', 'a?', 'a[b]', 'a[', 'a]', 'b`c', 'eth7') {
            Add-RdmaDevice $tree $name "0000:3b:00.$function"
            $function++
        }
    }

    AfterAll {
        $env:XTRACE_SYSFS_ROOT = $before
        $tree.Dispose()
    }

    It '<typed> means <means>' -ForEach $cases {
        foreach ($command in 'Get-RdmaDevice', 'Get-RdmaCounter') {
            $output = & $command $typed -ErrorAction SilentlyContinue -ErrorVariable failure
            $meant = $output.Device | Where-Object { $_ } | Sort-Object -CaseSensitive -Unique
            $meant -join ' ' | Should -BeExactly (($means | Sort-Object -CaseSensitive) -join ' ') -Because $command
            @($failure.FullyQualifiedErrorId) -like 'RdmaDeviceNotFound,*' | Should -HaveCount ([int] [bool] $isName)
        }
    }

    It 'of counters: <typed> means <means>' -ForEach @(
        @{ Typed = 'np_cnp_sent'; Means = 'np_cnp_sent' }
        @{ Typed = 'NP_CNP_SENT'; Means = 'np_cnp_sent' }
        @{ Typed = 'NP_*'; Means = 'np_cnp_sent' }
        @{ Typed = 'port_[rx]*_data'; Means = 'port_rcv_data', 'port_xmit_data' }
        @{ Typed = 'np`_cnp_sent'; Means = 'np_cnp_sent' }
        @{ Typed = 'np`*'; Means = @(); IsName = $true }
        @{ Typed = 'np['; Means = @(); IsName = $true }
        @{ Typed = 'nosuch*'; Means = @() }
    ) {
        $counters = Get-RdmaCounter abc -Name $typed -ErrorAction SilentlyContinue -ErrorVariable failure
        ($counters.Name | Sort-Object) -join ' ' | Should -BeExactly ($means -join ' ')
        @($failure.FullyQualifiedErrorId) -like 'RdmaCounterNotFound,*' | Should -HaveCount ([int] [bool] $isName)
    }
}

Describe 'Names of interfaces and monitors' -Tag Privileged, Slow -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        # Unlike @{}, it tells ab from AB.
        $script:results = [hashtable]::new()
    }

    Context 'in a namespace where all are called so' -ForEach @{ Cases = $cases; Names = $names } {
        BeforeAll {
            $namespace = [XTrace.Testbed.NetNamespace]::new("xt-names-$PID")
            try {
                for ($i = 0; $i -lt $names.Count; $i++) {
                    ip -n $namespace.Name link add $names[$i] type veth peer name "peer$i"
                }
                # One pwsh there tries all: every interface gets a monitor, then each name is asked for.
                ConvertTo-Json $cases.Typed | Set-Content "$TestDrive/typed.json"
                $json = Invoke-Pwsh @"
`$null = Start-XdpMonitor * -MaxFlow 64
`$all = foreach (`$typed in Get-Content '$TestDrive/typed.json' -Raw | ConvertFrom-Json) {
    `$monitors = Get-XdpMonitor -InterfaceAlias `$typed -ErrorAction SilentlyContinue -ErrorVariable noMonitor
    # Each has a monitor already: the error says which interface was meant.
    `$null = Start-XdpMonitor -InterfaceAlias `$typed -ErrorAction SilentlyContinue -ErrorVariable refused
    `$exists, `$noInterface = `$refused.Where({ `$_.FullyQualifiedErrorId -like 'MonitorExists,*' }, 'Split')
    @{
        Typed = `$typed
        Meant = @(`$monitors.InterfaceAlias), @(`$exists.TargetObject)
        Failures = @(`$noMonitor.FullyQualifiedErrorId), @(`$noInterface.FullyQualifiedErrorId)
    }
}
Get-XdpMonitor | Stop-XdpMonitor
ConvertTo-Json `$all -Depth 4
"@ 'nsenter', "--net=/run/netns/$($namespace.Name)"
                foreach ($result in $json | ConvertFrom-Json) {
                    $results[$result.Typed] = $result
                }
            } finally {
                $namespace.Dispose()
            }
        }

        It '<typed> means <means>' -ForEach $cases {
            $result = $results[$typed]
            $result | Should -Not -BeNullOrEmpty
            foreach ($meant in $result.Meant) {
                # The namespace has other ends of these as well, and its loopback interface.
                ($meant | Where-Object { $_ -and $_ -notmatch '^(lo|peer\d)$' } | Sort-Object -CaseSensitive) -join ' ' |
                    Should -BeExactly (($means | Sort-Object -CaseSensitive) -join ' ')
            }
            @($result.Failures) -match '^(Monitor|Interface)NotFound,' | Should -HaveCount (2 * [bool] $isName)
        }
    }
}

# What the cmdlets say: in Chinese with a Chinese locale, and more with -Verbose.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Messages' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:hook = @{ C = $tc -eq 'Tcx' ? 'TCX' : 'a clsact filter'; zh_CN = $tc -eq 'Tcx' ? 'TCX' : 'clsact 过滤器' }

        # The lines that a pwsh of some locale says, errors as their messages.
        function Read-Said([string] $Locale, [string] $Command) {
            Invoke-Pwsh "& { $Command } 4>&1 3>&1 2>&1 | ForEach-Object { `"`$_`" }" env, "LC_ALL=$Locale.UTF-8"
        }
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
    }

    AfterEach {
        Clear-Monitor
        $veth.Dispose()
    }

    It 'are Chinese with <locale>' -ForEach @{ Locale = 'zh_CN' }, @{ Locale = 'zh_TW' } {
        $said = Read-Said $locale ("Get-FlowStat nosuch; Start-XdpMonitor $interface -MaxFlow 4; Stop-XdpMonitor nosuch; " +
            "Start-XdpMonitor $interface -AttachMode Native -Direction Egress")
        $said | Should -HaveCount 4
        $said[0] | Should -BeLike '没有网络接口“nosuch”。现有接口：lo, *'
        $said[1] | Should -Be '流表容量不能是 4。请给出 8 到 8388608 之间的数，例如 65536。'
        $said[2] | Should -BeLike '没有网络接口“nosuch”，也没有任何监控。现有接口：lo, *'
        $said[3] | Should -Be "XDP 只能看到到达 $interface 的帧，看不到离开的帧。egress 请使用挂载模式 Tc 或 Auto。"
    }

    It 'are Chinese about filters' {
        $command = "try { Start-XdpMonitor $interface -Filter @{ Port = 'http' } } catch { `$_.Exception.InnerException.Message }"
        $said = Read-Said zh_CN $command
        $said | Should -Be '过滤器的 Port 不能是“http”：请使用 0 到 65535 之间的数。'
    }

    It 'are English elsewhere: <_>' -ForEach 'C', 'en_US', 'de_DE' {
        Read-Said $_ 'Get-FlowStat nosuch' | Should -BeLike "There is no network interface 'nosuch'. There are: lo, *"
    }

    It 'name cmdlets and their parameters, in both languages' {
        $null = Start-XdpMonitor $interface
        Read-Said C "Start-XdpMonitor $interface" |
            Should -BeLike "$interface has had a monitor for Ingress since *. Read it with Get-FlowStat, or restart it with -Force."
        Read-Said zh_CN "Start-XdpMonitor $interface" | Should -BeLike "$interface 自 * 起已有 Ingress 方向的监控。用 Get-FlowStat 读取，或用 -Force 重新启动。"
    }

    It 'say with -Verbose what is watched and how: <locale>' -ForEach @(
        @{
            Locale = 'C'
            Said = @(
                '{0}: veth is virtual, and native XDP would slow down its traffic. TC comes first.'
                'A table for 1000 flows takes * KiB: * slots on each of * CPUs.'
                '{0}: attached to {1}, Ingress.'
                'Watching {0} on {1}, Ingress.'
            )
        }
        @{
            Locale = 'zh_CN'
            Said = @(
                '{0}：veth 是虚拟接口，native XDP 会拖慢其流量，因此优先使用 TC。'
                '容纳 1000 个流的表占用 * KiB：* 个 CPU，每个 * 个槽位。'
                '{0}：已挂载到 {1}，Ingress。'
                '正在监控 {0}：{1}，Ingress。'
            )
        }
    ) {
        $lines = Read-Said $locale "Get-FlowStat $interface -MaxFlow 1000 -SampleInterval 0.1 -Verbose"
        $lines | Should -HaveCount $said.Count
        for ($i = 0; $i -lt $said.Count; $i++) {
            $lines[$i] | Should -BeLike ($said[$i] -f $interface, $hook[$locale])
        }
        # Without it nothing is said.
        Read-Said $locale "Get-FlowStat $interface -MaxFlow 1000 -SampleInterval 0.1" | Should -BeNullOrEmpty
    }
}

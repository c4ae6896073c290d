# The live view in a pwsh that somebody types into: a tmux server for each test, since one that is ending still takes commands.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'Watch-FlowStat' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"

        function Invoke-Tmux {
            tmux -u -L $server -f /dev/null @args
        }

        function Wait-Screen([string] $Pattern) {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            while (($screen = (Invoke-Tmux capture-pane -p) -join "`n") -notmatch $Pattern) {
                if ($clock.Elapsed.TotalSeconds -gt 60) {
                    throw "Not seen: $Pattern`n$screen"
                }
                Start-Sleep -Milliseconds 100
            }
            $screen
        }

        function Send-Key {
            Invoke-Tmux send-keys @args
        }

        # The terminal's state: the screen, cursor, autowrap, mouse; and its settings.
        function Get-TerminalState {
            $tty = Invoke-Tmux display-message -p '#{pane_tty}'
            (Invoke-Tmux display-message -p '#{alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_any_flag} #{keypad_flag}'),
                (stty -g -F $tty)
        }
    }

    BeforeEach {
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:server = "xtrace-pester-$PID-$([guid]::NewGuid())"
        env -u NO_COLOR LANG=C.UTF-8 TERM=xterm-256color tmux -u -L $server -f /dev/null new-session -d -x 100 -y 30 `
            'pwsh -NoProfile -NoLogo'
        $null = Wait-Screen '(?m)^PS .*> *$'
        Send-Key "function prompt { 'ready> ' }; Import-Module '$module'; Clear-Host" Enter
        $null = Wait-Screen '(?m)\Aready> *$'
        $script:before = Get-TerminalState
    }

    AfterEach {
        Invoke-Tmux kill-server
        $veth.Dispose()
    }

    It 'shows flows until <key>, and PSReadLine goes on' -ForEach @{ Key = 'q'; Goes = $true }, @{ Key = 'C-c'; Goes = $false } {
        Send-Key "Watch-FlowStat xtw$PID-* -SampleInterval 0.5; 'went', 'on' -join ' '" Enter
        $null = Wait-Screen 'Flows: 0, conversations: 0'
        (Get-TerminalState)[0] | Should -BeLike '1 0 1 0 *'
        $veth.Send((Frame Udp4 10.1.1.1 1000 10.2.2.2 2000 100), 3)
        Wait-Screen '(?m)^10\.2\.2\.2:2000 +10\.1\.1\.1:1000 +UDP' | Should -Match "In .*bit/s"
        Send-Key 'Tab'
        $null = Wait-Screen '(?m)\AXTrace RDMA ports'
        Send-Key $key
        $null = Wait-Screen '(?m)^ready> *\z|ready> *$'
        (Get-TerminalState)[0] | Should -Be $before[0]
        # As at a prompt before: PSReadLine has the terminal again.
        $clock = [Diagnostics.Stopwatch]::StartNew()
        while ((Get-TerminalState)[1] -ne $before[1] -and $clock.Elapsed.TotalSeconds -lt 20) {
            Start-Sleep -Milliseconds 100
        }
        (Get-TerminalState)[1] | Should -Be $before[1]
        ((Invoke-Tmux capture-pane -p) -join "`n") -match 'went on' | Should -Be $goes
        # A key of PSReadLine's own: back to the start of the line.
        Send-Key '40 + 2' C-a '(' C-e ') * 10' Enter
        $null = Wait-Screen '(?m)^420$'
        Test-Attached $veth.Interface | Should -BeFalse
    }

    It 'leaves a monitor running that it reads, and writes errors when it ends' {
        $null = Start-XdpMonitor $veth.Interface -Direction Both
        $watch = "Watch-FlowStat $($veth.Interface), nosuch0 -SampleInterval 0.5 -ErrorVariable failure"
        Send-Key "$watch; `$failure.FullyQualifiedErrorId" Enter
        $null = Wait-Screen 'Flows: 0, conversations: 0'
        Send-Key q
        $null = Wait-Screen "There is no network interface 'nosuch0'"
        $null = Wait-Screen '(?m)^InterfaceNotFound,XTrace\.PowerShell\.WatchFlowStatCommand$'
        Test-Attached $veth.Interface | Should -BeTrue
        Clear-Monitor
    }

    It 'restores the terminal when pwsh is ended by <_>' -ForEach 'TERM', 'HUP', 'KILL', 'QUIT' {
        # Around it a shell that sets nothing of the terminal itself.
        $command = "before=`$(stty -g); pwsh -NoProfile -NoLogo -Command ""Import-Module '$module'; Watch-FlowStat $($veth.Interface)""; " +
            'until [ "$(stty -g)" = "$before" ]; do sleep 0.1; done; echo restored; cat'
        Invoke-Tmux respawn-pane -k $command
        $null = Wait-Screen 'Flows: 0, conversations: 0'
        # The last but the view's guard: a script may have started pwsh.
        $process = Invoke-Tmux display-message -p '#{pane_pid}'
        while (($child = "$(Get-Content "/proc/$process/task/$process/children")".Split(' ')[0]) -and
            (Get-Content "/proc/$child/comm") -ne 'sh') {
            $process = $child
        }
        kill "-$_" $process
        $null = Wait-Screen '(?m)^restored$'
        (Get-TerminalState)[0] | Should -BeLike '0 1 1 0 *'
    }

    It 'says what to use where there is no terminal: <where>' -ForEach @(
        @{ Where = 'redirected output'; Command = "Watch-FlowStat {0}" }
        @{ Where = 'a job'; Command = "Start-ThreadJob {{ Import-Module '{1}'; Watch-FlowStat {0} }} | Receive-Job -Wait" }
    ) {
        $watch = ($command -f $veth.Interface, $module) + ' 2>&1 | ForEach-Object { $_.FullyQualifiedErrorId; "$_" }'
        $said = Invoke-Pwsh $watch 'env', 'LC_ALL=C.UTF-8'
        $said[0] | Should -Be 'NoTerminal,XTrace.PowerShell.WatchFlowStatCommand'
        $said[1] | Should -BeLike 'The live view *Get-FlowStat -Continuous.'
    }

    It 'says in a job of a terminal that the terminal is not its own' {
        $job = "Start-ThreadJob { Import-Module '$module'; Watch-FlowStat $($veth.Interface) }"
        Send-Key "($job | Receive-Job -Wait 2>&1).FullyQualifiedErrorId" Enter
        $null = Wait-Screen '(?m)^NoTerminal,XTrace\.PowerShell\.WatchFlowStatCommand$'
    }

    It 'speaks Chinese with a Chinese UI culture' {
        Send-Key "[cultureinfo]::CurrentUICulture = 'zh-CN'; Watch-FlowStat $($veth.Interface)" Enter
        $null = Wait-Screen '(?m)^本端 +对端'
        Send-Key q
    }
}

# What the documents say is so: their commands run, their tables are those of the program, their links lead somewhere.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    . "$PSScriptRoot/Documents.ps1"
    $root = "$PSScriptRoot/../.."
    $script:pairs = @(Get-DocumentPair $root)
    $script:english = @($pairs.English)
    $script:documents = $english + $pairs.Chinese + 'CONTRIBUTING.md', 'CHANGELOG.md'
    # The Chinese documents have the English ones' commands (a test); what a console shows is in another language.
    $script:commands = @($english + 'CONTRIBUTING.md' | ForEach-Object { Get-DocumentCommand "$root/$_" }) +
        @($pairs.Chinese | ForEach-Object { Get-DocumentCommand "$root/$_" } | Where-Object IsShown)
}

Describe 'The documents' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        . "$PSScriptRoot/Documents.ps1"

        # The rows of the first table under a heading (or of the first table with a word in its head): cells.
        function Get-Table([string] $Document, [string] $Head) {
            $lines = Get-Content "$repository/$Document"
            $start = 0..($lines.Count - 1) | Where-Object { $lines[$_] -match "^\| $Head \|" } | Select-Object -First 1
            for ($i = $start + 2; $lines[$i] -like '|*'; $i++) {
                , @(($lines[$i].Trim('|') -split '(?<!\\)\|').Trim())
            }
        }

        # What GitHub makes of a heading.
        function Get-Anchor([string] $Heading) {
            ($Heading -replace '^#+ ').ToLowerInvariant() -replace '[^\p{L}\p{Nd}_ -]' -replace ' ', '-'
        }

        function Get-Heading([string] $Document) {
            $isCode = $false
            foreach ($line in Get-Content "$repository/$Document") {
                $isCode = $line -like '``````*' ? -not $isCode : $isCode
                if (-not $isCode -and $line -match '^#+ ') {
                    $line
                }
            }
        }
    }

    It '<_> leads where its links say' -ForEach $documents {
        $text = (Get-Content "$repository/$_" -Raw) -replace '(?s)```.*?```'
        foreach ($link in [regex]::Matches($text, '\]\(([^)\s]+)\)').ForEach{ $_.Groups[1].Value }) {
            $path, $anchor = $link -split '#', 2
            if ($path -notmatch '^https?://') {
                $target = $path ? [IO.Path]::Combine([IO.Path]::GetDirectoryName($_), $path) : $_
                Test-Path "$repository/$target" | Should -BeTrue -Because $link
                if ($anchor) {
                    Get-Heading $target | ForEach-Object { Get-Anchor $_ } | Should -Contain $anchor -Because $link
                }
            }
        }
    }

    It '<_> names its blocks'' languages' -ForEach $documents {
        $known = 'bash', 'bash docker', 'powershell', 'console', 'console elsewhere', 'text'
        (Get-Block "$repository/$_").Info | Where-Object { $_ -notin $known } | Should -BeNullOrEmpty
    }

    It '<chinese> has the structure of <english>' -ForEach $pairs {
        $levels = { Get-Heading $args[0] | ForEach-Object { $_ -replace '^(#+ (Q\d)?).*', '$1' } }
        & $levels $chinese | Should -Be (& $levels $english)
    }

    It '<chinese> has the code of <english>' -ForEach $pairs {
        $code = {
            foreach ($block in Get-Block "$repository/$($args[0])") {
                $block.Info
                $block.Info -eq 'console' ? ($block.Lines -match '^(\$|PS>) ') : ($block.Lines | Select-Code)
            }
        }
        & $code $chinese | Should -Be (& $code $english)
    }

    It '<chinese> has the tables, links and numbers of <english>' -ForEach $pairs {
        $facts = {
            foreach ($line in Get-Content "$repository/$($args[0])") {
                if ($line -like '|*') {
                    # In a row the order of words is the language's.
                    ([regex]::Matches($line, '`[^`]+`|(?<=\]\()[^)]+|\d[\d.,]*').Value |
                        ForEach-Object { "$_".TrimEnd(',') -replace 'zh-CN/|(?<=\.\./)\.\./' } |
                        Where-Object { $_ -match '[`\d./]' } | Sort-Object -CaseSensitive) -join ' '
                }
            }
        }
        & $facts $chinese | Should -Be (& $facts $english)
    }

    It '<_> fits on few screens' -ForEach 'README.md', 'README_CN.md' {
        (Get-Content "$repository/$_").Count | Should -BeLessThan 200
    }

    It '<document> leads to each page in <folder> once, and each page is there' -ForEach @(
        @{ Document = 'README.md'; Folder = 'docs' }
        @{ Document = 'README_CN.md'; Folder = 'docs/zh-CN' }
    ) {
        $links = [regex]::Matches((Get-Content "$repository/$document" -Raw), '\]\((docs/[^)#]+\.md)').ForEach{ $_.Groups[1].Value }
        $links | Sort-Object | Should -Be ((Get-ChildItem "$repository/$folder/*.md").ForEach{ "$folder/$($_.Name)" } | Sort-Object)
    }

    It 'the options of <document> are those of --help' -ForEach @(
        @{ Document = 'docs/command-line.md'; Program = 'xtrace-catch' }
        @{ Document = 'docs/zh-CN/command-line.md'; Program = 'xtrace-catch' }
        @{ Document = 'docs/exporter.md'; Program = 'xtrace-exporter' }
        @{ Document = 'docs/zh-CN/exporter.md'; Program = 'xtrace-exporter' }
    ) {
        $help = & "$repository/out/$program" --help
        $options = $help | ForEach-Object { if ($_ -match '^  (--?[\w-]+(, --?[\w-]+)*)') { $Matches[1] } }
        $options.Count | Should -BeGreaterThan 8
        Get-Table $document "($([char] 0x9009)$([char] 0x9879)|option)" | ForEach-Object { $_[0] -replace '`' } | Sort-Object |
            Should -Be ($options | Sort-Object)
    }

    It 'the cmdlets of <_>, and their parameters, are those of the module' -ForEach 'docs/cmdlets.md', 'docs/zh-CN/cmdlets.md' {
        $rows = Get-Table $_ 'cmdlet'
        $rows | ForEach-Object { $_[0] -replace '`' } | Sort-Object | Should -Be ((Get-Module XTrace).ExportedCmdlets.Keys | Sort-Object)
        foreach ($row in $rows) {
            $command = Get-Command ($row[0] -replace '`')
            $common = [Management.Automation.Cmdlet]::CommonParameters + 'WhatIf', 'Confirm'
            $own = $command.Parameters.Keys | Where-Object { $_ -notin $common }
            [regex]::Matches($row[2], '`-(\w+)`').ForEach{ $_.Groups[1].Value } | Sort-Object | Should -Be ($own | Sort-Object)
        }
    }

    It 'the commands of <_> are called by their names: sort and ls are other programs on Linux' -ForEach @(
        $documents
        foreach ($language in 'en-US', 'zh-CN') {
            foreach ($file in Get-ChildItem "$PSScriptRoot/../../$language" -Name) { "$language/$file" }
        }
    ) {
        $code = switch -Wildcard ($_) {
            '*.md' {
                Get-Block "$repository/$_" | Where-Object Info -EQ powershell | ForEach-Object { $_.Lines -join "`n" }
                Get-DocumentCommand "$repository/$_" | Where-Object { $_.IsShown -and $_.Language -eq 'powershell' } |
                    ForEach-Object Command
            }
            '*.xml' { ([xml] (Get-Content "$repository/$_" -Raw)).GetElementsByTagName('dev:code').InnerText }
            # In these topics code is what is indented further and begins with a cmdlet or a variable.
            '*.txt' { (Get-Content "$repository/$_") -match '^ {8,}(\$\w|[A-Z][a-z]+-[A-Z])' -notmatch '\.$' }
        }
        foreach ($one in $code) {
            $tree = [Management.Automation.Language.Parser]::ParseInput($one, [ref] $null, [ref] $null)
            foreach ($command in $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
                $name = $command.GetCommandName()
                if ($name -and $name -notlike './*') {
                    (Get-Command $name -ErrorAction Stop).CommandType | Should -BeIn Cmdlet, Function -Because $one
                }
            }
        }
    }

    It 'what <_> shows of another machine is what cmdlets emit' -ForEach 'README.md', 'README_CN.md' {
        $sessions = @(Get-Block "$repository/$_" | Where-Object Info -EQ 'console elsewhere' | ForEach-Object { Get-Session $_.Lines })
        $sessions | Should -Not -BeNullOrEmpty
        foreach ($session in $sessions) {
            $tree = [Management.Automation.Language.Parser]::ParseInput($session.Command, [ref] $null, [ref] $null)
            $calls = @($tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true))
            foreach ($call in $calls) {
                $binding = [Management.Automation.Language.StaticParameterBinder]::BindCommand($call)
                $binding.BindingExceptions.Keys | Should -BeNullOrEmpty -Because $session.Command
            }
            # The line above the dashes names properties.
            $dashes = [array]::FindIndex([string[]] $session.Shown, [Predicate[string]] { $args[0] -match '^-+( +-+)+$' })
            $dashes | Should -BeGreaterThan 0
            $properties = (Get-Command $calls[0].GetCommandName()).OutputType.Type.GetProperties().Name
            $session.Shown[$dashes - 1].Trim() -split '\s+' | Where-Object { $_ -notin $properties } | Should -BeNullOrEmpty
        }
    }

    It 'what needs Docker are targets of make' {
        $targets = (Get-Content "$repository/Makefile") -match '^[a-z-]+:' -replace ':.*'
        $blocks = Get-Block "$repository/docs/containers.md" | Where-Object Info -EQ 'bash docker'
        $blocks | Should -Not -BeNullOrEmpty
        foreach ($block in $blocks) {
            foreach ($line in $block.Lines | Select-Code | Where-Object { $_ }) {
                $line | Should -Match '^make docker-'
                $line.Split()[1] | Should -BeIn $targets
            }
        }
    }

    It 'the changelog has the version of the module' {
        Get-Heading CHANGELOG.md | Should -Contain "## [$((Get-Module XTrace).Version)]"
    }

    Context 'followed by a reader' -Tag Privileged, Slow, Machine -Skip:$unprivileged {
        BeforeAll {
            $veth = [XTrace.Testbed.VethPair]::new()
            $veth.AddAddresses()
            ip -n $veth.Namespace link set $veth.Interface name eth0
            # dotnet test talks to its host over it.
            ip -n $veth.Namespace link set lo up
            $tree = [XTrace.Testbed.SysfsTree]::new()
            Add-RdmaDevice $tree mlx5_0
            Add-RdmaDevice $tree mlx5_1 0000:3b:00.1 eth1
            $tree.Write('devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0/ports/1/counters/symbol_error', '3')
            $tree.Write('devices/pci0000:3b/0000:3b:00.0/infiniband/mlx5_0/ports/1/hw_counters/packet_seq_err', '0')
            $before = $env:XTRACE_SYSFS_ROOT
            $env:XTRACE_SYSFS_ROOT = $tree.Root

            # What soft-RoCE counted while packets were lost.
            tar -xJf "$repository/tests/XTrace.Core.Tests/Fixtures/rdma/rxe-7.3-loss.tar.xz" -C $tree.Root --strip-components 2 ./sys

            # More than a megabyte a second, of each kind that a command asks for or a table shows; who has the address is answered.
            $bulk = Frame Tcp4 10.7.7.2 443 10.7.7.1 4000 1400
            $others = (Frame RoceV2 10.7.7.2 49152 10.7.7.1 17 10 100), (Frame Udp4 10.7.7.2 53 10.7.7.1 5353 50),
                (Frame Arp 10.7.7.2 10.7.7.1),
                (Frame Icmp4 10.7.7.2 10.7.7.1 8 0 56),
                # A connection that is asked for and one that is reset: byte 47 has the flags.
                [XTrace.Testbed.Frames]::With((Frame Tcp4 10.7.7.2 50000 10.7.7.1 81), 47, 0x02),
                [XTrace.Testbed.Frames]::With((Frame Tcp4 10.7.7.2 50001 10.7.7.1 81), 47, 0x14)
            $script:results = @{}
            # A reader's machine each: what one document installs or starts, those behind it find.
            $pairs = @(Get-DocumentPair $repository)
            $machines = @(
                @{ Name = 'english'; Documents = $pairs.English; Locale = 'C.UTF-8' }
                @{ Name = 'contributing'; Documents = 'CONTRIBUTING.md'; Locale = 'C.UTF-8' }
                @{ Name = 'chinese'; Documents = $pairs.Chinese; Locale = 'zh_CN.UTF-8' }
            )
            try {
                foreach ($machine in $machines) {
                    $own = "$TestDrive/$($machine.Name)"
                    $words = "--net=/run/netns/$($veth.Namespace)", 'unshare', '--mount', "$PSScriptRoot/own-machine.sh", $own,
                        'pwsh', '-NoProfile', '-NonInteractive', '-File', "$PSScriptRoot/run-document.ps1",
                        ($machine.Documents -join ','), '/var/log/result.json'
                    $process = Start-Process nsenter $words -PassThru -Environment @{
                        LANG = $machine.Locale
                        USER = 'root'
                        NO_COLOR = '1'
                    } -RedirectStandardOutput "$TestDrive/out" -RedirectStandardError "$TestDrive/err"
                    while (-not $process.WaitForExit(100)) {
                        $veth.Send($bulk, 300)
                        $others | ForEach-Object { $veth.Send($_) }
                    }
                    "$(Get-Content "$TestDrive/err")" | Should -BeNullOrEmpty
                    $results += Get-Content "$own/log/result.json" -Raw | ConvertFrom-Json -AsHashtable
                }
            } finally {
                $env:XTRACE_SYSFS_ROOT = $before
                $tree.Dispose()
                $veth.Dispose()
            }
        }

        It '<document>: <command>' -ForEach $commands {
            $result = $results[$document][$number]
            $because = "$($result.Output)`n$($result.Errors)"
            # make says that a target was interrupted.
            $result.ExitCode | Should -BeIn ($command -like 'make run*' ? @(0, 2) : @(0)) -Because $because
            if ($language -eq 'powershell') {
                $result.Errors | Should -BeNullOrEmpty
                if ($command -notmatch '^(Import-Module|Stop-XdpMonitor|\./)|Export-Csv|-ProcessName|RetransmittedPackets') {
                    $result.Count | Should -BeGreaterThan 0
                }
            }
            # What a console shows, with other numbers and their units.
            foreach ($line in $shown) {
                $pattern = [regex]::Escape($line.TrimEnd()) -replace '^\\\*', '[* ]' -replace '(\\?[ ])+', '\s+' -replace
                    '\d+(\\\.\d+)*', '[\d.]+' -replace '^XDP', '(XDP|TC)' -replace
                    '(?<=\+)[KMG]?i?B(?=\\|$)', '[KMG]?i?B' -replace '[kMG]bit/s', '[kMG]?bit/s'
                ($result.Output -split '\r?\n').TrimEnd() -match "^$pattern$" |
                    Should -Not -BeNullOrEmpty -Because "'$line' is shown, and it says: $because"
            }
        }
    }
}

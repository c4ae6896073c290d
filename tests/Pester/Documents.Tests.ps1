# What the documents say is so: their commands run, their tables are those of the program, their links lead somewhere.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    . "$PSScriptRoot/Documents.ps1"
    $root = "$PSScriptRoot/../.."
    $script:documents = 'README.md', 'README_CN.md', 'CONTRIBUTING.md', 'CHANGELOG.md'
    # The Chinese README has the English one's commands (a test); what a console shows is in another language.
    $script:commands = @(Get-DocumentCommand "$root/README.md") + @(Get-DocumentCommand "$root/CONTRIBUTING.md") +
        @(Get-DocumentCommand "$root/README_CN.md" | Where-Object Language -EQ console)
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
                Test-Path ($path ? "$repository/$path" : "$repository/$_") | Should -BeTrue -Because $link
                if ($anchor) {
                    Get-Heading ($path ? $path : $_) | ForEach-Object { Get-Anchor $_ } | Should -Contain $anchor -Because $link
                }
            }
        }
    }

    It '<_> names its blocks'' languages' -ForEach $documents {
        (Get-Block "$repository/$_").Info | Where-Object { $_ -notin 'bash', 'bash docker', 'powershell', 'console' } | Should -BeNullOrEmpty
    }

    It 'the READMEs have the same structure' {
        $levels = { Get-Heading $args[0] | ForEach-Object { $_ -replace '^(#+ (Q\d)?).*', '$1' } }
        & $levels README_CN.md | Should -Be (& $levels README.md)
    }

    It 'the READMEs have the same code' {
        $code = {
            foreach ($block in Get-Block "$repository/$($args[0])") {
                $block.Info
                $block.Info -eq 'console' ? ($block.Lines -match '^\$ ') : ($block.Lines | Select-Code)
            }
        }
        & $code README_CN.md | Should -Be (& $code README.md)
    }

    It 'the READMEs have the same tables, links and numbers' {
        $facts = {
            foreach ($line in Get-Content "$repository/$($args[0])") {
                if ($line -like '|*') {
                    # In a row the order of words is the language's.
                    ([regex]::Matches($line, '`[^`]+`|(?<=\()[^)]+(?=\))|\d[\d.,]*').Value | ForEach-Object { "$_".TrimEnd(',') } | Where-Object { $_ -match '[`\d./]' } | Sort-Object -CaseSensitive) -join ' '
                }
            }
        }
        & $facts README_CN.md | Should -Be (& $facts README.md)
    }

    It 'the options of <_> are those of --help' -ForEach 'README.md', 'README_CN.md' {
        $help = & "$repository/out/xtrace-catch" --help
        $options = $help | ForEach-Object { if ($_ -match '^  (--?[\w-]+(, --?[\w-]+)*)') { $Matches[1] } }
        $options.Count | Should -BeGreaterThan 8
        Get-Table $_ "($([char] 0x9009)$([char] 0x9879)|option)" | ForEach-Object { $_[0] -replace '`' } | Sort-Object | Should -Be ($options | Sort-Object)
    }

    It 'the cmdlets of <_>, and their parameters, are those of the module' -ForEach 'README.md', 'README_CN.md' {
        $rows = Get-Table $_ 'cmdlet'
        $rows | ForEach-Object { $_[0] -replace '`' } | Sort-Object | Should -Be ((Get-Module XTrace).ExportedCmdlets.Keys | Sort-Object)
        foreach ($row in $rows) {
            $command = Get-Command ($row[0] -replace '`')
            $own = $command.Parameters.Keys | Where-Object { $_ -notin [Management.Automation.Cmdlet]::CommonParameters + 'WhatIf', 'Confirm' }
            [regex]::Matches($row[1], '`-(\w+)`').ForEach{ $_.Groups[1].Value } | Sort-Object | Should -Be ($own | Sort-Object)
        }
    }

    It 'the commands of <_> are called by their names: sort and ls are other programs on Linux' -ForEach @(
        'README.md', 'README_CN.md', 'CONTRIBUTING.md'
        foreach ($language in 'en-US', 'zh-CN') {
            foreach ($file in Get-ChildItem "$PSScriptRoot/../../$language" -Name) { "$language/$file" }
        }
    ) {
        $code = switch -Wildcard ($_) {
            '*.md' { Get-Block "$repository/$_" | Where-Object Info -EQ powershell | ForEach-Object { $_.Lines -join "`n" } }
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

    It 'what needs Docker are targets of make' {
        $targets = (Get-Content "$repository/Makefile") -match '^[a-z-]+:' -replace ':.*'
        foreach ($block in Get-Block "$repository/README.md" | Where-Object Info -EQ 'bash docker') {
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

            # More than a megabyte a second, of each kind that a command asks for; who has the address is answered.
            $bulk = Frame Tcp4 10.7.7.2 443 10.7.7.1 4000 1400
            $others = (Frame RoceV2 10.7.7.2 49152 10.7.7.1 17 10 100), (Frame Udp4 10.7.7.2 53 10.7.7.1 5353 50), (Frame Arp 10.7.7.2 10.7.7.1)
            $script:results = @{}
            try {
                foreach ($document in 'README.md', 'CONTRIBUTING.md', 'README_CN.md') {
                    $own = "$TestDrive/$document"
                    $result = "/var/log/result.json"
                    $process = Start-Process nsenter "--net=/run/netns/$($veth.Namespace)", 'unshare', '--mount', "$PSScriptRoot/own-machine.sh", $own,
                        'pwsh', '-NoProfile', '-NonInteractive', '-File', "$PSScriptRoot/run-document.ps1", "$repository/$document", $result -PassThru -Environment @{
                        LANG = $document -eq 'README_CN.md' ? 'zh_CN.UTF-8' : 'C.UTF-8'
                        USER = 'root'
                        NO_COLOR = '1'
                    } -RedirectStandardOutput "$TestDrive/out" -RedirectStandardError "$TestDrive/err"
                    while (-not $process.WaitForExit(100)) {
                        $veth.Send($bulk, 300)
                        $others | ForEach-Object { $veth.Send($_) }
                    }
                    $results[$document] = Get-Content "$own/log/result.json" -Raw -ErrorAction Ignore | ConvertFrom-Json
                    "$(Get-Content "$TestDrive/err")" | Should -BeNullOrEmpty
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
                if ($command -notmatch '^(Import-Module|Stop-XdpMonitor|\./)|Export-Csv') {
                    $result.Count | Should -BeGreaterThan 0
                }
            }
            # What a console shows, with other numbers.
            foreach ($line in $shown) {
                $pattern = [regex]::Escape($line) -replace '^\\\*', '[* ]' -replace '(\\?[ ])+', '\s+' -replace '\d+(\\\.\d+)*', '[\d.]+' -replace '^XDP', '(XDP|TC)'
                $result.Output -split '\r?\n' -match "^$pattern$" | Should -Not -BeNullOrEmpty -Because "'$line' is shown, and it says: $because"
            }
        }
    }
}

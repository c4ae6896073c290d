# Sentences that are read once: short ones in English, one term for one thing in Chinese, and the same structure in both.
BeforeDiscovery {
    . "$PSScriptRoot/Documents.ps1"
    $root = "$PSScriptRoot/../.."
    $script:pairs = @(Get-DocumentPair $root)
    $topics = (Get-ChildItem "$root/en-US/about_*.help.txt").Name
    $script:topicPairs = @($topics | ForEach-Object { @{ English = "en-US/$_"; Chinese = "zh-CN/$_" } })
    $script:english = @($pairs.English) + $topicPairs.English + 'en-US/XTrace.PowerShell.dll-Help.xml',
        'XTrace.Cli/xtrace-catch.1', 'XTrace.Exporter/xtrace-exporter.1'
    $script:chinese = @($pairs.Chinese) + $topicPairs.Chinese + 'zh-CN/XTrace.PowerShell.dll-Help.xml'
    # The report of the modes rdma and nccl is that of the tool that XTrace succeeds, to the letter: scripts read it.
    $folders = 'Core', 'Programs', 'Cli', 'Exporter', 'PowerShell' | ForEach-Object { "$root/XTrace.$_" }
    $script:messages = Get-ChildItem $folders -Recurse -Include *.cs, *.rules | Where-Object FullName -NotMatch '/(bin|obj)/|RdmaLabels' |
        Where-Object { (Get-Content $_ -Raw) -match '\p{IsCJKUnifiedIdeographs}' } |
        ForEach-Object { [IO.Path]::GetRelativePath((Resolve-Path $root), $_) }
}

BeforeAll {
    . "$PSScriptRoot/Documents.ps1"
    . "$PSScriptRoot/Prose.ps1"
    $script:repository = (Resolve-Path "$PSScriptRoot/../..").Path

    # Chinese lines, each with its number; code is x. In Markdown that is what stands in backticks, in a topic what is indented further.
    function Get-ChineseLine([string] $Path) {
        $isCode = $false
        $number = 0
        foreach ($line in Get-Content "$repository/$Path") {
            $number++
            $isCode = $line -like '``````*' ? -not $isCode : $isCode
            if (-not $isCode -and $line -match '\p{IsCJKUnifiedIdeographs}') {
                [pscustomobject] @{ Line = $number; Text = $line -replace '`[^`]+`', 'x' -replace '\]\([^)]+\)', ']' }
            }
        }
    }

    function Get-Glossary {
        $rows = (Get-Content "$repository/CONTRIBUTING.md" -Raw) -replace
            '(?s).*\n## Chinese terms\n' -replace '(?s)\n## .*' -split "`n" -like '|*' | Select-Object -Skip 2
        foreach ($row in $rows) {
            $english, $term, $variants = ($row.Trim('|') -split '\|').Trim()
            [pscustomobject] @{ English = $english; Term = $term; Variants = @($variants -split "`u{3001}" | Where-Object { $_ }) }
        }
    }
}

Describe 'English' {
    It 'has no sentence of more than 30 words: <_>' -ForEach $english {
        $file = $_
        $sentences = @(Get-Sentence "$repository/$file")
        $sentences.Count | Should -BeGreaterThan 20
        $sentences | Where-Object Words -GT 30 | ForEach-Object { "${file}:$($_.Line): $($_.Words) words: $($_.Text)" } |
            Should -BeNullOrEmpty
    }

    It 'has no riddle any more that was solved before, in any file' -Tag Slow {
        $riddles = 'is of each interface and direction', 'Chinese where the locale is', "exit code 0 is the sample's",
            "interface's and one direction's", 'of clsact filters those', 'counts as one what', 'Whose a program is',
            "of others' nothing is known", 'Whose interface or whole', 'will ever ask for by name',
            'begins to in this very moment', 'is of no RDMA device', 'CPU cannot be had'
        $files = @(Get-OwnFile $repository | Where-Object { $_ -ne 'tests/Pester/Prose.Tests.ps1' })
        $files.Count | Should -BeGreaterThan 500
        $pattern = ($riddles | ForEach-Object { [regex]::Escape($_) }) -join '|'
        foreach ($file in $files) {
            Get-Passage "$repository/$file" | Where-Object Text -Match $pattern |
                ForEach-Object { "${file}:$($_.Line): $([regex]::Match($_.Text, $pattern, 'IgnoreCase'))" } |
                Should -BeNullOrEmpty
        }
    }
}

Describe 'Chinese' {
    It 'has punctuation of full width beside Chinese characters: <_>' -ForEach ($chinese + $messages) {
        $file = $_
        $lines = @(Get-ChineseLine $file)
        $lines.Count | Should -BeGreaterThan 1
        $sign = '[\u3001-\u303f\u4e00-\u9fff\uff00-\uffef]'
        # Scripts wait for this line of the tool before XTrace.
        $wrong = $lines | Where-Object Text -NotMatch "`u{51c6}`u{5907}`u{76d1}`u{63a7}`u{7f51}`u{7edc}`u{63a5}`u{53e3}: " |
            Where-Object Text -Match "$sign ?([,;()!?]|:(?!\w))|[,;:()!?] ?$sign"
        $wrong | ForEach-Object { "${file}:$($_.Line): $($_.Text)" } | Should -BeNullOrEmpty
    }

    It 'calls each thing as the glossary in CONTRIBUTING.md does: <_>' -ForEach ($chinese + $messages) {
        $file = $_
        $glossary = @(Get-Glossary)
        $glossary.Count | Should -BeGreaterThan 10
        $variants = ($glossary.Variants | ForEach-Object { [regex]::Escape($_) }) -join '|'
        Get-ChineseLine $file | Where-Object Text -CMatch $variants |
            ForEach-Object { "${file}:$($_.Line): $([regex]::Match($_.Text, $variants)): $($_.Text)" } |
            Should -BeNullOrEmpty
    }

    It 'uses each term of the glossary' {
        $text = ($chinese | ForEach-Object { Get-Content "$repository/$_" -Raw }) -join "`n"
        (Get-Glossary).Term | Where-Object { $text -cnotmatch [regex]::Escape($_) } | Should -BeNullOrEmpty
    }
}

Describe 'Both languages' {
    It '<chinese> has the items, rows and links of <english>' -ForEach $pairs {
        $counts = {
            $text = (Get-Content "$repository/$($args[0])" -Raw) -replace '(?ms)^```.*?^```', 'block'
            foreach ($kind in '^#+ ', '^block', '^\|', '^\s*- ', '^\d+\. ', '\]\(', '^!\[') {
                "$kind $([regex]::Matches($text, $kind, 'Multiline').Count)"
            }
        }
        & $counts $chinese | Should -Be (& $counts $english)
    }

    It '<chinese> has the headings, terms, items and code of <english>' -ForEach $topicPairs {
        # Without what only the words of a language make: the lines of a paragraph.
        $outline = {
            foreach ($line in Get-Content "$repository/$($args[0])") {
                switch -Regex ($line) {
                    '^\S' { 'section'; break }
                    '^  \S' { 'heading'; break }
                    '^    - ' { 'item'; break }
                    '^    [A-Z]\w+(, \w+)*( \(\w+\))?$' { $line; break }
                    '^ {8}(\$|[A-Z][a-z]+-[A-Z]\w+ )(?!.*\. ).*[^.\u3002]$|^ {8,12}sudo ' { $line -replace '<.+?>' }
                }
            }
        }
        & $outline $chinese | Should -Be (& $outline $english)
    }
}

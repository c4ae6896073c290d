# Help and code say the same, in both languages, and what the help shows can be run.
BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
    $script:commands = 'Get-FlowStat', 'Get-RdmaCounter', 'Get-RdmaDevice', 'Get-RdmaQueuePair', 'Get-XdpMonitor',
        'Start-XdpMonitor', 'Stop-XdpMonitor', 'Test-RdmaHealth', 'Watch-FlowStat'
    $script:languages = 'en-US', 'zh-CN'
    $script:topics = 'about_XTrace', 'about_XTrace_Errors', 'about_XTrace_Flows', 'about_XTrace_Permissions', 'about_XTrace_Rdma'
    $script:pages = foreach ($command in $commands) {
        foreach ($language in $languages) {
            @{ Command = $command; Language = $language }
        }
    }
    $script:leaves = foreach ($topic in $topics) {
        foreach ($language in $languages) {
            @{ Topic = $topic; Language = $language }
        }
    }
}

BeforeAll {
    . "$PSScriptRoot/Testbed.ps1"
    $script:maml = @{}
    foreach ($one in 'en-US', 'zh-CN') {
        $maml[$one] = [xml] (Get-Content "$module/$one/XTrace.PowerShell.dll-Help.xml" -Raw)
    }

    function Get-Page([string] $Language, [string] $Command) {
        $maml[$Language].helpItems.ChildNodes | Where-Object { $_.details.name -eq $Command }
    }

    function Get-Topic([string] $Language, [string] $Topic) {
        Get-Content "$module/$Language/$Topic.help.txt"
    }

    # Our own parameters, without those that every cmdlet has.
    function Get-OwnParameter([string] $Command) {
        $common = [Management.Automation.Cmdlet]::CommonParameters
        (Get-Command $Command).Parameters.Values | Where-Object Name -NotIn $common
    }

    # Columns on a terminal: Chinese characters and their punctuation take two.
    function Measure-Column([string] $Line) {
        $Line.Length + [regex]::Matches($Line, '[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]').Count
    }

    function Get-ItemType([type] $Type) {
        $item = $Type.IsArray ? $Type.GetElementType() : $Type
        [Nullable]::GetUnderlyingType($item) ?? $item
    }

    # What may be given, where that is a list: of a ValidateSet, else of an enumeration.
    function Get-AllowedValue([Management.Automation.ParameterMetadata] $Parameter) {
        $set = $Parameter.Attributes | Where-Object { $_ -is [Management.Automation.ValidateSetAttribute] }
        $type = Get-ItemType $Parameter.ParameterType
        $set ? $set.ValidValues : $type.IsEnum ? [Enum]::GetNames($type) : @()
    }

    # A parameter as its attributes in MAML should say it.
    function Get-Expected([Management.Automation.ParameterMetadata] $Parameter, [string] $Set = '__AllParameterSets') {
        $one = $Parameter.ParameterSets[$Set] ?? $Parameter.ParameterSets.Values.Where({ $true }, 'First')[0]
        $pipeline = @(if ($one.ValueFromPipelineByPropertyName) { 'ByPropertyName' }; if ($one.ValueFromPipeline) { 'ByValue' })
        $wildcards = $Parameter.Attributes.TypeId -contains [Management.Automation.SupportsWildcardsAttribute]
        [ordered]@{
            required       = "$($one.IsMandatory)".ToLowerInvariant()
            variableLength = "$($Parameter.ParameterType.IsArray)".ToLowerInvariant()
            globbing       = "$wildcards".ToLowerInvariant()
            pipelineInput  = $pipeline ? "True ($($pipeline -join ', '))" : 'False'
            position       = $one.Position -lt 0 ? 'named' : "$($one.Position)"
            aliases        = $Parameter.Aliases.Count ? $Parameter.Aliases -join ', ' : 'none'
        }
    }

    function Assert-Same([Xml.XmlElement] $Said, [Collections.Specialized.OrderedDictionary] $Expected) {
        foreach ($attribute in $Expected.Keys) {
            $Said.GetAttribute($attribute) | Should -BeExactly $Expected[$attribute] -Because "that is $attribute of $($Said.name)"
        }
        $Said.Attributes.Count | Should -Be $Expected.Count
    }

    # What an example is, in one pwsh or another.
    function Get-Example([string] $Language, [string] $Command) {
        foreach ($example in (Get-Page $Language $Command).examples.example) {
            [pscustomobject]@{
                Title = $example.title
                Code = $example.code
                Output = @($example.remarks.para)[0..($example.remarks.para.Count - 2)] -join "`n"
            }
        }
    }

    # All prose of a page, without code and output.
    function Get-Prose([xml] $Page) {
        $Page.SelectNodes('//*[local-name()="para"]') |
            Where-Object { $_.ParentNode.LocalName -ne 'remarks' -or -not $_.NextSibling } | ForEach-Object InnerText
    }

    # Runs Get-Help in a pwsh of that language which does not import the module but finds it, as a user's does.
    function Read-Help([string] $Language, [string] $Command, [string] $Before = '') {
        $folder = "$TestDrive/modules"
        if (-not (Test-Path $folder)) {
            $null = New-Item -ItemType Directory $folder
            Copy-Item $module $folder -Recurse
        }
        $locale = $Language.Replace('-', '_') + '.UTF-8'
        $variables = "LC_ALL=$locale", "PSModulePath=$folder", 'DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=0'
        env $variables pwsh -NoProfile -NonInteractive -Command "$Before; & { $Command } | Out-String -Width 4096"
    }
}

Describe 'Help of <command> in <language>' -ForEach $pages {
    BeforeAll {
        $script:page = Get-Page $language $command
        $script:info = Get-Command $command
        $script:parameters = Get-OwnParameter $command
    }

    It 'is of that cmdlet' {
        @($page) | Should -HaveCount 1
        "$($page.details.verb)-$($page.details.noun)" | Should -Be $command
    }

    It 'has every parameter and no other, as the code has it' {
        $page.parameters.parameter.name | Sort-Object | Should -Be ($parameters.Name | Sort-Object)
        foreach ($parameter in $parameters) {
            $said = $page.parameters.parameter | Where-Object name -EQ $parameter.Name
            Assert-Same $said (Get-Expected $parameter)
            $type = Get-ItemType $parameter.ParameterType
            $brackets = $parameter.ParameterType.IsArray ? '[]' : ''
            $said.type.name | Should -BeExactly "$($type.FullName)$brackets"
            $said.parameterValue.'#text' | Should -BeExactly "$($type.Name)$brackets"
            $said.description.para | Should -Not -BeNullOrEmpty
        }
    }

    It 'has the defaults of the code' {
        $before = $env:NETWORK_INTERFACE
        try {
            $env:NETWORK_INTERFACE = $null
            $cmdlet = $info.ImplementingType::new()
            foreach ($said in $page.parameters.parameter) {
                $value = $cmdlet.PSObject.Properties[$said.name].Value
                # WhatIf and Confirm are PowerShell's; the greatest number stands for no limit.
                $expected = $said.name -in 'WhatIf', 'Confirm' ? 'False' : -not "$value" -or $value -eq [int]::MaxValue ? 'None' : "$value"
                $said.defaultValue | Should -BeExactly $expected -Because $said.name
            }
        } finally {
            $env:NETWORK_INTERFACE = $before
        }
    }

    It 'has a syntax for each parameter set, the default one first' {
        $items = @($page.syntax.syntaxItem)
        $sets = @($info.ParameterSets | Sort-Object { -not $_.IsDefault })
        $items | Should -HaveCount $sets.Count
        for ($i = 0; $i -lt $sets.Count; $i++) {
            $items[$i].name | Should -Be $command
            $names = $sets[$i].Parameters.Name | Where-Object { $_ -in $parameters.Name }
            $items[$i].parameter.name | Sort-Object | Should -Be ($names | Sort-Object)
            foreach ($said in $items[$i].parameter) {
                $parameter = $info.Parameters[$said.name]
                Assert-Same $said (Get-Expected $parameter $sets[$i].Name)
                @($said.parameterValueGroup.parameterValue.'#text') -ne $null | Should -Be (Get-AllowedValue $parameter)
                $isSwitch = $parameter.ParameterType -eq [switch]
                [bool] $said.parameterValue | Should -Be (-not $isSwitch)
            }
        }
    }

    It 'tells what goes in and what comes out' {
        $piped = $parameters | Where-Object { $_.ParameterSets.Values.ValueFromPipeline -contains $true }
        @($page.inputTypes.inputType).type.name | Should -Be $piped.ParameterType.FullName
        @($page.returnValues.returnValue).type.name | Where-Object { $_ -ne 'None' } | Should -Be $info.OutputType.Name
    }

    It 'has links to what there is' {
        foreach ($link in $page.relatedLinks.navigationLink.linkText) {
            if ($link -like 'about_*') {
                "$module/$language/$link.help.txt" | Should -Exist
            } else {
                Get-Command $link -Module XTrace | Should -Not -BeNullOrEmpty
            }
        }
    }

    It 'has three examples or more, whose commands and parameters exist' {
        $examples = @(Get-Example $language $command)
        $examples.Count | Should -BeGreaterOrEqual 3
        for ($i = 0; $i -lt $examples.Count; $i++) {
            $examples[$i].Title | Should -Match "^-------- \w+ $($i + 1)(: |\uff1a).+ --------$"
            $failures = $null
            $ast = [Management.Automation.Language.Parser]::ParseInput($examples[$i].Code, [ref] $null, [ref] $failures)
            $failures | Should -BeNullOrEmpty
            $calls = $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
            $calls | ForEach-Object { $_.GetCommandName() } | Should -Contain $command
            foreach ($call in $calls) {
                Get-Command $call.GetCommandName() | Should -Not -BeNullOrEmpty
                $binding = [Management.Automation.Language.StaticParameterBinder]::BindCommand($call)
                $binding.BindingExceptions.Values | ForEach-Object { $_.BindingException.Message } | Should -BeNullOrEmpty
            }
            # Get-Help on a terminal of 80 columns indents by four.
            "$($examples[$i].Code)`n$($examples[$i].Output)" -split "`n" |
                Where-Object { $_.Length -gt 76 -and $_ -notlike 'What if: *' } | Should -BeNullOrEmpty
        }
    }

    It 'is in that language' {
        foreach ($paragraph in Get-Prose $page.OuterXml) {
            $paragraph -match '[\u4e00-\u9fff]' | Should -Be ($language -eq 'zh-CN') -Because $paragraph
        }
    }
}

Describe 'Help' {
    It 'has a page for each cmdlet and no other: <_>' -ForEach $languages {
        $maml[$_].helpItems.ChildNodes.details.name | Should -Be (Get-Command -Module XTrace | Sort-Object Name).Name
    }

    It 'is the same in both languages, but for the words' {
        $bare = foreach ($language in 'en-US', 'zh-CN') {
            $copy = [xml] $maml[$language].OuterXml
            $copy.SelectNodes('//*[local-name()="title"]') | ForEach-Object { $_.InnerText = $_.InnerText -replace '[^\d-]' }
            $copy.SelectNodes('//*[local-name()="para"]') |
                Where-Object { $_.ParentNode.LocalName -ne 'remarks' -or -not $_.NextSibling } | ForEach-Object { $_.InnerText = '' }
            $copy.OuterXml
        }
        $bare[0] | Should -BeExactly $bare[1]
    }

    It 'names only what there is: <_>' -ForEach $languages {
        $language = $_
        $types = [XTrace.FlowStat].Assembly.GetExportedTypes()
        $known = @(
            $types.Name
            $types.ForEach('GetMembers').Name
            (Get-Command -Module XTrace).Parameters.Keys
            [Management.Automation.ErrorRecord].GetProperties().Name
            [Exception].GetProperties().Name
            Get-Topic $language about_XTrace_Errors | Where-Object { $_ -match '^    (\w+) \((\w+)\)$' } | ForEach-Object { $Matches[1, 2] }
            [Management.Automation.Cmdlet]::CommonParameters
            (Get-Command Format-Table, ConvertTo-Json).Parameters.Keys
            'ConvertTo', 'InfiniBand', 'PowerShell', 'RoCE', 'MiB', 'GetFlowStatCommand', 'NoElement', 'SilentlyContinue'
        )
        $text = @(Get-ChildItem "$module/$language/*.help.txt" | Get-Content) + (Get-Prose $maml[$language])
        $words = [regex]::Matches($text -join "`n", '(?<![\w<])[A-Z][a-z]+[A-Z]\w*(?![\w>])').Value | Sort-Object -Unique
        $words.Count | Should -BeGreaterThan 50
        $words | Where-Object { $_ -notin $known } | Should -BeNullOrEmpty
        $named = [regex]::Matches($text -join "`n", '(?<![\w-])[A-Z][a-z]+-[A-Z][A-Za-z]+').Value | Sort-Object -Unique
        $named | Where-Object { $_ -ne 'Omni-Path' -and -not (Get-Command $_ -ErrorAction Ignore) } | Should -BeNullOrEmpty
    }
}

Describe 'Get-Help in <language>' -ForEach @(@{ Language = 'en-US' }, @{ Language = 'zh-CN' }) {
    BeforeAll {
        # The module is found, as a user's is; or it is nowhere to be found, and imported.
        $topics = 'about_XTrace', 'about_XTrace_Errors', 'about_XTrace_Flows', 'about_XTrace_Permissions', 'about_XTrace_Rdma'
        $everything = "foreach (`$one in '$($topics -join "', '")') { ""### `$one""; Get-Help `$one }"
        $cmdlets = 'foreach ($one in Get-Command -Module XTrace) {
                foreach ($part in @{ Full = $true }, @{ Examples = $true }, @{ Parameter = "*" }) {
                    Get-Help $one.Name @part | Out-String -Width 4096
                }
            }'
        $script:found = Read-Help $language "$everything; '### cmdlets'; $cmdlets"
        $script:imported = Read-Help $language $everything "`$env:PSModulePath = ''; Import-Module '$module'"

        function Get-Part([string[]] $Lines, [string] $Name) {
            ($Lines -join "`n") -split '(?m)^### ' | Where-Object { $_ -match "^$Name`n" } |
                ForEach-Object { $_ -split "`n" | Select-Object -Skip 1 } | Where-Object { $_ }
        }
    }

    It 'finds <_>, where the module is on PSModulePath and where it is imported' -ForEach $topics {
        $lines = Get-Topic $language $_ | Where-Object { $_ }
        Get-Part $found $_ | Should -Be $lines
        Get-Part $imported $_ | Should -Be $lines
    }

    It 'shows all of every cmdlet, by -Full, -Examples and -Parameter' {
        $shown = Get-Part $found cmdlets | ForEach-Object { $_.Trim() }
        foreach ($page in $maml[$language].helpItems.ChildNodes) {
            foreach ($paragraph in @($page.details.description.para; $page.description.para)) {
                $shown | Should -Contain $paragraph
            }
            foreach ($parameter in $page.parameters.parameter) {
                # Once with -Full, once with -Parameter.
                ($shown -eq $parameter.description.para).Count | Should -BeGreaterOrEqual 2
            }
            foreach ($example in $page.examples.example) {
                # Once with -Full, once with -Examples.
                ($shown -eq $example.title).Count | Should -BeGreaterOrEqual 2
                ($shown -eq ($example.code -split "`n")[0]).Count | Should -BeGreaterOrEqual 2
            }
        }
    }
}

Describe '<topic> in <language>' -ForEach $leaves {
    BeforeAll {
        $script:lines = Get-Topic $language $topic
    }

    It 'has the layout of a topic, in 80 columns' {
        $headings = @{
            'en-US' = 'TOPIC', 'SHORT DESCRIPTION', 'LONG DESCRIPTION', 'SEE ALSO'
            'zh-CN' = "`u{4e3b}`u{9898}", "`u{7b80}`u{77ed}`u{8bf4}`u{660e}",
                "`u{8be6}`u{7ec6}`u{8bf4}`u{660e}", "`u{53e6}`u{8bf7}`u{53c2}`u{9605}"
        }[$language]
        $lines | Where-Object { $_ -match '^\S' } | Should -Be $headings
        $lines[0, 3, 6] | Should -Be $headings[0..2]
        $lines[1].Trim() | Should -Be $topic
        $lines | Where-Object { (Measure-Column $_) -gt 80 -or $_ -match '\s$' } | Should -BeNullOrEmpty
        ($lines -join '') -match '[\u4e00-\u9fff]' | Should -Be ($language -eq 'zh-CN')
    }

    It 'leads to what there is' {
        # What is under the last heading.
        $names = ($lines -join "`n") -split '(?m)^\S.*\n' | Select-Object -Last 1
        foreach ($name in $names.Trim() -split '\s+') {
            if ($name -like 'about_*') {
                "$module/$language/$name.help.txt" | Should -Exist
            } else {
                Get-Command $name -Module XTrace | Should -Not -BeNullOrEmpty
            }
        }
    }
}

Describe 'Examples' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        # The network of the help: eth0, alone in a namespace, and somebody who sends to it.
        $script:veth = [XTrace.Testbed.VethPair]::new()
        $script:inside = "--net=/run/netns/$($veth.Namespace)"
        foreach ($step in "down", "name eth0") {
            nsenter $inside ip link set dev $veth.Interface $step.Split(' ')
        }
        nsenter $inside ip link set dev eth0 up
        $script:frames = @(
            @{ Times = 12; Frame = (Frame Tcp4 192.168.1.1 443 192.168.1.100 51234 1448) }
            @{ Times = 5; Frame = (Frame Tcp4 192.168.1.1 443 192.168.1.100 51236 900) }
            @{ Times = 1; Frame = (Frame Tcp4 10.20.0.7 40022 192.168.1.100 22 96) }
            @{ Times = 1; Frame = (Frame Udp4 192.168.1.53 53 192.168.1.100 40211 120) }
            @{ Times = 2; Frame = (Frame Udp4 192.168.1.9 5001 192.168.1.100 5001 1200) }
            @{ Times = 8; Frame = (Frame RoceV2 192.168.1.5 49152 192.168.1.100 0x1234 4 1024) }
            @{ Times = 1; Frame = (Frame RoceV2 192.168.1.6 49160 192.168.1.100 0x88 10 256) }
            @{ Times = 1; Frame = (Frame Icmp4 192.168.1.1 192.168.1.100 8 0 56) }
            @{ Times = 1; Frame = (Frame Udp6 2001:db8::7 123 2001:db8::100 123 48) }
        )
        $script:end = [Threading.ManualResetEventSlim]::new()
        $script:sender = [powershell]::Create().AddScript({
                do {
                    foreach ($one in $args[1]) {
                        $args[0].Send($one.Frame, $one.Times)
                    }
                } until ($args[2].Wait(100))
            }).AddArgument($veth).AddArgument($frames).AddArgument($end)
        $script:sending = $sender.BeginInvoke()
        $script:tree = [XTrace.Testbed.SysfsTree]::Unpack("$repository/tests/XTrace.Core.Tests/Fixtures/rdma/rxe-7.3-loss.tar.xz")

        # Runs a cmdlet's examples one after another; what is shown of each, under its number.
        $script:run = {
            param([string] $Examples, [bool] $NeedsMonitor)
            $PSStyle.OutputRendering = 'PlainText'
            $number = 0
            foreach ($code in Get-Content $Examples -Raw | ConvertFrom-Json) {
                Get-XdpMonitor | Stop-XdpMonitor
                if ($NeedsMonitor) {
                    $null = Start-XdpMonitor eth0 -Direction Both
                    Start-Sleep -Milliseconds 300
                }
                "### $number"
                $number++
                try {
                    & ([scriptblock]::Create("`$ErrorActionPreference = 'Stop'; $code")) 4>&1 | Out-String -Width 76
                } catch {
                    "failed: $_"
                }
            }
            Get-XdpMonitor | Stop-XdpMonitor
        }

        function Get-Plain([string] $Text) {
            # Numbers differ from one run to the next.
            $Text -split '\r?\n' | ForEach-Object { ($_ -replace '\d+', '#' -replace '\s+', ' ').Trim() } | Where-Object { $_ }
        }
    }

    AfterAll {
        $end.Set()
        $null = $sender.EndInvoke($sending)
        $sender.Dispose()
        $tree.Dispose()
        $veth.Dispose()
    }

    # Real queue pairs are in the virtual machine alone, and a live view needs a terminal.
    It 'of <_> run, and show what the help shows' -ForEach ($commands | Where-Object { $_ -notin 'Get-RdmaQueuePair', 'Watch-FlowStat' }) {
        $examples = @(Get-Example en-US $_)
        ConvertTo-Json @($examples.Code) | Set-Content $TestDrive/examples.json
        $needsMonitor = $_ -in 'Get-XdpMonitor', 'Stop-XdpMonitor', 'Get-FlowStat'
        Push-Location $TestDrive
        try {
            $through = 'nsenter', $inside, 'env', 'LC_ALL=C.UTF-8', "XTRACE_SYSFS_ROOT=$($tree.Root)"
            $said = (Invoke-Pwsh "& {$run} $TestDrive/examples.json `$$needsMonitor" $through) -join "`n"
        } finally {
            Pop-Location
        }
        $shown = @($said -split '(?m)^### \d+\n' | Select-Object -Skip 1)
        $shown | Should -HaveCount $examples.Count
        for ($i = 0; $i -lt $examples.Count; $i++) {
            $shown[$i] | Should -Not -Match '(?m)^failed: ' -Because $examples[$i].Code
            $expected = Get-Plain $examples[$i].Output
            # A wider terminal shows more columns.
            Get-Plain $shown[$i] | Where-Object { $_.StartsWith(@($expected)[0]) } | Select-Object -First 1 |
                Should -HaveCount 1 -Because $examples[$i].Code
            if ($_ -like 'Get-Rdma*' -and $examples[$i].Code -notlike '*-SampleInterval*') {
                # The devices are those of the help, to the last digit; columns may be as wide as they like.
                " $($shown[$i]) " -split '\s+' -join ' ' | Should -Be (" $($examples[$i].Output) " -split '\s+' -join ' ')
            }
        }
    }
}

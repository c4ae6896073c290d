BeforeDiscovery {
    . "$PSScriptRoot/Rights.ps1"
}

Describe 'The views' -Tag Privileged -Skip:$unprivileged {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:rendering = $PSStyle.OutputRendering
        $PSStyle.OutputRendering = 'PlainText'
        $script:veth = [XTrace.Testbed.VethPair]::new($true)
        $script:interface = $veth.Interface
        $null = Start-XdpMonitor $interface -Direction Both
        Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 982) 1024
        Send-Frame $veth (Frame Udp4 10.0.0.1 1001 10.0.0.2 2000 470) 3
        Send-Frame $veth (Frame Tcp6 2001:db8:1111:2222:3333:4444:5555:6666 65535 2001:db8:1111:2222:3333:4444:5555:7777 65534)
        Send-Frame $veth (Frame RoceV2 10.0.0.5 49152 10.0.0.6 0x1234 4 64) 2
        Send-Frame $veth (Frame Arp 10.0.0.1 10.0.0.2)
        Send-Frame $veth (Frame Icmp6 fe80::1 ff02::2 133 0 20) 2
        Send-Frame $veth (Frame Icmp4 10.0.0.1 10.0.0.2 3 1 40)
        Send-Frame $veth (Frame Fragment4 10.0.0.1 10.0.0.2 17 1480 $false ([byte[]]::new(12)))
        Send-Out $interface (Frame Udp4 10.0.0.2 2000 10.0.0.1 1000 30)
        # Without the address that has them in another table.
        $script:flows = Get-FlowStat $interface -TrafficType Ethernet, IP, ICMP, ICMPv6, UDP, RoCEv2 | Sort-Object Bytes -Descending
        $script:monitor = Get-XdpMonitor $interface -Direction Ingress

        # The lines that are shown on a terminal of so many columns.
        function Show([int] $Width = 120) {
            ($input | Out-String -Width $Width).Trim() -split '\r?\n'
        }

        # Runs something as a German would see it.
        function Use-German([scriptblock] $What) {
            $before = [cultureinfo]::CurrentCulture
            try {
                [cultureinfo]::CurrentCulture = 'de-DE'
                & $What
            } finally {
                [cultureinfo]::CurrentCulture = $before
            }
        }
    }

    AfterAll {
        $PSStyle.OutputRendering = $rendering
        $veth.Dispose()
    }

    Context 'of flows' {
        It 'are a table that fits 120 columns' {
            $lines = $flows | Show
            $lines[0].Trim() -split '\s+' | Should -Be TrafficType, Source, Destination, Bytes, Rate, Packets, Direction, InterfaceAlias
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
        }

        It 'humanise bytes and rates, and join addresses with ports' {
            $lines = $flows | Show
            $lines[2] | Should -Match "^UDP +10\.0\.0\.1:1000 +10\.0\.0\.2:2000 +1 MiB +[\d.]+ [kM]?bit/s +1024 Ingress +$interface`$"
            $lines[3] | Should -Match '^UDP +10\.0\.0\.1:1001 +10\.0\.0\.2:2000 +1\.5 KiB .*bit/s +3 '
            $lines[4] | Should -Match '^RoCEv2 +10\.0\.0\.5 +10\.0\.0\.6 qp 0x1234 +244 B .* 2 '
            $lines -match '^UDP +10\.0\.0\.2:2000 +10\.0\.0\.1:1000 +72 B .* 1 Egress ' | Should -HaveCount 1
            # PowerShell breaks lines between words in English alone.
            $lines -match '^ICMPv6 +fe80::1 +ff02::2 router (solici)? +164 B ' | Should -HaveCount 1
            $flows.Destination | Should -Contain 'ff02::2 router solicitation'
            $lines -match '^ICMP +10\.0\.0\.1 +10\.0\.0\.2 destination +82 B ' | Should -HaveCount 1
            $flows.Destination | Should -Contain '10.0.0.2 destination unreachable, code 1'
            $lines -match '^UDP +10\.0\.0\.1 +10\.0\.0\.2 frag +46 B ' | Should -HaveCount 1
            $lines -match '^Ethernet +02:00:00:00:00:01 +ff:ff:ff:ff:ff:ff +42 B .* 1 ' | Should -HaveCount 1
        }

        It 'show both ends and how much in 80 columns' {
            $lines = $flows | Show 80
            $lines[0].Trim() -split '\s+' | Should -Be TrafficType, Source, Destination, Bytes, Rate
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        }

        It 'show the longest addresses on one line of 120 columns' {
            # As Get-FlowStat does on a terminal of 120 columns or more.
            $long = Get-FlowStat $interface | Sort-Object Bytes -Descending | ForEach-Object {
                $_.PSObject.TypeNames.Insert(0, 'XTrace.FlowStat#IPv6')
                $_
            }
            $lines = $long | Show
            $lines[0].Trim() -split '\s+' | Should -Be Source, Destination, Bytes, Rate
            $row = '^\[2001:db8:1111:2222:3333:4444:5555:6666\]:65535 +\[2001:db8:1111:2222:3333:4444:5555:7777\]:65534 +' +
                '\d+ B +[\d.]+ \w*bit/s$'
            $lines -match $row | Should -HaveCount 1
            # A line each, the heading and its rule.
            $lines | Should -HaveCount ($long.Count + 2)
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
            # Also with those of an interface that has none, whichever comes first, and from another process.
            $short = [XTrace.FlowStat] @{ SourceAddress = '10.0.0.9' }
            $long, $short | Show | Should -HaveCount ($long.Count + 3)
            $short, $long | Show | Where-Object { $_ -like '* : *' } | Should -BeNullOrEmpty
            $there = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($long))
            $there | Show | Should -Be $lines
        }

        It 'show the longest addresses on one line with processes as well' {
            $lines = Get-FlowStat $interface -Detail | ForEach-Object {
                $_.PSObject.TypeNames.Insert(0, 'XTrace.FlowStat#DetailIPv6')
                $_
            } | Show
            $lines[0].Trim() -split '\s+' | Should -Be Source, Destination, Bytes, ProcessName
            $lines -match '\[2001:db8:1111:2222:3333:4444:5555:6666\]:65535 +\[2001:db8:1111:2222:3333:4444:5555:7777\]:65534 ' |
                Should -HaveCount 1
        }

        It 'show the longest addresses in full on a terminal of <columns> columns: <header>' -ForEach @(
            @{ Columns = 80; Header = 'TrafficType Source Destination Bytes Rate' }
            @{ Columns = 120; Header = 'Source Destination Bytes Rate' }
            @{ Columns = 152; Header = 'Source Destination Bytes Rate TrafficType Packets Direction' }
        ) {
            $command = "`$PSStyle.OutputRendering = 'PlainText'; Import-Module '$module'; Get-FlowStat $interface -TrafficType TCP"
            Set-Content "$TestDrive/show.ps1" $command
            $lines = script -qec "stty cols $columns rows 40; pwsh -NoProfile -NonInteractive -File '$TestDrive/show.ps1'" /dev/null |
                ForEach-Object { $_ -replace '\e\[[\d;?]*[a-zA-Z]' -replace "[\r\e=]" } | Where-Object { $_ }
            ($lines | Where-Object { $_ -match '^(TrafficType|Source) ' }).Trim() -replace ' +', ' ' | Should -Be $header
            -join ($lines -replace ' ') |
                Should -Match ($columns -lt 120 ? '6666' : '\[2001:db8:1111:2222:3333:4444:5555:6666\]:65535\[2001:')
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual $columns
        }

        It 'show how much in a pipe, where PowerShell takes 80 columns' {
            $command = "`$PSStyle.OutputRendering = 'PlainText'; Import-Module '$module'; Get-FlowStat $interface"
            $lines = pwsh -NoProfile -NonInteractive -Command $command | Where-Object { $_ }
            $lines[0].Trim() -split ' +' | Should -Be TrafficType, Source, Destination, Bytes, Rate
        }

        It 'show every number in full as a list of what the flow has' {
            $lines = $flows[0] | Format-List | Show
            $lines | Should -Contain 'Packets        : 1024'
            $lines | Should -Contain 'Bytes          : 1048576'
            $lines | Should -Contain 'Direction      : Ingress'
            $lines | Should -Contain 'Source         : 10.0.0.1:1000'
            $lines | Should -Contain 'Destination    : 10.0.0.2:2000'
            $lines -match '^Rate +: [\d.]+ [kM]?bit/s$' | Should -HaveCount 1
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
            # Properties that the flow does not have are left out: VLAN, opcode, details.
            $lines | Should -HaveCount 12
            $vlan = [XTrace.FlowStat] @{ VlanId = 0; EcnCePackets = 0; EndReason = 'LackOfResources' } | Format-List | Show
            $vlan -match '^(VlanId|EcnCePackets) +: 0$|^EndReason +: LackOfResources$' | Should -HaveCount 3
        }

        It 'read the same in German' {
            Use-German { (1.5).ToString() } | Should -Be '1,5'
            $one = $flows | Where-Object TrafficType -NotLike ICMP* # PowerShell breaks lines between words in English alone
            Use-German { $one | Show } | Should -Be ($one | Show)
            $lists = Use-German { , ($flows | Format-List | Show) }
            $lists -match '^(Rate|PacketsPerSecond)' |
                Should -Be ($flows | Format-List | Show | Where-Object { $_ -match '^(Rate|PacketsPerSecond)' })
        }

        It 'have no heading for one sample, and one before each that follows' {
            $flows | Show | Where-Object { $_ -like '*Sample*' } | Should -BeNullOrEmpty
            $samples = Get-FlowStat $interface -Direction Egress -SampleInterval 0.2 -MaxSamples 3
            $samples.Sample | Should -Be 1, 2, 3
            $lines = $samples | Show
            $lines[0] | Should -Match '^TrafficType '
            $headings = $samples[1, 2] | ForEach-Object { "   SampleTime: $($_.Sample), $($_.Timestamp.ToString('HH:mm:ss'))" }
            $lines -match 'SampleTime: ' | Should -Be $headings
            $lines -match '^UDP ' | Should -HaveCount 3
            $samples | Format-Table Packets, Bytes | Show | Where-Object { $_ -like '*Sample*' } | Should -BeNullOrEmpty
            $lines = $samples[1] | Format-List | Show
            $lines | Should -Contain "Timestamp      : $($samples[1].Timestamp)"
            $lines -match '^EndReason' | Should -BeNullOrEmpty
            $details = Get-FlowStat $interface -Direction Egress -SampleInterval 0.2 -MaxSamples 2 -Detail
            $details | Show | Where-Object { $_ -like '*SampleTime: 2, *' } | Should -HaveCount 1
        }

        It 'leave the properties alone' {
            $flows[0].Bytes | Should -Be 1048576
            $flows[0] | Select-Object -ExpandProperty BytesPerSecond | Should -BeOfType double
            "$($flows[1])" | Should -Be '10.0.0.1:1001 -> 10.0.0.2:2000 proto=17 packets=3 bytes=1536'
        }
    }

    It 'show the longest addresses of queue pairs on one line' {
        $pair = [psobject]::new([XTrace.RdmaQueuePair] @{
                LocalAddress = '2001:db8:1111:2222:3333:4444:5555:6666'
                RemoteAddress = '2001:db8:1111:2222:3333:4444:5555:7777'
            })
        $pair.PSTypeNames.Insert(0, 'XTrace.RdmaQueuePair#IPv6') # as Get-RdmaQueuePair does
        $lines = $pair | Show
        $lines -match '^ *0 +2001:db8:1111:2222:3333:4444:5555:6666 +2001:db8:1111:2222:3333:4444:5555:7777' | Should -HaveCount 1
        $lines -match '^QueuePair LocalAddress +RemoteAddress +RemoteQueuePair +SentPackets$' | Should -HaveCount 1
    }

    Context 'of monitors' {
        It 'are a table that fits 120 columns' {
            $lines = $monitor | Show 120
            $lines | Should -HaveCount 3
            $lines[0] | Should -Match '^InterfaceAlias +Direction +State +Hook +Packets +Bytes +EvictedPackets +UsedSlots +TableSlots$'
            $lines[2] | Should -Match "^$interface +Ingress +Running +$tc +1035 +1 MiB +0 +$($monitor.UsedSlots) +$($monitor.TableSlots)`$"
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 120
            Use-German { $monitor | Show 120 } | Should -Be $lines
        }

        It 'show what they are and what they counted in 80 columns, a line for each direction' {
            $lines = Get-XdpMonitor $interface | Show 80
            $lines | Should -HaveCount 4
            $lines[0] | Should -Match '^InterfaceAlias +Direction +State +Hook +Packets +Bytes$'
            $lines[2] | Should -Match "^$interface +Ingress +Running +$tc +1035 +1 MiB`$"
            $lines[3] | Should -Match "^$interface +Egress +Running +$tc +1 +72 B`$"
        }

        It 'show what matters as a list' {
            $lines = $monitor | Format-List | Show
            $lines | Should -Contain 'Packets        : 1035'
            $lines | Should -Contain 'Direction      : Ingress'
            $lines | Should -Contain "Path           : $($monitor.Path)"
            $lines | Should -Contain "UsedSlots      : $($monitor.UsedSlots)"
            $lines | Should -Contain "TableUsedSlots : $($monitor.TableUsedSlots)"
            $lines | Should -Contain "TableSlots     : $($monitor.TableSlots)"
            # No filter, and nothing that was malformed.
            $lines | Should -HaveCount 15
            [XTrace.XdpMonitor] @{ MalformedPackets = 7 } | Format-List | Show | Should -Contain 'MalformedPackets : 7'
            $lines -match '^TableSize +: [\d.]+ MiB$' | Should -HaveCount 1
        }
    }

    It 'have <type> show Direction among the properties that Format-List and Select-Object start from' -ForEach @(
        @{ Type = 'XTrace.FlowStat'; Object = { $flows[0] } }
        @{ Type = 'XTrace.XdpMonitor'; Object = { $monitor } }
    ) {
        (& $object).PSStandardMembers.DefaultDisplayPropertySet.ReferencedPropertyNames | Should -Contain Direction
        (& $object).Direction | Should -Be Ingress
    }
}

Describe 'The figures of the views' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
    }

    It 'humanise <value> bytes as <text>' -ForEach @(
        @{ Value = 0; Text = '0 B' }
        @{ Value = 1023; Text = '1023 B' }
        @{ Value = 1024; Text = '1 KiB' }
        @{ Value = 1536; Text = '1.5 KiB' }
        @{ Value = 102350; Text = '99.95 KiB' }
        @{ Value = 102400.5 * 1.2345; Text = '123.5 KiB' }
        @{ Value = 1023.4 * 1024; Text = '1023 KiB' }
        @{ Value = 1048575; Text = '1 MiB' }
        @{ Value = 18446744073709551615; Text = '16 EiB' }
    ) {
        [XTrace.PowerShell.ViewFormat]::Bytes($value) | Should -Be $text
    }

    It 'show <value> packets as <text>' -ForEach @(
        @{ Value = 0; Text = '0' }
        @{ Value = 999999999; Text = '999999999' }
        @{ Value = 1000000000; Text = '1 G' }
        @{ Value = 18446744073709551615; Text = '18.45 E' }
    ) {
        [XTrace.PowerShell.ViewFormat]::Packets($value) | Should -Be $text
    }

    It 'humanise <value> bits a second as <text>' -ForEach @(
        @{ Value = 0; Text = '0 bit/s' }
        @{ Value = 4; Text = '4 bit/s' }
        @{ Value = 1000; Text = '1 kbit/s' }
        @{ Value = 9.41e9; Text = '9.41 Gbit/s' }
        @{ Value = 9.876e10; Text = '98.76 Gbit/s' }
        @{ Value = 1.87648e11; Text = '187.6 Gbit/s' }
    ) {
        [XTrace.PowerShell.ViewFormat]::BitRate($value) | Should -Be $text
    }
}

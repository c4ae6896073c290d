# What users' own tests do: make the objects that the cmdlets emit, and let Pester's Mock return them.
BeforeDiscovery {
    . "$PSScriptRoot/Testbed.ps1"
    $script:objects = @(
        @{ Type = 'XTrace.FlowStat'; Values = @{
                SourceAddress = '10.0.0.1'; SourcePort = 1000; TrafficType = 'TCP'; Protocol = 'TCP'
                Direction = 'Egress'; Bytes = 10; LastSeen = [datetime]'2026-01-31'
            }
        }
        @{ Type = 'XTrace.XdpMonitor'; Values = @{
                InterfaceAlias = 'eth0'; Direction = 'Ingress'; State = 'Moved'
                Hook = 'Tcx'; Packets = 3; StartTime = [datetime]'2026-01-31'
            }
        }
        @{ Type = 'XTrace.RdmaDevice'; Values = @{
                Name = 'mlx5_0'; Ports = @(@{ Device = 'mlx5_0'; Port = 1; State = 'Down' }, @{ Port = 2 })
            }
        }
        @{ Type = 'XTrace.RdmaPort'; Values = @{
                Device = 'mlx5_0'; Port = 1; State = 'Active'
                Gids = @{ Index = 1; Gid = 'fe80::1' }; Interfaces = @(@{ InterfaceAlias = 'eth0' })
            }
        }
        @{ Type = 'XTrace.RdmaGid'; Values = @{ Index = 3; Gid = 'fe80::1'; Type = 'RoCE v2' } }
        @{ Type = 'XTrace.RdmaInterface'; Values = @{ InterfaceAlias = 'eth0'; FoundBy = 'GidTable' } }
        @{ Type = 'XTrace.RdmaCounter'; Values = @{
                Device = 'mlx5_0'; Port = 1; Name = 'np_cnp_sent'; Value = 7; Unit = 'Packets'; Status = 'Reset'
            }
        }
        @{ Type = 'XTrace.RdmaHealth'; Values = @{
                Device = 'mlx5_0'; Port = 1; Check = 'PortState'; Status = 'Critical'; Evidence = 'Down, Polling'
            }
        }
    )
    $script:enumerations = [XTrace.FlowStat].Assembly.GetExportedTypes().Where{ $_.IsEnum }
}

Describe 'Objects of users'' tests' {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
    }

    It 'are made from hashtables: <type>' -ForEach $objects {
        $object = $values | ForEach-Object { $_ -as ($type -as [type]) }
        $object | Should -BeOfType $type
        foreach ($name in $values.Keys) {
            if ($values[$name] -is [array] -or $values[$name] -is [hashtable]) {
                $object.$name.Count | Should -Be @($values[$name]).Count
            } else {
                $object.$name | Should -Be $values[$name]
            }
        }
    }

    It 'are made by New-MockObject: <type>' -ForEach $objects {
        New-MockObject -Type $type -Properties @{ Note = 1 } | Should -BeOfType $type
    }

    It 'print with nothing in them: <type>, <made>' -ForEach @(
        foreach ($object in $objects) {
            @{ Type = $object.Type; Made = 'from a hashtable'; By = { param($type) @{} -as ($type -as [type]) } }
            @{ Type = $object.Type; Made = 'by New-MockObject'; By = { param($type) New-MockObject -Type $type } }
        }
    ) {
        $object = & $by $type
        $errorsBefore = $Error.Count
        { "$object" } | Should -Not -Throw
        foreach ($property in $object.PSObject.Properties) {
            { $property.Value } | Should -Not -Throw
        }
        foreach ($as in 'Format-Table', 'Format-List', 'ConvertTo-Csv', 'ConvertTo-Json') {
            $object | & $as | Out-String | Should -Not -BeNullOrEmpty
        }
        $Error.Count | Should -Be $errorsBefore
    }

    It 'come out of a mocked cmdlet' {
        Mock Get-FlowStat {
            [XTrace.FlowStat] @{ SourceAddress = '10.0.0.1'; Bytes = 10 }
            [XTrace.FlowStat] @{ SourceAddress = '10.0.0.2'; Bytes = 20 }
        }
        (Get-FlowStat | Sort-Object Bytes -Descending).SourceAddress | Should -Be 10.0.0.2, 10.0.0.1
        Should -Invoke Get-FlowStat -Times 1
    }

    It '<_> has a name for its zero' -ForEach $enumerations {
        $zero = [enum]::ToObject($_, 0)
        [enum]::IsDefined($_, $zero) | Should -BeTrue
        "$zero" -as $_ | Should -Be $zero
    }

    It 'have a direction that is neither way where none was said' {
        $flow = [XTrace.FlowStat]::new()
        $flow.Direction | Should -Be None
        $flow | Where-Object Direction -EQ Ingress | Should -BeNullOrEmpty
        $flow | Where-Object Direction -EQ Egress | Should -BeNullOrEmpty
    }

    It 'have a direction that no cmdlet takes for its own: <_>' -ForEach @(
        'Get-FlowStat', 'Get-XdpMonitor', 'Start-XdpMonitor', 'Stop-XdpMonitor'
    ) {
        { & $_ lo -Direction None } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        $line = "$_ -Direction "
        (TabExpansion2 $line -cursorColumn $line.Length).CompletionMatches.CompletionText | Should -Be Both, Egress, Ingress
    }
}

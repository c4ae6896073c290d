Describe 'The package' -Tag Slow {
    BeforeDiscovery {
        . "$PSScriptRoot/Rights.ps1"
        $script:canPackage = [bool](Get-Command Compress-PSResource -ErrorAction Ignore)
        if (-not $canPackage) {
            Write-Warning 'The package is not tested: this pwsh has no Compress-PSResource. PowerShell 7.6 and later have it.'
        }
    }

    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"

        # What the folder holds that is installed, and nothing else: help in each language that there is.
        $script:expected = @(
            'LICENSE', 'XTrace.Format.ps1xml', 'XTrace.Guard.psm1', 'XTrace.PowerShell.dll',
            'XTrace.Types.ps1xml', 'XTrace.psd1', 'Views/XTrace.Views.psd1'
            foreach ($architecture in 'x64', 'arm64') { "linux-$architecture/XTrace.Core.dll", "linux-$architecture/XTrace.Engine.psd1" }
            Get-ChildItem $repository -Directory | Where-Object Name -CMatch '^[a-z]{2}-[A-Z]{2}$' | ForEach-Object {
                foreach ($file in Get-ChildItem $_ -File -Name) { "$($_.Name)/$file" }
            }
        ) | Sort-Object

        function Get-Entry([string] $Package, [string] $Name) {
            $archive = [IO.Compression.ZipFile]::OpenRead($Package)
            try {
                if ($Name) {
                    [IO.StreamReader]::new($archive.GetEntry($Name).Open()).ReadToEnd()
                } else {
                    # Beside the files, a package holds what NuGet wants to know of them.
                    $archive.Entries.FullName |
                        Where-Object { $_ -notmatch '^(_rels/|package/|\[Content_Types\]|XTrace\.nuspec)' } | Sort-Object
                }
            } finally {
                $archive.Dispose()
            }
        }

        # A pwsh of somebody who has just got the machine.
        function Invoke-NewUser([string] $Command) {
            # Without this folder .NET takes the current one for it.
            $null = New-Item -ItemType Directory -Force "$TestDrive/home/.config"
            $variables = '-u', 'XDG_DATA_HOME', '-u', 'XDG_CONFIG_HOME', '-u', 'XDG_CACHE_HOME', '-u', 'PSModulePath',
                "HOME=$TestDrive/home", 'POWERSHELL_TELEMETRY_OPTOUT=1'
            env $variables pwsh -NoProfile -NonInteractive -Command $Command
        }
    }

    It 'is staged as exactly the files that it needs' {
        Get-ChildItem $module -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($module, $_) } | Sort-Object |
            Should -Be $expected
    }

    It 'holds no help for a language in part' {
        $languages = @($expected | Where-Object { $_ -cmatch '^[a-z]{2}-[A-Z]{2}/' } | Group-Object { Split-Path $_ })
        foreach ($language in $languages) {
            ($language.Group | Split-Path -Leaf) | Should -Be ($languages[0].Group | Split-Path -Leaf)
        }
    }

    It 'has the engine as machine code of <architecture>' -ForEach @(
        @{ Architecture = 'x64'; Machine = 0x8664 } # IMAGE_FILE_MACHINE_AMD64
        @{ Architecture = 'arm64'; Machine = 0xaa64 } # IMAGE_FILE_MACHINE_ARM64
    ) {
        $reader = [Reflection.PortableExecutable.PEReader]::new([IO.File]::OpenRead("$module/linux-$architecture/XTrace.Core.dll"))
        try {
            # .NET marks machine code for Linux so: IMAGE_FILE_MACHINE_OS_MASK_LINUX.
            [int] $reader.PEHeaders.CoffHeader.Machine -bxor 0x7b79 | Should -Be $machine
        } finally {
            $reader.Dispose()
        }
    }

    It 'takes the engine that this machine can run' {
        # The engine that is tried first is then refused, as on another machine.
        $swapped = "$TestDrive/swapped/XTrace"
        $null = New-Item -ItemType Directory "$TestDrive/swapped"
        Copy-Item $module $swapped -Recurse
        Rename-Item "$swapped/linux-x64" linux-other
        Rename-Item "$swapped/linux-arm64" linux-x64
        Rename-Item "$swapped/linux-other" linux-arm64
        Invoke-NewUser "Import-Module '$swapped'; `$null = Get-RdmaDevice; `$Error.Count; [XTrace.FlowStat].Assembly.Location" |
            Should -Be 0, "$swapped/linux-$((uname -m) -eq 'x86_64' ? 'arm64' : 'x64')/XTrace.Core.dll"
    }

    It 'needs no System.Management.Automation of its own' {
        Get-ChildItem $module -Recurse -Include System.*, Microsoft.*, *.pdb, *.deps.json, *.so | Should -BeNullOrEmpty
    }

    Context 'as build.ps1 makes it' -Skip:(-not $canPackage) {
        BeforeAll {
            & "$repository/build.ps1" -Task Package | Out-Null
            $script:code = $LASTEXITCODE
            $script:version = (Import-PowerShellDataFile "$repository/XTrace.psd1").ModuleVersion
            $script:package = "$repository/out/XTrace.$version.nupkg"
            $null = New-Item -ItemType Directory -Force "$TestDrive/home", "$TestDrive/feed"
        }

        It 'is one file, with the files of the folder' {
            $code | Should -Be 0
            Get-ChildItem "$repository/out/*.nupkg" | Should -Be $package
            Get-Entry $package | Should -Be $expected
        }

        It 'says what the manifest says' {
            $metadata = ([xml](Get-Entry $package XTrace.nuspec)).package.metadata
            $metadata.id, $metadata.version | Should -Be XTrace, $version
            $metadata.tags -split ' ' | Should -Contain eBPF
            $metadata.licenseUrl | Should -BeLike '*gpl-2.0*'
            $metadata.releaseNotes | Should -Not -BeNullOrEmpty
            "$($metadata.projectUrl)$($metadata.iconUrl)" | Should -BeNullOrEmpty
        }

        It 'is what Publish-PSResource pushes' {
            $publish = "`$ErrorActionPreference = 'Stop'; Register-PSResourceRepository local '$TestDrive/feed' -Trusted; " +
                "Publish-PSResource '$module' -Repository local"
            Invoke-NewUser $publish | Should -BeNullOrEmpty
            $pushed = "$TestDrive/feed/XTrace.$version.nupkg"
            Get-Entry $pushed | Should -Be $expected
            Get-Entry $pushed XTrace.nuspec | Should -Be (Get-Entry $package XTrace.nuspec)
        }

        It 'installs from a folder, and works in a pwsh that knows nothing of it' -Tag Privileged -Skip:$unprivileged {
            Remove-Item "$TestDrive/feed/*"
            Copy-Item $package "$TestDrive/feed"
            Invoke-NewUser "`$ErrorActionPreference = 'Stop'; Install-PSResource XTrace -Repository local" | Should -BeNullOrEmpty
            $installed = "$TestDrive/home/.local/share/powershell/Modules/XTrace/$version"
            Get-ChildItem $installed -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($installed, $_) } |
                Where-Object { $_ -ne 'PSGetModuleInfo.xml' } | Sort-Object | Should -Be $expected
            $veth = [XTrace.Testbed.VethPair]::new($true)
            try {
                # By its name alone: the manifest says which module has the cmdlet.
                $watch = "Start-XdpMonitor $($veth.Interface) | Out-Null; (Get-Command Get-FlowStat).Module.ModuleBase; " +
                    "(Get-XdpMonitor $($veth.Interface)).State"
                Invoke-NewUser $watch | Should -Be $installed, Running
                Send-Frame $veth (Frame Udp4 10.0.0.1 1000 10.0.0.2 2000 100) 3
                Invoke-NewUser "(Get-FlowStat $($veth.Interface)).Packets; Stop-XdpMonitor $($veth.Interface)" | Should -Be 3
            } finally {
                $veth.Dispose()
            }
        }
    }

    It 'works where its folder is copied to' {
        $modules = New-Item -ItemType Directory -Force "$TestDrive/home/.local/share/powershell/Modules"
        Remove-Item "$modules/*" -Recurse
        Copy-Item $module $modules -Recurse
        Invoke-NewUser '(Get-Command Get-RdmaDevice).Module.Path; $null = Get-RdmaDevice; $Error.Count' |
            Should -Be "$modules/XTrace/XTrace.PowerShell.dll", 0
    }
}

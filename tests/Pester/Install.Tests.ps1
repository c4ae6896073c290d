Describe 'make install' -Tag Slow {
    BeforeAll {
        . "$PSScriptRoot/Testbed.ps1"
        $script:root = Join-Path $TestDrive root
        make --no-print-directory -C $repository install "DESTDIR=$root" PREFIX=/usr/local | Out-Null
        $LASTEXITCODE | Should -Be 0
        $script:modules = Join-Path $root usr/local/share/powershell/Modules
        # Another pwsh, for which the folder in the root is what /usr/local has for this one.
        function Invoke-Installed([string] $Command) {
            $before = $env:PSModulePath
            try {
                $env:PSModulePath = $modules
                pwsh -NoProfile -NonInteractive -Command $Command
            } finally {
                $env:PSModulePath = $before
            }
        }
    }

    It 'puts the module where pwsh looks' {
        pwsh -NoProfile -NonInteractive -Command '$env:PSModulePath -split ":"' | Should -Contain /usr/local/share/powershell/Modules
    }

    It 'has a module of one version that is found by its name' {
        $found = Invoke-Installed 'Get-Module -ListAvailable XTrace | ForEach-Object { "$($_.Version) $($_.ModuleBase)" }'
        $version = (Import-PowerShellDataFile (Join-Path $repository XTrace.psd1)).ModuleVersion
        $found | Should -Be "$version $modules/XTrace/$version"
    }

    It 'has a module whose cmdlets load it' {
        $loaded = Invoke-Installed 'Get-XdpMonitor -ErrorAction Ignore | Out-Null; (Get-Module XTrace).Path'
        $loaded | Should -BeLike "$modules/XTrace/*/XTrace.PowerShell.dll"
    }

    It 'has a program that says the same version' {
        $manifest = Import-PowerShellDataFile (Join-Path $repository XTrace.psd1)
        & "$root/usr/local/bin/xtrace-catch" --version | Should -Be "xtrace-catch $($manifest.ModuleVersion)"
    }
}

# Runs the commands of documents one after the other, as a reader would, and writes what became of each (JSON, by document).
# It is the only one to run on its machine (own-machine.sh): what it stops are processes of its own.
param([string] $Documents, [string] $Result)
$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/Documents.ps1"
Set-Location "$PSScriptRoot/../.."
# There is no network to ask which packages are vulnerable, and asking takes a minute.
$env:NuGetAudit = 'false'
# The hosts of the document are this one: ssh starts there what sshd's subsystem would, without an encrypted connection.
$null = New-Item -ItemType Directory -Force /usr/local/share/powershell/Modules
Copy-Item -Recurse out/XTrace /usr/local/share/powershell/Modules
Set-Content /usr/local/bin/ssh "#!/bin/sh`nexec pwsh -NoProfile -SSHServerMode -NoLogo"
chmod +x /usr/local/bin/ssh

$pwsh = [powershell]::Create()
# Whoever is shown the output of a cmdlet has the module already.
$null = $pwsh.AddScript("Set-Location '$PWD'; Import-Module ./out/XTrace").Invoke()

# What has been written so far by what still writes.
function Read-Output([string] $File) {
    [IO.StreamReader]::new([IO.FileStream]::new($File, 'Open', 'Read', 'ReadWrite')).ReadToEnd()
}

# Until it ends by itself. Some end with Ctrl+C only, and get one when they have shown something.
function Invoke-Shell([string] $Command) {
    $Command = $Command -replace '^sudo '
    switch -Regex ($Command) {
        # These run the tests, boot a machine, measure for minutes: here make says what it would do.
        '^make (check|test|test-all|test-vm|bench)\b|^make \w+ ARCH=' { $Command = $Command -replace '^make', 'make -n' }
    }
    $escaped = $Command -replace '(["\\])', '\$1'
    $words = '-c', "`"set -euo pipefail; $escaped`""
    $process = Start-Process bash $words -PassThru -RedirectStandardOutput /tmp/out -RedirectStandardError /tmp/err
    $watches = $Command -match 'xtrace-(catch|exporter)|^make run' -and $Command -notmatch '--once|-l\b|--list|-h\b|--help'
    $isStopped = $false
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not $process.WaitForExit(200) -and $clock.Elapsed.TotalSeconds -lt ($watches -or $isStopped ? 60 : 300)) {
        if ($watches -and ((Read-Output /tmp/out) -match '(?m)^---$|packets=\d' -or
                (Read-Output /tmp/err) -match 'xtrace-exporter: Watching')) {
            Get-Process xtrace-catch, xtrace-exporter -ErrorAction Ignore | ForEach-Object { kill -INT $_.Id }
            $watches = $false
            $isStopped = $true
        }
    }
    $hasEnded = $process.HasExited
    $process.Kill($true)
    $process.WaitForExit()
    @{ Output = Get-Content /tmp/out -Raw; Errors = Get-Content /tmp/err -Raw; ExitCode = $hasEnded ? $process.ExitCode : 'no end' }
}

# In one session. What is to go on until it is stopped is stopped when it has emitted something.
function Invoke-Statement([string] $Command) {
    # A reader takes as long; there has been traffic by then.
    Start-Sleep -Milliseconds 500
    $pwsh.Commands.Clear()
    $pwsh.Streams.ClearStreams()
    $output = [Management.Automation.PSDataCollection[psobject]]::new()
    $running = $pwsh.AddScript($Command).BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $output)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not $running.AsyncWaitHandle.WaitOne(100) -and $clock.Elapsed.TotalSeconds -lt 60) {
        if ($Command -like '* -Continuous*' -and $output.Count) {
            break
        }
    }
    $isToStop = $Command -like '* -Continuous*'
    $hasEnded = $running.IsCompleted
    if (-not $hasEnded) {
        $pwsh.Stop()
    }
    $thrown = $pwsh.InvocationStateInfo.State -eq 'Failed' ? "$($pwsh.InvocationStateInfo.Reason)" : ''
    $answer = @{ Count = $output.Count; Errors = "$($pwsh.Streams.Error)$thrown"; ExitCode = $hasEnded -xor $isToStop ? 0 : 'no end' }
    # As a terminal of 80 columns shows it, and one of 120, with the views that the session has.
    $answer.Output = foreach ($width in 79, 119) {
        $pwsh.Commands.Clear()
        $pwsh.AddCommand('Out-String').AddParameter('Width', $width).Invoke($output)
    }
    $answer.Output = $answer.Output -join ''
    $answer
}

$results = @{}
foreach ($document in $Documents -split ',') {
    $results[$document] = @(foreach ($one in Get-DocumentCommand $document) {
        $one.Language -eq 'powershell' ? (Invoke-Statement $one.Command) : (Invoke-Shell $one.Command)
    })
}
ConvertTo-Json $results -Depth 3 | Set-Content $Result

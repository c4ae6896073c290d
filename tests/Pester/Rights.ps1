# For BeforeDiscovery: $unprivileged, for what needs root, and a line that says so. What is tagged Privileged is skipped then.
$script:unprivileged = (id -u) -ne 0
if ($unprivileged) {
    $file = Split-Path -Leaf ((Get-PSCallStack).ScriptName -like '*.Tests.ps1')[0]
    Write-Warning ("${file}: skips what attaches BPF programs or makes network namespaces. " +
        'Run it as root for that: sudo pwsh -c Invoke-Pester')
}

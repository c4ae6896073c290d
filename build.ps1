#!/usr/bin/env pwsh

<#
.SYNOPSIS
Builds, tests, packages or cleans XTrace: the Makefile's steps for people who live in pwsh.
.EXAMPLE
./build.ps1 -Task Build
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Package', 'Clean')]
    [string] $Task = 'Build'
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Command make -ErrorAction Ignore)) {
    throw "make is not installed. Install it: 'apt-get install make' (Debian, Ubuntu), 'dnf install make' (Fedora, RHEL)."
}
make --no-print-directory -C $PSScriptRoot $Task.ToLowerInvariant()
exit $LASTEXITCODE

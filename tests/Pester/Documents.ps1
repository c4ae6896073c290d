# Reads the documents: their blocks of code, and the commands in them. Prose.ps1 reads their sentences.

# Each English document with its Chinese counterpart.
function Get-DocumentPair([string] $Root) {
    @{ English = 'README.md'; Chinese = 'README_CN.md' }
    foreach ($page in Get-ChildItem "$Root/docs/*.md") {
        @{ English = "docs/$($page.Name)"; Chinese = "docs/zh-CN/$($page.Name)" }
    }
}

# Each block: what stands behind the fence, the heading it is under, its lines, and the number of the first.
function Get-Block([string] $Path) {
    $number = 0
    $heading = ''
    $block = $null
    foreach ($line in Get-Content $Path) {
        $number++
        if ($line -match '^```(.*)$') {
            if ($block) {
                $block
                $block = $null
            } else {
                $block = [pscustomobject] @{
                    Info = $Matches[1]
                    Heading = $heading
                    Line = $number + 1
                    Lines = [Collections.Generic.List[string]]::new()
                }
            }
        } elseif ($block) {
            $block.Lines.Add($line)
        } elseif ($line -match '^#+ ') {
            $heading = $line
        }
    }
}

# A line of bash or PowerShell without its comment.
function Select-Code {
    process {
        ($_ -replace '(^|\s)#\s.*$').TrimEnd()
    }
}

# What a document shows of a console: each command with its prompt, and the lines up to the next.
function Get-Session([string[]] $Lines) {
    $session = $null
    foreach ($line in $Lines) {
        if ($line -match '^(\$|PS>) (.+)$') {
            $session | Where-Object { $_ }
            $session = @{ Language = $Matches[1] -eq '$' ? 'console' : 'powershell'; Command = $Matches[2]; Shown = @() }
        } elseif ($session -and $line.Trim() -and $line -ne '...') {
            $session.Shown += $line
        }
    }
    $session
}

# Each command of a document that the tests run: its number in the document, its language, its text, and what is shown of it.
function Get-DocumentCommand([string] $Path, [string] $Root = "$PSScriptRoot/../..") {
    $number = 0
    foreach ($block in Get-Block $Path) {
        $commands = switch ($block.Info) {
            bash { $block.Lines | Select-Code | Where-Object { $_ } | ForEach-Object { @{ Language = 'bash'; Command = $_; Shown = @() } } }
            console { Get-Session $block.Lines }
            powershell {
                $tree = [Management.Automation.Language.Parser]::ParseInput($block.Lines -join "`n", [ref] $null, [ref] $null)
                $tree.EndBlock.Statements.Extent.Text | ForEach-Object { @{ Language = 'powershell'; Command = $_; Shown = @() } }
            }
        }
        foreach ($command in $commands) {
            $command + @{
                Number = $number++
                Document = [IO.Path]::GetRelativePath((Resolve-Path $Root), (Resolve-Path $Path))
                IsShown = $block.Info -eq 'console'
            }
        }
    }
}

# Reads the documents: their blocks of code, and the commands in them.

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
                $block = [pscustomobject] @{ Info = $Matches[1]; Heading = $heading; Line = $number + 1; Lines = [Collections.Generic.List[string]]::new() }
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

# Each command of a document that the tests run: its number in the document, its language, its text, and what a console shows of it.
function Get-DocumentCommand([string] $Path) {
    $number = 0
    foreach ($block in Get-Block $Path) {
        $commands = switch ($block.Info) {
            bash { $block.Lines | Select-Code | Where-Object { $_ } }
            console { $block.Lines -match '^\$ ' -replace '^\$ ' }
            powershell {
                $tree = [Management.Automation.Language.Parser]::ParseInput($block.Lines -join "`n", [ref] $null, [ref] $null)
                $tree.EndBlock.Statements.Extent.Text
            }
        }
        foreach ($command in $commands) {
            @{
                Number = $number++
                Document = Split-Path $Path -Leaf
                Language = $block.Info
                Command = $command
                Shown = $block.Info -eq 'console' ? @($block.Lines -notmatch '^\$ |^\.\.\.$') : @()
            }
        }
    }
}

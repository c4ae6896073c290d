# Reads prose: the passages of documents, help topics, cmdlet help, man pages and code, each with the number of its first line.

function New-Passage([int] $Line, [string[]] $Text) {
    $joined = ($Text -join ' ' -replace '\s+', ' ').Trim()
    if ($joined) {
        [pscustomobject] @{ Line = $Line; Text = $joined }
    }
}

# Joins lines to passages. A line that is not prose is null and ends a passage; one that begins with a form feed begins another.
function Join-Passage([object[]] $Lines) {
    $start = 0
    $text = @()
    for ($i = 0; $i -le $Lines.Count; $i++) {
        $line = $i -lt $Lines.Count ? $Lines[$i] : $null
        if (-not $line -or $line[0] -eq "`f") {
            New-Passage $start $text
            $text = @()
        }
        if ($line) {
            if (-not $text) {
                $start = $i + 1
            }
            $text += $line.TrimStart("`f")
        }
    }
}

# Markdown: a cell of a table and an item of a list are passages; a name in backticks is one word; a link is its text.
function Get-MarkdownPassage([string] $Path) {
    $isCode = $false
    $lines = foreach ($line in Get-Content $Path) {
        if ($line -like '``````*') {
            $isCode = -not $isCode
            ''
        } elseif ($isCode) {
            ''
        } else {
            $line -replace '!?\[([^\]]+)\]\([^)]+\)', '$1' -replace '`[^`]+`', 'name' -replace '^(#+|\s*[-*]|\s*\d+\.) ', "`f"
        }
    }
    Join-Passage ($lines | ForEach-Object { $_ -like '|*' ? '' : $_ })
    for ($i = 0; $i -lt $lines.Count; $i++) {
        if ($lines[$i] -match '^\|.*[^-:| ]') {
            $lines[$i] -split '\|' | ForEach-Object { New-Passage ($i + 1) $_ }
        }
    }
}

# An about_ topic: what is indented otherwise is another passage, and so is an item, a cause and a cure.
function Get-TopicPassage([string] $Path) {
    $indent = -1
    $lines = foreach ($line in Get-Content $Path) {
        $own = $line.Length - $line.TrimStart().Length
        $begins = $own -ne $indent -and
            -not ($own -eq $indent + 2 -or $own -eq $indent + 7 -or $own -eq $indent + 6) -or
            $line -match '^\s+(- |\w+(: |\uff1a))'
        $indent = $begins ? $own : $indent
        $line.Trim() ? ($begins ? "`f" : '') + $line.Trim() : ''
    }
    Join-Passage $lines
}

# Cmdlet help: paragraphs and titles, without what an example prints.
function Get-HelpPassage([string] $Path) {
    $lines = Get-Content $Path
    for ($i = 0; $i -lt $lines.Count; $i++) {
        if ($lines[$i] -match '<maml:(para|title)>(.+)</maml:\1>') {
            New-Passage ($i + 1) ([Net.WebUtility]::HtmlDecode($Matches[2]) -replace '^-+ | -+$')
        }
    }
}

# A man page: requests that begin something end a passage; others are words.
function Get-ManualPassage([string] $Path) {
    $lines = foreach ($line in Get-Content $Path) {
        $line -match '^\.(Pp|It|Sh|Dl|Bl|El|Dd|Dt|Os|Xr)\b' ? '' : $line -replace '^\.[A-Z]\w '
    }
    Join-Passage $lines
}

function Get-Passage([string] $Path) {
    switch -Wildcard ($Path) {
        '*.md' { Get-MarkdownPassage $Path }
        '*.help.txt' { Get-TopicPassage $Path }
        '*.xml' { Get-HelpPassage $Path }
        '*.1' { Get-ManualPassage $Path }
        # Code: what follows the signs of a comment, as text that goes on from line to line.
        default { Join-Passage ((Get-Content $Path) -replace '^\s*(///?|\*|#)?\s*' -replace '</?\w+[^>]*>' -replace '" *\+?$|^"') }
    }
}

# The sentences of a passage, with the line that the passage begins on.
function Get-Sentence([string] $Path) {
    foreach ($passage in Get-Passage $Path) {
        foreach ($sentence in $passage.Text -split '(?<=[.!?]\**) ') {
            [pscustomobject] @{ Line = $passage.Line; Text = $sentence; Words = ($sentence -split ' ' -match '[\p{L}\d]').Count }
        }
    }
}

# Every text file that is ours, from the repository's root.
function Get-OwnFile([string] $Root) {
    Get-ChildItem $Root -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($Root, $_.FullName) } |
        Where-Object { $_ -notmatch '(^|/)(out|bin|obj|Fixtures|node_modules)/|\.(xz|png|zst)$|^BENCH' }
}

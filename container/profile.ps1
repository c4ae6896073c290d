# Every pwsh of the image, unless it is started with -NoProfile. Without it, the first cmdlet loads the module.
Import-Module XTrace

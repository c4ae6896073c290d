# shellcheck shell=bash disable=SC2034,SC2154 # dotnet is for others; what depends on the guest: machine.sh; cache: packages.sh
# .NET and PowerShell for the guest.

# Sets dotnet, the folder of .NET: this machine's own, or for another architecture one of NuGet's packages.
need_dotnet() {
    if [[ $machine == x64 ]]; then
        dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
        return
    fi
    dotnet=$cache/dotnet-$machine-$(dotnet --version)-$(cat tests/vm/dotnet.{c,proj} | sha256sum | cut -c1-12)
    if [[ ! -d $dotnet ]]; then
        echo "Laying .NET out in $dotnet"
        rm -rf "$cache/dotnet-$machine"-*
        dotnet build tests/vm/dotnet.proj -v quiet -clp:ErrorsOnly --nologo "-p:RuntimeIdentifier=linux-$machine" "-p:OutDir=$dotnet.new/"
        "$compiler" -O1 -Wall -Werror -o "$dotnet.new/dotnet" tests/vm/dotnet.c
        mv "$dotnet.new" "$dotnet"
    fi
}

# The folder of a pwsh that the guest can run; nothing if there is none.
pwsh_home() {
    local home
    # shellcheck disable=SC2016 # PowerShell's
    home=$(pwsh -NoProfile -NonInteractive -Command '$PSHOME' 2>/dev/null) || return 0
    if [[ $machine == x64 ]] || grep -q '"framework"' "$home/pwsh.runtimeconfig.json"; then
        echo "$home"
    fi
}

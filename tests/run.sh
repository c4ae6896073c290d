#!/bin/bash
# Runs every suite and ends with one line that adds them up: N passed, N failed, N skipped.
# Given kernels ('tests/run.sh 6.1'), it boots each as the last suites.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

passed=0 failed=0 skipped=0

if [[ $EUID != 0 ]]; then
    echo "The tests attach BPF programs and make network namespaces: run them as root, for example 'sudo make test'." >&2
    exit 1
fi

# A suite that ends without its summary counts as a failure.
add() {
    if [[ -z ${1:-} ]]; then
        failed=$((failed + 1))
    else
        passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    fi
}

xunit() {
    local log summary code
    log=$(mktemp)
    dotnet test "tests/$1" -c Release --nologo -v quiet --logger 'console;verbosity=normal' | tee "$log"
    code=${PIPESTATUS[0]}
    summary=$(awk '/^ *Passed: / { p = $2 } /^ *Failed: / { f = $2 } /^ *Skipped: / { s = $2 } /^Total tests: / { t = $3 }
        END { if (t > 0) print p + 0, f + 0, s + 0 }' "$log")
    rm -f "$log"
    # shellcheck disable=SC2086 # three numbers
    add $summary
    # A test host that dies reports no failed test.
    [[ $code == 0 || $summary == *' '[1-9]*' '* ]] || failed=$((failed + 1))
}

# The tool manifest's pwsh, in a folder on PATH: the tests start others by that name. The tool's own program starts pwsh as a
# child, which no signal reaches; this one becomes it.
get_pwsh() {
    local version tool=out/tools/pwsh
    version=$(sed -n 's/.*"version": "\([0-9.]*\)".*/\1/p' .config/dotnet-tools.json)
    if [[ ! -x $tool ]]; then
        dotnet tool install powershell --version "$version" --tool-path out/tools >/dev/null 2>&1 || return
        cat >$tool.new <<'EOF'
#!/bin/sh
exec dotnet "$(dirname "$(realpath "$0")")"/.store/powershell/*/powershell/*/tools/net*/any/unix/pwsh.dll "$@"
EOF
        chmod +x $tool.new
        mv $tool.new $tool
    fi
    PATH=$PWD/out/tools:$PATH
}

pester() {
    local log summary
    if ! command -v pwsh >/dev/null && ! get_pwsh; then
        summary=$(grep -hcE '^\s*It ' tests/Pester/*.Tests.ps1 | awk '{ n += $1 } END { print n }')
        echo "The Pester suite was not run: there is no pwsh on PATH, and 'dotnet tool install powershell' cannot get one."
        add 0 0 "$summary"
        return
    fi
    log=$(mktemp)
    dotnet build tests/XTrace.Testbed -c Release -v quiet -clp:ErrorsOnly
    pwsh -NoProfile -NonInteractive -File tests/Pester/run.ps1 | tee "$log"
    summary=$(awk '/^PESTER / { print $2, $3, $4 }' "$log")
    rm -f "$log"
    # shellcheck disable=SC2086 # three numbers
    add $summary
}

vm() {
    local log summary
    log=$(mktemp)
    tests/vm/run.sh "$1" | tee "$log"
    summary=$(tail -n 1 "$log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
    rm -f "$log"
    # shellcheck disable=SC2086 # three numbers
    add $summary
}

for project in tests/*.Tests; do
    xunit "$(basename "$project")"
done
pester
for kernel in "$@"; do
    vm "$kernel"
done

echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 && $passed != 0 ]]

#!/bin/bash
# Runs the suites, several at a time, and ends with one line that adds them up: N passed, N failed, N skipped.
# Usage: run.sh check | test | all [KERNEL...]
#   check  what needs no rights and takes moments
#   test   all but what needs a machine of its own, a container engine or systemd
#   all    everything, and each kernel in a virtual machine
set -uo pipefail
cd "$(dirname "$0")/.." || exit

# Tests end before the code that the runtime would measure, and compile once more, has paid for that: a fifth of the CPU time.
export DOTNET_TieredPGO=0

level=${1:-test}
shift
passed=0 failed=0 skipped=0

if [[ $EUID != 0 && $level != check ]]; then
    echo "These tests attach BPF programs and make network namespaces: run them as root, for example 'sudo make test'." \
        "'make check' runs what needs no rights." >&2
    exit 1
fi

# Under /tmp, which others than root can pass, wherever the clone lies.
work=$(mktemp -d /tmp/xtrace-tests-XXXXXX)
chmod 755 "$work"
declare -A names=()
trap 'kill "${!names[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Waits for a suite to end, shows what it said, and adds it to the sums.
reap() {
    local pid name summary
    wait -n -p pid "${!names[@]}"
    name=${names[$pid]}
    unset "names[$pid]"
    summary=$(sed -n 's/^SUITE //p' "$work/$name.log" | tail -n 1)
    if [[ -z $summary ]]; then
        echo "It ended without a summary, which counts as a failure." >>"$work/$name.log"
        summary='0 1 0 0'
    fi
    echo "=== $name: $(sed -n 's/^TOOK //p' "$work/$name.log")"
    # shellcheck disable=SC2086 # four numbers
    set -- $summary
    if [[ $level == all ]]; then
        # What a suite leaves out is run later.
        grep -v '^SUITE \|^TOOK \|^Left out: ' "$work/$name.log"
    else
        grep -v '^SUITE \|^TOOK ' "$work/$name.log"
        skipped=$((skipped + $4))
    fi
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    [[ $2 == 0 ]] || recall "$name"
}

# Keeps a suite's failures for the end of the output: the name of each test, or of a class that could not be cleaned up, and the lines
# behind it; or the last lines of a suite that died.
recall() {
    grep -a -A 12 '^ *\(Failed [^ ]\|\[-\] \|FAILED \)\|\[FAIL\]\|Cleanup Failure' "$work/$1.log" >"$work/failed" ||
        tail -n 40 "$work/$1.log" >"$work/failed"
    echo "=== $1" >>"$work/failures"
    cat "$work/failed" >>"$work/failures"
}

# Starts a suite once fewer than so many are running: start SLOTS NAME ARGUMENTS-OF-suite.sh...
start() {
    local slots=$1 name=$2
    shift 2
    while ((${#names[@]} >= slots)); do
        reap
    done
    # A shell without job control has what runs in the background ignore Ctrl+C, and the tests send that.
    timeout --kill-after=10 3600 env --default-signal=INT,QUIT "$@" >"$work/$name.log" 2>&1 </dev/null &
    names[$!]=$name
}

start_isolated() {
    local name=$1
    shift
    start "$slots" "$name" unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
        tests/suite.sh isolated "$work/$name" "$@"
}

# How many virtual machines are running.
guests() {
    printf '%s\n' "${names[@]}" | grep -c '^kernel '
}

# Starts a suite once none is running but a virtual machine, which sees nothing of this one.
start_single() {
    while ((${#names[@]} > $(guests))); do
        reap
    done
    start 2 "$1" tests/suite.sh "${@:2}"
}

start_guest() {
    while (($(guests))); do
        reap
    done
    start_single "kernel $1" vm "$1"
}

# The tool manifest's pwsh, in a folder on PATH: the tests start others by that name. The tool's own program starts pwsh as a
# child, which no signal reaches; this one becomes it.
get_pwsh() {
    local version tool=out/tools/pwsh path
    path=$(realpath "$(type -P pwsh)" 2>/dev/null) && [[ -e ${path%/*}/pwsh.dll ]] && return
    version=$(sed -n 's/.*"version": "\([0-9.]*\)".*/\1/p' .config/dotnet-tools.json)
    if [[ ! -x $tool || ! -d out/tools/.store/powershell/$version ]]; then
        rm -rf out/tools/.store $tool
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

# Pester by its name, as tests start others that use it.
get_pester() {
    local version modules=$PWD/out/tools/Modules packages
    export PSModulePath=$modules${PSModulePath:+:$PSModulePath}
    version=$(sed -n 's/.*Include="Pester" Version="\[\(.*\)\]".*/\1/p' tests/Pester/Pester.proj)
    [[ $(readlink -f "$modules/Pester") == */pester/$version/tools ]] && return
    dotnet restore tests/Pester/Pester.proj --verbosity quiet || return
    packages=$(dotnet nuget locals global-packages --list)
    mkdir -p "$modules"
    ln -sfn "${packages#*: }/pester/$version/tools" "$modules/Pester"
}

# Pester's suites need the testbed alone.
build() {
    local project
    for project in "$@"; do
        dotnet build "$project" -c Release -v quiet -nologo -clp:ErrorsOnly || exit
    done
}

# Starts a suite without root's rights, as an ordinary user has it. Root keeps its access to folders: the clone may be another user's.
start_check() {
    local without=()
    [[ $EUID != 0 ]] || without=(setpriv '--bounding-set=-all,+dac_override,+dac_read_search')
    start 3 "$1" "${without[@]}" tests/suite.sh "${@:2}"
}

run_check() {
    local half project files
    build tests/*.Tests
    export LEFT_OUT='Privileged Slow Machine'
    # The files are in the order of their size.
    for half in 0 1; do
        mapfile -t files < <(printf '%s\n' "${pester_files[@]}" | awk -v half="$half" 'NR % 2 == half')
        [[ ${#pester_files[@]} == 0 ]] || start_check "Pester $((half + 1))" pester "${files[@]}"
    done
    for project in XTrace.Core.Tests XTrace.Cli.Tests XTrace.Exporter.Tests; do
        start_check "$project" xunit "$project" FullyQualifiedName~.
    done
}

run_test() {
    local file hook
    export LEFT_OUT=Machine
    slots=$(($(nproc) + 1))
    # What takes longest comes first. Many tests wait for a while, so one suite more than there are CPUs is run. The first two wait
    # most, while the other tests are built.
    for file in "${pester_files[@]:0:2}"; do
        start_isolated "$(basename "$file" .Tests.ps1)" pester "$file"
    done
    build tests/*.Tests
    for hook in Native Tcx Clsact; do
        start_isolated "XTrace.Core.Tests.$hook" xunit XTrace.Core.Tests "FullyQualifiedName~${hook}MonitorStoreTests"
    done
    start_isolated XTrace.Core.Tests xunit XTrace.Core.Tests 'FullyQualifiedName!~MonitorStoreTests'
    start_isolated XTrace.Exporter.Tests xunit XTrace.Exporter.Tests FullyQualifiedName~.
    start_isolated XTrace.Cli.Tests xunit XTrace.Cli.Tests FullyQualifiedName~.
    for file in "${pester_files[@]:2}"; do
        start_isolated "$(basename "$file" .Tests.ps1)" pester "$file"
    done
}

# Runs the tests that look at all of the machine, or need its network: one suite at a time, and in no namespaces of its own.
run_machine() {
    local file project
    export LEFT_OUT='' ONLY=Machine
    for project in XTrace.Core.Tests XTrace.Cli.Tests XTrace.Exporter.Tests; do
        start_single "$project" xunit "$project" FullyQualifiedName~.
    done
    for file in "${pester_files[@]}"; do
        ! grep -q 'Tag .*\bMachine\b' "$file" || start_single "$(basename "$file" .Tests.ps1)" pester "$file"
    done
}

# The suites that wait most, and then the largest.
mapfile -t pester_files < <(
    printf '%s\n' tests/Pester/{Scale,Jobs}.Tests.ps1
    find tests/Pester -name '*.Tests.ps1' ! -name Scale.Tests.ps1 ! -name Jobs.Tests.ps1 -printf '%s %p\n' | sort -rn | cut -d ' ' -f 2-
)
build tests/XTrace.Testbed
if ! get_pwsh; then
    skipped=$(cat "${pester_files[@]}" | grep -cE '^\s*It ')
    pester_files=()
    echo "The Pester suite is not run: there is no pwsh on PATH, and 'dotnet tool install powershell' cannot get one."
fi
get_pester

case $level in
    check) run_check ;;
    test) run_test ;;
    all)
        run_test
        # The first virtual machine runs beside the suites that wait most.
        [[ $# == 0 ]] || start_guest "$1"
        run_machine
        for kernel in "${@:2}"; do
            start_guest "$kernel"
        done
        ;;
esac
while ((${#names[@]})); do
    reap
done
if [[ -e $work/failures ]]; then
    echo "What failed, once more:"
    cat "$work/failures"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 && $passed != 0 ]]

#!/bin/bash
# Runs one suite for run.sh, and ends with a line for it: SUITE passed failed skipped left-out. Without that line the suite has died.
# Usage: suite.sh [isolated FOLDER] xunit PROJECT FILTER | pester FILE... | vm KERNEL
# Tests of the categories in LEFT_OUT are not run but named. If ONLY is a category, no others are run.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

# Makes the new namespaces that this process was started in a small machine: suites that run at the same time do not see
# each other's interfaces, processes and pins, and what a suite leaves behind ends with it.
isolate() {
    mkdir -p "$1" /run/netns &&
        ip link set lo up &&
        # /sys shows the interfaces of the namespace in which it was mounted.
        mount -t sysfs sysfs "$1" &&
        mount --rbind /sys/fs/cgroup "$1/fs/cgroup" &&
        mount -t bpf bpf "$1/fs/bpf" &&
        umount --lazy /sys &&
        mount --move "$1" /sys &&
        mount -t tmpfs tmpfs /run/netns &&
        mount -t tmpfs -o mode=1777 tmpfs /dev/shm
}

# Shows the folder of a program on PATH under another name where others than root cannot read it: wherever the clone lies.
show() {
    local program
    program=$(realpath "$(type -P "$1")")
    if ! setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$program"; then
        mkdir "$2" && mount --bind "$(dirname "$program")" "$2" && PATH=$2:$PATH
    fi
}

xunit() {
    local project=$1 filter=$2 assembly category unwanted='' wanted='' names log code left=0
    assembly=$(find "tests/$project/bin/Release" -name "$project.dll" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
    for category in ${LEFT_OUT:-}; do
        unwanted+="|Category=$category"
        wanted+="&Category!=$category"
    done
    if [[ -n $unwanted ]]; then
        names=$(dotnet test "$assembly" --list-tests --filter "($filter)&(${unwanted:1})" | sed -n 's/^    //p')
        left=$(grep -c . <<<"$names")
        sed 's/(.*//; s/\.[^.]*$//' <<<"$names" | sort | uniq -c | awk 'NF == 2 { print "Left out: " $2 ", " $1 " tests" }'
    fi
    filter="($filter)$wanted"
    [[ -z ${ONLY:-} ]] || filter="($filter)&(Category=$ONLY)"
    log=$(mktemp)
    dotnet test "$assembly" --filter "$filter" --logger 'console;verbosity=normal' | tee "$log"
    code=${PIPESTATUS[0]}
    awk -v code="$code" -v left="$left" '
        /^ *Passed: / { passed = $2 } /^ *Failed: / { failed = $2 } /^ *Skipped: / { skipped = $2 } /^Total tests: / { total = $3 }
        # A test host that dies reports no failed test.
        END { if (total > 0) print "SUITE", passed + 0, failed + (code != 0 && !failed), skipped + 0, left }' "$log"
    rm -f "$log"
}

vm() {
    tests/vm/run.sh "$1" | sed 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/SUITE \1 \2 \3 0/'
}

if [[ $1 == isolated ]]; then
    isolate "$2" && show dotnet "$2/dotnet" && show pwsh "$2/pwsh" || exit
    shift 2
fi
TIMEFORMAT='TOOK %0R s, %U s + %S s of CPU time'
time case $1 in
    xunit | vm) "$@" ;;
    pester) pwsh -NoProfile -NonInteractive -File tests/Pester/run.ps1 "${@:2}" ;;
esac

# shellcheck shell=bash disable=SC2154,SC2016 # pwsh: run.sh; what is in single quotes is PowerShell's
# Many interfaces on a machine with 128 possible CPUs: one table for all of them, and what it costs.

# What maps and programs are made of, in bytes: the kernel's own areas, and those of each CPU.
kernel_memory() {
    awk '/^(VmallocUsed|Percpu):/ { sum += $2 } END { print sum * 1024 }' /proc/meminfo
}

run() {
    local before
    has_pwsh || return 0
    for i in $(seq 256); do
        echo "link add many$i type veth peer name peer$i"
        echo "link set many$i up"
        echo "link set peer$i up"
    done | ip -batch -
    cat /sys/devices/system/cpu/possible >possible
    before=$(kernel_memory)
    module '
        $started = Start-XdpMonitor many* -Direction Both
        "started {0} running {1} tables {2}" -f $started.Count,
            @($started | Where-Object State -eq Running).Count,
            @($started | Split-Path -Parent | Sort-Object -Unique).Count' >started
    echo $(($(kernel_memory) - before)) >memory
    module '
        $all = Get-XdpMonitor
        "points {0} running {1} capacity {2}" -f $all.Count, @($all | Where-Object State -eq Running).Count, $all[0].TableSlots
        $all | Stop-XdpMonitor
        "left {0}" -f @(Get-XdpMonitor).Count' >listed
    for i in $(seq 256); do
        echo "link del many$i"
    done | ip -batch -
}

check() {
    if [[ -z $pwsh ]]; then
        skip 'Many interfaces were not watched: there is no pwsh on PATH.'
        return
    fi
    equal 'Possible CPUs' "$(cat possible)" expected 0-127
    equal 'Started' "$(cat started)" expected 'started 512 running 512 tables 1'
    equal "Memory of all maps: $(($(cat memory) / 1048576)) MiB, at most 512" "$(($(cat memory) <= 512 * 1048576))" expected 1
    equal 'Listed and stopped' "$(xargs <listed)" expected 'points 512 running 512 capacity 1048576 left 0'
}

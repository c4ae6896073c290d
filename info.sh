#!/bin/bash
# Says what this machine has of what XTrace needs; a line for whatever is missing says what to do.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

line() {
    printf '%-14s %s\n' "$@"
}

# Prints the version of a tool, or how to get it. sed reads on after the version, because a tool fails if nobody reads the rest.
tool() {
    local name=$1 missing=$2
    shift 2
    line "$name" "$("$@" 2>/dev/null | sed -n '0,/[0-9]/s/^[^0-9]*\([0-9][0-9.]*\).*/\1/p' | grep . || echo "not installed: $missing")"
}

capabilities() {
    local effective missing=() name
    effective=$(awk '/^CapEff:/ { print $2 }' /proc/self/status)
    # linux/capability.h
    for name in BPF:39 PERFMON:38 NET_ADMIN:12; do
        (( 0x$effective >> ${name#*:} & 1 )) || missing+=("CAP_${name%:*}")
    done
    if [[ ${#missing[@]} == 0 ]]; then
        echo "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN: may watch flows"
    else
        echo "missing: ${missing[*]}. Watching flows needs them: use sudo"
    fi
}

libbpf() {
    local library
    library=$(ldconfig -p | awk '/libbpf\.so\.1 / && !found++ { print $NF }')
    if [[ -n $library ]]; then
        basename "$(realpath "$library")" | sed 's/^libbpf\.so\.//'
    else
        echo "libbpf.so.1 is not installed: apt-get install libbpf1 (Debian, Ubuntu), dnf install libbpf (Fedora, RHEL)"
    fi
}

rdma() {
    local folder=${XTRACE_SYSFS_ROOT:-/sys}/class/infiniband device driver devices=()
    for device in "$folder"/*; do
        [[ -e $device ]] || continue
        # soft-RoCE has no device below it.
        driver=$(readlink "$device/device/driver") && driver=" (${driver##*/})" || driver=
        devices+=("${device##*/}$driver")
    done
    if [[ ${#devices[@]} == 0 ]]; then
        echo "none: the kernel has no RDMA device, or its driver is not loaded"
    else
        printf '%s  ' "${devices[@]}"
    fi
}

line Kernel "$(uname -r)"
line Architecture "$(uname -m)"
line Distribution "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release 2>/dev/null | grep . ||
    echo "unknown: /etc/os-release does not say")"
tool clang "make deps" clang --version
tool dotnet "the SDK builds XTrace; see https://dot.net/download, or your distribution's dotnet-sdk-10.0" dotnet --version
tool pwsh "the module needs PowerShell 7.6 or later; see https://aka.ms/powershell" pwsh -NoProfile -NonInteractive -Version
tool bpftool "not needed; apt-get install bpftool, to look at programs and maps" bpftool version
tool make "apt-get install make" make --version
line libbpf "$(libbpf)"
line BTF "$([[ -e /sys/kernel/btf/vmlinux ]] && echo "/sys/kernel/btf/vmlinux" || echo "none; not needed")"
line bpffs "$([[ $(stat -f -c %T /sys/fs/bpf 2>/dev/null) == bpf_fs ]] && echo "/sys/fs/bpf" \
    || echo "not mounted: Start-XdpMonitor mounts it if it may, or: mount -t bpf bpf /sys/fs/bpf")"
line Capabilities "$(capabilities)"
line RDMA "$(rdma)"

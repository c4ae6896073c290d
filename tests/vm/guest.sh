#!/bin/bash
# Inside the guest: the fabric, then the run() of every scenario. What a scenario leaves in its folder, the host checks.
set -euo pipefail
cd /repo/tests/vm
trap 'poweroff -f' EXIT

mount -t proc proc /proc
mount -t sysfs sys /sys
for folder in /tmp /run /var /root; do
    mount -t tmpfs tmpfs "$folder"
done
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mkdir /run/busybox
/bin/busybox --install -s /run/busybox
# shellcheck disable=SC2154 # the kernel hands 'programs' and 'helpers' over in the environment: folders of the repository
export PATH=/repo/$programs:/repo/$helpers:/usr/sbin:/usr/bin:/sbin:/bin:/run/busybox:/dotnet HOME=/root LANG=C.UTF-8 NO_COLOR=1
export DOTNET_NOLOGO=1 DOTNET_ROOT=/dotnet DOTNET_TieredPGO=0 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
export POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off

# shellcheck source=tests/vm/fabric.sh
. ./fabric.sh
# shellcheck source=tests/vm/watch.sh
. ./watch.sh

# Before a command that an ordinary user is to run.
# shellcheck disable=SC2034 # for the scenarios
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp)

# Whether the host has a PowerShell for the guest.
has_pwsh() {
    [[ -e /pwsh/pwsh.dll ]]
}

# One that brings its own .NET starts by itself.
pwsh=(/pwsh/pwsh)
if grep -q '"framework"' /pwsh/pwsh.runtimeconfig.json 2>/dev/null; then
    pwsh=(dotnet /pwsh/pwsh.dll)
fi

# Runs PowerShell with the module, each time in a process of its own, as what 'as' says.
as=()
module() {
    "${as[@]}" "${pwsh[@]}" -NoProfile -NonInteractive -Command "\$ErrorActionPreference = 'Stop'; Import-Module /repo/out/XTrace; $1"
}

# Seconds since the guest booted.
seconds() {
    cut -d . -f 1 /proc/uptime
}

mount -t bpf bpf /sys/fs/bpf
make_fabric
# shellcheck disable=SC2154 # the kernel hands 'scenarios=one,two' over in the environment
for name in ${scenarios//,/ }; do
    mkdir -p "/results/$name"
    # What one scenario leaves for the others, such as /tmp/enough, would end them.
    rm -rf /tmp/*
    started=$(seconds)
    # A scenario that ends early leaves no 'done', and the host says so.
    set +e
    (
        set -e
        trap 'jobs -p | xargs -r kill -KILL' EXIT
        # shellcheck source=/dev/null
        . "./scenarios/$name.sh"
        cd "/results/$name"
        run
        echo $(($(seconds) - started)) >"done"
    ) >"/results/$name/log" 2>&1
    set -e
    # One that ended early may have left the pair without a link, or with loss.
    for end in va vb; do
        tc qdisc del dev $end root 2>/dev/null || true
        ip link set $end up
    done
done

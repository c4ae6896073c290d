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
mkdir /run/busybox
/bin/busybox --install -s /run/busybox
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/run/busybox HOME=/root LANG=C.UTF-8 DOTNET_ROOT=/dotnet DOTNET_NOLOGO=1

# shellcheck source=tests/vm/fabric.sh
. ./fabric.sh
# shellcheck source=tests/vm/watch.sh
. ./watch.sh

make_fabric
for scenario in scenarios/*.sh; do
    name=$(basename "$scenario" .sh)
    mkdir -p "/results/$name"
    # A scenario that ends early leaves no 'done', and the host says so.
    (
        # shellcheck source=/dev/null
        . "./$scenario"
        cd "/results/$name"
        run
        touch "done"
    ) >"/results/$name/log" 2>&1 || true
    echo "$name: ended at $(cut -d ' ' -f 1 /proc/uptime) s"
done

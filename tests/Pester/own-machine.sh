#!/bin/bash
# Runs a command as the first process of what looks like a machine of its own. What it writes to the repository, /etc, /root,
# /usr/local, /var, /run and /tmp is gone when it ends, but for /var/log: that is FOLDER/log. SIGTERM ends it, with all that it started.
# Usage: unshare --mount own-machine.sh FOLDER COMMAND...
set -euo pipefail

folder=$1
shift
repository=$(realpath "$(dirname "$0")/../..")
mkdir -p "$folder/log" "$folder/memory"
mount --make-rprivate /
# An overlay cannot stand on another overlay, which the folder may be on.
mount -t tmpfs tmpfs "$folder/memory"
cd "$folder/memory"
mkdir log cgroup
mount --bind "$folder/log" log
lowers=(etc root usr/local var)
# One of these may have the repository in it.
[[ $repository =~ ^/(etc|root|usr/local|var)/ ]] || lowers+=("${repository#/}")
for lower in "${lowers[@]}"; do
    mkdir -p "upper/$lower" "work/$lower"
    mount -t overlay overlay -o "lowerdir=/$lower,upperdir=upper/$lower,workdir=work/$lower" "/$lower"
done
mount --bind log /var/log
# Where pwsh is a tool of the repository, the machine has it in a place where everybody looks.
if ! PATH=/usr/local/bin:/usr/bin:/bin type -P pwsh >/dev/null; then
    mkdir /usr/local/lib/pwsh
    mount --bind "$(dirname "$(type -P pwsh)")" /usr/local/lib/pwsh
    ln -s /usr/local/lib/pwsh/pwsh /usr/local/bin/pwsh
fi
mount -t cgroup2 cgroup2 cgroup
group=cgroup/xtrace-test-$$
mkdir "$group"
# What was killed is gone a moment later.
trap 'for _ in {1..50}; do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break; sleep 0.1; done' EXIT

# Without job control bash has what runs in the background ignore Ctrl+C.
set -m
# shellcheck disable=SC2016 # expanded by the inner bash
unshare --mount --pid --fork --kill-child --mount-proc --propagation private bash -c '
    set -euo pipefail
    echo 0 >"$1/cgroup.procs"
    shift
    exec unshare --cgroup bash -c "
        set -euo pipefail
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        cd \"\$1\"
        mount -t tmpfs tmpfs /run
        mount -t tmpfs -o mode=1777 tmpfs /tmp
        if [[ ! \$1 -ef . ]]; then
            # It is in what was just hidden; by its path mount would find the empty folder.
            mkdir -p \"\$1\"
            mount --no-canonicalize --bind . \"\$1\"
        fi
        cd /
        shift
        exec \"\$@\"" bash "$@"' bash "$group" "$repository" "$@" &
trap 'kill -KILL $!' TERM
status=0
{ wait $! || status=$?; } 2>/dev/null
exit "$status"

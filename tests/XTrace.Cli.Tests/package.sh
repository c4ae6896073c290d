#!/bin/bash
# Usage: package.sh <package> <folder for what it saw>
# Has 'make deps' install what is missing, then installs a package, runs what is in it, and removes it. All of this happens in an
# overlay of this machine's root, which is gone with the script. The unit runs under a real systemd, as root of a container.
set -euo pipefail

repository=$(realpath "$(dirname "$0")/../..")
package=$(realpath "$1")
seen=$(realpath "$2")
[[ ${3:-} == inside ]] || exec unshare --mount bash "$0" "$package" "$seen" inside

id=xtpkg-$$
watched=$id-a
peer=$id-b
work=$(mktemp -d)
root=$work/root

cleanup() {
    ip netns del "$watched" 2>/dev/null || true
    ip netns del "$peer" 2>/dev/null || true
    umount --recursive "$work" 2>/dev/null || umount --recursive --lazy "$work"
    rmdir "$work"
}
trap cleanup EXIT

mount -t tmpfs none "$work"
mkdir "$work"/{changes,work,root}
mount -t overlay none -o "lowerdir=/,upperdir=$work/changes,workdir=$work/work" "$root"
# What systemd-nspawn leaves behind stays here.
mkdir -p /run/systemd
mount -t tmpfs none /run/systemd

in_root() {
    chroot "$root" "$@"
}

apt() {
    in_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 "$@" >>"$seen/apt.log" 2>&1
}

files() {
    (cd "$root" && find usr etc var/lib/systemd -path usr/share/dotnet -prune -o -iname '*xtrace*' -print | sort)
}

mount --bind /dev "$root/dev"
mount -t proc none "$root/proc"

# The tree may be on another file system.
mkdir -p "$root$repository"
mount --bind "$repository" "$root$repository"
apt purge libbpf-dev
in_root make --no-print-directory -C "$repository" deps >"$seen/deps" 2>&1
in_root ls /usr/include/bpf/bpf_helpers.h >>"$seen/deps"

# As the link that it may be, it leads nowhere here.
rm "$root/etc/resolv.conf"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# A Debian without what only building and testing needs: what the package needs comes with it.
rm -rf "$root"/usr/share/dotnet "$root"/usr/bin/dotnet "$root"/usr/lib/dotnet
in_root make --no-print-directory -C "$repository" deps >"$seen/deps-without-dotnet" 2>&1 || true
umount "$root$repository"
apt purge libbpf1
cp "$package" "$root/tmp/xtrace.deb"
files >"$seen/before"

apt install --no-install-recommends /tmp/xtrace.deb || { apt update && apt install --no-install-recommends /tmp/xtrace.deb; }
in_root dpkg -s xtrace libbpf1 >"$seen/status"
in_root dpkg -L xtrace >"$seen/list"
in_root xtrace-catch --version >"$seen/version"
in_root man -w xtrace-catch >"$seen/man"
in_root systemd-analyze verify "/usr/lib/systemd/system/xtrace-catch@eth0.service" >"$seen/verify" 2>&1
in_root systemd-analyze security --offline=yes --no-pager "/usr/lib/systemd/system/xtrace-catch@.service" >"$seen/security" 2>&1
in_root bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader xtrace-catch; complete -p xtrace-catch' \
    >"$seen/completion"
umount "$root/proc" "$root/dev"

# A pair of interfaces between two namespaces; a container boots in the first.
ip netns add "$watched"
ip netns add "$peer"
ip -n "$watched" link add wa type veth peer name wb netns "$peer"
ip -n "$watched" address add 10.7.7.1/24 dev wa
ip -n "$peer" address add 10.7.7.2/24 dev wb
ip -n "$watched" link set wa up
ip -n "$peer" link set wb up

echo 'OPTIONS=--interval 500' >"$root/etc/default/xtrace-catch"
echo uninitialized >"$root/etc/machine-id"
mkdir "$root/seen"
cat >"$root/etc/systemd/system/watch.service" <<'EOF'
[Service]
Type=oneshot
ExecStart=/bin/bash /watch.sh
EOF
cat >"$root/watch.sh" <<'EOF'
journal() {
    journalctl -u xtrace-catch@wa -o cat
}
until_journal_has() {
    for _ in {1..120}; do journal | grep "$1" >/dev/null && return; sleep 0.25; done
}
systemctl start xtrace-catch@wa
until_journal_has 'program loaded on wa'
touch /seen/loaded
until_journal_has 'proto=17 '
cp "/proc/$(systemctl show -P MainPID xtrace-catch@wa)/status" /seen/process
cp "/proc/$(systemctl show -P MainPID xtrace-catch@wa)/mountinfo" /seen/mounts
systemctl stop xtrace-catch@wa
systemctl show xtrace-catch@wa -p Result,ExecMainCode,ExecMainStatus,NRestarts >/seen/unit
journal >/seen/journal
systemctl --no-block exit 0
EOF
(
    for _ in {1..300}; do [[ -e $root/seen/loaded ]] && break; sleep 0.2; done
    nsenter --net="/run/netns/$peer" bash -c 'echo hi >/dev/udp/10.7.7.1/9'
) &
timeout 120 systemd-nspawn --quiet --register=no --keep-unit --directory="$root" --network-namespace-path="/run/netns/$watched" \
    --capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN --system-call-filter=bpf --console=pipe --boot systemd.unit=watch.service \
    </dev/null >"$seen/boot" 2>&1 || echo "systemd-nspawn: $?" >>"$seen/boot"
wait
cp "$root"/seen/* "$seen/"
nsenter --net="/run/netns/$watched" bpftool net show dev wa >"$seen/attached" 2>&1

mount --bind /dev "$root/dev"
mount -t proc none "$root/proc"
rm "$root/etc/default/xtrace-catch"
apt purge xtrace
files >"$seen/after"
umount "$root/proc" "$root/dev"

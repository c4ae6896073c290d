#!/bin/bash
# Installs the packages that are missing: './deps.sh build' for building, with 'arm64' for that architecture on another, with 'deb' for
# the package, 'check' for the tests that need no rights, 'check test engines' for those of 'make test', 'check test engines machine' and
# 'container' for the others, 'test bench' for the benchmarks.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# Each line: what must be there (a command or a file), and the Debian package that has it.
declare -A needs=(
    [build]='clang:clang /usr/include/bpf/bpf_helpers.h:libbpf-dev'
    [arm64]='aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/lib/libc.so:libc6-dev-arm64-cross'
    [deb]='dh:debhelper dpkg-buildpackage:dpkg-dev'
    [check]='tmux:tmux xz:xz-utils gcc:gcc shellcheck:shellcheck man:man-db mandoc:mandoc
        /usr/share/bash-completion/bash_completion:bash-completion'
    [test]='ip:iproute2 ethtool:ethtool tshark:tshark strace:strace setpriv:util-linux bpftool:bpftool sudo:sudo
        nft:nftables jq:jq ping:iputils-ping /bin/kill:procps
        nfcapd:nfdump nfacctd:pmacct /usr/lib/python3/dist-packages/ipfix:python3-ipfix openssl:openssl'
    [engines]='prometheus:prometheus victoria-metrics:victoria-metrics clickhouse-server:clickhouse-server'
    [machine]='lintian:lintian systemd-nspawn:systemd-container systemd-analyze:systemd cron:cron'
    [bench]='iperf3:iperf3'
    [container]='mmdebstrap:mmdebstrap runc:runc'
)

if ! command -v dotnet >/dev/null; then
    echo "The .NET SDK 10 is not installed: see https://dot.net/download, or your distribution's dotnet-sdk-10.0." >&2
    exit 1
fi

packages=()
for group in "$@"; do
    for need in ${needs[$group]}; do
        what=${need%%:*}
        command -v "$what" >/dev/null || [[ -e $what ]] || packages+=("${need##*:}")
    done
done
[[ ${#packages[@]} == 0 ]] && exit

if ! command -v apt-get >/dev/null; then
    echo "Install what your distribution calls these Debian packages, then try again: ${packages[*]}" >&2
    exit 1
fi
sudo=()
if [[ $EUID != 0 ]]; then
    command -v sudo >/dev/null || { echo "These are missing, and only root can install them: ${packages[*]}" >&2; exit 1; }
    sudo=(sudo)
fi
echo "Installing ${packages[*]}"
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null

# The tests start servers of their own; Debian's packages start one each.
for package in "${packages[@]}"; do
    if [[ $package =~ ^(prometheus|victoria-metrics|clickhouse-server)$ && -d /run/systemd/system ]]; then
        "${sudo[@]}" systemctl disable --quiet --now "$package"
    fi
done

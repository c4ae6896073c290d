# shellcheck shell=bash disable=SC2034 # what it sets is for others
# The cache: Debian packages, unpacked. Nothing gets installed.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/xtrace-vm

# What the guest runs, and QEMU itself: of one release, whatever the kernel.
root_suite=bookworm
root_packages=(
    qemu-system-x86 busybox-static bash coreutils gawk kmod mount procps util-linux libc-bin ncurses-base libstdc++6 libbpf1 xz-utils
    iproute2 ethtool nftables iperf3 tcpdump strace tmux
    rdma-core ibverbs-utils ibverbs-providers perftest rdmacm-utils
)

declare -A kernel_suite=([5.10]=bullseye [6.1]=bookworm [6.12]=bookworm-backports)

# Sets root: the folder of everything but the kernel.
need_root() {
    root=$cache/root-$(sha256sum tests/vm/packages.sh | cut -c1-12)
    if [[ ! -d $root ]]; then
        echo "Unpacking the packages of the VM into $root"
        rm -rf "$cache"/root-*
        use_suite "$root_suite"
        apt_of "$root_suite" apt-get install --download-only --yes --no-install-recommends "${root_packages[@]}" >/dev/null
        unpack "$root_suite" "$root.new"
        mkdir -p "$root.new"/{repo,results,dotnet,pwsh,kernel}
        ln -s bash "$root.new/bin/sh"
        ln -s /dotnet "$root.new/usr/share/dotnet"
        rm -rf "$root.new"/{boot,lib/modules}
        ln -s /kernel/boot "$root.new/boot"
        ln -s /kernel/lib/modules "$root.new/lib/modules"
        echo root:x:0:0:root:/root:/bin/bash >"$root.new/etc/passwd"
        mv "$root.new" "$root"
    fi
}

# Sets kernel, the folder of one kernel, and release, its name.
need_kernel() {
    local version=$1 suite=${kernel_suite[$1]} package
    kernel=$cache/kernel-$version
    if [[ ! -d $kernel ]]; then
        echo "Unpacking kernel $version into $kernel"
        use_suite "$suite"
        package=$(apt_of "$suite" apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-/ { print $2 }')
        if [[ $package != linux-image-"$version".* ]]; then
            echo "The kernel of Debian's $suite is ${package:-missing}, not $version." >&2
            return 1
        fi
        (cd "$cache/apt/$suite/archives" && apt_of "$suite" apt-get download "$package")
        unpack "$suite" "$kernel.new"
        unpacked depmod bin/kmod --basedir "$kernel.new" "$(ls "$kernel.new/lib/modules")"
        mv "$kernel.new" "$kernel"
    fi
    release=$(ls "$kernel/lib/modules")
}

# Runs a program out of root with root's libraries: its name, its path, arguments. With how=exec it takes the shell's place, so that
# a signal to a job reaches it.
unpacked() {
    local name=$1 path=$2
    shift 2
    ${how:-} nice "$root/lib64/ld-linux-x86-64.so.2" --argv0 "$name" \
        --library-path "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu" "$root/$path" "$@"
}

# Lists a suite's packages: the machine's own package source with the suite changed.
use_suite() {
    local suite=$1 state=$cache/apt/$1 own source
    # shellcheck source=/dev/null
    own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # shellcheck disable=SC2016 # apt's placeholders
    source=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v own="$own" '$2 == own && $3 == "main" { print $1; exit }')
    if [[ -z $source ]]; then
        echo "apt has no source for Debian's main packages of '$own': the VM is made of such packages." >&2
        return 1
    fi
    rm -rf "$state"
    mkdir -p "$state"/{lists,archives}/partial
    : >"$state/status"
    echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source $suite main" >"$state/sources.list"
    apt_of "$suite" apt-get update
}

# apt with a state of its own, in which nothing is installed.
apt_of() {
    local state=$cache/apt/$1 tool=$2
    shift 2
    "$tool" -qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state" "$@"
}

# Unpacks what a suite has downloaded.
unpack() {
    local suite=$1 folder=$2 package
    rm -rf "$folder"
    mkdir -p "$folder"
    for package in "$cache/apt/$suite"/archives/*.deb; do
        dpkg-deb --extract "$package" "$folder"
    done
    rm -rf "$cache/apt/$suite"
}

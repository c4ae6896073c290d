# shellcheck shell=bash disable=SC2034,SC2154 # what it sets is for others; what depends on the guest: machine.sh
# The cache: Debian packages, unpacked. Nothing gets installed. machine.sh says for which guest.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/xtrace-vm

# The programs of the guest, and those that this machine runs for it: of one release, whatever the kernel.
root_suite=bookworm
tools_packages=(busybox-static kmod)
root_packages=(
    busybox-static bash coreutils gawk kmod mount procps util-linux libc-bin ncurses-base libstdc++6 libbpf1 xz-utils
    iproute2 ethtool nftables iperf3 tcpdump strace tmux
    rdma-core ibverbs-utils ibverbs-providers perftest rdmacm-utils
)

declare -A kernel_suite=([5.10]=bullseye [6.1]=bookworm [6.12]=bookworm-backports)

# Sets tools: the folder of QEMU and of what prepares a guest, for this machine.
need_tools() {
    need_packages tools amd64 "$emulator_package" "${tools_packages[@]}"
    tools=$folder
}

# Sets root: the folder of everything in the guest but the kernel.
need_root() {
    need_packages root "$debian" "${root_packages[@]}"
    root=$folder
    if [[ ! -d $root/repo ]]; then
        rm -rf "${root:?}"/{boot,lib/modules}
        ln -s bash "$root/bin/sh"
        ln -s /dotnet "$root/usr/share/dotnet"
        ln -s /kernel/boot "$root/boot"
        ln -s /kernel/lib/modules "$root/lib/modules"
        echo root:x:0:0:root:/root:/bin/bash >"$root/etc/passwd"
        mkdir -p "$root"/{results,dotnet,pwsh,kernel,repo}
    fi
}

# Sets folder: packages of one architecture with all that they depend on, unpacked. What is it for, the architecture, the packages.
need_packages() {
    folder=$cache/$machine-$1-$(sha256sum tests/vm/packages.sh | cut -c1-12)
    if [[ ! -d $folder ]]; then
        echo "Unpacking the packages of the VM into $folder"
        rm -rf "$cache/$machine-$1"-*
        use_suite "$root_suite" "$2"
        apt_of "$root_suite" apt-get install --download-only --yes --no-install-recommends "${@:3}" >/dev/null
        unpack "$root_suite" "$folder.new"
        mv "$folder.new" "$folder"
    fi
}

# Sets kernel, the folder of one kernel, and release, its name.
need_kernel() {
    local version=$1 suite=${kernel_suite[$1]} package
    kernel=$cache/kernel-$version-$machine
    if [[ ! -d $kernel ]]; then
        echo "Unpacking kernel $version into $kernel"
        use_suite "$suite" "$debian"
        package=$(apt_of "$suite" apt-cache depends "linux-image-$debian" | awk '/Depends: linux-image-/ { print $2 }')
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

# Runs a program out of tools with the libraries there: its name, its path, arguments. With how=exec it takes the shell's place, so that
# a signal to a job reaches it.
unpacked() {
    local name=$1 path=$2
    shift 2
    ${how:-} nice "$tools/lib64/ld-linux-x86-64.so.2" --argv0 "$name" \
        --library-path "$tools/lib/x86_64-linux-gnu:$tools/usr/lib/x86_64-linux-gnu" "$tools/$path" "$@"
}

# Lists a suite's packages of an architecture: the machine's own package source with both changed.
use_suite() {
    local suite=$1 architecture=$2 state=$cache/apt/$1 own source
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
    echo "deb [arch=$architecture signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source $suite main" >"$state/sources.list"
    printf 'APT::%s "%s";\n' Architecture "$architecture" Architectures "$architecture" >"$state/apt.conf"
    apt_of "$suite" apt-get update
}

# apt with a state of its own, in which nothing is installed.
apt_of() {
    local state=$cache/apt/$1 tool=$2
    shift 2
    APT_CONFIG=$state/apt.conf "$tool" -qq -o APT::Sandbox::User=root \
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
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

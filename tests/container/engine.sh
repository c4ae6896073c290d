#!/bin/bash
# Starts and stops a Docker engine for the tests. The Dockerfile's base images are made here, of Debian's packages and this machine's
# SDK, so no registry need be reached. 'engine.sh start' prints the variables with which docker finds the engine. One of them is
# FOLDER, and 'engine.sh stop FOLDER' ends the engine.
set -eEuo pipefail
cd "$(dirname "$0")/../.."

# shellcheck source=tests/vm/packages.sh
source tests/vm/packages.sh
cache=${XDG_CACHE_HOME:-$HOME/.cache}/xtrace-container
mkdir -p "$cache"

# BPF and PERFMON are known since Docker 23; Debian has a later one since trixie, of which only these files are used.
need_engine() {
    local suite=trixie
    engine=$cache/engine
    if [[ ! -d $engine ]]; then
        echo "Unpacking Docker into $engine" >&2
        use_suite $suite amd64 >&2
        (cd "$cache/apt/$suite/archives" && apt_of $suite apt-get download docker.io docker-cli docker-compose docker-buildx containerd >&2)
        unpack $suite "$engine.new"
        mv "$engine.new" "$engine"
    fi
}

# Debian as the public image has it, besides the certificates that this machine trusts: an egress proxy may have some of its own.
need_debian() {
    debian=$cache/debian.tar
    if [[ ! -s $debian ]]; then
        echo "Making the image of Debian's $1" >&2
        # shellcheck disable=SC2016 # mmdebstrap's $1 is the image's root
        TMPDIR=$(roomy) mmdebstrap --variant=minbase --format=tar --quiet \
            --customize-hook='mkdir -p "$1/usr/local/share/ca-certificates" "$1/etc/dpkg/dpkg.cfg.d"' \
            --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null || true' \
            --customize-hook='echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/speed"' \
            "$1" "$debian.new" >&2
        mv "$debian.new" "$debian"
    fi
}

# Memory where there is enough of it: what is written is thrown away.
roomy() {
    local free
    free=$(df --output=avail -k /dev/shm | tail -n 1)
    if ((free > 8 * 1024 * 1024)); then echo /dev/shm; else echo /var/tmp; fi
}

image_of() {
    sed -n "s/^FROM \(\S* \)\?\(\S*\) AS $1$/\2/p" Dockerfile
}

start() {
    local debian_image suite sdk
    folder=$(mktemp -d "$(roomy)/xtrace-engine-XXXXXX")
    trap 'stop "$folder"' ERR
    need_engine
    debian_image=$(image_of build)
    suite=${debian_image#*:}
    need_debian "${suite%%-*}"
    mkdir -p "$folder/config"
    ln -sfn "$engine/usr/libexec/docker/cli-plugins" "$folder/config/cli-plugins"
    echo '{}' >"$folder/daemon.json"
    export PATH=$engine/usr/bin:$engine/usr/sbin:$PATH DOCKER_HOST=unix://$folder/socket DOCKER_CONFIG=$folder/config
    # No bridge: containers use the host's network, or none, and nothing changes this machine's.
    setsid dockerd --config-file "$folder/daemon.json" --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" \
        --host "$DOCKER_HOST" --bridge none --iptables=false --ip6tables=false >"$folder/log" 2>&1 </dev/null &
    for _ in {1..60}; do
        if docker version >/dev/null 2>&1; then
            break
        fi
        sleep 0.5
    done
    docker version >/dev/null 2>&1 || { tail -n 20 "$folder/log" >&2; false; }
    docker import "$debian" "$debian_image" >/dev/null
    sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
    tar -C "$sdk" --create --transform 's,^\.,usr/share/dotnet,' . | docker import - "$(image_of sdk)" >/dev/null
    printf '%s\n' "FOLDER=$folder" "PATH=$PATH" "DOCKER_HOST=$DOCKER_HOST" "DOCKER_CONFIG=$DOCKER_CONFIG"
}

stop() {
    local folder=$1 pid
    if pid=$(cat "$folder/pid" 2>/dev/null); then
        DOCKER_HOST=unix://$folder/socket DOCKER_CONFIG=$folder/config "$cache/engine/usr/bin/docker" ps --all --quiet |
            DOCKER_HOST=unix://$folder/socket xargs --no-run-if-empty "$cache/engine/usr/bin/docker" rm --force >/dev/null
        kill "$pid"
        for _ in {1..100}; do
            [[ -d /proc/$pid ]] || break
            sleep 0.1
        done
    fi
    umount "$folder"/exec/netns/* 2>/dev/null || true
    rm -rf "$folder"
}

case ${1:-} in
    start) start ;;
    stop) stop "$2" ;;
    *) echo "usage: engine.sh start | stop FOLDER" >&2; exit 2 ;;
esac

# shellcheck shell=bash disable=SC2154 # tools, root, kernel and release come from packages.sh, the rest from machine.sh
# From a kernel and a root to a guest that ran guest.sh.

# Seconds; a guest that has not ended by then hangs.
boot_limit=${BOOT_LIMIT:-1800}

# Boots the kernel and waits until the guest powers off. Shares are given as tag=folder, read-only.
boot() {
    local results=$1 scenarios=$2 share shares=() parameters
    shift 2
    for share in "$@"; do
        shares+=(-virtfs "local,path=${share#*=},mount_tag=${share%%=*},security_model=none,multidevs=remap,readonly=on")
    done
    lay_out "$results/initramfs" tests/vm/init virtio_pci 9pnet_virtio 9p
    pack "$results/initramfs"
    parameters="scenarios=$scenarios programs=$programs helpers=$helpers shares=$(IFS=, && echo "${*%%=*}")"
    emulate "$results" "$parameters" -m 2048 \
        -virtfs "local,path=$results,mount_tag=results,security_model=none,multidevs=remap" "${shares[@]}"
}

# Runs a guest until it powers off: the folder for its console, where its initramfs is; what is said to the kernel; more for QEMU.
emulate() {
    local results=$1 parameters="console=$console quiet panic=-1 mitigations=off $2" waited=0
    shift 2
    # shellcheck disable=SC2154 # cards.sh
    how="exec ${apart[*]}" QEMU_MODULE_DIR=$tools/usr/lib/x86_64-linux-gnu/qemu unpacked "$emulator" "usr/bin/$emulator" \
        -L "$tools/usr/share/qemu" -L "$tools/usr/share/seabios" \
        "${hardware[@]}" -nic none "${cards[@]}" -display none -monitor none -no-reboot \
        -kernel "$kernel/boot/vmlinuz-$release" -initrd "$results/initramfs.gz" -append "$parameters" "$@" \
        -serial "file:$results/console" &
    qemu=$!
    # The guest ends with what started it.
    trap 'kill "$qemu" 2>/dev/null || true' EXIT
    trap 'exit 130' INT TERM
    while kill -0 "$qemu" 2>/dev/null; do
        if ((waited++ == boot_limit)); then
            kill "$qemu"
            wait "$qemu" || true
            echo "The guest had not ended after $boot_limit s." >&2
            return 1
        fi
        sleep 1
    done
    wait "$qemu"
}

# Lays an initramfs out: its folder, its first process, and the modules that are needed, which it gets in the order to load them.
lay_out() {
    local folder=$1 init=$2 module path count=10
    shift 2
    mkdir -p "$folder"/{bin,dev,root,modules}
    cp "$root/bin/busybox" "$folder/bin/"
    cp "$init" "$folder/init"
    while read -r path; do
        cp "$path" "$folder/modules/$count-$(basename "$path")"
        count=$((count + 1))
    done < <(
        for module in "$@"; do
            unpacked modprobe bin/kmod --dirname "$kernel" --set-version "$release" --show-depends "$module"
        done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
    )
    find "$folder/modules" -name '*.xz' -exec "$tools/bin/busybox" unxz {} +
}

# Makes a file of a folder.
pack() {
    (cd "$1" && find . | "$tools/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) >"$1.gz"
    rm -rf "$1"
}

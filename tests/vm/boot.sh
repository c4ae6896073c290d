# shellcheck shell=bash disable=SC2154 # tools, root, kernel and release come from packages.sh, the rest from machine.sh
# From a kernel and a root to a guest that ran guest.sh.

# Seconds; a guest that has not ended by then hangs.
boot_limit=${BOOT_LIMIT:-1800}

# Boots the kernel and waits until the guest powers off. Shares are given as tag=folder, read-only.
boot() {
    local results=$1 scenarios=$2 share shares=() waited=0 parameters
    shift 2
    for share in "$@"; do
        shares+=(-virtfs "local,path=${share#*=},mount_tag=${share%%=*},security_model=none,multidevs=remap,readonly=on")
    done
    make_initramfs "$results/initramfs"
    parameters="console=$console quiet panic=-1 mitigations=off scenarios=$scenarios programs=$programs helpers=$helpers"
    parameters+=" shares=$(IFS=, && echo "${*%%=*}")"
    # shellcheck disable=SC2154 # cards.sh
    how="exec ${apart[*]}" QEMU_MODULE_DIR=$tools/usr/lib/x86_64-linux-gnu/qemu unpacked "$emulator" "usr/bin/$emulator" \
        -L "$tools/usr/share/qemu" -L "$tools/usr/share/seabios" \
        "${hardware[@]}" -m 2048 -nic none "${cards[@]}" -display none -monitor none -no-reboot \
        -kernel "$kernel/boot/vmlinuz-$release" -initrd "$results/initramfs.gz" \
        -append "$parameters" \
        -virtfs "local,path=$results,mount_tag=results,security_model=none,multidevs=remap" "${shares[@]}" \
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

# The initramfs has what it takes to mount the shares: busybox and the modules of 9p, in the order to load them.
make_initramfs() {
    local folder=$1 module path count=10
    mkdir -p "$folder"/{bin,dev,root,modules}
    cp "$root/bin/busybox" "$folder/bin/"
    cp tests/vm/init "$folder/init"
    while read -r path; do
        cp "$path" "$folder/modules/$count-$(basename "$path")"
        count=$((count + 1))
    done < <(
        for module in virtio_pci 9pnet_virtio 9p; do
            unpacked modprobe bin/kmod --dirname "$kernel" --set-version "$release" --show-depends "$module"
        done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
    )
    find "$folder/modules" -name '*.xz' -exec "$tools/bin/busybox" unxz {} +
    (cd "$folder" && find . | "$tools/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) >"$folder.gz"
    rm -rf "$folder"
}

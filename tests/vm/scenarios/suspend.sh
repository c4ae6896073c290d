# shellcheck shell=bash disable=SC2034,SC2154 # nics: cards.sh; results, root, tools, kernel: run.sh
# Suspends a machine to memory while its cards are watched: frames that arrive afterwards are counted as well. The scenario has a guest
# of its own with everything in memory, because the shared folders of the usual guest do not survive a suspend.

nics=(virtio-net-pci e1000e)
libraries=(libc.so.6 libm.so.6 libbpf.so.1 libelf.so.1 libz.so.1)

prepare() {
    local folder=$PWD/$results/suspend library
    mkdir -p "$folder"
    if [[ $machine != x64 ]]; then
        echo 0 >"$folder/done"
        return
    fi
    need_cards suspend
    lay_out "$folder/initramfs" tests/vm/suspend-init virtio_pci virtio_net e1000e sch_ingress cls_bpf
    mkdir -p "$folder/initramfs"/{proc,sys,tmp,lib,lib64}
    cp "$programs/xtrace-catch" "$folder/initramfs/bin/"
    for library in "${libraries[@]}"; do
        cp -L "$(find "$root/lib/$triplet" "$root/usr/lib/$triplet" -name "$library" -print -quit)" "$folder/initramfs/lib/"
    done
    cp -L "$root/lib64/ld-linux-x86-64.so.2" "$folder/initramfs/lib64/"
    pack "$folder/initramfs"
    started=$SECONDS
    emulate "$folder" no_console_suspend -m 512 || true
    echo $((SECONDS - started)) >"$folder/done"
}

check() {
    local card hook counted replies slept renewed
    if [[ $machine != x64 ]]; then
        skip "QEMU's arm64 machine cannot be suspended."
        return
    fi
    while read -r card hook counted replies slept renewed; do
        equal "$card, $hook: replies that arrived before and after the suspend" "$counted" ping "$replies"
        equal "$card, $hook: the machine slept for 10 s" "$([[ $slept -ge 8 ]] && echo yes || echo "$slept s")" expected yes
        equal "$card, $hook: programs that were handed over again" "$renewed" expected \
            "$([[ $card == virtio_net && $hook == native ]] && echo 1 || echo 0)"
    done < <(sed -n 's/\r$//; s/^RESULT //p' console)
    equal 'Suspends' "$(grep -c '^RESULT' console)" expected 4
    [[ $failed == 0 ]] || indent <console
}

# shellcheck shell=bash disable=SC2034 # what it sets is for others
# The differences between the architectures of guests.

# Sets the variables for an architecture (x64 or arm64) and a version of the kernel: the names that Debian, its folders and its kernels
# use for the architecture, QEMU and its options, the C compiler, the folder where make puts the programs, and the default scenarios.
use_machine() {
    machine=$1
    case $machine in
        x64)
            debian=amd64 triplet=x86_64-linux-gnu console=ttyS0
            emulator=qemu-system-x86_64 emulator_package=qemu-system-x86
            # One processor, unless a scenario asks for more, of 128 that are possible, as many a machine announces. All run on one thread.
            # Two take nearly twice as long there, but on two threads QEMU misses code that one changes while the other translates it.
            # AVX is emulated lane by lane: without it, all choose SSE.
            hardware=(-accel 'tcg,thread=single' -cpu 'max,-avx,-avx2' -smp '1,maxcpus=128')
            compiler=gcc programs=out
            # 'drivers', 'fuzz' and 'suspend' take long, and the rest is arm64's.
            mapfile -t usual < <(basename -s .sh tests/vm/scenarios/*.sh | grep -vx 'drivers\|fuzz\|ordering\|suspend\|too-old')
            ;;
        arm64)
            debian=arm64 triplet=aarch64-linux-gnu console=ttyAMA0
            emulator=qemu-system-aarch64 emulator_package=qemu-system-arm
            # A processor of servers, with the atomic instructions of ARMv8.1 and without signed pointers, which take long to emulate.
            hardware=(-accel tcg -machine virt -cpu neoverse-n1 -smp 2)
            compiler=aarch64-linux-gnu-gcc programs=out/arm64
            usual=(rdma flows-tc ordering module)
            [[ $2 != 5.10 ]] || usual=(too-old)
            ;;
        *)
            echo "There is no guest for '$machine': choose x64 or arm64." >&2
            return 1
            ;;
    esac
    # The programs in C of the scenarios.
    helpers=out/vm/$machine
}

# shellcheck shell=bash
# Random frames through the programs, as 'make fuzz' runs them on the machine's own kernel: a table without details, and one with them.

seeds=(1 2)

prepare() {
    dotnet build tests/fuzz -c Release -v quiet -clp:ErrorsOnly --nologo
}

run() {
    ip link set lo up
    for seed in "${seeds[@]}"; do
        FUZZ_SEED=$seed FUZZ_FRAMES=4000 dotnet /repo/tests/fuzz/bin/Release/net10.0/XTrace.Fuzz.dll >"fuzz-$seed" 2>&1 || true
    done
}

check() {
    for seed in "${seeds[@]}"; do
        tail -n 6 "fuzz-$seed" | indent
        equal "Seed $seed" "$(grep -o 'No disagreement, no lost count' "fuzz-$seed")" expected 'No disagreement, no lost count'
    done
}

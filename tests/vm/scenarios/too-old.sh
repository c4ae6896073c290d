# shellcheck shell=bash
# A kernel without what the programs need on arm64: the error says so, and what needs no program works.

run() {
    xtrace-catch -i va --once >flows 2>error || echo "$?" >code
    xtrace-catch -m nccl -d rxe_a --once >counters 2>counters.err
}

check() {
    equal 'Exit code' "$(cat code)" expected 1
    equal 'Lines that say what is needed' "$(grep -c 'needs Linux 5.18 or later' error)" expected 1
    equal 'Devices whose counters are read all the same' "$(grep -c '^Device: rxe_a' counters)" expected 1
}

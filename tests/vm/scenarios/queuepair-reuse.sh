# shellcheck shell=bash disable=SC2154 # address_b, kernel, release
# A queue pair's number that comes again, for another process, as Get-RdmaQueuePair shows both. Soft-RoCE of Linux 5.10 gives the number
# that has become free. Later kernels give 1,048,560 numbers in turn, which takes an emulated processor too long.

prepare() {
    make_queue_pairs
}

run() {
    local first second watch number started
    has_pwsh && [[ $(uname -r) == 5.10.* ]] || return 0
    rm -f /tmp/enough
    mkfifo /tmp/first.in /tmp/second.in
    cp "$(command -v queue-pairs)" /tmp/first
    cp "$(command -v queue-pairs)" /tmp/second
    /tmp/first rxe_a "$(gid rxe_a)" "$address_b" 1 </tmp/first.in >first &
    first=$!
    exec 3>/tmp/first.in
    await 60 grep -q ready first
    number=$(head -n 1 first)
    # shellcheck disable=SC2016 # PowerShell's
    module '
        foreach ($once in 1) {
            Get-RdmaQueuePair rxe_a -QueuePair '"$number"' -SampleInterval 1 -Continuous | ForEach-Object {
                "{0} {1} {2} {3} sent={4}" -f $_.QueuePair, $_.ProcessId, $_.ProcessName, $_.RemoteQueuePair, $_.SentPackets
                if (Test-Path /tmp/enough) { break }
            }
        }' >shown &
    watch=$!
    await 240 shown 2 first shown
    kill $first
    wait $first || true
    started=$(seconds)
    /tmp/second rxe_a "$(gid rxe_a)" "$address_b" 1 "$number" </tmp/second.in >second &
    second=$!
    exec 4>/tmp/second.in
    await 900 grep -q ready second
    echo "The number came again after $(($(seconds) - started)) s"
    await 60 shown 3 second shown
    echo "$number $first first $number" >expected
    echo "$number $second second $number" >>expected
    touch /tmp/enough
    wait $watch || true
    kill $second
    wait $second || true
}

check() {
    if [[ ! -e shown ]]; then
        skip "It needs pwsh on PATH, and Linux 5.10."
        return
    fi
    same_lines 'Queue pair, process, peer' "$(rows | sed 's/ sent=.*//' | uniq)" 'the programs' "$(cat expected)"
    equal 'Packets sent by either' "$(rows | sed 's/.* sent=//' | sort -u | xargs)" expected 0
    indent <log
}

# Without warnings that looks take long.
rows() {
    grep '^[0-9]' shown
}

# shellcheck shell=bash
# The flow table while one processor rewrites its slots and the other reads them: what is read is one flow's, never a mixture.

run() {
    nproc >processors
    dotnet /repo/tests/XTrace.Core.Tests/bin/Release/net*/XTrace.Core.Tests.dll test TornReadTests. || echo "exit code $?"
}

check() {
    equal 'Processors' "$(cat processors)" expected 2
    equal 'Flows that were whole under a writing load' "$(grep -c '^  Passed .*A_flow_read_under_load_is_one_flow' log)" expected 1
    grep '^Read ' log | indent
    grep -A 10 '^  Failed ' log | indent || true
}

# shellcheck shell=bash
# The engine's own tests on this kernel: the programs load, parse and count, and monitors live and end as they should.

# A choice: what depends on the kernel, and does not take an emulated processor too long.
classes=(
    ParserTests MonitorTests FlowTableTests.A_ FlowTableTests.More_flows FlowTableTests.The_least
    MonitorStoreTests.Another_process MonitorStoreTests.It_is_detached MonitorStoreTests.The_capabilities
)
filter=$(printf '|FullyQualifiedName~%s' "${classes[@]}")

run() {
    dotnet exec /dotnet/sdk/*/vstest.console.dll /repo/tests/XTrace.Core.Tests/bin/Release/net*/XTrace.Core.Tests.dll \
        --TestCaseFilter:"${filter#|}" --logger:'console;verbosity=normal' || echo "vstest: exit code $?"
}

check() {
    local summary
    summary=$(awk '/^ *Passed: / { p = $2 } /^ *Failed: / { f = $2 } /^ *Skipped: / { s = $2 } /^Total tests: / { t = $3 }
        END { if (t > 0) print p + 0, f + 0, s + 0 }' log)
    if [[ -z $summary ]]; then
        fail 'The test host died:'
        tail -n 40 log | indent
    else
        # shellcheck disable=SC2086 # three numbers
        tally $summary "tests of the engine"
        grep -A 20 '^  Failed ' log | indent || true
    fi
}

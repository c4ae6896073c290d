# shellcheck shell=bash
# The engine's own tests on this kernel: the programs load, parse and count, and monitors live and end as they should.

# A choice: what depends on the kernel, and does not take an emulated processor too long. Of the tests of single frames,
# each of which loads the programs, a few.
classes=(
    ParserTests.A_frame_cut ParserTests.Flows_that_differ ParserTests.A_frame_of_several MonitorTests FlowTableTests.More_flows FlowTableTests.The_least
    MonitorStoreTests.It_is_detached NativeMonitorStoreTests.The_capabilities
)
frames=('RoCE v2' 'two tags' 'eight extensions')
# Not what the kernel lacks: TCX before 6.6, XDP frames of several buffers before 5.18.
declare -A lacks=([5.10]='several_buffers Tcx' [6.1]=Tcx [6.12]='')

run() {
    local filter kernel
    kernel=$(uname -r | cut -d . -f 1-2)
    # shellcheck disable=SC2086 # words
    filter="($(printf 'FullyQualifiedName~%s|' "${classes[@]}")$(printf '|DisplayName~is_a_flow\\(name: "%s' "${frames[@]}" | cut -c 2-))$(printf '&FullyQualifiedName!~%s' ${lacks[$kernel]:-none_such})"
    dotnet exec /dotnet/sdk/*/vstest.console.dll /repo/tests/XTrace.Core.Tests/bin/Release/net*/XTrace.Core.Tests.dll \
        --TestCaseFilter:"$filter" --logger:'console;verbosity=normal' -- xUnit.ParallelizeTestCollections=false || echo "vstest: exit code $?"
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
        grep -A 10 '^  Failed ' log | indent || true
    fi
}

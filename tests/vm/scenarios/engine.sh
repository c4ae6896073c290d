# shellcheck shell=bash
# The engine's own tests on this kernel: the programs load, parse and count, and monitors live and end as they should.

# A choice: what depends on the kernel, and does not take an emulated processor too long. Of the tests of single frames,
# each of which loads the programs, a few. Native XDP's exact counts are scenario rdma's, TC's are flows-tc's.
choices=(
    'ParserTests.A_frame_is_a_flow(name: "RoCE v2"' 'ParserTests.A_frame_is_a_flow(name: "two tags"'
    'ParserTests.A_frame_is_a_flow(name: "eight extensions"' ParserTests.A_frame_cut ParserTests.A_frame_of_several
    'MonitorTests.Counts_are_exact_and_the_interfaces_own(mode: Generic' MonitorTests.Tags MonitorTests.Times MonitorTests.A_tick
    MonitorTests.With_a_large_MTU MonitorTests.Disposed FlowTableTests.More_flows FlowTableTests.The_least
    NativeMonitorStoreTests.It_is_detached ClsactMonitorStoreTests.It_is_detached TcxMonitorStoreTests.It_is_detached
    NativeMonitorStoreTests.The_capabilities FlowDetailTests.Frames_of_all FlowDetailTests.Real_frames
)
# Not what the kernel lacks: TCX before 6.6, XDP frames of several buffers before 5.18.
declare -A lacks=([5.10]='!A_frame_of_several !With_a_large_MTU !Tcx' [6.1]='!Tcx' [6.12]='')

run() {
    # shellcheck disable=SC2086 # words
    dotnet /repo/tests/XTrace.Core.Tests/bin/Release/net*/XTrace.Core.Tests.dll test \
        "${choices[@]}" ${lacks[$(uname -r | cut -d . -f 1-2)]} ||
        echo "exit code $?"
}

check() {
    local summary
    summary=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' log)
    if [[ -z $summary ]]; then
        fail 'The tests died:'
        tail -n 40 log | indent
    else
        sed -n 's/^  Passed XTrace.Tests./  /p' log | indent
        # shellcheck disable=SC2086 # three numbers
        tally $summary "tests of the engine"
        grep -A 10 '^  Failed ' log | indent || true
    fi
}

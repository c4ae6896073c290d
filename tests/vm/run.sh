#!/bin/bash
# Boots a Debian kernel and checks in it what XTrace counts: 'tests/vm/run.sh 6.1'; 'tests/vm/run.sh 6.1 rdma module' runs
# only those scenarios. With ARCH=arm64 the guest is an arm64 machine. Ends with N passed, N failed, N skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/vm/machine.sh
. tests/vm/packages.sh
. tests/vm/dotnet.sh
. tests/vm/verbs.sh
. tests/vm/cards.sh
. tests/vm/boot.sh
. tests/vm/judge.sh
. tests/vm/flows.sh

version=${1:-6.1}
if [[ ! -v kernel_suite[$version] ]]; then
    echo "There is no kernel '$version': choose one of $(printf '%s\n' "${!kernel_suite[@]}" | sort -V | xargs)." >&2
    exit 1
fi
if [[ $(uname -m) != x86_64 ]]; then
    echo "The VM is run by amd64 packages: run it on an amd64 machine." >&2
    exit 1
fi
use_machine "${ARCH:-x64}" "$version"

scenarios=("${@:2}")
if [[ ${#scenarios[@]} == 0 ]]; then
    scenarios=("${usual[@]}")
fi
for name in "${scenarios[@]}"; do
    if [[ ! -e tests/vm/scenarios/$name.sh ]]; then
        echo "There is no scenario '$name': choose from $(basename -s .sh tests/vm/scenarios/*.sh | xargs)." >&2
        exit 1
    fi
done

dotnet build tests/XTrace.Core.Tests -c Release -v quiet -clp:ErrorsOnly --nologo
need_tools
need_root
need_kernel "$version"
need_dotnet

results=$helpers/$version
rm -rf "$results"
mkdir -p "$results"
together=()
for name in "${scenarios[@]}"; do
    # What a scenario needs besides the packages is made here. One without run() has a guest of its own, which it boots here.
    (
        # shellcheck source=/dev/null
        . "tests/vm/scenarios/$name.sh"
        ! declare -F prepare >/dev/null || prepare
    )
    ! grep -q '^run()' "tests/vm/scenarios/$name.sh" || together+=("$name")
done
need_cards "${together[@]}"
shares=(root="$root" kernel="$kernel" repo="$PWD" dotnet="$dotnet")
pwsh=$(pwsh_home)
[[ -z $pwsh ]] || shares+=(pwsh="$pwsh")

booted=true
if [[ ${#together[@]} != 0 ]]; then
    echo "Booting Linux $release"
    started=$SECONDS
    boot "$PWD/$results" "$(IFS=, && echo "${together[*]}")" "${shares[@]}" || booted=false
    echo "The guest ran for $((SECONDS - started)) s; its console, and all that it left, is in $results"
fi

for name in "${scenarios[@]}"; do
    echo "$name, Linux $release, $(cat "$results/$name/done" 2>/dev/null || echo '?') s in the guest"
    # shellcheck source=/dev/null
    . "tests/vm/scenarios/$name.sh"
    if [[ -e $results/$name/done ]]; then
        pushd "$results/$name" >/dev/null
        check
        popd >/dev/null
    else
        fail "It did not come to its end in the guest:"
        tail -n 40 "$results/$name/log" 2>/dev/null | indent || true
    fi
done
if [[ $booted == false ]]; then
    fail "The guest did not come to its end. Its console:"
    tail -n 40 "$results/console" | indent
fi

echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 && $passed != 0 ]]

# bash completion for xtrace-catch                         -*- shell-script -*-

_xtrace_catch_one() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Of several names with commas between them, perhaps behind ^, the last.
_xtrace_catch_last() {
    mapfile -t COMPREPLY < <(compgen -P "${cur%"${cur##*[,^]}"}" -W "$1" -- "${cur##*[,^]}")
    compopt -o nospace
}

_xtrace_catch() {
    local cur prev split
    _init_completion -s || return

    case $prev in
        -t | --interval)
            return
            ;;
        -m | --mode)
            _xtrace_catch_one 'xdp rdma nccl'
            return
            ;;
        -i | --interface)
            _xtrace_catch_last "$(command sed -n 's/^ *\([^ ]*\): .*/\1/p' /proc/net/dev)"
            return
            ;;
        -d | --device)
            _xtrace_catch_last "$(command ls "${XTRACE_SYSFS_ROOT:-/sys}/class/infiniband" 2>/dev/null)"
            return
            ;;
        -f | --filter)
            _xtrace_catch_one 'all tcp udp roce roce_v1 roce_v2 ib'
            return
            ;;
        --attach-mode)
            _xtrace_catch_one 'auto native generic tc'
            return
            ;;
        --direction)
            _xtrace_catch_one 'ingress egress both'
            return
            ;;
    esac
    $split || _xtrace_catch_one "$(_parse_help "$1")"
} &&
    complete -F _xtrace_catch xtrace-catch

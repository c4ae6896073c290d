# bash completion for xtrace-exporter                      -*- shell-script -*-

_xtrace_exporter_one() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Of several names with commas between them, the last.
_xtrace_exporter_last() {
    mapfile -t COMPREPLY < <(compgen -P "${cur%"${cur##*,}"}" -W "$1" -- "${cur##*,}")
    compopt -o nospace
}

_xtrace_exporter() {
    local cur prev split
    _init_completion -s || return

    case $prev in
        -i | --interface | --exclude)
            _xtrace_exporter_last "$(command sed -n 's/^ *\([^ ]*\): .*/\1/p' /proc/net/dev)"
            return
            ;;
        -d | --device)
            _xtrace_exporter_last "$(command ls "${XTRACE_SYSFS_ROOT:-/sys}/class/infiniband" 2>/dev/null)"
            return
            ;;
        -f | --filter)
            _xtrace_exporter_one 'all tcp udp roce roce_v1 roce_v2 ib'
            return
            ;;
        --attach-mode)
            _xtrace_exporter_one 'auto native generic tc'
            return
            ;;
        --direction)
            _xtrace_exporter_one 'ingress egress both'
            return
            ;;
        --tls-ca | --tls-cert | --tls-key | --*-auth)
            _filedir
            return
            ;;
        -t | --interval | --max-flow | --*-timeout | --ipfix* | --buffer | --metrics | --top | --queue-pairs | --remote-write | --label | --clickhouse*)
            return
            ;;
    esac
    $split || _xtrace_exporter_one "$(_parse_help "$1")"
} &&
    complete -F _xtrace_exporter xtrace-exporter

# shellcheck shell=bash disable=SC2154 # cache and root: packages.sh; the rest: machine.sh
# On the host: the programs in C that scenarios need.

# Makes the program queue-pairs, with the headers of libibverbs in the cache and the library that the guest has.
make_queue_pairs() {
    local headers=$cache/verbs-$root_suite
    if [[ ! -d $headers ]]; then
        echo "Unpacking the headers of libibverbs into $headers"
        use_suite "$root_suite" "$debian"
        (cd "$cache/apt/$root_suite/archives" && apt_of "$root_suite" apt-get download libibverbs-dev)
        unpack "$root_suite" "$headers.new"
        mv "$headers.new" "$headers"
    fi
    "$compiler" -O1 -Wall -Werror -I "$headers/usr/include" -o "$helpers/queue-pairs" tests/vm/queue-pairs.c \
        -L "$root/usr/lib/$triplet" -l:libibverbs.so.1 -Wl,--allow-shlib-undefined
}

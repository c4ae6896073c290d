#!/bin/bash
# Runs deploy/clickhouse/xtrace.sql on a current ClickHouse (chdb, from npm), inserts rows as xtrace-exporter writes them, and measures.
# Usage: clickhouse-current.sh install: gets it.
#        clickhouse-current.sh ROWS.bin COLUMNS: a file of rows in RowBinary, and the names of their columns.
# Prints one line: rows, packets, bytes, the same of the roll-up, bytes a row on disk.
set -euo pipefail
cd "$(dirname "$0")/.."

version=3.4.0
tool=out/tools/chdb
if [[ $1 == install ]]; then
    [[ -d $tool/node_modules/chdb ]] || npm install --prefix $tool --no-audit --no-fund --loglevel error chdb@$version
    exit
fi
NODE_PATH=$PWD/$tool/node_modules exec node - "$PWD/deploy/clickhouse/xtrace.sql" "$1" "$2" <<'EOF'
const { Session } = require("chdb");
const fs = require("fs");
const [definition, rows, columns] = process.argv.slice(2);
const folder = fs.mkdtempSync("/tmp/xtrace-chdb-");
const session = new Session(folder);
const ask = (text) => session.query(text, "TabSeparated").trim();
for (const statement of fs.readFileSync(definition, "utf8").replace(/^\s*--.*$/mg, "").split(";")) {
    if (statement.trim()) {
        ask(statement);
    }
}
const types = ask(`SELECT arrayStringConcat(arrayMap(c -> concat(c, ' ', t[indexOf(n, c)]), splitByString(', ', '${columns}')), ', ')
    FROM (SELECT groupArray(name) AS n, groupArray(type) AS t FROM system.columns WHERE database = 'xtrace' AND table = 'flows')`);
const structure = types.replaceAll("\\'", "'").replaceAll("'", "\\'");
// Twice, as when an answer was lost: the token says that it is the same batch.
for (let i = 0; i < 2; i++) {
    ask(`INSERT INTO xtrace.flows (${columns}) SELECT * FROM file('${rows}', 'RowBinary', '${structure}')
        SETTINGS insert_deduplication_token = 'one', deduplicate_blocks_in_dependent_materialized_views = 1,
        insert_deduplicate = 1, max_insert_threads = 1, max_threads = 1, min_insert_block_size_rows = 10000000, max_block_size = 10000000`);
}
ask("OPTIMIZE TABLE xtrace.flows FINAL");
console.log([
    ask("SELECT count(), sum(Packets), sum(Bytes) FROM xtrace.flows"),
    ask("SELECT sum(Records), sum(Packets), sum(Bytes) FROM xtrace.flows_by_minute"),
    ask("SELECT round(sum(bytes_on_disk) / sum(rows), 2) FROM system.parts WHERE active AND database = 'xtrace' AND table = 'flows'"),
].join("\t"));
session.cleanup();
fs.rmSync(folder, { recursive: true, force: true });
EOF

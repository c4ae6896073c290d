-- Columns for xtrace-exporter --owners. Run once, behind xtrace.sql: clickhouse-client --queries-file owners.sql
-- On a cluster, add ON CLUSTER.

ALTER TABLE xtrace.flows
    -- The process that holds the socket at the flow's end on this machine; 0 and '' where it is not known.
    ADD COLUMN IF NOT EXISTS ProcessId UInt32 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS ProcessName LowCardinality(String),
    -- Its container's id, or its name where the runtime uses that; '' outside of containers.
    ADD COLUMN IF NOT EXISTS Container LowCardinality(String);

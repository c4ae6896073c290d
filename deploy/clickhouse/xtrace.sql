-- Where xtrace-exporter's flow records go. Run once: clickhouse-client --queries-file xtrace.sql
-- Tried with ClickHouse 26.7. On a cluster, say ReplicatedMergeTree where it says MergeTree, and add ON CLUSTER.

CREATE DATABASE IF NOT EXISTS xtrace;

-- One row for each flow record. Columns are in the order in which rows are sorted, then the rest.
CREATE TABLE IF NOT EXISTS xtrace.flows
(
    -- Of the machine, and of the interface there.
    Host LowCardinality(String),
    Interface LowCardinality(String),
    Direction Enum8('ingress' = 1, 'egress' = 2),
    -- IPv4 addresses are IPv4-mapped. In flows without IP it is ::, and there are MAC addresses.
    SrcAddr IPv6 CODEC(ZSTD(1)),
    DstAddr IPv6 CODEC(ZSTD(1)),
    SrcMac UInt64 CODEC(ZSTD(1)),
    DstMac UInt64 CODEC(ZSTD(1)),
    TrafficType LowCardinality(String),
    Protocol UInt8 CODEC(ZSTD(1)),
    -- 0 where there are none: without IP, in later fragments, in RoCE.
    SrcPort UInt16 CODEC(ZSTD(1)),
    DstPort UInt16 CODEC(ZSTD(1)),
    Vlan UInt16 CODEC(ZSTD(1)),
    EtherType UInt16 CODEC(ZSTD(1)),
    IcmpType UInt8 CODEC(ZSTD(1)),
    IcmpCode UInt8 CODEC(ZSTD(1)),
    IsFragment Bool CODEC(ZSTD(1)),
    -- Of RoCE.
    DstQueuePair UInt32 CODEC(ZSTD(1)),
    Opcode UInt8 CODEC(ZSTD(1)),
    -- When the record's last frame came, and how long before that its first.
    Time DateTime('UTC') CODEC(T64, ZSTD(1)),
    DurationMilliseconds UInt32 CODEC(T64, ZSTD(1)),
    -- Of this record alone: sums over records are what the interface counted. Bytes are of layer 2, without FCS.
    Packets UInt64 CODEC(T64, ZSTD(1)),
    Bytes UInt64 CODEC(T64, ZSTD(1)),
    -- As IPFIX has them (flowEndReason).
    EndReason Enum8('none' = 0, 'idle' = 1, 'active' = 2, 'end' = 3, 'forced' = 4, 'resources' = 5)
)
ENGINE = MergeTree
PARTITION BY toDate(Time)
ORDER BY (toStartOfFiveMinute(Time), Host, Interface, Direction, SrcAddr, DstAddr, SrcPort, DstPort)
TTL Time + INTERVAL 15 DAY DELETE
-- A batch that is sent again, because its answer was lost, is known by its token and not stored twice.
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- Who talks to whom, minute by minute, without ports that come and go.
CREATE TABLE IF NOT EXISTS xtrace.flows_by_minute
(
    Minute DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    Host LowCardinality(String),
    Interface LowCardinality(String),
    Direction Enum8('ingress' = 1, 'egress' = 2),
    TrafficType LowCardinality(String),
    SrcAddr IPv6 CODEC(ZSTD(1)),
    DstAddr IPv6 CODEC(ZSTD(1)),
    Packets UInt64 CODEC(T64, ZSTD(1)),
    Bytes UInt64 CODEC(T64, ZSTD(1)),
    Records UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = SummingMergeTree((Packets, Bytes, Records))
PARTITION BY toYYYYMM(Minute)
ORDER BY (Minute, Host, Interface, Direction, TrafficType, SrcAddr, DstAddr)
TTL Minute + INTERVAL 180 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS xtrace.flows_to_minutes TO xtrace.flows_by_minute AS
SELECT
    toStartOfMinute(Time) AS Minute,
    Host, Interface, Direction, TrafficType, SrcAddr, DstAddr,
    sum(Packets) AS Packets,
    sum(Bytes) AS Bytes,
    count() AS Records
FROM xtrace.flows
GROUP BY Minute, Host, Interface, Direction, TrafficType, SrcAddr, DstAddr;

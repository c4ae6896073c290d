#!/usr/bin/env python3
"""Compares the catalogue of RDMA counters and of statistics of network interfaces with the sources of a kernel.

Usage: compare.py KERNEL [CATALOGUE...]

KERNEL is a kernel's source tree; drivers/infiniband and drivers/net are enough. A CATALOGUE is counters.tsv or statistics.tsv, by
default the project's. Prints each counter that a driver has and the catalogue does not, and what sources it could not read. The exit
code is 1 if there is any, else 0. What the catalogue has beyond the kernel stays: older and newer kernels have it.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve()
CATALOGUES = [HERE.parents[2] / 'XTrace.Core/Rdma' / name for name in ('counters.tsv', 'statistics.tsv')]

# Folder below drivers/infiniband: the name of the driver link that its devices have.
DRIVERS = {
    'hw/bnxt_re': 'bnxt_en', 'hw/cxgb4': 'cxgb4', 'hw/efa': 'efa', 'hw/erdma': 'erdma', 'hw/hfi1': 'hfi1', 'hw/hns': 'hns3',
    'hw/ionic': 'ionic', 'hw/irdma': 'ice', 'hw/mana': 'mana', 'hw/mlx4': 'mlx4_core', 'hw/mlx5': 'mlx5_core', 'hw/qib': 'ib_qib',
    'sw/rxe': 'rdma_rxe',
}

# Drivers that have none of their own, or whose names are not in the source: those of ionic come from the firmware.
WITHOUT_NAMES = {'hw/ionic'}

# How names are written in the sources: file, pattern, and what the macro puts before the name.
PATTERNS = [
    ('core/sysfs.c', r'PORT_PMA_ATTR(?:_EXT)?\(\s*(\w+)\s*,\s*\d', ''),
    ('hw/mlx5/counters.c', r'INIT_(?!VPORT_)\w*COUNTER\(\s*(\w+)\s*[,)]', ''),
    ('hw/mlx5/counters.c', r'INIT_VPORT_Q_COUNTER\(\s*(\w+)\s*[,)]', 'vport_'),
    ('hw/mlx4/main.c', r'DIAG_COUNTER\(\s*(\w+)\s*,\s*0x', ''),
    ('hw/efa/efa_verbs.c', r'\bop\(EFA_\w+,\s*"([^"]+)"\)', ''),
    ('hw/hfi1/verbs.c', r'"(DRIVER_\w+)"', ''),
    ('hw/qib/qib_sysfs.c', r'QIB_DIAGC_ATTR\(\s*(\w+)\s*\);', ''),
    ('hw/qib/qib_sysfs.c', r'\b(rc_acks|rc_qacks|rc_delayed_comp)\b', ''),
    ('hw/hns/hns_roce_main.c', r'HNS_ROCE_HW_CNT\(\w+,\s*"([^"]+)"\)', ''),
]

# Any driver may have arrays of descriptions, whose names are literals.
DESCRIPTIONS = re.compile(r'struct\s+rdma_stat_desc\s+\w+\s*\[[^\]]*\]\s*=\s*\{(.*?)^\};', re.S | re.M)
NAME = re.compile(r'\.name\s*=\s*"([^"]+)"')

# hfi1 has tables of macros. Those of a virtual lane, a DMA engine or a receive context have a number at their end.
HFI1_TABLE = re.compile(r'struct\s+cntr_entry\s+(?:dev|port)_cntrs\[[^\]]*\]\s*=\s*\{(.*?)^\};', re.S | re.M)
HFI1_ENTRY = re.compile(r'\]\s*=\s*\w+\(\s*(?:"([^"]+)"|(\w+))\s*,((?:[^()]|\([^()]*\))*)\)', re.S)
HFI1_CONTEXT = re.compile(r'#define\s+OVR_ELM\(\w+\).*?"(\w+)"\s*#\s*\w+', re.S)

# mlx5 has tables of macros, which put these before the name.
MLX5_TABLE = re.compile(r'struct\s+counter_desc\s+\w+\[[^\]]*\]\s*=\s*\{(.*?)\n\};', re.S)
MLX5_ENTRY = re.compile(r'MLX5E_DECLARE_(\w*STAT)\(\s*[\w ]+,\s*(\w+)\s*\)|\{\s*"([^"]+)"')
MLX5_PREFIX = {
    'STAT': '', 'RX_STAT': 'rx0_', 'TX_STAT': 'tx0_', 'XDPSQ_STAT': 'tx0_xdp_', 'RQ_XDPSQ_STAT': 'rx0_xdp_tx_', 'XSKRQ_STAT': 'rx0_xsk_',
    'XSKSQ_STAT': 'tx0_xsk_', 'CH_STAT': 'ch0_', 'PTP_TX_STAT': 'ptp_tx0_', 'PTP_CH_STAT': 'ptp_ch_', 'PTP_CQ_STAT': 'ptp_cq0_',
    'PTP_RQ_STAT': 'ptp_rq0_', 'QOS_TX_STAT': 'qos_tx0_',
}

# Statistics of network interfaces: driver, file below drivers/net, pattern, and what is put before the name.
STATISTICS = [
    ('mlx5_core', 'ethernet/mellanox/mlx5/core/en_stats.c', r'ethtool_puts\(data,\s*"([^"]+)"\)', ''),
    ('bnxt_en', 'ethernet/broadcom/bnxt/bnxt_ethtool.c', r'BNXT_[RT]X_STATS(?:_EXT)?_ENTRY\((?!counter\b)([a-z]\w+)\)', ''),
    ('bnxt_en', 'ethernet/broadcom/bnxt/bnxt_ethtool.c', r'BNXT_[RT]X_STATS_EXT_ENTRY\(([\w#]*##[\w#]*)\)', ''),
    ('bnxt_en', 'ethernet/broadcom/bnxt/bnxt_ethtool.c', r'BNXT_[RT]X_STATS_PRI_ENTRIES\((?!counter\b)([a-z]\w+)\)', '#pri'),
    ('ice', 'ethernet/intel/ice/ice_ethtool.c', r'ICE_(?:VSI|PF)_STAT\("([^"]+)"', ''),
    ('ice', 'ethernet/intel/ice/ice_ethtool.c', r'ethtool_sprintf\(&p,\s*"([rt]x_[^"]+)"', ''),
    ('ionic', 'ethernet/pensando/ionic/ionic_stats.c', r'IONIC_(?:LIF|PORT)_STAT_DESC\(([a-z]\w+)\)', ''),
    ('ionic', 'ethernet/pensando/ionic/ionic_stats.c', r'IONIC_TX_STAT_DESC\(([a-z]\w+)\)', 'tx_0_'),
    ('ionic', 'ethernet/pensando/ionic/ionic_stats.c', r'IONIC_RX_STAT_DESC\(([a-z]\w+)\)', 'rx_0_'),
    ('virtio_net', 'virtio_net.c', r'VIRTNET_SQ_STAT(?:_QSTAT)?\("(\w+)"', 'tx_queue_0_'),
    ('virtio_net', 'virtio_net.c', r'VIRTNET_RQ_STAT(?:_QSTAT)?\("(\w+)"', 'rx_queue_0_'),
    ('virtio_net', 'virtio_net.c', r'VIRTNET_STATS_DESC_RX\(\w+,\s*(\w+)\),', 'rx0_hw_'),
    ('virtio_net', 'virtio_net.c', r'VIRTNET_STATS_DESC_TX\(\w+,\s*(\w+)\),', 'tx0_hw_'),
    ('virtio_net', 'virtio_net.c', r'VIRTNET_STATS_DESC_CQ\((?!name\b)(\w+)\)', 'cq_hw_'),
    ('e1000e', 'ethernet/intel/e1000e/ethtool.c', r'E1000_(?:NETDEV_)?STAT\("(\w+)"', ''),
]

# Tables of literals: driver, file, name of the table, and what is put before the name.
TABLES = [
    ('bnxt_en', 'ethernet/broadcom/bnxt/bnxt_ethtool.c', r'bnxt_(?:ring_[rt]x|ring_tpa2?|rx_sw|cmn_sw)_stats_str', '[0]: '),
    ('bnxt_en', 'ethernet/broadcom/bnxt/bnxt_ethtool.c', r'bnxt_ring_(?:err|drv)_stats_arr', ''),
    ('virtio_net', 'virtio_net.c', r'virtnet_sq_stats_desc', 'tx_queue_0_'),
    ('virtio_net', 'virtio_net.c', r'virtnet_rq_stats_desc', 'rx_queue_0_'),
    ('veth', 'veth.c', r'veth_rq_stats_desc', 'rx_queue_0_'),
    ('veth', 'veth.c', r'veth_tq_stats_desc', 'tx_queue_0_'),
    ('veth', 'veth.c', r'ethtool_stats_keys', ''),
]


def read(path):
    return path.read_text(errors='replace') if path.exists() else ''


def folder_of(file):
    return 'core' if file.startswith('core/') else '/'.join(file.split('/')[:2])


def names_of_hfi1(source):
    for table in HFI1_TABLE.findall(source):
        for text, word, rest in HFI1_ENTRY.findall(table):
            numbered = re.search(r'\bCNTR_(?:VL|SDMA)\b', rest)
            yield (text or word) + ('0' if numbered else '')
    for name in HFI1_CONTEXT.findall(source):
        yield name + '0'


def names_in_kernel(infiniband):
    """Yields driver (None: all) and name of each counter."""
    for file, pattern, prefix in PATTERNS:
        folder = folder_of(file)
        for name in re.findall(pattern, read(infiniband / file)):
            if not name.startswith('_'):
                yield DRIVERS.get(folder), prefix + name
    for name in names_of_hfi1(read(infiniband / 'hw/hfi1/chip.c')):
        yield 'hfi1', name
    for path in sorted(infiniband.glob('[hs]w/*/*.c')):
        folder = '/'.join(path.relative_to(infiniband).parts[:2])
        for array in DESCRIPTIONS.findall(read(path)):
            for name in NAME.findall(array):
                yield DRIVERS.get(folder, folder), name


def names_of_mlx5(folder):
    for path in [folder / 'en_stats.c', *sorted(folder.glob('en_accel/*_stats.c'))]:
        for table in MLX5_TABLE.findall(read(path)):
            for macro, word, text in MLX5_ENTRY.findall(table):
                name = text or MLX5_PREFIX[macro] + word
                for priority in ('prio0', 'global') if '%s' in name else ('',):
                    yield name.replace('%s', priority).replace('%d', '0')


def names_of_statistics(net):
    """Yields driver and name of each statistic of a network interface."""
    for name in names_of_mlx5(net / 'ethernet/mellanox/mlx5/core'):
        yield 'mlx5_core', name
    for driver, file, pattern, prefix in STATISTICS:
        for name in re.findall(pattern, read(net / file)):
            name = re.sub('##n(##)?|%u', '0', name)
            yield driver, name + '_pri0' if prefix == '#pri' else prefix + name
    for driver, file, table, prefix in TABLES:
        for body in re.findall(table + r'\[[^\]]*\]\s*=\s*\{(.*?)\n\};', read(net / file), re.S):
            for name in re.findall(r'"(\w+)"', body):
                yield driver, prefix + name


def catalogue(paths):
    """Names by driver, those of all drivers under None; '#' and '*' stand for numbers."""
    known = {}
    for line in (line for path in paths for line in pathlib.Path(path).read_text().splitlines()):
        if line and not line.startswith('#'):
            columns = line.split('\t')
            for driver in columns[2].split(','):
                known.setdefault(None if driver == '*' else driver, set()).add(columns[1])
    return known


def is_known(name, names):
    """A number is at the end of a counter's name, and the first in that of a statistic."""
    return not names.isdisjoint({name, re.sub(r'\d+$', '#', name), re.sub(r'\d+', '#', name, count=1), re.sub(r'\d+', '*', name, count=1)})


def unread(infiniband):
    """Folders of drivers that register counters, and of whose names none was found here."""
    found = {driver for driver, _ in names_in_kernel(infiniband)}
    for path in sorted(infiniband.glob('[hs]w/*')):
        folder = '/'.join(path.parts[-2:])
        registers = any('rdma_alloc_hw_stats_struct' in read(file) for file in path.glob('*.c'))
        if registers and folder not in WITHOUT_NAMES and DRIVERS.get(folder, folder) not in found:
            yield folder


def main(kernel, *paths):
    infiniband = pathlib.Path(kernel) / 'drivers/infiniband'
    if not infiniband.is_dir():
        sys.exit(f'{infiniband} is not there: name the source tree of a kernel.')
    known = catalogue(paths or CATALOGUES)
    wanted = sorted({*names_in_kernel(infiniband), *names_of_statistics(infiniband.parent / 'net')}, key=lambda one: (one[0] or '', one[1]))
    missing = [(driver, name) for driver, name in wanted if not is_known(name, known.get(driver, set()))]
    for driver, name in missing:
        print(f'{driver or "any driver"}\t{name}')
    strange = list(unread(infiniband))
    for folder in strange:
        print(f'{folder}\tregisters counters, and their names are written in a way that is not known here')
    drivers = {driver for driver, _ in wanted}
    print(f'{len(wanted)} counters of {len(drivers)} drivers, {len(missing)} not in the catalogue.', file=sys.stderr)
    return 1 if missing or strange else 0


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
"""Compares the catalogue of RDMA counters with the sources of a kernel.

Usage: compare.py KERNEL [CATALOGUE]

KERNEL is a kernel's source tree; drivers/infiniband is enough. CATALOGUE is counters.tsv, by default the project's.
Prints each counter that a driver has and the catalogue does not, and what sources it could not read. The exit code is 1 if
there is any, else 0. What the catalogue has beyond the kernel stays: older and newer kernels have it.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve()
CATALOGUE = HERE.parents[2] / 'XTrace.Core/Rdma/counters.tsv'

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


def catalogue(path):
    """Names by driver, those of all drivers under None; '#' stands for a number at the end."""
    known = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith('#'):
            columns = line.split('\t')
            for driver in columns[2].split(','):
                known.setdefault(None if driver == '*' else driver, set()).add(columns[1])
    return known


def is_known(name, names):
    return name in names or re.sub(r'\d+$', '#', name) in names


def unread(infiniband):
    """Folders of drivers that register counters, and of whose names none was found here."""
    found = {driver for driver, _ in names_in_kernel(infiniband)}
    for path in sorted(infiniband.glob('[hs]w/*')):
        folder = '/'.join(path.parts[-2:])
        registers = any('rdma_alloc_hw_stats_struct' in read(file) for file in path.glob('*.c'))
        if registers and folder not in WITHOUT_NAMES and DRIVERS.get(folder, folder) not in found:
            yield folder


def main(kernel, path=CATALOGUE):
    infiniband = pathlib.Path(kernel) / 'drivers/infiniband'
    if not infiniband.is_dir():
        sys.exit(f'{infiniband} is not there: name the source tree of a kernel.')
    known = catalogue(pathlib.Path(path))
    wanted = sorted(set(names_in_kernel(infiniband)), key=lambda one: (one[0] or '', one[1]))
    missing = [(driver, name) for driver, name in wanted if not is_known(name, known.get(driver, set()))]
    for driver, name in missing:
        print(f'{driver or "any driver"}\t{name}')
    strange = list(unread(infiniband))
    for folder in strange:
        print(f'{folder}\tregisters counters, and their names are written in a way that is not known here')
    print(f'{len(wanted)} counters of {len({driver for driver, _ in wanted})} drivers, {len(missing)} not in the catalogue.', file=sys.stderr)
    return 1 if missing or strange else 0


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

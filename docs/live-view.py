#!/usr/bin/env python3
"""Makes docs/live-view.svg: the live view of real traffic between two network namespaces, as tmux shows it.

Run it as root after 'make build': sudo docs/live-view.py
"""
import ctypes
import html
import math
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURE = ROOT / 'docs/live-view.svg'
COLUMNS, ROWS = 112, 20
SECONDS = 45
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8, 17, 10
HOST, PEER = '10.0.0.1', '10.0.0.'
COLOURS = ['#45475a', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#f5c2e7', '#94e2d5', '#cdd6f4', '#7f849c']
BACKGROUND, FOREGROUND = '#1e1e2e', '#cdd6f4'
BLOCKS = '▁▂▃▄▅▆▇█'

# Name of the process on this host, port, address of the peer, megabits a second, and after how many seconds the rate comes back.
TRAFFIC = [
    ('nginx', 443, 12, 96, 17), ('nginx', 443, 31, 41, 9), ('nginx', 443, 7, 12, 23), ('postgres', 5432, 21, 58, 31),
    ('postgres', 5432, 22, 7, 11), ('rsyncd', 873, 40, 150, 60), ('redis-server', 6379, 21, 4, 7), ('sshd', 22, 99, 0.05, 5),
]


def run(*command):
    subprocess.run(command, check=True)


def rename(name):
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME


def fork():
    """Forks a process that ends with this one."""
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
    return pid


def serve(name, port):
    """Sends to each client what it asks for."""
    rename(name)
    with socket.create_server((HOST, port), backlog=16) as listener:
        while True:
            client, _ = listener.accept()
            if fork() == 0:
                send(client)


def send(client):
    megabits, period = (float(word) for word in client.recv(100).split())
    start = time.monotonic()
    while True:
        share = 0.55 + 0.45 * math.sin((time.monotonic() - start) * 2 * math.pi / period)
        client.sendall(bytes(int(megabits * 125000 * share * 0.02) + 1))
        time.sleep(0.02)


def ask(port, address, megabits, period):
    client = socket.create_connection((HOST, port), source_address=(PEER + str(address), 0))
    client.sendall(f'{megabits} {period}'.encode())
    while client.recv(1 << 20):
        pass


def child(function, *arguments, space=None):
    if fork() == 0:
        if space:
            with open(f'/run/netns/{space}', encoding='ascii') as file:
                ctypes.CDLL(None).setns(file.fileno(), 0x40000000)  # CLONE_NEWNET
        try:
            function(*arguments)
        finally:
            os._exit(0)


def prepare():
    """Two namespaces with a cable between them; this one has eth0."""
    run('mount', '-t', 'sysfs', 'sysfs', '/sys')
    run('mount', '-t', 'bpf', 'bpffs', '/sys/fs/bpf')
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run')
    run('ip', 'netns', 'add', 'peer')
    run('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'peer')
    run('ip', 'address', 'add', f'{HOST}/24', 'dev', 'eth0')
    run('ip', 'link', 'set', 'eth0', 'up')
    for address in sorted({one[2] for one in TRAFFIC}):
        run('ip', '-n', 'peer', 'address', 'add', f'{PEER}{address}/24', 'dev', 'eth0')
    run('ip', '-n', 'peer', 'link', 'set', 'eth0', 'up')


def capture():
    tmux = ['tmux', '-u', '-L', f'live-view-{os.getpid()}', '-f', '/dev/null']
    environment = {'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8', 'TERM': 'xterm-256color', 'TMUX_TMPDIR': '/tmp'}
    command = f'{ROOT}/out/xtrace-catch --live -i eth0 -f tcp'
    subprocess.run([*tmux, 'new-session', '-d', '-x', str(COLUMNS), '-y', str(ROWS), command], check=True, env=environment)
    try:
        time.sleep(SECONDS)
        return subprocess.run([*tmux, 'capture-pane', '-p', '-e'], check=True, env=environment, capture_output=True, text=True).stdout
    finally:
        subprocess.run([*tmux, 'kill-server'], check=False, env=environment)


def runs(line):
    """The texts of a line with the column and the style of each."""
    column, bold, reverse, colour = 0, False, False, None
    for part in re.split('(\x1b\\[[0-9;]*m)', line):
        codes = re.fullmatch('\x1b\\[([0-9;]*)m', part)
        if not codes:
            if part:
                yield column, part, bold, reverse, colour
            column += len(part)
            continue
        for code in (int(word or 0) for word in codes[1].split(';')):
            if code == 0:
                bold, reverse, colour = False, False, None
            elif code == 1:
                bold = True
            elif code in (7, 27):
                reverse = code == 7
            elif 30 <= code <= 37:
                colour = COLOURS[code - 30]
            elif code == 39:
                colour = None
            elif code == 90:
                colour = COLOURS[8]


def draw(screen):
    lines = screen.rstrip('\n').split('\n')
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, ROWS * CELL_HEIGHT + 2 * MARGIN
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
           'font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="13">')
    yield '<title>xtrace-catch --live</title>'
    yield f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
    for row, line in enumerate(lines):
        y = MARGIN + row * CELL_HEIGHT
        for column, text, bold, reverse, colour in runs(line):
            ink, paper = colour or FOREGROUND, None
            if reverse:
                ink, paper = BACKGROUND, ink
                yield rectangle(column, y, len(text), 1, paper)
            yield from write(column, y, text, ink, bold)
    yield '</svg>'


def rectangle(column, y, columns, share, colour):
    size = round(CELL_HEIGHT * share, 2)
    return (f'<rect x="{MARGIN + column * CELL_WIDTH}" y="{round(y + CELL_HEIGHT - size, 2)}" width="{columns * CELL_WIDTH}" '
            f'height="{size}" fill="{colour}"/>')


def write(column, y, text, colour, bold):
    """Bars are drawn, as fonts have them in several sizes; words stand in their columns."""
    for word in re.finditer(f'[{BLOCKS}]|[^ {BLOCKS}]+', text):
        at = column + word.start()
        if word[0] in BLOCKS:
            yield rectangle(at, y, 1, (BLOCKS.index(word[0]) + 1) / 8, colour)
            continue
        weight = ' font-weight="bold"' if bold else ''
        yield (f'<text x="{MARGIN + at * CELL_WIDTH}" y="{y + 13}" fill="{colour}"{weight} textLength="{len(word[0]) * CELL_WIDTH}" '
               f'lengthAdjust="spacingAndGlyphs">{html.escape(word[0])}</text>')


def main():
    if os.environ.get('LIVE_VIEW_INSIDE') != '1':
        os.environ['LIVE_VIEW_INSIDE'] = '1'
        os.execvp('unshare', ['unshare', '--mount', '--net', sys.executable, __file__])
    prepare()
    for name, port in sorted({one[:2] for one in TRAFFIC}):
        child(serve, name, port)
    time.sleep(1)
    for one in TRAFFIC:
        child(ask, *one[1:], space='peer')
    PICTURE.write_text('\n'.join(draw(capture())) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()

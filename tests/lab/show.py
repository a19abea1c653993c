#!/usr/bin/env python3
"""Prints what happened in one run, client and server in one list, in ms from the fault.

    tests/lab/show.py BUILD/lab/link-down/ours-0 [--all]     --all: frames and answers too
"""

import datetime
import glob
import json
import os
import sys

from measure import LOUD_DB, Timeline

SERVER_KINDS = ('listening', 'call', 'call-ended', 'ice', 'dtls', 'channel', 'path', 'fault',
                'action', 'offer-refused')
NOISE = ('openai-realtime/transcript', 'openai-realtime/rate-limits',
         'openai-realtime/response-started', 'openai-realtime/response-done')


def client_lines(folder, everything):
    names = glob.glob(os.path.join(folder, '*.jsonl'))
    if not names:
        sys.exit(f'show.py: no time line in {folder}')
    with open(names[0], encoding='utf-8') as file:
        lines = sorted((json.loads(line) for line in file if line.endswith('}\n')),
                       key=lambda line: line['t'])
    shown = []
    for line in lines:
        kind = line['k']
        if kind in ('audio', 'ping', 'push', 'stats', 'event') and not everything:
            continue
        if line.get('name') in NOISE and not everything:
            continue
        shown.append((line['t'], 'client', {name: value for name, value in line.items()
                                            if name != 't'}))
    return lines, shown


def changes(timeline):
    """When sound begins and ends."""
    was, last = None, None
    for frame in timeline.frames:
        now = ('sound' if timeline.is_real(frame) else
               'faded' if frame[1] > LOUD_DB and not frame[2] & 1 else 'silence')
        if last is not None and frame[0] - last > 100:
            yield last + 20, 'client', {'k': 'audio', 'nothing comes for': frame[0] - last - 20}
        if now != was:
            yield frame[0], 'client', {'k': 'audio', 'begins': now}
        was, last = now, frame[0]


def server_lines(folder, started_ms):
    """The server's clock is the wall's; the first line was written as the client's clock knows."""
    first = None
    for name in sorted(glob.glob(os.path.join(folder, 'server-*.log'))):
        with open(name, encoding='utf-8') as file:
            for text in file:
                if not text.endswith('\n'):
                    continue
                entry = json.loads(text)
                wall = datetime.datetime.fromisoformat(entry['wall'].replace('Z', '+00:00'))
                wall_ms = wall.timestamp() * 1000
                first = first or wall_ms
                own = entry['kind'] == 'http' and not entry['path'].startswith('/simulator')
                if entry['kind'] in SERVER_KINDS or own:
                    yield started_ms + wall_ms - first, 'server', {
                        name: value for name, value in entry.items()
                        if name not in ('t_ms', 'wall', 'request_id', 'key_mark', 'content_type')}


def main():
    folders = [argument for argument in sys.argv[1:] if not argument.startswith('-')]
    if len(folders) != 1:
        sys.exit(__doc__)
    folder = folders[0]
    lines, shown = client_lines(folder, '--all' in sys.argv)
    timeline = Timeline(lines)
    with open(os.path.join(folder, 'result.json'), encoding='utf-8') as file:
        result = json.load(file)
    shown += list(changes(timeline))
    shown += list(server_lines(folder, result['figures'].get('server_started_ms', lines[0]['t'])))
    origin = min(timeline.marks('fault'), default=lines[0]['t'])
    for time, who, what in sorted(shown, key=lambda entry: entry[0]):
        words = json.dumps(what, ensure_ascii=False)
        print(f'{time - origin:10.1f} {who} {words[:300]}')
    for check in result['checks']:
        print(f'{"+" if check["good"] else "-"} {check["name"]}: {check["value"]} '
              f'(wanted: {check["wanted"]})')


if __name__ == '__main__':
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()

#!/usr/bin/env python3
"""Breaks the network below calls, and measures what is heard and answered meanwhile.

Each run has a network of its own (namespaces), a simulator, and a client: ours, or a stock
webrtcbin. Needs root; without it, ends with 77. See run.sh for how it is usually started.
"""

import argparse
import concurrent.futures
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import traceback

import experiment
import faults
import picture
from experiment import Experiment, Programs
from network import LabError, why_not_here

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SKIPPED = 77
STOOD_STILL_MS = 40


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('faults', nargs='*', metavar='FAULT', help='these only (see --list)')
    parser.add_argument('--list', action='store_true', help='names of all faults')
    parser.add_argument('--quick', action='store_true',
                        help='the short form, ours only (OAIRT_LAB=full makes it the long one)')
    parser.add_argument('--full', action='store_true', help='the long form, every fault')
    parser.add_argument('--repeat', type=int, default=1, metavar='N', help='runs of each')
    parser.add_argument('--count', type=int, metavar='N', help='of random faults, of rollovers')
    parser.add_argument('--client', action='append', choices=('ours', 'stock'),
                        help='whom to test (repeatable); both unless --quick')
    parser.add_argument('--set', action='append', default=[], metavar='PROPERTY=VALUE',
                        help='of our elements, in every run')
    parser.add_argument('--jobs', type=int, default=None, metavar='N', help='runs at a time')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--build', default=os.path.join(ROOT, 'build'))
    parser.add_argument('--out', help='folder for time lines, logs and results.json')
    parser.add_argument('--plots', metavar='FOLDER', help='where FAULT.svg is written')
    parser.add_argument('--verbose', action='store_true', help='all checks, not only failed ones')
    return parser.parse_args()


def remove_leftovers():
    """Namespaces of labs whose process is gone."""
    try:
        names = os.listdir('/run/netns')
    except OSError:
        return
    for name in names:
        match = re.fullmatch(r'oairt-(\d+)-\w+(-\w+)?', name)
        if match and not os.path.exists(f'/proc/{match[1]}'):
            inside = subprocess.run(['ip', 'netns', 'pids', name], capture_output=True, text=True,
                                    timeout=20).stdout.split()
            for process in inside:
                os.kill(int(process), signal.SIGKILL)
            subprocess.run(['ip', 'netns', 'del', name], capture_output=True, timeout=20)


def run_one(programs, fault, kind, number, options):
    """A failed run during which the machine itself stood still says nothing, and is repeated."""
    for place in (f'{kind}-{number}', f'{kind}-{number}-again'):
        result = run_once(programs, fault, kind, number, options, place)
        stood = result['figures'].get('machine_stood_ms', 0)
        if result['good'] or stood < STOOD_STILL_MS or result['figures']['took_s'] > 60:
            break
        result['notes'].append(f'the machine stood still for {stood} ms')
    return result


def run_once(programs, fault, kind, number, options, place):
    folder = os.path.join(options.out, fault.name, place)
    lab = Experiment(programs, kind, folder, options.seed + number, options.full,
                     options.count, options.quick)
    lab.settings = dict(setting.split('=', 1) for setting in options.set)
    begin = time.monotonic()
    with lab:
        try:
            fault.function(lab)
        except LabError as error:
            lab.notes.append(str(error))
            lab.check('the run went through', str(error), False)
        except Exception:  # one fault's mistake must not hide the others' results
            lab.notes.append(traceback.format_exc())
            lab.check('the run went through', traceback.format_exc().splitlines()[-1], False)
    lab.figures['took_s'] = round(time.monotonic() - begin, 1)
    lab.save()
    result = lab.result()
    result['fault'] = fault.name
    return result


def tell(result, verbose):
    ok = 'ok  ' if result['good'] else 'FAIL'
    if result['kind'] == 'stock':
        ok = 'done'  # it is not judged
    figures = result['figures']
    print(f'{ok} {result["fault"]:<17} {result["kind"]:<5} audio {figure(figures, "audio")}, '
          f'data {figure(figures, "data")} ({figures["took_s"]} s)', flush=True)
    for check in result['checks']:
        if verbose or (not check['good'] and result['kind'] == 'ours'):
            print(f'       {"+" if check["good"] else "-"} {check["name"]}: {check["value"]}'
                  f' (wanted: {check["wanted"]})', flush=True)
    for note in result['notes'] if result['kind'] == 'ours' else []:
        print(f'       {note}', flush=True)


def figure(figures, name):
    gap = figures.get(name)
    if gap and gap['end'] is None:
        return 'for ever'
    value = figures.get(f'{name}_ms', gap['ms'] if gap else None)
    return '-' if value is None else f'{value:.0f} ms'


def series(results, fault, kind, name):
    values = []
    for result in results:
        if result['fault'] != fault or result['kind'] != kind:
            continue
        gap = result['figures'].get(name)
        never = gap is not None and gap['end'] is None
        value = float('inf') if never else result['figures'].get(f'{name}_ms',
                                                                 gap['ms'] if gap else None)
        if value is not None:
            values.append(value)
    return values


def words(values, pick):
    if not values:
        return ''
    value = pick(values)
    return 'for ever' if value == float('inf') else f'{value:.0f}'


def table(results, chosen):
    print('\n| fault | goal | held | audio: median, ms | worst | data: median, ms | worst | '
          'stock: audio | data |\n|---|---|---|---|---|---|---|---|---|')
    for fault in chosen:
        ours = [result for result in results
                if result['fault'] == fault.name and result['kind'] == 'ours']
        cells = [fault.what, fault.goal,
                 f'{sum(result["good"] for result in ours)} of {len(ours)}' if ours else '']
        for kind, picks in (('ours', (statistics.median, max)), ('stock', (statistics.median,))):
            for name in ('audio', 'data'):
                values = series(results, fault.name, kind, name)
                cells += [words(values, pick) for pick in picks]
        print('| ' + ' | '.join(cells) + ' |')


def process_table(results):
    """What the client itself used, where that was looked at."""
    long_runs = [result for result in results if result['figures'].get('process')]
    if not long_runs:
        return
    print('\n| fault | minutes | memory: first ten, last ten, MB | threads | open files | '
          'clock off, ms |\n|---|---|---|---|---|---|')
    for result in long_runs:
        figures = result['figures']
        cells = [result['fault'], str(len(figures['minutes']))]
        cells += [f'{first:g}, {last:g}' for first, last in figures['process'].values()]
        cells.append(f'{figures.get("clock_off_ms", 0):g}')
        print('| ' + ' | '.join(cells) + ' |')


def plot(results, chosen, folder):
    os.makedirs(folder, exist_ok=True)
    for fault in chosen:
        clients = []
        for kind in ('ours', 'stock'):
            runs = [result for result in results if result['fault'] == fault.name and
                    result['kind'] == kind and 'audio' in result['figures']]
            if not runs:
                continue
            runs.sort(key=lambda run: run['figures'].get('audio_ms') or 0)
            path = os.path.join(runs[len(runs) // 2]['folder'], f'{kind}.jsonl')
            if os.path.exists(path):
                with open(path, encoding='utf-8') as file:
                    clients.append((kind, sorted(
                        (json.loads(line) for line in file if line.endswith('}\n')),
                        key=lambda line: line['t'])))
        svg = picture.draw(f'{fault.name}: {fault.what}', clients)
        if svg:
            with open(os.path.join(folder, f'{fault.name}.svg'), 'w', encoding='utf-8') as file:
                file.write(svg)


def choose(options):
    known = faults.load()
    unknown = [name for name in options.faults if name not in known]
    if unknown:
        sys.exit(f'lab.py: there is no fault {", ".join(unknown)}; there are {", ".join(known)}')
    if options.faults:
        return [known[name] for name in dict.fromkeys(options.faults)]
    return [one for one in known.values() if one.quick or options.full]


def run_all(options, chosen):
    programs = Programs(options.build)
    os.makedirs(options.out, exist_ok=True)
    programs.warm_up()
    tasks = [(one, kind, number) for number in range(options.repeat) for one in chosen
             for kind in options.client if kind == 'ours' or one.stock]
    tasks.sort(key=lambda task: -task[0].seconds)  # the long ones first: they overlap
    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = [pool.submit(run_one, programs, *task, options) for task in tasks]
        try:
            for done in concurrent.futures.as_completed(running):
                results.append(done.result())
                tell(results[-1], options.verbose)
        except BaseException:
            experiment.stopping.set()
            for one in running:
                one.cancel()
            raise
    return results


def main():
    options = arguments()
    options.full = options.full or os.environ.get('OAIRT_LAB') == 'full'
    options.client = options.client or (['ours'] if options.quick else ['ours', 'stock'])
    options.jobs = options.jobs or (4 if options.quick else 2)
    chosen = choose(options)
    if options.list:
        for one in chosen:
            print(f'{one.name:<17} {one.what}: {one.goal}')
        return 0
    reason = why_not_here()
    if reason:
        print(f'The lab is skipped: {reason}.')
        return SKIPPED
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    remove_leftovers()
    options.build = os.path.abspath(options.build)
    options.out = os.path.abspath(
        options.out or os.path.join(options.build, 'lab', 'quick' if options.quick else ''))
    results = run_all(options, chosen)
    with open(os.path.join(options.out, 'results.json'), 'w', encoding='utf-8') as file:
        json.dump(results, file, indent=1)
    if not options.quick:
        table(results, chosen)
        process_table(results)
    if options.plots:
        plot(results, chosen, options.plots)
    failed = sorted({result['fault'] for result in results
                     if result['kind'] == 'ours' and not result['good']})
    judged = {result['fault'] for result in results if result['kind'] == 'ours'}
    print(f'\n{len(judged) - len(failed)} of {len(judged)} faults held'
          f'{", not: " + ", ".join(failed) if failed else ""}; time lines in {options.out}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())

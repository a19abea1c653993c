"""What a process uses over a long run: memory, threads and open files, as the kernel counts them."""

import os
import statistics
import threading

from network import now_ms

SAMPLE_S = 10
MINUTE_MS = 60000
KINDS = ('rss_mb', 'threads', 'fds')


def look(pid):
    """One look; None if the process is gone."""
    try:
        fields = {}
        with open(f'/proc/{pid}/status', encoding='utf-8') as file:
            for line in file:
                name, _, value = line.partition(':')
                fields[name] = value.split()
        return {'rss_mb': int(fields['VmRSS'][0]) / 1024, 'threads': int(fields['Threads'][0]),
                'fds': len(os.listdir(f'/proc/{pid}/fd'))}
    except (OSError, KeyError):
        return None


def by_minute(samples):
    """The median of each minute that was looked at; [[minute, {kind: median}], ...]."""
    minutes = {}
    for at, values in samples:
        minutes.setdefault(int((at - samples[0][0]) // MINUTE_MS), []).append(values)
    return [[minute, {kind: round(statistics.median(one[kind] for one in values), 1)
                      for kind in KINDS}]
            for minute, values in sorted(minutes.items())]


def ends(minutes):
    """The medians of the first ten minutes and of the last ten, of fewer in a shorter run."""
    count = min(10, max(1, len(minutes) // 2))
    def median(part, kind):
        return round(statistics.median(values[kind] for _, values in part), 1)
    return {kind: [median(minutes[:count], kind), median(minutes[-count:], kind)]
            for kind in KINDS} if minutes else {}


class Sampler:
    """Looks every ten seconds until it is stopped; what happens at a moment is not a trend."""

    def __init__(self, pid, sample_s=SAMPLE_S):
        self.samples = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(pid, sample_s), daemon=True)
        self._thread.start()

    def _run(self, pid, sample_s):
        while True:
            values = look(pid)
            if values is None:
                return
            self.samples.append((now_ms(), values))
            if self._over.wait(sample_s):
                return

    def stop(self):
        self._over.set()
        self._thread.join()
        return by_minute(self.samples)

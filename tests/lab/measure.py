"""Reads a client's time line: gaps in what is heard and in what is answered, and what must not be.

Times are in ms of the monotonic clock. A frame of the model's voice is *real* when it is not
flagged as a gap and as loud as the tone is: a concealed one fades, and is not real.
"""

import bisect
import statistics

FRAME_MS = 20
LOUD_DB = -50
TONE_TOLERANCE_DB = 1.5
GAP_FLAG, DISCONT_FLAG = 1, 2


class Gap:
    """From the end of the last good one to the next; `end` is None if there was none."""

    def __init__(self, start, end, until):
        self.start = start
        self.end = end
        self.ms = (until if end is None else end) - start

    def to_json(self):
        return {'start': self.start, 'end': self.end, 'ms': round(self.ms, 1)}


def longest_gap(times, duration, begin, until):
    """The longest stretch without one of `times` that ends after `begin`; each lasts `duration`."""
    first = max(0, bisect.bisect_left(times, begin) - 1)
    inside = [time for time in times[first:] if time <= until]
    if not inside:
        return Gap(begin, None, until)
    gaps = [Gap(one + duration, next_one, until) for one, next_one in zip(inside, inside[1:])]
    gaps.append(Gap(inside[-1] + duration, None, until))
    longest = max(gaps, key=lambda gap: gap.ms)
    # What ended with the recording is no gap as long as the next one is not due.
    if longest.end is None and longest.ms <= 3 * duration:
        longest = max(gaps[:-1], key=lambda gap: gap.ms, default=longest)
    return longest


class Timeline:
    def __init__(self, lines):
        self.lines = lines
        self.frames = [frame for line in lines if line['k'] == 'audio' for frame in line['a']]
        self.answers = sorted(answer[2] for line in lines if line['k'] == 'ping'
                              for answer in line['a'])
        loud = [frame[1] for frame in self.frames
                if frame[1] > LOUD_DB and not frame[2] & GAP_FLAG]
        self.tone_db = statistics.median(loud) if loud else 0
        beats = [frame[0] - frame[3] for frame in self.frames]
        self.beat = statistics.median(beats) if beats else 0
        self.real = [self.time_of(frame) for frame in self.frames if self.is_real(frame)]

    def time_of(self, frame):
        """When it came; that a thread is woken a little late is not the source's doing."""
        due = frame[3] + self.beat
        return due if abs(frame[0] - due) < FRAME_MS else frame[0]

    def is_real(self, frame):
        return (not frame[2] & GAP_FLAG and frame[1] > LOUD_DB and
                abs(frame[1] - self.tone_db) < TONE_TOLERANCE_DB)

    def of(self, kind):
        return [line for line in self.lines if line['k'] == kind]

    def bus(self, name):
        return [line for line in self.of('bus') if line['name'] == name]

    def events(self, kind):
        return [line for line in self.of('event') if line['type'] == kind]

    def marks(self, what):
        return [line['t'] for line in self.of('mark') if line['what'] == what]

    def audio_gap(self, begin, until):
        return longest_gap(self.real, FRAME_MS, begin, until)

    def data_gap(self, begin, until):
        return longest_gap(self.answers, 0, begin, until)

    def is_back(self, since, now, for_ms=1000):
        """Both have come without a break for the last `for_ms`, all of it after `since`."""
        begin = now - for_ms
        if begin < since:
            return False
        frames, answers = (bisect.bisect(times, now) - bisect.bisect_left(times, begin)
                           for times in (self.real, self.answers))
        # The last 200 ms may still be on their way to us.
        return frames >= (for_ms - 240) / FRAME_MS and answers >= (for_ms - 240) / 50 * 0.7

    # --- what must hold whatever happens ---

    def breaks(self):
        """Holes and overlaps in the source's timestamps, and DISCONT flags after the first."""
        found = []
        for before, after in zip(self.frames, self.frames[1:]):
            off = after[3] - before[3] - before[4]
            if abs(off) > 0.01:
                found.append(f'{off:+.1f} ms at {after[3]:.0f} ms')
            elif after[2] & DISCONT_FLAG:
                found.append(f'DISCONT at {after[3]:.0f} ms')
        return found

    def clock_off_ms(self):
        """What the source gave beyond the time that passed; less than nothing: too little.

        Median of a hundred frames at both ends: one frame may be late.
        """
        off = [frame[3] + frame[4] - frame[0] for frame in self.frames]
        if len(off) < 200:
            return 0.0
        return round(statistics.median(off[-100:]) - statistics.median(off[:100]), 1)

    def longest_stall_ms(self):
        """Between two frames of the source, whatever is in them."""
        return max((after[0] - before[0] for before, after in zip(self.frames, self.frames[1:])),
                   default=0)

    def longest_lag_ms(self, since):
        """How late a thread that does nothing else was woken, at worst."""
        return max((line['ms'] for line in self.of('lag') if line['t'] >= since), default=0)

    def longest_push_ms(self):
        return max((line['max_ms'] for line in self.of('push')), default=0)

    def skipped_pushes(self):
        return sum(line['skipped'] for line in self.of('push'))

    def stat(self, name, at=None):
        """A figure of `stats`, the last before `at`."""
        value = None
        for line in self.of('stats'):
            if at is not None and line['t'] > at:
                break
            value = line['s'].get(name, value)
        return value

    def bursts(self, begin, until, bridge_ms=200):
        """The stretches of sound between two times, in frames; a short pause does not end one.

        Returns their lengths and the longest of those pauses in ms.
        """
        lengths, last, longest_pause = [], None, 0
        for frame in self.frames:
            if not begin <= frame[0] <= until or frame[1] <= -30 or frame[2] & GAP_FLAG:
                continue
            pause = frame[3] - last if last is not None else None
            if pause is None or pause > bridge_ms:
                lengths.append(0)
            else:
                longest_pause = max(longest_pause, pause)
            lengths[-1] += 1
            last = frame[3] + frame[4]
        return lengths, longest_pause

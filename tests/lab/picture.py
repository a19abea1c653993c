"""Draws what clients heard around a fault, one above the other, as an SVG."""

import html

from measure import GAP_FLAG, LOUD_DB, Timeline

WIDTH, LEFT, RIGHT = 960, 70, 20
LANE = 165
COLOURS = {'real': '#2e7d32', 'faded': '#ef9a3c', 'silent': '#cfd3d8'}
NAMES = {'ours': 'openairealtime', 'stock': 'webrtcbin'}
SHOWN = ('openai-realtime/connection-state', 'openai-realtime/recovery', 'warning', 'error',
         'stock/connection-state', 'stock/channel-closed')


def label_of(line):
    fields = line.get('f', {})
    if 'action' in fields:
        return fields['action']
    return fields.get('state') or line['name'].rsplit('/', 1)[-1]


def class_of(timeline, frame):
    if timeline.is_real(frame):
        return 'real'
    return 'silent' if frame[2] & GAP_FLAG or frame[1] < LOUD_DB else 'faded'


class Picture:
    def __init__(self, begin, end):
        self.begin, self.end = begin, end
        self.parts = []

    def x(self, time):
        time = min(max(time, self.begin), self.end)
        return round(LEFT + (time - self.begin) / (self.end - self.begin) *
                     (WIDTH - LEFT - RIGHT), 1)

    def rect(self, begin, end, top, height, colour, more=''):
        width = max(0.3, round(self.x(end) - self.x(begin), 1))
        self.parts.append(f'<rect x="{self.x(begin)}" y="{top}" width="{width}" '
                          f'height="{height}" fill="{colour}"{more}/>')

    def line(self, time, top, bottom, colour, more=''):
        self.parts.append(f'<line x1="{self.x(time)}" x2="{self.x(time)}" y1="{top}" '
                          f'y2="{bottom}" stroke="{colour}"{more}/>')

    def text(self, x, y, words, more=''):
        self.parts.append(f'<text x="{x}" y="{y}"{more}>{html.escape(str(words))}</text>')

    def lane(self, top, kind, timeline):
        self.text(8, top + 14, NAMES.get(kind, kind), ' font-weight="bold"')
        self.text(8, top + 55, 'sound')
        self.text(8, top + 99, 'answers')
        self._sound(top + 25, timeline)
        ticks = ''.join(f'M{self.x(answer)} {top + 88}v14' for answer in timeline.answers
                        if self.begin <= answer <= self.end)
        self.parts.append(f'<path d="{ticks}" stroke="#1565c0" stroke-width="0.8"/>')
        row, last_x = 0, -1000
        for line in timeline.of('bus'):
            if line['name'] not in SHOWN or not self.begin <= line['t'] <= self.end:
                continue
            self.line(line['t'], top + 20, top + 108, '#444', ' stroke-dasharray="2 2"')
            x = self.x(line['t'])
            row = (row + 1) % 4 if x - last_x < 90 else 0
            last_x = x
            self.text(x + 2, top + 116 + row * 11, label_of(line), ' font-size="9"')

    def _sound(self, top, timeline):
        # Frames of one kind and about one level, next to each other, are one bar.
        bar = None
        for frame in timeline.frames:
            begin, end = frame[0], frame[0] + 20
            if end < self.begin or begin > self.end:
                continue
            kind = class_of(timeline, frame)
            level = max(0.0, min(1.0, (frame[1] + 60) / 50)) if kind != 'silent' else 0.05
            height = max(2, round(level * 10) * 5)
            if bar and bar[2:] == (kind, height) and begin - bar[1] < 25:
                bar = (bar[0], end, kind, height)
                continue
            self._bar(bar, top)
            bar = (begin, end, kind, height)
        self._bar(bar, top)

    def _bar(self, bar, top):
        if bar:
            begin, end, kind, height = bar
            self.rect(begin, end, top + 50 - height, height, COLOURS[kind])

    def svg(self, height, title):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                'font-family="sans-serif" font-size="11">'
                f'<title>{html.escape(title)}</title>'
                f'<rect width="{WIDTH}" height="{height}" fill="white"/>')
        return head + '\n'.join(self.parts) + '</svg>\n'


def step_of(seconds):
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60):
        if seconds / step <= 14:
            return step
    return 300


def draw(title, clients):
    """`clients`: (kind, lines of the time line) each; all are aligned at the fault."""
    lanes = []
    for kind, lines in clients:
        timeline = Timeline(lines)
        marks = timeline.marks('fault')
        if marks and timeline.frames:
            lanes.append((kind, timeline, marks[0]))
    if not lanes:
        return None
    after = 0
    for kind, timeline, fault in lanes:
        cured = (timeline.marks('cured') or [fault])[0]
        last = timeline.lines[-1]['t']
        gap = timeline.audio_gap(fault - 50, last)
        heal = cured
        if gap.ms > 60:
            heal = gap.end or cured + 4000
        after = max(after, cured - fault + 1500, heal - fault + 1500)
    before = 700
    after = min(after, 40000)
    picture = Picture(-before, after)
    height = 40 + LANE * len(lanes) + 30
    picture.text(8, 18, title, ' font-size="13" font-weight="bold"')
    for number, (kind, timeline, fault) in enumerate(lanes):
        top = 34 + LANE * number
        cured = (timeline.marks('cured') or [fault + 20])[0]
        picture.rect(0, max(20, cured - fault), top + 20, 88, '#e53935', ' opacity="0.16"')
        picture.lane(top, kind, shifted(timeline, fault))
    bottom = 34 + LANE * len(lanes)
    step = step_of((before + after) / 1000)
    tick = -int(before / 1000 / step) * step
    while tick * 1000 <= after:
        picture.line(tick * 1000, bottom, bottom + 5, '#444')
        picture.text(picture.x(tick * 1000) - 8, bottom + 17, f'{tick:g} s')
        tick = round(tick + step, 3)
    return picture.svg(height, title)


def shifted(timeline, origin):
    """The same with its times counted from the fault."""
    lines = []
    for line in timeline.lines:
        moved = {**line, 't': line['t'] - origin}
        if line['k'] == 'audio':
            moved['a'] = [[frame[0] - origin, *frame[1:]] for frame in line['a']]
        elif line['k'] == 'ping':
            moved['a'] = [[answer[0], answer[1], answer[2] - origin] for answer in line['a']]
        lines.append(moved)
    return Timeline(lines)

"""What has to hold many times over: rollovers under speech, and faults in random order."""

import random

import resources
from experiment import pause, text_of
from faults import fault
from network import now_ms

BURST_FRAMES = 30  # of speech, each way
TURN_S = 1.2
# What may be more at the end of a long run than at its begin; beside a call another may be made.
GROWTH = {'rss_mb': 10, 'threads': 4, 'fds': 6}


@fault('rollover', 'the call is replaced before it is too old, under speech both ways',
       '0 frames lost or doubled, 0 items lost', stock=False, seconds=40)
def rollover(lab):
    """Bursts of tone both ways: each must arrive once and whole, whichever call carries it."""
    wanted = lab.count or (50 if lab.full else 3)
    margin_s, age_s = 3, 12
    lab.start('--max-age', str(age_s), tone_s=BURST_FRAMES * 0.02, talk=False,
              client_options=('--tone-on', '600', '--tone-off', '400', '--no-ping'),
              rollover_margin=margin_s)
    lab.fault()
    first = uplink_counts(lab)
    said = []

    def turn():
        said.append(f'Turn {len(said) + 1}.')
        lab.say(said[-1])
        lab.client.tell('emit', 'create-response')
        pause(TURN_S)

    # Before the first rollover: how long a burst is when nothing happens, each way.
    begin = now_ms()
    for _ in range(3):
        turn()
    calm = uplink_counts(lab)
    calm_until = now_ms()
    limit = now_ms() + (wanted + 1) * age_s * 1000 + 10000
    while len(lab.calls_had()) <= wanted and now_ms() < limit:
        turn()
    for _ in range(2):
        turn()
    last = uplink_counts(lab)
    state = lab.state()
    lab.figures['rollovers'] = len(lab.calls_had()) - 1
    lab.stop_client()
    lab.at_most('rollovers missing', wanted - lab.figures['rollovers'], 0)
    judge_answers(lab, state, lab.timeline.bursts(begin, calm_until)[0], len(said))
    judge_uplink(lab, first, calm, last)
    judge_items(lab, state, said)
    errors = [line['f']['code'] for line in lab.timeline.bus('openai-realtime/error')]
    lab.check('errors that the application hears of', sorted(set(errors)), not errors, 'none')


def loud_ms(lab):
    state = lab.state()
    return sum(call['heard']['loud_ms'] for call in state['ended_sessions'] + state['sessions'])


def uplink_counts(lab):
    """Loud ms that all calls have heard, frames and bursts that were sent; between two bursts."""
    lab.client.tell('sound', 'off')
    pause(0.7)
    heard, before = loud_ms(lab), None
    while heard != before:  # on a busy machine the last of it comes later
        pause(0.2)
        heard, before = loud_ms(lab), heard
    pushes = [line for line in lab.client.copy() if line['k'] == 'push']
    loud = [line['loud'] > 0 for line in pushes]
    bursts = sum(1 for before, after in zip([False] + loud, loud) if after and not before)
    lab.client.tell('sound', 'on')
    return heard, sum(line['loud'] for line in pushes), bursts


def judge_answers(lab, state, calm, asked):
    bursts, longest_pause = lab.timeline.bursts(lab.timeline.marks('fault')[0], now_ms())
    normal = max(set(calm), key=calm.count) if calm else 0
    # On a machine that runs other tests too a frame may come too late to be played in its place.
    slack = 1 if lab.quick else 0
    wrong = [length for length in bursts if abs(length - normal) > slack]
    calls = state['ended_sessions'] + state['sessions']
    lab.figures.update(
        answers_heard=len(bursts), frames_of_an_answer=normal,
        answers_spoken=sum(call['audio_out']['speech_frames'] for call in calls) / BURST_FRAMES)
    lab.check('answers that came whole', f'{len(bursts)} of {asked}, wrong: {wrong[:8]}',
              len(bursts) == asked and not wrong, f'all of {normal} frames')
    lab.figures['longest_pause_in_an_answer_ms'] = round(longest_pause, 1)
    lab.at_most('pause within an answer, ms', round(longest_pause, 1), lab.limit(60))


def judge_uplink(lab, first, calm, last):
    """What the codec adds to a burst is known from the time before the first rollover."""
    heard, sent, bursts = (after - before for before, after in zip(first, calm))
    tail_ms = (heard - sent * 20) / max(1, bursts)
    heard, sent, bursts = (after - before for before, after in zip(calm, last))
    off = (heard - bursts * tail_ms) / 20 - sent
    lab.figures.update(uplink_frames_sent=sent, uplink_frames_off=round(off, 1),
                       uplink_tail_ms=round(tail_ms, 1))
    # A burst that is cut in two by a rollover has two tails.
    slack = lab.figures['rollovers']
    lab.check('frames of the user lost (-) or doubled (+)', round(off, 1), abs(off) <= slack,
              f'within {slack} of 0, of {sent}')


def judge_items(lab, state, said):
    call = lab.live(state['sessions'])
    items = [text_of(item) for item in call['session']['items']] if call else []
    missing = [text for text in said if items.count(('user', text)) == 0]
    doubled = [text for text in said if items.count(('user', text)) > 1]
    order = [text for _, text in items if text in said]
    lab.check('items lost', missing[:8], not missing, 'none')
    lab.check('items doubled', doubled[:8], not doubled, 'none')
    in_order = order == sorted(order, key=said.index)
    lab.check('items in order', in_order, in_order, 'yes')
    refused = [line for line in lab.timeline.of('order')
               if line['order'] in ('send', 'emit') and not line['taken']]
    lab.check('events refused', len(refused), not refused, '0')


# --- random faults ---

def swap_link(lab, rng):
    link = rng.choice('ab')
    lab.network.link_down(link)
    pause(rng.uniform(0.5, 4))
    lab.network.link_up(link)


def dark(lab, rng):
    lab.network.drop('')
    pause(rng.uniform(0.2, 6))
    lab.network.let_pass()


def dark_link(lab, rng):
    lab.network.black_hole(rng.choice('ab'))
    pause(rng.uniform(1, 5))
    lab.network.let_pass()


def bad_line(lab, rng):
    lab.network.shape(delay=rng.uniform(5, 80), jitter=rng.uniform(0, 30),
                      loss=rng.uniform(0, 0.2), double=rng.uniform(0, 0.1),
                      reorder=rng.uniform(0, 0.1))
    pause(rng.uniform(1, 5))
    lab.network.shape(delay=0, jitter=0, loss=0, double=0, reorder=0)


def kill_server(lab, rng):
    lab.simulator.kill()
    pause(rng.uniform(0.5, 3))
    lab.simulator.start()


def action(name, value=''):
    def do(lab, rng):
        lab.simulator.act(name, value)
    do.__name__ = name
    return do


def refused_then(name, errors):
    def do(lab, rng):
        lab.simulator.order(f'{errors}x{rng.randint(1, 2)}')
        lab.simulator.act(name)
    do.__name__ = f'{name}+{errors}'
    return do


RANDOM_FAULTS = [swap_link, dark, dark_link, bad_line, kill_server, action('close_channel'),
                 action('close_notify'), action('silent'), action('expire'), action('mute', 'on'),
                 action('malformed_event'), action('huge_event'), action('unknown_event'),
                 action('error_event'), refused_then('close_channel', 'calls_error=503'),
                 refused_then('close_notify', 'calls_reset')]


def rescued(lab):
    """A fault that is not survived must not hide what comes after it."""
    lab.client.tell('emit', 'reconnect')
    return lab.wait_back(15)


@fault('random', 'faults in random order, each a little after the last one is over',
       'always back <= 15 s, conversation whole', stock=False, seconds=60)
def random_faults(lab):
    count = lab.count or (200 if lab.full else 5)
    rng = random.Random(lab.seed)
    lab.start(relay=True, watchdog_timeout=700)
    sampler = resources.Sampler(lab.client.process.pid)
    story = []
    for number in range(count):
        chosen = rng.choice(RANDOM_FAULTS)
        begin = lab.fault()
        chosen(lab, rng)
        cured = lab.cured()
        back = lab.wait_back(15)
        took = round(now_ms() - cured - 1000)
        story.append({'fault': chosen.__name__, 'at': begin, 'back': back, 'took_ms': took})
        lab.simulator.request('DELETE', '/simulator/faults')
        if not back and not rescued(lab):
            break
        if number % 10 == 0:
            lab.say_meanwhile(f'After fault {number + 1}.')
        # In an hour most calls stand long enough to count as well, and some do not.
        pause(rng.uniform(2, 25) if lab.full and rng.random() < 0.75 else rng.uniform(0, 2))
    minutes = sampler.stop()
    lab.figures['story'] = story
    lab.figures['audio_ms'] = max(one['took_ms'] for one in story)
    lab.figures['worst'] = sorted(story, key=lambda one: -one['took_ms'])[:5]
    state = lab.state()
    lab.finish()
    failed = [one['fault'] for one in story if not one['back']]
    lab.check('faults not survived', f'{failed} of {len(story)}', not failed, f'none of {count}')
    lab.check_conversation(state)
    judge_resources(lab, minutes)
    off = lab.timeline.clock_off_ms()
    lab.figures['clock_off_ms'] = off
    lab.check('the source against the clock, ms', off, abs(off) <= 100, 'within 100')


def judge_resources(lab, minutes):
    lab.figures['minutes'] = minutes
    lab.figures['process'] = resources.ends(minutes)
    if len(minutes) < 4:  # it is still warming up
        return
    for kind, (first, last) in lab.figures['process'].items():
        lab.check(f'{kind} at the end against the begin', f'{first} -> {last}',
                  last - first <= GROWTH[kind], f'<= {GROWTH[kind]} more')

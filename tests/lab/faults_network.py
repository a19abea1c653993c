"""Faults of the network below a call: links, addresses, black holes, bindings, walls."""

from experiment import pause
from faults import fault, judge
from network import now_ms


@fault('none', 'nothing happens for three seconds', 'no gap > 60 ms', seconds=7)
def none(lab):
    lab.start()
    lab.fault()
    pause(3)
    lab.cured()
    judge(lab, audio_ms=60, data_ms=120)


@fault('link-down', 'the link in use goes down, a second one is up',
       'audio <= 60 ms, data <= 100 ms, same call')
def link_down(lab):
    lab.start()
    link = lab.path()
    lab.fault()
    lab.network.link_down(link)
    judge(lab, audio_ms=60, data_ms=100)


@fault('address-replaced', 'the only address goes, another one comes 0.8 s later',
       'back <= 300 ms after the new address, same call')
def address_replaced(lab):
    lab.start(links=('a',))
    lab.fault()
    lab.network.remove_address('a')
    pause(0.8)
    lab.cured()
    lab.network.add_address('a', '10.77.1.77')
    judge(lab, audio_ms=300, data_ms=300, after=True)


@fault('black-hole', 'the path in use swallows all, without a word; a second one is there',
       'gap <= 1000 ms, same call')
def black_hole(lab):
    lab.start(watchdog_timeout=700)
    link = lab.path()
    lab.fault()
    lab.network.black_hole(link)
    judge(lab, audio_ms=1000, data_ms=1000)
    lab.figures['swallowed'] = lab.network.dropped()


def uplink_lost(lab, talk):
    """Downlink media goes on; the server gives us up after 30 s only."""
    lab.start(talk=talk, client_options=() if talk else ('--no-ping',), watchdog_timeout=700)
    if not talk:
        lab.client.tell('sound', 'off')
        pause(1.5)
    pause(lab.seed % 7 * 0.1)  # our checks have a beat of their own
    link = lab.path()
    lab.fault()
    lab.network.drop(f'iif r{link} ip protocol udp')
    judge_uplink(lab, link, 1700, 1700 if talk else None)


def judge_uplink(lab, lost_link, goal_ms, data_ms):
    """From the fault until the server hears us elsewhere, and events are answered."""
    begin = now_ms()

    def elsewhere():
        sessions = lab.sessions()
        return sessions and lab.path_of(sessions[0]) not in (None, lost_link)
    while not elsewhere() and now_ms() < begin + 15000:
        pause(0.02)
    lab.figures['moved_ms'] = round(now_ms() - begin)
    lab.client.tell('sound', 'on')
    pause(2)
    state = lab.state()
    end = lab.finish()
    lab.measure(end, None, data_ms, False)
    lab.figures['audio_ms'] = lab.figures['moved_ms']
    lab.at_most('until the server hears us elsewhere, ms', lab.figures['moved_ms'],
                lab.limit(goal_ms))
    if data_ms is None:  # nothing was to be heard or answered
        del lab.figures['audio'], lab.figures['data']
    lab.check_same_call(state)
    lab.check_conversation(state)


@fault('uplink-lost', 'nothing of ours arrives by the path in use, the service is heard as before',
       'the server hears us elsewhere within 1.0 s + watchdog (700 ms), same call')
def uplink_lost_speaking(lab):
    uplink_lost(lab, True)


@fault('uplink-lost-quiet', 'the same while nobody speaks',
       'the server hears us elsewhere within 1.0 s + watchdog (700 ms), same call')
def uplink_lost_quiet(lab):
    uplink_lost(lab, False)


@fault('black-hole-3s', 'the only path swallows all for 3 s',
       'back <= 300 ms after it ends, same call', seconds=11)
def black_hole_3s(lab):
    outage(lab, 3)


@fault('outage-26s', 'no path for 26 s; events are sent meanwhile',
       'back <= 300 ms after it ends, same call, the events arrive', seconds=38)
def outage_26s(lab):
    outage(lab, 26, meanwhile=5)


def outage(lab, seconds, meanwhile=0):
    lab.start(links=('a',), tone_s=60, watchdog_timeout=700)
    lab.fault()
    lab.network.drop('')
    for number in range(meanwhile):
        pause(seconds / (meanwhile + 1))
        lab.say_meanwhile(f'Said meanwhile, number {number + 1}.')
    pause(seconds / (meanwhile + 1))
    lab.figures['swallowed'] = lab.network.dropped()
    lab.cured()
    lab.network.let_pass()
    judge(lab, audio_ms=300, data_ms=300, after=True)


@fault('outage-60s', 'no path for 60 s: the server has dropped us',
       'speaks <= 500 ms after it ends, conversation whole', quick=False, seconds=75)
def outage_60s(lab):
    lab.start(links=('a',), tone_s=15, watchdog_timeout=700)  # a short answer is made faster
    lab.fault()
    lab.network.drop('')
    pause(60)
    lab.check('the server had dropped the call', len(lab.sessions()), not lab.sessions(), '0 calls')
    lab.cured()
    lab.network.let_pass()
    judge(lab, audio_ms=500, data_ms=500, after=True, keep='conversation')


@fault('links-down-5s', 'the only link is down for 5 s',
       'back <= 300 ms after it is up, same call', seconds=14)
def links_down(lab):
    lab.start(links=('a',), watchdog_timeout=700)
    lab.fault()
    lab.network.link_down('a')
    pause(5)
    lab.network.link_up('a')
    lab.cured()
    judge(lab, audio_ms=300, data_ms=300, after=True)


@fault('nat-rebinding', 'the NAT forgets its bindings and takes other ports',
       'gap <= 1000 ms, same call')
def nat_rebinding(lab):
    lab.start(links=('a',), nat=True, watchdog_timeout=700)
    before = lab.sessions()[0]['path']
    lab.fault()
    lab.network.rebind()
    judge(lab, audio_ms=1000, data_ms=1000)
    lab.figures['path_before'] = before
    after = lab.figures['path_at_end']
    lab.check('the binding is another one', f'{before} -> {after}', after and before not in after)


@fault('ice-restart', 'the server follows nobody to another address, but offers an ICE restart',
       'back <= 300 ms after the restart is asked for, same call')
def ice_restart(lab):
    lab.start('--ice-restart', '--fault', 'no_migrationx0', watchdog_timeout=700)
    link = lab.path()
    lab.fault()
    lab.network.link_down(link)
    judge_restart(lab)


def judge_restart(lab):
    # The moment at which the restart was asked for is in the server's log.
    back = lab.wait_back(15)
    patches = [entry for entry in lab.simulator.requests() if entry['method'] == 'PATCH']
    state = lab.state()
    end = lab.finish()
    lab.measure(end, None, None, False)
    lab.figures['audio_ms'] = lab.figures['audio']['ms']
    lab.check('an ICE restart was asked for', len(patches), len(patches) > 0, '> 0')
    lab.at_most('restarts', len(patches), 3)
    asked = lab.timeline.marks('fault')[-1]
    if patches:
        listening = lab.simulator.log('listening')[0]
        offset = lab.figures['server_started_ms'] - listening['t_ms']
        asked = patches[-1]['t_ms'] + offset
    gap_end = lab.figures['audio']['end']
    value = round(gap_end - asked, 1) if back and gap_end else None
    lab.figures['audio_ms'] = value
    lab.at_most('from the restart to sound, ms', value, lab.limit(300))
    lab.check_same_call(state)
    lab.check_conversation(state)


@fault('udp-blocked', 'UDP is blocked in the middle of a call; there is a TCP candidate',
       'gap <= 1500 ms, same call')
def udp_blocked(lab):
    lab.start(links=('a',), watchdog_timeout=700)
    lab.fault()
    lab.network.drop('ip protocol udp')
    judge(lab, audio_ms=1500, data_ms=1500)
    lab.figures['swallowed'] = lab.network.dropped()


def lossy(lab, loss):
    """A line that is bad and stays so: nothing may be taken for an outage."""
    lab.start(links=('a',), relay=True, tone_s=60, watchdog_timeout=700)
    begin = lab.fault()
    lab.network.shape(delay=40, jitter=30, loss=loss)
    pause(600 if lab.full else 15)
    counts = lab.network.shape(delay=0, jitter=0, loss=0)
    lab.figures['relay'] = counts
    end = lab.cured()
    lab.wait_back(10)
    state = lab.state()
    last = lab.finish()
    lab.measure(last, None, None, False)
    lab.figures['audio_ms'] = lab.figures['audio']['ms']
    lab.figures['data_ms'] = lab.figures['data']['ms']
    recoveries = [line['f'] for line in lab.timeline.bus('openai-realtime/recovery')]
    harmful = [one for one in recoveries if one.get('action') != 'migrate']
    lab.figures['recoveries'] = len(recoveries)
    lab.check('recoveries beside harmless migrations', str(harmful[:3]), not harmful, 'none')
    lab.check_same_call(state)
    lab.check_conversation(state)
    seconds = (end - begin) / 1000
    for name in ('concealed-frames', 'silent-frames', 'packets-lost', 'jitter-latency-ms'):
        before, after = lab.timeline.stat(name, begin), lab.timeline.stat(name, end)
        if after is not None:
            lab.figures[name] = after if name.endswith('ms') else after - (before or 0)
    if lab.figures.get('concealed-frames') is not None:
        lab.figures['concealed_share'] = round(lab.figures['concealed-frames'] / (seconds * 50), 4)
    real = sum(1 for frame in lab.timeline.frames
               if begin <= frame[0] <= end and frame[1] > -40 and not frame[2] & 1)
    lab.figures['heard_share'] = round(real / (seconds * 50), 4)


@fault('loss-2', '2 % of the packets are lost, 40 ms each way, 30 ms jitter',
       'same call, no recovery but harmless migrations', seconds=25)
def loss_2(lab):
    lossy(lab, 0.02)


@fault('loss-10', '10 % of the packets are lost, 40 ms each way, 30 ms jitter',
       'same call, no recovery but harmless migrations', seconds=25)
def loss_10(lab):
    lossy(lab, 0.10)


@fault('server-restart', 'the server is killed, and starts again 2 s later',
       'speaks <= 500 ms after it listens, conversation whole', seconds=13)
def server_restart(lab):
    lab.start(tone_s=15, watchdog_timeout=700)
    lab.fault()
    lab.simulator.kill()
    pause(2)
    lab.simulator.start()
    lab.cured()
    judge(lab, audio_ms=500, data_ms=500, after=True, keep='conversation')

"""Faults of the service above the network: it closes, falls silent, refuses."""

from experiment import pause
from faults import fault, judge
from network import now_ms


def service_fault(lab, actions, audio_ms, data_ms=None):
    lab.start(tone_s=15, watchdog_timeout=700)  # a short answer is made faster
    lab.fault()
    for action, value in actions:
        lab.simulator.act(action, value)
    judge(lab, audio_ms=audio_ms, data_ms=data_ms or audio_ms, keep='conversation')


@fault('channel-closed', 'the service closes the data channel',
       'gap <= 500 ms, conversation whole')
def channel_closed(lab):
    service_fault(lab, [('close_channel', '')], 500)


@fault('dtls-closed', 'the service ends the call with a close_notify',
       'gap <= 500 ms, conversation whole')
def dtls_closed(lab):
    service_fault(lab, [('close_notify', '')], 500)


@fault('session-expired', 'the service says session_expired and closes',
       'gap <= 500 ms, conversation whole')
def session_expired(lab):
    service_fault(lab, [('expire', '')], 500)


@fault('gone', 'the service forgets the call without a word',
       'gap <= watchdog (700 ms) + 1500 ms, conversation whole')
def gone(lab):
    service_fault(lab, [('silent', '')], 2200)


@fault('mute', 'the service sends no sound any more',
       'gap <= watchdog (700 ms) + 500 ms, conversation whole')
def mute(lab):
    service_fault(lab, [('mute', 'on')], 1200, data_ms=1200)


@fault('frozen', 'the service sends no sound and takes no event any more',
       'gap <= watchdog (700 ms) + 500 ms, conversation whole')
def frozen(lab):
    service_fault(lab, [('mute', 'on'), ('freeze', 'on')], 1200, data_ms=1200)


# --- refusals when the call has to be replaced ---

def refusal(lab, faults, *, seconds=None, **settings):
    """The channel is closed while the service refuses; returns the requests from then on."""
    lab.start(tone_s=60, **settings)
    before = len(lab.simulator.requests())
    lab.simulator.order(*faults)
    lab.fault()
    lab.simulator.act('close_channel')
    if seconds is not None:
        pause(seconds)
        return lab.simulator.requests()[before:]
    if not lab.wait_back(30):
        lab.notes.append('not back within the limit')
    return lab.simulator.requests()[before:]


def judge_refusal(lab, requests, most, whole=True, fatal=None):
    state = lab.state()
    # A hang-up of the old call is not an attempt.
    attempts = [entry for entry in requests if not entry['path'].endswith('/hangup')]
    lab.figures['attempts'] = [f'{entry["path"].rsplit("/", 1)[-1]} {entry["status"]}'
                               for entry in attempts]
    lab.figures['attempts_at_ms'] = [round(entry['t_ms'] - attempts[0]['t_ms'])
                                     for entry in attempts]
    lab.at_most('requests', len(attempts), most)
    if whole:
        end = lab.finish()
        lab.measure(end, None, None, False)
        lab.figures['audio_ms'] = lab.figures['audio']['ms']
        lab.check('it speaks again', lab.figures['audio']['end'] is not None,
                  lab.figures['audio']['end'] is not None)
        lab.check_conversation(state)
    else:
        end = now_ms()
        lab.stop_client()
    errors = [line for line in lab.timeline.bus('error') if line['t'] < end]
    states = [line['f']['state'] for line in lab.timeline.bus('openai-realtime/connection-state')]
    if fatal:
        # GST_RESOURCE_ERROR_NOT_AUTHORIZED is 15.
        lab.check('one error that says so', [line['text'] for line in errors],
                  len(errors) == 1 and errors[0]['code'] == 15, '1 error, not authorised')
        lab.check('the state', states[-1:], states[-1:] == ['failed'], 'failed')
    else:
        lab.check('no error', [line['text'] for line in errors], not errors, 'none')


@fault('refused-once', 'the key is refused once when the call is replaced',
       'one new token, back, conversation whole', stock=False)
def refused_once(lab):
    judge_refusal(lab, refusal(lab, ['calls_error=401']), 4)


@fault('refused', 'the key is refused from now on (401)',
       'one error, no retries', stock=False, seconds=14)
def refused(lab):
    requests = refusal(lab, ['calls_error=401x0', 'mint_error=401x0'], seconds=6)
    judge_refusal(lab, requests, 4, whole=False, fatal=True)


@fault('token-expired', 'the token at hand has expired when the call is replaced',
       'one new token, back, conversation whole', stock=False)
def token_expired(lab):
    judge_refusal(lab, refusal(lab, ['calls_error=expired']), 4)


@fault('retry-after', 'the service says 429 with Retry-After: 7',
       'nothing for 7 s, then back, conversation whole', stock=False, seconds=20)
def retry_after(lab):
    requests = refusal(lab, ['calls_error=429:7'])
    judge_refusal(lab, requests, 4)
    calls = [entry['t_ms'] for entry in requests if entry['path'].endswith('/calls')]
    waited = round(calls[1] - calls[0]) if len(calls) > 1 else None
    lab.check('waited, ms', waited, waited is not None and 7000 <= waited <= 9000, '7000 to 9000')


@fault('quota', 'the account has no quota any more', 'one error, no retries', stock=False,
       seconds=14)
def quota(lab):
    requests = refusal(lab, ['calls_error=quotax0', 'mint_error=quotax0'], seconds=6)
    judge_refusal(lab, requests, 3, whole=False, fatal=True)


@fault('overloaded', 'the service says 503 five times',
       'six calls, further and further apart, back, conversation whole', stock=False, seconds=30)
def overloaded(lab):
    requests = refusal(lab, ['calls_error=503x5'])
    judge_refusal(lab, requests, 12)
    calls = [entry['t_ms'] for entry in requests if entry['path'].endswith('/calls')]
    delays = [round(after - before) for before, after in zip(calls, calls[1:])]
    lab.figures['delays_ms'] = delays
    lab.check('calls', len(calls), len(calls) == 6, '6')
    growing = all(after > before * 0.8 for before, after in zip(delays[1:], delays[2:]))
    lab.check('further and further apart', delays, growing and sum(delays) > 4000)

"""One run of one fault: a network, the simulator, a client in a conversation, and the verdict."""

import json
import os
import subprocess
import threading

import network as net
from measure import Timeline
from network import LabError, Network, now_ms, wait_for
from processes import Client, Simulator

STALL_LIMIT_MS = 200  # a busy machine delays a thread, a network must not
PUSH_LIMIT_MS = 100
FIRST_WORDS = 'My name is Lab.'
FIRST_ANSWER = 'The first answer of this lab.'
LONG_ANSWER = 'And on and on.'
SECOND_WORDS = 'Please speak until I stop you.'
NOISE = ('CRITICAL', 'Sanitizer', 'runtime error:')  # in what a program prints
stopping = threading.Event()


def pause(seconds):
    if stopping.wait(seconds):
        raise LabError('stopped')


class Programs:
    def __init__(self, build):
        self.simulator = os.path.join(build, 'tests/simulator/openai-realtime-simulator')
        self.client = os.path.join(build, 'tests/lab/lab-client')
        self.relay = os.path.join(build, 'tests/lab/lab-relay')
        self.environment = {
            'GST_PLUGIN_PATH_1_0': os.path.join(build, 'plugins'),
            'GST_REGISTRY': os.path.join(build, 'tests/lab/registry.bin'),
            'G_MESSAGES_DEBUG': '',
        }

    def warm_up(self):
        """GStreamer looks through its plugins once, and not in many clients at a time."""
        subprocess.run([self.client, '--warm-up'], env={**os.environ, **self.environment},
                       check=True, timeout=60)


class Experiment:
    """`with Experiment(...) as lab:` in a fault's function; all of it is gone at the end."""

    def __init__(self, programs, kind, folder, seed, full=False, count=None, quick=False):
        self.programs = programs
        self.kind = kind
        self.folder = folder
        self.seed = seed
        self.full = full
        self.count = count
        self.quick = quick
        self.network = self.simulator = self.client = None
        self.settings = {}
        self.checks = []
        self.notes = []
        self.figures = {}
        self.sent_items = []
        self.timeline = None
        os.makedirs(folder, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.client:
            self.client.stop()
        if self.simulator:
            self.simulator.stop()
        if self.network:
            self.network.remove()

    @property
    def ours(self):
        return self.kind == 'ours'

    # --- the scene ---

    def start(self, *simulator_arguments, links=('a', 'b'), nat=False, relay=False, tone_s=30,
              client_options=(), talk=True, **settings):
        """All up, a short conversation held, the model speaking without end."""
        self.network = Network(self.programs.relay if relay else None, self.seed, nat, links)
        self.network.__enter__()
        self.simulator = Simulator(
            self.programs.simulator, self.network, self.folder, self.seed,
            ['--voice', 'tone', '--tone-seconds', str(tone_s), '--answer', LONG_ANSWER,
             *simulator_arguments])
        self.figures['server_started_ms'] = self.simulator.started_ms
        options = list(client_options)
        for name, value in {**settings, **self.settings}.items():
            options += ['--set', f'{name.replace("_", "-")}={value}']
        self.client = Client(self.programs.client, self.network, self.folder, self.kind, options,
                             self.programs.environment)
        self.client.wait_for(lambda lines: any(line['k'] == 'ready' for line in lines), 20,
                             'the call is up')
        self.converse()
        if talk:
            self.client.mark('talk')
            self.client.tell('talk', 'on')
            self.client.wait_for(lambda lines: len(Timeline(lines).real) > 20, 10,
                                 'the model is heard')
            self.settle()

    def converse(self):
        """What must be known afterwards: a question, its answer, another question."""
        self.simulator.request('POST', '/simulator/script', {'answers': [FIRST_ANSWER]})
        self.say(FIRST_WORDS)
        self.client.send({'type': 'response.create',
                          'response': {'output_modalities': ['text']}})
        self.client.wait_for(
            lambda lines: any(line['k'] == 'event' and line['type'] == 'response.done'
                              for line in lines), 10, 'the first answer')
        self.simulator.request('POST', '/simulator/script', {'answers': [LONG_ANSWER]})
        self.say(SECOND_WORDS)

    def say(self, text):
        self.client.send({'type': 'conversation.item.create',
                          'item': {'type': 'message', 'role': 'user',
                                   'content': [{'type': 'input_text', 'text': text}]}})

    def say_meanwhile(self, text):
        self.sent_items.append(text)
        self.say(text)

    def settle(self, seconds=1.5):
        """The measure without a fault."""
        begin = now_ms()
        pause(seconds)
        timeline = Timeline(self.client.copy())
        until = now_ms() - 150
        self.figures['base_audio_ms'] = round(timeline.audio_gap(begin, until).ms, 1)
        self.figures['base_data_ms'] = round(timeline.data_gap(begin, until).ms, 1)

    def path(self):
        """The link that the server sends to: 'a' or 'b'."""
        session = self.sessions()[0]
        link = self.path_of(session)
        if not link:
            raise LabError(f'the server sends to {session["path"]}, which is none of ours')
        return link

    def path_of(self, session):
        address = session['path'].split(':')[0]
        return next((name for name, (own, *_) in net.LINKS.items() if own == address), None)

    def state(self):
        """The simulator's, the oldest call first."""
        state = self.simulator.state()
        state['sessions'].sort(key=lambda call: -call['age_ms'])
        return state

    def sessions(self):
        return self.state()['sessions']

    def calls_had(self):
        """The calls that the client spoke in, in order."""
        calls = [line['call'] for line in self.client.copy() if line['k'] == 'ready']
        return list(dict.fromkeys(calls))

    def live(self, sessions):
        """Of the server's calls the one that the client speaks in; None if there is none."""
        had = self.calls_had()
        if self.ours:
            return next((call for call in sessions if had and call['id'] == had[-1]), None)
        return sessions[-1] if sessions else None

    # --- marks ---

    def fault(self):
        return self.client.mark('fault')

    def cured(self):
        return self.client.mark('cured')

    def wait_back(self, limit_s):
        """Until sound and answers flow again for a second; False at the limit."""
        marks = [line['t'] for line in self.client.copy() if line['k'] == 'mark']

        def check():
            if stopping.is_set():
                raise LabError('stopped')
            if self.client.process.poll() is not None:
                raise LabError(self.client.how_it_ended())
            return Timeline(self.client.recent(3000)).is_back(max(marks), now_ms())
        try:
            wait_for(check, limit_s, 'back', 0.1)
            return True
        except LabError:
            if stopping.is_set() or self.client.process.poll() is not None:
                raise
            return False

    # --- checks ---

    def check(self, name, value, good, wanted=''):
        self.checks.append({'name': name, 'value': value, 'wanted': wanted, 'good': bool(good)})

    def limit(self, goal_ms):
        """As a test among others it asserts that the right step was taken; the figures themselves
        are for run.sh, on a machine that does nothing else."""
        return goal_ms * 3 + 500 if self.quick else goal_ms

    def at_most(self, name, value, limit):
        self.check(name, value, value is not None and value <= limit, f'<= {limit}')

    def finish(self):
        """Stops the client; what held or not is in self.checks afterwards."""
        self.figures['path_at_end'] = [session['path'] for session in self.sessions()]
        self._check_uplink()
        end = now_ms()
        self.stop_client()
        return end

    def stop_client(self):
        code = self.client.stop()
        self.timeline = Timeline(self.client.copy())
        self.figures['calls'] = len(self.simulator.log('call'))
        self.figures['requests'] = len(self.simulator.requests())
        if self.ours:
            self._check_promises(code)

    def _check_uplink(self):
        """The server hears us, in the call that is there now."""
        def heard():
            call = self.live(self.sessions())
            return call['heard'] if call else {'loud_ms': 0, 'dominant_hz': 0}
        before = heard()['loud_ms']
        pause(0.4)
        after = heard()
        gained, hz = after['loud_ms'] - before, after['dominant_hz']
        sessions = self.sessions()
        self.figures['uplink_longest_gap_ms'] = round(
            max((session['audio_in']['longest_gap_ms'] for session in sessions), default=0), 1)
        self.check('the server hears us', f'{gained} ms of {hz} Hz',
                   gained >= 200 and abs(hz - 1000) < 30, '>= 200 ms of 1000 Hz')

    def _check_promises(self, code):
        timeline = self.timeline
        breaks = timeline.breaks()
        self.check('timestamps without a break', '; '.join(breaks[:3]), not breaks, 'none')
        self.at_most('the source stalls, ms', round(timeline.longest_stall_ms(), 1), STALL_LIMIT_MS)
        self.at_most('a push took, ms', round(timeline.longest_push_ms(), 1), PUSH_LIMIT_MS)
        self.check('the microphone was never late', timeline.skipped_pushes(),
                   timeline.skipped_pushes() == 0, 'no buffer dropped')
        self.check('the program ends well', code, code == 0, '0')
        with open(os.path.join(self.folder, f'{self.kind}.err'), encoding='utf-8') as file:
            noise = [line for line in file if any(word in line for word in NOISE)]
        begin = min(timeline.marks('fault'), default=0)
        self.figures['machine_stood_ms'] = round(timeline.longest_lag_ms(begin), 1)
        self.check('no critical', noise[0].strip()[:120] if noise else '', not noise, 'none')

    def measure(self, end, audio_ms, data_ms, after):
        """The gaps around the fault against their goals; `after`: counted from the cure."""
        fault = self.timeline.marks('fault')[-1]
        audio = self.timeline.audio_gap(fault - 50, end)
        data = self.timeline.data_gap(fault - 50, end)
        self.figures['audio'] = audio.to_json()
        self.figures['data'] = data.to_json()
        concealed = [self.timeline.stat('concealed-frames', at) for at in (fault, end)]
        if None not in concealed:
            self.figures['concealed_frames'] = concealed[1] - concealed[0]
        for name, gap, goal in (('audio', audio, audio_ms), ('data', data, data_ms)):
            if goal is None:
                continue
            goal = self.limit(goal)
            value = self._against(gap, after, end)
            self.figures[f'{name}_ms'] = value
            what = 'back after the cure' if after else 'gap'
            self.check(f'{name} {what}, ms', 'for ever' if gap.end is None else value,
                       gap.end is not None and value <= goal, f'<= {goal}')

    def _against(self, gap, after, end):
        if not after:
            return round(gap.ms, 1)
        return round(max(0, (gap.end or end) - self.timeline.marks('cured')[-1]), 1)

    def check_same_call(self, state):
        calls = self.calls_had()
        self.check('the same call', f'{len(calls)} calls', len(calls) == 1, '1 call')
        self.check_no_spare_call(state)

    def check_no_spare_call(self, state):
        """What was begun and not needed is hung up, not left to the service's clock."""
        spare = len(state['sessions']) - 1
        self.check('calls left behind', spare, spare <= 0, '0')

    def check_conversation(self, state):
        """The call that is there now knows all that was said."""
        call = self.live(state['sessions'])
        said = [text_of(item) for item in call['session']['items']] if call else []
        wanted = [('user', FIRST_WORDS), ('assistant', FIRST_ANSWER), ('user', SECOND_WORDS)]
        wanted += [('user', text) for text in self.sent_items]
        place, missing = 0, []
        for one in wanted:
            if one in said[place:]:
                place = said.index(one, place) + 1
            else:
                missing.append(one[1])
        doubled = [one[1] for one in wanted if said.count(one) > 1]
        self.check('the conversation is whole',
                   ', '.join(['-' + one for one in missing] + ['2x ' + one for one in doubled]),
                   call and not missing and not doubled, 'nothing lost, nothing doubled')

    def result(self):
        return {'kind': self.kind, 'good': all(check['good'] for check in self.checks),
                'checks': self.checks, 'figures': self.figures, 'notes': self.notes,
                'folder': self.folder}

    def save(self):
        with open(os.path.join(self.folder, 'result.json'), 'w', encoding='utf-8') as file:
            json.dump(self.result(), file, indent=1)


def text_of(item):
    texts = [part.get('text') or part.get('transcript') or '' for part in item.get('content', [])]
    return item.get('role'), ''.join(texts)

"""The programs of a run, each in its namespace: the simulator and the client under test."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading

from network import FIRST, LabError, SERVER, now_ms, wait_for

KEY = 'sk-lab-5b1e0c7d'
HTTP_PORT, UDP_PORT, TCP_PORT = 80, 3478, 443


class Simulator:
    """The service's stand-in; can be killed and started again on the same ports."""

    def __init__(self, program, network, folder, seed, arguments=()):
        self.program = program
        self.network = network
        self.folder = folder
        self.seed = seed
        self.arguments = list(arguments)
        self.logs = []
        self.process = None
        self.start()

    def start(self):
        log = os.path.join(self.folder, f'server-{len(self.logs)}.log')
        self.logs.append(log)
        self.process = subprocess.Popen(
            self.network.server.command(
                *FIRST, self.program, '--listen', SERVER, '--port', str(HTTP_PORT), '--udp-port',
                str(UDP_PORT), '--tcp-port', str(TCP_PORT), '--api-key', KEY, '--think-time', '0',
                '--generation-speed', '1000', '--log', log, '--seed',
                # Another one at each start: its ids must not come back.
                str(self.seed * 1000 + len(self.logs)), *self.arguments),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True)
        if not self.process.stdout.readline():
            raise LabError('the simulator does not start')
        self.started_ms = now_ms()  # a moment after the log's "listening"

    def kill(self):
        """Gone without a word."""
        self._end(signal.SIGKILL)

    def stop(self):
        if self.process:
            self._end(signal.SIGTERM)

    def _end(self, how):
        self.process.send_signal(how)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection(SERVER, HTTP_PORT, timeout=5)
        connection.sock = self.network.server.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.sock.settimeout(5)
        connection.sock.connect((SERVER, HTTP_PORT))
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 200:
                raise LabError(f'{method} {path}: {answer.status} {text}')
            return json.loads(text)
        finally:
            connection.close()

    def state(self):
        return self.request('GET', '/simulator/state')

    def order(self, *faults):
        return self.request('POST', '/simulator/faults', {'faults': list(faults)})

    def act(self, action, value='', call='*'):
        return self.request('POST', f'/simulator/sessions/{call}/{action}', {'value': value})

    def log(self, kind=None):
        """What all starts of it wrote so far."""
        lines = []
        for name in self.logs:
            with open(name, encoding='utf-8') as file:
                for line in file:
                    if not line.endswith('\n'):
                        break  # being written
                    entry = json.loads(line)
                    if kind is None or entry['kind'] == kind:
                        lines.append(entry)
        return lines

    def requests(self, path=None):
        """The service's requests, without those of the lab itself."""
        return [entry for entry in self.log('http')
                if not entry['path'].startswith('/simulator') and
                (path is None or entry['path'].endswith(path))]


class Client:
    """lab-client in the client's namespace; its time line is read as it comes."""

    def __init__(self, program, network, folder, kind, options=(), environment=None):
        self.kind = kind
        self.lines = []
        self._lock = threading.Lock()
        self._errors = open(os.path.join(folder, f'{kind}.err'), 'w', encoding='utf-8')
        self._record = open(os.path.join(folder, f'{kind}.jsonl'), 'w', encoding='utf-8')
        self.process = subprocess.Popen(
            network.client.command(*FIRST, program, '--client', kind, '--base-url',
                                   f'http://{SERVER}/v1', '--key', KEY, *options),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env={**os.environ, **(environment or {})}, start_new_session=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for text in self.process.stdout:
            try:
                line = json.loads(text)
            except ValueError:
                line = {'t': now_ms(), 'k': 'note', 'text': text}
            self._keep(line, text)

    def _keep(self, line, text):
        with self._lock:  # the file cannot take two writers either
            self.lines.append(line)
            self._record.write(text)

    def copy(self):
        with self._lock:
            return list(self.lines)

    def recent(self, ms):
        """The lines of the last so many ms."""
        begin = now_ms() - ms
        with self._lock:
            first = len(self.lines)
            while first > 0 and self.lines[first - 1]['t'] >= begin:
                first -= 1
            return self.lines[first:]

    def tell(self, order, value=''):
        """One line to its standard input; what it says to that is in the time line."""
        try:
            self.process.stdin.write(f'{order} {value}\n')
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise LabError(self.how_it_ended()) from error

    def send(self, event):
        self.tell('send', json.dumps(event))

    def mark(self, what):
        """The lab's own entry in the time line."""
        line = {'t': now_ms(), 'k': 'mark', 'what': what}
        self._keep(line, json.dumps(line) + '\n')
        return line['t']

    def wait_for(self, condition, limit_s, what):
        """condition(lines) is true; raises LabError at the limit or when the client is gone."""
        def check():
            if self.process.poll() is not None:
                raise LabError(self.how_it_ended())
            return condition(self.copy())
        return wait_for(check, limit_s, what, 0.02)

    def how_it_ended(self):
        """A negative number is that of a signal."""
        try:
            return f'the client {self.kind} ended by itself with {self.process.wait(2)}'
        except subprocess.TimeoutExpired:
            return f'the client {self.kind} has closed its input'

    def stop(self):
        """Ends it as an application ends; returns its exit code."""
        if self.process.poll() is None:
            try:
                self.process.stdin.write('quit\n')
                self.process.stdin.close()
                self.process.wait(8)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        self.process.stdout.close()
        self._record.close()
        self._errors.close()
        return self.process.returncode

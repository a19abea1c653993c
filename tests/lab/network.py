"""Networks of namespaces: client - router - (wire) - server, made for one run and removed after it.

Two links lead from the client to the router, a and b; a is preferred. The router forwards, and can
be told to drop, to translate addresses, or to forget its translations. With a relay, the wire
between router and server is our own program, which delays and loses.

Needs root. Addresses are the same in every network: each has a world of its own.
"""

import ctypes
import fcntl
import itertools
import json
import os
import socket
import struct
import subprocess
import threading
import time

SERVER = '10.77.9.2'
ROUTER_OUTSIDE = '10.77.9.1'
LINKS = {'a': ('10.77.1.2', '10.77.1.1', 100), 'b': ('10.77.2.2', '10.77.2.1', 200)}

# A compiler beside the lab must not look like a fault of the network: before a program's name.
FIRST = ('sh', '-c', '{ echo -10 >/proc/self/autogroup; } 2>/dev/null; exec nice -n -10 "$@"', 'sh')

CLONE_NEWNET = 0x40000000
IFF_RUNNING = 0x40
SIOCGIFFLAGS = 0x8913
NETLINK_NETFILTER = 12
CT_DELETE = (1 << 8) | 2  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE

_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The lab itself does not work; nothing is said about what is tested."""


def now_ms():
    """The clock of the clients' time lines: CLOCK_MONOTONIC, one for all namespaces."""
    return time.monotonic_ns() / 1e6


def wait_for(condition, limit_s, what, step_s=0.01):
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f'after {limit_s} s still not: {what}')
        time.sleep(step_s)


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise LabError(f'{" ".join(command)}: {done.stderr.strip()}')
    return done.stdout


def why_not_here():
    """The reason why no network can be made on this machine, or None."""
    if os.geteuid() != 0:
        return 'network namespaces need root'
    for tool in ('ip', 'nft'):
        if not any(os.access(os.path.join(folder, tool), os.X_OK)
                   for folder in os.environ.get('PATH', '').split(':') + ['/usr/sbin', '/sbin']):
            return f'the program {tool} is not installed'
    name = f'oairt-{os.getpid()}-probe'
    try:
        run('ip', 'netns', 'add', name)
        try:
            run('ip', 'netns', 'exec', name, 'nft', 'add', 'table', 'ip', 'probe')
            run('ip', '-n', name, 'link', 'add', 'x', 'type', 'veth', 'peer', 'name', 'y')
        finally:
            run('ip', 'netns', 'del', name)
    except (LabError, OSError) as error:
        return f'the kernel does not let us: {error}'
    return None


class Namespace:
    def __init__(self, part, number):
        self.name = f'oairt-{os.getpid()}-{number}-{part}'
        run('ip', 'netns', 'add', self.name)
        self.ip('link', 'set', 'lo', 'up')

    def remove(self):
        subprocess.run(['ip', 'netns', 'del', self.name], capture_output=True, timeout=20)

    def ip(self, *arguments):
        return run('ip', '-n', self.name, *arguments)

    def run(self, *command, text=None):
        return run('ip', 'netns', 'exec', self.name, *command, text=text)

    def command(self, *command):
        return ['ip', 'netns', 'exec', self.name, *command]

    def socket(self, *arguments):
        """A socket that lives in this namespace, whoever uses it."""
        result = []

        def make():
            with open(f'/run/netns/{self.name}', 'rb') as there:
                if _libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                    result.append(OSError(ctypes.get_errno(), 'setns'))
                    return
            try:
                result.append(socket.socket(*arguments))
            except OSError as error:
                result.append(error)

        thread = threading.Thread(target=make)  # a namespace is a thread's own
        thread.start()
        thread.join()
        if isinstance(result[0], OSError):
            raise LabError(f'no socket in {self.name}: {result[0]}')
        return result[0]

    def is_running(self, device):
        with self.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                request = struct.pack('16sh14x', device.encode(), 0)
                answer = fcntl.ioctl(probe, SIOCGIFFLAGS, request)
            except OSError:
                return False
            return bool(struct.unpack('16sh14x', answer)[1] & IFF_RUNNING)


class Network:
    """`with Network(...) as network:`; removed at the end, whatever happened."""

    def __init__(self, relay_program=None, seed=1, nat=False, links=('a', 'b')):
        self.number = next(_numbers)
        self.relay_program = relay_program
        self.seed = seed
        self.nat = nat
        self.links = links
        self.relay = None
        self.spaces = []

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        if self.relay:
            self.relay.stdin.close()
            try:
                self.relay.wait(5)
            except subprocess.TimeoutExpired:
                self.relay.kill()
                self.relay.wait()
            self.relay.stdout.close()
            self.relay = None
        for space in self.spaces:
            space.remove()
        self.spaces = []

    def _space(self, part):
        space = Namespace(part, self.number)
        self.spaces.append(space)
        return space

    def _cable(self, left, left_device, right, right_device):
        left.ip('link', 'add', 'name', left_device, 'type', 'veth', 'peer', 'name', right_device,
                'netns', right.name)
        left.ip('link', 'set', left_device, 'up')
        right.ip('link', 'set', right_device, 'up')
        for space, device in ((left, left_device), (right, right_device)):
            # The kernel tells of a new carrier up to a second late.
            wait_for(lambda: space.is_running(device), 5, f'{device} is running')

    def _make(self):
        self.client, self.router, self.server = map(self._space, ('client', 'router', 'server'))
        for name in self.links:
            self._cable(self.client, f'c{name}', self.router, f'r{name}')
            address, gateway, metric = LINKS[name]
            self.router.ip('addr', 'add', f'{gateway}/24', 'dev', f'r{name}')
            self._configure(name, address, gateway, metric)
        if self.relay_program:
            self.wire = self._space('wire')
            self._cable(self.router, 'rs', self.wire, 'w0')
            self._cable(self.wire, 'w1', self.server, 's')
        else:
            self._cable(self.router, 'rs', self.server, 's')
        self.router.ip('addr', 'add', f'{ROUTER_OUTSIDE}/24', 'dev', 'rs')
        self.server.ip('addr', 'add', f'{SERVER}/24', 'dev', 's')
        self.server.ip('route', 'add', 'default', 'via', ROUTER_OUTSIDE)
        self.router.run('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
        self._write_rules()
        if self.relay_program:
            self._start_relay()

    def _configure(self, link, address, gateway, metric):
        self.client.ip('addr', 'add', f'{address}/24', 'dev', f'c{link}')
        self.client.ip('route', 'add', 'default', 'via', gateway, 'dev', f'c{link}',
                       'metric', str(metric))

    def _write_rules(self):
        self.router.run('nft', '-f', '-', text='''
            table ip lab {
              chain fault { type filter hook forward priority 0; policy accept; }
              chain input { type filter hook input priority 0; policy accept;
                            iif rs meta l4proto { tcp, udp } drop; }
              chain nat { type nat hook postrouting priority 100; policy accept; }
            }''')
        if self.nat:
            self._translate(20000, 29999)

    def _translate(self, first, last):
        self.router.run('nft', '-f', '-', text=f'''
            flush chain ip lab nat
            add rule ip lab nat oif rs meta l4proto {{ tcp, udp }} masquerade to :{first}-{last}
            add rule ip lab nat oif rs masquerade''')

    # --- the relay ---

    def _start_relay(self):
        self.relay = subprocess.Popen(
            self.wire.command(*FIRST, self.relay_program, 'w0', 'w1', '--seed', str(self.seed)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        if not self.relay.stdout.readline():
            raise LabError('the relay does not start')

    def shape(self, **conditions):
        """delay, jitter (ms), loss, double, reorder (shares), ...; returns the relay's counts."""
        words = ' '.join(f'{name}={float(value)}' for name, value in conditions.items())
        self.relay.stdin.write(words + '\n')
        self.relay.stdin.flush()
        return json.loads(self.relay.stdout.readline())

    # --- faults ---

    def drop(self, *rules):
        """Rules as nft has them, e.g. 'iif ra', 'ip protocol udp', or '' for all."""
        lines = ''.join(f'add rule ip lab fault {rule} counter drop\n' for rule in rules)
        self.router.run('nft', '-f', '-', text=lines)

    def black_hole(self, link):
        """Nothing passes on that link any more, and nobody is told."""
        self.drop(f'iif r{link}', f'oif r{link}')

    def dropped(self):
        """How many packets the faults have swallowed."""
        listed = json.loads(self.router.run('nft', '-j', 'list', 'chain', 'ip', 'lab', 'fault'))
        return sum(part['counter']['packets'] for rule in listed['nftables'] if 'rule' in rule
                   for part in rule['rule']['expr'] if 'counter' in part)

    def let_pass(self):
        self.router.run('nft', 'flush', 'chain', 'ip', 'lab', 'fault')

    def link_down(self, link):
        self.client.ip('link', 'set', f'c{link}', 'down')

    def link_up(self, link):
        self.client.ip('link', 'set', f'c{link}', 'up')
        address, gateway, metric = LINKS[link]
        wait_for(lambda: self.client.is_running(f'c{link}'), 5, f'{link} is running')
        # What went away with the link.
        subprocess.run(['ip', '-n', self.client.name, 'route', 'add', 'default', 'via', gateway,
                        'dev', f'c{link}', 'metric', str(metric)], capture_output=True, timeout=20)

    def remove_address(self, link):
        self.client.ip('addr', 'flush', 'dev', f'c{link}')

    def add_address(self, link, address):
        """As DHCP does: address and route in one go."""
        _, gateway, metric = LINKS[link]
        run('ip', '-n', self.client.name, '-batch', '-', text=(
            f'addr add {address}/24 dev c{link}\n'
            f'route add default via {gateway} dev c{link} metric {metric}\n'))

    def rebind(self, first=40000, last=49999):
        """The NAT forgets all its bindings and uses other ports from now on."""
        self._translate(first, last)
        with self.router.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
            # Header: length, type, flags (request, ack), sequence, pid; then family, version, id.
            kernel.send(struct.pack('=IHHIIBBH', 20, CT_DELETE, 0x5, 1, 0, 0, 0, 0))
            answer = kernel.recv(4096)
            error = struct.unpack_from('=i', answer, 16)[0]
            if error != 0:
                raise LabError(f'the bindings cannot be flushed: {os.strerror(-error)}')

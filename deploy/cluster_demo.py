"""Three instances as one chat, on this machine, until Ctrl-C: PostgreSQL, Redis (or Valkey), three parleyd, and HAProxy with deploy/haproxy.cfg before them.

  deploy/cluster-demo             http://127.0.0.1:8080, or a free port when that one is taken
  deploy/cluster-demo --port N    that port

It installs what is missing, builds, and keeps everything in a temporary folder, which goes with it. A part that ends is started again after a second, as a
service manager does, so parts may be killed to see what happens. PARLEYD=FILE takes that server and builds nothing.
"""

import argparse
import errno
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

DEPLOY = pathlib.Path(__file__).resolve().parent
PORT = 8080
INSTANCES = ('one', 'two', 'three')
START_SECONDS = 60
END_SECONDS = 15
QUICK_SECONDS = 5  # what ends so soon after its start, this often, does not run here
QUICK_ENDS = 5
SWEEP_SECONDS = 5  # from the death of this program, by which all parts die, to the removal of their folder

os.environ['PATH'] += ':/usr/sbin'


class Fault(Exception):
    """A sentence for the person who started it."""


class Part:
    """A program that belongs to the cluster, and dies with this one."""

    def __init__(self, cluster, name, argv, end=signal.SIGTERM, death=signal.SIGKILL, user=None, env=(), pass_fds=()):
        self.name, self.argv, self.end, self.death, self.user = name, argv, end, death, user
        self.env, self.pass_fds = {**os.environ, **dict(env)}, pass_fds
        self.log = cluster.dir / f'{name}.log'
        self.n_quick = 0
        self.start()

    def start(self):
        as_user = ['--reuid', self.user.pw_uid, '--regid', self.user.pw_gid, '--clear-groups'] if self.user else []
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([str(word) for word in ('setpriv', '--pdeathsig', self.death.name.removeprefix('SIG'), *as_user, '--', *self.argv)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd='/', env=self.env, pass_fds=self.pass_fds, start_new_session=True)
        self.began = time.monotonic()

    def said(self):
        return self.log.read_text(errors='replace')

    def wait_until(self, check):
        """Gives what check() gives as soon as that is true."""
        while not (found := check()):
            if self.process.poll() is not None:
                raise Fault(f'{self.name} ended:\n{self.said()[-2000:]}')
            if time.monotonic() > self.began + START_SECONDS:
                raise Fault(f'{self.name} is not ready after {START_SECONDS} s:\n{self.said()[-2000:]}')
            time.sleep(0.02)
        return found

    def look_after(self):
        """Starts it again when it has ended."""
        if self.process.poll() is None:
            return
        self.n_quick = self.n_quick + 1 if time.monotonic() < self.began + QUICK_SECONDS else 0
        if self.n_quick == QUICK_ENDS:
            raise Fault(f'{self.name} ends again and again:\n{self.said()[-2000:]}')
        status = self.process.returncode
        time.sleep(1)
        self.start()
        how = f'by signal {-status}' if status < 0 else f'with status {status}'
        print(f'{self.name} ended {how}, and was started again: pid {self.process.pid}', flush=True)

    def finish(self):
        """Ends it, also when it is stopped."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(self.end)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Cluster:
    """All parts, in the order of their start, and their folder."""

    def __init__(self, parleyd):
        self.parleyd = parleyd
        self.parts = []
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='parley-demo-'))
        self.dir.chmod(0o711)  # the database's user passes through
        # Removes the folder when this program dies in a way that leaves it no time: the pipe closes with it.
        self.sweeper = subprocess.Popen(['sh', '-c', f'cat; sleep {SWEEP_SECONDS}; rm -rf "$0"', self.dir], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        start_new_session=True)

    def add(self, *args, **options):
        self.parts.append(Part(self, *args, **options))
        return self.parts[-1]

    def start_postgresql(self):
        """Gives the address of a new database, which is reached over a Unix socket only."""
        folders = sorted(glob.glob('/usr/lib/postgresql/*/bin'), key=lambda folder: int(folder.split('/')[4]))
        if not folders:
            raise Fault('PostgreSQL is not there: deploy/install-deps demo')
        home = self.dir / 'postgresql'
        home.mkdir(mode=0o700)
        user = None
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam('postgres' if any(entry.pw_name == 'postgres' for entry in pwd.getpwall()) else 'nobody')
            os.chown(home, user.pw_uid, user.pw_gid)

        def run(program, *words):
            as_user = {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': []} if user else {}
            done = subprocess.run([f'{folders[-1]}/{program}', *words], cwd='/', stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **as_user)
            if done.returncode != 0:
                raise Fault(f'{program} failed:\n{done.stdout}{done.stderr}')

        run('initdb', '-D', f'{home}/data', '-U', 'parley', '-A', 'trust', '-E', 'UTF8', '--locale', 'C.UTF-8', '--no-sync')
        settings = {'listen_addresses': '', 'unix_socket_directories': home, 'dynamic_shared_memory_type': 'mmap'}
        words = [word for name, value in settings.items() for word in ('-c', f'{name}={value}')]
        part = self.add('postgresql', [f'{folders[-1]}/postgres', '-D', home / 'data', *words], end=signal.SIGINT, death=signal.SIGQUIT, user=user)
        part.wait_until(lambda: 'ready to accept connections' in part.said())
        run('createdb', '-h', home, '-U', 'parley', 'parley')
        return f'postgresql://parley@/parley?host={home}'

    def start_redis(self):
        """Gives the address of a Redis that keeps nothing."""
        # Debian's package of tools has the server's program, too, under a name by which it is something else.
        found = [path for name in ('valkey-server', 'redis-server', 'valkey-check-rdb', 'redis-check-rdb') if (path := shutil.which(name))]
        if not found:
            raise Fault('neither Redis nor Valkey is there: deploy/install-deps demo')
        program, place = self.dir / 'redis-server', self.dir / 'redis.sock'
        program.symlink_to(found[0])
        part = self.add('redis', [program, '--port', '0', '--unixsocket', place, '--unixsocketperm', '700', '--save', '', '--appendonly', 'no', '--dir', self.dir])

        def answers():
            try:
                with socket.socket(socket.AF_UNIX) as asking:
                    asking.settimeout(1)
                    asking.connect(str(place))
                    asking.sendall(b'PING\r\n')
                    return asking.recv(100).startswith(b'+PONG')
            except OSError:
                return False

        part.wait_until(answers)
        return f'unix:{place}'

    def start_instance(self, name, database, redis):
        """Gives its address, which stays when it is started again."""
        words = ['--data', self.dir / f'data-{name}', '--database', database, '--redis', redis, '--trusted-proxy', '127.0.0.1', '--drain-ms', '1000']
        part = self.add(name, [self.parleyd, '--listen', '127.0.0.1:0', *words])
        url = part.wait_until(lambda: re.search(r'listening on (http://\S+)', part.said()))[1]
        part.argv[2] = url.removeprefix('http://')
        return url

    def start_haproxy(self, listening, urls):
        addresses = {f'PARLEY_{i}': url.removeprefix('http://') for i, url in enumerate(urls, 1)}
        part = self.add('haproxy', ['haproxy', '-db', '-f', DEPLOY / 'haproxy.cfg'], env={'PARLEY_BIND': f'fd@{listening.fileno()}', **addresses},
                        pass_fds=[listening.fileno()])
        url = f'http://127.0.0.1:{listening.getsockname()[1]}'

        def answers():
            try:
                return urllib.request.urlopen(url, timeout=2).status == 200
            except OSError:
                return False

        part.wait_until(answers)
        return url

    def finish(self):
        for part in reversed(self.parts):
            part.finish()
        os.killpg(self.sweeper.pid, signal.SIGKILL)
        self.sweeper.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def listen(port):
    """A socket at the port that was asked for, or at the usual one, or at a free one. Gives (socket, whether it is as wished)."""
    for each in [port] if port else [PORT, 0]:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(('127.0.0.1', each))
            listening.listen(4096)
            return listening
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE or each == port:
                raise Fault(f'127.0.0.1:{each}: {error.strerror}') from error
    raise AssertionError('port 0 is never taken')


def tell(cluster, url, urls):
    pids = {part.name: part.process.pid for part in cluster.parts}
    owner = re.search(r'http://\S+/own#\S+', cluster.parts[2].said())
    parley = cluster.parleyd.parents[1] / 'protocol/parley'
    print(f"""
Three instances are one chat, until Ctrl-C:

  {url}    through HAProxy""")
    if owner:
        print(f'  {owner[0]}    makes the owner\'s account, once; then sign in with it at the address above')
    for name, each in zip(INSTANCES, urls):
        print(f'  {each}    instance {name}, pid {pids[name]}')
    print(f"""
What to try:
  Open the first address in two windows, one of them private, to be two people: each one is on another instance, and both are in one room.
  {parley} --server {url} --guest ann tail general    does so from a shell.
  kill -9 {pids['one']}      an instance dies: who was there comes back to another one and misses nothing.
  kill -STOP {pids['redis']}   Redis stands still: what is written at another instance takes up to a second. kill -CONT {pids['redis']} ends it.
  kill -9 {pids['redis']}    Redis is gone for a second: the same.
  kill -INT {pids['postgresql']}    PostgreSQL restarts: everybody stays connected, and what is sent meanwhile is sent when it is back.
  curl {urls[0]}/readyz    tells how an instance is.
  Logs: {cluster.dir}/*.log
""", flush=True)


def programs():
    """The server, built when nobody names one."""
    if 'PARLEYD' in os.environ:
        return pathlib.Path(os.environ['PARLEYD']).resolve()
    for command in ([DEPLOY / 'install-deps', 'demo'], [DEPLOY / 'quickstart', '--build-only']):
        if subprocess.run(command, check=False).returncode != 0:
            raise Fault(f'{command[0].name} failed')
    return DEPLOY.parent / 'build/server/parleyd'


def run(options):
    parleyd = programs()
    listening = listen(options.port)
    cluster = Cluster(parleyd)
    try:
        database = cluster.start_postgresql()
        redis = cluster.start_redis()
        urls = [cluster.start_instance(name, database, redis) for name in INSTANCES]
        tell(cluster, cluster.start_haproxy(listening, urls), urls)
        while True:
            time.sleep(0.2)
            for part in cluster.parts:
                part.look_after()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # once is enough
        cluster.finish()


def main():
    parser = argparse.ArgumentParser(prog='cluster-demo', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, add_help=True)
    parser.add_argument('--port', type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        run(options)
    except Fault as fault:
        sys.exit(f'cluster-demo: {fault}')


main()

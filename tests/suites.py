"""Installs what the tests need, builds, and runs all of them; the last line is "N passed, N failed".

  tests/run           everything
  tests/run NAME...   these suites
  tests/run --list    their names

Logs: build-logs/. Builds: build/ (gcc, release), build-asan/ (clang, ASan + UBSan, fuzzers), build-tsan/ (clang, TSan).
What each build's run finds that no other does:
  gcc         the program that people run, with its optimiser and its real time and memory; on SQLite, as by default
  ASan+UBSan  what touches memory that is not its own, leaks, and does what C leaves undefined; on SQLite
  TSan        threads that do not agree; on PostgreSQL, with the files that are about SQLite's on SQLite; of the unit tests those whose program starts threads,
              and not the end-to-end tests of what the loop's thread does alone (ONE_THREAD): these are on PostgreSQL with gcc, over three instances (e2e-cluster)
              or, where they are about one process, over one (e2e-postgresql)
FUZZ_SECONDS=6 is the time for each fuzz target and for the comparison of two readers of heads, SOAK=1 stretches the fault tests.

A suite is cut into jobs: a file of tests, a fuzz target, a build. Jobs run beside each other in two lanes: what computes, one for each processor,
and what mostly waits, more of them. What takes longest begins first (LONG). What measures how long something takes runs at the end, alone (MEASURES). Every
other test waits for the event that it needs, and does not mind company. Temporary files are in memory where there is enough, but for the suites of ON_DISK. Seconds behind a suite are the sum of its jobs': by the clock, and of processors.

  tests/unit/         one program a module (cmocka)
  tests/e2e/, conformance/  a real server and its clients; lib/server.mjs starts it
  tests/faults/       kills, full disks, cut networks; lib/checker.mjs proves what must hold after each
  tests/browser/      the page in Debian's Chromium
  tests/postgresql/   what is about PostgreSQL alone; e2e/lib/postgres.mjs starts clusters, postgres_proxy.mjs delays, stalls and cuts connections.
                      POSTGRES_FAULTS=1 takes the counts for a proof: 200 cuts, 2,000 clients; some minutes
  tests/bus/          the bus alone, over a real Redis, Sentinels, a Cluster and TLS; bus_agent.c has it without a server
  tests/webhook/      what sends webhooks, alone, to receivers of every kind; webhook_agent.c has it without a server, lib/network.mjs a network with every address and a name server
  tests/deploy/       what operators get: configurations of load balancers, units, the Debian package, the demo of a cluster; and the tools of Debian that post into rooms
  tests/cluster/      three instances, PostgreSQL, Redis and HAProxy, and what goes wrong around them; table prints it.
                      CLUSTER_FAULTS=1 takes the counts for a proof: 3,000 clients, 4,000 moves; some minutes
                      WEBHOOK_FAULTS=1 does so for outgoing webhooks in faults/webhooks and postgresql/webhook_kills: 10,000 events through 25 kills; some minutes
  tests/fuzz/, schema/, lint/, bench/  inputs at random, schemas and examples, style and layers, figures

TEST_DATABASE=postgresql puts every server of the fixture on a fresh database of a real cluster. No test asks which. tests/e2e/sqlite_only lists what is about
SQLite's files. TEST_INSTANCES=3 beside it makes each of them three instances behind HAProxy, with one Redis (e2e/lib/several.mjs); tests/e2e/one_instance_only lists what is about one process.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from jobs import FUZZ_SECONDS, LOGS, N_PROCESSORS, PROJECT, Job, count_cmocka, count_node, count_ok, run_all

# Files of tests that fail when something takes too long, where the limit is not one against hanging. They run alone.
MEASURES = {'faults/holders.test.mjs'}

# Files about what one thread does alone, for which TSan can find nothing that another file does not show: what they ask of the threads of the store, of passwords
# and of the log is the same as everywhere. Chats, accounts, rooms, the start, the end and the log are for TSan.
ONE_THREAD = {f'{name}.test.mjs' for name in (
    'bad_input', 'documents', 'refused_requests', 'static_page', 'session_cookie',  # heads and bodies that are read and refused; answers that are ready
    'head_limits', 'limits', 'rate_limits', 'stream_limits', 'heartbeat', 'tls_quiet',  # counts and clocks of the loop
    'bounded_memory', 'send_buffer', 'slow_reader',  # what waits for a client
    'forwarded', 'listen_ops', 'proxy_protocol', 'reverse_proxy', 'tls', 'unix_socket',  # how a connection comes in
    'options',  # what is read before there is a second thread
    'hook_adapters', 'hook_mentions', 'names', 'own_names', 'random_frames', 'room_path', 'typed_commands',  # texts that are read, and what is made of them
    'client_tls', 'command_line_consumers', 'command_line_hooks', 'command_line_listen', 'command_line_webhooks', 'hostile_server',  # `parley`, which has a second thread in `bench`
)}
COPY = 'copy.test.mjs'  # `parleyd copy` has one thread

# What takes 20 seconds or more: it is not what everything waits for in the end.
LONG = {
    *(f'e2e/{name}.test.mjs' for name in ('bounded_memory', 'copy', 'drain', 'head_limits', 'limits', 'options', 'passwords', 'rate_limits', 'second_signal',
                                          'slow_reader', 'stream_limits', 'tls_quiet', 'trail')),
    *(f'faults/{name}.test.mjs' for name in ('disk_errors', 'log_reach', 'migration')),
    *(f'postgresql/{name}.test.mjs' for name in ('cuts', 'failover', 'helpers', 'hosts', 'kills', 'outages', 'pair_load', 'pair_races', 'two_instances', 'waiting', 'webhook_kills')),
    'bus/redis.test.mjs',
    *(f'cluster/{name}.test.mjs' for name in ('faults', 'faults_buses', 'faults_instances', 'rights')),
    'browser/chat.test.mjs', 'browser/network.test.mjs', 'conformance/http.test.mjs', 'conformance/smuggling.test.mjs', 'schema/documents.test.mjs',
    'schema/sample_command.test.mjs', 'deploy/cluster_demo.test.mjs', 'deploy/package.test.mjs',
}

# A folder in memory for the suites' temporary files, of which they make and delete hundred thousands. ext4 looks at each inode that was deleted within minutes before
# it gives out a new one. These suites have theirs on the disk: so each test of files is there once.
ON_DISK = {'e2e', 'faults', 'deploy'}
MEMORY = '/dev/shm'
MEMORY_BYTES_LEAST = 4 << 30
memory_folder = None  # where there is enough of it


def use_memory():
    global memory_folder  # pylint: disable=global-statement
    if os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_LEAST and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        memory_folder = tempfile.mkdtemp(prefix='parley-', dir=MEMORY)
        os.chmod(memory_folder, 0o755)  # PostgreSQL's user comes by


def temporary_files(suite):
    return {'TMPDIR': memory_folder} if memory_folder and suite not in ON_DISK else {}


# --- builds -------------------------------------------------------------------------------------------------------------------------------

# What a report of a sanitizer needs, and no more: lines, not types; and a linker that is twice as fast over 100 programs.
SANITIZED = ['--optimization=1', '-Ddebug=false', '-Dc_args=-gline-tables-only', '-Db_lundef=false']

# Each with its folder, programs, options, and how much slower and larger its programs are than plain ones.
BUILDS = {
    'build-gcc': ('build', {'CC': 'gcc'}, ['--buildtype=release', '--optimization=2'], 1, 1),
    'build-asan': ('build-asan', {'CC': 'clang', 'CC_LD': 'lld'}, [*SANITIZED, '-Db_sanitize=address,undefined', '-Dfuzzing=true'], 4, 2),
    'build-tsan': ('build-tsan', {'CC': 'clang', 'CC_LD': 'lld'}, [*SANITIZED, '-Db_sanitize=thread'], 8, 5),
}
NODE_MODULES = 'node_modules'


def folder_of(build):
    return BUILDS[build][0]


def build_job(name):
    """Configures when new, builds everything. That all compiles without a warning is a test of its own; a suite over a failed build fails as well."""
    folder, programs, options, *_ = BUILDS[name]

    def work(job):
        if (PROJECT / folder / 'build.ninja').exists():
            configure = ['meson', 'configure', folder, '-Dtests=enabled', '-Dwerror=true']  # deploy/quickstart may have made it without
        else:
            configure = ['meson', 'setup', *options, '-Dtests=enabled', folder, '.']
        log = f'build-of-{folder}.log'
        with open(LOGS / log, 'wb') as out:
            status = job.execute(configure, out, programs) or job.execute(['ninja', '-C', folder, '-j', N_PROCESSORS, *targets(name)], out)
        if status == 0:
            job.say('ok - no warnings')
        else:
            lines = (LOGS / log).read_text(errors='replace').splitlines()
            job.say('\n'.join([line for line in lines if re.search('error|FAILED|ERROR', line)][:40]))
            job.say(f'not ok - see build-logs/{log}')
        return status

    return Job(name, name, 'compute', work, count_ok, ['build-gcc'] if name == 'build-tsan' else [], n_lanes=N_PROCESSORS, times=2)


def node_modules_job():
    """In no suite: whatever needs it fails when it does."""
    tests = PROJECT / 'tests'
    made = tests / 'node_modules' / '.package-lock.json'

    def work(job):
        if not made.exists() or (tests / 'package-lock.json').stat().st_mtime > made.stat().st_mtime:
            if job.execute(['npm', '--prefix', 'tests', 'ci', '--ignore-scripts'], 'node_modules.log') != 0:
                job.say('not ok - see build-logs/node_modules.log')
                return 1
            made.touch()
        job.say('ok - what the tests import is there')
        return 0

    return Job(None, NODE_MODULES, 'wait', work, count_ok)


# --- what ThreadSanitizer looks at: it finds nothing where there is one thread ---------------------------------------------------------------

# The first one's threads hash passwords, which nobody asks them for; its walk at random would take a minute. The second one writes one message, as all others do, and
# 60 MiB of it.
THREADS_STAND_BY = {'test_chat_reader', 'test_store_postgres_large'}


def introspect(build, what):
    return json.loads(subprocess.run(['meson', 'introspect', f'--{what}', PROJECT / folder_of(build)], stdout=subprocess.PIPE, check=True).stdout)


def threaded_programs():
    """The names of unit tests' programs that can start a thread: the gcc build's say whether they import what starts one."""
    programs = [path for path in (PROJECT / 'build/tests/unit').glob('test_*') if path.is_file() and os.access(path, os.X_OK)]
    starts = lambda path: b'pthread_create' in subprocess.run(['nm', '-D', '--undefined-only', path], stdout=subprocess.PIPE, check=True).stdout
    return {path.name for path in programs if starts(path)} - THREADS_STAND_BY


def targets(build):
    """What is built of a build: everything, or for ThreadSanitizer what it looks at."""
    if build != 'build-tsan':
        return []
    threaded = threaded_programs()
    left_out = lambda target: '/tests/fuzz/' in target['defined_in'] or '/tests/unit/' in target['defined_in'] and target['name'] not in threaded
    wanted = [target for target in introspect(build, 'targets') if target['build_by_default'] and target['type'] != 'static library' and not left_out(target)]
    return [os.path.relpath(path, PROJECT / folder_of(build)) for target in wanted for path in target['filename']]


def unit_tests(build):
    """The names of the unit tests that run on a build, where that is not all of them."""
    if build != 'build-tsan':
        return []
    threaded = threaded_programs()
    return [test['name'] for test in introspect(build, 'tests') if os.path.basename(test['cmd'][0]) in threaded]


fixed_addresses = {}


def fixed(build):
    """What a program of this build is started with: some kernels place things where the sanitizers of older compilers do not expect them."""
    if build not in fixed_addresses:
        probe = PROJECT / folder_of(build) / 'protocol' / 'parley'
        fails = lambda *words: subprocess.run([*words, probe, '--version'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode != 0
        fixed_addresses[build] = ['setarch', '-R'] if probe.exists() and fails() and not fails('setarch', '-R') else []
    return fixed_addresses[build]


# --- the ways to run ----------------------------------------------------------------------------------------------------------------------


def cmocka_jobs(suite, build, time_scale=1):
    folder = folder_of(build)
    meson = ['meson', 'test', '-C', folder, '--no-rebuild', '--num-processes', N_PROCESSORS, '--timeout-multiplier', time_scale]

    def work(job):
        """The programs' own output, so that single tests are counted."""
        testlog = PROJECT / folder / 'meson-logs' / 'testlog.txt'
        testlog.unlink(missing_ok=True)
        status = job.execute([*fixed(build), *meson, '--no-suite', 'fuzz', *unit_tests(build)], f'meson-of-{folder}.log', temporary_files(suite))
        job.log.write(testlog.read_bytes())
        if build == 'build-gcc':
            status = job.execute([*meson, '--suite', 'fuzz'], f'fuzz-of-{folder}.log') or status
        return status

    # One lane, though it runs more than one program: many of them wait, and a job for all lanes would begin only when nothing else is left to run beside it.
    return [Job(suite, suite, 'compute', work, count_cmocka, [build])]


def listed(name):
    """What a list in tests/e2e names: files of tests, and the beginnings of names of tests."""
    lines = [line for line in (PROJECT / 'tests/e2e' / name).read_text().splitlines() if line and not line.startswith('#')]
    if name == 'one_instance_only':
        lines = [line.split(maxsplit=1)[1] for line in lines]
    files = {line for line in lines if line.endswith('.test.mjs')}
    return files, [line for line in lines if line not in files]


def beginning(names):
    return '|'.join(re.escape(name).replace('/', r'\/') for name in names)


def unfit(instances):
    """The files of tests that are about SQLite's files, or about one process where there are several instances, and a pattern for all other tests."""
    files, names = listed('sqlite_only')
    if instances > 1:
        more_files, more_names = listed('one_instance_only')
        files, names = files | more_files, names + more_names
    return files, f'/^(?!<root>|{beginning(names)})/'  # node runs a test when a parent's name fits, and the outermost one is <root>


def one_process():
    """What several instances leave out of the tests of the loop's thread: whole files, and a pattern of tests for files that have some."""
    files, names = listed('one_instance_only')
    is_quoted = lambda name: any(f"'{each}" in (PROJECT / 'tests/e2e' / name).read_text() for each in names)
    return {name: [] for name in ONE_THREAD & files} | {name: [f'--test-name-pattern=/^({beginning(names)})/'] for name in ONE_THREAD - files if is_quoted(name)}


def node_jobs(suite, folder, build, lane='wait', on_postgresql=False, instances=1, quick_passwords=False, wanted=lambda name: True, patterns=None):
    """A job for each file of tests that is wanted, with what it says in `patterns` for its tests. on_postgresql: what is about SQLite's files stays there. Of several instances it is not asked at all.
    quick_passwords: Argon2id takes a tenth of a second of a processor each time; it is the same code in every suite, and no sanitizer looks into it."""
    dir_, _, _, time_scale, memory_scale = BUILDS[build]
    programs = PROJECT / dir_
    env = {'PARLEYD': f'{programs}/server/parleyd', 'PARLEY': f'{programs}/protocol/parley', 'TEST_TIME_SCALE': str(time_scale), 'TEST_MEMORY_SCALE': str(memory_scale)}
    if quick_passwords:
        env['TEST_PASSWORDS'] = 'quick'
    stay, others = unfit(instances)
    jobs = []
    for path in sorted(path for path in (PROJECT / 'tests' / folder).glob('*.test.mjs') if wanted(path.name)):
        moves = on_postgresql and path.name not in stay
        if instances > 1 and not moves:
            continue
        database, options = ({'TEST_DATABASE': 'postgresql', 'TEST_INSTANCES': f'{instances}'}, [f'--test-name-pattern={others}']) if moves else ({}, [])
        options = (patterns or {}).get(path.name) or options

        def work(job, path=path, options=options, database=database):
            return job.execute([*fixed(build), 'node', '--test-reporter=tap', *options, path], env={**env, **temporary_files(suite), **database})
        place = f'{folder}/{path.name}'
        jobs.append(Job(suite, place, 'alone' if place in MEASURES else lane, work, count_node, [build, NODE_MODULES]))
    return jobs


def fuzz_job(program):
    name = program.name.removeprefix('fuzz_')
    kept = [f'tests/fuzz/corpus/{name}', 'build-asan/protocol/examples']

    def tell(job, status, good, bad):
        job.say(f'ok - {name}: {good}' if status == 0 else f'not ok - {name}: {bad}')
        return status

    def work(job):
        start = [*fixed('build-asan'), program]
        if not glob.glob(f'{PROJECT}/{kept[0]}/*'):
            return tell(job, 1, '', f'there are no kept inputs in {kept[0]}')
        status = tell(job, job.execute([*start, '-runs=0', *kept], f'fuzz-{name}-replay.log'), 'the kept inputs', f'the kept inputs, see build-logs/fuzz-{name}-replay.log')
        with tempfile.TemporaryDirectory() as found:
            options = [f'-max_total_time={FUZZ_SECONDS}', '-timeout=10', '-rss_limit_mb=2048', f'-artifact_prefix={LOGS}/fuzz-{name}-']
            result = job.execute([*start, *options, found, *kept], f'fuzz-{name}.log')
            return tell(job, result, f'{len(os.listdir(found))} new inputs in {FUZZ_SECONDS} s', f'see build-logs/fuzz-{name}.log') or status

    return Job('fuzz', name, 'compute', work, count_ok, ['build-asan'])


def fuzz_jobs():
    """A job for each target that has a source, so that the list is known before they are built."""
    def compare(job):
        return job.execute([*fixed('build-asan'), 'node', 'tests/fuzz/differential.mjs', '--seconds', FUZZ_SECONDS, '--reader', 'build-asan/tests/fuzz/read_heads'])

    sources = sorted((PROJECT / 'tests/fuzz').glob('fuzz_*.c'))
    return [*(fuzz_job(PROJECT / 'build-asan/tests/fuzz' / source.stem) for source in sources), Job('fuzz', 'differential', 'compute', compare, count_ok, ['build-asan'])]


# --- the suites ---------------------------------------------------------------------------------------------------------------------------

# In the order in which their jobs are begun, as far as a lane has room.
SUITES = {
    'build-gcc': lambda: [],
    'build-asan': lambda: [],
    'build-tsan': lambda: [],
    'lint': lambda: [Job('lint', 'lint', 'compute', lambda job: job.execute(['tests/lint/run']), count_ok, ['build-gcc'])],
    'unit': lambda: cmocka_jobs('unit', 'build-gcc'),
    'unit-asan': lambda: cmocka_jobs('unit-asan', 'build-asan', 5),
    'unit-tsan': lambda: cmocka_jobs('unit-tsan', 'build-tsan', 10),
    'browser': lambda: node_jobs('browser', 'browser', 'build-gcc', 'compute'),
    'fuzz': fuzz_jobs,
    'schema': lambda: node_jobs('schema', 'schema', 'build-gcc'),
    'conformance': lambda: node_jobs('conformance', 'conformance', 'build-gcc'),
    'faults': lambda: node_jobs('faults', 'faults', 'build-gcc'),
    'e2e': lambda: node_jobs('e2e', 'e2e', 'build-gcc'),
    'e2e-cluster': lambda: node_jobs('e2e-cluster', 'e2e', 'build-gcc', on_postgresql=True, instances=3, quick_passwords=True),
    'postgresql': lambda: node_jobs('postgresql', 'postgresql', 'build-gcc'),
    'bus': lambda: node_jobs('bus', 'bus', 'build-gcc'),
    'webhook': lambda: node_jobs('webhook', 'webhook', 'build-gcc'),
    'deploy': lambda: node_jobs('deploy', 'deploy', 'build-gcc'),
    'cluster': lambda: node_jobs('cluster', 'cluster', 'build-gcc'),
    'bus-asan': lambda: node_jobs('bus-asan', 'bus', 'build-asan'),
    'webhook-asan': lambda: node_jobs('webhook-asan', 'webhook', 'build-asan'),
    'webhook-tsan': lambda: node_jobs('webhook-tsan', 'webhook', 'build-tsan'),
    'conformance-asan': lambda: node_jobs('conformance-asan', 'conformance', 'build-asan'),
    'e2e-asan': lambda: node_jobs('e2e-asan', 'e2e', 'build-asan', quick_passwords=True),
    'e2e-postgresql': lambda: node_jobs('e2e-postgresql', 'e2e', 'build-gcc', on_postgresql=True, quick_passwords=True, wanted=one_process().__contains__, patterns=one_process()),
    'e2e-tsan': lambda: node_jobs('e2e-tsan', 'e2e', 'build-tsan', on_postgresql=True, quick_passwords=True, wanted=lambda name: name not in {*ONE_THREAD, COPY}),
}


# --- running ------------------------------------------------------------------------------------------------------------------------------


def run_suites(names):
    makers = {**{name: build_job(name) for name in BUILDS}, NODE_MODULES: node_modules_job()}
    suites = {name: [makers[name]] if name in makers else SUITES[name]() for name in SUITES if name in names}
    jobs = sorted((job for suite in suites.values() for job in suite), key=lambda job: job.name not in LONG)
    first = []
    for maker in reversed(makers.values()):
        if maker in jobs or any(maker.name in job.needs for job in [*first, *jobs]):
            first.insert(0, maker)
    jobs = [*first, *(job for job in jobs if job not in first)]
    for job in jobs:
        job.needs = [makers[name] for name in job.needs]
    return run_all(suites, jobs)


def main(arguments):
    if arguments == ['--list']:
        print('\n'.join(SUITES))
        return 0
    unknown = [name for name in arguments if name not in SUITES]
    if unknown:
        print(f'there is no suite {unknown[0]}; see tests/run --list')
        return 2
    LOGS.mkdir(exist_ok=True)
    if subprocess.run(['deploy/install-deps', 'test'], cwd=PROJECT, check=False).returncode != 0:
        print('What the tests need could not be installed.\n0 passed, 1 failed')
        return 1
    use_memory()
    try:
        passed, failed = run_suites(arguments or list(SUITES))
    finally:
        if memory_folder:
            shutil.rmtree(memory_folder, ignore_errors=True)
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs is ended
    sys.exit(main(sys.argv[1:]))

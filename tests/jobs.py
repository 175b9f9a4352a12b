"""What tests/suites.py runs: jobs, which may wait for others and share the processors, and the counts in their logs."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
LOGS = PROJECT / 'build-logs'
N_PROCESSORS = len(os.sched_getaffinity(0))
LANES = {'compute': N_PROCESSORS, 'wait': 3 * N_PROCESSORS, 'alone': 1}
SOAK = float(os.environ.get('SOAK', '1'))
FUZZ_SECONDS = int(os.environ.get('FUZZ_SECONDS', '6'))
JOB_SECONDS_MAX = 600 * max(1, SOAK) + FUZZ_SECONDS

ENVIRONMENT = {
    **os.environ,
    # Freed memory is kept back only for so long, or tests of memory bounds would measure the sanitizer.
    'ASAN_OPTIONS': 'quarantine_size_mb=16',
    'UBSAN_OPTIONS': 'print_stacktrace=1',
    'TSAN_OPTIONS': 'second_deadlock_stack=1',
}


class Job:
    """A part of a suite: work(job) runs programs, fills the log and gives an exit status; count(text) gives (passed, failed) of the log."""

    def __init__(self, suite, name, lane, work, count, needs=(), n_lanes=1, times=1):
        self.suite, self.name, self.lane, self.work, self.count = suite, name, lane, work, count
        self.needs = needs  # the jobs that have to be done first; their names, until all are known
        self.n_lanes = min(n_lanes, LANES[lane])  # how much of its lane it takes
        self.seconds_max = times * JOB_SECONDS_MAX
        self.log = None
        self.fault = None  # why it could not be run or counted
        self.process = None
        self.seconds = 0
        self.cpu_seconds = 0  # its programs' and their children's, as far as these were waited for
        self.result = None  # (passed, failed) when it has run
        self.is_done = False  # the schedule knows that it has

    def say(self, line):
        self.log.write(f'{line}\n'.encode())
        self.log.flush()

    def execute(self, argv, to=None, env=()):
        """Runs a program into the log, or into a file of its own; gives its exit status."""
        if isinstance(to, str):
            with open(LOGS / to, 'wb') as log:
                return self.execute(argv, log, env)
        self.process = subprocess.Popen([str(each) for each in argv], stdin=subprocess.DEVNULL, stdout=to or self.log, stderr=subprocess.STDOUT, cwd=PROJECT,
                                        env={**ENVIRONMENT, **dict(env)}, start_new_session=True)
        late = threading.Timer(self.seconds_max, self.end_late)
        late.daemon = True
        late.start()
        _, status, used = os.wait4(self.process.pid, 0)
        late.cancel()
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_seconds += used.ru_utime + used.ru_stime
        self.end()
        return self.process.returncode

    def end_late(self):
        self.say(f'not ok - {self.name}: ended after {self.seconds_max} s')
        self.end()

    def end(self):
        """Whatever a program leaves behind goes with it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            pass

    def run(self):
        """Never fails: a job that crashes, or that runs nothing, counts as one failure."""
        began = time.monotonic()
        passed, failed, status = 0, 0, 1
        try:
            self.log = tempfile.TemporaryFile()
            missing = [job.name for job in self.needs if job.result[1] > 0]
            if missing:
                self.say(f'not ok - {self.name}: {missing[0]} failed')
            else:
                status = self.work(self)
            self.log.seek(0)
            passed, failed = self.count(self.log.read().decode(errors='replace'))
        except Exception as error:  # pylint: disable=broad-except
            self.fault = f'not ok - {self.name}: {error!r}\n'  # not into the log: there may be none, or no room for more of it
        if failed == 0 and (status != 0 or passed == 0):
            failed = 1
        self.seconds = time.monotonic() - began
        self.result = (passed, failed)


# --- counting: (passed, failed) of a log ------------------------------------------------------------------------------------------------------


def count_lines(pattern, text):
    return len(re.findall(pattern, text, re.MULTILINE))


def number_after(title, text):
    numbers = re.findall(rf'^{re.escape(title)} *(\d+)\s*$', text, re.MULTILINE)
    return int(numbers[-1]) if numbers else 0


def count_cmocka(text):
    """A test that was begun and neither passed nor was skipped has failed, as when its program crashed. A program that failed without a failing
    test (a leak, a time-out before the first) counts as one."""
    skipped = count_lines(r'^\[  SKIPPED \](?!.*test\(s\))', text) // 2  # each is listed once more at the end
    passed = count_lines(r'^\[       OK \]', text)
    failed = count_lines(r'^\[ RUN      \]', text) - passed - skipped
    return passed, max(failed, number_after('Fail:', text) + number_after('Timeout:', text))


def count_node(text):
    return number_after('# pass', text), number_after('# fail', text) + number_after('# cancelled', text)


def count_ok(text):
    return count_lines(r'^ok ', text), count_lines(r'^not ok ', text)


# --- the end of a suite -------------------------------------------------------------------------------------------------------------------


def show_faults(suite, text):
    """The lines around what failed, and the end."""
    lines = text.splitlines()
    print(f'--- {suite}: from build-logs/{suite}.log')
    shown = []
    until = 0
    for i, line in enumerate(lines):
        if re.search(r'^ *not ok |^\[  FAILED  \]|^\[  ERROR   \]|Sanitizer|runtime error', line):
            until = i + 21
        if i < until:
            shown.append(f'{i + 1}: {line}')
    print('\n'.join([*shown[:200], *lines[-5:], '---']))


def finish_suite(suite, jobs):
    """Its log and its line; gives (passed, failed)."""
    with open(LOGS / f'{suite}.log', 'wb') as out:
        for job in jobs:
            if len(jobs) > 1:
                out.write(f'# --- {job.name}: {job.result[0]} passed, {job.result[1]} failed ({job.seconds:.0f} s, {job.cpu_seconds:.0f} s of a processor)\n'.encode())
            if job.log:
                job.log.seek(0)
                shutil.copyfileobj(job.log, out)
                job.log.close()
            out.write((job.fault or '').encode())
    passed, failed = (sum(job.result[i] for job in jobs) for i in (0, 1))
    if not jobs:
        failed = 1  # a suite that runs nothing has failed
    if failed:
        show_faults(suite, (LOGS / f'{suite}.log').read_text(errors='replace'))
    print(f'{suite:<18} {passed:5d} passed, {failed} failed ({sum(job.seconds for job in jobs):.0f} s, {sum(job.cpu_seconds for job in jobs):.0f} s of a processor)', flush=True)
    return passed, failed


# --- running ------------------------------------------------------------------------------------------------------------------------------


class Schedule:
    """The jobs that are not begun yet, and those that run; each lane takes the first one that fits and that has what it needs."""

    def __init__(self, jobs):
        self.waiting = list(jobs)
        self.running = []
        self.done = threading.Semaphore(0)
        self.finished = []

    def next_job(self):
        for job in self.waiting:
            used = sum(other.n_lanes for other in self.running if other.lane == job.lane)
            if job.lane == 'alone' and (self.running or any(other.lane != 'alone' for other in self.waiting)):
                continue
            if used + job.n_lanes <= LANES[job.lane] and all(needed.result for needed in job.needs):
                return job
        return None

    def begin(self, job):
        def run():
            job.run()
            self.finished.append(job)
            self.done.release()

        self.waiting.remove(job)
        self.running.append(job)
        threading.Thread(target=run, daemon=True).start()

    def run(self, on_done):
        while self.waiting or self.running:
            while (job := self.next_job()) is not None:
                self.begin(job)
            self.done.acquire()
            job = self.finished.pop(0)
            self.running.remove(job)
            job.is_done = True
            on_done(job)


def run_all(suites, jobs):
    """Runs the jobs, and finishes each suite once, after its last one; gives (passed, failed) of the suites."""
    schedule = Schedule(jobs)
    results = [finish_suite(name, []) for name, suite in suites.items() if not suite]

    def on_done(job):
        suite = suites.get(job.suite)
        if suite and all(each.is_done for each in suite):
            results.append(finish_suite(job.suite, suite))

    try:
        schedule.run(on_done)
    finally:
        for job in schedule.running:
            job.end()
    return tuple(sum(result[i] for result in results) for i in (0, 1))

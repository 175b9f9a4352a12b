// tests/jobs.py: whatever becomes of a job, it ends and is counted. What runs here are real jobs of small programs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const jobs = fileURLToPath(new URL('../jobs.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'parley-jobs-'));
after(() => rmSync(folder, { recursive: true }));

// Runs one job of a shell script, with a line of Python before it; gives the log of its suite and [passed, failed].
function result(script, count, before = 'pass') {
	const program = `
import importlib.util, json, pathlib, sys, time
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location('jobs', ${JSON.stringify(jobs)})
jobs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(jobs)
jobs.LOGS = pathlib.Path(${JSON.stringify(folder)})
${before}
job = jobs.Job('suite', 'job', 'wait', lambda job: job.execute(['sh', '-c', ${JSON.stringify(script)}]), jobs.${count})
print(json.dumps(jobs.run_all({'suite': [job]}, [job])))
`;
	const { stdout, stderr, status, error } = spawnSync('python3', ['-c', program], { encoding: 'utf8', timeout: 60000 });
	assert.ok(!error && status === 0, `${error} ${stderr}`);
	return { counts: JSON.parse(stdout.trim().split('\n').at(-1)), log: readFileSync(join(folder, 'suite.log'), 'utf8') };
}

const endings = [
	['passes', 'echo "ok - one"; echo "ok - two"', 'count_ok', [2, 0]],
	['fails one of its tests', 'echo "ok - one"; echo "not ok - two"; exit 1', 'count_ok', [1, 1]],
	['fails after its tests passed', 'echo "ok - one"; exit 1', 'count_ok', [1, 1]],
	['runs no test', 'true', 'count_ok', [0, 1]],
	['is killed', 'echo "ok - one"; kill -9 $$', 'count_ok', [1, 1]],
	['is killed before it counts', 'echo "ok 1 - one"; kill -9 $$', 'count_node', [0, 1]],
	['crashes within a test', 'echo "[ RUN      ] one"; echo "[       OK ] one"; echo "[ RUN      ] two"; kill -SEGV $$', 'count_cmocka', [1, 1]],
];
for (const [what, script, count, counts] of endings)
	test(`a job that ${what} counts as ${counts[0]} passed and ${counts[1]} failed`, () => {
		assert.deepEqual(result(script, count).counts, counts);
	});

test('a job that takes too long is ended with all that it started', () => {
	const pid = join(folder, 'pid');
	const { counts, log } = result(`echo "ok - one"; sleep 600 & echo $! >${pid}; wait`, 'count_ok', 'jobs.JOB_SECONDS_MAX = 1');
	assert.deepEqual(counts, [1, 1]);
	assert.match(log, /^not ok - job: ended after 1 s$/m);
	const stat = `/proc/${readFileSync(pid, 'utf8').trim()}/stat`;
	assert.ok(!existsSync(stat) || / Z /.test(readFileSync(stat, 'utf8')));
});

test('a job that has no place for its log fails, and the others go on', () => {
	const { counts, log } = result('echo "ok - one"', 'count_ok', 'jobs.tempfile.tempdir = "/nowhere"');
	assert.deepEqual(counts, [0, 1]);
	assert.match(log, /^not ok - job: FileNotFoundError/m);
});

test('a suite whose last jobs end at once is finished once', () => {
	// Both have ended before the schedule hears of either: it is busy with another suite.
	const { counts } = result('sleep 0.2; echo "ok - one"', 'count_ok', `
begin = lambda suite: jobs.Job(suite, 'job', 'wait', lambda job: job.execute(['sh', '-c', 'echo "ok - one"; ' + ('sleep 0.2' if suite == 'pair' else 'true')]), jobs.count_ok)
finish, suites = jobs.finish_suite, {'other': [begin('other')], 'pair': [begin('pair'), begin('pair')]}
jobs.finish_suite = lambda name, all: time.sleep(name == 'other') or finish(name, all)
assert jobs.run_all(suites, sum(suites.values(), [])) == (3, 0)`);
	assert.deepEqual(counts, [1, 0]);
});

// The units of deploy/systemd, by systemd's own checks.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { binary, projectDir } from '../e2e/lib/env.mjs';
import { runServer, temporaryDir } from '../e2e/lib/server.mjs';

const UNITS = join(projectDir, 'deploy', 'systemd');
const EXPOSURE_MAX = 20; // tenths: systemd's own figure for what a service that was broken into can reach

const lines = (unit) => readFileSync(join(UNITS, unit), 'utf8').split('\n');

test('systemd-analyze verify has nothing to say of them', () => {
	const root = temporaryDir();
	for (const [from, to] of [[binary, 'usr/local/bin/parleyd'], ['/bin/kill', 'bin/kill'], [UNITS, 'etc/systemd/system'], ['/lib/systemd/system', 'lib/systemd/system']]) {
		mkdirSync(join(root, to, '..'), { recursive: true });
		cpSync(from, join(root, to), { recursive: true, verbatimSymlinks: true });
	}
	for (const unit of ['parleyd.service', 'parleyd.socket', 'parleyd@one.service']) {
		const said = spawnSync('systemd-analyze', ['verify', `--root=${root}`, '--man=no', '--recursive-errors=no', unit], { encoding: 'utf8' });
		assert.deepEqual([said.status, said.stdout, said.stderr], [0, '', ''], unit);
	}
});

test('the services are shut in', () => {
	for (const unit of ['parleyd.service', 'parleyd@.service']) {
		execFileSync('systemd-analyze', ['security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, join(UNITS, unit)], { stdio: 'pipe' });
	}
});

test('the instances\' unit is the one of a single server but for names', () => {
	const settings = (unit) => lines(unit).filter((line) => !/^#|^(Description|After)=/.test(line));
	const named = settings('parleyd.service').map((line) => line.replace('/parleyd.conf', '/%i.conf').replace('%S/parley', '%S/parley-instances/%i').replace('Directory=parley', 'Directory=parley-instances/%i'));
	assert.deepEqual(settings('parleyd@.service'), named);
});

test('the time to stop is enough for a drain', async () => {
	const { stdout: help } = await runServer(['--help']);
	const defaultMs = (option) => Number(new RegExp(`--${option}=.*\\(default: (\\d+)\\)`).exec(help)?.[1] ?? 0);
	for (const unit of ['parleyd.service', 'parleyd@.service']) {
		const stopMs = 1000 * Number(/^TimeoutStopSec=(\d+)$/m.exec(lines(unit).join('\n'))[1]);
		assert.ok(stopMs >= 2 * (defaultMs('drain-grace-ms') + defaultMs('drain-ms')), `${unit}: ${stopMs} ms`);
	}
});

// A server whose database goes away, comes back, and is set back to an earlier state when a test says so.
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clientBinary, switchingBinary } from './env.mjs';
import { run, startServer } from './server.mjs';
import { until } from './wait.mjs';

export async function startSwitching(t, options = {}) {
	const server = await startServer({ ...options, binary: switchingBinary });
	t.after(() => server.stop());
	return server;
}

const said = (server, event) => server.stderr.split('\n').filter((line) => line.includes(` ${event} `)).length;

async function signal(server, name, event) {
	const before = said(server, event);
	server.signal(name);
	await until(30000, `${event} in the log`, () => said(server, event) > before);
}

export const goAway = (server) => signal(server, 'SIGUSR2', 'store.away');
export const comeBack = (server) => signal(server, 'SIGUSR2', 'store.back');

const copyOf = (server) => join(server.dataDir, 'earlier.db');

// What it will be set back to.
export async function keep(server) {
	if (existsSync(copyOf(server))) {
		rmSync(copyOf(server));
	}
	const backup = await run(clientBinary, ['admin', '--data', server.dataDir, 'backup', copyOf(server)]);
	assert.equal(backup.code, 0, backup.stderr);
}

export const setBack = (server) => signal(server, 'SIGUSR1', 'store.restored');

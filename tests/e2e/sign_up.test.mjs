// The example of the README, as it stands there: a sign-up is told to a service by a signed post, and the service posts a welcome through an incoming webhook.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client, clientFor } from './lib/client.mjs';
import { clientBinary, projectDir } from './lib/env.mjs';
import { keepRunning, serverFor, temporaryDir } from './lib/server.mjs';
import { freePort } from './lib/tcp.mjs';
import { until } from './lib/wait.mjs';

// The lines of the last block of its section, with this server's paths and ports.
function commandsOf(port) {
	const [, section] = /\n## A service that hears of sign-ups\n(.*?)\n## /s.exec(readFileSync(join(projectDir, 'README.md'), 'utf8'));
	const blocks = section.split(/\n\n(?! {4})/).flatMap((part) => part.split('\n\n')).filter((part) => part.startsWith('    '));
	return blocks.at(-1).replaceAll(/^ {4}/gm, '')
		.replaceAll('build/protocol/parley', clientBinary)
		.replaceAll('protocol/examples/', `exec ${projectDir}/protocol/examples/`)
		.replaceAll(':3000/', `:${port}/`);
}

test('who signs up is in the customer file, and is welcomed in the room', async (t) => {
	const server = await serverFor(t, { args: ['--webhook-allow', '127.0.0.1', '--webhook-retry-ms', '100'] });
	const dir = temporaryDir();
	const port = await freePort();
	const file = join(dir, 'customers.csv');
	symlinkSync(server.dataDir, join(dir, 'parley-data'));
	const environment = { PARLEY_SERVER: server.url, PORT: String(port) };
	const service = keepRunning(t, 'sh', ['-ec', `cd ${dir}\n${commandsOf(port)}`], environment);
	await service.says('listening on');
	const door = await Client.connect(server);
	t.after(() => door.close());
	for (const name of ['Bea', 'Čeněk, "the second"'])
		await door.request('account.create', { name, password: 'correct horse battery' });
	await until(60000, 'two customers', () => existsSync(file) && readFileSync(file, 'utf8').split('\n').length === 3);
	const names = readFileSync(file, 'utf8').trim().split('\r\n').map((row) => /^[0-9a-f-]{36},[^,]+,[0-9a-f-]{36},(.*)$/.exec(row)[1]);
	assert.deepEqual(names.sort(), ['"Čeněk, ""the second"""', 'Bea']);
	const reader = await clientFor(t, server, { guest: 'Reader' });
	const { rooms } = await reader.request('room.list');
	const { id: room } = rooms.find(({ name }) => name === 'lobby');
	await reader.request('room.join', { room });
	const { events } = await reader.request('history.read', { room });
	const welcomes = events.filter(({ type }) => type === 'message.created').map(({ data }) => `${data.author.kind} ${data.author.name}: ${data.text}`);
	assert.deepEqual(welcomes.sort(), ['hook Welcome: Welcome, Bea!', 'hook Welcome: Welcome, Čeněk, "the second"!']);
});

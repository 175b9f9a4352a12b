// libcurl is loaded when a webhook needs it, and where it is missing the one who needs it is told what to install.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fresh } from './lib/client.mjs';
import { buildDir, clientBinary } from './lib/env.mjs';
import { command, post } from './lib/http.mjs';
import { run, serverFor, startServer, temporaryDir } from './lib/server.mjs';
import { until } from './lib/wait.mjs';
import { receiver } from './lib/webhook_agent.mjs';

const WAIT_MS = 60000;
const args = ['--webhook-allow', '127.0.0.0/8'];
const missing = { LD_PRELOAD: join(buildDir, 'tests', 'fault', 'libfault_library.so'), TEST_LIBRARY_MISSING: 'libcurl' };

const hasLibrary = (server) => /\/libcurl\.so/.test(readFileSync(`/proc/${server.pid}/maps`, 'utf8'));
const newPerson = (server) => command(server, 'account.create', { name: fresh('Maker'), password: 'correct horse' });
const list = async (server, token) => (await command(server, 'webhook.list', {}, { token })).webhooks;

test('a server without an outgoing webhook has not loaded libcurl, and one that has one has', async (t) => {
	const dataDir = temporaryDir();
	const server = await startServer({ args, dataDir });
	const { token } = await newPerson(server);
	const room = await command(server, 'room.create', { name: fresh('room') }, { token });
	await command(server, 'hook.create', { room: room.id, name: 'in' }, { token });
	assert.equal(hasLibrary(server), false);
	const to = await receiver(t);
	await command(server, 'webhook.create', { name: 'out', url: to.url('/') }, { token });
	assert.equal(hasLibrary(server), true);
	await server.stop();

	const again = await serverFor(t, { args, dataDir });
	await until(WAIT_MS, 'the webhook to be worked for', () => hasLibrary(again));
});

test('where libcurl is missing the server runs, takes no webhook, and says why those that it has are not posted', async (t) => {
	const dataDir = temporaryDir();
	const server = await startServer({ args, dataDir });
	const { token } = await newPerson(server);
	const to = await receiver(t);
	await command(server, 'webhook.create', { name: 'out', url: to.url('/') }, { token });
	await server.stop();

	const without = await serverFor(t, { args, dataDir, env: missing });
	await until(WAIT_MS, 'the fault to be logged', () => /webhook\.no_sender.*libcurl.* is missing \(Debian: libcurl4\)/.test(without.stderr));
	const refused = await post(without, 'webhook.create', { name: 'other', url: to.url('/') }, { token });
	assert.equal(refused.json.data.code, 'invalid_request');
	assert.match(refused.json.data.message, /the URL cannot be reached: this server has no libcurl \(Debian: libcurl4\)/);
	assert.equal((await post(without, 'webhook.test', { webhook: 'out' }, { token })).json.data.code, 'unavailable');
	assert.deepEqual((await list(without, token)).map(({ name, status }) => [name, status]), [['out', 'active']]);
	await without.stop();

	const got = to.got.length;
	const whole = await serverFor(t, { args, dataDir });
	assert.equal((await command(whole, 'webhook.test', { webhook: 'out' }, { token })).status, 200);
	assert.equal(to.got.length, got + 1);
});

test('where libcurl is missing `parley webhook listen` says so and leaves no consumer', async (t) => {
	const server = await serverFor(t);
	const { token } = await newPerson(server);
	const ended = await run(clientBinary, ['--server', server.url, 'webhook', 'listen', 'http://127.0.0.1:1/'], { env: { ...missing, PARLEY_TOKEN: token } });
	assert.equal(ended.code, 1);
	assert.match(ended.stderr, /libcurl, which posts webhooks, is missing \(Debian: libcurl4\)/);
	assert.deepEqual((await command(server, 'consumer.list', {}, { token })).consumers, []);
});

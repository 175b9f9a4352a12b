// Each error of a disk in each place where the store meets it. Writes that can be tried again later are refused and resume by themselves. An error that leaves the
// state of the disk in doubt ends the process with 3.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { command, get, untilReadyIs } from '../e2e/lib/http.mjs';
import { runServer, startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { preload } from './lib/disk.mjs';

const LARGE = ['--limit-text-bytes', '60000', '--limit-frame-bytes', '200000'];

async function writerOn(options) {
	const server = await startServer({ args: LARGE, ...options });
	const client = await Client.start(server, { guest: 'Writer' });
	const { id: room } = await client.request('room.create', { name: 'room' });
	const acknowledged = [];
	// Answers the error, or undefined.
	const send = async (bytes = 50000) => {
		const text = `${acknowledged.length} ${'x'.repeat(bytes)}`;
		try {
			acknowledged.push((await client.request('message.send', { room, text })).seq);
			return undefined;
		} catch (error) {
			return error;
		}
	};
	return { server, client, room, send, acknowledged };
}

async function assertAcknowledgedAreThere({ server, room, acknowledged }) {
	const { token } = await command(server, 'session.start', { guest: 'Reader' });
	await command(server, 'room.join', { room }, { token });
	const { events } = await command(server, 'history.read', { room, limit: 1, before: Math.max(...acknowledged) + 1 }, { token });
	assert.equal(events.at(-1)?.seq, Math.max(...acknowledged));
	assert.deepEqual((await command({ socketPath: server.operatorSocket }, 'admin.verify', {})).faults, []);
	assert.doesNotMatch(server.stderr, /store\.log_lost/);
}

// The words of SQLite's walformat.html, section 2.1.
const logIndex = (dir) => {
	const words = new Uint32Array(readFileSync(join(dir, 'parley.db-shm')).buffer.slice(0, 136));
	return { frames: words[4], copied: words[24] };
};

const LOG = 'parley.db-wal$', FILE = 'parley.db$', INDEX = 'parley.db-shm$';
const noRoom = ['ENOSPC', 'EDQUOT', 'EFBIG'];
// [errors, call, where, the expected result, what else has to fail for the call to happen]
const table = [
	[noRoom, 'write', LOG, 'refused'],
	[['EIO'], 'write', LOG, 'ends'],
	[['EIO', ...noRoom], 'fsync', LOG, 'ends'],
	[noRoom, 'write', FILE, 'put off'],
	[noRoom, 'truncate', FILE, 'put off'],
	[['EIO'], 'write', FILE, 'ends'],
	[['EIO'], 'truncate', FILE, 'ends'],
	[['EIO', ...noRoom], 'fsync', FILE, 'ends'],
	[noRoom, 'write', INDEX, 'refused', `ENOSPC write ${FILE}`], // a log that cannot be copied needs more of an index
	[['EIO'], 'write', INDEX, 'ends', `ENOSPC write ${FILE}`],
];

// A small write may fit where a large one did not, but only a few times.
const noRoomForAnything = ({ server, send }) => until(30000, '/readyz to be red', async () => {
	await send(10);
	return (await get(server, '/readyz')).status === 503;
});

const outcomes = {
	async refused(writer, trigger) {
		const { server, send, client, room } = writer;
		const error = await until(30000, 'a send to be refused', () => send());
		assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
		await noRoomForAnything(writer);
		assert.ok((await client.request('history.read', { room, limit: 1 })).events.length > 0, 'reading goes on');
		assert.match(server.stderr, /store\.no_room/);
		rmSync(trigger);
		await until(10000, 'service to resume', async () => (await send()) === undefined);
		await untilReadyIs(server, 200);
	},
	async 'put off'({ server, send }, trigger) {
		for (let i = 0; logIndex(server.dataDir).frames < 2000; i++) {
			assert.equal(await send(), undefined, 'the log has room');
		}
		rmSync(trigger);
		await until(20000, 'the log to be copied', async () => (await send(10)) === undefined && logIndex(server.dataDir).frames < 768);
	},
	async ends({ server, send }) {
		let ended = false;
		server.exited.then(() => {
			ended = true;
		});
		await until(30000, 'the process to end', () => Promise.race([send(), server.exited]).then(() => ended));
		assert.deepEqual(server.exit, { code: 3, signal: null }, server.stderr.slice(-1000));
		assert.match(server.stderr, /store\.lost/);
	},
};

for (const [errors, call, where, outcome, besides] of table) {
	for (const error of errors) {
		test(`${error} of ${call} on ${where}: ${outcome}`, { timeout: 120000 }, async () => {
			const trigger = join(temporaryDir(), 'trigger');
			const writer = await writerOn({ env: preload(trigger) });
			assert.equal(await writer.send(), undefined);
			writeFileSync(trigger, `${error} ${call} ${where}\n${besides ?? ''}`);
			await outcomes[outcome](writer, trigger);
			rmSync(trigger, { force: true });
			await writer.client.close();
			await writer.server.kill();
			const server = await startServer({ dataDir: writer.server.dataDir });
			await assertAcknowledgedAreThere({ ...writer, server });
			await server.stop();
		});
	}
}

for (const error of noRoom) {
	test(`a start that meets ${error} says that there is no room, and the next one is whole`, { timeout: 60000 }, async () => {
		const trigger = join(temporaryDir(), 'trigger');
		const writer = await writerOn({});
		await writer.send();
		await writer.client.close();
		await writer.server.kill();
		const { dataDir } = writer.server;
		writeFileSync(trigger, `${error} write ${INDEX}`);
		const { code, stderr } = await runServer(['--listen', '127.0.0.1:0', '--data', dataDir], { env: preload(trigger) });
		assert.equal(code, 1, stderr);
		assert.match(stderr, /the disk is full/);
		const server = await startServer({ dataDir });
		await assertAcknowledgedAreThere({ ...writer, server });
		await server.stop();
	});
}

test('a limit of the size of files (ulimit -f): unavailable, and service resumes when it is raised', { timeout: 60000 }, async () => {
	const writer = await writerOn({ launcher: ['prlimit', '--fsize=1000000:unlimited'] });
	const { server, send } = writer;
	const error = await until(20000, 'a send to be refused', () => send());
	assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
	await noRoomForAnything(writer);
	execFileSync('prlimit', [`--pid=${server.pid}`, '--fsize=unlimited:unlimited']);
	await until(10000, 'service to resume', async () => (await send()) === undefined);
	await untilReadyIs(server, 200);
	await writer.client.close();
	await server.kill();
	const again = await startServer({ dataDir: server.dataDir });
	await assertAcknowledgedAreThere({ ...writer, server: again });
	await again.stop();
});

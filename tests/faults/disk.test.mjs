// Full disks, failing disks, and damaged databases.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { command, get, post } from '../e2e/lib/http.mjs';
import { runServer, startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { assertDescriptors, assertRecords, assertWhole } from './lib/checker.mjs';
import { fillableDisk, preload } from './lib/disk.mjs';
import { Participant, getThrough } from './lib/participant.mjs';

async function arrive(target, n = 3) {
	const participants = [];
	for (let i = 0; i < n; i++) {
		const participant = new Participant(`participant ${i}`, target);
		await participant.arrive('the room');
		participants.push(participant);
	}
	return participants;
}

// The write-ahead log has some room of its own: fills again until many sends in a row were refused and none was acknowledged.
async function fillUntilNothingFits(disk, participants) {
	const count = (what) => participants.reduce((n, participant) => n + participant[what].length, 0);
	await until(60000, 'all sends to be refused', async () => {
		disk.fill();
		const [acknowledged, refused] = [count('acknowledged'), count('refusals')];
		await until(30000, 'sends to be refused', () => count('refusals') >= refused + 30 || count('acknowledged') > acknowledged);
		return count('acknowledged') === acknowledged;
	});
}

for (const mounted of [true, false]) {
	test(`a full disk (${mounted ? 'a small file system' : 'writes refused by a library'}): unavailable, reading goes on, service resumes with room`, { timeout: 120000 }, async (t) => {
		const disk = fillableDisk({ mounted });
		t.diagnostic(disk.kind);
		let server = await startServer({ dataDir: disk.dataDir, env: disk.env });
		const descriptors = server.fds();
		const participants = await arrive(() => server);
		participants.forEach((participant) => participant.startSending());
		await getThrough(participants, 50);
		await fillUntilNothingFits(disk, participants);
		for (const participant of participants) {
			assert.deepEqual([...new Set(participant.refusals)], ['unavailable']);
		}
		const { client, room } = participants[0];
		assert.ok((await client.request('history.read', { room })).events.length > 0, 'reading goes on');
		assert.ok((await client.request('room.list', {})).rooms.length > 0);
		assert.equal((await get(server, '/healthz')).status, 200);
		await until(30000, '/readyz to be red', async () => (await get(server, '/readyz')).status === 503, 20);
		// One message alone may find room where a batch did not, but only a few times.
		const error = await until(30000, 'a send to be refused', () => client.request('message.send', { room, text: 'no room for this' }).then(() => undefined, (e) => e));
		assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
		const before = participants[0].acknowledged.length;
		disk.free();
		await until(30000, 'service to resume', () => participants.every((participant) => participant.acknowledged.length > before + 5));
		await until(30000, '/readyz to be green again', async () => (await get(server, '/readyz')).status === 200, 100);
		await Promise.all(participants.map((participant) => participant.stopSending()));
		await assertRecords(server, participants);
		await assertWhole(server);
		await server.kill();
		server = await startServer({ dataDir: disk.dataDir, env: disk.env });
		await assertRecords(server, participants);
		await Promise.all(participants.map((participant) => participant.leave()));
		await assertWhole(server);
		await assertDescriptors(server, descriptors);
		await server.stop();
	});
}

for (const [file, match] of [['log', 'parley.db-wal$'], ['database', 'parley.db$']]) {
	test(`an EIO on fsync of the ${file}: the process ends, the restart is whole`, { timeout: 120000 }, async () => {
		const trigger = join(temporaryDir(), 'trigger');
		const dataDir = join(temporaryDir(), 'data');
		let server = await startServer({ dataDir, env: preload(trigger, match) });
		const descriptors = server.fds();
		const participants = await arrive(() => server);
		participants.forEach((participant) => participant.startSending());
		await getThrough(participants, 50);
		writeFileSync(trigger, 'fsync');
		await server.waitExit();
		assert.notDeepEqual(server.exit, { code: 0, signal: null }, 'it ended with 0 in spite of the fault');
		assert.match(server.stderr, /store\.lost/, 'it said nothing about it');
		rmSync(trigger);
		server = await startServer({ dataDir });
		await Promise.all(participants.map((participant) => participant.getsThrough(5)));
		await Promise.all(participants.map((participant) => participant.stopSending()));
		await assertRecords(server, participants);
		await Promise.all(participants.map((participant) => participant.leave()));
		await assertWhole(server);
		await assertDescriptors(server, descriptors);
		await server.stop();
	});
}

test('a backup that fails leaves nothing behind, is unavailable where there is no room, and can be made afterwards', { timeout: 60000 }, async (t) => {
	const dir = temporaryDir();
	const [trigger, path] = [join(dir, 'trigger'), join(dir, 'copy.db')];
	const server = await startServer({ env: preload(trigger, 'copy.db'), args: ['--limit-text-bytes', '60000', '--limit-frame-bytes', '200000'] });
	t.after(() => server.stop());
	const client = await Client.start(server, { guest: 'Writer' });
	const { id: room } = await client.request('room.create', { name: 'kept' });
	await Promise.all(Array.from({ length: 60 }, () => client.request('message.send', { room, text: 'x'.repeat(50000) })));
	const backup = () => post({ socketPath: server.operatorSocket }, 'admin.backup', { path });
	const left = () => readdirSync(dir).filter((name) => name.startsWith('copy'));
	for (const [fault, expected, code] of [
		['full', 503, 'unavailable'],
		['EDQUOT write copy.db$', 503, 'unavailable'],
		['EFBIG write copy.db-journal$', 503, 'unavailable'],
		['EIO write copy.db$', 500, 'internal'],
		['EIO fsync copy.db$', 500, 'internal'],
	]) {
		writeFileSync(trigger, fault);
		const { status, json } = await backup();
		assert.deepEqual([status, json.data.code, json.data.retryable], [expected, code, true], json.data.message);
		assert.ok(json.data.message.includes(path), json.data.message);
		assert.deepEqual(left(), [], `${fault}: something of the copy was left`);
	}
	rmSync(trigger);
	writeFileSync(`${path}-journal`, 'of another file');
	assert.equal((await backup()).status, 409);
	assert.deepEqual(left(), ['copy.db-journal'], 'what is not of the copy stays');
	rmSync(`${path}-journal`);
	assert.equal((await backup()).status, 200);
	assert.deepEqual(left(), ['copy.db']);
	await client.close();
});

// ---- damaged databases ---------------------------------------------------------------------------------------------------------------------

async function filledDataDir() {
	const server = await startServer();
	const client = await Client.start(server, { guest: 'Writer' });
	const room = (await client.request('room.create', { name: 'room' })).id;
	await Promise.all(Array.from({ length: 300 }, (_, i) => client.request('message.send', { room, text: `${i} ${'x'.repeat(500)}` })));
	await client.close();
	await server.stop();
	return server.dataDir;
}

const hashes = (dir) => Object.fromEntries(readdirSync(dir).filter((name) => statSync(join(dir, name)).isFile())
	.map((name) => [name, createHash('sha256').update(readFileSync(join(dir, name))).digest('hex')]));

function overwrite(path, at, bytes) {
	const fd = openSync(path, 'r+');
	writeSync(fd, bytes, 0, bytes.length, at);
	closeSync(fd);
}

const damages = [
	['a file of rubbish', (file) => writeFileSync(file, 'this is no database, and nothing that should be deleted either\n'.repeat(100))],
	['a damaged header', (file) => overwrite(file, 0, Buffer.alloc(100, 0xaa))],
	['a damaged first page', (file) => overwrite(file, 100, Buffer.alloc(2000, 0xaa))],
	['a damaged page in the middle', (file) => overwrite(file, Math.floor(statSync(file).size / 2 / 4096) * 4096, Buffer.alloc(4096, 0xaa))],
	['a file that was cut off', (file) => truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096)],
	['a file cut off within a page', (file) => truncateSync(file, 5000)],
];
for (const [what, damage] of damages) {
	test(`${what}: the server refuses to start, says why, and leaves the file alone`, async () => {
		const source = await filledDataDir();
		const dataDir = join(temporaryDir(), 'data');
		cpSync(source, dataDir, { recursive: true, filter: (path) => !path.endsWith('.sock') });
		damage(join(dataDir, 'parley.db'));
		const before = hashes(dataDir);
		for (let i = 0; i < 2; i++) {
			const { code, stderr, stdout } = await runServer(['--listen', '127.0.0.1:0', '--data', dataDir]);
			assert.equal(code, 1, `${stderr}${stdout}`);
			assert.match(stderr, /parley\.db/);
			assert.match(stderr, /damaged|corrupt|not a database|malformed/i);
			const { 'parley.db': now } = hashes(dataDir);
			assert.equal(now, before['parley.db'], 'the file was changed');
		}
	});
}

test('a database of a newer version is refused and left alone', async () => {
	const dataDir = await filledDataDir();
	const file = join(dataDir, 'parley.db');
	overwrite(file, 60, Buffer.from([0x7f, 0xff, 0xff, 0xff])); // user_version of the SQLite header
	const before = hashes(dataDir)['parley.db'];
	const { code, stderr } = await runServer(['--listen', '127.0.0.1:0', '--data', dataDir]);
	assert.equal(code, 1, stderr);
	assert.match(stderr, /newer|version/i);
	assert.equal(hashes(dataDir)['parley.db'], before);
});

test('a data directory that may not be written is refused', async (t) => {
	const dir = temporaryDir();
	const dataDir = join(dir, 'data');
	mkdirSync(dataDir, { mode: 0o500 });
	if (process.getuid() === 0) {
		t.diagnostic('as root everything may be written: a path below a file instead');
		writeFileSync(join(dir, 'file'), '');
	}
	const { code, stderr } = await runServer(['--listen', '127.0.0.1:0', '--data', process.getuid() === 0 ? join(dir, 'file') : dataDir]);
	assert.equal(code, 1, stderr);
	assert.ok(stderr.includes(dir));
	assert.ok(existsSync(dataDir));
});

// The state after kill -9: the room, its last seq, the epoch, and a token of its author.
async function killedDataDir(n) {
	const server = await startServer();
	const client = await Client.start(server, { guest: 'Writer' });
	const { id: room } = await client.request('room.create', { name: 'room' });
	for (let i = 0; i < n; i++) {
		await client.request('message.send', { room, text: `message ${i}` });
	}
	const { token, session: { epoch } } = client;
	await server.kill();
	return { dataDir: server.dataDir, room, last: n + 2, epoch, token };
}

test('a write-ahead log that was deleted after kill -9 is missed: a warning, and clients begin again', async () => {
	const { dataDir, room, last, epoch, token } = await killedDataDir(20);
	const untouched = join(temporaryDir(), 'untouched');
	cpSync(dataDir, untouched, { recursive: true, filter: (path) => !path.endsWith('.sock') });
	rmSync(join(dataDir, 'parley.db-wal'));
	rmSync(join(dataDir, 'parley.db-shm'), { force: true });
	let server = await startServer({ dataDir });
	assert.match(server.stderr, /store\.log_lost/);
	assert.deepEqual((await command({ socketPath: server.operatorSocket }, 'admin.verify', {})).faults, []);
	const { epoch: now } = await command(server, 'session.start', { guest: 'Other' });
	assert.notEqual(now, epoch);
	await server.kill();
	server = await startServer({ dataDir });
	assert.doesNotMatch(server.stderr, /store\.log_lost/, 'the log is there');
	assert.equal((await command(server, 'session.start', { guest: 'Another' })).epoch, now);
	await server.stop();
	server = await startServer({ dataDir: untouched });
	assert.doesNotMatch(server.stderr, /store\.log_lost/);
	const client = await Client.start(server, { token, epoch, resume: { [room]: last - 1 } });
	await client.waitSeq(room, last);
	assert.deepEqual(client.events.map((event) => event.seq), [last]);
	await client.close();
	await server.stop();
});

test('kill -9 right after the start is no loss of the log', async () => {
	const dataDir = temporaryDir();
	const epochs = new Set();
	for (let i = 0; i < 5; i++) {
		const server = await startServer({ dataDir });
		assert.doesNotMatch(server.stderr, /store\.log_lost/);
		if (i % 2 === 0) {
			await server.kill();
			continue;
		}
		epochs.add((await command(server, 'session.start', { guest: `Guest ${i}` })).epoch);
		await server.stop();
		assert.ok(!existsSync(join(dataDir, 'parley.db-wal')), 'a clean end leaves no log');
	}
	assert.equal(epochs.size, 1);
});

// A log that is damaged or cut short after the server was killed: missing events that were acknowledged are noticed, and nothing else is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, existsSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { soak } from '../e2e/lib/env.mjs';
import { command } from '../e2e/lib/http.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';

const HEADER = 32, FRAME = 24 + 4096; // SQLite's file format, section 4
const log = (dir) => join(dir, 'parley.db-wal');
const reach = (dir) => join(dir, 'parley.reach');

// SQLite's walformat.html, section 2.1: how many frames the log has. And how many the server knows to be copied into the file.
function logIndex(dir) {
	const [, , , , frames] = new Uint32Array(readFileSync(join(dir, 'parley.db-shm')).buffer.slice(0, 136));
	const slots = [0, 4096].map((at) => readFileSync(reach(dir)).subarray(at, at + 64));
	const newest = slots.sort((one, other) => Number(other.readBigUInt64LE(8) - one.readBigUInt64LE(8)))[0];
	return { frames, copied: newest.readUInt32LE(52) };
}

// A server that was killed after it acknowledged all this. `frames` of its log count; what is behind them is of earlier rounds.
async function killedServer(n, ready = () => true, enough = ready, onStart = () => {}) {
	const server = await startServer();
	const client = await Client.start(server, { guest: 'Writer' });
	const { id: room } = await client.request('room.create', { name: 'room' });
	let last = 0;
	await onStart(server.dataDir, async () => ({ seq: last } = await client.request('message.send', { room, text: 'before' })));
	for (let i = 0; i < n || !enough(logIndex(server.dataDir)); i++) {
		({ seq: last } = await client.request('message.send', { room, text: `message ${i}` }));
	}
	// A copy begins with a commit, and may end before the next: when it is not of all that there is, a later one may be.
	await until(60000, 'a copy of the log to end', async () => {
		if (await until(50, 'this copy', () => ready(logIndex(server.dataDir)), 5).catch(() => false)) {
			return true;
		}
		({ seq: last } = await client.request('message.send', { room, text: 'and one more' }));
		return false;
	}, 1);
	const { token, session: { epoch } } = client;
	await server.kill();
	return { dir: server.dataDir, room, last, epoch, token, ...logIndex(server.dataDir) };
}

function copyOf({ dir }) {
	const copy = join(temporaryDir(), 'copy');
	cpSync(dir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
	return copy;
}

function flip(path, at) {
	const fd = openSync(path, 'r+');
	const byte = Buffer.alloc(1);
	readSync(fd, byte, 0, 1, at);
	byte[0] ^= 0x10;
	writeSync(fd, byte, 0, 1, at);
	closeSync(fd);
}

// Starts a server on the directory. Answers how many acknowledged events are missing, after it has seen that clients are told so, or are told nothing.
async function lossAfter(was, dir) {
	const server = await startServer({ dataDir: dir });
	const client = await Client.start(server, { guest: 'Reader' });
	// The room itself may be among what is missing. The join is an event of its own.
	const { last_seq } = await client.request('room.join', { room: was.room }).catch((error) => error.code === 'not_found' ? { last_seq: 1 } : Promise.reject(error));
	const missing = Math.max(0, was.last - (last_seq - 1));
	assert.equal(client.session.epoch !== was.epoch, missing > 0, `${missing} events are missing, the epoch ${was.epoch} is now ${client.session.epoch}`);
	assert.equal(/store\.log_lost/.test(server.stderr), missing > 0, server.stderr);
	await client.close();
	const back = await Client.start(server, { token: was.token, epoch: was.epoch, resume: { [was.room]: 1 } }).catch((error) => error);
	if (back instanceof Client) {
		await back.settle();
		const gaps = back.events.filter((event) => event.type === 'room.gap');
		const isMember = back.session.rooms.some(({ id }) => id === was.room); // else that is missing, too
		assert.deepEqual(gaps.map((gap) => gap.data.reason), missing > 0 && isMember ? ['restored'] : []);
		await back.close();
	} else {
		assert.ok(missing > 0, back); // the account itself is among what is missing
	}
	assert.deepEqual((await command({ socketPath: server.operatorSocket }, 'admin.verify', {})).faults, []);
	await server.stop();
	const again = await startServer({ dataDir: dir });
	assert.doesNotMatch(again.stderr, /store\.log_lost/, 'it is said once');
	await again.stop();
	return missing;
}

const range = (n, from, to) => Array.from({ length: n }, (_, i) => Math.floor(from + ((to - from) * i) / (n - 1)));

test('a log with one bit changed or with its end cut off: a new epoch where an acknowledged event is missing', { timeout: 240000 }, async (t) => {
	const was = await killedServer(40);
	assert.equal(was.copied < was.frames, true, 'part of the log is only there');
	assert.equal(await lossAfter(was, copyOf(was)), 0, 'nothing is missing of a log that was left alone');
	const flips = range(Math.ceil(12 * soak), 100, HEADER + was.frames * FRAME - 10);
	const ends = range(Math.ceil(4 * soak), HEADER + FRAME, HEADER + was.frames * FRAME - 1);
	const losses = [];
	for (const at of flips) {
		const dir = copyOf(was);
		flip(log(dir), at);
		losses.push(await lossAfter(was, dir));
	}
	for (const size of ends) {
		const dir = copyOf(was);
		truncateSync(log(dir), size);
		losses.push(await lossAfter(was, dir));
	}
	t.diagnostic(`missing events: ${losses.join(' ')}`);
	assert.ok(losses.filter((missing) => missing > 0).length >= flips.length, 'the damage was not where the events are');
});

test('a log that holds nothing is as lost as none, whatever its bytes are', { timeout: 120000 }, async () => {
	const was = await killedServer(10);
	const rubbish = [Buffer.alloc(0), Buffer.alloc(32, 0xa5), Buffer.alloc(32), Buffer.alloc(HEADER + 3 * FRAME, 0xa5), readFileSync(log(was.dir)).subarray(0, HEADER)];
	for (const [i, bytes] of rubbish.entries()) {
		const dir = copyOf(was);
		writeFileSync(log(dir), bytes);
		assert.ok(await lossAfter(was, dir) > 0, `bytes ${i}`);
	}
	// The state that an earlier version left: without a proof.
	const dir = copyOf(was);
	rmSync(reach(dir));
	writeFileSync(log(dir), rubbish[1]);
	assert.ok(await lossAfter(was, dir) > 0);
});

test('a damaged log of which all is in the database file: nothing is missing, and nobody is told so', { timeout: 120000 }, async () => {
	const was = await killedServer(100, ({ frames, copied }) => copied === frames, ({ frames }) => frames > 768);
	assert.ok(statSync(log(was.dir)).size >= HEADER + was.frames * FRAME);
	for (const at of [0, 100, HEADER + 30 * FRAME + 50, HEADER + Math.floor(was.frames / 2) * FRAME + 50, HEADER + was.frames * FRAME - 10]) {
		const dir = copyOf(was);
		flip(log(dir), at);
		assert.equal(await lossAfter(was, dir), 0, `a bit at ${at}`);
	}
	const dir = copyOf(was);
	truncateSync(log(dir), HEADER + 20 * FRAME);
	assert.equal(await lossAfter(was, dir), 0);
	assert.ok(existsSync(`${log(dir)}.damaged`), 'the log is kept for a look');
});

// A server that was killed when all of its log had been copied and more had come: a moment between two commits, so it takes some tries.
async function killedAfterCopy() {
	for (let tries = 0; tries < 50; tries++) {
		const server = await startServer();
		const client = await Client.start(server, { guest: 'Writer' });
		const { id: room } = await client.request('room.create', { name: 'room' });
		const { token, session: { epoch } } = client;
		let last = 0;
		let sending = true;
		const sends = Array.from({ length: 4 }, async () => {
			while (sending) {
				const { seq } = await client.request('message.send', { room, text: 'on and on' }).catch(() => ({ seq: 0 }));
				last = Math.max(last, seq);
				sending &&= seq > 0;
			}
		});
		await until(30000, 'a copy of the log', () => logIndex(server.dataDir).copied > 700, 1);
		await server.kill();
		sending = false;
		await Promise.all(sends);
		const index = logIndex(server.dataDir);
		if (index.copied > 700 && index.frames >= index.copied + 20) { // several commits: the last one alone may not have been answered yet
			return { dir: server.dataDir, room, last, epoch, token, ...index };
		}
	}
	throw new Error('the moment was never met');
}

test('a damaged log that was copied, and had more since: what came since is missing, and nothing else', { timeout: 120000 }, async () => {
	const was = await killedAfterCopy();
	for (const frame of [1, 100, was.copied - 5]) {
		const dir = copyOf(was);
		flip(log(dir), HEADER + (frame - 1) * FRAME + 50);
		const missing = await lossAfter(was, dir);
		assert.ok(missing <= was.frames - was.copied, `frame ${frame}: ${missing} events are missing of ${was.frames} frames, ${was.copied} copied`);
	}
});

// Somebody who reads without a pause: commits after the moment that is read cannot be copied into the file.
const READ_ON = `import sqlite3, sys
c = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
c.execute('BEGIN')
c.execute('SELECT count(*) FROM room').fetchone()
print('reading', flush=True)
sys.stdin.read()`;

test('a damaged log of which pages are in the database file whose neighbours are not: refused as damaged, or a new epoch', { timeout: 120000 }, async () => {
	let reader;
	const was = await killedServer(100, undefined, ({ frames }) => frames > 800, async (dir, send) => {
		while (logIndex(dir).frames < 300) {
			await send();
		}
		reader = spawn('python3', ['-c', READ_ON, join(dir, 'parley.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
		await once(reader.stdout, 'data');
	});
	reader.kill('SIGKILL');
	await once(reader, 'exit');
	assert.equal(was.copied, 0, 'the file is not whole without the log');
	const at = (frame) => HEADER + (frame - 1) * FRAME + 50;
	for (const frame of [1, 100, 250, 400, was.frames - 100, was.frames]) {
		const dir = copyOf(was);
		flip(log(dir), at(frame));
		const missing = await lossAfter(was, dir).catch((error) => error);
		assert.ok(missing > 0 || /parley\.db is damaged/.test(missing.stderr), `frame ${frame} of ${was.frames}: ${missing.stack ?? missing}`);
	}
});

test('a proof that is older, damaged, missing or of another time accuses nobody', { timeout: 120000 }, async () => {
	const was = await killedServer(30);
	const older = readFileSync(reach(was.dir));
	let dir = copyOf(was);
	rmSync(reach(dir));
	assert.equal(await lossAfter(was, dir), 0);
	for (const at of [0, 9, 4096, 4096 + 30]) {
		dir = copyOf(was);
		flip(reach(dir), at);
		assert.equal(await lossAfter(was, dir), 0, `a bit at ${at}`);
	}
	dir = copyOf(was);
	writeFileSync(reach(dir), Buffer.alloc(8192, 0xa5));
	assert.equal(await lossAfter(was, dir), 0);
	// The server goes on, through a whole round of the log, and the proof of before comes back.
	dir = copyOf(was);
	const server = await startServer({ dataDir: dir });
	const client = await Client.start(server, { token: was.token });
	let { last } = was;
	for (let restarted = false; !restarted;) {
		({ seq: last } = await client.request('message.send', { room: was.room, text: 'on and on' }));
		restarted = logIndex(dir).frames < 700 && statSync(log(dir)).size > 700 * FRAME;
	}
	await server.kill();
	writeFileSync(reach(dir), older);
	assert.equal(await lossAfter({ ...was, last }, dir), 0);
	// The proof of a database that is another one now.
	dir = copyOf(was);
	const other = await startServer();
	await other.kill();
	renameSync(reach(dir), `${reach(dir)}.kept`);
	cpSync(reach(other.dataDir), reach(dir));
	assert.equal(await lossAfter(was, dir), 0);
});

test('an earlier state of the database beside its proof is noticed', { timeout: 60000 }, async () => {
	const was = await killedServer(10);
	const dir = copyOf(was);
	const server = await startServer({ dataDir: dir });
	const client = await Client.start(server, { token: was.token });
	const { seq: last } = await client.request('message.send', { room: was.room, text: 'one more' });
	await server.kill();
	for (const name of ['parley.db', 'parley.db-wal', 'parley.db-shm']) {
		cpSync(join(was.dir, name), join(dir, name));
	}
	assert.equal(await lossAfter({ ...was, last }, dir), 1);
});

test(`${Math.ceil(40 * soak)} quick kills with a few writes between them are no loss`, { timeout: 120000 * Math.max(1, soak) }, async () => {
	const { dir, room, epoch, token } = await killedServer(1);
	for (let i = 0; i < Math.ceil(40 * soak); i++) {
		const server = await startServer({ dataDir: dir });
		assert.doesNotMatch(server.stderr, /store\.log_(lost|set_aside)/);
		if (i % 3 > 0) {
			const client = await Client.start(server, { token, epoch });
			assert.equal(client.session.epoch, epoch);
			const sends = Array.from({ length: 5 * (i % 7) }, () => client.request('message.send', { room, text: 'x'.repeat(2000) }));
			await Promise.race([Promise.all(sends), ...sends.slice(0, 1)]);
			sends.forEach((sent) => sent.catch(() => {}));
		}
		await server.kill();
	}
});

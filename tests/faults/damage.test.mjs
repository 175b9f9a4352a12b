// Random places of the database file and of its log are damaged. What clients hold stays true: a seq that a client has seen never gets other bytes, unless a
// room.gap comes first. No JSON and no frame is broken, and no read ends the process.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { before } from 'node:test';
import { Client, WireError } from '../e2e/lib/client.mjs';
import { overwrite } from '../e2e/lib/damage.mjs';
import { EventStream, command, request } from '../e2e/lib/http.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { Dice, damage, nFlips, seed } from './lib/flips.mjs';


const ROOMS = 3;
const READERS = 3; // each came to know another part of the logs, and comes back with those cursors

// Where everything starts from: {dir, epoch, users: [{token, cursors: {room: seq}}], known: Map room -> Map seq -> bytes}.
const start = {};

async function say(server, token, from, to) {
	for (let i = from; i < to; i++) {
		await Promise.all(Object.keys(start.rooms).map((room) => command(server, 'message.send', { room, text: `${i} ${'ä€𝄞x'.repeat(1 + i % 40)}` }, { token })));
	}
}

// Some of the log is in the file, the rest in the write-ahead log of a server that was killed.
before(async () => {
	let server = await startServer({ dataDir: temporaryDir() });
	const { token } = await command(server, 'session.start', { guest: 'Writer' });
	start.rooms = {};
	for (let i = 0; i < ROOMS; i++) {
		const room = await command(server, 'room.create', { name: `room ${i}` }, { token });
		start.rooms[room.id] = room.name;
	}
	start.users = [];
	start.known = new Map(Object.keys(start.rooms).map((room) => [room, new Map()]));
	const clients = [];
	for (let i = 0; i < READERS; i++) {
		const client = await Client.start(server, { guest: `Reader ${i}` }, { onEvent: (event, raw) => event.seq && start.known.get(event.room).set(event.seq, raw) });
		for (const room of Object.keys(start.rooms)) {
			await client.request('room.join', { room });
		}
		clients.push(client);
		start.users.push({ token: client.token });
	}
	await say(server, token, 0, 100);
	await Promise.all(clients.map((client) => client.close()));
	await server.stop();
	server = await startServer({ dataDir: server.dataDir });
	// All of it once more, so that each seq is known.
	const all = await Client.start(server, { token, resume: Object.fromEntries(Object.keys(start.rooms).map((room) => [room, 0])) },
		{ onEvent: (event, raw) => event.seq && start.known.get(event.room).set(event.seq, raw) });
	await say(server, token, 100, 130);
	start.last = {};
	for (const room of Object.keys(start.rooms)) {
		start.last[room] = (await command(server, 'room.get', { room }, { token })).room.last_seq;
		await all.waitSeq(room, start.last[room]);
		assert.equal(start.known.get(room).size, start.last[room]);
	}
	start.epoch = all.session.epoch;
	start.users.forEach((user, i) => {
		user.cursors = Object.fromEntries(Object.entries(start.last).map(([room, last]) => [room, Math.floor(last * i / (READERS - 1))]));
	});
	start.users.push({ token, cursors: start.users[1].cursors });
	await server.kill();
	start.dir = server.dataDir;
	start.files = Object.fromEntries(['parley.db', 'parley.db-wal', 'parley.reach'].map((name) => [name, readFileSync(join(start.dir, name))]));
	start.writer = token;
});

// A data directory in the state that the killed server left, except for the damage to one of its files.
function damagedDir(name, bytes) {
	const dir = join(temporaryDir('parley-flip-'), 'data');
	mkdirSync(dir, { mode: 0o700 });
	for (const [file, content] of Object.entries(start.files)) {
		writeFileSync(join(dir, file), file === name ? bytes : content);
	}
	return dir;
}

// A server on damaged files, or undefined when it says why it does not start.
async function startOn(dir) {
	try {
		return await startServer({ dataDir: dir });
	} catch (error) {
		assert.deepEqual(error.exit, { code: 1, signal: null }, error.message);
		assert.match(error.stderr, /parley\.db/);
		return undefined;
	}
}

// What a reading of one room brought: `seen` bytes by seq, `gaps` that came; a gap says that from there on nothing is known.
class Reading {
	// isVoid: another epoch was named already, so nothing that was held counts.
	constructor(report, isVoid = false) {
		this.report = report;
		this.isVoid = isVoid;
		this.anew = new Set(); // rooms of which a gap said that all is void
	}

	event(event, raw) {
		if (event.type === 'room.gap') {
			assert.ok(['damaged', 'restored', 'beyond_end', 'too_far', 'skipped'].includes(event.data.reason), raw);
			this.report.gaps++;
			if (['restored', 'beyond_end'].includes(event.data.reason)) {
				this.anew.add(event.room);
			}
		} else if (event.seq) {
			this.bytes(event.room, event.seq, raw);
		}
	}

	bytes(room, seq, raw) {
		this.report.events++;
		const known = start.known.get(room)?.get(seq);
		// Nobody holds anything of a room whose id is another now, or of what was sent since.
		if (known !== undefined && known !== raw && !this.isVoid && !this.anew.has(room)) {
			this.report.changed.push(`room ${room} seq ${seq}: ${raw} instead of ${known}`);
		}
	}
}

const refusedCodes = new Set(['unavailable', 'invalid_token', 'not_found', 'forbidden']);

// A client comes back with its cursors and reads until nothing more arrives.
async function resume(server, user, report) {
	const reading = new Reading(report);
	let client;
	try {
		client = await Client.start(server, { token: user.token, epoch: start.epoch, resume: user.cursors }, { onEvent: (event, raw) => reading.event(event, raw) });
	} catch (error) {
		assert.ok(error instanceof WireError && refusedCodes.has(error.code), error.stack);
		report.refusals++;
		return;
	}
	report.epoch = client.session.epoch;
	for (const { id, last_seq: last } of client.session.rooms) {
		if (user.cursors[id] !== undefined) {
			await client.waitFor(`seq ${last} of ${id}`, () => client.last.get(id) >= last || (client.gaps && client.last.get(id) === 0 && last === 0));
		}
		if (start.last[id] !== undefined && last < start.last[id] && !reading.anew.has(id) && user.cursors[id] <= last) {
			report.shorter++;
		}
	}
	client.assertOrdered();
	client.terminate();
	await client.closed;
}

async function stream(server, user, report) {
	const reading = new Reading(report, report.epoch !== start.epoch);
	for (const room of Object.keys(start.rooms)) {
		const events = await EventStream.open(server, `room=${room}&after=0`, { token: user.token });
		if (events.status !== 200) {
			assert.ok([401, 403, 404, 503].includes(events.status), `${events.status}`);
			report.refusals++;
			events.close();
			continue;
		}
		const top = (await request(server, 'POST', '/api/v1/room.get', { headers: { Authorization: `Bearer ${user.token}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ room }) }));
		const last = JSON.parse(top.text).data.room?.last_seq ?? 0;
		await events.waitFor('the end of the log', () => {
			const { data } = events.events.at(-1) ?? {};
			return last === 0 || (data && (data.seq ?? data.data.to) >= last);
		});
		events.events.forEach(({ data, raw }) => reading.event(data, raw));
		events.close();
	}
}

// Everything by history.read, from both ends, over what is refused.
async function history(server, user, report) {
	const reading = new Reading(report, report.epoch !== start.epoch);
	for (const room of Object.keys(start.rooms)) {
		for (const newest of [false, true]) {
			let [after, below] = [0, start.last[room] + 1];
			while (after + 1 < below) {
				const where = newest ? { before: below } : { after };
				const answer = await request(server, 'POST', '/api/v1/history.read', {
					headers: { Authorization: `Bearer ${user.token}`, 'Content-Type': 'application/json' },
					body: JSON.stringify({ room, ...where, limit: 50 }),
				});
				const { type, data } = JSON.parse(answer.text);
				if (type === 'error') {
					assert.ok(refusedCodes.has(data.code) && !data.retryable, answer.text);
					report.refusals++;
					const [, from, to] = /seq (\d+) to (\d+)/.exec(data.message) ?? [];
					if (to === undefined) {
						break;
					}
					[after, below] = newest ? [after, Number(from)] : [Number(to), below];
					continue;
				}
				if (data.events.length === 0) {
					report.shorter++;
					break;
				}
				for (const event of data.events) {
					const raw = start.known.get(room).get(event.seq);
					report.events++;
					if (raw !== undefined && !answer.text.includes(raw)) {
						reading.bytes(room, event.seq, JSON.stringify(event));
					}
				}
				[after, below] = newest ? [after, data.events[0].seq] : [data.events.at(-1).seq, below];
			}
		}
	}
}

async function readEverything(what, server, report) {
	try {
		await readAll(server, report);
	} catch (error) {
		throw new Error(`${what}: ${error.stack}\nthe server (${JSON.stringify(server.exit)}) said:\n${server.stderr.slice(-3000)}`);
	}
}

async function readAll(server, report) {
	for (const user of start.users) {
		await resume(server, user, report);
	}
	await stream(server, start.users[0], report);
	await history(server, start.users[1], report);
	assert.equal(server.exit, undefined, `a read ended the server (${JSON.stringify(server.exit)}):\n${server.stderr.slice(-3000)}`);
}

// A write that meets damage of what every write needs may end the server, with a message and status 3.
async function write(server, report) {
	const sent = await command(server, 'message.send', { room: Object.keys(start.rooms)[0], text: 'a write' }, { token: start.writer }).catch((error) => error);
	if (sent.seq || sent.answer) {
		return;
	}
	await server.waitExit();
	assert.deepEqual(server.exit, { code: 3, signal: null }, server.stderr.slice(-3000));
	assert.match(server.stderr, /store\.lost/);
	report.ended = true;
}

const newReport = () => ({ epoch: start.epoch, events: 0, gaps: 0, refusals: 0, shorter: 0, changed: [], ended: false });

// A table of what became of the flips.
class Table {
	constructor() {
		this.counts = { 'refused at start': 0, gapped: 0, 'refused read': 0, shorter: 0, 'other bytes': 0, harmless: 0 };
		this.faults = [];
		this.ended = 0;
	}

	add(what, server, report) {
		if (!server) {
			this.counts['refused at start']++;
			return;
		}
		this.ended += report.ended ? 1 : 0;
		this.faults.push(...report.changed.map((change) => `${what}: ${change}`));
		this.counts[report.changed.length ? 'other bytes' : report.gaps ? 'gapped' : report.refusals ? 'refused read' : report.shorter ? 'shorter' : 'harmless']++;
	}

	print(t, name) {
		t.diagnostic(`${name}: ${Object.entries(this.counts).map(([what, n]) => `${what} ${n}`).join(' · ')} (the next write ended the server: ${this.ended})`);
	}
}

async function end(server) {
	server.assertNoReport();
	await server.kill();
	rmSync(server.dataDir, { recursive: true });
}

const options = { timeout: 60000 + nFlips * 5000 };
const share = Math.ceil(nFlips / 4);

test(`${share} places of parley.db of a killed server (SEED=${seed})`, options, async (t) => {
	const dice = new Dice(seed);
	const table = new Table();
	for (let i = 0; i < share; i++) {
		const bytes = Buffer.from(start.files['parley.db']);
		const what = damage(bytes, dice);
		const report = newReport();
		const server = await startOn(damagedDir('parley.db', bytes));
		if (server) {
			await readEverything(what, server, report);
			await write(server, report);
			await end(server);
		}
		table.add(what, server, report);
	}
	table.print(t, 'parley.db, at the start');
	assert.deepEqual(table.faults, []);
});

// The case of a file that is too large to be read at the start, or of a disk that loses a page later.
for (const name of ['parley.db', 'parley.db-wal']) {
	test(`${share} places of ${name} under the server (SEED=${seed})`, options, async (t) => {
		const dice = new Dice(seed + (name === 'parley.db' ? 1 : 2));
		const table = new Table();
		for (let i = 0; i < share; i++) {
			const server = await startOn(damagedDir());
			const path = join(server.dataDir, name);
			const bytes = readFileSync(path);
			const what = damage(bytes, dice);
			overwrite(path, 0, bytes);
			const report = newReport();
			await readEverything(what, server, report);
			await write(server, report);
			table.add(what, server, report);
			await end(server);
		}
		table.print(t, `${name}, under the server`);
		assert.deepEqual(table.faults, []);
	});
}

// Acknowledged events that the log does not give back are lost, and their seqs are given again. A client that holds them has to be told.
test(`${share} places of parley.db-wal of a killed server (SEED=${seed})`, options, async (t) => {
	const dice = new Dice(seed + 3);
	const table = new Table();
	let lost = 0;
	for (let i = 0; i < share; i++) {
		const bytes = Buffer.from(start.files['parley.db-wal']);
		const what = damage(bytes, dice);
		const report = newReport();
		const server = await startOn(damagedDir('parley.db-wal', bytes));
		if (server) {
			lost += await growAgain(server) ? 1 : 0;
			await readEverything(what, server, report);
			await end(server);
		}
		table.add(what, server, report);
	}
	table.print(t, 'parley.db-wal, at the start');
	t.diagnostic(`${lost} of them lost acknowledged events; ${table.faults.length} seqs were given twice without a word`);
	assert.deepEqual(table.faults, []);
});

// The rooms are written to until they are past what clients hold. Whether anything was lost.
async function growAgain(server) {
	let lost = false;
	for (const room of Object.keys(start.rooms)) {
		for (;;) {
			const { seq } = await command(server, 'message.send', { room, text: 'since then' }, { token: start.writer }).catch(() => ({}));
			lost ||= seq !== undefined && seq <= start.last[room];
			if (seq === undefined || seq > start.last[room]) {
				break;
			}
		}
	}
	return lost;
}

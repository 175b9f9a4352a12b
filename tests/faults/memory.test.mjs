// Memory that runs out: one allocation fails, anywhere. The process goes on or ends in good order, and the restart is whole.
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { buildDir, sleep, soak } from '../e2e/lib/env.mjs';
import { get, post } from '../e2e/lib/http.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { assertRecords, assertWhole } from './lib/checker.mjs';
import { Participant } from './lib/participant.mjs';

const FAILURES = Math.ceil(60 * soak);
const FURTHEST = 3000; // allocations ahead

// The file that the library counts down in.
function openCountdown() {
	const path = join(temporaryDir(), 'countdown');
	writeFileSync(path, Buffer.alloc(4));
	const fd = openSync(path, 'r+');
	const bytes = Buffer.alloc(4);
	return {
		env: { LD_PRELOAD: join(buildDir, 'tests', 'fault', 'libfault_memory.so'), TEST_FAULT_COUNTDOWN: path },
		set(n) {
			bytes.writeUInt32LE(n);
			writeSync(fd, bytes, 0, 4, 0);
		},
		left() {
			readSync(fd, bytes, 0, 4, 0);
			return bytes.readUInt32LE();
		},
		close: () => closeSync(fd),
	};
}

// Everything else that allocates: coming and going, pages of history, HTTP, event streams. The participants notice its failures.
async function otherWork(target, room, going) {
	for (let i = 0; going(); i++) {
		const server = target();
		await Promise.allSettled([
			Client.start(server, { guest: `Visitor ${i}` }).then(async (client) => {
				await client.request('room.join', { room });
				await client.request('history.read', { room, limit: 100 });
				await client.request('typing.set', { room });
				await client.close();
			}),
			post(server, 'session.start', { guest: `Poster ${i}` }),
			get(server, '/readyz'),
			get(server, '/metrics'),
			get(server, '/'),
		]);
		await sleep(5);
	}
}

// SIGABRT: the process said that there is no memory. 3: the store did.
const endedInGoodOrder = ({ code, signal }) => signal === 'SIGABRT' || code === 3;

test(`${FAILURES} allocations that fail under load`, { timeout: 300000 * Math.max(1, soak) }, async (t) => {
	const countdown = openCountdown();
	const dataDir = join(temporaryDir(), 'data');
	const start = () => startServer({ dataDir, env: countdown.env });
	let server = await start();
	const participants = [];
	for (let i = 0; i < 3; i++) {
		participants.push(new Participant(`participant ${i}`, () => server));
		await participants[i].arrive('the room');
	}
	participants.forEach((participant) => participant.startSending());
	let going = true;
	const other = otherWork(() => server, participants[0].room, () => going);
	const ends = { 'went on': 0 };
	const startAgain = async () => {
		assert.ok(endedInGoodOrder(server.exit), `it ended with ${JSON.stringify(server.exit)}:\n${server.stderr.slice(-3000)}`);
		const how = server.exit.signal ?? `code ${server.exit.code}`;
		ends[how] = (ends[how] ?? 0) + 1;
		countdown.set(0); // where it ended of an earlier one, this one is still to come
		server = await start();
	};
	for (let i = 0; i < FAILURES; i++) {
		countdown.set(1 + Math.floor(Math.random() * FURTHEST));
		while (!server.exit && countdown.left() > 0)
			await sleep(2); // between two looks: an allocation or an end comes
		// It went on when it answers after that. (One that ends later than that is met in the next round.)
		await Promise.race([server.exited, get(server, '/healthz').catch(() => server.exited)]);
		if (!server.exit) {
			ends['went on']++;
			continue;
		}
		await startAgain();
	}
	const nAcknowledged = () => participants.reduce((sum, participant) => sum + participant.acknowledged.length, 0);
	await until(60000, 'enough messages', async () => { // how many come between two failures is the machine's speed
		if (server.exit) {
			await startAgain(); // of the last failure
		}
		return nAcknowledged() > FAILURES;
	});
	going = false;
	await other;
	await Promise.all(participants.map((participant) => participant.stopSending()));
	countdown.close();
	const { acknowledged } = await assertRecords(server, participants);
	// Who meets it is chance: SQLite allocates more soon after a start, when it prepares its statements.
	assert.ok(FAILURES - ends['went on'] > FAILURES / 4 && ends.SIGABRT > 0, `allocations did not fail: ${JSON.stringify(ends)}`);
	t.diagnostic(`${acknowledged} acknowledged; ${JSON.stringify(ends)}`);
	await Promise.all(participants.map((participant) => participant.leave()));
	await server.stop();
	server = await startServer({ dataDir });
	await assertWhole(server);
	await server.stop();
});

// SIGKILL at random moments under load: nothing acknowledged is lost, nobody misses or sees anything twice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { sleep, soak } from '../e2e/lib/env.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { assertDescriptors, assertRecords, assertWhole } from './lib/checker.mjs';
import { Participant, getThrough } from './lib/participant.mjs';

const KILLS = Math.ceil(20 * soak);

async function fleet(target, n, options) {
	const participants = [];
	for (let i = 0; i < n; i++) {
		const participant = new Participant(`participant ${i}`, target, options);
		await participant.arrive('the room');
		participants.push(participant);
	}
	return participants;
}

test(`${KILLS} kills at random moments under load`, { timeout: 600000 * Math.max(1, soak) }, async (t) => {
	let server = await startServer();
	const descriptors = server.fds();
	const participants = await fleet(() => server, 6);
	participants.forEach((participant) => participant.startSending());
	const { dataDir } = server;
	let wanted = 0;
	for (let i = 0; i < KILLS; i++) {
		// Each fourth at once, while they come back; the others anywhere between acknowledgements.
		const n = i % 4 === 3 ? 0 : 1 + Math.floor(Math.random() * 100);
		wanted += n;
		await getThrough(participants, n);
		await server.kill();
		if (i % 5 === 4) {
			await sleep(100); // long enough that some clients try to come back before the server is there
		}
		server = await startServer({ dataDir });
		assert.doesNotMatch(server.stderr, /store\.log_lost/);
	}
	await Promise.all(participants.map((participant) => participant.getsThrough(5)));
	await Promise.all(participants.map((participant) => participant.stopSending()));
	const { acknowledged, events } = await assertRecords(server, participants);
	assert.ok(acknowledged >= wanted, `only ${acknowledged} messages`);
	const repeated = participants.flatMap((participant) => participant.acknowledged).filter((sent) => sent.duplicate).length;
	t.diagnostic(`${KILLS} kills, ${acknowledged} acknowledged (${repeated} of them found there already), ${events} events in the log`);
	await Promise.all(participants.map((participant) => participant.leave()));
	await assertWhole(server);
	await assertDescriptors(server, descriptors);
	await server.stop();
});

test('readers that stop reading for a while, through kills', { timeout: 600000 * Math.max(1, soak) }, async (t) => {
	let server = await startServer();
	const descriptors = server.fds();
	const participants = await fleet(() => server, 6);
	const [, , ...readers] = participants;
	const senders = participants.slice(0, 2);
	senders.forEach((participant) => participant.startSending());
	let resting = true;
	let nRests = 0;
	const rests = readers.map(async (reader) => {
		while (resting) {
			const { client } = reader;
			client.pause();
			await sleep(Math.random() * 400);
			client.resume();
			nRests++;
			await sleep(Math.random() * 100);
		}
	});
	const { dataDir } = server;
	for (let i = 0; i < Math.ceil(6 * soak); i++) {
		const before = nRests;
		await getThrough(senders, 200);
		await until(30000, 'each to have rested, or nearly', () => nRests >= before + readers.length);
		await server.kill();
		server = await startServer({ dataDir });
	}
	await getThrough(senders, 100);
	resting = false;
	await Promise.all(rests);
	await Promise.all(senders.map((participant) => participant.stopSending()));
	const { acknowledged } = await assertRecords(server, participants);
	t.diagnostic(`${acknowledged} acknowledged`);
	await Promise.all(participants.map((participant) => participant.leave()));
	await assertWhole(server);
	await assertDescriptors(server, descriptors);
	await server.stop();
});

test('a kill right after the start, again and again', async () => {
	let server = await startServer();
	const { dataDir } = server;
	for (let i = 0; i < Math.ceil(10 * soak); i++) {
		await server.kill();
		server = await startServer({ dataDir });
	}
	await assertWhole(server);
	await server.stop();
});

test('a kill during the drain loses nothing that was acknowledged', async () => {
	let server = await startServer({ args: ['--drain-ms', '20000'] });
	const participants = await fleet(() => server, 3);
	participants.forEach((participant) => participant.startSending());
	await getThrough(participants, 50);
	server.signal('SIGTERM');
	await until(30000, 'the beginning of the drain', () => server.stderr.includes('drain.begin'));
	await server.kill();
	assert.equal(server.exit.signal, 'SIGKILL', 'the drain was over');
	server = await startServer({ dataDir: server.dataDir });
	await Promise.all(participants.map((participant) => participant.stopSending()));
	await assertRecords(server, participants);
	await Promise.all(participants.map((participant) => participant.leave()));
	await assertWhole(server);
	await server.stop();
});

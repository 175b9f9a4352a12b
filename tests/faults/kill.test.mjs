// SIGKILL at random moments under load: nothing acknowledged is lost, nobody misses or sees anything twice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { sleep, soak } from '../e2e/lib/env.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { assertDescriptors, assertRecords, assertWhole } from './lib/checker.mjs';
import { Participant } from './lib/participant.mjs';

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
	for (let i = 0; i < KILLS; i++) {
		await sleep(Math.random() * 250);
		await server.kill();
		if (i % 5 === 4) {
			await sleep(100); // away for longer than a blink
		}
		server = await startServer({ dataDir });
		assert.doesNotMatch(server.stderr, /store\.log_lost/);
	}
	await sleep(300);
	await Promise.all(participants.map((participant) => participant.stopSending()));
	const { acknowledged, events } = await assertRecords(server, participants);
	assert.ok(acknowledged > KILLS * 10, `only ${acknowledged} messages`);
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
	const rests = readers.map(async (reader) => {
		while (resting) {
			const { client } = reader;
			client.pause();
			await sleep(Math.random() * 400);
			client.resume();
			await sleep(Math.random() * 100);
		}
	});
	const { dataDir } = server;
	for (let i = 0; i < Math.ceil(6 * soak); i++) {
		await sleep(500);
		await server.kill();
		server = await startServer({ dataDir });
	}
	await sleep(300);
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
	let server = await startServer({ args: ['--drain-ms', '2000'] });
	const participants = await fleet(() => server, 3);
	participants.forEach((participant) => participant.startSending());
	await sleep(300);
	server.signal('SIGTERM');
	await sleep(150);
	await server.kill();
	server = await startServer({ dataDir: server.dataDir });
	await Promise.all(participants.map((participant) => participant.stopSending()));
	await assertRecords(server, participants);
	await Promise.all(participants.map((participant) => participant.leave()));
	await assertWhole(server);
	await server.stop();
});

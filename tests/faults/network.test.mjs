// Bad networks: black holes, resets, lost acknowledgements, delays, bytes one by one, a process that stands still.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { sleep, soak } from '../e2e/lib/env.mjs';
import { Proxy } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { assertDescriptors, assertRecords, assertWhole } from './lib/checker.mjs';
import { Participant } from './lib/participant.mjs';

async function finishAll(server, participants, descriptors, proxy) {
	await Promise.all(participants.map((participant) => participant.stopSending()));
	const result = await assertRecords(server, participants);
	await Promise.all(participants.map((participant) => participant.leave()));
	await proxy?.close();
	await assertWhole(server);
	await assertDescriptors(server, descriptors);
	await server.stop();
	return result;
}

// Half of the participants behind the proxy.
async function splitFleet(server, proxy, options) {
	const participants = [];
	for (let i = 0; i < 6; i++) {
		const participant = new Participant(`participant ${i}`, () => (i % 2 ? proxy : server), options);
		await participant.arrive('the room');
		participant.startSending();
		participants.push(participant);
	}
	return participants;
}

test('connections reset at random moments', { timeout: 300000 }, async (t) => {
	const server = await startServer();
	const descriptors = server.fds();
	const proxy = await Proxy.start(server.port);
	const participants = await splitFleet(server, proxy);
	for (let i = 0; i < Math.ceil(20 * soak); i++) {
		await sleep(Math.random() * 150);
		proxy.resetAll();
	}
	const { acknowledged } = await finishAll(server, participants, descriptors, proxy);
	const repeated = participants.flatMap((participant) => participant.acknowledged).filter((sent) => sent.duplicate).length;
	t.diagnostic(`${acknowledged} acknowledged, ${repeated} of them were there already when repeated`);
});

test('black-holed connections: others go on, the lost ones come back and miss nothing', { timeout: 300000 }, async () => {
	const server = await startServer({ args: ['--heartbeat-ms', '300', '--limit-idle-ms', '3000'] });
	const descriptors = server.fds();
	const proxy = await Proxy.start(server.port);
	const participants = await splitFleet(server, proxy, { answerMs: 500 });
	for (let i = 0; i < Math.ceil(3 * soak); i++) {
		await sleep(300);
		const [direct] = participants;
		const before = direct.acknowledged.length;
		proxy.blackHole();
		await sleep(1000);
		assert.ok(direct.acknowledged.length > before + 10, 'those on a good network were held up');
		proxy.resetAll();
		proxy.heal();
	}
	await finishAll(server, participants, descriptors, proxy);
});

test('a send whose acknowledgement is lost is answered as a duplicate when it is repeated', async () => {
	const server = await startServer();
	const descriptors = server.fds();
	const proxy = await Proxy.start(server.port);
	const first = await Client.start(proxy, { guest: 'Unlucky' });
	const room = (await first.request('room.create', { name: 'room' })).id;
	for (let i = 0; i < 5; i++) {
		const client = i ? await Client.start(proxy, { token: first.token }) : first;
		const client_id = randomUUID();
		proxy.swallow.toClient = true;
		client.request('message.send', { room, text: `lost ${i}`, client_id }).catch(() => {});
		await sleep(200);
		proxy.resetAll();
		proxy.heal();
		const again = await Client.start(proxy, { token: first.token });
		const answer = await again.request('message.send', { room, text: `lost ${i}`, client_id });
		assert.equal(answer.duplicate, true);
		assert.equal(answer.seq, 3 + i);
		await again.close();
	}
	const reader = await Client.start(server, { token: first.token, resume: { [room]: 2 } });
	await reader.waitSeq(room, 7);
	assert.deepEqual(reader.texts(room), Array.from({ length: 5 }, (_, i) => `lost ${i}`));
	await reader.close();
	await proxy.close();
	await assertWhole(server);
	await assertDescriptors(server, descriptors);
	await server.stop();
});

test('a slow network that delays and cuts everything into bytes', { timeout: 300000 }, async () => {
	const server = await startServer();
	const descriptors = server.fds();
	const proxy = await Proxy.start(server.port);
	proxy.byteByByte = true;
	proxy.delayMs = 5;
	const participants = await splitFleet(server, proxy, { lanes: 1, pauseMs: 50, answerMs: 20000 });
	await sleep(2000);
	proxy.byteByByte = false;
	await finishAll(server, participants, descriptors, proxy);
});

test('a stalled network whose buffers fill, and which flows again', { timeout: 300000 }, async () => {
	const server = await startServer();
	const descriptors = server.fds();
	const proxy = await Proxy.start(server.port);
	const participants = await splitFleet(server, proxy, { answerMs: 20000 });
	for (let i = 0; i < Math.ceil(3 * soak); i++) {
		proxy.stall('toClient');
		await sleep(500);
		proxy.flow('toClient');
		proxy.stall('toServer');
		await sleep(200);
		proxy.flow('toServer');
	}
	await finishAll(server, participants, descriptors, proxy);
});

test('a process that stands still (SIGSTOP) and goes on (SIGCONT)', { timeout: 300000 }, async () => {
	const server = await startServer();
	const descriptors = server.fds();
	const participants = await splitFleet(server, server, { answerMs: 20000 });
	for (let i = 0; i < Math.ceil(3 * soak); i++) {
		await sleep(200);
		server.signal('SIGSTOP');
		await sleep(700);
		server.signal('SIGCONT');
	}
	await sleep(200);
	await finishAll(server, participants, descriptors);
});

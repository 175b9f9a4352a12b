// Bad networks: black holes, resets, lost acknowledgements, delays, bytes one by one, a process that stands still.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { sleep, soak } from '../e2e/lib/env.mjs';
import { command } from '../e2e/lib/http.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { Proxy } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { assertDescriptors, assertRecords, assertWhole } from './lib/checker.mjs';
import { Participant, getThrough } from './lib/participant.mjs';

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

const direct = (participants) => participants.filter((_, i) => i % 2 === 0);
const throughProxy = (participants) => participants.filter((_, i) => i % 2 === 1);

test('connections reset at random moments', { timeout: 300000 }, async (t) => {
	const server = await startServer();
	const descriptors = server.fds();
	const proxy = await Proxy.start(server.port);
	const participants = await splitFleet(server, proxy);
	for (let i = 0; i < Math.ceil(20 * soak); i++) {
		await getThrough(throughProxy(participants), 1 + Math.floor(Math.random() * 50));
		proxy.resetAll();
	}
	for (const { name, nConnections } of throughProxy(participants)) {
		assert.ok(nConnections > 10 * soak, `${name} came back ${nConnections} times only`);
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
		await Promise.all(throughProxy(participants).map((participant) => participant.getsThrough(5)));
		const lost = throughProxy(participants).map((participant) => participant.client);
		proxy.blackHole();
		await Promise.all(direct(participants).map((participant) => participant.getsThrough(50))); // they are not held up
		await Promise.all(lost.map((client) => client.waitClose(30000))); // they give up waiting for answers
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
		const swallowed = proxy.swallowed.toClient;
		proxy.swallow.toClient = true;
		client.request('message.send', { room, text: `lost ${i}`, client_id }).catch(() => {});
		await until(30000, 'the server to have it', async () => (await command(server, 'room.get', { room }, { token: first.token })).room.last_seq === 3 + i);
		await until(30000, 'its answer to be lost', () => proxy.swallowed.toClient > swallowed);
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
	// So few messages that they get through byte by byte on a slow machine too, and do not pile up in the proxy.
	const participants = await splitFleet(server, proxy, { lanes: 1, pauseMs: 400, answerMs: 60000 });
	await Promise.all(participants.map((participant) => participant.getsThrough(4)));
	proxy.byteByByte = false;
	await finishAll(server, participants, descriptors, proxy);
});

test('a stalled network whose buffers fill, and which flows again', { timeout: 300000 }, async () => {
	const server = await startServer();
	const descriptors = server.fds();
	const proxy = await Proxy.start(server.port);
	const participants = await splitFleet(server, proxy, { answerMs: 60000, padding: 'x'.repeat(7000) });
	const before = await metricsOf(server);
	for (let i = 0; i < Math.ceil(3 * soak); i++) {
		proxy.stall('toClient');
		await getThrough(direct(participants), i === 0 ? 1000 : 50); // 7 MB: more than the kernel's buffers take
		proxy.flow('toClient');
		await Promise.all(throughProxy(participants).map((participant) => participant.getsThrough(1)));
		proxy.stall('toServer');
		await getThrough(direct(participants), 50);
		proxy.flow('toServer');
	}
	const pages = (await metricsOf(server)).get('parley_log_pages_total') - before.get('parley_log_pages_total');
	assert.ok(pages > 3, `${pages} pages were read from the store: the buffers were not full`);
	await finishAll(server, participants, descriptors, proxy);
});

test('a process that stands still (SIGSTOP) and goes on (SIGCONT)', { timeout: 300000 }, async () => {
	const server = await startServer();
	const descriptors = server.fds();
	const participants = await splitFleet(server, server, { answerMs: 20000 });
	for (let i = 0; i < Math.ceil(3 * soak); i++) {
		await Promise.all(participants.map((participant) => participant.getsThrough(5)));
		server.signal('SIGSTOP');
		await sleep(700); // how long it stands still: longer is as well
		server.signal('SIGCONT');
	}
	await Promise.all(participants.map((participant) => participant.getsThrough(5)));
	await finishAll(server, participants, descriptors);
});

// Outgoing webhooks through SIGKILL at random moments, to a receiver that fails at random: every event comes at least once, and in the order of its room where that is asked for.
import test from 'node:test';
import { sleep } from '../e2e/lib/env.mjs';
import { command } from '../e2e/lib/http.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { receiver } from '../e2e/lib/webhook_agent.mjs';
import { ARGS, TEST_MS, WebhookProof, isFull } from './lib/webhook_proof.mjs';

const COUNTS = isFull ? { nRooms: 50, nEvents: 10000, nHangs: 5 } : { nRooms: 10, nEvents: 1000, nHangs: 0 };
const N_KILLS = isFull ? 25 : 5;
const STORED_MS = 2000; // what may be stored is stored by then
const WAIT_MS = 60000;

test(`${COUNTS.nEvents} events of ${COUNTS.nRooms} rooms through ${N_KILLS} kills of the server, and faults of the endpoint`, { timeout: TEST_MS }, async (t) => {
	let server = await startServer({ args: ARGS });
	const { dataDir } = server;
	t.after(() => server.stop());
	const p = await WebhookProof.begin(t, () => server, COUNTS);
	p.startSending();
	for (let i = 0; i < N_KILLS; i++) {
		await p.moment(COUNTS.nEvents / N_KILLS);
		await server.kill();
		server = await startServer({ dataDir, args: ARGS });
	}
	await p.assertAll();
	t.diagnostic(p.describe());
});

for (const order of ['any', 'per_room']) {
	test(`what is in flight at a kill comes again: ${order}`, { timeout: TEST_MS }, async (t) => {
		let server = await startServer({ args: ARGS });
		const { dataDir } = server;
		t.after(() => server.stop());
		const { token } = await command(server, 'account.create', { name: 'Maker', password: 'correct horse' });
		const ask = (type, data) => command(server, type, data, { token });
		const came = [];
		const to = await receiver(t, (request, response, got) => {
			const { text } = JSON.parse(got.body).data;
			came.push(text);
			if (text !== 'hangs' || came.indexOf(text) !== came.length - 1) {
				response.end();
			}
		});
		const rooms = [];
		for (const name of ['one', 'other']) {
			rooms.push((await ask('room.create', { name })).id);
		}
		await ask('webhook.create', { name: order, order, url: to.url(), filter: { types: ['message.created'] } });
		await ask('message.send', { room: rooms[0], text: 'before' });
		await until(WAIT_MS, 'what was said before', () => came.includes('before'));
		await ask('message.send', { room: rooms[0], text: 'hangs' });
		for (let i = 0; i < 5; i++) {
			await ask('message.send', { room: rooms[1], text: `beside ${i}` });
		}
		await until(WAIT_MS, 'it to hang', () => came.includes('hangs'));
		await sleep(STORED_MS);
		await server.kill();
		server = await startServer({ dataDir, args: ARGS });
		const all = ['hangs', 'hangs', ...Array.from({ length: 5 }, (_, i) => `beside ${i}`)];
		await until(WAIT_MS, 'all to come', () => all.every((text) => came.includes(text)) && came.filter((text) => text === 'hangs').length === 2);
	});
}

// How many events a second a consumer hands out and has acknowledged, by one worker or several. Not a test: figures depend on the machine.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from '../e2e/lib/client.mjs';
import { buildDir } from '../e2e/lib/env.mjs';
import { command } from '../e2e/lib/http.mjs';
import { REALTIME, median, runBehind, withParley } from './lib.mjs';

const HELP = `usage: tests/bench/consumer [--workers N]... [--limit N]... [--events N] [--rooms N] [--repeat N] [--realtime]

  --workers N   connections that read and acknowledge (repeatable; default 1, 4)
  --limit N     events of one consumer.read (repeatable; default 100, 1000)
  --events N    messages that are there before (default 20000)
  --rooms N     in so many rooms (default 50)
  --repeat N    turns; each figure is the median, behind it the least and the most (default 3)
  --realtime    the server runs before what else the machine does (chrt -f 10)`;

const { values: options } = parseArgs({ options: {
	workers: { type: 'string', multiple: true, default: ['1', '4'] }, limit: { type: 'string', multiple: true, default: ['100', '1000'] },
	events: { type: 'string', default: '20000' }, rooms: { type: 'string', default: '50' }, repeat: { type: 'string', default: '3' },
	realtime: { type: 'boolean' }, help: { type: 'boolean' },
} });
if (options.help) {
	console.log(HELP);
	process.exit(0);
}
const AT_ONCE = 200; // sends under way
const parleyd = join(process.env.BENCH_BUILD ?? buildDir, 'server', 'parleyd');
runBehind(options.realtime ? REALTIME : []);

async function fill(client, nRooms, nEvents) {
	const rooms = [];
	for (let i = 0; i < nRooms; i++)
		rooms.push((await client.request('room.create', { name: `room-${i}` })).id);
	for (let sent = 0; sent < nEvents; sent += AT_ONCE)
		await Promise.all(Array.from({ length: Math.min(AT_ONCE, nEvents - sent) }, (_, i) => client.request('message.send', { room: rooms[(sent + i) % nRooms], text: `message ${sent + i}` })));
}

// Events a second until all were acknowledged.
async function drain(clients, consumer, limit, nEvents) {
	let n = 0;
	const began = process.hrtime.bigint();
	await Promise.all(clients.map(async (client, i) => {
		while (n < nEvents) {
			const { events } = await client.request('consumer.read', { consumer, limit, worker: `w${i}`, wait_ms: 100 });
			n += events.length;
			if (events.length > 0)
				await client.request('consumer.ack', { consumer, deliveries: events.map((d) => d.delivery) });
		}
	}));
	return n / (Number(process.hrtime.bigint() - began) / 1e9);
}

await withParley(parleyd, async ({ url }) => {
	const server = { url, wsUrl: `${url.replace(/^http/, 'ws')}/ws` };
	const { token } = await command(server, 'account.create', { name: 'Maker', password: 'correct horse' });
	const clients = [];
	for (let i = 0; i < Math.max(...options.workers.map(Number)); i++)
		clients.push(await Client.start(server, { token }));
	const nEvents = Number(options.events);
	await fill(clients[0], Number(options.rooms), nEvents);
	console.log(`${nEvents} messages in ${options.rooms} rooms\nworkers  limit  events/s`);
	let turn = 0;
	for (const workers of options.workers.map(Number)) {
		for (const limit of options.limit.map(Number)) {
			const figures = [];
			for (let i = 0; i < Number(options.repeat); i++) {
				const name = `c${turn++}`;
				await clients[0].request('consumer.create', { name, from: 'start', filter: { types: ['message.created'] } });
				figures.push(await drain(clients.slice(0, workers), name, limit, nEvents));
				await clients[0].request('consumer.delete', { consumer: name });
			}
			console.log(`${String(workers).padStart(7)}  ${String(limit).padStart(5)}  ${median(figures).toFixed(0)} (${Math.min(...figures).toFixed(0)} … ${Math.max(...figures).toFixed(0)})`);
		}
	}
	await Promise.all(clients.map((client) => client.close()));
}, { more: ['--limit-consumer-waiting', '0'] });

// Who is signed out, or leaves a room, at one of three instances sees nothing at any of them a second later: while the bus is whole, and while Redis is away.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from '../e2e/lib/client.mjs';
import { scaled, sleep } from '../e2e/lib/env.mjs';
import { EventStream, command } from '../e2e/lib/http.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Scene } from './lib/scene.mjs';

const PASSWORD = 'correct horse battery';
const SEND_EVERY_MS = 20;
const N_BEHIND = 20; // what others say behind the limit

let scene;
before(async () => {
	scene = await Scene.open();
});
after(() => scene?.close());

const serversOf = () => scene.instances.map(({ server }) => server);

async function account(server) {
	const name = fresh('Person');
	const { token, user } = await command(server, 'account.create', { name, password: PASSWORD });
	return { name, token, id: user.id };
}

// Somebody at each instance who talks in the room until end(). sentAt: text → the moment before it was sent.
async function talk(t, room) {
	const sentAt = new Map();
	let isOver = false;
	const talking = await Promise.all(serversOf().map(async (server) => {
		const client = await clientFor(t, server, { token: (await account(server)).token });
		await client.request('room.join', { room });
		return async () => {
			for (let i = 0; !isOver; i++) {
				const text = fresh('word');
				sentAt.set(text, performance.now());
				await client.request('message.send', { room, text });
				await sleep(SEND_EVERY_MS);
			}
		};
	}));
	const loops = talking.map((loop) => loop());
	return {
		sentAt,
		end: () => {
			isOver = true;
			return Promise.all(loops);
		},
	};
}

// Somebody with a WebSocket and an event stream at each instance; seen(): the texts that came to any of them.
async function everywhere(t, person, room) {
	const clients = await Promise.all(serversOf().map((server) => clientFor(t, server, { token: person.token })));
	const streams = await Promise.all(serversOf().map((server) => EventStream.open(server, `room=${room}`, { token: person.token })));
	t.after(() => streams.forEach((stream) => stream.close()));
	const texts = (events) => events.filter(({ type }) => type === 'message.created').map(({ data }) => data.text);
	return {
		clients,
		each: () => [...clients.map(({ events }) => texts(events)), ...streams.map(({ events }) => texts(events.map(({ data }) => data)))],
	};
}

// What is done takes away the right to hear the room, at the first instance. Nothing that is sent limitMs after its answer reaches the person anywhere.
async function hearsNothing(t, limitMs, act) {
	const [first] = serversOf();
	const owner = await clientFor(t, first, { token: (await account(first)).token });
	const { id: room } = await owner.request('room.create', { name: fresh('room') });
	const person = await account(first);
	await command(first, 'room.join', { room }, { token: person.token });
	const here = await everywhere(t, person, room);
	const talking = await talk(t, room);
	await until(30000, 'the person to hear somebody everywhere', () => here.each().every((texts) => texts.length > 0));
	await act({ person, room, client: here.clients[0], server: first });
	const from = performance.now();
	const late = () => [...talking.sentAt.values()].filter((at) => at - from > scaled(limitMs)).length;
	await until(30000, 'others to go on talking behind the limit', () => late() > N_BEHIND);
	await talking.end();
	await Promise.all(here.clients.filter((client) => !client.close_).map((client) => client.settle()));
	const lastMs = Math.max(...here.each().flat().map((text) => talking.sentAt.get(text) - from));
	t.diagnostic(`the last that was heard was sent ${Math.round(lastMs)} ms behind the answer`);
	assert.ok(lastMs < scaled(limitMs), `heard what was sent ${lastMs} ms later`);
}

const ACTS = {
	'a session that is signed out': ({ person, server }) => command(server, 'account.logout', { everywhere: true }, { token: person.token }),
	'a member who leaves': ({ client, room }) => client.request('room.leave', { room }),
};

// Without the bus the database is asked once a second, give or take a quarter.
const PLACES = {
	'with the bus': { limitMs: 1000, hurt: () => {}, mend: () => {} },
	'with Redis dead': { limitMs: 1500, hurt: () => scene.redis.kill(), mend: () => scene.redis.start() },
	'with Redis standing still': { limitMs: 1500, hurt: () => scene.redis.freeze(), mend: () => scene.redis.thaw() },
};

for (const [place, { limitMs, hurt, mend }] of Object.entries(PLACES)) {
	for (const [what, act] of Object.entries(ACTS)) {
		test(`${what} hears nothing any more, ${place}`, { timeout: 120000 }, async (t) => {
			await hurt();
			try {
				await hearsNothing(t, limitMs, act);
			} finally {
				await mend();
			}
			await scene.untilWhole();
		});
	}
}

// The address of every room that the server allows. Browsers leave it unchanged, the server has the page for it, and it leads back to the room.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { roomOfPath, roomPath } from '../../web/src/room_path.js';
import { command, get } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

let server, token;
before(async () => {
	server = await startServer({ args: ['--limit-name-bytes', '3000', '--limit-user-rooms', '0'] });
	({ token } = await command(server, 'session.start', { guest: 'Namer' }));
});
after(() => server.stop());

// What an address does with the room that it is of.
async function holds(room, by = token) {
	const path = roomPath(room);
	assert.equal(new URL(path, server.url).pathname, path, 'a browser makes another address of it');
	assert.equal((await get(server, path)).status, 200, path);
	const named = await command(server, 'room.get', { room: roomOfPath(path) }, { token: by });
	assert.equal(named.room.id, room.id, path);
}

const make = (name, kind = 'public', by = token) => command(server, 'room.create', { name, kind }, { token: by });

const NAMES = ['.', '..', '...', '.a', 'a.', '..a', '.hidden.', '100%', '%', '%%', '%2e', '%2e%2e', '%2F', '%00', '%zz', '/', '//', 'a/b', '/a', 'a/', 'a/../b', '../general', '\\', 'a\\b',
	'..\\b', '?', 'a?b', '#', 'a#b', '&=+', 'a+b c', ';p=1', '@', ':', 'C:', "!'()*~_-", '"<>`{}|^[]', '🙂', 'שלום', 'مرحبا', 'é', 'ﬁ', '日本語', 'x'.repeat(700), '日'.repeat(500)];

for (const name of NAMES) {
	test(`a room that is named ${name.length > 40 ? `${name.slice(0, 10)}… (${name.length} characters)` : name}`, async () => {
		await holds(await make(name));
	});
}

test('any name that the server takes', async () => {
	const parts = ['.', '/', '\\', '%', '?', '#', '~', ' ', 'a', 'B', '2', '2e', '%2E', '🙂', 'ש', 'é', '-', '_', ':', '&', "'", '"', '+', '=', ';', '@'];
	let seed = 20260131;
	const random = (n) => {
		seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
		return (seed >>> 8) % n;
	};
	const rooms = [];
	for (let i = 0; i < 300; i++) {
		const name = Array.from({ length: 1 + random(5) }, () => parts[random(parts.length)]).join('');
		rooms.push(await make(name).catch(() => null)); /* the name of another, or none that may be */
	}
	const made = rooms.filter(Boolean);
	assert.ok(made.length > 150, `${made.length} rooms`);
	for (const room of made) {
		await holds(room);
	}
});

test('private rooms of one name, and a public one, have addresses of their own', async () => {
	const paths = new Set();
	for (const kind of ['private', 'private', 'public']) { /* each by somebody who cannot see the others */
		const { token: by } = await command(server, 'session.start', { guest: 'Namesake' });
		const room = await make('twice', kind, by);
		await holds(room, by);
		paths.add(roomPath(room));
	}
	assert.equal(paths.size, 3);
});

test('a name of the form of an id, which an old room may have, does not stand for the room with that id', () => {
	const id = '6a1d3c50-8a39-4c51-a3a7-90a1c6d2e001';
	assert.equal(roomPath({ id, name: '00000000-0000-4000-8000-000000000000', kind: 'public' }), `/r/${id}`);
});

test('what is no address of a room names none', () => {
	for (const path of ['/', '/r', '/r/', '/rooms/x', '/r/%', '/r/%ff', '/x/r/a']) {
		assert.equal(roomOfPath(path), '', path);
	}
	assert.equal(roomOfPath('/r/a/b'), 'a/b'); /* as somebody may type it */
});

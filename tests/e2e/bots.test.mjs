import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { command, post } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

let server;
let person;
before(async () => {
	server = await startServer();
	person = await command(server, 'account.create', { name: 'Bot maker', password: 'correct horse' });
});
after(() => server.stop());

test('a person makes a bot, whose token signs in as a bot', async (t) => {
	const name = fresh('Bot');
	const bot = await command(server, 'bot.create', { name }, { token: person.token });
	assert.equal(bot.user.kind, 'bot');
	assert.equal(bot.user.name, name);
	const client = await clientFor(t, server, { token: bot.token });
	assert.equal(client.user.id, bot.user.id);
	assert.equal(client.user.kind, 'bot');
});

test('a guest may not make a bot', async (t) => {
	const guest = await clientFor(t, server, { guest: fresh('Guest') });
	await guest.refused('bot.create', { name: fresh('Bot') }, 'forbidden');
});

test('a bot may not make a bot', async () => {
	const bot = await command(server, 'bot.create', { name: fresh('Bot') }, { token: person.token });
	const answer = await post(server, 'bot.create', { name: fresh('Bot') }, { token: bot.token });
	assert.equal(answer.json.data.code, 'forbidden');
});

test('account.logout by a bot ends its token and its sessions, with everywhere too', async (t) => {
	for (const everywhere of [true, false]) {
		const bot = await command(server, 'bot.create', { name: fresh('Bot') }, { token: person.token });
		const client = await clientFor(t, server, { token: bot.token });
		const second = await clientFor(t, server, { token: bot.token });
		await client.request('account.logout', { everywhere });
		assert.equal((await post(server, 'room.list', {}, { token: bot.token })).status, 401);
		assert.equal((await client.waitClose()).code, 4003);
		assert.equal((await second.waitClose()).code, 4003);
	}
});

test('the name of a bot must be free', async () => {
	const answer = await post(server, 'bot.create', { name: 'BOT maker' }, { token: person.token });
	assert.equal(answer.status, 409);
	assert.equal(answer.json.data.code, 'name_taken');
});

test('what a bot sends is marked as a bot\'s', async (t) => {
	const bot = await command(server, 'bot.create', { name: fresh('Bot') }, { token: person.token });
	const reader = await clientFor(t, server, { token: person.token });
	const room = await reader.request('room.create', { name: fresh('room') });
	await command(server, 'room.join', { room: room.id }, { token: bot.token });
	await command(server, 'message.send', { room: room.id, text: 'beep' }, { token: bot.token });
	const event = await reader.waitEvent('message.created');
	assert.deepEqual(event.data.author, { id: bot.user.id, name: bot.user.name, kind: 'bot' });
});

test('tokens and passwords are not in the data directory', async () => {
	const bot = await command(server, 'bot.create', { name: fresh('Bot') }, { token: person.token });
	for (const file of ['parley.db', 'parley.db-wal']) {
		let bytes;
		try {
			bytes = readFileSync(join(server.dataDir, file), 'latin1');
		} catch {
			continue;
		}
		assert.ok(!bytes.includes(bot.token), `${file} holds a bot's token`);
		assert.ok(!bytes.includes(person.token), `${file} holds a session token`);
		assert.ok(!bytes.includes('correct horse'), `${file} holds a password`);
	}
});

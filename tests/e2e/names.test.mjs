// Names the way people write them, in every script, and the words in which a name is refused.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor } from './lib/client.mjs';
import { command, post } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

const PASSWORD = 'correct horse battery';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const NAMES = {
	'Persian, with a non-joiner': 'امیر\u200cعلی',
	'Sinhala, with a joiner': 'ශ්\u200dරී',
	'Malayalam, with a joiner at its end': 'അനില്\u200d',
	'Bengali, with a joiner before a virama': 'র\u200d্যাচেল',
	'Burmese, with four signs on a letter': 'မျိုး',
	'Japanese, with a variant of a sign': '葛\u{e0100}飾',
	'an emoji of several': '👩🏽\u200d💻 Ada',
	'a flag in tags': '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} Iain',
	'a keycap': '7\ufe0f\u20e3 Seven',
	'a character that no table knows': 'N\u0378w',
	'a letter of Unicode 16': '\u{10d50}\u{10d51}',
};
for (const [what, name] of Object.entries(NAMES)) {
	test(`people, guests, bots and rooms may be named so: ${what}`, async (t) => {
		const guest = await clientFor(t, server, { guest: name });
		assert.equal(guest.user.name, name);
		const { user, token } = await command(server, 'account.create', { name, password: PASSWORD });
		assert.equal(user.name, name);
		const person = await clientFor(t, server, { token });
		const room = await person.request('room.create', { name });
		assert.equal((await person.request('room.get', { room: name })).id ?? room.id, room.id);
		assert.equal((await person.request('bot.create', { name: `${name} bot` })).user.name, `${name} bot`);
		assert.equal((await command(server, 'account.login', { name, password: PASSWORD })).user.id, user.id);
	});
}

test('names that differ only in what shows nothing are one name', async () => {
	await command(server, 'account.create', { name: 'نمی\u200cدانم', password: PASSWORD });
	await command(server, 'account.create', { name: '👩\u200d🚀', password: PASSWORD });
	await command(server, 'account.create', { name: 'paypal', password: PASSWORD });
	for (const name of ['نمیدانم', '👩🚀', 'paypal\ufe0f', 'p\u0430\ufe0fyp\u0430l']) {
		const answer = await post(server, 'account.create', { name, password: PASSWORD });
		assert.deepEqual([answer.status, answer.json.data.code], [409, 'name_taken'], JSON.stringify(name));
	}
});

test('a name that nobody could have is unknown at account.login, not refused', async () => {
	for (const name of ['a\u200db', '\u0001', '   ', 'x'.repeat(64)]) {
		const answer = await post(server, 'account.login', { name, password: PASSWORD });
		assert.deepEqual([answer.status, answer.json.data.code], [401, 'wrong_credentials'], JSON.stringify(name));
	}
});

test('a refused name is told in a sentence, and its member beside it', async () => {
	for (const [guest, message] of [
		['  ', /^the name must not be empty$/],
		['x'.repeat(65), /^the name is too long: it has 65 bytes, and may have 64/],
		['\u200eAnn', /^the name has a character that names cannot have$/],
		['A\u200dnn', /^the name has an invisible character/],
		['q\u0301\u0301\u0301\u0301\u0301', /^the name has more than 4 marks/],
		['0b9f3b62-5c0e-4f0e-9d53-2f1c7a4be001', /^the name must not look like an id$/],
	]) {
		const { json } = await post(server, 'session.start', { guest });
		assert.match(json.data.message, message);
		assert.equal(json.data.field, 'guest');
		assert.doesNotMatch(json.data.message, /data\.|_bytes/);
	}
});

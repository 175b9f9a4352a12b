// One password is the same from every keyboard (RFC 8265). Passwords from before that rule go on working.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command, post } from './lib/http.mjs';
import { run, serverFor, startServer, temporaryDir } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const login = (name, password, at = server) => post(at, 'account.login', { name, password });

// [what, how it is typed here, how it is typed there]
const PAIRS = [
	['accents', 'crème brûlée'.normalize('NFC'), 'crème brûlée'.normalize('NFD')],
	['Korean syllables', '한국어 비밀번호'.normalize('NFC'), '한국어 비밀번호'.normalize('NFD')],
	['spaces of another kind', 'one two three', 'one\u00a0two\u3000three'],
];
for (const [what, one, other] of PAIRS) {
	test(`a password is the same from another keyboard: ${what}`, async () => {
		for (const [made, typed] of [[one, other], [other, one]]) {
			const name = fresh('Keys');
			await command(server, 'account.create', { name, password: made });
			for (const password of [made, typed]) {
				assert.equal((await login(name, password)).status, 200, JSON.stringify(password));
			}
			assert.equal((await login(name, `${typed}x`)).status, 401);
		}
	});
}

test('case and width of a password count', async () => {
	const name = fresh('Exact');
	await command(server, 'account.create', { name, password: 'Ａbcdefgh' });
	assert.deepEqual([(await login(name, 'Ａbcdefgh')).status, (await login(name, 'Abcdefgh')).status, (await login(name, 'ａbcdefgh')).status], [200, 401, 401]);
});

test('the operator sets passwords in the same form, from a file as any editor saves it', async () => {
	const name = fresh('Operated');
	await command(server, 'account.create', { name, password: 'to be replaced' });
	const file = join(temporaryDir(), 'password');
	for (const [action, person, text] of [['password', name, `\ufeff${PAIRS[0][2]}\r\n`], ['owner', fresh('Owner'), `${PAIRS[0][2]}\n`]]) {
		writeFileSync(file, text);
		const done = await run(clientBinary, ['admin', '--data', server.dataDir, action, person, '--password-file', file]);
		assert.equal(done.code, 0, done.stderr);
		assert.equal((await login(person, PAIRS[0][1])).status, 200);
	}
});

test('what no password may have is refused when it is set, and is wrong when it is tried', async () => {
	const name = fresh('Strict');
	await command(server, 'account.create', { name, password: 'a good password' });
	for (const password of ['a good\u200bpassword', 'a good\u0007password', '\ue000 private use', 'new \u{e0fff} letters', 'heart \u2764\ufe0f heart', 'a\u200d joiner here', 'dot\u00b7in the middle']) {
		const refused = await post(server, 'account.create', { name: fresh('Strict'), password });
		assert.deepEqual([refused.status, refused.json.data.code, refused.json.data.field], [400, 'invalid_request', 'password'], JSON.stringify(password));
		assert.match(refused.json.data.message, /^the password has a character/);
		assert.equal((await login(name, password)).status, 401, JSON.stringify(password));
	}
});

test('the length of a password is that of its prepared form', async (t) => {
	const small = await serverFor(t, { args: ['--limit-password-bytes', '16'] });
	const create = (password) => post(small, 'account.create', { name: fresh('Long'), password });
	const e = 'é'.normalize('NFD'); // three bytes, two when prepared
	assert.equal((await create(e.repeat(4))).status, 200);
	assert.match((await create(e.repeat(3))).json.data.message, /^the password is too short/);
	assert.equal((await create(e.repeat(8))).status, 200, '24 bytes as sent');
	assert.match((await create(e.repeat(9))).json.data.message, /^the password is too long: it has 18 bytes, and may have 16/);
	assert.equal((await login('Nobody', e.repeat(9), small)).json.data.code, 'too_large');
});

// Hashed the way an earlier version did it: the bytes that were sent.
const OLD_PASSWORD = 'zoe\u0308 Zoe\u0308 42';
const OLD_HASH = '$argon2id$v=19$m=65536,t=2,p=1$fouTQxGD0ZbDrVSwUa4pFw$kjxnTgB4N9DvaVBTtRWsrhRT9+5aEeblFUWnAq5fb7A';
const OLD_UNFIT_PASSWORD = 'heart \u2764\ufe0f heart';
const OLD_UNFIT_HASH = '$argon2id$v=19$m=65536,t=2,p=1$Sn7c2VgoCKdWt6OxbBb09g$h5AzZcmtsjilI4KHjjn0D9YcvjbMQJMq9eIG2f1EoGM';

async function withOldHash(t, name, hash) {
	const first = await startServer();
	const { token } = await command(first, 'account.create', { name, password: 'to be replaced' });
	await first.stop();
	execFileSync('python3', ['-c', 'import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n' +
		'assert db.execute("UPDATE account SET password_hash = ?", (sys.argv[2],)).rowcount == 1\ndb.commit()', join(first.dataDir, 'parley.db'), hash]);
	return { old: await serverFor(t, { dataDir: first.dataDir }), token };
}

test('a password that was hashed as it was sent lets its owner in, and from then on in every form', async (t) => {
	const { old, token } = await withOldHash(t, 'Zoe', OLD_HASH);
	const client = await clientFor(t, old, { token });
	assert.equal((await login('Zoe', OLD_PASSWORD.normalize('NFC'), old)).status, 401, 'nobody knows yet that it is the same');
	assert.equal((await login('Zoe', `${OLD_PASSWORD}x`, old)).status, 401);
	const both = await Promise.all([login('Zoe', OLD_PASSWORD, old), login('Zoe', OLD_PASSWORD, old), login('Zoe', OLD_PASSWORD, old)]);
	assert.deepEqual(both.map(({ status }) => status), [200, 200, 200], 'at once, too');
	for (const password of [OLD_PASSWORD.normalize('NFC'), OLD_PASSWORD]) {
		assert.equal((await login('Zoe', password, old)).status, 200);
	}
	await client.settle(); // nobody was signed out by it
});

test('a password from before that may not be set any more lets its owner in', async (t) => {
	const { old } = await withOldHash(t, 'Heart', OLD_UNFIT_HASH);
	for (let i = 0; i < 2; i++) {
		assert.equal((await login('Heart', OLD_UNFIT_PASSWORD, old)).status, 200);
	}
});

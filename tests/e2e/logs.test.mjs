import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import test from 'node:test';
import { Client } from './lib/client.mjs';
import { command, get, post } from './lib/http.mjs';
import { RawSocket, frame, openWebSocket } from './lib/raw.mjs';
import { startServer } from './lib/server.mjs';

// Everything that could leave something secret in a log.
async function busyLife(server, secrets) {
	const { token } = await command(server, 'account.create', { name: 'Logged', password: secrets.password });
	await post(server, 'account.login', { name: 'Logged', password: secrets.wrong });
	await post(server, 'room.list', {}, { token: secrets.badToken });
	const client = await Client.start(server, { token });
	const bot = await client.request('bot.create', { name: 'Logged bot' });
	const room = (await client.request('room.create', { name: 'room', topic: secrets.topic })).id;
	await client.request('message.send', { room, text: secrets.text });
	await client.refused('message.send', { room, text: secrets.text.repeat(1000) });
	await client.request('signal.send', { room, name: 'n', data: secrets.text });
	client.send(`{"type":"message.send","data":{"text":"${secrets.text}"`);
	await client.settle();
	await get(server, `/nothing?token=${secrets.badToken}`, { headers: { Cookie: `parley_session=${secrets.badToken}` } });
	const broken = await openWebSocket(server);
	broken.write(frame({ payload: Buffer.from([0xff, 0xfe]) }));
	await broken.readClose();
	broken.destroy();
	const rubbish = await RawSocket.connect(server);
	rubbish.write(`GET /${secrets.text.replaceAll(' ', '-')} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer ${secrets.badToken}\r\n\r\n`);
	await rubbish.waitEnd();
	await client.request('account.logout', {}).catch(() => {});
	await client.waitClose();
	return [token, bot.token];
}

const secrets = {
	password: 'a password never logged',
	wrong: 'wrong password never logged',
	badToken: 'Zq'.repeat(21) + 'Z',
	text: 'a message never logged',
	topic: 'a topic never logged',
};

for (const format of ['text', 'json']) {
	test(`with --log-format ${format} no token, password or message is ever logged`, async () => {
		const server = await startServer({ args: ['--log-format', format, '--log-level', 'debug'] });
		const tokens = await busyLife(server, secrets);
		await server.stop();
		for (const secret of [...tokens, secrets.password, secrets.wrong, secrets.badToken, secrets.text, secrets.text.replaceAll(' ', '-')]) {
			assert.ok(!server.stderr.includes(secret), `logged: ${secret}`);
		}
		assert.ok(server.stderr.length > 0, 'nothing was logged at all');
	});
}

test('with --log-format json every line is a JSON object with a time, a level and an event', async () => {
	const server = await startServer({ args: ['--log-format', 'json', '--log-level', 'debug'] });
	await busyLife(server, secrets);
	await server.stop();
	const lines = server.stderr.trimEnd().split('\n');
	for (const line of lines) {
		const entry = JSON.parse(line);
		assert.equal(typeof entry, 'object');
		const names = Object.keys(entry).join(' ');
		assert.match(names, /time/, line);
		assert.match(names, /level/, line);
		assert.match(names, /event/, line);
	}
});

test('the first line of the log names the data directory', async () => {
	const server = await startServer();
	await server.stop();
	const first = server.stderr.split('\n').find((line) => !line.includes(' store.')); // a store that is elsewhere is opened before
	assert.ok(first.includes(`server.start data="${realpathSync(server.dataDir)}" `), first);
});

test('what a client names cannot forge a line of the log', async () => {
	const server = await startServer({ args: ['--log-level', 'debug'] });
	const raw = await RawSocket.connect(server);
	raw.write('GET /%0aforged HTTP/1.1\r\nHost: x\r\nOrigin: http://x\x1b[31m\r\nTransfer-Encoding: forged\r\n\r\n');
	await raw.waitEnd();
	await post(server, 'account.login', { name: 'x\nforged line', password: 'whatever it is' });
	await server.stop();
	assert.doesNotMatch(server.stderr, /^forged/m);
	assert.doesNotMatch(server.stderr, /[\x00-\x08\x0b-\x1f]/);
});

test('--log-level error is quiet in peace', async () => {
	const server = await startServer({ args: ['--log-level', 'error'] });
	const client = await Client.start(server, { guest: 'Quiet' });
	await client.close();
	await server.stop();
	assert.equal(server.stderr, '');
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, clientFor, fresh } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { command, get, post } from './lib/http.mjs';
import { RawSocket, openWebSocket } from './lib/raw.mjs';
import { serverFor, startServer } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const PASSWORDS_MS = 120000; // for all that are hashed at once

const strict = (t, ...args) => serverFor(t, { args, relaxed: false });

// The number that a rate allows: a burst of ten seconds, and what was added since.
const allowed = (perSecond, sinceMs) => perSecond * (10 + (Date.now() - sinceMs) / 1000) + 1;

// Asks until refused; gives the error and how many were answered.
async function exhaust(client, atMost = 2000) {
	for (let answered = 0; answered < atMost; answered++) {
		const error = await client.request('room.list', { limit: 1 }).then(() => undefined, (e) => e);
		if (error) {
			return { error, answered };
		}
	}
	return assert.fail(`${atMost} requests were answered`);
}

test('requests of one connection over its rate are refused, and the connection stays', async (t) => {
	const server = await strict(t, '--limit-connection-requests', '5');
	const began = Date.now();
	const client = await clientFor(t, server, { guest: 'Hasty' });
	const { error, answered } = await exhaust(client);
	assert.equal(error.code, 'rate_limited');
	assert.equal(error.retryable, true);
	assert.ok(error.retryAfterMs > 0 && error.retryAfterMs <= 1000, `${error.retryAfterMs}`);
	assert.ok(answered >= 40 && answered <= allowed(5, began), `a burst of ten seconds is 50 requests; ${answered} were answered`);
	assert.equal(client.socket.readyState, 1);
});

test('a long request counts as several', async (t) => {
	const server = await strict(t, '--limit-connection-requests', '5', '--limit-request-bytes', '1000');
	const client = await clientFor(t, server, { guest: 'Verbose' });
	const answers = [];
	for (let i = 0; i < 12; i++) {
		const error = await client.request('room.list', { limit: 1, filler: 'x'.repeat(9500) }).then(() => undefined, (e) => e);
		answers.push(error?.code ?? 'ok');
	}
	const n = answers.filter((answer) => answer === 'ok').length;
	assert.ok(n >= 3 && n <= 6, `a burst of ten seconds is 50, and each counts as 10; ${n} were answered`);
	assert.deepEqual([...new Set(answers)], ['ok', 'rate_limited']);
	await client.settle().catch(async (error) => { // a short one is within what is left, or within a moment
		assert.equal(error.code, 'rate_limited');
		assert.ok(error.retryAfterMs <= 200, `${error.retryAfterMs}`);
		await sleep(error.retryAfterMs);
		await client.settle();
	});
});

test('what comes too fast is not parsed, and its refusal has the ref all the same', async (t) => {
	const server = await strict(t, '--limit-connection-requests', '1');
	const client = await clientFor(t, server, { guest: 'Hasty' });
	await exhaust(client);
	const before = client.messages.length;
	client.socket.send('{"type":"room.list","data":{"text":"\\"","ref":"not this"},"ref":"mine", and so on');
	client.socket.send('{"data":{},"ref":-41}');
	client.socket.send('no JSON at all');
	await client.waitFor('three refusals', () => client.messages.length >= before + 3);
	const refused = client.messages.slice(before);
	assert.deepEqual(refused.map(({ ref }) => ref), ['mine', -41, undefined]);
	assert.deepEqual([...new Set(refused.map(({ data }) => data.code))], ['rate_limited']);
});

test('one who is not signed in may send sign_in_bytes; more is refused unread, and the connection stays', async (t) => {
	const server = await serverFor(t, { args: ['--limit-sign-in-bytes', '2000'] });
	const client = await Client.connect(server);
	t.after(() => client.close());
	assert.equal(client.hello.limits.sign_in_bytes, 2000);
	await client.refused('room.list', { filler: 'x'.repeat(1000) }, 'unauthenticated');
	const error = await client.refused('session.start', { guest: 'Long', filler: 'x'.repeat(1000) }, 'too_large');
	assert.match(error.wireMessage, /sign_in_bytes/);
	await client.refused('session.start', { guest: 'Short' }, 'too_large');
	assert.equal(client.socket.readyState, 1);
	const other = await clientFor(t, server, { guest: 'Other' });
	await other.request('room.list', { filler: 'x'.repeat(5000) }); // signed in, it is another matter
});

test('retry_after_ms is honest: waiting that long works, right away does not', async (t) => {
	const server = await strict(t, '--limit-connection-requests', '2');
	const client = await clientFor(t, server, { guest: 'Patient' });
	let { error } = await exhaust(client);
	for (let i = 0; i < 3; i++) {
		await sleep(error.retryAfterMs + 5); // the time is what is tested: later is as well
		const began = Date.now();
		await client.settle();
		let answered;
		({ error, answered } = await exhaust(client));
		assert.ok(answered <= 2 * ((Date.now() - began) / 1000 + 1), `${answered} more were answered`);
	}
});

test('another connection of another account is not slowed down', async (t) => {
	const server = await strict(t, '--limit-connection-requests', '5');
	const hasty = await clientFor(t, server, { guest: 'Hasty' });
	const calm = await clientFor(t, server, { guest: 'Calm' });
	await exhaust(hasty);
	for (let i = 0; i < 10; i++) {
		await calm.settle();
	}
});

test('requests of one account are counted over all its connections', async (t) => {
	const server = await strict(t, '--limit-account-requests', '5');
	const one = await clientFor(t, server, { guest: 'Both' });
	const two = await clientFor(t, server, { token: one.token });
	await exhaust(one);
	assert.equal((await two.refused('room.list', {}, 'rate_limited')).retryable, true);
});

test('signing in counts among the requests of the account, and the more the more rooms it is in', async (t) => {
	const before = await startServer(); // in which making rooms costs nothing
	const member = await Client.start(before, { guest: 'In many rooms' });
	for (let i = 0; i < 40; i++) {
		await member.request('room.create', { name: `room ${i}` });
	}
	await member.close();
	await before.stop();
	const server = await serverFor(t, { args: ['--limit-account-requests', '20'], relaxed: false, dataDir: before.dataDir });
	const starts = async (token) => {
		for (let n = 0; n < 200; n++) {
			const error = await Client.start(server, { token }).then((client) => t.after(() => client.close()), (e) => e);
			if (error instanceof Error)
				return { n, error };
		}
		return assert.fail('200 connections signed in');
	};
	const began = Date.now();
	const { token } = await clientFor(t, server, { guest: 'In no room' });
	const few = await starts(token);
	assert.equal(few.error.code, 'rate_limited');
	assert.ok(few.error.retryAfterMs > 0 && few.error.retryAfterMs <= 500, `${few.error.retryAfterMs}`);
	assert.ok(few.n >= 18 && few.n <= allowed(20, began) / 10, `a burst of ten seconds is 200, and each counts as ten; ${few.n} signed in`);
	const beganMany = Date.now();
	const many = await starts(member.token);
	assert.equal(many.error.code, 'rate_limited');
	assert.ok(many.n >= 5 && many.n <= allowed(20, beganMany) / 30, `one in 40 rooms costs three times as much; ${many.n} signed in`);
});

test('requests from one address are counted over all accounts', async (t) => {
	const server = await strict(t, '--limit-address-requests', '5');
	const one = await clientFor(t, server, { guest: 'One' });
	const two = await clientFor(t, server, { guest: 'Two' });
	await exhaust(one);
	await two.refused('room.list', {}, 'rate_limited');
});

test('with limit 0 nothing is refused', async (t) => {
	const server = await serverFor(t, {});
	const client = await clientFor(t, server, { guest: 'Unlimited' });
	await Promise.all(Array.from({ length: 2000 }, () => client.settle()));
});

test('a refused send was not done, and done once after waiting', async (t) => {
	const server = await strict(t, '--limit-connection-requests', '3');
	const client = await clientFor(t, server, { guest: 'Sender' });
	const room = (await client.request('room.create', { name: 'room' })).id;
	let sent = 0;
	let error;
	while (!error) {
		error = await client.request('message.send', { room, text: `${sent}` }).then(() => undefined, (e) => e);
		sent += error ? 0 : 1;
	}
	assert.equal(error.code, 'rate_limited');
	await sleep(error.retryAfterMs + 5); // the time is what is tested: later is as well
	await client.request('message.send', { room, text: `${sent}` });
	await client.waitSeq(room, 3 + sent);
	assert.deepEqual(client.texts(room), Array.from({ length: sent + 1 }, (_, i) => `${i}`));
});

test('connections from one address are limited, refused ones can come when others leave', async (t) => {
	const server = await strict(t, '--limit-address-connections', '3');
	const clients = [];
	for (let i = 0; i < 3; i++) {
		clients.push(await Client.start(server, { guest: `Guest ${i}` }));
	}
	const fourth = new Client(server);
	await assert.rejects(fourth.opened);
	await clients.pop().close();
	clients.push(await until(30000, 'room for one more', () => Client.start(server, { guest: 'Guest 4' }).catch(() => undefined), 50));
	for (const client of clients) {
		await client.close();
	}
});

test('upgrades count among the requests of their address', async (t) => {
	const server = await strict(t, '--limit-address-requests', '1');
	const answers = [];
	const raws = [];
	const began = Date.now();
	for (let i = 0; i < 40; i++) {
		const raw = await openWebSocket(server);
		raws.push(raw);
		answers.push(raw.head.status === 101 ? 101 : raw.head);
	}
	const refused = answers.filter((answer) => answer !== 101);
	const nLetIn = answers.length - refused.length;
	assert.ok(nLetIn >= 10 && nLetIn <= allowed(1, began) && refused.length > 0, `a burst of ten seconds is 10; ${nLetIn} were let in`);
	for (const { status, headers } of refused) {
		assert.equal(status, 429);
		assert.ok(Number(headers['retry-after']) >= 1, headers['retry-after']);
	}
	raws.forEach((raw) => raw.destroy()); // the server does not wait for them when it ends
	const elsewhere = await Client.connect({ wsUrl: server.wsUrl }, { wsOptions: { localAddress: '127.0.0.2' } });
	await elsewhere.close();
});

// Behind a trusted proxy the client is the one that X-Forwarded-For names.
const behindProxy = (server, client) => openWebSocket(server, { headers: { 'X-Forwarded-For': client } });

test('upgrades through a trusted proxy count for the client behind it', async (t) => {
	const server = await strict(t, '--limit-address-requests', '1', '--trusted-proxy', '127.0.0.1');
	const statuses = async (client, n) => {
		const all = [];
		for (let i = 0; i < n; i++) {
			const raw = await behindProxy(server, client);
			all.push(raw.head.status);
			raw.destroy();
		}
		return all;
	};
	assert.ok((await statuses('192.0.2.1', 40)).includes(429));
	assert.deepEqual(await statuses('192.0.2.2', 3), [101, 101, 101]);
});

test('connections through a trusted proxy are limited for the client behind it', async (t) => {
	const server = await strict(t, '--limit-address-connections', '2', '--trusted-proxy', '127.0.0.1');
	const first = [await behindProxy(server, '192.0.2.1'), await behindProxy(server, '192.0.2.1')];
	assert.deepEqual(first.map((raw) => raw.head.status), [101, 101]);
	const third = await behindProxy(server, '192.0.2.1');
	assert.equal(third.head.status, 429);
	assert.equal(third.head.headers['retry-after'], '10');
	const other = await behindProxy(server, '192.0.2.2');
	assert.equal(other.head.status, 101);
	first[0].destroy();
	const again = await until(30000, 'room for one more', async () => {
		const raw = await behindProxy(server, '192.0.2.1');
		return raw.head.status === 101 ? raw : undefined;
	}, 100);
	for (const raw of [first[1], other, again]) {
		raw.destroy();
	}
});

test('a connection that a proxy keeps for the next client counts for nobody between requests', async (t) => {
	const server = await strict(t, '--limit-address-connections', '3', '--trusted-proxy', '127.0.0.1');
	const ask = async (raw, client) => {
		raw.write(`GET /healthz HTTP/1.1\r\nHost: x\r\n${client ? `X-Forwarded-For: ${client}\r\n` : ''}\r\n`);
		return (await raw.readResponse()).status;
	};
	const kept = [];
	t.after(() => kept.forEach((raw) => raw.destroy()));
	for (let i = 0; i < 6; i++) {
		kept.push(await RawSocket.connect(server));
		assert.equal(await ask(kept[i], '192.0.2.1'), 200);
	}
	assert.equal(await ask(kept[0]), 200);
});

test('who is refused over HTTP for its address is counted as refused', async (t) => {
	const server = await strict(t, '--limit-address-connections', '1', '--trusted-proxy', '127.0.0.1');
	const holder = await behindProxy(server, '192.0.2.1');
	t.after(() => holder.destroy());
	assert.equal(holder.head.status, 101);
	for (let i = 0; i < 3; i++) {
		const answer = await get(server, '/healthz', { headers: { 'X-Forwarded-For': '192.0.2.1' } });
		assert.equal(answer.status, 429);
		assert.equal(answer.headers['retry-after'], '10');
	}
	assert.match((await get(server, '/metrics')).text, /^parley_refused_total 3$/m);
	holder.destroy(); // the server does not wait for it when it ends
});

test('connections of the whole server are limited', async (t) => {
	const server = await strict(t, '--limit-connections', '4');
	const clients = [];
	for (let i = 0; i < 4; i++) {
		clients.push(await Client.start(server, { guest: `Guest ${i}` }));
	}
	await assert.rejects(new Client(server).opened);
	for (const client of clients) {
		await client.settle();
		await client.close();
	}
	const again = await until(30000, 'room for one more', () => Client.start(server, { guest: 'Later' }).catch(() => undefined), 50);
	await again.settle();
	await again.close();
});

test('one address cannot use up the password attempts of an account; many can', async (t) => {
	const server = await strict(t, '--limit-password-attempts', '2', '--limit-password-queue', '0', '--limit-address-accounts', '0');
	const name = 'Victim';
	const password = 'correct horse battery';
	await command(server, 'account.create', { name, password });
	const from = (n) => ({ url: server.url, localAddress: `127.0.0.${n}` });
	const spend = async (n) => {
		const answers = await Promise.all(Array.from({ length: 4 }, () => post(from(n), 'account.login', { name, password: 'wrong guess' }, { timeoutMs: PASSWORDS_MS })));
		assert.ok(answers.some((answer) => answer.status === 429), 'the address went on');
		return answers.filter((answer) => answer.status === 401).length;
	};
	assert.equal(await spend(2), 2);
	assert.equal((await post(from(2), 'account.login', { name, password })).status, 429);
	assert.equal((await post(from(3), 'account.login', { name, password })).status, 200);
	// 3 of the account's 16 are spent; one is added in four seconds. All ask before the first has its answer, or each answer's password would be time in which some are added.
	const nTries = (await Promise.all(Array.from({ length: 20 }, (_, i) => spend(4 + i)))).reduce((sum, n) => sum + n);
	assert.ok(nTries >= 13 && nTries < 20 * 2, `${nTries} tries from 20 addresses`);
});

test('rooms made by one account are limited, also when it leaves them', async (t) => {
	const server = await strict(t, '--limit-account-rooms', '3');
	const client = await clientFor(t, server, { guest: fresh('Builder') });
	const make = async () => {
		const { id } = await client.request('room.create', { name: fresh('room') });
		await client.request('room.leave', { room: id });
	};
	for (let i = 0; i < 3; i++) {
		await make();
	}
	const refused = await client.refused('room.create', { name: fresh('room') }, 'rate_limited');
	assert.equal(refused.retryable, true);
	assert.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= 20000, `${refused.retryAfterMs} ms`);
	const other = await clientFor(t, server, { guest: fresh('Another') });
	await other.request('room.create', { name: fresh('room') });
});

test('what a proxy says unreadably, or not at all, counts for the proxy, not for who came before on its connection', async (t) => {
	const server = await strict(t, '--limit-address-accounts', '2', '--trusted-proxy', '127.0.0.1');
	const proxy = await RawSocket.connect(server);
	const guest = async (header) => {
		const body = JSON.stringify({ guest: fresh('Guest') });
		proxy.write(`POST /api/v1/session.start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${header}Content-Length: ${body.length}\r\n\r\n${body}`);
		return (await proxy.readResponse()).status;
	};
	const from = (text) => `X-Forwarded-For: ${text}\r\n`;
	assert.equal(await guest(from('192.0.2.1')), 200);
	assert.equal(await guest(from('nonsense')), 200); // the proxy's first
	assert.equal(await guest(from('nonsense, '.repeat(300))), 200); // its second: empty elements do not count
	assert.equal(await guest(''), 429);
	assert.equal(await guest(from(`${'1.1.1.1, '.repeat(900)}192.0.2.7`)), 200); // however much is before it, the last one counts
	assert.equal(await guest(from('192.0.2.1')), 200); // the client's second
	assert.equal(await guest(from('192.0.2.1')), 429);
	proxy.socket.destroy();
});

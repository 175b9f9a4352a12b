// The recipes of OPERATING.md: what a page and a bot need comes through, /metrics does not, and each client counts as itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { EventStream, command, get, post, request } from './lib/http.mjs';
import { PROXIED, PROXIED_BY_RULE, PROXIES } from './lib/proxies.mjs';
import { serverFor } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const ORIGIN = 'https://chat.example';

async function proxied(t, start, { args = [], told = PROXIED, ...options } = {}) {
	const server = await serverFor(t, { ...options, args: [...told, ...args] });
	await until(5000, 'its listeners', () => told !== PROXIED || /health and metrics on/.test(server.stdout));
	const proxy = await start(t, server);
	await until(15000, 'the server through its proxy', async () => (await get(proxy, '/')).status === 200, 50);
	return { server, proxy };
}

for (const [name, start] of Object.entries(PROXIES)) {
	test(`${name}: page, commands and WebSockets come through`, async (t) => {
		const { proxy } = await proxied(t, start);
		const page = await get(proxy, '/');
		assert.equal(page.status, 200);
		assert.match(page.text, /<html/i);
		assert.match(page.headers['strict-transport-security'], /^max-age=\d+$/);
		const answer = await post(proxy, 'session.start', { guest: fresh('Page') }, { origin: ORIGIN });
		assert.equal(answer.status, 200, answer.text);
		assert.match(answer.headers['set-cookie'][0], new RegExp(`^__Host-parley_session_${proxy.port}=.*; *Secure`), 'the server was not told that the client uses TLS');
		const client = await clientFor(t, proxy, { guest: fresh('Socket') }, { headers: { Origin: ORIGIN } });
		const room = (await client.request('room.create', { name: fresh('room') })).id;
		await command(proxy, 'message.send', { room, text: 'x'.repeat(8000) }, { token: client.token });
		assert.equal((await client.waitEvent('message.created')).data.text.length, 8000);
	});

	test(`${name}: an event stream brings each event as it comes`, async (t) => {
		const { server, proxy } = await proxied(t, (...args) => start(...args, { tls: false }));
		const { token } = await command(server, 'session.start', { guest: fresh('Reader') });
		const room = (await command(server, 'room.create', { name: fresh('room') }, { token })).id;
		const stream = await EventStream.open(proxy, `room=${room}`, { token });
		t.after(() => stream.close());
		for (let i = 1; i <= 3; i++) {
			await command(server, 'message.send', { room, text: `${i}` }, { token });
			await stream.waitFor(`message ${i}`, () => stream.events.some(({ data }) => data.data?.text === `${i}`));
		}
	});

	test(`${name}: a hook is posted to, and its address is in no log`, async (t) => {
		const { server, proxy } = await proxied(t, (...args) => start(...args, { tls: false }));
		const who = await command(server, 'account.create', { name: fresh('Owner'), password: 'correct horse battery' });
		const room = await command(server, 'room.create', { name: fresh('room') }, { token: who.token });
		const { url } = await command(server, 'hook.create', { room: room.id, name: 'Logged' }, { token: who.token });
		const say = () => request(proxy, 'POST', url, { body: JSON.stringify({ text: 'logged' }), headers: { Host: 'chat.example' } });
		const said = await say();
		assert.deepEqual([said.status, said.text], [200, 'ok']);
		await server.kill();
		server.stop = () => {};
		assert.ok((await say()).status >= 502);
		await get(proxy, '/the-last');
		await until(30000, 'the last request in the log', () => name !== 'nginx' || proxy.said().includes('/the-last'));
		assert.ok(!proxy.said().includes(url.slice('/hooks/'.length)), proxy.said());
	});

	test(`${name}: health and metrics are not there`, async (t) => {
		const { proxy } = await proxied(t, start);
		for (const path of ['/metrics', '/readyz', '/healthz']) {
			assert.equal((await get(proxy, path)).status, 404, path);
		}
	});

	test(`${name}: where they are, the rule refuses /metrics`, async (t) => {
		const { server, proxy } = await proxied(t, (...args) => start(...args, { rule: true }), { told: PROXIED_BY_RULE });
		for (const path of ['/metrics', '/metrics?x']) {
			const answer = await get(proxy, path);
			assert.equal(answer.status, 403);
			assert.doesNotMatch(answer.text, /parley_/);
		}
		assert.match((await get(server, '/metrics')).text, /parley_connections/);
	});

	test(`${name}: each client counts as itself, whatever it says of itself`, async (t) => {
		const { proxy } = await proxied(t, (...args) => start(...args, { tls: false }), { relaxed: false, args: ['--limit-address-accounts', '1'] });
		const guest = async (localAddress, headers) => (await post({ url: proxy.url, localAddress }, 'session.start', { guest: fresh('Guest') }, { headers })).status;
		assert.equal(await guest('127.0.0.2'), 200);
		assert.equal(await guest('127.0.0.2', { 'X-Forwarded-For': '192.0.2.1' }), 429);
		assert.equal(await guest('127.0.0.3', { 'X-Forwarded-For': '127.0.0.2' }), 200);
	});
}

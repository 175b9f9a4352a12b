// The server dies, the network swallows everything, the page is reloaded in between. Nothing is lost, nothing is doubled.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { command } from '../e2e/lib/http.mjs';
import { Proxy } from '../e2e/lib/proxy.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

let browser;
before(async () => {
	browser = await launch();
});
after(() => browser?.close());

const restarted = (server) => startServer({ dataDir: server.dataDir, port: server.port });
const banner = (person) => person.page.locator('.net', { hasText: 'what you write is saved and will be sent' });

// What the room holds, asked from the server itself.
async function stored(server, room = 'general') {
	const client = await Client.start(server, { guest: `Auditor ${Date.now()}` });
	await client.request('room.join', { room });
	const { events } = await client.request('history.read', { room, limit: 200 });
	await client.close();
	return events.filter((event) => event.type === 'message.created').map((event) => event.data.text);
}

test('what is written while the server is dead waits and arrives once and in order', async (t) => {
	let server = await startServer();
	t.after(() => server.stop());
	const [ana, ben] = await Promise.all([Person.join(t, browser, server.url, 'Ana'), Person.join(t, browser, server.url, 'Ben')]);
	await ana.say('before');
	await ben.sees('before');
	await server.kill();
	for (const text of ['first while dead', 'second while dead', 'third while dead']) {
		await ana.say(text);
	}
	await ana.page.locator('.pend .st', { hasText: 'Waiting for connection' }).first().waitFor();
	await banner(ana).waitFor();
	server = await restarted(server);
	await ana.page.getByRole('button', { name: 'Retry now' }).click({ timeout: 1000 }).catch(() => {}); /* unless it is back already */
	await ana.sees('third while dead', 30000);
	await ben.sees('third while dead', 30000);
	await banner(ana).waitFor({ state: 'hidden' });
	const expected = ['before', 'first while dead', 'second while dead', 'third while dead'];
	assert.deepEqual(await stored(server), expected);
	assert.deepEqual(await ana.texts(), expected);
	assert.deepEqual(await ben.texts(), expected);
});

test('a message on its way when the server dies is kept over a reload and arrives once', async (t) => {
	let server = await startServer();
	t.after(() => server.stop());
	const proxy = await Proxy.start(server.port);
	t.after(() => proxy.close());
	const ana = await Person.join(t, browser, proxy.url, 'Unlucky');
	await ana.say('sent before');
	await ana.sees('sent before');
	proxy.swallow.toClient = true; /* the server takes the message; its acknowledgement is lost */
	await ana.say('acknowledgement lost');
	await until(30000, 'the server to have it', async () => (await stored(server)).includes('acknowledgement lost'));
	await server.kill();
	proxy.heal();
	server = await restarted(server);
	await ana.page.reload();
	await ana.sees('acknowledgement lost', 30000);
	await until(30000, 'nothing under way', async () => (await ana.page.locator('.pend').count()) === 0);
	assert.deepEqual(await ana.texts(), ['sent before', 'acknowledgement lost']);
	assert.deepEqual(await stored(server), ['sent before', 'acknowledgement lost']);
	assert.deepEqual(await ana.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('.out.'))), [], 'nothing is kept that was sent');
});

test('a message that never left is kept over a reload, with its place in the order', async (t) => {
	const server = await startServer();
	t.after(() => server.stop());
	const proxy = await Proxy.start(server.port);
	t.after(() => proxy.close());
	const ana = await Person.join(t, browser, proxy.url, 'Tunnelled');
	await ana.say('before the tunnel');
	await ana.sees('before the tunnel');
	proxy.blackHole();
	await ana.say('first in the tunnel');
	await ana.say('second in the tunnel');
	await ana.page.locator('.pend', { hasText: 'second in the tunnel' }).waitFor();
	proxy.resetAll();
	proxy.heal();
	assert.deepEqual(await stored(server), ['before the tunnel']);
	await ana.page.reload();
	await ana.sees('second in the tunnel', 30000);
	assert.deepEqual(await stored(server), ['before the tunnel', 'first in the tunnel', 'second in the tunnel']);
});

test('a socket that looks open and is dead is found out; what was missed comes, nothing twice', async (t) => {
	const server = await startServer({ args: ['--heartbeat-ms', '1000'] });
	t.after(() => server.stop());
	const proxy = await Proxy.start(server.port);
	t.after(() => proxy.close());
	const ana = await Person.join(t, browser, proxy.url, 'Asleep');
	const writer = await Client.start(server, { guest: 'Awake' });
	t.after(() => writer.close());
	await writer.request('room.join', { room: 'general' });
	await writer.request('message.send', { room: 'general', text: 'heard' });
	await ana.sees('heard');
	proxy.blackHole();
	for (let i = 1; i <= 5; i++) {
		await writer.request('message.send', { room: 'general', text: `missed ${i}` });
	}
	await ana.say('into the hole');
	await banner(ana).waitFor({ timeout: 20000 });
	proxy.heal();
	await ana.sees('into the hole', 30000);
	await writer.request('message.send', { room: 'general', text: 'afterwards' });
	await ana.sees('afterwards');
	assert.deepEqual(await ana.texts(), ['heard', 'missed 1', 'missed 2', 'missed 3', 'missed 4', 'missed 5', 'into the hole', 'afterwards']);
});

test('an idle page notices a dead socket too, and coming back online asks at once', async (t) => {
	const server = await startServer(); /* heartbeat of 25 s: only the probe can be this quick */
	t.after(() => server.stop());
	const proxy = await Proxy.start(server.port);
	t.after(() => proxy.close());
	const ana = await Person.join(t, browser, proxy.url, 'Waking');
	const writer = await Client.start(server, { guest: 'Meanwhile' });
	t.after(() => writer.close());
	await writer.request('room.join', { room: 'general' });
	const { seq } = await writer.request('message.send', { room: 'general', text: 'read' });
	await until(30000, 'the mark to be there, and nothing under way whose missing answer would tell', () =>
		ana.asked.some(({ type, data }) => type === 'read.mark' && data.seq === seq) && ana.unanswered.size === 0);
	proxy.blackHole();
	await writer.request('message.send', { room: 'general', text: 'while asleep' });
	const swallowed = proxy.swallowed.toServer;
	await ana.page.evaluate(() => dispatchEvent(new Event('online')));
	await until(10000, 'the page to ask, which it would do at its next heartbeat anyway', () => proxy.swallowed.toServer > swallowed);
	proxy.heal(); /* the old socket stays dead: bytes of its stream are gone */
	await ana.sees('while asleep', 15000);
});

test('a lost network is shown at once, and the socket that outlives it is kept', async (t) => {
	const server = await startServer();
	t.after(() => server.stop());
	const proxy = await Proxy.start(server.port);
	t.after(() => proxy.close());
	const ana = await Person.join(t, browser, proxy.url, 'Tunnelled');
	await until(30000, 'nothing under way', () => ana.unanswered.size === 0);
	proxy.stall('toServer');
	const sockets = () => ana.requests.filter((url) => url.startsWith('ws')).length;
	const before_ = sockets();
	await ana.page.evaluate(() => dispatchEvent(new Event('offline')));
	await ana.draws();
	assert.ok(await banner(ana).isVisible(), 'the banner');
	assert.match(await ana.page.locator('.who').textContent(), /Offline/);
	await ana.say('into the tunnel');
	await ana.page.locator('.pend .st', { hasText: 'Waiting for connection' }).waitFor();
	proxy.flow('toServer');
	await ana.page.evaluate(() => dispatchEvent(new Event('online')));
	await ana.sees('into the tunnel');
	await banner(ana).waitFor({ state: 'hidden' });
	assert.equal(sockets(), before_, 'the same socket');
	/* A server on the same machine needs no network: its answer says so. */
	await ana.page.evaluate(() => dispatchEvent(new Event('offline')));
	await banner(ana).waitFor({ state: 'hidden' });
	await ana.page.locator('.who', { hasText: 'Guest' }).waitFor();
});

test('once there is a network again, a server that is away is told as that', async (t) => {
	const server = await startServer();
	t.after(() => server.stop());
	const ana = await Person.join(t, browser, server.url, 'Returned');
	await server.kill();
	await ana.page.evaluate(() => dispatchEvent(new Event('offline')));
	await ana.page.locator('.net', { hasText: 'No network' }).waitFor();
	await ana.page.evaluate(() => dispatchEvent(new Event('online')));
	await ana.page.locator('.net', { hasText: 'Reconnecting' }).waitFor();
});

test('a refused message says why, can be tried again or deleted, and holds nothing up', async (t) => {
	const server = await startServer();
	t.after(() => server.stop());
	const ana = await Person.join(t, browser, server.url, 'Refused');
	await ana.say('\u0007'); /* nothing is left of it after cleaning */
	await ana.page.locator('.failed .st', { hasText: 'Not sent: ' }).waitFor();
	await ana.say('the next one');
	await ana.sees('the next one');
	await ana.page.reload();
	await ana.page.locator('.failed').getByRole('button', { name: 'Retry' }).click();
	await ana.page.locator('.failed').getByRole('button', { name: 'Delete' }).click();
	await ana.page.locator('.failed').waitFor({ state: 'detached' });
	assert.deepEqual(await stored(server), ['the next one']);
});

test('a server that leaves says when to come back; the page is back after it', async (t) => {
	let server = await startServer();
	t.after(() => server.stop());
	const ana = await Person.join(t, browser, server.url, 'Patient');
	await ana.say('before the drain');
	await ana.sees('before the drain');
	await server.stop();
	server = await restarted(server);
	await ana.say('after the drain');
	await ana.sees('after the drain', 30000);
	assert.deepEqual(await stored(server), ['before the drain', 'after the drain']);
});

test('after a restored backup the page shows what is there now, though its room grew past what was shown', async (t) => {
	let server = await startServer();
	t.after(() => server.stop());
	const ana = await Person.join(t, browser, server.url, 'Constant');
	const writer = await Client.start(server, { guest: 'Prolific' });
	await writer.request('room.join', { room: 'general' });
	const say = (client, text) => client.request('message.send', { room: 'general', text });
	await say(writer, 'kept');
	const copy = join(temporaryDir(), 'copy.db');
	await command({ socketPath: server.operatorSocket }, 'admin.backup', { path: copy });
	for (let i = 1; i <= 5; i++) {
		await say(writer, `lost ${i}`);
	}
	await ana.sees('lost 5');
	const { port } = server;
	await server.stop();
	const dataDir = temporaryDir();
	copyFileSync(copy, join(dataDir, 'parley.db'));
	server = await startServer({ dataDir });
	const again = await Client.start(server, { token: writer.token });
	const expected = ['kept'];
	for (let i = 1; i <= 9; i++) {
		await say(again, `new ${i}`);
		expected.push(`new ${i}`);
	}
	await again.close();
	await server.stop();
	server = await startServer({ dataDir, port });
	await ana.sees('new 9', 30000);
	assert.deepEqual(await ana.texts(), expected);
	await ana.say('and on');
	await until(30000, 'the page to go on', async () => (await ana.texts()).includes('and on') && (await ana.page.locator('.pend').count()) === 0);
	assert.deepEqual(await ana.texts(), [...expected, 'and on']);
	assert.deepEqual(await stored(server), [...expected, 'and on']);
});

test('a page that was away too long is told so, shows the newest page and can read what is between', async (t) => {
	const server = await startServer({ args: ['--limit-resume-events', '150'] });
	t.after(() => server.stop());
	const proxy = await Proxy.start(server.port);
	t.after(() => proxy.close());
	const ana = await Person.join(t, browser, proxy.url, 'Long away');
	const writer = await Client.start(server, { guest: 'Prolific' });
	t.after(() => writer.close());
	await writer.request('room.join', { room: 'general' });
	await writer.request('message.send', { room: 'general', text: 'seen before' });
	await ana.sees('seen before');
	const port = proxy.targetPort;
	proxy.targetPort = 1; /* nobody there */
	proxy.resetAll();
	for (let i = 1; i <= 400; i++) {
		await writer.request('message.send', { room: 'general', text: `while away ${i}` });
	}
	proxy.targetPort = port;
	await ana.sees('while away 400', 30000);
	await ana.page.locator('.log-top', { hasText: 'You were away for a while; earlier messages are available.' }).waitFor();
	await until(30000, 'what was before', async () => {
		await ana.log().evaluate((log) => { log.scrollTop = 0; });
		return (await ana.texts()).includes('seen before');
	}, 60);
	const numbers = (await ana.texts()).map((text) => Number(/^while away (\d+)$/.exec(text)?.[1])).filter(Boolean);
	assert.deepEqual(numbers, Array.from(numbers, (_, i) => i + 1), 'no hole');
});

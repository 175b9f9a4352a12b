// A message that is refused, and not worth repeating, is shown as not sent and holds nothing up. A lost connection is different.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, clientFor } from '../e2e/lib/client.mjs';
import { Proxy } from '../e2e/lib/proxy.mjs';
import { serverFor } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

let browser;
before(async () => {
	browser = await launch();
});
after(() => browser?.close());

// Ana in "general", on a wire that can be cut; her sockets pass through `onHello` (changes the limits that the server tells) and `onRequest` (a reply
// instead of the server's, true where it did something itself, else undefined). `wire.hellos` counts the connections, `wire.senders` has those that messages were sent on,
// `wire.underWay` the requests that the server has not answered.
async function anaOnAWire(t, { onHello = () => {}, onRequest = () => {} } = {}) {
	const server = await serverFor(t);
	const proxy = await Proxy.start(server.port);
	t.after(() => proxy.close());
	const ana = await Person.open(t, browser, proxy.url);
	/* Said by what stands in for the page's socket, which passes on what was sent before the end was known. (The page's own socket: the last test.) */
	ana.expected.push(/^WebSocket is already in CLOSING or CLOSED state/);
	const wire = { hellos: 0, senders: new Set(), underWay: new Set() };
	await ana.page.routeWebSocket('**/ws', (ws) => {
		const upstream = ws.connectToServer();
		ws.onMessage((frame) => {
			const request = JSON.parse(frame);
			if (request.type === 'message.send') {
				wire.senders.add(ws);
			}
			const reply = onRequest(request, ws);
			if (reply?.type) {
				ws.send(JSON.stringify(reply));
			} else if (!reply) {
				wire.underWay.add(request.ref);
				upstream.send(frame);
			}
		});
		upstream.onMessage((frame) => {
			const message = JSON.parse(frame);
			if (message.type === 'hello') {
				wire.hellos++;
				onHello(message.data.limits);
			}
			wire.underWay.delete(message.ref);
			ws.send(JSON.stringify(message));
		});
	});
	await ana.page.reload();
	await ana.page.locator('#name').fill('Ana');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	wire.cut = async () => {
		proxy.targetPort = 1; /* nobody there */
		proxy.resetAll();
		await ana.page.locator('.net', { hasText: 'Reconnecting' }).waitFor();
	};
	wire.mend = () => {
		proxy.targetPort = server.port;
		wire.hellos = 0;
		wire.senders.clear();
	};
	const witness = await clientFor(t, server, { guest: 'Witness' });
	await witness.request('room.join', { room: 'general' });
	return { server, ana, wire, witness };
}

const kept = (ana) => ana.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('.out.')).map((key) => JSON.parse(localStorage.getItem(key))));
const failed = async (ana) => (await kept(ana)).sort((a, b) => a.at - b.at).map(({ text, state, error }) => [text.slice(0, 10), state, error.replace(/\d+/g, 'N')]);
const nothingQueued = (ana) => until(30000, 'nothing to be queued', async () => (await kept(ana)).every(({ state }) => state === 'failed'));

test('of ten messages in the queue three are refused and not repeated, each for another reason: seven are sent once and in order, on one connection', async (t) => {
	const { server, ana, wire, witness } = await anaOnAWire(t, { onHello: (limits) => { limits.text_bytes = 0; } });
	await ana.createRoom('other');
	const cookie = (await ana.context.cookies()).find(({ name }) => name.includes('parley'));
	await wire.cut();
	await ana.say('the last one'); /* in a room that she is removed from meanwhile */
	const again = await Client.start(server, { token: cookie.value });
	await again.request('room.leave', { room: 'other' });
	await again.close();
	await ana.go('general');
	const long = '"'.repeat(40000); /* each takes two bytes in a frame */
	for (let i = 1; i <= 9; i++) {
		await ana.say(i === 1 ? '\u0007' : i === 5 ? long : `message ${i}`);
	}
	wire.mend();
	await ana.page.getByRole('button', { name: 'Retry now' }).click({ timeout: 1000 }).catch(() => {}); /* unless it is back already */
	await ana.sees('message 9');
	await nothingQueued(ana);
	const expected = [2, 3, 4, 6, 7, 8, 9].map((i) => `message ${i}`);
	await witness.waitEvent(({ data }) => data?.text === 'message 9');
	assert.deepEqual(witness.texts(), expected);
	assert.equal(await ana.page.locator('.failed .st', { hasText: 'Not sent: ' }).count(), 2);
	assert.deepEqual(await failed(ana), [
		['the last o', 'failed', 'join the room first'],
		['\u0007', 'failed', 'the message must not be empty'],
		['"'.repeat(10), 'failed', 'this is longer than the server takes (N bytes)'],
	]);
	assert.equal(wire.senders.size, 1, 'connections'); /* the button may have ended one that had just begun by itself */
});

test('half a surrogate pair is sent as U+FFFD, as no UTF-8 can hold it', async (t) => {
	const { ana, wire, witness } = await anaOnAWire(t);
	const hellos = wire.hellos;
	await ana.page.evaluate(() => {
		const area = document.getElementById('composer');
		area.value = `half ${String.fromCharCode(0xd83d)} a smile`;
		area.dispatchEvent(new Event('input'));
	});
	await ana.composer.press('Enter');
	await ana.say('the next one');
	await ana.sees('the next one');
	assert.deepEqual(witness.texts(), ['half \ufffd a smile', 'the next one']);
	assert.equal(wire.hellos, hellos);
});

test('a message longer than a frame is not even sent', async (t) => {
	const { ana, wire, witness } = await anaOnAWire(t, { onHello: (limits) => { limits.text_bytes = 0; } });
	const hellos = wire.hellos;
	await ana.say('"'.repeat(40000)); /* each takes two bytes in a frame */
	await ana.say('the next one');
	await ana.sees('the next one');
	await ana.page.locator('.failed .st', { hasText: 'Not sent: this is longer than the server takes (65536 bytes)' }).waitFor();
	assert.deepEqual(witness.texts(), ['the next one']);
	assert.equal(wire.hellos, hellos);
});

test('a message for which the server closes the connection is found among those under way, and is not sent again', async (t) => {
	const { server, ana, wire, witness } = await anaOnAWire(t, { onHello: (limits) => { limits.text_bytes = limits.frame_bytes = 0; } });
	await ana.createRoom('other');
	const other = await clientFor(t, server, { guest: 'Other witness' });
	await other.request('room.join', { room: 'other' });
	await wire.cut();
	await ana.say('first elsewhere');
	await ana.say('second elsewhere');
	await ana.go('general');
	await ana.say('x'.repeat(70000));
	await ana.say('the next one');
	wire.mend();
	await ana.sees('the next one');
	await nothingQueued(ana);
	await ana.page.locator('.failed .st', { hasText: 'Not sent: the server closed the connection because of it' }).waitFor();
	await other.waitEvent(({ data }) => data?.text === 'second elsewhere');
	assert.deepEqual(other.texts(), ['first elsewhere', 'second elsewhere']);
	assert.deepEqual(witness.texts(), ['the next one']);
	assert.ok(wire.hellos <= 3, `${wire.hellos} connections`);
});

test('an error that names no request is an answer', async (t) => {
	const error = { type: 'error', data: { code: 'invalid_json', message: 'not JSON', retryable: false } };
	/* It is taken for the oldest request's, so it comes when no other one waits. */
	const refuse = async (ws) => {
		await until(30000, 'the other answers', () => wire.underWay.size === 0);
		ws.send(JSON.stringify(error));
	};
	const { ana, wire, witness } = await anaOnAWire(t, { onRequest: ({ data }, ws) => data?.text === 'unreadable' && (void refuse(ws), true) });
	const hellos = wire.hellos;
	await ana.say('unreadable');
	await ana.page.locator('.failed .st', { hasText: 'Not sent: not JSON' }).waitFor();
	await ana.say('the next one');
	await ana.sees('the next one');
	assert.deepEqual(witness.texts(), ['the next one']);
	assert.equal(wire.hellos, hellos);
});

test('a room whose message has to wait holds up no other room', async (t) => {
	let busy = true;
	const error = (ref) => ({ type: 'error', ref, data: { code: 'unavailable', message: 'busy', retryable: true, retry_after_ms: 200 } });
	const { ana, witness } = await anaOnAWire(t, { onRequest: ({ ref, data }) => (busy && data?.text === 'has to wait' ? error(ref) : undefined) });
	await ana.say('has to wait');
	await ana.say('is behind it');
	await ana.createRoom('other');
	await ana.say('goes on');
	await ana.sees('goes on');
	assert.deepEqual(witness.texts(), []);
	busy = false;
	await witness.waitEvent(({ data }) => data?.text === 'is behind it');
	assert.deepEqual(witness.texts(), ['has to wait', 'is behind it']);
});

test('a connection that ends after each sign-in is made ever more rarely', async (t) => {
	const ends = [];
	await anaOnAWire(t, { onRequest: ({ type }, ws) => type === 'message.send' && ends.push(Date.now()) && ws.close({ code: 1011, reason: 'broken' }) })
		.then(({ ana }) => ana.say('ends the connection'));
	await until(60000, 'the fourth end', () => ends.length >= 4);
	assert.ok(ends[3] - ends[2] >= 1500, ends.map((at) => at - ends[0]).join());
});

test('nothing is sent on a socket that is being closed: it goes out on the next one', async (t) => {
	const server = await serverFor(t);
	const ana = await Person.open(t, browser, server.url);
	await ana.context.addInitScript(() => {
		window.sockets = [];
		window.WebSocket = class extends WebSocket {
			constructor(...args) {
				super(...args);
				window.sockets.push(this);
			}
		};
	});
	await ana.page.reload();
	await ana.page.locator('#name').fill('Ana');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	await ana.page.evaluate(() => {
		window.sockets.at(-1).close();
		const area = document.getElementById('composer');
		area.value = 'said while it closes';
		area.dispatchEvent(new Event('input'));
		area.form.requestSubmit();
	});
	await ana.sees('said while it closes');
	assert.deepEqual(await ana.texts(), ['said while it closes']);
	/* That the browser said nothing of it is checked when the page is closed. */
});

test('what the server has is not shown as not sent, though one is removed from the room before it comes back', async (t) => {
	const server = await serverFor(t);
	const owner = await clientFor(t, server, { guest: 'Owner' });
	await owner.request('room.create', { name: 'general' });
	const ana = await Person.open(t, browser, server.url);
	await ana.page.routeWebSocket('**/ws', (ws) => {
		const upstream = ws.connectToServer();
		ws.onMessage((frame) => upstream.send(frame));
		upstream.onMessage((frame) => JSON.parse(frame).type !== 'message.created' && ws.send(frame)); /* late ones, in effect */
	});
	await ana.page.reload();
	await ana.page.locator('#name').fill('Ana');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	await ana.say('the server has it');
	await until(30000, 'the acknowledgement', async () => (await kept(ana)).length === 0 && ana.asked.some(({ type, ref }) => type === 'message.send' && !ana.unanswered.has(ref)));
	const own = await ana.session(server);
	t.after(() => own.close());
	await own.request('room.leave', { room: 'general' });
	const heading = ana.page.getByRole('heading', { level: 1, name: 'You are no longer in general' });
	await heading.waitFor();
	await ana.draws();
	assert.equal(await ana.page.getByText('not sent').count(), 0);
});

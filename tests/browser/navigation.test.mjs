// The place and the actions of a user: a dialog and a button belong to the room that the person saw, and an answer that comes late moves nobody.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { Proxy } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

let browser, server, owner;
before(async () => {
	server = await startServer();
	browser = await launch();
	owner = await Client.start(server, { guest: 'Owner' });
	for (const name of ['general', 'alpha', 'beta', 'gamma']) {
		await owner.request('room.create', { name });
	}
});
after(async () => {
	await owner?.close();
	await browser?.close();
	await server?.stop();
});

const about = (ana) => ana.page.getByRole('button', { name: /^About this room/ });
const button = (ana, name) => ana.page.getByRole('dialog').getByRole('button', { name });
const noDialog = (ana) => ana.page.locator('dialog').waitFor({ state: 'detached' });
const gone = (ana, name) => ana.page.getByRole('heading', { level: 1, name: `You are no longer in ${name}` });

// A person who is in these rooms and looks at the last one.
async function inRooms(t, name, rooms) {
	const ana = await Person.join(t, browser, server.url, name, {}, `/r/${rooms[0]}`);
	const own = await ana.session(server);
	t.after(() => own.close());
	for (const room of rooms.slice(1)) {
		await own.request('room.join', { room });
		await ana.go(room);
	}
	ana.own = own;
	return ana;
}

const roomsOf = async (ana) => {
	const { rooms } = await ana.own.request('room.list', { limit: 200 });
	return rooms.filter((room) => room.member).map((room) => room.name).sort();
};

// A server of its own behind a proxy that can hold its answers back.
async function proxied(t) {
	const local = await startServer();
	t.after(() => local.stop());
	const proxy = await Proxy.start(local.port);
	t.after(() => proxy.close());
	return { proxy, local };
}

test('a room\'s dialog closes on the way to another room', async (t) => {
	const ana = await inRooms(t, 'Traveller', ['alpha', 'beta']);
	await about(ana).click();
	await button(ana, 'Leave room').waitFor();
	await ana.page.goBack();
	await ana.inRoom('alpha');
	await noDialog(ana);
	await ana.page.keyboard.type('written');
	assert.equal(await ana.composer.inputValue(), 'written', 'and the keys go to the room');
	await ana.page.goForward();
	await ana.inRoom('beta');
	await about(ana).click();
	await button(ana, 'Leave room').click();
	await ana.row('beta').waitFor({ state: 'detached' });
	assert.deepEqual(await roomsOf(ana), ['alpha'], 'the one that was open is left');
});

test('who goes elsewhere while a room is being left stays there', async (t) => {
	const { proxy, local } = await proxied(t);
	const host = await Client.start(local, { guest: 'Host' });
	t.after(() => host.close());
	await host.request('room.create', { name: 'left' });
	const ana = await Person.join(t, browser, proxy.url, 'Leaver', {}, '/r/left');
	await ana.createRoom('general');
	await ana.go('left');
	proxy.stall('toClient');
	await about(ana).click();
	await button(ana, 'Leave room').click();
	await until(30000, 'the request', () => ana.asked.some(({ type }) => type === 'room.leave'));
	await ana.page.goBack();
	await ana.inRoom('general');
	proxy.flow('toClient');
	await ana.row('left').waitFor({ state: 'detached' });
	await ana.draws();
	await ana.inRoom('general');
	assert.equal(new URL(ana.page.url()).pathname, '/r/general');
});

test('leaving asks once more where one cannot come back, and says what is lost', async (t) => {
	const ana = await inRooms(t, 'Careful', ['alpha']);
	await ana.createRoom('my own');
	await ana.createRoom('my vault', true);
	for (const [name, words] of [['my vault', /private and you are its last member.*You are its owner/], ['my own', /^You are its owner/]]) {
		await ana.go(name);
		await about(ana).click();
		await button(ana, 'Leave room').click();
		await ana.page.getByRole('dialog', { name: `Leave ${name}?` }).waitFor();
		assert.match(await ana.page.locator('dialog .about').textContent(), words);
		await button(ana, 'Cancel').click();
		await noDialog(ana);
		assert.ok((await roomsOf(ana)).includes(name));
	}
	await about(ana).click();
	await button(ana, 'Leave room').click();
	await button(ana, 'Leave room').click();
	await ana.row('my own').waitFor({ state: 'detached' });
	await ana.go('alpha');
	await about(ana).click();
	await button(ana, 'Leave room').click();
	await ana.row('alpha').waitFor({ state: 'detached' });
	await ana.page.getByRole('heading', { level: 1, name: 'Pick a room' }).waitFor();
	assert.deepEqual(await roomsOf(ana), ['my vault']);
});

test('a room that one is removed from takes its dialog along and says so', async (t) => {
	const ana = await inRooms(t, 'Removed', ['alpha', 'beta']);
	await about(ana).click();
	await button(ana, 'Leave room').waitFor();
	await ana.own.request('room.leave', { room: 'beta' });
	await gone(ana, 'beta').waitFor();
	await noDialog(ana);
	assert.equal(new URL(ana.page.url()).pathname, '/');
	await ana.go('alpha');
	await ana.say('goes on');
	await ana.sees('goes on');
});

test('two tabs removed from a room: the one that was writing shows its draft, the other does not take it', async (t) => {
	const one = await inRooms(t, 'Two removed', ['alpha', 'beta']);
	const two = await one.tab(t, '/r/beta');
	await two.inRoom('beta');
	await two.composer.pressSequentially('of the second tab');
	await one.page.evaluate(() => {
		window.changes = 0;
		addEventListener('storage', (event) => { window.changes += event.key.startsWith('parley.draft.'); });
	});
	await one.own.request('room.leave', { room: 'beta' });
	await Promise.all([gone(one, 'beta').waitFor(), gone(two, 'beta').waitFor()]);
	await until(30000, 'the draft to be where it was written', async () => (await one.page.locator('.unsent li').count()) === 0);
	await one.draws(30);
	assert.ok((await one.page.evaluate(() => window.changes)) <= 2, 'the tabs do not fight for it');
	assert.equal(await one.page.locator('.unsent li').count(), 0);
	await two.page.locator('.unsent li', { hasText: 'of the second tab' }).waitFor();
});

test('going back to a room that one has left does not join it; its button does', async (t) => {
	const ana = await inRooms(t, 'Returning', ['beta', 'alpha', 'beta']);
	await about(ana).click();
	await button(ana, 'Leave room').click();
	await ana.row('beta').waitFor({ state: 'detached' });
	await ana.page.goBack();
	await ana.inRoom('alpha');
	await ana.page.goBack();
	await gone(ana, 'beta').waitFor();
	assert.deepEqual(await roomsOf(ana), ['alpha']);
	await ana.page.getByRole('button', { name: 'Join it again' }).click();
	await ana.inRoom('beta');
	assert.deepEqual(await roomsOf(ana), ['alpha', 'beta']);
	assert.equal(new URL(ana.page.url()).pathname, '/r/beta');
});

test('a session that ends takes an open dialog along', async (t) => {
	const ana = await inRooms(t, 'Ended', ['alpha']);
	await ana.page.keyboard.press('Control+k');
	await ana.page.locator('#jump-to:focus').waitFor();
	await ana.own.request('account.logout', {}).catch(() => {});
	await ana.page.waitForSelector('#name:focus');
	await noDialog(ana);
	await ana.page.keyboard.type('Typed');
	assert.equal(await ana.page.locator('#name').inputValue(), 'Typed');
});

test('a room that is joined late does not take one away from where one went meanwhile', async (t) => {
	const { proxy, local } = await proxied(t);
	const host = await Client.start(local, { guest: 'Host' });
	t.after(() => host.close());
	for (const name of ['general', 'far', 'further']) {
		await host.request('room.create', { name });
	}
	const ana = await Person.join(t, browser, proxy.url, 'Hasty');
	/* By an address, then back. */
	proxy.stall('toClient');
	await ana.page.evaluate(() => {
		history.pushState(null, '', '/r/far');
		dispatchEvent(new PopStateEvent('popstate'));
	});
	await until(30000, 'the request', () => ana.asked.some(({ type, data }) => type === 'room.join' && data.room === 'far'));
	await ana.page.goBack();
	await ana.inRoom('general');
	proxy.flow('toClient');
	await ana.row('far').waitFor();
	await ana.draws();
	await ana.inRoom('general');
	assert.equal(new URL(ana.page.url()).pathname, '/r/general');
	/* By the jump dialog, then closed. */
	await ana.page.keyboard.press('Control+k');
	await ana.page.keyboard.type('further');
	await ana.page.locator('#jump-list li[aria-selected=true]', { hasText: 'further' }).waitFor();
	proxy.stall('toClient');
	await ana.page.keyboard.press('Enter');
	await until(30000, 'the request', () => ana.asked.filter(({ type }) => type === 'room.join').length === 3);
	await ana.page.keyboard.press('Escape');
	await noDialog(ana);
	await ana.page.keyboard.type('still here');
	proxy.flow('toClient');
	await ana.row('further').waitFor();
	await ana.draws();
	await ana.inRoom('general');
	assert.equal(await ana.composer.inputValue(), 'still here');
});

test('who goes on to another room while the present is fetched keeps the place there', async (t) => {
	const { proxy, local } = await proxied(t);
	const host = await Client.start(local, { guest: 'Host' });
	t.after(() => host.close());
	for (const name of ['long', 'general']) {
		await host.request('room.create', { name });
		await Promise.all(Array.from({ length: name === 'long' ? 500 : 90 }, (_, i) => host.request('message.send', { room: name, text: `${name} ${i} ${'words '.repeat(i % 30)}` })));
	}
	const ana = await Person.join(t, browser, proxy.url, 'Restless');
	await ana.page.locator('article', { hasText: 'general 89' }).waitFor();
	await ana.log().evaluate((log) => { log.scrollTop = log.scrollHeight / 2; });
	await ana.draws();
	await ana.page.keyboard.press('Control+k');
	await ana.page.keyboard.type('long');
	await ana.page.locator('#jump-list li[aria-selected=true]', { hasText: 'long' }).waitFor();
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('long');
	await until(30000, 'the beginning', async () => {
		await ana.log().evaluate((log) => { log.scrollTop = 0; });
		return ana.page.locator('.beginning').count();
	}, 60);
	await until(30000, 'nothing under way', () => ana.unanswered.size === 0);
	proxy.stall('toClient');
	const asked = ana.asked.length;
	await ana.page.locator('.jump').click();
	await until(30000, 'the request', () => ana.asked.slice(asked).some(({ type }) => type === 'history.read'));
	await ana.go('general');
	await ana.log().evaluate((log) => { log.scrollTop = log.scrollHeight / 2; });
	await ana.draws();
	const place = await ana.log().evaluate((log) => log.scrollTop);
	proxy.flow('toClient');
	await until(30000, 'the answer', () => ana.unanswered.size === 0);
	await ana.draws();
	assert.equal(await ana.log().evaluate((log) => log.scrollTop), place);
});

test('what was not sent to a room that one was removed from stays in sight, over a reload too, until it is copied and discarded', async (t) => {
	const { proxy, local } = await proxied(t);
	const ana = await Person.join(t, browser, proxy.url, 'Unheard', { permissions: ['clipboard-read', 'clipboard-write'] });
	await ana.createRoom('lost vault', true); /* cannot be found again */
	const own = await ana.session(local);
	t.after(() => own.close());
	proxy.targetPort = 1; /* nobody there */
	proxy.resetAll();
	await ana.say('never *arrived*');
	await ana.page.locator('.pend .st', { hasText: 'Waiting for connection' }).waitFor();
	await ana.composer.fill('half a sent');
	await own.request('room.leave', { room: 'lost vault' });
	proxy.targetPort = local.port;
	await gone(ana, 'lost vault').waitFor();
	await ana.page.locator('.unsent li', { hasText: 'never arrived' }).waitFor();
	await ana.page.locator('.unsent li .st', { hasText: /^Not sent: there is no such room/i }).waitFor();
	const items = ana.page.locator('.unsent li');
	assert.equal(await items.count(), 2);
	await ana.page.locator('.unsent li', { hasText: 'half a sent' }).waitFor();
	await ana.page.locator('.side .row', { hasText: '1 not sent' }).waitFor();
	await ana.page.reload();
	await ana.page.locator('.side .row', { hasText: '1 not sent' }).click();
	await gone(ana, 'lost vault').waitFor();
	const item = ana.page.locator('.unsent li', { hasText: 'never arrived' });
	await item.getByRole('button', { name: 'Copy' }).click();
	await item.getByRole('button', { name: 'Copied' }).waitFor();
	assert.equal(await ana.page.evaluate(() => navigator.clipboard.readText()), 'never *arrived*');
	await item.getByRole('button', { name: 'Discard' }).press('Enter');
	await item.waitFor({ state: 'detached' });
	assert.equal(await ana.page.evaluate(() => document.activeElement.textContent), 'Copy', 'the focus is not lost');
	await ana.page.locator('.unsent li', { hasText: 'half a sent' }).getByRole('button', { name: 'Discard' }).click();
	await items.first().waitFor({ state: 'detached' });
	await ana.page.locator('.side .row', { hasText: 'not sent' }).waitFor({ state: 'detached' });
	assert.deepEqual(await ana.page.evaluate(() => Object.keys(localStorage).filter((key) => /\.(out|draft)\./.test(key))), []);
});

test('who has left every room stays out of them when the connection comes back', async (t) => {
	const { proxy, local } = await proxied(t);
	const ana = await Person.join(t, browser, proxy.url, 'Hermit');
	await about(ana).click();
	await button(ana, 'Leave room').click();
	await ana.page.getByRole('heading', { level: 1, name: 'Pick a room' }).waitFor();
	const sockets = () => ana.requests.filter((url) => url.startsWith('ws')).length;
	const before_ = sockets();
	proxy.resetAll();
	await until(30000, 'the next connection', () => sockets() > before_ && ana.asked.some(({ type, ref }) => type === 'session.start' && !ana.unanswered.has(ref)));
	await ana.draws();
	await until(30000, 'nothing under way', () => ana.unanswered.size === 0);
	const own = await ana.session(local);
	t.after(() => own.close());
	assert.deepEqual(own.session.rooms, []);
	assert.ok(await ana.page.getByRole('heading', { level: 1, name: 'Pick a room' }).isVisible());
});

test('writing in a room that one has come back to leads to its end', async (t) => {
	for (let n = 0; n < 60; n++) {
		await owner.request('message.send', { room: 'beta', text: `in beta ${n}` });
	}
	const ana = await inRooms(t, 'Returning', ['gamma', 'beta']);
	await ana.sees('in beta 59');
	await ana.own.request('room.leave', { room: 'beta' });
	await ana.page.getByRole('button', { name: 'Join it again' }).click();
	await ana.inRoom('beta');
	await ana.sees('in beta 59');
	await ana.log().evaluate((log) => { log.scrollTop = 300; });
	await ana.page.locator('.jump').waitFor();
	await ana.say('back again');
	await ana.sees('back again');
	await until(30000, 'the end', async () => (await ana.fromEnd()) < 2);
});

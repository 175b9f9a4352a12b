// Two people and the page: from the link to the first message, rooms, unread counts, who one is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { request } from '../e2e/lib/http.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

let browser, server;
before(async () => {
	server = await startServer();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

test('from the link to the first message in two actions', async (t) => {
	const ana = await Person.open(t, browser, server.url);
	await ana.page.waitForSelector('#name:focus');
	await ana.page.keyboard.type('Ana');
	await ana.page.keyboard.press('Enter');
	await ana.page.waitForSelector('#composer:focus');
	await ana.page.keyboard.type('hello, world');
	await ana.page.keyboard.press('Enter');
	await ana.sees('hello, world');
	await ana.inRoom('general');
	assert.equal(await ana.composer.inputValue(), '');
	assert.equal(new URL(ana.page.url()).pathname, '/r/general');
});

test('two people see each other type and what they write', async (t) => {
	const [mina, jonas] = await Promise.all([Person.join(t, browser, server.url, 'Mina'), Person.join(t, browser, server.url, 'Jonas')]);
	await mina.composer.pressSequentially('wri');
	await jonas.page.locator('.typing', { hasText: 'Mina is typing…' }).waitFor();
	await mina.say('from Mina to Jonas');
	await jonas.sees('from Mina to Jonas');
	await until(30000, 'the typing to end', async () => (await jonas.page.locator('.typing').textContent()) === '');
	await jonas.say('from Jonas to Mina');
	await mina.sees('from Jonas to Mina');
	assert.deepEqual((await mina.texts()).slice(-2), ['from Mina to Jonas', 'from Jonas to Mina']);
	assert.deepEqual((await jonas.texts()).slice(-2), ['from Mina to Jonas', 'from Jonas to Mina']);
	await until(30000, 'the announcement', async () => (await mina.page.locator('#announcer').textContent()) === 'Jonas: from Jonas to Mina');
	assert.equal(await jonas.page.locator('#announcer').textContent(), 'Mina: from Mina to Jonas', 'one is not told what one wrote oneself');
});

test('what a hook posts shows for whom, with its badge, and another name begins another group', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Hooked');
	const maker = await Client.start(server, { guest: 'Maker of hooks' });
	const { id: room } = await maker.request('room.create', { name: 'hooked as well' });
	const { url } = await maker.request('hook.create', { room, name: 'Crane' });
	await ana.page.goto(`${server.url}/r/hooked%20as%20well`);
	await ana.inRoom('hooked as well');
	for (const body of [{ text: 'as itself' }, { text: 'as a person', username: '<b>Mina</b>' }, { text: 'once more', username: '<b>Mina</b>' }, { text: 'as another', username: 'Ana' }]) {
		assert.equal((await request(server, 'POST', url, { body: JSON.stringify(body) })).text, 'ok');
	}
	await ana.sees('as another');
	assert.deepEqual(await ana.page.locator('article .by').evaluateAll((heads) => heads.map((head) => [...head.querySelectorAll('bdi, .kind')].map((e) => e.textContent))),
		[['Crane', 'hook'], ['<b>Mina</b>', 'hook'], ['Ana', 'hook']]);
	await maker.close();
});

test('a reload keeps the session, the room and the messages', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Reloading');
	await ana.createRoom('kept over reload');
	await ana.say('still here');
	await ana.sees('still here');
	await ana.page.reload();
	await ana.inRoom('kept over reload');
	await ana.sees('still here');
	assert.equal(await ana.page.locator('.who bdi').textContent(), 'Reloading');
	assert.equal((await ana.context.cookies()).filter((c) => /^parley_session_\d+$/.test(c.name) && c.httpOnly && c.sameSite === 'Strict').length, 1);
});

test('rooms: make one, find it, join it by its name and by its address', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Maker');
	await ana.createRoom('workshop');
	const ben = await Person.join(t, browser, server.url, 'Finder');
	await ben.page.keyboard.press('Control+k');
	await ben.page.locator('#jump-to:focus').waitFor();
	await ben.page.keyboard.type('works');
	await ben.page.locator('#jump-list li[aria-selected=true]', { hasText: 'workshop' }).waitFor();
	await ben.page.keyboard.press('Enter');
	await ben.inRoom('workshop');
	await ben.say('found it');
	await ana.sees('found it');
	const eve = await Person.join(t, browser, server.url, 'Linked', {}, '/r/workshop');
	await eve.sees('found it');
});

test('a private room is not to be found', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Keeper');
	await ana.createRoom('vault', true);
	const ben = await Person.open(t, browser, server.url, {}, '/r/vault');
	await ben.page.locator('#name').fill('Curious');
	await ben.page.keyboard.press('Enter');
	await ben.page.getByRole('heading', { name: 'No such room' }).waitFor();
	await ben.page.keyboard.press('Control+k');
	await ben.page.locator('#jump-list li', { hasText: 'general' }).waitFor();
	assert.equal(await ben.page.locator('#jump-list li', { hasText: 'vault' }).count(), 0);
});

test('unread counts: bold with a number, none where one looks, none after looking, the same after a reload', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Counter');
	await ana.createRoom('counted');
	await ana.createRoom('elsewhere');
	const writer = await Client.start(server, { guest: 'Writer' });
	t.after(() => writer.close());
	await writer.request('room.join', { room: 'counted' });
	for (const text of ['one', 'two', 'three']) {
		await writer.request('message.send', { room: 'counted', text });
	}
	await until(30000, 'three unread', async () => (await ana.unread('counted')) === 3);
	assert.match(await ana.page.title(), /^\(3\) /);
	await ana.page.reload();
	await until(30000, 'three unread after the reload', async () => (await ana.unread('counted')) === 3);
	await ana.go('counted');
	await ana.page.locator('.newd').waitFor();
	assert.equal(await ana.page.locator('.newd + article').getAttribute('aria-label').then((label) => label.includes('one')), true);
	await until(30000, 'none unread', async () => (await ana.unread('counted')) === 0);
	await writer.request('message.send', { room: 'counted', text: 'four' });
	await ana.sees('four');
	await until(30000, 'read.mark', async () => (await writerSees(server, ana)).every((room) => room.unread === 0));
	await ana.page.reload();
	await ana.sees('four');
	assert.equal(await ana.unread('counted'), 0);
});

// The rooms as the server tells them to the person's session.
async function writerSees(server_, person) {
	const [cookie] = await person.context.cookies();
	const client = await Client.start(server_, {}, { headers: { Cookie: `${cookie.name}=${cookie.value}`, Origin: server_.url } });
	const { rooms } = client.session;
	await client.close();
	return rooms;
}

test('what comes after one has turned away stays unread', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Turns away');
	await ana.createRoom('left in time');
	const writer = await Client.start(server, { guest: 'Late writer' });
	t.after(() => writer.close());
	await writer.request('room.join', { room: 'left in time' });
	await writer.request('message.send', { room: 'left in time', text: 'seen' });
	await ana.sees('seen');
	await ana.go('general'); // within the moment after which the mark goes out
	await writer.request('message.send', { room: 'left in time', text: 'not seen' });
	await until(30000, 'the mark has reached the server', async () => (await writerSees(server, ana)).find((room) => room.name === 'left in time').read_seq >= 4);
	assert.equal((await writerSees(server, ana)).find((room) => room.name === 'left in time').unread, 1);
	assert.equal(await ana.unread('left in time'), 1);
});

test('a second tab of the same person shares rooms and read marks', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Two Tabs');
	const tab = await ana.context.newPage();
	await tab.goto(server.url);
	await tab.locator('.hd h1', { hasText: 'general' }).waitFor();
	await ana.createRoom('made in the first tab');
	await tab.locator('.side a.row', { hasText: 'made in the first tab' }).waitFor();
	const writer = await Client.start(server, { guest: 'Tab writer' });
	t.after(() => writer.close());
	await writer.request('room.join', { room: 'made in the first tab' });
	await ana.go('general');
	await writer.request('message.send', { room: 'made in the first tab', text: 'seen twice' });
	await until(30000, 'both count it', async () => (await ana.unread('made in the first tab')) === 1 &&
		(await tab.locator('.side a.row', { hasText: 'made in the first tab' }).locator('.count').count()) === 1);
	await ana.go('made in the first tab');
	await until(30000, 'the other tab counts none', async () => (await tab.locator('.side .count').count()) === 0);
});

test('an account: made, left, signed in to again elsewhere; a wrong password is told', async (t) => {
	const ana = await Person.open(t, browser, server.url);
	await ana.page.getByRole('tab', { name: 'New account' }).click();
	await ana.page.locator('#name').fill('Sara Lind');
	await ana.page.locator('#password').fill('correct horse');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	await ana.say('written by an account');
	await ana.sees('written by an account');
	await ana.page.getByRole('button', { name: 'Sign out' }).click();
	await ana.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
	await ana.page.getByRole('tab', { name: 'Sign in' }).click();
	await ana.page.locator('#name').fill('Sara Lind');
	await ana.page.locator('#password').fill('wrong horse');
	await ana.page.keyboard.press('Enter');
	await ana.page.locator('[role=alert]', { hasText: 'name or the password is wrong' }).waitFor();
	await ana.page.locator('#password').fill('correct horse');
	await ana.page.keyboard.press('Enter');
	await ana.sees('written by an account');
	assert.equal(await ana.page.locator('.who span').textContent(), 'Signed in');
});

test('what was wrong at the door is told until it is edited', async (t) => {
	const ana = await Person.open(t, browser, server.url);
	const error = ana.page.locator('#sign-in-error');
	await ana.page.getByRole('tab', { name: 'Sign in' }).click();
	for (const field of ['#name', '#password']) {
		await ana.page.locator('#name').fill('Nobody');
		await ana.page.locator('#password').fill('wrong horse');
		await ana.page.keyboard.press('Enter');
		await ana.page.locator('#sign-in-error', { hasText: 'name or the password is wrong' }).waitFor();
		await ana.page.locator(field).press('x');
		assert.equal(await error.textContent(), '', `${field} was edited`);
	}
});

test('an answer shows what it answers', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Asker');
	await ana.createRoom('answers');
	await ana.say('what is the question?');
	await ana.sees('what is the question?');
	await ana.message('what is the question?').hover();
	await ana.page.getByRole('button', { name: 'Reply to Asker' }).click();
	await ana.page.locator('.replying', { hasText: 'what is the question?' }).waitFor();
	await ana.say('forty-two');
	await ana.page.locator('article', { hasText: 'forty-two' }).locator('.quote', { hasText: 'what is the question?' }).waitFor();
});

test('signing out in one tab brings the other to the door, and says why', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Leaving');
	const tab = await ana.context.newPage();
	await tab.goto(server.url);
	await tab.locator('.hd h1', { hasText: 'general' }).waitFor();
	await ana.page.getByRole('button', { name: 'Sign out' }).click();
	await ana.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
	await ana.page.waitForSelector('#name:focus');
	await tab.locator('[role=status]', { hasText: 'Your session has ended.' }).waitFor();
	assert.equal((await ana.context.cookies()).length, 0);
});

test('a sign-out that fails says so, and the page goes on', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Staying');
	await ana.page.route('**/api/v1/account.logout', (route) => route.abort());
	await ana.page.getByRole('button', { name: 'Sign out' }).click();
	const dialog = ana.page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Sign out' }).click();
	await dialog.getByRole('alert').filter({ hasText: 'You are still signed in' }).waitFor();
	await dialog.getByRole('button', { name: 'Cancel' }).click();
	await ana.say('still here after all');
	await ana.sees('still here after all');
	await ana.page.unroute('**/api/v1/account.logout');
	await ana.page.getByRole('button', { name: 'Sign out' }).click();
	await dialog.getByRole('button', { name: 'Sign out' }).click();
	await ana.page.waitForSelector('#name:focus');
	assert.equal((await ana.context.cookies()).length, 0);
	assert.equal(await ana.page.locator('.note[role=status]').count(), 0, 'nothing has to be said about it');
});

test('the door opens at the form that one came in by', async (t) => {
	const selected = (person) => person.page.locator('[role=tab][aria-selected=true]').textContent();
	const ana = await Person.open(t, browser, server.url);
	await ana.page.waitForSelector('#name:focus');
	assert.equal(await selected(ana), 'Guest');
	await ana.page.getByRole('tab', { name: 'New account' }).click();
	await ana.page.locator('#name').fill('Returning');
	await ana.page.locator('#password').fill('correct horse');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	const own = await ana.session(server);
	await own.request('account.logout', {}).catch(() => {});
	await ana.page.locator('[role=status]', { hasText: 'Your session has ended.' }).waitFor();
	assert.equal(await selected(ana), 'Sign in');
	await ana.page.reload();
	await ana.page.waitForSelector('#name:focus');
	assert.equal(await selected(ana), 'Sign in');
	await ana.page.getByRole('tab', { name: 'Guest' }).click();
	await ana.page.locator('#name').fill('Returning guest');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	await ana.page.getByRole('button', { name: 'Sign out' }).click();
	await ana.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
	await ana.page.waitForSelector('#name:focus');
	assert.equal(await selected(ana), 'Guest');
});

test('a click on a room counts though something comes in another one while the button is down', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Slow clicker');
	await ana.createRoom('clicked on');
	await ana.createRoom('noisy');
	const writer = await Client.start(server, { guest: 'Noise' });
	t.after(() => writer.close());
	await writer.request('room.join', { room: 'noisy' });
	await ana.go('general');
	await ana.row('clicked on').hover();
	await ana.page.mouse.down();
	await writer.request('message.send', { room: 'noisy', text: 'noise' });
	await until(30000, 'the count', async () => (await ana.unread('noisy')) === 1);
	await ana.page.mouse.up();
	await ana.inRoom('clicked on');
});

test('rooms are listed in natural order, and the open one is in sight', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Collector');
	const own = await ana.session(server);
	t.after(() => own.close());
	for (let i = 40; i > 0; i--) {
		await own.request('room.create', { name: `shelf ${i}` });
	}
	await ana.row('shelf 1').waitFor();
	const names = (await ana.page.locator('.side a.row bdi').allTextContents()).filter((name) => name.startsWith('shelf'));
	assert.deepEqual(names, Array.from({ length: 40 }, (_, i) => `shelf ${i + 1}`));
	const isInSight = (name) => ana.row(name).evaluate((row) => {
		const list = row.closest('.nav').getBoundingClientRect();
		const { top, bottom } = row.getBoundingClientRect();
		return top >= list.top && bottom <= list.bottom;
	});
	await ana.page.keyboard.press('Control+k');
	await ana.page.keyboard.type('shelf 40');
	await ana.page.locator('#jump-list li[aria-selected=true]', { hasText: 'shelf 40' }).waitFor();
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('shelf 40');
	assert.ok(await isInSight('shelf 40'));
	await ana.page.reload();
	await ana.inRoom('shelf 40');
	await ana.draws();
	assert.ok(await isInSight('shelf 40'), 'after a reload');
});

test('a server without guests asks for an account', async (t) => {
	const strict = await startServer({ args: ['--guests', 'off'] });
	t.after(() => strict.stop());
	const ana = await Person.open(t, browser, strict.url);
	await ana.page.waitForSelector('#name:focus');
	assert.deepEqual(await ana.page.getByRole('tab').allTextContents(), ['Sign in', 'New account']);
	await ana.page.getByRole('tab', { name: 'New account' }).click();
	await ana.page.locator('#name').fill('Member');
	await ana.page.locator('#password').fill('correct horse');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
});

test('the time beside a message keeps off its text, also where a day has twice twelve hours', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Ana of hours', { locale: 'en-US', viewport: { width: 1000, height: 640 } });
	await ana.createRoom('hours');
	await ana.page.setViewportSize({ width: 380, height: 640 });
	await ana.say('begins a group');
	await ana.sees('begins a group');
	await ana.say('goes on');
	await ana.sees('goes on');
	const head = await ana.message('begins a group').locator('time').textContent();
	assert.match(head, /^\d+:\d\d\s(AM|PM)$/);
	const [text, time, body] = await ana.message('goes on').evaluate((article) => {
		const of = article.querySelector('time');
		const range = document.createRange();
		range.selectNodeContents(of);
		return [of.textContent, range.getBoundingClientRect().right, article.querySelector('.body').getBoundingClientRect().left];
	});
	assert.match(text, /^\d+:\d\d$/);
	assert.ok(time < body, `the time ends at ${time}, the text begins at ${body}`);
});

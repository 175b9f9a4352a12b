// Writing marks as read: the number in the list and the "New" line, in every tab, before a reload and after.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
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

// The person on a connection without a page.
async function withoutPage(t, person) {
	const [cookie] = await person.context.cookies();
	const client = await Client.start(server, {}, { headers: { Cookie: `${cookie.name}=${cookie.value}`, Origin: server.url } });
	t.after(() => client.close());
	return client;
}

async function writerIn(t, room) {
	const writer = await Client.start(server, { guest: `Writer in ${room}` });
	t.after(() => writer.close());
	await writer.request('room.join', { room });
	return (text) => writer.request('message.send', { room, text });
}

test('one\'s own messages are not unread, before a reload and after', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Author');
	await ana.createRoom('her own');
	await ana.go('general');
	const say = await writerIn(t, 'her own');
	const elsewhere = await withoutPage(t, ana);
	await say('a question');
	await until(30000, 'one unread', async () => (await ana.unread('her own')) === 1);
	for (const text of ['one', 'two', 'three']) {
		await elsewhere.request('message.send', { room: 'her own', text });
	}
	await until(30000, 'none unread', async () => (await ana.unread('her own')) === 0);
	assert.doesNotMatch(await ana.page.title(), /^\(/);
	await say('another question');
	await until(30000, 'what came after them is', async () => (await ana.unread('her own')) === 1);
	await ana.page.reload();
	await ana.inRoom('general');
	await until(30000, 'the same after a reload', async () => (await ana.unread('her own')) === 1);
	await elsewhere.request('message.send', { room: 'her own', text: 'four' });
	await until(30000, 'none unread', async () => (await ana.unread('her own')) === 0);
	await ana.page.reload();
	await ana.inRoom('general');
	assert.equal(await ana.unread('her own'), 0);
});

test('an answer in one tab takes the number and the "New" line from the other', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Answers');
	await ana.createRoom('answered');
	await ana.go('general');
	const say = await writerIn(t, 'answered');
	const tab = new Person(ana.context, await ana.context.newPage(), server.url);
	await tab.page.goto(server.url);
	await tab.inRoom('general');
	await say('a question');
	for (const person of [ana, tab]) {
		await until(30000, 'one unread', async () => (await person.unread('answered')) === 1);
	}
	await tab.go('answered');
	await tab.page.locator('.newd').waitFor();
	await ana.go('answered');
	await ana.say('an answer');
	await tab.sees('an answer');
	for (const person of [ana, tab]) {
		await person.page.locator('.newd').waitFor({ state: 'detached' });
		assert.equal(await person.unread('answered'), 0);
	}
	await tab.go('general');
	await ana.go('general');
	await say('one more');
	await until(30000, 'one unread', async () => (await tab.unread('answered')) === 1);
});

test('what is read in one tab is not new in the other, where one looks at what was before', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Reads');
	await ana.createRoom('read elsewhere');
	const say = await writerIn(t, 'read elsewhere');
	for (let i = 0; i < 40; i++) {
		await say(`old ${i}`);
	}
	await ana.sees('old 39');
	const tab = new Person(ana.context, await ana.context.newPage(), server.url);
	await tab.page.goto(`${server.url}/r/read%20elsewhere`);
	await tab.sees('old 39');
	await tab.log().evaluate((log) => log.scrollTo(0, 0));
	await tab.page.locator('.jump').waitFor();
	await ana.go('general');
	await say('new');
	await until(30000, 'one unread', async () => (await tab.unread('read elsewhere')) === 1);
	assert.equal(await tab.page.locator('.newd').count(), 1);
	await ana.go('read elsewhere');
	await until(30000, 'none unread', async () => (await tab.unread('read elsewhere')) === 0);
	await tab.page.locator('.newd').waitFor({ state: 'detached' });
});

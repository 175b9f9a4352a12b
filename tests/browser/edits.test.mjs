// Messages that are edited and deleted: by keyboard and by pointer, seen by everybody, and by whoever comes later and reads only their place.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser, server;
before(async () => {
	server = await startServer();
	browser = await launch();
	const host = await Client.start(server, { guest: 'Host' });
	await host.request('room.create', { name: 'general' });
	await host.close();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

const value = (person) => person.composer.inputValue();
const bar = (person) => person.page.locator('.replying:not([hidden])');
const focusIn = (person) => person.page.evaluate(() => document.activeElement?.closest('article')?.getAttribute('aria-label') ?? document.activeElement?.id ?? '');

async function violations(person) {
	await person.page.evaluate(axe);
	const found = await person.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].target} ${nodes[0].failureSummary}`);
}

// Ana, who owns a room of her own, and another person in it.
async function two(t, name, options) {
	const ana = await Person.join(t, browser, server.url, `Ana ${name}`, options);
	await ana.createRoom(`room ${name}`);
	const ben = await Person.join(t, browser, server.url, `Ben ${name}`, options, `/r/${encodeURIComponent(`room ${name}`)}`);
	return { ana, ben };
}

for (const colorScheme of ['light', 'dark']) {
	test(`ArrowUp in an empty field edits the last message of one's own, and everybody sees the new text (${colorScheme})`, async (t) => {
		const { ana, ben } = await two(t, colorScheme, { colorScheme });
		await ana.say('first wrold');
		await ben.say('of Ben');
		await ana.sees('of Ben');
		await ana.page.keyboard.press('ArrowUp');
		assert.equal(await value(ana), 'first wrold');
		await bar(ana).filter({ hasText: 'Editing your message' }).waitFor();
		assert.deepEqual(await violations(ana), []);
		await ana.composer.fill('first **world**');
		await ana.page.keyboard.press('Enter');
		for (const person of [ana, ben]) {
			await person.sees('first world (edited)');
			assert.equal(await person.message('wrold').count(), 0);
			assert.equal(await person.message('first world').count(), 1);
		}
		await until(10000, 'the field to be empty', async () => (await value(ana)) === '' && (await bar(ana).count()) === 0);
		await ana.page.keyboard.press('ArrowUp');
		assert.equal(await value(ana), 'first **world**', 'the text as it was written');
		await ana.page.keyboard.press('Escape');
		assert.equal(await value(ana), '');
		assert.match(await ana.message('first world').getAttribute('aria-label'), /first world, edited, /);
		assert.deepEqual(await violations(ana), []);
	});
}

test('a draft comes back after an edit, and what is edited is no draft', async (t) => {
	const { ana } = await two(t, 'drafts');
	await ana.say('to be edited');
	await ana.sees('to be edited');
	await ana.composer.fill('a draft');
	await ana.message('to be edited').hover();
	await ana.page.getByRole('button', { name: 'Edit' }).click();
	assert.equal(await value(ana), 'to be edited');
	await ana.composer.fill('/leave');
	assert.equal(await ana.page.locator('#commands [role=option]').count(), 0, 'no command is meant');
	await ana.page.keyboard.press('Enter');
	await ana.sees('/leave (edited)');
	await until(10000, 'the draft to be back', async () => (await value(ana)) === 'a draft');
	await ana.message('/leave').focus();
	await ana.page.keyboard.press('e');
	assert.equal(await value(ana), '/leave');
	await ana.page.reload();
	await ana.inRoom('room drafts');
	await ana.sees('/leave (edited)');
	assert.equal(await value(ana), 'a draft');
});

test('deleting asks before; the place is kept, also for the focus', async (t) => {
	const { ana, ben } = await two(t, 'deleting');
	await ana.say('a secret');
	await ben.sees('a secret');
	await ben.message('a secret').hover();
	await ben.page.getByRole('button', { name: 'Reply to' }).click();
	await ben.say('an answer');
	await ana.sees('an answer');
	await ana.message('a secret').first().focus();
	await ana.page.keyboard.press('Delete');
	await ana.page.getByRole('dialog', { name: 'Delete this message?' }).waitFor();
	assert.deepEqual(await violations(ana), []);
	await ana.page.getByRole('button', { name: 'Cancel' }).click();
	assert.equal(await ana.page.locator('dialog').count(), 0);
	assert.match(await focusIn(ana), /a secret/);
	await ana.page.keyboard.press('Delete');
	await ana.page.getByRole('button', { name: 'Delete message' }).click();
	for (const person of [ana, ben]) {
		await person.page.locator('article:not(:has(.quote))', { hasText: 'Message deleted' }).waitFor();
		assert.equal(await person.log().getByText('a secret').count(), 0, 'the answer does not quote it either');
	}
	assert.deepEqual(await ben.page.locator('.quote').allTextContents(), ['Ana deletingMessage deleted']);
	await until(10000, 'the dialog to be gone', async () => (await ana.page.locator('dialog').count()) === 0);
	assert.match(await focusIn(ana), /Ana deleting, Message deleted, /);
	assert.equal(await ana.page.locator('article:focus .bar').count(), 0);
	await ana.page.keyboard.press('e');
	assert.equal(await bar(ana).count(), 0, 'there is nothing left to change');
	assert.deepEqual(await violations(ana), []);
});

test('the focus is not lost when the message went while the question was open', async (t) => {
	const { ana } = await two(t, 'focus');
	await ana.say('twice gone');
	await ana.sees('twice gone');
	await ana.message('twice gone').focus();
	await ana.page.keyboard.press('Delete');
	await ana.page.getByRole('dialog').waitFor();
	const session = await ana.session(server);
	const { id: room } = session.session.rooms.find((r) => r.name === 'room focus');
	const { events } = await session.request('history.read', { room });
	await session.request('message.delete', { room, seq: events.find((e) => e.data.text === 'twice gone').seq });
	await session.close();
	await ana.page.locator('article', { hasText: 'Message deleted' }).waitFor();
	await ana.page.getByRole('button', { name: 'Delete message' }).click();
	await until(10000, 'the dialog to be gone', async () => (await ana.page.locator('dialog').count()) === 0);
	assert.match(await focusIn(ana), /Message deleted/);
});

test('the owner deletes what others wrote, and others do not', async (t) => {
	const { ana, ben } = await two(t, 'ruling');
	await ben.say('of Ben');
	await ana.say('of Ana');
	await ben.sees('of Ana');
	await ben.message('of Ana').hover();
	assert.equal(await ben.message('of Ana').getByRole('button', { name: 'Delete' }).count(), 0);
	await ben.message('of Ana').focus();
	await ben.page.keyboard.press('Delete');
	await ben.page.keyboard.press('e');
	assert.equal(await ben.page.locator('dialog').count() + await bar(ben).count(), 0);
	await ana.message('of Ben').hover();
	assert.equal(await ana.message('of Ben').getByRole('button', { name: 'Edit' }).count(), 0);
	await ana.message('of Ben').getByRole('button', { name: 'Delete' }).click();
	await ana.page.getByRole('button', { name: 'Delete message' }).click();
	for (const person of [ana, ben]) {
		await person.sees('Message deleted by Ana ruling');
	}
});

test('an edit that is refused leaves the text in the field, and a blank one asks whether to delete', async (t) => {
	const { ana, ben } = await two(t, 'refused');
	await ben.say('of Ben');
	await ana.sees('of Ben');
	await ben.page.keyboard.press('ArrowUp');
	await ben.composer.fill('much better');
	await ana.message('of Ben').hover();
	await ana.message('of Ben').getByRole('button', { name: 'Delete' }).click();
	await ana.page.getByRole('button', { name: 'Delete message' }).click();
	await ben.sees('Message deleted');
	await ben.page.keyboard.press('Enter');
	await ben.page.locator('article.aside', { hasText: 'was not saved' }).waitFor();
	assert.equal(await value(ben), 'much better');
	await ben.page.keyboard.press('Escape');
	assert.equal(await value(ben), '');
	await ben.page.keyboard.press('ArrowUp');
	assert.equal(await bar(ben).count(), 0, 'there is no message left');
	await ben.say('one more');
	await ben.sees('one more');
	await ben.page.keyboard.press('ArrowUp');
	await ben.composer.fill('  ');
	await ben.page.keyboard.press('Enter');
	await ben.page.getByRole('button', { name: 'Delete message' }).click();
	await until(10000, 'both to be deleted', async () => (await ben.page.locator('article', { hasText: 'Message deleted' }).count()) === 2);
});

test('who has scrolled far up sees changes as they are made', async (t) => {
	const name = 'room far';
	const owner = await Client.start(server, { guest: 'Far owner' });
	t.after(() => owner.close());
	const { id: room } = await owner.request('room.create', { name });
	const { seq } = await owner.request('message.send', { room, text: 'the first wrold' });
	const { seq: bad } = await owner.request('message.send', { room, text: 'to be gone' });
	for (let i = 0; i < 450; i++) {
		await owner.request('message.send', { room, text: `filler ${i}\n\n\n` });
	}
	const ana = await Person.join(t, browser, server.url, 'Ana far', {}, `/r/${encodeURIComponent(name)}`);
	await ana.sees('filler 449');
	await until(30000, 'the first message to be in sight', async () => {
		await ana.log().evaluate((log) => { log.scrollTop = 0; });
		return (await ana.message('the first').count()) > 0;
	});
	/* Live, while the window does not reach the end. */
	await owner.request('message.edit', { room, seq, text: 'the first world' });
	await ana.sees('the first world (edited)');
	await owner.request('message.delete', { room, seq: bad });
	await ana.page.locator('article', { hasText: 'Message deleted' }).waitFor();
});

test('who goes on reading where they were sees what messages there became, however far behind the change is', async (t) => {
	const name = 'room back';
	const owner = await Client.start(server, { guest: 'Back owner' });
	t.after(() => owner.close());
	const { id: room } = await owner.request('room.create', { name });
	const { seq } = await owner.request('message.send', { room, text: 'the first wrold' });
	const { seq: bad } = await owner.request('message.send', { room, text: 'to be gone' });
	const ben = await Person.join(t, browser, server.url, 'Ben back', {}, `/r/${encodeURIComponent(name)}`);
	await ben.sees('to be gone');
	const session = await ben.session(server);
	await session.request('read.mark', { room, seq: bad });
	await session.close();
	await ben.page.goto('about:blank');
	for (let i = 0; i < 400; i++) {
		await owner.request('message.send', { room, text: `filler ${i}` });
		if (i === 350) {
			await owner.request('message.edit', { room, seq, text: 'the first world' });
			await owner.request('message.delete', { room, seq: bad });
		}
	}
	await ben.page.goto(`${server.url}/r/${encodeURIComponent(name)}`);
	await ben.sees('the first world (edited)');
	await ben.page.locator('article', { hasText: 'Message deleted' }).waitFor();
	assert.equal(await ben.log().getByText(/wrold|to be gone/).count(), 0);
	assert.equal(await ben.message('filler 350').count(), 0, 'the changes were not in what was read');
});

test('a message that a program changes hundreds of times is seen, with those before it', async (t) => {
	const bot = await Client.start(server, { guest: 'Progress' });
	const { id: room } = await bot.request('room.create', { name: 'progress' });
	await bot.request('message.send', { room, text: 'before it' });
	const { seq } = await bot.request('message.send', { room, text: 'step 0' });
	const change = (from, to) => Promise.all(Array.from({ length: to - from }, (_, i) => bot.request('message.edit', { room, seq, text: `step ${from + i + 1}` })));
	await change(0, 350);
	const ana = await Person.join(t, browser, server.url, 'Ana progress', {}, '/r/progress');
	await ana.sees('step 350 (edited)');
	await ana.sees('before it');
	await change(350, 700);
	await ana.sees('step 700 (edited)');
	assert.deepEqual(await ana.texts(), ['before it', 'step 700 (edited)']);
	await bot.close();
});

// What other people write must not harm the page: not its speed, not its height, not the messages beside it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { HOSTILE, TEXT_BYTES, hostileText } from './lib/hostile.mjs';
import { Person, launch } from './lib/page.mjs';

const UNLIMITED = ['connection-requests', 'account-requests', 'address-requests', 'connection-waiting'].flatMap((name) => [`--limit-${name}`, '0']);

let browser, server, writer;
before(async () => {
	server = await startServer({ args: UNLIMITED });
	browser = await launch();
	writer = await Client.start(server, { guest: 'Mallory' });
	await writer.request('room.create', { name: 'general' });
});
after(async () => {
	await writer?.close();
	await browser?.close();
	await server?.stop();
});

async function roomWith(name, texts) {
	await writer.request('room.create', { name });
	const seqs = [];
	for (const text of texts) {
		const { seq } = await writer.request('message.send', { room: name, text, ...(seqs.length % 3 === 2 && { reply_to: seqs.at(-1) }) });
		seqs.push(seq);
	}
}

// The processor time that the page's thread has taken, scripts and layout included. Other programs on the machine do not count.
async function threadClock(person) {
	const session = await person.context.newCDPSession(person.page);
	await session.send('Performance.enable', { timeDomain: 'threadTicks' });
	return async () => {
		const { metrics } = await session.send('Performance.getMetrics');
		return metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
	};
}

test('a room full of hostile messages opens, and the page answers', async (t) => {
	const kinds = Object.keys(HOSTILE);
	await roomWith('hostile', Array.from({ length: 100 }, (_, i) => hostileText(kinds[i % kinds.length], TEXT_BYTES)).concat('the last one'));
	const ana = await Person.join(t, browser, server.url, 'Ann');
	const threadMs = await threadClock(ana);
	const begunMs = await threadMs();
	await ana.page.keyboard.press('Control+k');
	await ana.page.locator('#jump-to:focus').waitFor();
	await ana.page.keyboard.type('hostile');
	await ana.page.locator('#jump-list li[aria-selected=true]', { hasText: 'hostile' }).waitFor();
	await ana.page.keyboard.press('Enter');
	await ana.sees('the last one');
	await ana.draws();
	for (let n = 0; (n = await ana.page.locator('article').count()) < 101;) { // pages are bounded by bytes: up to the first one
		await ana.page.locator('.log').evaluate((log) => { log.scrollTop = 0; });
		await ana.page.waitForFunction((before) => document.querySelectorAll('article').length > before, n);
	}
	const openMs = await threadMs() - begunMs;
	t.diagnostic(`opening the room took ${openMs} ms`);
	assert.ok(openMs < 1500, `opening the room took ${openMs} ms`);

	const clickMs = await threadMs();
	await ana.page.evaluate(() => {
		document.querySelector('[aria-label^="About this room"]').click();
		return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
	});
	const took = await threadMs() - clickMs;
	const { elements, articles, height } = await ana.page.evaluate(() => ({
		elements: document.querySelectorAll('.log *').length,
		articles: document.querySelectorAll('article').length,
		height: Math.max(...[...document.querySelectorAll('article')].map((a) => a.offsetHeight)),
	}));
	t.diagnostic(`a click is answered in ${took} ms; ${elements} elements for ${articles} messages; the tallest message has ${height} px`);
	assert.ok(took < 500, `a click is answered after ${took} ms`);
	assert.ok(elements < 20000, `${elements} elements`);
	assert.ok(height < 3000, `a message of ${height} px`);
	await ana.page.keyboard.press('Escape');
	const liveBegunMs = await threadMs();
	for (let i = 0; i < 5; i++) {
		await writer.request('message.send', { room: 'hostile', text: hostileText('schemes, then brackets', TEXT_BYTES) });
	}
	await writer.request('message.send', { room: 'hostile', text: 'came live' });
	await ana.sees('came live');
	const liveMs = await threadMs() - liveBegunMs;
	t.diagnostic(`live messages took ${liveMs} ms`);
	assert.ok(liveMs < 1000, `live messages took ${liveMs} ms`);
});

test('a long message shows its start; the rest comes when asked for, and stays', async (t) => {
	await writer.request('room.create', { name: 'tall' });
	await writer.request('message.send', { room: 'tall', text: `**first**\n${'line\n'.repeat(300)}the end of it` });
	await writer.request('message.send', { room: 'tall', text: 'after it' });
	const ana = await Person.join(t, browser, server.url, 'Reader', {}, '/r/tall');
	await ana.sees('after it');
	const tall = ana.page.locator('article', { hasText: 'first' });
	assert.ok(await tall.evaluate((element) => element.offsetHeight) < 1200);
	assert.equal(await ana.message('the end of it').count(), 0);
	await tall.getByRole('button', { name: 'Show more' }).click();
	await ana.message('the end of it').waitFor();
	assert.equal(await tall.getByRole('button', { name: 'Show more' }).count(), 0);
	assert.equal(await tall.evaluate((element) => element === document.activeElement), true, 'the focus is not lost');
	const top = () => tall.evaluate((element) => Math.round(element.getBoundingClientRect().top));
	const before = await top();
	await writer.request('message.send', { room: 'tall', text: 'came meanwhile' });
	await ana.sees('came meanwhile');
	assert.equal(await top(), before, 'the reader is where they read');
	assert.equal(await ana.message('the end of it').count(), 1);
});

test('piled-up marks do not paint over other messages, names and topics', async (t) => {
	const pile = `Z${'\u0301'.repeat(60)}${'\u0323'.repeat(60)}`;
	const ana = await Person.join(t, browser, server.url, 'Neighbour');
	const pictures = [];
	for (const [i, mark] of ['Z', pile].entries()) {
		const room = `marks ${i}`;
		await writer.request('room.create', { name: room, topic: mark });
		for (const text of ['above', 'above', 'above', mark, 'below', 'below', 'below']) {
			await writer.request('message.send', { room, text });
		}
		await ana.page.goto(`${server.url}/r/${encodeURIComponent(room)}`);
		await ana.sees('below');
		await ana.page.mouse.move(0, 0);
		await ana.page.evaluate(() => {
			document.activeElement.blur(); // a caret blinks
			document.querySelectorAll('time').forEach((time) => { time.textContent = '12:00'; });
		});
		const boxes = await ana.page.locator('article .body > p').evaluateAll((all) => all.map((p) => {
			const { x, y, width, height } = p.getBoundingClientRect();
			return { text: p.textContent, clip: { x, y, width, height } };
		}));
		for (const { text, clip } of boxes.filter((box) => /^(above|below)$/.test(box.text))) {
			pictures.push([room, text, (await ana.page.screenshot({ clip })).toString('base64')]);
		}
	}
	assert.equal(pictures.length, 12);
	for (let i = 0; i < 6; i++) {
		assert.ok(pictures[i][2] === pictures[i + 6][2], `what stands ${pictures[i][1]} is painted over (${i})`);
	}
});

test('a text begins with the indentation it was written with', async (t) => {
	await writer.request('room.create', { name: 'indented' });
	await writer.request('message.send', { room: 'indented', text: '\n \n    four spaces\n  two' });
	const ana = await Person.join(t, browser, server.url, 'Indenter', {}, '/r/indented');
	await ana.sees('four spaces');
	assert.deepEqual(await ana.texts(), ['    four spaces\n  two']);
	assert.equal(await ana.page.locator('article .body > p').first().evaluate((p) => getComputedStyle(p).whiteSpaceCollapse ?? getComputedStyle(p).whiteSpace), 'preserve');
});

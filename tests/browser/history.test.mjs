// The list of messages: it loads earlier ones without moving what a user reads, stays bounded, and brings the user back to the present.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const MESSAGES = 700;
const MOST_ROWS = 330; /* 300 events, day lines and the like */
let browser, server, writer;

const textOf = (n) => `number ${n}. ${'Some words of a length that varies. '.repeat(n % 7)}`;

before(async () => {
	server = await startServer();
	browser = await launch();
	writer = await Client.start(server, { guest: 'Historian' });
	await writer.request('room.create', { name: 'general' });
	for (let n = 1; n <= MESSAGES; n += 50) {
		await Promise.all(Array.from({ length: 50 }, (_, i) => writer.request('message.send', { room: 'general', text: textOf(n + i) })));
	}
});
after(async () => {
	await writer?.close();
	await browser?.close();
	await server?.stop();
});

const rows = (person) => person.page.locator('.rows > *').count();
const numbers = async (person) => (await person.texts()).map((text) => Number(/^number (\d+)/.exec(text)?.[1])).filter(Boolean);

function assertRun(list) {
	for (let i = 1; i < list.length; i++) {
		assert.equal(list[i], list[i - 1] + 1, `a hole or a double after ${list[i - 1]}`);
	}
}

// Records, frame by frame, how far a message moves on the screen beyond what was scrolled by hand.
// With scrollTop: goes there first, in the same step, so that nothing can come in between.
function watchMoves(person, scrollTop = null) {
	return person.page.evaluate((to) => {
		const log = document.querySelector('.log');
		if (to !== null) log.scrollTop = to;
		const box = log.getBoundingClientRect();
		const target = [...document.querySelectorAll('article')].find((a) => a.getBoundingClientRect().top > box.top + box.height / 3);
		window.watched = { key: target.dataset.key, top: target.getBoundingClientRect().top, most: 0, frames: 0, rows: document.querySelectorAll('.rows > *').length };
		const look = () => {
			const now = document.querySelector(`[data-key="${window.watched.key}"]`);
			window.watched.most = Math.max(window.watched.most, now ? Math.abs(now.getBoundingClientRect().top - window.watched.top) : 10000);
			window.watched.frames++;
			window.watching = requestAnimationFrame(look);
		};
		look();
	}, scrollTop);
}

// What was recorded, ten frames later: what is going to move has moved.
async function moved(person) {
	await person.draws(10);
	const seen = await person.page.evaluate(() => {
		cancelAnimationFrame(window.watching);
		return { ...window.watched, rowsNow: document.querySelectorAll('.rows > *').length };
	});
	assert.ok(seen.frames >= 10, `${seen.frames} frames were watched`);
	return seen;
}

test('earlier messages come in above without moving what one reads', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Scroller');
	await ana.sees(`number ${MESSAGES}.`);
	assert.ok((await ana.fromEnd()) < 2, 'a room opens at its end');
	/* Near the top, but not so near that the page before this one is there already. */
	await ana.log().evaluate((log) => { log.scrollTop = 1000; });
	await ana.draws();
	const first = (await numbers(ana))[0];
	await watchMoves(ana, 700);
	await until(30000, 'earlier messages', async () => (await numbers(ana))[0] < first);
	const seen = await moved(ana);
	assert.ok(seen.rowsNow > seen.rows, 'rows were added');
	assert.ok(seen.most <= 1, `the text moved by ${seen.most} px`);
	assertRun(await numbers(ana));
});

test('the same at the very top, where a day line stands', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Quick scroller');
	await ana.sees(`number ${MESSAGES}.`);
	const [first] = await numbers(ana);
	await ana.log().evaluate((log) => new Promise((resolve) => {
		log.addEventListener('scroll', resolve, { once: true });
		log.scrollTop = 0;
	}));
	await watchMoves(ana);
	await until(30000, 'earlier messages', async () => (await numbers(ana))[0] < first);
	const seen = await moved(ana);
	assert.ok(seen.most <= 1, `the text moved by ${seen.most} px`);
});

test('live messages below do not move what one reads; they are counted on the way back', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Reader of old');
	await ana.sees(`number ${MESSAGES}.`);
	await ana.log().evaluate((log) => { log.scrollTop = log.scrollHeight / 2; });
	await ana.draws();
	await watchMoves(ana);
	for (const text of ['below one', 'below two']) {
		await writer.request('message.send', { room: 'general', text });
	}
	await ana.page.locator('.jump', { hasText: '2 new' }).waitFor();
	const seen = await moved(ana);
	assert.ok(seen.most <= 1, `the text moved by ${seen.most} px`);
	await ana.page.locator('.jump').click();
	await ana.sees('below two');
	await until(30000, 'the end', async () => (await ana.fromEnd()) < 2);
	await ana.page.locator('.jump').waitFor({ state: 'hidden' });
});

test('up to the beginning and down again: bounded, no hole, nothing doubled', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Traveller');
	await ana.sees(`number ${MESSAGES}.`);
	await until(30000, 'the beginning', async () => {
		await ana.log().evaluate((log) => { log.scrollTop = 0; });
		assert.ok((await rows(ana)) <= MOST_ROWS, 'too many rows');
		return await ana.page.locator('.beginning').count();
	}, 60);
	const atTop = await numbers(ana);
	assert.equal(atTop[0], 1);
	assertRun(atTop);
	await ana.page.locator('.jump').waitFor();
	await until(30000, 'the end again', async () => {
		await ana.log().evaluate((log) => { log.scrollTop = log.scrollHeight; });
		const list = await numbers(ana);
		assertRun(list);
		return list.at(-1) === MESSAGES && (await ana.fromEnd()) < 2;
	}, 60);
	await writer.request('message.send', { room: 'general', text: 'live at the end' });
	await ana.sees('live at the end');
	assert.ok((await ana.fromEnd()) < 2, 'who is at the end stays there');
	assert.ok((await rows(ana)) <= MOST_ROWS);
});

test('the jump to the present from far above shows the newest page; one\'s own message brings one there too', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Jumper');
	await ana.sees('live at the end');
	const up = () => until(30000, 'the beginning', async () => {
		await ana.log().evaluate((log) => { log.scrollTop = 0; });
		return await ana.page.locator('.beginning').count();
	}, 60);
	await up();
	assert.equal(await ana.message('live at the end').count(), 0);
	await ana.page.locator('.jump').click();
	await ana.sees('live at the end');
	await until(30000, 'the end', async () => (await ana.fromEnd()) < 2);
	await up();
	await ana.say('written from far above');
	await ana.sees('written from far above');
	await until(30000, 'the end', async () => (await ana.fromEnd()) < 2);
});

test('a room with much unread opens where one stopped reading', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Away');
	await ana.createRoom('busy');
	await ana.createRoom('quiet');
	await writer.request('room.join', { room: 'busy' });
	for (let i = 0; i < 150; i++) {
		await writer.request('message.send', { room: 'busy', text: `unread ${i}` });
	}
	await until(30000, 'the count', async () => (await ana.page.locator('.side .count').textContent().catch(() => '')) === '99+');
	await ana.go('busy');
	await ana.page.locator('.newd').waitFor();
	const at = await ana.page.evaluate(() => {
		const box = document.querySelector('.log').getBoundingClientRect();
		const line = document.querySelector('.newd').getBoundingClientRect();
		return line.top >= box.top && line.bottom <= box.bottom;
	});
	assert.ok(at, 'the "New" line is in sight');
	assert.equal(await ana.page.locator('.newd + article', { hasText: 'unread 0' }).count(), 1);
	assert.notEqual(await ana.unread('busy'), 0, 'what was not looked at stays unread');
});

test('a page that did not come comes when it is asked for again, the first one too', async (t) => {
	const ana = await Person.open(t, browser, server.url);
	let refuses = true;
	await ana.page.routeWebSocket('**/ws', (ws) => {
		const upstream = ws.connectToServer();
		ws.onMessage((frame) => {
			const { type, ref } = JSON.parse(frame);
			if (refuses && type === 'history.read')
				ws.send(JSON.stringify({ type: 'error', ref, data: { code: 'rate_limited', message: 'later', retryable: true, retry_after_ms: 100 } }));
			else
				upstream.send(frame);
		});
		upstream.onMessage((frame) => ws.send(frame));
	});
	await ana.page.reload();
	await ana.page.locator('#name').fill('Persistent');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	await ana.page.locator('.log-top', { hasText: 'could not be loaded' }).waitFor();
	refuses = false;
	await ana.page.getByRole('button', { name: 'Try again' }).click();
	await ana.sees('live at the end');
});

test('a room of hundreds of comings and goings, which are one line, is read to where it is full, and what comes is seen', async (t) => {
	const door = await Client.start(server, { guest: 'Door' });
	t.after(() => door.close());
	const room = await writer.request('room.create', { name: 'revolving door' });
	await writer.request('message.send', { room: room.id, text: 'before them all' });
	for (let n = 0; n < 250; n++) {
		await door.request('room.join', { room: room.id });
		await door.request('room.leave', { room: room.id });
	}
	const ana = await Person.join(t, browser, server.url, 'Patient', {}, '/r/revolving%20door');
	const pages = () => ana.asked.filter(({ type }) => type === 'history.read').length;
	const idle = () => until(30000, 'nothing under way', () => ana.unanswered.size === 0);
	await ana.page.locator('.notice', { hasText: 'left' }).waitFor();
	for (let n = 0; n < 10; n++) {
		await idle();
		await ana.draws();
	}
	assert.ok(pages() <= 3, `${pages()} pages were asked for`);
	assert.ok(await ana.page.locator('.jump').isHidden(), 'the end is in sight');
	await writer.request('message.send', { room: room.id, text: 'said now' });
	await ana.sees('said now');
	/* A person who wants to see earlier messages asks for them, and comes back. */
	await until(30000, 'the beginning', async () => {
		if (await ana.message('before them all').count())
			return true;
		await ana.page.getByRole('button', { name: 'Show earlier messages' }).click({ timeout: 1000 }).catch(() => {});
		await idle();
		await ana.draws();
		return false;
	});
	await ana.page.locator('.jump').click();
	await ana.sees('said now');
	await ana.page.locator('.jump').waitFor({ state: 'hidden' });
	await idle();
	assert.ok(pages() <= 12, `${pages()} pages were asked for`);
});

test('what came while the page was hidden, more than it holds, is not read for that; scrolling leads through it to the end', async (t) => {
	const room = await writer.request('room.create', { name: 'night shift' });
	const ana = await Person.join(t, browser, server.url, 'Sleeper', {}, '/r/night%20shift');
	const show = (state) => ana.page.evaluate((value) => {
		Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
		document.dispatchEvent(new Event('visibilitychange'));
	}, state);
	await show('hidden');
	for (let n = 0; n < 400; n += 50) {
		await Promise.all(Array.from({ length: 50 }, (_, i) => writer.request('message.send', { room: room.id, text: `number ${n + i}.` })));
	}
	await ana.row('night shift').locator('.sr', { hasText: '400 unread' }).waitFor({ state: 'attached' });
	await show('visible');
	await ana.page.locator('.jump', { hasText: '99+ new' }).waitFor();
	await ana.draws();
	assert.equal(ana.asked.filter(({ type, data }) => type === 'read.mark' && data.seq > room.last_seq + 1).length, 0, 'a mark was set');
	await until(30000, 'the end', async () => {
		await ana.log().evaluate((log) => { log.scrollTop = log.scrollHeight; });
		const list = await numbers(ana);
		assertRun(list);
		return list.at(-1) === 399 && (await ana.fromEnd()) < 2;
	}, 60);
	await until(30000, 'nothing unread', async () => (await ana.unread('night shift')) === 0);
});

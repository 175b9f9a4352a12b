// The place in a log while its box changes. A reader at the end stays there. Otherwise the first row in sight keeps its position.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const MESSAGES = 90; // all on the first page: nothing comes in while a place is measured
let browser, server, writer;

before(async () => {
	server = await startServer();
	browser = await launch();
	writer = await Client.start(server, { guest: 'Historian' });
	await writer.request('room.create', { name: 'general' });
	for (let n = 1; n <= MESSAGES; n++) {
		await writer.request('message.send', { room: 'general', text: `number ${n}. ${'Some words of a length that varies. '.repeat(n % 7)}` });
	}
});
after(async () => {
	await writer?.close();
	await browser?.close();
	await server?.stop();
});

// Does what the browser's own zoom does: fewer and larger pixels of the page.
async function zoom(ana, factor) {
	ana.metrics ??= await ana.context.newCDPSession(ana.page);
	await ana.metrics.send('Emulation.setDeviceMetricsOverride', { width: 1280 / factor, height: 700 / factor, deviceScaleFactor: factor, mobile: false });
}

// What changes the box or its content, each there and back.
const CHANGES = {
	'lines in the composer': [(ana) => ana.composer.fill('one\ntwo\nthree\nfour'), (ana) => ana.composer.fill('')],
	'an answer begun': [(ana) => ana.page.locator('article .bar button').last().dispatchEvent('click'), (ana) => ana.page.locator('.replying button').click()],
	'a narrower window': [(ana) => ana.page.setViewportSize({ width: 1000, height: 700 }), (ana) => ana.page.setViewportSize({ width: 1280, height: 700 })],
	'a lower window, as with a phone\'s keyboard': [(ana) => ana.page.setViewportSize({ width: 1280, height: 420 }), (ana) => ana.page.setViewportSize({ width: 1280, height: 700 })],
	'a banner': [(ana) => ana.page.evaluate(() => { document.querySelector('.net').hidden = false; }), (ana) => ana.page.evaluate(() => { document.querySelector('.net').hidden = true; })],
	'a zoom of 125 %': [(ana) => zoom(ana, 1.25), (ana) => zoom(ana, 1)],
	'larger text': [(ana) => ana.page.evaluate(() => document.documentElement.style.setProperty('--fs', '19px')), (ana) => ana.page.evaluate(() => document.documentElement.style.removeProperty('--fs'))],
	'higher lines': [(ana) => ana.page.evaluate(() => document.documentElement.style.setProperty('--lh', '31px')), (ana) => ana.page.evaluate(() => document.documentElement.style.removeProperty('--lh'))],
};

// The first row whose upper edge is in sight, with where it is on the screen and what there is to scroll below.
const look = (ana) => ana.page.evaluate(() => {
	const log = document.querySelector('.log');
	const { top } = log.getBoundingClientRect();
	const row = [...document.querySelectorAll('.rows > *')].find((r) => r.getBoundingClientRect().top >= top);
	return { key: row.dataset.key, top: row.getBoundingClientRect().top, end: log.scrollHeight - log.scrollTop - log.clientHeight };
});
const topOf = (ana, key) => ana.page.evaluate((k) => document.querySelector(`[data-key="${k}"]`).getBoundingClientRect().top, key);

// The person scrolls, and the page has noticed.
async function scrollTo(ana, part) {
	await ana.log().evaluate((log, to) => { log.scrollTop = (log.scrollHeight - log.clientHeight) * to; }, part);
	await ana.draws();
}

async function assertStays(ana, before_, what) {
	await ana.draws();
	if (before_.end < 2) {
		assert.ok((await ana.fromEnd()) < 2, `${what}: ${await ana.fromEnd()} px above the end`);
	} else {
		const moved = Math.abs((await topOf(ana, before_.key)) - before_.top);
		assert.ok(moved <= 1, `${what}: the first row in sight moved by ${moved} px`);
	}
}

async function open(t, name) {
	const ana = await Person.join(t, browser, server.url, name, { viewport: { width: 1280, height: 700 } });
	await ana.page.locator('article', { hasText: `number ${MESSAGES}.` }).waitFor();
	await ana.draws();
	return ana;
}

for (const [what, ways] of Object.entries(CHANGES)) {
	test(`the place in the log outlasts ${what}`, async (t) => {
		const ana = await open(t, `Reader ${what.slice(0, 20)}`);
		for (const part of [1, 0.5, 0.31]) {
			await scrollTo(ana, part);
			for (const [i, way] of ways.entries()) {
				const seen = await look(ana);
				await way(ana);
				await assertStays(ana, seen, `${what} ${i ? 'gone' : 'come'}, scrolled to ${part}`);
			}
		}
	});
}

test('the place in the log outlasts any order of such changes', async (t) => {
	const ana = await open(t, 'Random reader');
	const names = Object.keys(CHANGES);
	let seed = 20260131;
	const random = (n) => {
		seed = (seed * 1103515245 + 12345) % 2147483648;
		return Math.floor((seed / 2147483648) * n);
	};
	const on = new Set();
	for (let step = 0; step < 60; step++) {
		if (random(6) === 0) {
			await scrollTo(ana, [1, 0.3, 0.5, 0.7][random(4)]);
		}
		const name = names[random(names.length)];
		const seen = await look(ana);
		await CHANGES[name][on.has(name) ? 1 : 0](ana);
		await assertStays(ana, seen, `step ${step}, seed 20260131, ${name} ${on.has(name) ? 'gone' : 'come'}`);
		if (!on.delete(name)) {
			on.add(name);
		}
	}
});

test('who writes several lines at the end of a log stays there, and what comes is seen', async (t) => {
	const ana = await open(t, 'Line writer');
	for (const line of ['one', 'two', 'three']) {
		await ana.page.keyboard.type(line);
		await ana.page.keyboard.press('Shift+Enter');
		await ana.draws();
		assert.ok((await ana.fromEnd()) < 2, `${await ana.fromEnd()} px above the end after "${line}"`);
	}
	await writer.request('message.send', { room: 'general', text: 'seen while writing' });
	await ana.sees('seen while writing');
	await ana.draws();
	assert.ok((await ana.fromEnd()) < 2);
	assert.equal(await ana.unread('general'), 0);
	await until(30000, 'the mark', () => ana.asked.some(({ type }) => type === 'read.mark'));
});

test('a person who scrolls while the box changes is not pulled back', async (t) => {
	const ana = await open(t, 'Quick reader');
	await scrollTo(ana, 0.5);
	const seen = await look(ana);
	await ana.page.evaluate(() => {
		document.querySelector('.log').scrollTop += 120;
		document.querySelector('.net').hidden = false;
	});
	await ana.draws();
	const moved = seen.top - await topOf(ana, seen.key);
	assert.ok(Math.abs(moved - 120) <= 1, `the text moved by ${moved} px for 120`);
});

test('a composer is as high as its text, at any width', async (t) => {
	const ana = await open(t, 'Long writer');
	const height = () => ana.composer.evaluate((area) => [area.clientHeight, area.scrollHeight]);
	const [one] = await height();
	await ana.composer.fill('words that fill a line and more '.repeat(5));
	for (const width of [1280, 700, 400]) {
		await ana.page.setViewportSize({ width, height: 700 });
		await ana.draws();
		const [shown, needed] = await height();
		assert.ok(shown > one && shown >= needed, `${shown} px for ${needed} at ${width}`);
	}
	await ana.composer.fill('line\n'.repeat(60));
	assert.ok((await height())[0] <= 220, 'and no higher than leaves room for the log');
	await ana.composer.fill('');
	await ana.page.setViewportSize({ width: 1280, height: 700 });
	assert.equal((await height())[0], one);
});

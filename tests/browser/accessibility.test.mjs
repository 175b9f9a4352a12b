// axe-core on every screen in both themes and two widths, and what it cannot see: the way by keyboard, sizes of targets, no sideways scrolling.
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
	const writer = await Client.start(server, { guest: 'Mina' });
	await writer.request('room.create', { name: 'general', topic: 'Company-wide chatter. Be kind, be brief.' });
	await writer.request('room.create', { name: 'news' });
	for (const text of ['Morning! **Green** build, see https://example.org/', '`--pool-size=64`\n```sh\n./server --listen=:8443\n```', '```\nmake\n```\nand\n```\nmake install\n```', '@Ana have a look']) {
		await writer.request('message.send', { room: 'general', text });
	}
	await writer.request('message.send', { room: 'news', text: 'for the keys' });
	await writer.close();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

async function check(person, screen) {
	await person.page.evaluate(axe);
	const { violations } = await person.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	assert.deepEqual(violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).slice(0, 3).join(' | ')}`), [], `axe on ${screen}`);
	assert.equal(await person.page.evaluate(() => [...document.querySelectorAll('h1, [role=heading][aria-level="1"]')].filter((e) => e.checkVisibility()).length), 1, `headings of the first level on ${screen}`);
	const { scroll, inner, small } = await person.page.evaluate(() => ({
		scroll: document.documentElement.scrollWidth, inner: innerWidth,
		small: [...document.querySelectorAll('button, a.row, input, textarea')].filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.type !== 'checkbox')
			.map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()]).filter(([, r]) => Math.min(r.width, r.height) < (innerWidth <= 720 ? 40 : 24)).map(([html]) => html),
	}));
	assert.ok(scroll <= inner, `${screen} is ${scroll} wide in ${inner}`);
	assert.deepEqual(small, [], `targets too small on ${screen}`);
}

for (const colorScheme of ['light', 'dark']) {
	for (const width of [1280, 320]) {
		test(`every screen, ${colorScheme}, ${width} px wide`, async (t) => {
			const ana = await Person.open(t, browser, server.url, { colorScheme, viewport: { width, height: 700 }, reducedMotion: 'reduce' });
			await ana.page.waitForSelector('#name:focus');
			await check(ana, 'the door');
			await ana.page.getByRole('tab', { name: 'New account' }).click();
			await check(ana, 'a new account');
			await ana.page.getByRole('tab', { name: 'Guest' }).click();
			await ana.page.locator('#name').fill(`Ana ${colorScheme} ${width}`);
			await ana.page.keyboard.press('Enter');
			await ana.sees('have a look');
			const answer = `an answer in ${colorScheme} of ${width}`;
			await ana.say(answer);
			await ana.sees(answer);
			await ana.message(answer).hover();
			await check(ana, 'a room');
			await ana.page.getByRole('button', { name: /^About this room/ }).click();
			await ana.page.locator('.people li').first().waitFor();
			await check(ana, 'about a room');
			await ana.page.keyboard.press('Escape');
			if (width < 720) {
				await ana.page.getByRole('button', { name: 'Back to rooms' }).click();
				await ana.row('general').waitFor();
				await check(ana, 'the list of rooms');
			}
			await ana.page.keyboard.press('Control+k');
			await ana.page.locator('#jump-list li', { hasText: 'news' }).waitFor();
			await check(ana, 'jump to a room');
			await ana.page.keyboard.press('Escape');
			await ana.page.getByRole('button', { name: 'New room' }).waitFor({ state: width < 720 ? 'visible' : 'attached' });
			await ana.page.getByRole('button', { name: 'New room' }).click();
			await check(ana, 'a new room');
			await ana.page.locator('#room-name').fill(`own ${colorScheme} ${width}`);
			await ana.page.keyboard.press('Enter');
			await ana.inRoom(`own ${colorScheme} ${width}`);
			await ana.page.getByRole('button', { name: /^About this room/ }).click();
			await ana.page.getByLabel(/^Add someone/).waitFor();
			await check(ana, 'about a room of one\'s own');
			const own = await Person.open(t, browser, server.url, { colorScheme, viewport: { width, height: 700 } }, '/own#code');
			await own.page.waitForSelector('#name:focus');
			await check(own, 'the owner\'s form');
		});
	}
}

test('blocks of code are told apart by name, and are no landmarks', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Coder');
	await ana.sees('make install');
	const blocks = await ana.page.locator('article pre').evaluateAll((all) => all.map((pre) => [pre.getAttribute('role'), pre.getAttribute('aria-label'), pre.tabIndex]));
	assert.deepEqual(blocks, [['group', 'Code: ./server --listen=:8443', 0], ['group', 'Code: make', 0], ['group', 'Code: make install', 0]]);
});

test('the same text is spoken again when it comes again', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Listener');
	const ben = await Client.start(server, { guest: 'Repeater' });
	t.after(() => ben.close());
	await ben.request('room.join', { room: 'general' });
	await ana.page.evaluate(() => {
		window.spoken = [];
		new MutationObserver((changes) => {
			for (const { addedNodes, target } of changes)
				if (addedNodes.length > 0)
					window.spoken.push(target.textContent);
				else
					window.spoken.push('');
		}).observe(document.getElementById('announcer'), { childList: true });
	});
	for (const n of [1, 2]) {
		await ben.request('message.send', { room: 'general', text: 'ping' });
		await ana.page.waitForFunction((times) => window.spoken.filter((text) => text === 'Repeater: ping').length === times, n);
	}
	assert.deepEqual(await ana.page.evaluate(() => window.spoken), ['Repeater: ping', '', 'Repeater: ping'], 'the region is empty in between, so it changes');
});

for (const width of [1280, 320]) {
	test(`the screens without a room, ${width} px wide`, async (t) => {
		const ana = await Person.open(t, browser, server.url, { viewport: { width, height: 700 }, reducedMotion: 'reduce' }, '/r/nowhere');
		await ana.page.waitForSelector('#name:focus');
		/* No session begins until the first screen has been looked at. */
		let release;
		await ana.page.routeWebSocket(/.*/, (socket) => {
			const held = new Promise((resolve) => { release = resolve; });
			socket.connectToServer().onMessage((message) => held.then(() => socket.send(message)));
		});
		await ana.page.reload();
		await ana.page.locator('.splash').waitFor();
		await check(ana, 'the splash');
		release();
		await ana.page.waitForSelector('#name:focus');
		await ana.page.locator('#name').fill(`Lost ${width}`);
		await ana.page.keyboard.press('Enter');
		await until(30000, 'the session', () => {
			release();
			return ana.page.getByRole('heading', { name: 'No such room' }).isVisible();
		});
		await check(ana, 'a missing room');
		await ana.page.getByRole('button', { name: 'My rooms' }).click();
		await ana.page.getByRole('heading', { name: 'Pick a room' }).waitFor();
		await check(ana, 'no room');
		const own = await ana.session(server);
		t.after(() => own.close());
		await own.request('room.join', { room: 'news' });
		await ana.page.goto(`${server.url}/r/news`);
		await until(30000, 'the room', () => {
			release();
			return ana.page.locator('.hd h1').isVisible();
		});
		await ana.composer.fill('a draft\n\nof two parts');
		await own.request('room.leave', { room: 'news' });
		await ana.page.getByRole('heading', { name: 'You are no longer in news' }).waitFor();
		await ana.page.locator('.unsent li').waitFor();
		await check(ana, 'a room that one is no longer in');
	});
}

test('by keyboard alone: regions, messages, answering, back to writing', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Keys', {}, '/r/news');
	await ana.sees('for the keys');
	const focused = () => ana.page.evaluate(() => document.activeElement.id || document.activeElement.className);
	assert.equal(await focused(), 'composer');
	await ana.page.keyboard.press('Shift+F6');
	assert.equal(await focused(), 'log');
	await ana.page.keyboard.press('ArrowUp');
	assert.match(await ana.page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^Mina, for the keys, /);
	await ana.page.keyboard.press('Enter');
	assert.equal(await focused(), 'composer');
	await ana.page.locator('.replying', { hasText: 'Replying to Mina: for the keys' }).waitFor();
	await ana.page.keyboard.press('Escape');
	await ana.page.locator('.replying').waitFor({ state: 'hidden' });
	await ana.page.keyboard.press('Control+k');
	assert.equal(await focused(), 'jump-to');
	await ana.page.keyboard.press('Escape');
	assert.equal(await focused(), 'composer', 'closing a dialog gives the focus back');
	await ana.page.keyboard.press('F6');
	assert.equal(await focused(), 'find');
});

test('on a phone: list and room are two screens with addresses, and the back button goes between them', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Pocket', { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
	await ana.page.waitForSelector('#composer:focus');
	assert.equal(await ana.page.locator('.side').isVisible(), false);
	await ana.page.getByRole('button', { name: 'Back to rooms' }).click();
	await ana.row('general').waitFor();
	assert.equal(new URL(ana.page.url()).pathname, '/');
	assert.equal(await ana.page.locator('.main').isVisible(), false);
	await ana.row('general').tap();
	await ana.sees('have a look');
	assert.equal(new URL(ana.page.url()).pathname, '/r/general');
	await ana.page.goBack();
	await ana.row('general').waitFor();
	await ana.page.goForward();
	await ana.sees('have a look');
});

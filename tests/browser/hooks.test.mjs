// A room's incoming webhooks in its details: made, shown once, copied, posted through, deleted; and nobody sees them who may not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { request } from '../e2e/lib/http.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser, server;
before(async () => {
	server = await startServer();
	browser = await launch();
	const writer = await Client.start(server, { guest: 'Mina' });
	await writer.request('room.create', { name: 'general' });
	await writer.close();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

const post = (address, body) => request(server, 'POST', new URL(address).pathname, { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
const rows = (person) => person.page.locator('.hooks li');

async function openHooks(person) {
	await person.page.getByRole('button', { name: /^About this room/ }).click();
	await person.page.getByText('Incoming webhooks', { exact: true }).click();
}

// Makes one by the keyboard alone and gives its address.
async function make(person, name) {
	await person.page.getByLabel(/^New webhook/).fill(name);
	await person.page.keyboard.press('Enter');
	const shown = person.page.getByLabel(/^Its address/);
	await until(30000, 'another address', async () => (await rows(person).filter({ hasText: name }).count()) === 1);
	return shown.inputValue();
}

test('a webhook is made, its address is copied once, and what is posted shows its name and a badge', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Ana', { permissions: ['clipboard-read', 'clipboard-write'] });
	await ana.createRoom('builds');
	await openHooks(ana);
	const address = await make(ana, 'Cranes');
	assert.ok(address.startsWith(`${server.url}/hooks/`), address);
	assert.equal(await ana.page.locator('button:focus').textContent(), 'Copy');
	await ana.page.keyboard.press('Enter');
	await ana.page.getByRole('status').filter({ hasText: 'Copied.' }).waitFor();
	assert.equal(await ana.page.evaluate(() => navigator.clipboard.readText()), address);
	assert.equal(await rows(ana).innerText().then((text) => text.replace(/\s+/g, ' ')), 'C Cranes hook slack, not used yet Delete');
	assert.equal((await post(address, { text: 'It is *green* <b>' })).text, 'ok');
	await ana.page.keyboard.press('Escape');
	await ana.sees('It is green <b>');
	const message = ana.message('It is green');
	assert.deepEqual(await message.locator('.by b, .by .kind').allTextContents(), ['Cranes', 'hook']);
	await openHooks(ana);
	await rows(ana).first().getByText(/used \d{4}-\d\d-\d\d/).waitFor();
	assert.equal(await ana.page.getByLabel(/^Its address/).count(), 0, 'it is shown once');
	assert.equal(await ana.page.locator('dialog > [role=alert]').count(), 1, 'what the dialog has to tell is seen while the webhooks are not');
});

test('an address is copied where the browser gives no clipboard', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Plain', { permissions: ['clipboard-read', 'clipboard-write'] });
	await ana.createRoom('over plain http');
	await openHooks(ana);
	const address = await make(ana, 'Plain');
	await ana.page.evaluate(() => {
		window.kept = navigator.clipboard;
		Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
	});
	await ana.page.getByRole('button', { name: 'Copy' }).click();
	await ana.page.getByRole('status').filter({ hasText: 'Copied.' }).waitFor();
	assert.equal(await ana.page.evaluate(() => window.kept.readText()), address);
});

test('a template is asked for where it is needed, and what the server refuses is told', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Templater');
	await ana.createRoom('sign-ups');
	await openHooks(ana);
	const template = ana.page.getByLabel(/^Template/);
	assert.equal(await template.isVisible(), false);
	await ana.page.getByLabel('What posts').selectOption('generic');
	await ana.page.getByLabel(/^New webhook/).fill('Sign-ups');
	await template.fill('{user.name} signed up');
	await ana.page.getByRole('button', { name: 'Create webhook' }).click();
	await rows(ana).filter({ hasText: 'generic' }).waitFor();
	await post(await ana.page.getByLabel(/^Its address/).inputValue(), { user: { name: 'Zoe' } });
	await ana.page.getByLabel(/^New webhook/).fill('a\u200bb\u202e');
	await template.fill('{user.name');
	await ana.page.getByRole('button', { name: 'Create webhook' }).click();
	await ana.page.locator('.more-of .bad').filter({ hasText: /\w/ }).waitFor();
	assert.equal(await rows(ana).count(), 1);
	assert.equal(await template.inputValue(), '{user.name', 'what was typed stays');
	await ana.page.keyboard.press('Escape');
	await ana.sees('Zoe signed up');
});

test('a webhook is deleted after a question, and the details come back', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Deleter');
	await ana.createRoom('cleaning');
	await openHooks(ana);
	const address = await make(ana, '<b>Old</b>');
	await ana.page.getByRole('button', { name: 'Delete <b>Old</b>' }).click();
	await ana.page.getByRole('dialog', { name: 'Delete <b>Old</b>?' }).getByRole('button', { name: 'Delete webhook' }).click();
	await ana.page.getByRole('dialog', { name: 'cleaning' }).waitFor();
	await ana.page.getByText('Incoming webhooks', { exact: true }).click();
	await until(30000, 'the list', () => [...ana.asked].at(-1).type === 'hook.list' && ana.unanswered.size === 0);
	assert.equal(await rows(ana).count(), 0);
	assert.equal((await post(address, { text: 'late' })).status, 404);
});

test('a webhook tells what its service is asked', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Asker');
	await ana.createRoom('asking');
	const session = await ana.session(server);
	await session.request('hook.create', { room: 'asking', name: 'Deployer', asks: { url: 'https://8.8.8.8:8443/parley?key=secret', command: 'deploy', words: ['deploy:', '\u202etxt<b>'] } });
	await session.close();
	await openHooks(ana);
	await rows(ana).getByText('/deploy, deploy:, txt<b> asks 8.8.8.8:8443', { exact: true }).waitFor();
	await rows(ana).getByRole('button', { name: 'Delete Deployer' }).click();
	await ana.page.getByRole('dialog').getByText('its service is not asked any more').waitFor();
});

test('who may not make webhooks sees none', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Member');
	await ana.page.getByRole('button', { name: /^About this room/ }).click();
	await ana.page.locator('.people li').first().waitFor();
	assert.equal(await ana.page.getByText('Incoming webhooks').count(), 0);
	assert.equal(ana.asked.some(({ type }) => type.startsWith('hook.')), false);
});

for (const colorScheme of ['light', 'dark']) {
	for (const width of [1000, 320]) {
		test(`webhooks in the details, ${colorScheme}, ${width} px wide`, async (t) => {
			const ana = await Person.join(t, browser, server.url, `Ana ${colorScheme} ${width}`, { colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' });
			const room = `room ${colorScheme} ${width}`;
			const session = await ana.session(server);
			await session.request('room.create', { name: room, topic: 'What it is about' });
			await session.close();
			if (width <= 720)
				await ana.page.getByRole('button', { name: 'Back to rooms' }).click();
			await ana.go(room);
			await openHooks(ana);
			await make(ana, 'A long name of a webhook that has no place in a line');
			await make(ana, 'Cranes');
			const [badge, row] = [await rows(ana).first().locator('.kind').boundingBox(), await rows(ana).first().boundingBox()];
			assert.ok(badge.x + badge.width <= row.x + row.width - 40, 'a long name leaves the badge its place');
			await ana.page.getByLabel('What posts').selectOption('generic');
			await ana.page.getByRole('button', { name: 'Copy' }).focus();
			await ana.page.evaluate(axe);
			const { violations } = await ana.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
			assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target)}`), []);
			const small = await ana.page.evaluate(() => [...document.querySelectorAll('dialog button, dialog input, dialog select, dialog summary')]
				.filter((e) => e.checkVisibility()).map((e) => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()]).filter(([, r]) => Math.min(r.width, r.height) < (innerWidth <= 720 ? 40 : 24)).map(([html]) => html));
			assert.deepEqual(small, []);
			const [scroll, inner] = await ana.page.evaluate(() => [document.querySelector('dialog').scrollWidth, document.querySelector('dialog').clientWidth]);
			assert.ok(scroll <= inner, `the dialog is ${scroll} wide in ${inner}`);
		});
	}
}

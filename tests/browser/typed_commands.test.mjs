// Commands in the composer: completed by keyboard, run by the server, answered to the person alone; and what is only a message that begins with a slash.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { receiver } from '../e2e/lib/webhook_agent.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser, server;
before(async () => {
	server = await startServer({ args: ['--webhook-allow', '127.0.0.0/8'] });
	browser = await launch();
	const host = await Client.start(server, { guest: 'Host' });
	await host.request('room.create', { name: 'general' });
	await host.close();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

const options = (person) => person.page.locator('#commands [role=option]');
const aside = (person, text) => person.page.locator('article.aside', { hasText: text });

/* The option that assistive technology is told. */
const chosen = (person) => person.composer.evaluate((area) => document.getElementById(area.getAttribute('aria-activedescendant') ?? '')?.querySelector('b')?.textContent ?? '');

async function violations(person) {
	await person.page.evaluate(axe);
	const found = await person.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].target} ${nodes[0].failureSummary}`);
}

for (const colorScheme of ['light', 'dark']) {
	test(`a slash offers the commands, and keys choose one (${colorScheme})`, async (t) => {
		const ana = await Person.join(t, browser, server.url, `Ana ${colorScheme}`, { colorScheme });
		await ana.createRoom(`own ${colorScheme}`);
		await ana.page.keyboard.type('/');
		await options(ana).first().waitFor();
		assert.equal(await options(ana).count(), 7);
		assert.equal(await chosen(ana), '/help');
		assert.deepEqual(await violations(ana), []);
		await ana.page.keyboard.press('ArrowUp');
		assert.equal(await chosen(ana), '/topic [TEXT]');
		await ana.page.keyboard.press('ArrowDown');
		await ana.page.keyboard.press('ArrowDown');
		assert.equal(await chosen(ana), '/invite NAME');
		await ana.page.keyboard.type('t');
		assert.equal(await chosen(ana), '/topic [TEXT]');
		assert.equal(await ana.page.locator('#commands [aria-selected=true]').count(), 1);
		await ana.page.keyboard.press('Enter');
		assert.equal(await ana.composer.inputValue(), '/topic ');
		assert.equal(await options(ana).count(), 0);
		await ana.page.keyboard.type(`Tea in ${colorScheme}`);
		await ana.page.keyboard.press('Enter');
		await ana.page.locator('.topic', { hasText: `Tea in ${colorScheme}` }).waitFor();
		assert.equal(await ana.composer.inputValue(), '');
		assert.equal(await ana.page.locator('article').count(), 0, 'no message was sent');
		await ana.page.keyboard.type('/help');
		await ana.page.keyboard.press('Enter');
		await aside(ana, 'Adds somebody to this room').waitFor();
		assert.deepEqual(await violations(ana), []);
	});
}

test('Escape closes the list and Tab takes from it; a click does too; the keys of writing stay', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Keys');
	await ana.page.keyboard.type('/');
	await options(ana).first().waitFor();
	await ana.page.keyboard.press('Escape');
	assert.equal(await options(ana).count(), 0);
	assert.equal(await ana.composer.inputValue(), '/');
	await ana.page.keyboard.type('sh');
	await ana.page.keyboard.press('Tab');
	assert.equal(await ana.composer.inputValue(), '/shrug ');
	assert.equal(await ana.page.evaluate(() => document.activeElement?.id), 'composer');
	await ana.composer.fill('/l');
	await options(ana).first().click();
	assert.equal(await ana.composer.inputValue(), '/leave');
	assert.equal(await ana.page.evaluate(() => document.activeElement?.id), 'composer');
	await ana.composer.fill('/l');
	await ana.page.keyboard.press('Shift+Tab');
	assert.equal(await options(ana).count(), 0);
	assert.ok(!['composer', 'commands', ''].includes(await ana.page.evaluate(() => document.activeElement?.id || document.activeElement?.className)));
	await ana.composer.fill('no /command');
	assert.equal(await options(ana).count(), 0);
	await ana.composer.fill('/topic x');
	assert.equal(await options(ana).count(), 0);
	await ana.composer.fill('');
	await ana.page.keyboard.press('Tab');
	assert.notEqual(await ana.page.evaluate(() => document.activeElement?.id), 'composer');
});

test('what a command says is seen by its person alone, told to screen readers, dismissed, and gone after a reload', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Helpless');
	const ben = await Person.join(t, browser, server.url, 'Beside');
	await ana.say('/help');
	await aside(ana, 'Only you see this').waitFor();
	assert.equal(await aside(ana, 'Shows what can be typed here').locator('code').count(), 7);
	await until(30000, 'the announcer', async () => (await ana.page.locator('#announcer').textContent()).startsWith('Only you see this: /help'));
	await ben.say('behind it');
	await ana.sees('behind it');
	assert.equal(await ana.page.locator('article').last().textContent().then((text) => text.includes('behind it')), true, 'it stays at its place');
	assert.equal(await ben.page.locator('article.aside').count(), 0);
	await ana.say('/topic');
	await aside(ana, 'This room has no topic.').getByRole('button', { name: 'Dismiss' }).click();
	await aside(ana, 'This room has no topic.').waitFor({ state: 'detached' });
	await ana.page.reload();
	await ana.sees('behind it');
	assert.equal(await ana.page.locator('article.aside').count(), 0);
});

test('/me is shown with the name in the sentence, also to screen readers', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Waver');
	const ben = await Person.join(t, browser, server.url, 'Onlooker');
	await ana.createRoom('actions');
	await ben.page.goto(`${server.url}/r/actions`);
	await ben.inRoom('actions');
	await ana.say('before');
	await ana.say('/me waves **both** hands');
	await ana.say('after');
	for (const person of [ana, ben]) {
		await person.sees('after');
		const action = person.page.locator('article.act', { hasText: 'waves both hands' });
		assert.deepEqual(await action.locator('.lead > *').allTextContents(), ['Waver', 'guest'], 'a guest is shown as one');
		assert.match(await action.getAttribute('aria-label'), /^Waver waves both hands, /);
		assert.equal(await action.locator('.by').count(), 0);
		assert.equal(await person.message('after').locator('.by').count(), 1, 'the next message names its author');
	}
});

test('the name stays in front of fenced code, and of a long text before and after it is unfolded', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Verbose');
	await ana.createRoom('fences');
	await ana.say('/me ```\nfenced\n```');
	await ana.say(`/me counts ${'1 '.repeat(3000)}`);
	const [fenced, long] = ['fenced', 'counts'].map((hasText) => ana.page.locator('article.act', { hasText }));
	await long.waitFor();
	assert.deepEqual(await fenced.locator('.body > *').allTextContents(), ['Verboseguest', 'fenced']);
	assert.match(await long.locator('p').first().textContent(), /^Verboseguest counts 1 1 /);
	await long.getByRole('button', { name: 'Show more' }).click();
	await long.getByRole('button', { name: 'Show more' }).waitFor({ state: 'detached' });
	assert.match(await long.locator('p').first().textContent(), /^Verboseguest counts 1 1 /);
});

test('on a narrow screen the list fits, and a finger finds each command', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Narrow', { viewport: { width: 320, height: 600 } });
	await ana.page.keyboard.type('/');
	await options(ana).first().waitFor();
	const heights = await options(ana).evaluateAll((all) => all.map((option) => option.getBoundingClientRect().height));
	assert.ok(Math.min(...heights) >= 40, String(heights));
	const box = await ana.page.locator('#commands').boundingBox();
	assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= 320, JSON.stringify(box));
	assert.equal(await ana.page.evaluate(() => document.documentElement.scrollWidth), 320);
	assert.deepEqual(await violations(ana), []);
});

test('a refused command says why, and its text comes back; without rights nothing changes', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Powerless');
	await ana.say('/topic Mine now');
	await aside(ana, 'Only the room\'s owner may do this').waitFor();
	assert.equal(await ana.composer.inputValue(), '/topic Mine now');
	assert.equal(await ana.page.locator('.topic').textContent(), '');
	await ana.say('/tpoic x');
	await aside(ana, 'There is no command /tpoic; did you mean /topic? As a message: //tpoic').waitFor();
	assert.equal(await ana.composer.inputValue(), '/tpoic x');
	await ana.page.reload();
	await ana.inRoom('general');
	assert.equal(await ana.composer.inputValue(), '/tpoic x', 'it is kept as a draft is');
	await ana.composer.fill('');
	await ana.say('answered');
	await ana.sees('answered');
	await ana.message('answered').hover();
	await ana.message('answered').getByRole('button', { name: 'Reply to Powerless' }).click();
	await ana.say('/ma nods');
	await aside(ana, 'There is no command /ma').waitFor();
	await until(30000, 'the command to come back', () => ana.composer.inputValue().then((text) => text === '/ma nods'));
	assert.match(await ana.page.locator('.replying').textContent(), /answered/, 'what it answers comes back, too');
});

test('what only looks like a command is a message; a second slash makes one of a command', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Slasher');
	await ana.createRoom('slashes');
	for (const text of ['/etc/passwd', '/ alone', '/1st', '// a comment']) {
		await ana.say(text);
		await ana.sees(text);
	}
	await ana.say('//topic is a command');
	await ana.sees('/topic is a command');
	assert.deepEqual(await ana.texts(), ['/etc/passwd', '/ alone', '/1st', '// a comment', '/topic is a command']);
	assert.equal(await ana.page.locator('article.aside').count(), 0);
});

test('/leave leaves the room', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Leaver');
	await ana.createRoom('left soon');
	await ana.say('/leave');
	await ana.row('left soon').waitFor({ state: 'detached' });
	await ana.page.locator('.hd').waitFor({ state: 'hidden' });
});

test('others are not told that a command is being typed', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Secretive');
	await ana.page.keyboard.type('/topic x');
	await ana.draws();
	assert.deepEqual(ana.asked.filter(({ type, data }) => type === 'typing.set' && data.typing), []);
});

test('a command of a hook is offered in its room alone, and what its service says has the hook\'s name', async (t) => {
	const host = await Client.start(server, { guest: 'Hook host' });
	t.after(() => host.close());
	const { id } = await host.request('room.create', { name: 'deploys' });
	const service = await receiver(t, (_request, response) => response.end('Only *one* at a time <b>'));
	await host.request('hook.create', { room: id, name: 'Deployer', asks: { url: service.url(), command: 'deploy', hint: 'VERSION', description: 'Deploys a version' } });
	const ana = await Person.join(t, browser, server.url, 'Deploying');
	await ana.page.goto(`${server.url}/r/deploys`);
	await ana.inRoom('deploys');
	await ana.composer.pressSequentially('/dep');
	await options(ana).filter({ hasText: '/deploy VERSION' }).waitFor();
	assert.match(await options(ana).textContent(), /Deploys a version/);
	await ana.page.keyboard.press('Enter');
	await ana.page.keyboard.type('1.2');
	await ana.page.keyboard.press('Enter');
	await aside(ana, 'Deployer · only you see this').waitFor();
	assert.equal(await aside(ana, 'Deployer').locator('b').textContent(), 'one');
	await until(30000, 'the question', () => new URLSearchParams(service.got[0]?.body).get('text') === '1.2');
	await ana.createRoom('no hooks');
	await ana.composer.pressSequentially('/');
	await options(ana).first().waitFor();
	assert.equal(await options(ana).filter({ hasText: 'deploy' }).count(), 0);
});

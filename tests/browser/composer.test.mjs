// Writing: drafts, Enter and its exceptions, texts as they are shown.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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

test('a draft stays with its room, over switching and reloading, and goes with sending', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Drafter');
	await ana.createRoom('drafts');
	await ana.composer.fill('not finis');
	await ana.go('general');
	assert.equal(await ana.composer.inputValue(), '');
	await ana.composer.fill('another');
	await ana.go('drafts');
	assert.equal(await ana.composer.inputValue(), 'not finis');
	await ana.page.reload();
	await ana.inRoom('drafts');
	assert.equal(await ana.composer.inputValue(), 'not finis');
	await ana.composer.press('End');
	await ana.composer.pressSequentially('hed');
	await ana.composer.press('Enter');
	await ana.sees('not finished');
	await ana.page.reload();
	await ana.sees('not finished');
	assert.equal(await ana.composer.inputValue(), '');
	await ana.go('general');
	assert.equal(await ana.composer.inputValue(), 'another');
});

test('two tabs of a room write two drafts: each keeps its own, over reloading and sending, and a closed tab\'s is taken over', async (t) => {
	const one = await Person.join(t, browser, server.url, 'Two-handed');
	await one.composer.pressSequentially('from the first');
	const two = await one.tab(t, '/r/general');
	await two.inRoom('general');
	await until(30000, 'what the first tab writes to be its own', async () => (await two.composer.inputValue()) === '');
	await two.composer.pressSequentially('from the second');
	for (const tab of [one, two]) {
		await tab.page.reload();
		await tab.inRoom('general');
	}
	assert.equal(await one.composer.inputValue(), 'from the first');
	assert.equal(await two.composer.inputValue(), 'from the second');
	await one.composer.press('Enter');
	await two.sees('from the first');
	assert.equal(await two.composer.inputValue(), 'from the second');
	for (const tab of [one, two]) {
		await tab.page.reload();
		await tab.inRoom('general');
	}
	assert.equal(await one.composer.inputValue(), '', 'what was sent is gone, and the other\'s draft is not taken');
	assert.equal(await two.composer.inputValue(), 'from the second');
	await two.page.close();
	const three = await one.tab(t, '/r/general');
	await three.inRoom('general');
	await three.draws();
	assert.equal(await three.composer.inputValue(), 'from the second', 'what a closed tab left');
	await three.composer.press('Enter');
	await three.sees('from the second');
	const four = await one.tab(t, '/r/general');
	await four.inRoom('general');
	await four.draws();
	assert.equal(await four.composer.inputValue(), '');
	assert.deepEqual(await one.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('.draft.'))), []);
});

test('the indentation of the first line stays; blank lines around a text go', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Indenter');
	await ana.createRoom('indented');
	const own = await ana.session(server);
	t.after(() => own.close());
	await ana.composer.fill('\n  \n    if (x)\n        return;  \n\n ');
	await ana.composer.press('Enter');
	await ana.sees('return;');
	const { events } = await own.request('history.read', { room: 'indented' });
	assert.equal(events.at(-1).data.text, '    if (x)\n        return;');
});

test('blanks alone are no draft', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Blank');
	const other = await Person.join(t, browser, server.url, 'Watcher');
	await ana.page.keyboard.type('a');
	await other.page.locator('.typing', { hasText: 'Blank is typing…' }).waitFor();
	await ana.page.keyboard.press('Backspace');
	await ana.page.keyboard.type('  ');
	await ana.page.keyboard.press('Shift+Enter');
	await other.page.locator('.typing', { hasText: /^$/ }).waitFor({ state: 'attached' });
	await ana.page.reload();
	await ana.inRoom('general');
	assert.equal(await ana.composer.inputValue(), '');
	await ana.composer.fill('  indented');
	await ana.page.reload();
	await ana.inRoom('general');
	assert.equal(await ana.composer.inputValue(), '  indented');
});

test('Enter while an input method composes does not send; Shift+Enter makes a line', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Composer');
	await ana.createRoom('input methods');
	const input = await ana.context.newCDPSession(ana.page);
	await ana.composer.focus();
	await input.send('Input.imeSetComposition', { text: 'にほんご', selectionStart: 4, selectionEnd: 4 });
	/* As the browser reports the Enter that accepts what the input method offers. */
	await input.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
	await ana.draws();
	assert.equal(await ana.page.locator('article').count(), 0, 'sent while composing');
	await input.send('Input.insertText', { text: '日本語' });
	await ana.composer.press('Shift+Enter');
	await ana.composer.pressSequentially('second line');
	await ana.composer.press('Enter');
	await ana.sees('second line');
	assert.deepEqual(await ana.texts(), ['日本語\nsecond line']);
	await ana.composer.press('Enter');
	await ana.composer.fill('   ');
	await ana.composer.press('Enter');
	await ana.say('the next');
	await ana.sees('the next');
	assert.deepEqual(await ana.texts(), ['日本語\nsecond line', 'the next'], 'nothing is sent for nothing');
});

test('texts: the small Markdown, and nothing that the writer could slip in', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Marker');
	await ana.createRoom('texts');
	await ana.say('**bold** and *italic*, `code` at https://example.org/a_(b).');
	await ana.sees('bold and italic');
	const last = () => ana.page.locator('article').last().locator('.body');
	assert.equal(await last().locator('b:text-is("bold")').count(), 1);
	assert.equal(await last().locator('i').textContent(), 'italic');
	assert.equal(await last().locator('code').textContent(), 'code');
	const link = last().locator('a');
	assert.equal(await link.getAttribute('href'), 'https://example.org/a_(b)');
	assert.equal(await link.getAttribute('rel'), 'noreferrer noopener nofollow');
	assert.equal(await link.getAttribute('target'), '_blank');
	await ana.say('<img src=x onerror=alert(1)> javascript:alert(1) <b>not bold</b>');
	await ana.sees('<img src=x onerror=alert(1)>');
	assert.equal(await ana.page.locator('article').last().locator('img, a').count(), 0);
	await ana.say('safe\u202etxet desrever\u202c end');
	await ana.sees('end');
	assert.equal((await ana.texts()).at(-1), 'safetxet desrever end');
	assert.equal(await ana.page.locator('article').last().locator('p').getAttribute('dir'), 'auto');
});

test('a text over the limit is told before it is sent', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Verbose');
	await ana.composer.fill('é'.repeat(4001));
	await ana.page.locator('#composer-note', { hasText: 'Too long by 2 bytes.' }).waitFor();
	await ana.composer.press('Enter');
	assert.equal((await ana.composer.inputValue()).length, 4001);
	await ana.composer.fill('é'.repeat(4000));
	await ana.composer.press('Enter');
	await ana.sees('ééééé');
});

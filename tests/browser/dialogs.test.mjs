// After a dialog the keys go where the focus is: no typed letter is lost or goes elsewhere, and the keyboard is back at its place.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const TIMES = 6; // a browser that loses the caret does so most times, not every time

let browser, server;
before(async () => {
	server = await startServer();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

// Rooms of somebody else, to be joined by others.
async function rooms(t, prefix) {
	const owner = await Client.start(server, { guest: `Owner of ${prefix}` });
	t.after(() => owner.close());
	const names = Array.from({ length: TIMES }, (_, i) => `${prefix} ${i}`);
	for (const name of names) {
		await owner.request('room.create', { name });
	}
	return names;
}

// Types with the keyboard into the focused element, as a person does. fill() would repair a lost caret.
async function typing(person, what) {
	await person.page.keyboard.type('written');
	assert.equal(await person.composer.inputValue(), 'written', what);
	await person.page.keyboard.press('Control+a');
	await person.page.keyboard.press('Backspace');
}

// Opens and leaves a dialog some times and types after each.
async function typingAfter(person, what, openAndLeave) {
	for (let i = 0; i < TIMES; i++) {
		await openAndLeave(i);
		await person.page.locator('dialog').waitFor({ state: 'detached' });
		await person.page.waitForSelector('#composer:focus');
		await typing(person, `${what}, time ${i + 1}`);
	}
}

// Looks a room up in the jump dialog. kind: 'bdi' (there is one) or 'span' (it is to be made).
async function jump(person, name, kind = 'bdi', byKey = true) {
	if (byKey) {
		await person.page.keyboard.press('Control+k');
	}
	await person.page.locator('#jump-to:focus').waitFor();
	await person.page.keyboard.type(name);
	await person.page.locator(`#jump-list li[aria-selected=true] ${kind}.n`, { hasText: name }).waitFor();
}

const opened = (person) => person.page.locator('dialog[open]').waitFor();

test('typing after a dialog was left by Escape, by its button and by a click beside it', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Leaver');
	const ways = {
		Escape: () => ana.page.keyboard.press('Escape'),
		Close: () => ana.page.getByRole('button', { name: 'Close' }).click(),
		'a click beside it': () => ana.page.mouse.click(5, 5),
	};
	for (const [name, leave] of Object.entries(ways)) {
		await typingAfter(ana, name, async (i) => {
			await ana.page.keyboard.press('Control+k');
			await ana.page.locator('#jump-to:focus').waitFor();
			if (i % 2) {
				await ana.page.keyboard.type('gen');
			}
			await leave();
		});
	}
	for (let i = 0; i < TIMES; i++) {
		await ana.page.keyboard.press('Control+k');
		await ana.page.keyboard.press('Escape');
		await typing(ana, `at once, time ${i + 1}`);
	}
});

test('a room named faster than the list of rooms comes is joined, not made again', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Hurrier');
	for (const name of await rooms(t, 'in a hurry')) {
		await ana.page.keyboard.press('Control+k');
		await ana.page.keyboard.insertText(name);
		await ana.page.keyboard.press('Enter');
		await ana.inRoom(name);
		assert.equal(await ana.page.locator('dialog').count(), 0);
	}
});

test('typing after a room was chosen in the jump dialog, by Enter and by a click', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Joiner');
	const byKey = await rooms(t, 'by key');
	await typingAfter(ana, 'joined by Enter', async (i) => {
		await jump(ana, byKey[i]);
		await ana.page.keyboard.press('Enter');
		await ana.inRoom(byKey[i]);
	});
	const byClick = await rooms(t, 'by click');
	await typingAfter(ana, 'joined by a click', async (i) => {
		await jump(ana, byClick[i]);
		await ana.page.locator('#jump-list li', { hasText: byClick[i] }).click();
		await ana.inRoom(byClick[i]);
	});
	await typingAfter(ana, 'opened by Enter', async (i) => {
		await jump(ana, byKey[i]);
		await ana.page.keyboard.press('Enter');
		await ana.inRoom(byKey[i]);
	});
});

test('typing after a room was made, from the button and from the jump dialog', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Maker');
	await typingAfter(ana, 'made', (i) => ana.createRoom(`made ${i}`));
	await typingAfter(ana, 'looked for and made', async (i) => {
		await jump(ana, `missing ${i}`, 'span');
		await ana.page.keyboard.press('Enter');
		await ana.page.locator('#room-name:focus').waitFor();
		await ana.page.keyboard.press('Enter');
		await ana.inRoom(`missing ${i}`);
	});
});

test('typing after a room was looked for and its making given up', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Hesitant');
	await typingAfter(ana, 'given up', async (i) => {
		await jump(ana, `given up ${i}`, 'span');
		await ana.page.keyboard.press('Enter');
		await ana.page.locator('#room-name:focus').waitFor();
		assert.equal(await ana.page.locator('#room-name').inputValue(), `given up ${i}`);
		await ana.page.keyboard.press('Escape');
	});
});

test('a room chosen in the jump dialog that the button opened can be written in at once', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Finder');
	const names = await rooms(t, 'by button');
	for (const what of ['joined', 'opened']) {
		await typingAfter(ana, what, async (i) => {
			await ana.page.locator('.find').click();
			await jump(ana, names[i], 'bdi', false);
			await ana.page.keyboard.press('Enter');
			await ana.inRoom(names[i]);
		});
	}
});

test('the caret stays where it was in a draft while a dialog is open', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Mid-sentence');
	await ana.page.keyboard.type('()');
	await ana.page.keyboard.press('ArrowLeft');
	for (let i = 0; i < TIMES; i++) {
		await ana.page.keyboard.press('Control+k');
		await ana.page.locator('#jump-to:focus').waitFor();
		await ana.page.keyboard.press('Escape');
		await ana.page.locator('dialog').waitFor({ state: 'detached' });
		await ana.page.keyboard.type(String(i));
	}
	assert.equal(await ana.composer.inputValue(), '(012345)');
});

test('a dialog that a button opened gives the focus back to the button, and writing goes on from there', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Buttons');
	const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);
	for (const [name, leave] of [['New room', 'Close'], ['Sign out', 'Cancel'], [/^About this room/, 'Close']]) {
		const button = ana.page.getByRole('button', { name });
		await typingAfter(ana, `${name}`, async (i) => {
			await button.focus();
			await ana.page.keyboard.press('Enter');
			await opened(ana);
			if (i % 2) {
				await ana.page.keyboard.press('Escape');
			} else {
				await ana.page.getByRole('dialog').getByRole('button', { name: leave }).click();
			}
			await ana.page.locator('dialog').waitFor({ state: 'detached' });
			assert.ok(await isFocused(button), `${name} has the focus again`);
			for (let n = 0; n < 3 && !await isFocused(ana.composer); n++) {
				await ana.page.keyboard.press('F6');
			}
		});
	}
});

// The Enter that accepts what an input method offers, as browsers report it that have ended the composition by then (229), with what it would do in a form.
async function enterOfInputMethod(person) {
	const input = await person.context.newCDPSession(person.page);
	for (const type of ['keyDown', 'keyUp']) {
		await input.send('Input.dispatchKeyEvent', { type, key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229, ...(type === 'keyDown' && { text: '\r', unmodifiedText: '\r' }) });
	}
	await input.detach();
	await person.draws();
}

test('the Enter of an input method sends no form: at the door, in the jump dialog, in the composer, for a new room', async (t) => {
	const ana = await Person.open(t, browser, server.url);
	await ana.page.waitForSelector('#name:focus');
	await ana.page.keyboard.type('にほん');
	await enterOfInputMethod(ana);
	assert.equal(await ana.page.locator('#name').inputValue(), 'にほん');
	assert.equal(await ana.page.locator('.primary[aria-busy]').count(), 0);
	assert.equal(ana.requests.filter((url) => url.includes('/api/')).length, 0, 'nobody has signed in');
	await ana.page.keyboard.press('Enter');
	await ana.page.waitForSelector('#composer:focus');
	await ana.page.keyboard.type('言葉');
	await enterOfInputMethod(ana);
	assert.equal(await ana.composer.inputValue(), '言葉');
	await jump(ana, '部屋', 'span');
	await enterOfInputMethod(ana);
	assert.equal(await ana.page.locator('#jump-to').count(), 1, 'nothing was chosen');
	await ana.page.keyboard.press('Enter');
	await ana.page.waitForSelector('#room-name:focus');
	await enterOfInputMethod(ana);
	assert.equal(await ana.page.locator('dialog[open] #room-name').count(), 1, 'no room was made');
});

// Types Enter twice in one go, for a user with a nervous finger.
const twice = (person) => Promise.all([person.page.keyboard.press('Enter'), person.page.keyboard.press('Enter')]);

test('Enter twice does once: signing in, joining, making a room, opening a dialog', async (t) => {
	const ana = await Person.open(t, browser, server.url);
	await ana.page.waitForSelector('#name:focus');
	/* The session begins late, so that there is time for a second try at the door. */
	let sockets = 0, release;
	const passed = new Promise((resolve) => { release = resolve; });
	await ana.page.routeWebSocket(/.*/, (socket) => {
		const first = ++sockets === 1; /* it is told that nobody is signed in */
		socket.connectToServer().onMessage((message) => (first ? socket.send(message) : passed.then(() => socket.send(message))));
	});
	await ana.page.reload();
	await ana.page.waitForSelector('#name:focus');
	await ana.page.keyboard.type('Nervous');
	await ana.page.keyboard.press('Enter');
	await until(30000, 'the door to be passed', () => sockets === 2);
	await twice(ana);
	await ana.draws();
	release();
	await ana.page.waitForSelector('#composer:focus');
	assert.equal(ana.requests.filter((url) => url.includes('/api/')).length, 1, 'signed in once');
	const [toJoin] = await rooms(t, 'twice');
	const ben = await Person.join(t, browser, server.url, 'Twice');
	const asked = (type) => ben.asked.filter((request) => request.type === type).length;
	let joined = asked('room.join');
	await jump(ben, toJoin);
	await twice(ben);
	await ben.inRoom(toJoin);
	assert.equal(asked('room.join') - joined, 1, 'joined once');
	joined = asked('room.join');
	await ben.page.getByRole('button', { name: 'New room' }).click();
	await ben.page.keyboard.type('made once');
	await twice(ben);
	await ben.inRoom('made once');
	assert.equal(asked('room.create'), 1, 'made once');
	await ben.page.locator('dialog').waitFor({ state: 'detached' });
	/* Faster than the list of rooms comes. */
	await ben.page.evaluate(() => {
		document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }));
		const input = document.querySelector('#jump-to');
		input.value = 'not there yet';
		input.dispatchEvent(new Event('input', { bubbles: true }));
		for (let i = 0; i < 2; i++) {
			input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
		}
	});
	await ben.page.waitForSelector('#room-name:focus');
	assert.equal(await ben.page.locator('dialog').count(), 1, 'one dialog');
});

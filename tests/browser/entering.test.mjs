// How people come in: the owner by the link that the server printed, others on a server where accounts are closed, and into a private room by one of its members.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { serverFor } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const PASSWORD = 'correct horse battery';

let browser;
before(async () => {
	browser = await launch();
});
after(() => browser?.close());

// The path of the owner's link; waits for it.
async function ownerPath(server) {
	const link = () => /(\/own#\S+)$/m.exec(server.stdout)?.[1];
	await until(10000, 'the owner\'s link', link);
	return link();
}

async function makeOwner(person, name) {
	await person.page.waitForSelector('#name:focus');
	await person.page.locator('#name').fill(name);
	await person.page.locator('#password').fill(PASSWORD);
	await person.page.keyboard.press('Enter');
}

test('the owner\'s link leads to one form, and from there into the first room', async (t) => {
	const server = await serverFor(t);
	const olga = await Person.open(t, browser, server.url, {}, await ownerPath(server));
	await olga.page.getByRole('heading', { name: 'This server is yours' }).waitFor();
	assert.equal(await olga.page.getByRole('tab').count(), 0);
	await makeOwner(olga, 'Olga');
	await olga.inRoom('general');
	await olga.page.waitForSelector('#composer:focus');
	assert.equal(new URL(olga.page.url()).pathname, '/r/general');
	assert.ok(!olga.page.url().includes('#'));
	assert.equal(await olga.page.locator('.me .who span').textContent(), 'Owner');
});

test('a used owner\'s link says so, and leads on to the sign-in', async (t) => {
	const server = await serverFor(t);
	const path = await ownerPath(server);
	const olga = await Person.open(t, browser, server.url, {}, path);
	await makeOwner(olga, 'Olga');
	await olga.inRoom('general');
	const late = await Person.open(t, browser, server.url, {}, path);
	await makeOwner(late, 'Late');
	await late.page.getByRole('alert').filter({ hasText: 'This link was used already' }).waitFor();
	await late.page.getByRole('link', { name: 'Come in without becoming the owner' }).click();
	await late.page.getByRole('tab', { name: 'Guest' }).waitFor();
});

test('an owner\'s link that is opened in the place of an older one counts', async (t) => {
	const server = await serverFor(t);
	const olga = await Person.open(t, browser, server.url, {}, '/own#of-an-earlier-start');
	await makeOwner(olga, 'Olga');
	await olga.page.getByRole('alert').filter({ hasText: 'This link was used already' }).waitFor();
	await olga.page.goto(server.url + await ownerPath(server));
	await until(30000, 'an empty form', async () => (await olga.page.locator('#name').inputValue()) === '');
	await makeOwner(olga, 'Olga');
	await olga.inRoom('general');
});

test('a guest who comes first makes the first room without owning it', async (t) => {
	const server = await serverFor(t);
	const ana = await Person.join(t, browser, server.url, 'Ana');
	await ana.say('first');
	await ana.sees('first');
	const client = await Client.start(server, { guest: 'Looking' });
	t.after(() => client.close());
	await client.request('room.join', { room: 'general' });
	const { members } = await client.request('room.members', { room: 'general' });
	assert.deepEqual(members.map(({ name, role }) => [name, role]), [['Ana', 'member'], ['Looking', 'member']]);
});

test('where accounts are closed the page offers none', async (t) => {
	const server = await serverFor(t, { args: ['--accounts', 'closed'] });
	const ana = await Person.open(t, browser, server.url);
	await ana.page.waitForSelector('#name:focus');
	assert.deepEqual(await ana.page.getByRole('tab').allTextContents(), ['Guest', 'Sign in']);
	await ana.page.getByText('Accounts on this server are made by whoever runs it.').waitFor();
	await ana.page.locator('#name').fill('Ana');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	await ana.page.getByRole('button', { name: 'Sign out' }).click();
	await ana.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
	await ana.page.waitForSelector('#name:focus');
	assert.deepEqual(await ana.page.getByRole('tab').allTextContents(), ['Guest', 'Sign in']);
});

test('where guests and accounts are closed only the sign-in is left', async (t) => {
	const server = await serverFor(t, { args: ['--accounts', 'closed', '--guests', 'off'] });
	const ana = await Person.open(t, browser, server.url);
	await ana.page.waitForSelector('#name:focus');
	assert.equal(await ana.page.getByRole('tab').count(), 0);
	await ana.page.getByRole('button', { name: 'Sign in' }).waitFor();
});

// A person with an account, in the page.
async function member(t, server, name) {
	const person = await Person.open(t, browser, server.url);
	await person.page.waitForSelector('#name:focus');
	await person.page.getByRole('tab', { name: 'New account' }).click();
	await makeOwner(person, name);
	await person.inRoom('general');
	return person;
}

test('somebody is added to a private room from its details, and can write there at once', async (t) => {
	const server = await serverFor(t);
	const [ann, bob] = [await member(t, server, 'Ann'), await member(t, server, 'Bob')];
	await ann.createRoom('plans', true);
	await ann.say('before you came');
	await ann.page.getByRole('button', { name: /^About this room/ }).click();
	const name = ann.page.getByLabel(/^Add someone/);
	await name.fill('Nobody');
	await name.press('Enter');
	await ann.page.getByRole('status').filter({ hasText: 'There is no account named “Nobody”.' }).waitFor();
	await name.fill('bob');
	await name.press('Enter');
	await ann.page.getByRole('status').filter({ hasText: 'Bob is in this room.' }).waitFor();
	await ann.page.locator('.people li', { hasText: 'Bob' }).waitFor();
	await ann.page.getByRole('heading', { name: '2 members' }).waitFor();
	await ann.page.keyboard.press('Escape');
	await ann.page.locator('.log', { hasText: 'Ann added Bob' }).waitFor();
	await bob.go('plans');
	await bob.sees('before you came');
	await bob.page.getByRole('button', { name: /^About this room/ }).click();
	await bob.page.locator('.people li', { hasText: 'Ann' }).waitFor();
	assert.equal(await bob.page.getByLabel(/^Add someone/).count(), 0);
	await bob.page.keyboard.press('Escape');
	await bob.say('thank you');
	await ann.sees('thank you');
});

test('whose room it is now stands in the log when its owner leaves, and the heir can add people', async (t) => {
	const server = await serverFor(t);
	const [ann, bob] = [await member(t, server, 'Ann'), await member(t, server, 'Bob')];
	await ann.createRoom('plans');
	await bob.page.keyboard.press('Control+k');
	await bob.page.locator('#jump-to:focus').fill('plans');
	await bob.page.locator('#jump-list li[aria-selected=true] bdi.n', { hasText: 'plans' }).waitFor();
	await bob.page.keyboard.press('Enter');
	await bob.inRoom('plans');
	await ann.page.getByRole('button', { name: /^About this room/ }).click();
	await ann.page.getByRole('button', { name: 'Leave room' }).click();
	await ann.page.locator('dialog', { hasText: 'it passes on to whoever has been in it longest' }).getByRole('button', { name: 'Leave room' }).click();
	await bob.page.locator('.log', { hasText: 'Bob owns the room now' }).waitFor();
	await bob.page.getByRole('button', { name: /^About this room/ }).click();
	await bob.page.getByLabel(/^Add someone/).waitFor();
	await bob.page.keyboard.press('Escape');
});

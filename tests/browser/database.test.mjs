// The database goes away under the page, or is set back to an earlier state: the page waits, and ends with exactly what the store has.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { comeBack, goAway, keep, setBack, startSwitching } from '../e2e/lib/switching.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

let browser;
before(async () => {
	browser = await launch();
});
after(() => browser?.close());

async function stored(server) {
	const auditor = await Client.start(server, { guest: `Auditor ${Date.now()}` });
	await auditor.request('room.join', { room: 'general' });
	const { events } = await auditor.request('history.read', { room: 'general', limit: 200 });
	await auditor.close();
	return events.filter((event) => event.type === 'message.created').map((event) => event.data.text);
}

test('what is written while the database is away goes out once and in order when it is back', async (t) => {
	const server = await startSwitching(t);
	const [ana, ben] = await Promise.all([Person.join(t, browser, server.url, 'Ana'), Person.join(t, browser, server.url, 'Ben')]);
	await ana.say('before');
	await ben.sees('before');
	await goAway(server);
	for (const text of ['first while away', 'second while away']) {
		await ana.say(text);
	}
	await ana.page.locator('.pend', { hasText: 'second while away' }).waitFor();
	await ben.page.reload(); // signs in to a server that cannot look anybody up
	await comeBack(server);
	await ana.sees('second while away');
	await ben.sees('second while away');
	const expected = ['before', 'first while away', 'second while away'];
	assert.deepEqual(await stored(server), expected);
	assert.deepEqual(await ana.texts(), expected);
	assert.deepEqual(await ben.texts(), expected);
});

test('when the database is set back the page shows what it has, and nothing of what there is no more', async (t) => {
	const server = await startSwitching(t);
	const [ana, ben] = await Promise.all([Person.join(t, browser, server.url, 'Ana'), Person.join(t, browser, server.url, 'Ben')]);
	for (let i = 0; i < 5; i++) {
		await ana.say(`kept ${i}`);
	}
	await ben.sees('kept 4');
	await keep(server);
	for (let i = 0; i < 5; i++) {
		await ben.say(`lost ${i}`);
	}
	await ana.createRoom('a room that is lost');
	await ana.go('general');
	await ana.sees('lost 4');
	await setBack(server);
	await ana.message('lost 4').waitFor({ state: 'detached' });
	await ben.message('lost 4').waitFor({ state: 'detached' });
	await ben.say('new');
	await ana.sees('new');
	await ben.sees('new');
	const expected = ['kept 0', 'kept 1', 'kept 2', 'kept 3', 'kept 4', 'new'];
	assert.deepEqual(await stored(server), expected);
	assert.deepEqual(await ana.texts(), expected);
	assert.deepEqual(await ben.texts(), expected);
	await until(30000, 'the room to leave the list', async () => (await ana.row('a room that is lost').count()) === 0);
});

// What a browser does with addresses: rooms' addresses, the page's own where the server does not allow it, and cookies of servers that share a host.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command, get } from '../e2e/lib/http.mjs';
import { nginxFor } from '../e2e/lib/nginx.mjs';
import { serverFor, startServer } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Person, launch } from './lib/page.mjs';

const DAY_S = 24 * 3600;

let browser, server;
before(async () => {
	server = await startServer();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

const pathOf = (person) => new URL(person.page.url()).pathname;

test('rooms with names that are no addresses survive a reload, a link and the way back', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Namer');
	for (const name of ['..', '100%', 'a/b?c#d', '%2e']) {
		await ana.createRoom(name);
		const path = pathOf(ana);
		await ana.say(`this is ${name}`);
		await ana.sees(`this is ${name}`);
		await ana.page.reload();
		await ana.sees(`this is ${name}`);
		assert.equal(pathOf(ana), path);
		const ben = await Person.open(t, browser, server.url, {}, path);
		await ben.page.locator('#name').fill('Linked');
		await ben.page.keyboard.press('Enter');
		await ben.sees(`this is ${name}`);
		await ana.page.goBack();
		await ana.page.goForward();
		await ana.sees(`this is ${name}`);
	}
});

test('a private room with the name of a public one survives a reload', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Twice');
	await ana.createRoom('same name', true);
	await ana.say('among ourselves');
	await ana.sees('among ourselves');
	const own = pathOf(ana);
	const { token } = await command(server, 'session.start', { guest: 'Namesake' });
	const { id } = await command(server, 'room.create', { name: 'same name' }, { token });
	await command(server, 'message.send', { room: id, text: 'in public' }, { token });
	await ana.page.goto(`${server.url}/r/${id}`);
	await ana.sees('in public');
	await ana.page.reload();
	await ana.sees('in public');
	assert.equal(pathOf(ana), '/r/same%20name');
	await ana.page.goto(server.url + own);
	await ana.sees('among ourselves');
	await ana.page.reload();
	await ana.sees('among ourselves');
});

test('a page whose origin is not allowed says which one, and what to set, and comes up once it is', async (t) => {
	let told = await startServer({ args: ['--origin', 'https://chat.example'] });
	t.after(() => told.stop());
	const ana = await Person.open(t, browser, told.url);
	await ana.page.locator('.splash', { hasText: `--origin ${told.url}` }).waitFor();
	await told.stop();
	told = await startServer({ dataDir: told.dataDir, port: told.port, args: ['--origin', 'https://chat.example', '--origin', told.url] });
	await ana.page.locator('#name').waitFor();
});

test('a page that was allowed and is not any more says so in its banner, and keeps what is written', async (t) => {
	let told = await startServer();
	t.after(() => told.stop());
	const ana = await Person.join(t, browser, told.url, 'Cut off');
	await told.stop();
	told = await startServer({ dataDir: told.dataDir, port: told.port, args: ['--origin', 'https://chat.example'] });
	await ana.page.locator('.net', { hasText: `--origin ${told.url}` }).waitFor();
	await ana.say('kept');
	await ana.page.locator('.pend', { hasText: 'kept' }).waitFor();
});

test('through a proxy that is not named, under an origin that is not allowed: the page says what to set', async (t) => {
	const behind = await serverFor(t, { args: ['--origin', 'https://chat.example'] });
	const proxy = await nginxFor(t, (address) => `
		server {
			listen ${address};
			location / {
				proxy_pass http://127.0.0.1:${behind.port};
				proxy_http_version 1.1;
				proxy_set_header Host $http_host;
				proxy_set_header Connection upgrade;
				proxy_set_header Upgrade $http_upgrade;
				proxy_set_header X-Forwarded-Proto $scheme;
			}
		}`);
	await until(15000, 'the page through the proxy', async () => (await get(proxy, '/')).status === 200, 50);
	const ana = await Person.open(t, browser, proxy.url);
	await ana.page.locator('.splash', { hasText: `--origin ${proxy.url}` }).waitFor();
	await until(5000, 'the line of the log', () => behind.stderr.includes(`--origin ${proxy.url}`));
	assert.match(behind.stderr, /origin\.refused.*--trusted-proxy/);
	await ana.page.goto('about:blank'); /* before the server goes: the proxy would say so */
});

test('two servers on one host do not sign each other out', async (t) => {
	const other = await serverFor(t);
	const ana = await Person.join(t, browser, server.url, 'Here');
	await ana.page.goto(other.url);
	await ana.page.locator('#name').fill('There');
	await ana.page.keyboard.press('Enter');
	await ana.inRoom('general');
	await ana.page.goto(server.url);
	await ana.page.locator('.me', { hasText: 'Here' }).waitFor();
	await ana.page.goto(other.url);
	await ana.page.locator('.me', { hasText: 'There' }).waitFor();
	ana.requests.length = 0; /* they went to two servers */
});

const sessionOf = async (person) => (await person.context.cookies()).filter(({ name }) => name.includes('parley_session'));

test('the cookie of who comes every day lasts on: it is set again once a day, not with each load', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Daily');
	const [cookie] = await sessionOf(ana);
	await ana.context.addCookies([{ ...cookie, expires: Date.now() / 1000 + DAY_S }]); /* as after 89 days */
	await ana.page.reload();
	await ana.inRoom('general');
	assert.ok(!ana.requests.some((url) => url.includes('/api/v1/room.list')), 'asked at once after the signing in');
	await ana.page.evaluate((ms) => localStorage.setItem('parley.cookie_set', JSON.stringify(Date.now() - ms)), 1.5 * DAY_S * 1000);
	await ana.page.reload();
	await ana.inRoom('general');
	await until(10000, 'the cookie to be set again', async () => (await sessionOf(ana))[0].expires > Date.now() / 1000 + 89 * DAY_S);
	assert.equal((await sessionOf(ana))[0].value, cookie.value);
	const n = ana.requests.filter((url) => url.includes('/api/v1/room.list')).length;
	await ana.page.reload();
	await ana.inRoom('general');
	await ana.draws();
	assert.equal(ana.requests.filter((url) => url.includes('/api/v1/room.list')).length, n);
});

test('who joined with an earlier version stays signed in, under the new name', async (t) => {
	const ana = await Person.join(t, browser, server.url, 'Old cookie');
	const [{ value, domain, path }] = await sessionOf(ana);
	await ana.context.clearCookies();
	await ana.context.addCookies([{ name: 'parley_session', value, domain, path, httpOnly: true, sameSite: 'Strict' }]);
	await ana.page.evaluate(() => localStorage.removeItem('parley.cookie_set'));
	await ana.page.reload();
	await ana.page.locator('.me', { hasText: 'Old cookie' }).waitFor();
	await until(10000, 'the new name', async () => (await sessionOf(ana)).every(({ name }) => name === `parley_session_${server.port}`));
	await ana.page.reload();
	await ana.page.locator('.me', { hasText: 'Old cookie' }).waitFor();
});

// What the first load costs and is told: few requests, few bytes, the cache, the headers; and the page from a directory during development.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServer } from '../e2e/lib/server.mjs';
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

test('the first load takes at most 8 requests and 70 KB; the next one nothing that is cached', async (t) => {
	const ana = await Person.open(t, browser, server.url);
	await ana.page.waitForSelector('#name:focus');
	const taken = () => ana.page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
		.map((entry) => ({ name: new URL(entry.name).pathname, bytes: entry.transferSize, status: entry.responseStatus })));
	const first = await taken();
	const bytes = first.reduce((sum, entry) => sum + entry.bytes, 0);
	assert.ok(ana.requests.length <= 8, `${ana.requests.length} requests: ${ana.requests}`);
	assert.ok(bytes > 1000 && bytes <= 70 * 1024, `${bytes} bytes`);
	await ana.page.goto('about:blank');
	await ana.page.goto(server.url);
	await ana.page.waitForSelector('#name:focus');
	assert.deepEqual((await taken()).filter((entry) => entry.bytes > 1000), [], 'loaded again');
});

test('the headers of the page', async () => {
	const page = await fetch(`${server.url}/r/some%20room`);
	assert.equal(page.status, 200);
	assert.match(page.headers.get('content-type'), /^text\/html/);
	assert.equal(page.headers.get('cache-control'), 'no-cache');
	const policy = page.headers.get('content-security-policy');
	for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) {
		assert.ok(policy.includes(rule), `${rule} in ${policy}`);
	}
	assert.doesNotMatch(policy, /unsafe|\*|https?:/);
	assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
	assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
	const [script] = /\/main-[0-9a-f]+\.js/.exec(await page.text());
	const asset = await fetch(server.url + script);
	assert.match(asset.headers.get('cache-control'), /immutable/);
	assert.equal((await fetch(server.url + script, { headers: { 'If-None-Match': asset.headers.get('etag') } })).status, 304);
});

test('the page from a directory, its modules as they are written', async (t) => {
	const developing = await startServer({ args: ['--web-dir', fileURLToPath(new URL('../../web/src', import.meta.url))] });
	t.after(() => developing.stop());
	const ana = await Person.join(t, browser, developing.url, 'Developer');
	await ana.say('from the directory');
	await ana.sees('from the directory');
	assert.ok(ana.requests.some((url) => url.endsWith('/connection.js')));
});

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { get, request } from './lib/http.mjs';
import { serverFor, startServer, temporaryDir } from './lib/server.mjs';

let server;
let page;
let assets;
before(async () => {
	server = await startServer();
	page = await get(server, '/');
	assets = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]).filter((path) => path !== '/');
});
after(() => server.stop());

test('/ is the page, with the headers that keep everything foreign out', () => {
	assert.equal(page.status, 200);
	assert.match(page.headers['content-type'], /^text\/html; *charset=utf-8/i);
	const policy = page.headers['content-security-policy'];
	for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
		"form-action 'self'", "require-trusted-types-for 'script'"]) {
		assert.ok(policy.includes(rule), rule);
	}
	assert.equal(page.headers['x-content-type-options'], 'nosniff');
	assert.equal(page.headers['referrer-policy'], 'no-referrer');
	assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin');
	assert.equal(page.headers['cross-origin-resource-policy'], 'same-origin');
	assert.equal(page.headers['strict-transport-security'], undefined, 'only under TLS');
});

test('everything that the page names is there and from this server only', async () => {
	assert.ok(assets.length > 0, page.text);
	assert.doesNotMatch(page.text, /(src|href)="(https?:)?\/\//);
	for (const path of assets) {
		const answer = await get(server, path);
		assert.equal(answer.status, 200, path);
		assert.equal(answer.headers['x-content-type-options'], 'nosniff');
		assert.ok(answer.headers['content-type'], path);
	}
});

test('assets have an ETag, and one who has them gets 304 without a body', async () => {
	for (const path of ['/', ...assets]) {
		const first = await get(server, path);
		assert.match(first.headers.etag, /^(W\/)?"[^"]+"$/, path);
		const again = await get(server, path, { headers: { 'If-None-Match': first.headers.etag } });
		assert.equal(again.status, 304, path);
		assert.equal(again.bytes.length, 0);
		assert.equal(again.headers.etag, first.headers.etag);
		const other = await get(server, path, { headers: { 'If-None-Match': '"something else"' } });
		assert.equal(other.status, 200);
		const listed = await get(server, path, { headers: { 'If-None-Match': `"x", ${first.headers.etag}` } });
		assert.equal(listed.status, 304);
	}
});

test('who takes gzip gets gzip, who does not gets the same bytes plain', async () => {
	let compressed = 0;
	for (const path of ['/', ...assets]) {
		const plain = await get(server, path, { headers: { 'Accept-Encoding': 'identity' } });
		assert.equal(plain.headers['content-encoding'], undefined);
		const gzip = await get(server, path, { headers: { 'Accept-Encoding': 'br, gzip;q=0.8' } });
		if (gzip.headers['content-encoding'] === 'gzip') {
			compressed++;
			assert.match(gzip.headers.vary, /Accept-Encoding/i);
			assert.deepEqual(gunzipSync(gzip.bytes), plain.bytes, path);
			assert.ok(gzip.bytes.length < plain.bytes.length);
		}
		const refused = await get(server, path, { headers: { 'Accept-Encoding': 'gzip;q=0' } });
		assert.equal(refused.headers['content-encoding'], undefined, path);
	}
	assert.ok(compressed > 0);
});

test('the first load is small', async () => {
	let total = 0;
	for (const path of ['/', ...assets]) {
		total += (await get(server, path, { headers: { 'Accept-Encoding': 'gzip' } })).bytes.length;
	}
	assert.ok(total <= 70 * 1024, `${total} bytes`);
	assert.ok(assets.length <= 7, `${assets.length + 1} requests`);
});

test('HEAD has the headers of GET and no body', async () => {
	for (const path of ['/', ...assets]) {
		const head = await request(server, 'HEAD', path);
		const whole = await get(server, path);
		assert.equal(head.status, 200);
		assert.equal(head.bytes.length, 0);
		assert.equal(head.headers['content-length'], whole.headers['content-length']);
		assert.equal(head.headers.etag, whole.headers.etag);
	}
});

test('unknown paths are 404 as JSON, other methods 405', async () => {
	for (const path of ['/nothing', '/index.html/x', '/api/', '/api/v2/room.list', '/etc/passwd', '/ws/x']) {
		const answer = await get(server, path);
		assert.equal(answer.status, 404, path);
		assert.match(answer.headers['content-type'], /^application\/json/);
		assert.equal(JSON.parse(answer.text).data.code, 'not_found');
	}
	for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
		const answer = await request(server, method, '/');
		assert.equal(answer.status, 405, method);
	}
});

test('--web-dir serves from a directory, fresh each time, and nothing outside it', async (t) => {
	const dir = temporaryDir();
	mkdirSync(join(dir, 'web'));
	writeFileSync(join(dir, 'secret.txt'), 'secret');
	writeFileSync(join(dir, 'web', 'index.html'), '<!doctype html><title>one</title>');
	writeFileSync(join(dir, 'web', 'app.js'), 'let x;');
	symlinkSync(join(dir, 'secret.txt'), join(dir, 'web', 'link.txt'));
	mkdirSync(join(dir, 'web', 'folder'));
	const developing = await serverFor(t, { args: ['--web-dir', join(dir, 'web')] });
	assert.match((await get(developing, '/')).text, /one/);
	writeFileSync(join(dir, 'web', 'index.html'), '<!doctype html><title>two</title>');
	assert.match((await get(developing, '/')).text, /two/);
	assert.match((await get(developing, '/app.js')).headers['content-type'], /javascript/);
	for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/link.txt', '/folder', '/folder/', '/none', '/app.js%00.png']) {
		const answer = await get(developing, path).catch(() => ({ status: 400 })); // or not answered at all
		assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status} ${answer.text}`);
	}
});

// The documents of the protocol, as a server answers them.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bundle, readText } from '../schema/schemas.mjs';
import { get, request } from './lib/http.mjs';
import { startServer, temporaryDir } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

test('GET /api/v1/schema is the document of all schemas', async () => {
	const answer = await get(server, '/api/v1/schema');
	assert.equal(answer.status, 200);
	assert.equal(answer.headers['content-type'], 'application/json');
	assert.equal(answer.headers['x-content-type-options'], 'nosniff');
	assert.equal(answer.text, readText('schema.json'));
	assert.ok(bundle.$defs['message.send.request.json']);
});

test('it can be kept: with its ETag there is no body', async () => {
	const first = await get(server, '/api/v1/schema', { headers: { 'Accept-Encoding': 'gzip' } });
	assert.equal(first.headers['content-encoding'], 'gzip');
	assert.equal(gunzipSync(first.bytes).toString(), readText('schema.json'));
	assert.match(first.headers.etag, /^"[0-9a-f]+"$/);
	const again = await get(server, '/api/v1/schema', { headers: { 'If-None-Match': first.headers.etag } });
	assert.equal(again.status, 304);
	assert.equal(again.bytes.length, 0);
	const head = await request(server, 'HEAD', '/api/v1/schema');
	assert.equal(head.status, 200);
	assert.equal(Number(head.headers['content-length']), Buffer.byteLength(readText('schema.json')));
});

test('the documents that it names are beside it', async () => {
	const documents = Object.values(bundle['x-parley'].documents);
	assert.equal(documents.length, 3);
	for (const name of documents) {
		const answer = await get(server, `/api/v1/${name}`);
		assert.equal(answer.status, 200, name);
		assert.equal(answer.text, readText(name), name);
	}
});

test('a document is not posted to, and what is none is an unknown command', async () => {
	const posted = await request(server, 'POST', '/api/v1/schema');
	assert.equal(posted.status, 405);
	assert.equal(posted.headers.allow, 'GET, HEAD');
	for (const path of ['/api/v1/schema.json', '/api/v1/schemas', '/api/v1/schema/', '/api/v1/index.html', '/schema'])
		assert.equal((await get(server, path)).status, 404, path);
});

test('the documents are there with a page of one\'s own too', async () => {
	const other = await startServer({ args: ['--web-dir', temporaryDir()] });
	try {
		assert.equal((await get(other, '/api/v1/schema')).text, readText('schema.json'));
	} finally {
		await other.stop();
	}
});

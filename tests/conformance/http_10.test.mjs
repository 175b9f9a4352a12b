import assert from 'node:assert/strict';
import test from 'node:test';
import { RawSocket } from '../e2e/lib/raw.mjs';
import { serverFor } from '../e2e/lib/server.mjs';

test('HTTP/1.0 with keep-alive is closed after the answer, which says so', async (t) => {
	const server = await serverFor(t);
	const raw = await RawSocket.connect(server);
	t.after(() => raw.destroy());
	raw.write('GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
	const answer = await raw.readResponse();
	assert.equal(answer.status, 200);
	assert.equal(answer.headers.connection, 'close');
	await raw.waitEnd(5000);
});

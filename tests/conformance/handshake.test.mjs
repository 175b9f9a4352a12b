// RFC 6455 section 4: the opening handshake, over raw sockets.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { ACCEPT, RawSocket, frame, openWebSocket, upgradeRequest } from '../e2e/lib/raw.mjs';
import { startServer } from '../e2e/lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const text = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;
const good = ['Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];

// name, request, the statuses that are right; `null`: closed without an answer; 101: the socket must work
const cases = [
	['a good handshake is accepted', upgradeRequest(), [101]],
	['header names and values in other letters are the same', text('GET /ws HTTP/1.1', 'hOST: x', 'uPGRADE: WebSocket', 'CONNECTION: keep-alive, UPGRADE',
		'SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version: 13'), [101]],
	['more in Connection than Upgrade is accepted', upgradeRequest({ headers: { Connection: 'keep-alive, Upgrade' } }), [101]],
	['white space around values is ignored', upgradeRequest({ headers: { 'Sec-WebSocket-Version': '  13  ' } }), [101]],
	['the subprotocol parley.v1 is accepted', upgradeRequest({ headers: { 'Sec-WebSocket-Protocol': 'parley.v1' } }), [101]],
	['parley.v1 among others is accepted', upgradeRequest({ headers: { 'Sec-WebSocket-Protocol': 'chat, parley.v1 , soap' } }), [101]],
	['an extension that is not known is not agreed to', upgradeRequest({ headers: { 'Sec-WebSocket-Extensions': 'x-unknown; a=b' } }), [101]],
	['a query on the path is ignored', upgradeRequest({ path: '/ws?x=1' }), [101]],
	['the own Origin is accepted', (s) => upgradeRequest({ headers: { Host: `127.0.0.1:${s.port}`, Origin: s.url } }), [101]],
	['other subprotocols only are refused', upgradeRequest({ headers: { 'Sec-WebSocket-Protocol': 'chat, superchat' } }), [400]],
	['a subprotocol that only begins like ours is refused', upgradeRequest({ headers: { 'Sec-WebSocket-Protocol': 'parley.v12' } }), [400]],
	['POST is refused', upgradeRequest({ method: 'POST', headers: { 'Content-Length': '0' } }), [400, 405]],
	['PUT is refused', upgradeRequest({ method: 'PUT', headers: { 'Content-Length': '0' } }), [400, 404, 405, null]],
	['HEAD is refused', upgradeRequest({ method: 'HEAD' }), [400, 405, null]],
	['HTTP/1.0 is refused', upgradeRequest({ version: 'HTTP/1.0' }), [400, 505, null]],
	['HTTP/2.0 is refused', upgradeRequest({ version: 'HTTP/2.0' }), [400, 505, null]],
	['version 12 is answered 426 with the version we speak', upgradeRequest({ headers: { 'Sec-WebSocket-Version': '12' } }), [426]],
	['version 8 is answered 426', upgradeRequest({ headers: { 'Sec-WebSocket-Version': '8' } }), [426]],
	['version 130 is answered 426', upgradeRequest({ headers: { 'Sec-WebSocket-Version': '130' } }), [426]],
	['no version is answered 426', upgradeRequest({ headers: { 'Sec-WebSocket-Version': null } }), [400, 426]],
	['two versions are refused', text('GET /ws HTTP/1.1', ...good, 'Sec-WebSocket-Version: 13'), [400, 426]],
	['no key is refused', upgradeRequest({ headers: { 'Sec-WebSocket-Key': null } }), [400]],
	['an empty key is refused', upgradeRequest({ headers: { 'Sec-WebSocket-Key': '' } }), [400]],
	['a short key is refused', upgradeRequest({ headers: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' } }), [400]],
	['a long key is refused', upgradeRequest({ headers: { 'Sec-WebSocket-Key': `${'A'.repeat(200)}==` } }), [400]],
	['a key that is not base64 is refused', upgradeRequest({ headers: { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' } }), [400]],
	['two keys are refused', text('GET /ws HTTP/1.1', ...good, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='), [400]],
	['no Connection is refused', upgradeRequest({ headers: { Connection: null } }), [400]],
	['Connection without Upgrade is refused', upgradeRequest({ headers: { Connection: 'keep-alive' } }), [400]],
	['no Host is refused', upgradeRequest({ headers: { Host: null } }), [400]],
	['two Hosts are refused', text('GET /ws HTTP/1.1', ...good, 'Host: other'), [400]],
	['Upgrade: h2c is refused', upgradeRequest({ headers: { Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' } }), [400]],
	['permessage-deflate may be offered, and is not taken', upgradeRequest({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } }), [101]],
	['Upgrade: foo is refused', upgradeRequest({ headers: { Upgrade: 'foo' } }), [400]],
	['an empty Upgrade is refused', upgradeRequest({ headers: { Upgrade: '' } }), [400]],
	['Upgrade: websocket, foo is refused', upgradeRequest({ headers: { Upgrade: 'websocket, foo' } }), [400]],
	['another path is refused', upgradeRequest({ path: '/other' }), [404]],
	['the path / is refused', upgradeRequest({ path: '/' }), [404]],
	['/ws/ is refused', upgradeRequest({ path: '/ws/' }), [404]],
	['/WS is another path', upgradeRequest({ path: '/WS' }), [404]],
	['a foreign Origin is refused', upgradeRequest({ headers: { Origin: 'http://evil.example' } }), [403]],
	['Origin null is refused', upgradeRequest({ headers: { Origin: 'null' } }), [403]],
	['two Origins are refused', (s) => text('GET /ws HTTP/1.1', ...good, `Origin: ${s.url}`, 'Origin: http://evil.example'), [400]],
	['Transfer-Encoding is refused', upgradeRequest({ headers: { 'Transfer-Encoding': 'chunked' } }), [400]],
	['a body is refused', upgradeRequest({ headers: { 'Content-Length': '5' } }), [400]],
	['an absolute target of another host is refused', upgradeRequest({ path: 'http://192.0.2.1/ws' }), [400]],
];

for (const [name, request, statuses] of cases) {
	test(name, async () => {
		const raw = await RawSocket.connect(server);
		raw.write(typeof request === 'function' ? request(server) : request);
		const head = await raw.readHead();
		assert.ok(statuses.includes(head?.status ?? null), `${head?.status}`);
		if (head?.status === 101) {
			assert.equal(head.headers['sec-websocket-accept'], ACCEPT);
			assert.equal(head.headers.upgrade.toLowerCase(), 'websocket');
			assert.match(head.headers.connection, /upgrade/i);
			assert.equal(head.headers['sec-websocket-extensions'], undefined);
			assert.equal((await raw.readMessage()).type, 'hello');
		} else if (head) {
			assert.ok(head.headers.connection === 'close' || head.status === LIBRARY_REFUSES || head.status === 404 || head.status === 426);
			if (head.headers.connection === 'close') {
				await raw.waitEnd();
			}
			if (head.status === 426 && name.includes('version')) {
				assert.equal(head.headers['sec-websocket-version'], '13');
			}
		}
		raw.destroy();
	});
}

test('the agreed subprotocol is named in the answer, none when none was asked for', async () => {
	const asked = await openWebSocket(server, { headers: { 'Sec-WebSocket-Protocol': 'x, parley.v1' } });
	assert.equal(asked.head.headers['sec-websocket-protocol'], 'parley.v1');
	const bare = await openWebSocket(server);
	assert.equal(bare.head.headers['sec-websocket-protocol'], undefined);
	asked.destroy();
	bare.destroy();
});

test('CVE-2025-11677: Upgrade: foo on a kept-alive connection does no harm', async () => {
	for (let i = 0; i < 20; i++) {
		const raw = await RawSocket.connect(server);
		raw.write(text('GET /healthz HTTP/1.1', 'Host: x'));
		assert.equal((await raw.readResponse()).status, 200);
		raw.write(upgradeRequest({ path: '/healthz', headers: { Upgrade: 'foo' } }));
		assert.equal((await raw.readResponse())?.status, 200, 'an upgrade that is not known is no upgrade');
		raw.write(upgradeRequest({ headers: { Upgrade: 'foo' } }));
		assert.equal((await raw.readResponse())?.status, 400);
		await raw.waitEnd();
	}
	assert.equal(server.exit, undefined);
});

test('Upgrade: h2c is not taken: the request is answered as it is', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(upgradeRequest({ path: '/healthz', headers: { Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' } }));
	assert.equal((await raw.readResponse())?.body, 'ok\n');
	raw.destroy();
});

test('a WebSocket can be opened on a connection that was kept alive', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(text('GET /healthz HTTP/1.1', 'Host: x'));
	assert.equal((await raw.readResponse()).status, 200);
	raw.write(upgradeRequest());
	assert.equal((await raw.readHead())?.status, 101);
	assert.equal((await raw.readMessage()).type, 'hello');
	raw.destroy();
});

test('a handshake that comes byte by byte is accepted', async () => {
	const raw = await RawSocket.connect(server);
	for (const byte of upgradeRequest()) {
		raw.write(byte);
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.equal((await raw.readHead()).status, 101);
	assert.equal((await raw.readMessage()).type, 'hello');
	raw.destroy();
});

test('a frame right behind the handshake, in the same packet, is read', async () => {
	const raw = await RawSocket.connect(server);
	raw.write(Buffer.concat([Buffer.from(upgradeRequest()), frame({ payload: '{"type":"room.list","ref":1}' })]));
	assert.equal((await raw.readHead()).status, 101);
	assert.equal((await raw.readMessage()).type, 'hello');
	assert.equal((await raw.readMessage()).data.code, 'unauthenticated');
	raw.destroy();
});

test('a client that connects and says nothing is closed', async (t) => {
	const hasty = await startServer({ args: ['--limit-header-ms', '500'] });
	t.after(() => hasty.stop());
	const raw = await RawSocket.connect(hasty);
	await raw.waitEnd(10000);
});

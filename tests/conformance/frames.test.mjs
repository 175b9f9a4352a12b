// RFC 6455 sections 5 to 7: frames, over raw sockets.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { sleep, scaled } from '../e2e/lib/env.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { closePayload, frame, openWebSocket, RawSocket, upgradeRequest } from '../e2e/lib/raw.mjs';
import { serverFor, startServer } from '../e2e/lib/server.mjs';
import { readBy } from '../e2e/lib/tcp.mjs';

const LIMIT = 65536; // frame_bytes
const REQUEST = '{"type":"room.list","ref":"r"}';
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

// Sends frames on a fresh WebSocket; gives it.
async function sent(...frames) {
	const raw = await openWebSocket(server);
	raw.write(Buffer.concat(frames));
	return raw;
}

// The connection works: a request is answered.
async function assertWorks(raw, ref = 'still') {
	raw.write(frame({ payload: JSON.stringify({ type: 'room.list', ref }) }));
	for (;;) {
		const message = await raw.readMessage();
		assert.ok(message, 'the connection ended');
		if (message.ref === ref) {
			break;
		}
	}
	raw.destroy();
}

const bytes = (hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const inText = (middle) => Buffer.concat([Buffer.from('{"type":"room.list","ref":"r","x":"'), middle, Buffer.from('"}')]);

// ---- accepted: each is answered with the ref "r" -----------------------------------------------------------------------------------------

const accepted = [
	['a text frame', [frame({ payload: REQUEST })]],
	['a mask of zeros', [frame({ payload: REQUEST, mask: Buffer.alloc(4) })]],
	['a mask of ones', [frame({ payload: REQUEST, mask: Buffer.alloc(4, 255) })]],
	['a text of 125 bytes (7-bit length)', [frame({ payload: REQUEST.padEnd(125) })]],
	['a text of 126 bytes (16-bit length)', [frame({ payload: REQUEST.padEnd(126) })]],
	['a text of 65535 bytes', [frame({ payload: REQUEST.padEnd(65535) })]],
	['a text as large as the limit (64-bit length)', [frame({ payload: REQUEST.padEnd(LIMIT) })]],
	['two fragments', [frame({ payload: REQUEST.slice(0, 7), fin: false }), frame({ opcode: 0, payload: REQUEST.slice(7) })]],
	['a fragment for each byte', [...REQUEST].map((c, i) => frame({ opcode: i ? 0 : TEXT, payload: c, fin: i === REQUEST.length - 1 }))],
	['empty fragments in between', [frame({ fin: false }), frame({ opcode: 0, payload: REQUEST, fin: false }), frame({ opcode: 0, fin: false }), frame({ opcode: 0 })]],
	['a ping between fragments', [frame({ payload: REQUEST.slice(0, 7), fin: false }), frame({ opcode: PING, payload: 'p' }), frame({ opcode: 0, payload: REQUEST.slice(7) })]],
	['a pong between fragments', [frame({ payload: REQUEST.slice(0, 7), fin: false }), frame({ opcode: PONG, payload: 'p' }), frame({ opcode: 0, payload: REQUEST.slice(7) })]],
	['a pong that nobody asked for', [frame({ opcode: PONG, payload: 'unsolicited' }), frame({ payload: REQUEST })]],
	['an empty pong', [frame({ opcode: PONG }), frame({ payload: REQUEST })]],
	['UTF-8 of two, three and four bytes', [frame({ payload: inText(Buffer.from('ä€😀')) })]],
	['U+10FFFF, the last character', [frame({ payload: inText(bytes('f48fbfbf')) })]],
	['U+FFFE and U+FFFF, which are no characters but valid', [frame({ payload: inText(bytes('efbfbe efbfbf')) })]],
	['a character split across two fragments', (() => {
		const payload = inText(bytes('f09f9880'));
		const at = payload.indexOf(0x9f);
		return [frame({ payload: payload.subarray(0, at), fin: false }), frame({ opcode: 0, payload: payload.subarray(at) })];
	})()],
	['a character split across four fragments', (() => {
		const payload = inText(bytes('f09f9880'));
		const at = payload.indexOf(0xf0);
		return [[0, at + 1], [at + 1, at + 2], [at + 2, at + 3], [at + 3, payload.length]].map(([from, to], i) => frame({
			opcode: i ? 0 : TEXT, payload: payload.subarray(from, to), fin: to === payload.length }));
	})()],
];
for (const [name, frames] of accepted) {
	test(`${name}: accepted`, async () => {
		const raw = await sent(...frames);
		const answer = await raw.readMessage();
		assert.equal(answer?.ref, 'r', JSON.stringify(answer));
		await assertWorks(raw);
	});
}

// ---- refused: each closes the connection with one of these codes --------------------------------------------------------

const refused = [
	['a reserved bit RSV1', [frame({ payload: REQUEST, rsv: 4 })], [1002]],
	['a reserved bit RSV2', [frame({ payload: REQUEST, rsv: 2 })], [1002]],
	['a reserved bit RSV3', [frame({ payload: REQUEST, rsv: 1 })], [1002]],
	['a reserved bit on a ping', [frame({ opcode: PING, rsv: 4 })], [1002]],
	...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`the reserved opcode ${opcode}`, [frame({ opcode, payload: 'x' })], [1002]]),
	['a binary frame', [frame({ opcode: BINARY, payload: REQUEST })], [1003]],
	['binary fragments', [frame({ opcode: BINARY, payload: 'x', fin: false }), frame({ opcode: 0, payload: 'y' })], [1003]],
	['a continuation of nothing', [frame({ opcode: 0, payload: 'x' })], [1002]],
	['a continuation of nothing, without end', [frame({ opcode: 0, payload: 'x', fin: false })], [1002]],
	['a text within fragments', [frame({ payload: 'x', fin: false }), frame({ payload: REQUEST })], [1002]],
	['a fragmented ping', [frame({ opcode: PING, fin: false })], [1002]],
	['a fragmented close', [frame({ opcode: CLOSE, fin: false })], [1002]],
	['a ping of 126 bytes', [frame({ opcode: PING, payload: 'x'.repeat(126) })], [1002]],
	['a pong of 126 bytes', [frame({ opcode: PONG, payload: 'x'.repeat(126) })], [1002]],
	['a close of 126 bytes', [frame({ opcode: CLOSE, payload: closePayload(1000, 'x'.repeat(124)) })], [1002]],
	['a 64-bit length with its highest bit', [bytes('81ff 8000000000000000 00000000')], [1002]],
	['a text larger than the limit', [frame({ payload: ' '.repeat(LIMIT + 1) })], [1009]],
	['an announced megabyte of which nothing has come', [frame({ announce: 1 << 20, payload: 'x' })], [1009]],
	['an announced terabyte of which nothing has come', [frame({ announce: 2 ** 40, payload: 'x' })], [1009]],
	['fragments that are too large together', [frame({ payload: ' '.repeat(40000), fin: false }), frame({ opcode: 0, payload: ' '.repeat(40000) })], [1009]],
	['a last fragment that announces too much', [frame({ payload: ' '.repeat(40000), fin: false }), frame({ opcode: 0, announce: 40000, payload: ' ' })], [1009]],
	...[
		['a byte that never occurs', 'ff'], ['a continuation byte alone', '80'], ['an unfinished character', 'e282'], ['an overlong slash', 'c0af'],
		['an overlong NUL', 'c080'], ['an overlong form of three bytes', 'e0809f'], ['an overlong form of four bytes', 'f0808080'], ['a surrogate', 'eda080'],
		['a character above U+10FFFF', 'f4908080'], ['a form of five bytes', 'f888808080'],
	].map(([what, hex]) => [`text with ${what}`, [frame({ payload: inText(bytes(hex)) })], [1007]]),
	['text that ends within a character', [frame({ payload: bytes('f09f98') })], [1007]],
	['text whose last fragment ends within a character', [frame({ payload: bytes('f09f'), fin: false }), frame({ opcode: 0, payload: bytes('98') })], [1007]],
	['fragments with a wrong byte in the second', [frame({ payload: 'ab', fin: false }), frame({ opcode: 0, payload: bytes('ff') })], [1007]],
];
for (const [name, frames, codes] of refused) {
	test(`${name}: refused`, async () => {
		const raw = await sent(...frames);
		const close = await raw.readClose();
		assert.ok(codes.includes(close?.code), `${JSON.stringify(close)}`);
		await raw.waitEnd();
	});
}

// ---- pings and pongs ---------------------------------------------------------------------------------------------------------------------

for (const payload of ['', 'hello', 'x'.repeat(125)]) {
	test(`a ping of ${payload.length} bytes is answered with the same bytes`, async () => {
		const raw = await sent(frame({ opcode: PING, payload }));
		const pong = await raw.readOpcode(PONG);
		assert.equal(pong?.payload.toString(), payload);
		assert.equal(pong.masked, false);
		await assertWorks(raw);
	});
}

test('pings one after another are all answered', async () => {
	const raw = await openWebSocket(server);
	for (let i = 0; i < 10; i++) {
		raw.write(frame({ opcode: PING, payload: `ping ${i}` }));
		assert.equal((await raw.readOpcode(PONG))?.payload.toString(), `ping ${i}`);
	}
	await assertWorks(raw);
});

test('quick pings are all answered, in order', async () => {
	const raw = await sent(...Array.from({ length: 500 }, (_, i) => frame({ opcode: PING, payload: `ping ${i}` })));
	for (let i = 0; i < 500; i++) {
		assert.equal((await raw.readOpcode(PONG))?.payload.toString(), `ping ${i}`);
	}
	await assertWorks(raw);
});

test('a ping that comes byte by byte is answered', async () => {
	const raw = await openWebSocket(server);
	for (const byte of frame({ opcode: PING, payload: 'slow' })) {
		raw.write(Buffer.of(byte));
		await sleep(1);
	}
	assert.equal((await raw.readOpcode(PONG))?.payload.toString(), 'slow');
	await assertWorks(raw);
});

// ---- closing -----------------------------------------------------------------------------------------------------------------------------

for (const code of [1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]) {
	test(`a close with ${code} is answered with a close, and the connection ends`, async () => {
		const raw = await sent(frame({ opcode: CLOSE, payload: closePayload(code, 'bye') }));
		const close = await raw.readClose();
		assert.ok(close, 'no close frame came');
		assert.equal(close.code, code);
		await raw.waitEnd();
	});
}

test('a close without a code is answered, and the connection ends', async () => {
	const raw = await sent(frame({ opcode: CLOSE }));
	assert.ok(await raw.readClose());
	await raw.waitEnd();
});

for (const [what, payload, code] of [['one byte', Buffer.from('x'), 1002], ['code 0', closePayload(0), 1002], ['code 999', closePayload(999), 1002], ['code 1004', closePayload(1004), 1002],
	['code 1005', closePayload(1005), 1002], ['code 1006', closePayload(1006), 1002], ['code 1015', closePayload(1015), 1002], ['code 2999', closePayload(2999), 1002],
	['code 5000', closePayload(5000), 1002], ['code 65535', closePayload(65535), 1002],
	['a reason that is not UTF-8', Buffer.concat([closePayload(1000), bytes('ff')]), 1007], ['a reason that ends within a character', Buffer.concat([closePayload(1000), bytes('e282')]), 1007]]) {
	test(`a close with ${what} is answered with ${code}`, async () => {
		const raw = await sent(frame({ opcode: CLOSE, payload }));
		assert.equal((await raw.readClose())?.code, code);
		await raw.waitEnd();
	});
}

test('what was asked before the close is answered before it', async () => {
	const raw = await sent(...Array.from({ length: 5 }, (_, i) => frame({ payload: `{"type":"room.list","ref":${i}}` })), frame({ opcode: CLOSE, payload: closePayload(1000) }));
	for (let i = 0; i < 5; i++) {
		assert.equal((await raw.readMessage()).ref, i);
	}
	assert.equal((await raw.readClose())?.code, 1000);
	await raw.waitEnd();
});

test('after its close a client is not listened to', async () => {
	const raw = await sent(frame({ opcode: CLOSE, payload: closePayload(1000) }), frame({ payload: REQUEST }));
	const first = await raw.readFrame();
	assert.equal(first?.opcode, CLOSE);
	await raw.waitEnd();
});

test('a TCP connection that ends without a close does no harm', async () => {
	for (let i = 0; i < 20; i++) {
		const raw = await sent(frame({ payload: REQUEST, fin: i % 2 === 0 }));
		if (i % 3) {
			raw.reset();
		} else {
			raw.destroy();
		}
	}
	await assertWorks(await openWebSocket(server));
});

test('a client may finish its message after the server has closed', async (t) => {
	const hasty = await serverFor(t, { args: ['--limit-sign-in-ms', '300'] });
	const raw = await openWebSocket(hasty);
	assert.equal((await raw.readClose())?.code, 4001);
	raw.write(Buffer.concat([frame({ payload: 'x', fin: false }), frame({ opcode: 0, payload: 'y' }), frame({ opcode: PING })]));
	await readBy(hasty, raw);
	await metricsOf(hasty); // a turn of its loop later
	assert.equal(raw.ended, false, 'its close frame is waited for');
	raw.write(frame({ opcode: CLOSE, payload: closePayload(4001) }));
	await raw.waitEnd();
});

for (const lengthForm of [16, 64]) {
	test(`a length in ${lengthForm} bits that fits into fewer is refused`, async () => {
		const raw = await sent(frame({ payload: REQUEST, lengthForm }));
		assert.equal((await raw.readClose())?.code, 1002);
		await raw.waitEnd();
	});
}

test('an unmasked frame is refused', async () => {
	const raw = await sent(frame({ payload: REQUEST, mask: null }));
	assert.equal((await raw.readClose())?.code, 1002);
	await raw.waitEnd();
});

test('frames that come together with the handshake are read', async () => {
	for (const n of [1, 3, 100, 700]) {
		const raw = await RawSocket.connect(server);
		raw.write(Buffer.concat([Buffer.from(upgradeRequest()), ...Array.from({ length: n }, (_, i) => frame({ payload: `{"type":"room.list","ref":${i}}` }))]));
		assert.equal((await raw.readHead())?.status, 101);
		assert.equal((await raw.readMessage())?.type, 'hello');
		for (let i = 0; i < n; i++) {
			assert.equal((await raw.readMessage())?.ref, i);
		}
		raw.destroy();
	}
});

// ---- what the server sends -----------------------------------------------------------------------------------------------------------------

test('frames of the server are whole, unmasked text without reserved bits', async () => {
	const raw = await sent(frame({ payload: REQUEST }));
	const answer = await raw.readFrame();
	assert.deepEqual([answer.fin, answer.rsv, answer.opcode, answer.masked], [true, 0, TEXT, false]);
	raw.destroy();
});

test('frames that come byte by byte are put together', async () => {
	const raw = await openWebSocket(server);
	for (const byte of frame({ payload: REQUEST })) {
		raw.write(Buffer.of(byte));
		await new Promise((resolve) => setImmediate(resolve));
	}
	assert.equal((await raw.readMessage()).ref, 'r');
	raw.destroy();
});

test('a hundred requests in one packet are answered in their order', async () => {
	const raw = await sent(...Array.from({ length: 100 }, (_, i) => frame({ payload: `{"type":"room.list","ref":${i}}` })));
	for (let i = 0; i < 100; i++) {
		assert.equal((await raw.readMessage()).ref, i);
	}
	raw.destroy();
});

test('two messages whose frames are cut at any place are both read', async () => {
	const both = Buffer.concat([frame({ payload: '{"type":"room.list","ref":1}' }), frame({ payload: '{"type":"room.list","ref":2}' })]);
	for (let at = 1; at < both.length; at += 3) {
		const raw = await openWebSocket(server);
		raw.write(both.subarray(0, at));
		await sleep(scaled(1));
		raw.write(both.subarray(at));
		assert.equal((await raw.readMessage()).ref, 1);
		assert.equal((await raw.readMessage()).ref, 2);
		raw.destroy();
	}
});

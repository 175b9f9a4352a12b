// Every head of the corpus goes to a real server, with a request behind it on the same connection. A sound head gets one answer, and the request behind it gets another. A refused head gets an error, and
// nothing behind it is read.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { makeCertificate } from '../e2e/lib/certificate.mjs';
import { RawSocket } from '../e2e/lib/raw.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { ask, connectTls, eachOf, faultOf, isMarkers } from './lib/ask.mjs';
import { heads, kinds } from './lib/heads.mjs';

const AT_ONCE = 24;
const EARLIER = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
const SHOWN = 20;
// Primes, so that the cuts are at other places in each head.
const piece = (head) => (head.bytes.length < 1000 ? 7 : 997);

let plain;
let secure;
before(async () => {
	const dir = temporaryDir();
	makeCertificate('chat.example', join(dir, 'cert.pem'), join(dir, 'key.pem'));
	const args = ['--origin', 'https://chat.example']; // without one, only some hosts have a page
	[plain, secure] = await Promise.all([startServer({ args }), startServer({ args: [...args, '--tls-cert', join(dir, 'cert.pem'), '--tls-key', join(dir, 'key.pem')] })]);
});
after(() => Promise.all([plain.stop(), secure.stop()]));

function assertNone(found, n) {
	const lines = found.slice(0, SHOWN).map(([head, what]) => `${head.verdict}: ${head.name}\n    ${what}`);
	assert.equal(found.length, 0, `${found.length} of ${n} heads are answered otherwise\n${lines.join('\n')}\n`);
}

for (const kind of kinds) {
	const ofKind = heads.filter((head) => head.kind === kind);

	test(`${kind}: ${ofKind.length} heads`, async () => {
		assertNone(await eachOf(ofKind, AT_ONCE, async (head) => faultOf(head, await ask(RawSocket.connect, plain, head))), ofKind.length);
	});

	test(`${kind}: ${ofKind.length} heads, each behind another request`, async () => {
		assertNone(await eachOf(ofKind, AT_ONCE, async (head) => {
			const [first, ...answers] = await ask(RawSocket.connect, plain, head, { earlier: EARLIER });
			return isMarkers(first) ? faultOf(head, answers) : 'the request before it was not answered';
		}), ofKind.length);
	});

	test(`${kind}: ${ofKind.length} heads in small pieces`, async () => {
		assertNone(await eachOf(ofKind, AT_ONCE, async (head) => faultOf(head, await ask(RawSocket.connect, plain, head, { pieceBytes: piece(head) }))), ofKind.length);
	});

	test(`${kind}: ${ofKind.length} heads over TLS`, async () => {
		assertNone(await eachOf(ofKind, AT_ONCE, async (head) => faultOf(head, await ask(connectTls, secure, head))), ofKind.length);
	});
}

test('the corpus is as large as it is said to be', () => {
	assert.ok(heads.length >= 1000, `${heads.length}`);
	assert.equal(new Set(heads.map(({ kind, name }) => `${kind}: ${name}`)).size, heads.length, 'a name is there twice');
});

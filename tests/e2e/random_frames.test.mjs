// Random frames, whole, broken and cut at any place, go to the real server. No other client notices, and nothing of them is left.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import test from 'node:test';
import { closeAll, roomOf } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { get } from './lib/http.mjs';
import { RawSocket, frame, upgradeRequest } from './lib/raw.mjs';
import { serverFor } from './lib/server.mjs';
import { until } from './lib/wait.mjs';

const CONNECTIONS = 300;
const SEED = Number(process.env.FRAMES_SEED ?? randomInt(2 ** 31));

// xorshift32 gives the same numbers for the same seed.
function generator(seed) {
	let state = seed | 1;
	return (n) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % n;
	};
}

function texts(below) {
	const guest = `{"type":"session.start","ref":1,"data":{"guest":"Random ${below(1000000)}"}}`;
	return [guest, '{"type":"room.list","ref":2}', '{"type":"message.send","ref":3,"data":{"room":"general","text":"x"}}', '{', '', '\u00e9'.repeat(below(400)),
		'{"a":'.repeat(below(100)), 'x'.repeat(below(9000)), `{"type":"session.end"}`];
}

// One message, mostly; it may go out in fragments with pings between them, and anything of it may be wrong.
function randomMessage(below) {
	const all = texts(below);
	const payload = Buffer.from(all[below(all.length)]);
	if (below(10) === 0 && payload.length > 0) {
		payload[below(payload.length)] = below(256);
	}
	const frames = [];
	for (let at = 0, first = true; first || at < payload.length; first = false) {
		const n = below(3) > 0 ? payload.length - at : below(payload.length - at + 1);
		const odd = below(40) === 0;
		frames.push(frame({
			opcode: odd ? below(16) : first ? 1 + (below(40) === 0) : 0,
			payload: payload.subarray(at, at + n),
			fin: at + n === payload.length && below(60) > 0,
			rsv: odd ? below(8) : 0,
			mask: odd && below(2) === 0 ? null : Buffer.from([below(256), below(256), below(256), below(256)]),
			lengthForm: odd ? 64 : undefined,
			announce: odd && below(3) === 0 ? [0, 1, n + below(70000), 2 ** 40][below(4)] : undefined,
		}));
		if (below(6) === 0) {
			frames.push(frame({ opcode: 9 + below(2), payload: payload.subarray(0, below(126)) }));
		}
		at += n;
	}
	return Buffer.concat(frames);
}

async function sendRandomly(server, below) {
	const raw = await RawSocket.connect(server);
	let bytes = Buffer.concat([Buffer.from(upgradeRequest()), ...Array.from({ length: 1 + below(30) }, () => randomMessage(below))]);
	if (below(20) === 0) {
		bytes[below(bytes.length)] ^= 1 << below(8); // of the handshake too
	}
	while (bytes.length > 0 && !raw.ended) {
		const n = below(3) === 0 ? 1 + below(8) : 1 + below(4000);
		raw.write(bytes.subarray(0, n));
		bytes = bytes.subarray(n);
		if (below(4) === 0) {
			await sleep(1);
		}
	}
	await sleep(below(60)); // a part of what is at random: the end may come in the middle of anything
	// With writes under way a reset leaves node waiting for their end without a limit when it exits.
	return below(3) === 0 && raw.socket.writableLength === 0 ? raw.reset() : raw.destroy();
}

test(`frames at random (FRAMES_SEED=${SEED})`, async (t) => {
	const server = await serverFor(t, { args: ['--limit-frame-bytes', '6000'] });
	const { room: { id: room }, clients: [writer, reader] } = await roomOf(server, 'general', 2);
	t.after(() => closeAll([writer, reader]));
	await until(30000, 'the connections to be two', async () => /^parley_connections 3$/m.test((await get(server, '/metrics')).text));
	const before = server.fds();
	const below = generator(SEED);
	let noisy = true;
	const talk = (async () => {
		let last = 0;
		while (noisy) {
			({ seq: last } = await writer.request('message.send', { room, text: 'through all of it' }));
			await sleep(5);
		}
		await reader.waitSeq(room, last);
	})();
	for (let sent = 0; sent < CONNECTIONS; sent += 10) {
		await Promise.all(Array.from({ length: 10 }, () => sendRandomly(server, generator(below(2 ** 31)))));
	}
	noisy = false;
	await talk;
	assert.deepEqual([...writer.faults, ...reader.faults], []);
	await until(30000, 'nothing to be left', async () => /^parley_connections 3$/m.test((await get(server, '/metrics')).text) && server.fds() <= before);
	const { text } = await get(server, '/metrics');
	const [, answered] = /^parley_errors_total (\d+)$/m.exec(text);
	assert.ok(Number(answered) > CONNECTIONS, `${answered} requests came through`);
	const closed = Object.fromEntries([...text.matchAll(/^parley_closed_total\{reason="(\w+)"\} (\d+)$/gm)].map(([, reason, n]) => [reason, Number(n)]));
	t.diagnostic(JSON.stringify(closed));
	for (const reason of ['client', 'not_text', 'too_big']) {
		assert.ok(closed[reason] > 0, `none was closed as ${reason}: ${JSON.stringify(closed)}`);
	}
});

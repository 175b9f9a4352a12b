// Thousands of connections without a request, from few or many addresses, with more places than connections or just as many. A newcomer still gets in at once, also one from another network.
//
// SOAK=10 holds them for longer, from more numbers of addresses. The table of what was seen is among the diagnostics.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import tls from 'node:tls';
import test, { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeCertificate } from '../e2e/lib/certificate.mjs';
import { scaled, sleep, soak } from '../e2e/lib/env.mjs';
import { RawSocket, upgradeRequest } from '../e2e/lib/raw.mjs';
import { serverFor, temporaryDir } from '../e2e/lib/server.mjs';
import { until, within } from '../e2e/lib/wait.mjs';

const N = 3000;
const KINDS = ['silent', 'dripping a head', 'dripping a body', 'TLS without an end'];
const ADDRESSES = soak > 1 ? [1, 4, 8, 64] : [4, 64];
const LIMITS = [0, N]; // none; so many that the holders fill them
const HELD_MS = 3000 * soak;
const SAMPLE_MS = soak > 1 ? 1000 : 250;
const WORST_MS = 1000;
const FAR_MS = 300; // between the connection and the first byte of every other stranger
const TRY_MS = 10000;
const AGAIN_MS = 50;

async function connect(server, pauseMs) {
	const raw = await RawSocket.connect(server, { localAddress: '127.0.4.1' });
	await sleep(pauseMs);
	if (!server.url.startsWith('https')) {
		return raw;
	}
	const socket = tls.connect({ socket: raw.socket, rejectUnauthorized: false });
	raw.socket.removeAllListeners('data');
	await within(TRY_MS, 'the TLS handshake', new Promise((resolve, reject) => {
		socket.once('secureConnect', resolve);
		socket.once('error', reject);
		socket.once('close', () => reject(new Error('closed')));
	}));
	socket.removeAllListeners('error');
	return new RawSocket(socket);
}

async function comesIn(server, pauseMs) {
	let raw;
	try {
		raw = await connect(server, pauseMs);
		raw.write(upgradeRequest());
		return (await raw.readHead(TRY_MS))?.status === 101 && (await raw.readMessage(TRY_MS))?.type === 'hello';
	} catch {
		return false; // refused, cut off, or too late: the next try may do better, and the time runs on
	} finally {
		raw?.destroy();
	}
}

// How long a stranger needs until there is a WebSocket that says hello, beside the pause of one from far away.
async function msToComeIn(server, pauseMs = 0) {
	const began = process.hrtime.bigint();
	while (!(await comesIn(server, pauseMs))) {
		await sleep(AGAIN_MS);
	}
	return Number(process.hrtime.bigint() - began) / 1e6 - pauseMs;
}

function holdersOf(t, options) {
	const child = fork(fileURLToPath(new URL('lib/holders.mjs', import.meta.url)), [JSON.stringify(options)]);
	const holders = { held: 0, made: 0 };
	child.on('message', (state) => Object.assign(holders, state));
	const exited = new Promise((resolve) => {
		child.on('close', resolve);
	});
	holders.stop = async () => {
		child.kill('SIGKILL');
		await exited;
	};
	t.after(holders.stop);
	return holders;
}

async function certified() {
	const dir = temporaryDir();
	makeCertificate('chat.example', join(dir, 'cert.pem'), join(dir, 'key.pem'));
	return ['--tls-cert', join(dir, 'cert.pem'), '--tls-key', join(dir, 'key.pem')];
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

// Each holds its connections for seconds in which little happens: eight at a time.
describe('strangers beside holders', { concurrency: 8 }, () => {
	for (const kind of KINDS) {
		for (const addresses of ADDRESSES) {
			for (const limit of LIMITS) {
				const title = `${N} connections ${kind === 'silent' ? 'that are silent' : kind} from ${addresses} ${addresses === 1 ? 'address' : 'addresses'}, ${limit ? `${limit} places` : 'places for all'}`;
				test(title, { timeout: 600000 }, async (t) => {
					const args = [...(limit ? ['--limit-connections', String(limit)] : []), ...(kind.startsWith('TLS') ? await certified() : [])];
					const server = await serverFor(t, { args });
					const alone = await msToComeIn(server);
					const holders = holdersOf(t, { port: server.port, n: N, addresses, kind });
					await until(30000, `${N} connections to have been made (${holders.made} now)`, () => holders.made >= N);
					const samples = [];
					for (const end = Date.now() + HELD_MS; Date.now() < end || samples.length < 4;) {
						samples.push(await msToComeIn(server, samples.length % 2 === 1 ? FAR_MS : 0));
						await sleep(SAMPLE_MS);
					}
					t.diagnostic(`held ${holders.held} at the end, made ${holders.made} in all; a stranger came in ${samples.length} times: median ${median(samples).toFixed(0)} ms, worst ${Math.max(...samples).toFixed(0)} ms (alone ${alone.toFixed(0)} ms)`);
					await holders.stop();
					assert.ok(Math.max(...samples) < scaled(WORST_MS), `a stranger waited for ${Math.max(...samples).toFixed(0)} ms`);
				});
			}
		}
	}
});

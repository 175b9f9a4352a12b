// Behind real proxies an attacker hides requests in requests, while other people chat over the same connections to the server. No client gets another one's answer, nothing is done in another one's
// name, /metrics stays hidden, and every client counts as the one that the proxy names.
//
// SMUGGLING_TRIES is the number of tries for each proxy, and SMUGGLING_SEED chooses them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fresh } from '../e2e/lib/client.mjs';
import { command, get } from '../e2e/lib/http.mjs';
import { PROXIED_BY_RULE, PROXIES } from '../e2e/lib/proxies.mjs';
import { RawSocket } from '../e2e/lib/raw.mjs';
import { serverFor } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { Random } from '../fuzz/lib/random.mjs';
import { FORWARDED_TRICKS, nextTry } from './lib/smuggle.mjs';
import { Victim, patience } from './lib/victim.mjs';

const TRIES = Number(process.env.SMUGGLING_TRIES ?? 300);
const SEED = Number(process.env.SMUGGLING_SEED ?? 9112);
const LANES = 6;
const FAULTS_MAX = 20;
const PROBE = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

async function proxied(t, start, options) {
	const server = await serverFor(t, { ...options, args: [...PROXIED_BY_RULE, ...(options?.args ?? [])] });
	const proxy = await start(t, server, { tls: false, bare: true, rule: true });
	await until(15000, 'the server through its proxy', async () => (await get(proxy, '/readyz')).status === 200, 50);
	return { server, proxy };
}

async function makeAttacker(server) {
	const { token } = await command(server, 'session.start', { guest: fresh('Attacker') });
	const room = (await command(server, 'room.create', { name: fresh('attackers') }, { token })).id;
	return { token, room };
}

// Waits until there is an answer, the connection ends, or the time is over.
async function hear(raw, enough) {
	await raw.wait('an answer', () => (enough(raw.bytes.toString('latin1')) ? true : undefined), patience()).catch(() => {});
	return raw.bytes.toString('latin1');
}

// Makes one try, then sends a victim's message and the attacker's probe. Gives what went wrong.
async function attack(proxy, bytes, victims, victim) {
	const raw = await RawSocket.connect(proxy, { localAddress: '127.0.0.66' });
	try {
		raw.write(Buffer.from(bytes, 'latin1'));
		await hear(raw, (text) => /^HTTP\/1\.[01] \d/.test(text));
		const fault = await victim.say();
		raw.write(PROBE);
		const heard = await hear(raw, (text) => text.endsWith('ok\n'));
		if (/^parley_/m.test(heard)) {
			return '/metrics was read';
		}
		const other = victims.find(({ token, room }) => heard.includes(token) || heard.includes(room));
		return other ? `the attacker heard what was a victim's: ${JSON.stringify(heard.slice(0, 300))}` : fault;
	} finally {
		raw.destroy();
	}
}

for (const [name, start] of Object.entries(PROXIES)) {
	test(`${name}: ${TRIES} tries to hide a request in another, seed ${SEED}`, { timeout: 3600000 }, async (t) => {
		const { server, proxy } = await proxied(t, start);
		const random = new Random(SEED);
		const attacker = await makeAttacker(server);
		const victims = await Promise.all(Array.from({ length: LANES }, (_, i) => Victim.create(server, proxy, `127.0.0.${70 + i}`)));
		t.after(() => victims.forEach((victim) => victim.close()));
		const faults = new Map();
		let tried = 0;
		await Promise.all(victims.map(async (victim, i) => {
			while (tried < TRIES && faults.size < FAULTS_MAX) {
				tried++;
				const { name: trick, bytes } = nextTry(random, attacker);
				const fault = await attack(proxy, bytes, victims, victim);
				if (fault) {
					faults.set(trick.slice(0, trick.startsWith('the path') ? 8 : undefined), `${trick}\n    ${fault}`);
					victim = await Victim.create(server, proxy, victim.localAddress); // whose token may be good no more
					victims[i] = victim;
				}
			}
		}));
		t.diagnostic(`${tried} tries; ${victims.reduce((sum, { sent }) => sum + sent.length, 0)} messages of victims, ${victims.reduce((sum, { interrupted }) => sum + interrupted, 0)} of them sent again`);
		assert.equal(faults.size, 0, `${faults.size} kinds of faults in ${tried} tries; around the last of each:\n${[...faults.values()].join('\n')}`);
		for (const victim of victims) {
			assert.deepEqual(await victim.said(), victim.sent);
		}
	});

	test(`${name}: ${FORWARDED_TRICKS.length} ways to be counted as somebody else`, async (t) => {
		const { proxy } = await proxied(t, start, { relaxed: false, args: ['--limit-address-accounts', '1'] });
		// The trick is the last field that the client sends: what the proxy adds comes behind it.
		const guest = async (localAddress, trick) => {
			const body = JSON.stringify({ guest: fresh('Guest') });
			const raw = await RawSocket.connect(proxy, { localAddress });
			raw.write(Buffer.from(`POST /api/v1/session.start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${trick ? `${trick}\r\n` : ''}\r\n${body}`, 'latin1'));
			const answer = await raw.readResponse().catch(() => null);
			raw.destroy();
			return answer?.status;
		};
		for (const [i, trick] of FORWARDED_TRICKS.entries()) {
			const own = `127.0.1.${i + 1}`;
			assert.equal(await guest(own), 200, `the first guest of ${own}`);
			assert.notEqual(await guest(own, trick), 200, `counted as somebody else by ${JSON.stringify(trick)}`);
			assert.notEqual(await guest(own), 200, `not counted any more after ${JSON.stringify(trick)}`);
		}
		assert.equal(await guest('127.0.2.1'), 200, 'a stranger was counted for another');
	});
}

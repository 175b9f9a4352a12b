// More people sign in at once than the server takes: each is told a time of its own, may wait for it on its connection, and gets in.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, closeAll } from './lib/client.mjs';
import { sleep } from './lib/env.mjs';
import { metricsOf } from './lib/metrics.mjs';
import { serverFor } from './lib/server.mjs';

const RATE = 20;
const N = 40;
const SIGN_IN_MS = 500; // less than most are told to wait

test('who is told to sign in later may stay, and is let in at that time', async (t) => {
	const server = await serverFor(t, { args: ['--limit-sign-ins', String(RATE), '--limit-sign-in-ms', String(SIGN_IN_MS)] });
	const one = await Client.start(server, { guest: 'One' });
	assert.equal(one.hello.limits.sign_ins, RATE);
	const told = [];
	const clients = await Promise.all(Array.from({ length: N }, async () => {
		const client = await Client.connect(server);
		for (;;) {
			const refused = await client.signIn({ token: one.token }).then(() => undefined, (error) => error);
			if (!refused) {
				return client;
			}
			assert.equal(refused.code, 'rate_limited');
			assert.equal(refused.retryable, true);
			told.push(refused.retryAfterMs);
			await sleep(refused.retryAfterMs);
		}
	}));
	assert.ok(told.length >= N / 2, `${told.length} were told to come later`);
	assert.ok(new Set(told.map((ms) => Math.floor(ms / 100))).size >= N / 4, `all come back at once: ${told}`);
	await one.settle(); // who is signed in goes on meanwhile
	assert.ok((await metricsOf(server)).get('parley_sign_ins_deferred_total') >= told.length);
	await closeAll([one, ...clients]);
});

test('who is told to sign in later and does not is closed, the usual time after that', async (t) => {
	const server = await serverFor(t, { args: ['--limit-sign-ins', '1', '--limit-sign-in-ms', '100'] });
	const one = await Client.start(server, { guest: 'One' });
	const late = await Client.connect(server);
	const began = Date.now();
	const { retryAfterMs } = await late.refused('session.start', { token: one.token }, 'rate_limited');
	assert.equal((await late.waitClose()).code, 4001);
	assert.ok(Date.now() - began >= retryAfterMs, `closed after ${Date.now() - began} ms, and was told ${retryAfterMs}`);
	await one.close();
});

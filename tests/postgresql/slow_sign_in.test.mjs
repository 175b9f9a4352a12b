// A database that takes longer to let somebody in than a client may take to ask for it: who asked in time is let in, and who is refused has no more time than before.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Client, finish } from '../e2e/lib/client.mjs';
import { Cluster } from '../e2e/lib/postgres.mjs';
import { Proxy } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/server.mjs';

const SIGN_IN_MS = 500;
const WAY_MS = 1000; // to the database, and as long back
const NO_SIGN_IN = 4001;

let cluster;
let proxy;
let server;
before(async () => {
	cluster = await Cluster.start({ durable: false });
	proxy = await Proxy.start(cluster.port);
	server = await startServer({ args: ['--database', cluster.url(await cluster.makeDatabase(), proxy.port), '--database-allow-asynchronous-commit', 'on', '--limit-sign-in-ms', `${SIGN_IN_MS}`] });
});
after(async () => {
	await server.stop();
	await proxy.close();
	await cluster.stop();
});

const slowly = async (act) => {
	proxy.delayMs = WAY_MS;
	try {
		return await act();
	} finally {
		proxy.delayMs = 0;
	}
};

test('a guest, and a token, are let in though that takes longer than a client may take to ask', async (t) => {
	let token;
	for (const data of [{ guest: 'Slow' }, undefined]) {
		const began = performance.now();
		const client = await slowly(() => Client.start(server, data ?? { token }));
		t.after(() => finish(client));
		assert.ok(performance.now() - began > SIGN_IN_MS, 'it was slow');
		({ token } = client);
		await client.settle();
		assert.equal(client.close_, undefined);
	}
});

test('who is refused then, and asks no more, is sent away', async () => {
	const client = await Client.connect(server);
	const refused = await slowly(() => client.signIn({ token: 'a'.repeat(43) }).catch((error) => error));
	assert.equal(refused.code, 'invalid_token', refused.stack);
	assert.equal((await client.waitClose()).code, NO_SIGN_IN);
});

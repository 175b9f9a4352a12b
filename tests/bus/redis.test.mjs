// The bus over a real Redis: what two instances publish arrives, whatever happens to the Redis between them; and it says when it does not.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { BusAgent } from '../e2e/lib/bus_agent.mjs';
import { Proxy } from '../e2e/lib/proxy.mjs';
import { redisFor, sentinelsFor } from '../e2e/lib/redis.mjs';
import { until } from '../e2e/lib/wait.mjs';

const WAIT_MS = 30000;

let n = 0;

// What one says now arrives at the other.
async function carries(from, to, channel = 1) {
	const text = `text ${++n}`;
	from.say('publish', channel, text);
	await to.gets(channel, text);
}

// Two buses that are whole and follow channel 1.
async function pairFor(t, ...args) {
	const pair = [BusAgent.for(t, ...args), BusAgent.for(t, ...args)];
	for (const agent of pair) {
		await agent.whole();
		await agent.follow(1);
	}
	return pair;
}

async function proxyFor(t, port) {
	const proxy = await Proxy.start(port);
	t.after(() => proxy.close());
	return proxy;
}

test('what one publishes the others hear, over TCP and over a Unix socket, with a password or a user of its own', async (t) => {
	const redis = await redisFor(t, { password: 'ofall', users: ['parley on >word resetchannels &parley:* -@all +subscribe +unsubscribe +publish +hello +auth'] });
	const userUrl = redis.url().replace('//', '//parley@');
	const [a, b] = [BusAgent.for(t, '--password-file', redis.passwordFile(), redis.socketUrl), BusAgent.for(t, '--password-file', redis.passwordFile('word'), userUrl)];
	await a.whole();
	await b.whole();
	await b.follow(1);
	await carries(a, b);
	a.say('publish', 2, 'not followed');
	a.say('publish', 0, 'to everybody');
	await b.gets(0, 'to everybody');
	assert.equal(b.arrived(2).length, 0);
	assert.equal(a.arrived(0).length, 0); // an instance does not hear itself
	b.say('unfollow', 1);
	a.say('publish', 1, 'no longer followed');
	a.say('publish', 0, 'after that');
	await b.gets(0, 'after that');
	assert.equal(b.arrived(1).filter((each) => each.text === 'no longer followed').length, 0);
});

test('each kind arrives as what it was published as, one of a later version too', async (t) => {
	const redis = await redisFor(t);
	const [a, b] = await pairFor(t, redis.url());
	const kinds = [2, 3, 4, 5, 6, 7, 255]; // all but BUS_ALIVE, which is the bus's own
	kinds.forEach((kind) => a.say('as', 1, kind, `kind ${kind}`));
	await carries(a, b);
	assert.deepEqual(b.arrived(1).slice(0, -1).map(({ kind, text }) => [kind, text]), kinds.map((kind) => [kind, `kind ${kind}`]));
});

test('channels of another epoch are not heard; a bus that begins anew follows nothing', async (t) => {
	const redis = await redisFor(t);
	const [a, b] = await pairFor(t, redis.url());
	const c = BusAgent.for(t, redis.url());
	c.say('begin', 'another-epoc');
	await c.whole();
	await c.follow(1);
	await carries(a, b);
	assert.equal(c.arrived(1).length, 0);
	b.told = [];
	b.say('begin', 'another-epoc');
	await until(WAIT_MS, 'a new bus', () => b.states.some(({ state }) => state === 1) && b.isWhole());
	c.say('publish', 1, 'not followed any more');
	c.say('publish', 0, 'end');
	await b.gets(0, 'end');
	assert.equal(b.arrived(1).length, 0);
	await b.follow(1);
	await carries(c, b);
});

test('many channels are subscribed in batches, and each is heard', async (t) => {
	const redis = await redisFor(t);
	const N_CHANNELS = 3000;
	const [a, b] = await pairFor(t, redis.url());
	for (let channel = 2; channel <= N_CHANNELS; channel++) {
		b.say('follow', channel);
	}
	const heard = () => new Set(b.told.filter((each) => each.hears).map((each) => each.hears)).size;
	await until(WAIT_MS, 'all to be heard', () => heard() === N_CHANNELS);
	assert.equal(Number((await redis.info('stats')).pubsub_channels ?? N_CHANNELS + 1), N_CHANNELS + 1);
	await carries(a, b, N_CHANNELS);
	await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
	await Promise.all([a, b].map((each) => each.degraded(/closed the connection/)));
	await Promise.all([a, b].map((each) => each.whole()));
	assert.equal(b.told.filter((each) => each.hears).length, 2 * N_CHANNELS); // told anew, because something may be missed
	await carries(a, b, N_CHANNELS);
});

test('a Redis that dies makes the bus degraded, and one that comes back makes it whole', async (t) => {
	const redis = await redisFor(t);
	const [a, b] = await pairFor(t, redis.url());
	await redis.kill();
	assert.match(await a.degraded(/refused|reset|closed/), /^redis:\/\/127\.0\.0\.1:\d+: /);
	await b.degraded();
	a.say('publish', 1, 'lost');
	await until(WAIT_MS, 'it to be counted', async () => (await a.status()).dropped > 0);
	await redis.start();
	await Promise.all([a.whole(), b.whole()]);
	await carries(a, b);
	assert.equal(b.nHeard(1), 2);
	assert.match(a.log, /warn bus\.away why="redis:[^\n]*\n[^]*info bus\.back away_ms=\d/);
});

test('a Redis that stands still is noticed by the probe', async (t) => {
	const redis = await redisFor(t);
	const [a, b] = await pairFor(t, redis.url());
	redis.freeze();
	await a.degraded(/does not come back|not answered/);
	await b.degraded();
	redis.thaw();
	await Promise.all([a.whole(), b.whole()]);
	await carries(a, b);
	await carries(b, a);
});

for (const direction of ['toServer', 'toClient']) {
	test(`a link that carries nothing ${direction}, and stays open, is noticed by the probe`, async (t) => {
		const redis = await redisFor(t);
		const proxy = await proxyFor(t, redis.port);
		const a = BusAgent.for(t, redis.url());
		const b = BusAgent.for(t, redis.url(proxy.port));
		await Promise.all([a.whole(), b.whole()]);
		await b.follow(1);
		proxy.swallow[direction] = true;
		await b.degraded(/does not come back|not answered/);
		proxy.heal();
		await b.whole();
		await carries(a, b);
		assert.equal(a.states.filter(({ state }) => state === 1).at(-1) === a.last, false);
	});
}

test('a wrong password, none, a missing file and a user without rights are told in words, and the secret is in none', async (t) => {
	const redis = await redisFor(t, { password: 'asecret', users: ['mute on >word resetchannels -@all +hello +auth +subscribe +info'] });
	await BusAgent.for(t, '--password-file', redis.passwordFile('wrong'), redis.url()).degraded(/refuses the user or the password/);
	await BusAgent.for(t, redis.url()).degraded(/asks for a password, and none is given/);
	const missing = `${redis.passwordFile()}.missing`;
	await BusAgent.for(t, '--password-file', missing, redis.url()).degraded(/cannot be read: No such file/);
	const mute = BusAgent.for(t, '--password-file', redis.passwordFile('word'), redis.url().replace('//', '//mute@'));
	await mute.degraded(/NOPERM.*channels &parley:\*/);
	assert.doesNotMatch(mute.log, /word"|secret/);
});

test('a password that is changed in its file is used with the next connection', async (t) => {
	const redis = await redisFor(t, { password: 'first' });
	const file = redis.passwordFile();
	const agent = BusAgent.for(t, '--password-file', file, redis.url());
	await agent.whole();
	await redis.command('CONFIG', 'SET', 'requirepass', 'second');
	await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
	await agent.degraded(/refuses the user or the password/);
	const { writeFileSync } = await import('node:fs');
	writeFileSync(file, 'second\n');
	await agent.whole();
});

// A server that is no Redis: `answer` gets each connection.
async function otherServer(t, answer) {
	const sockets = new Set();
	const server = net.createServer((socket) => {
		sockets.add(socket);
		socket.on('error', () => {});
		answer(socket);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		sockets.forEach((socket) => socket.destroy());
		server.close();
	});
	return `redis://127.0.0.1:${server.address().port}`;
}

test('what is no Redis is told in words: another protocol, garbage, silence, a reply without end', async (t) => {
	const http = await otherServer(t, (socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')));
	const large = await otherServer(t, (socket) => socket.on('data', () => socket.write('*1000000000\r\n')));
	const endless = await otherServer(t, (socket) => socket.on('data', () => socket.write(`$100000000\r\n${'x'.repeat(4 << 20)}`)));
	const silent = await otherServer(t, () => {});
	const pushy = await otherServer(t, (socket) => socket.write('*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n:1\r\n*2\r\n$9\r\nsubscribe\r\n*0\r\n+a\r\n+b\r\n+c\r\n'));
	const agents = [[http, /not answer as a Redis/], [large, /not answer as a Redis/], [endless, /too large/], [silent, /does not answer/], [pushy, /./]]
		.map(([url, why]) => [BusAgent.for(t, url), why]);
	await Promise.all(agents.map(([agent, why]) => agent.degraded(why)));
});

test('messages that are damaged or forged are dropped and counted, and the bus goes on', async (t) => {
	const redis = await redisFor(t);
	const [a, b] = await pairFor(t, redis.url());
	for (const bytes of ['', '\x01', '\x02'.repeat(100), `\x01${'i'.repeat(16)}\x02\xff\xff\xff\xff`, `\x01${'i'.repeat(16)}\x02\x05\x00\x00\x00abc`]) {
		await redis.command('PUBLISH', 'parley:abcdefabcdef:1', Buffer.from(bytes, 'latin1').toString('latin1'));
	}
	await until(WAIT_MS, 'them to be counted', async () => (await b.status()).dropped >= 5);
	await carries(a, b);
	assert.equal(b.arrived(1).length, 1);
	assert.ok(b.isWhole());
});

test('a subscriber that Redis drops for its full buffer comes back', async (t) => {
	const redis = await redisFor(t, { settings: { 'client-output-buffer-limit': 'pubsub 1mb 1mb 1' } });
	const proxy = await proxyFor(t, redis.port);
	const a = BusAgent.for(t, redis.url());
	const b = BusAgent.for(t, redis.url(proxy.port));
	await Promise.all([a.whole(), b.whole()]);
	await b.follow(1);
	proxy.stall('toClient');
	for (let i = 0; i < 30; i++) {
		a.say('flood', 1, 10, 60000);
	}
	await b.degraded();
	proxy.flow('toClient');
	await b.whole();
	await carries(a, b);
	assert.ok(a.isWhole());
});

test('what cannot be sent is bounded: the connection is given up', async (t) => {
	const redis = await redisFor(t);
	const proxy = await proxyFor(t, redis.port);
	const [a] = await pairFor(t, redis.url(proxy.port));
	proxy.stall('toServer');
	for (let i = 0; i < 40; i++) {
		a.say('flood', 1, 1, 1000000);
	}
	await a.degraded(/takes too little|does not come back/);
	proxy.flow('toServer');
	await a.whole();
	assert.ok((await a.status()).reconnects >= 1);
});

test('what one turn gathers is sent, also where that and what Redis wants around it is more than may wait', async (t) => {
	const redis = await redisFor(t);
	const [a, b] = await pairFor(t, redis.url());
	const [N, N_BYTES] = [139, 60300]; // just below 8 MiB
	a.say('flood', 1, N, N_BYTES);
	await until(WAIT_MS, 'all to arrive', () => b.arrived(1).length === N);
	assert.equal((await a.status()).reconnects, 0);
});

test('a Redis that is whole only for moments is come back to with longer and longer pauses', async (t) => {
	const redis = await redisFor(t);
	const a = BusAgent.for(t, redis.url());
	await a.whole();
	const began = performance.now();
	for (let i = 0; i < 7; i++) {
		const since = a.told.length;
		await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
		await until(WAIT_MS, 'the bus to go and to be whole again', () => a.told.slice(since).some(({ state }) => state === 1) && a.isWhole());
	}
	const pauses = [50, 100, 200, 400, 800, 1000, 1000]; // at most, and at least half of it
	assert.ok(performance.now() - began >= pauses.reduce((sum, ms) => sum + ms / 2), `${performance.now() - began} ms`);
});

test('a Redis whose memory is full carries the bus', async (t) => {
	const redis = await redisFor(t, { settings: { maxmemory: '1', 'maxmemory-policy': 'noeviction' } });
	const [a, b] = await pairFor(t, redis.url());
	await carries(a, b);
});

test('instances know of each other, and one that leaves is forgotten at once', async (t) => {
	const redis = await redisFor(t);
	const [a, b] = await pairFor(t, redis.url());
	const three = BusAgent.for(t, redis.url());
	await three.whole();
	await until(WAIT_MS, 'three instances', async () => (await a.status()).instances === 3 && (await b.status()).instances === 3);
	three.say('leave');
	await until(5000, 'two instances', async () => (await a.status()).instances === 2);
	b.child.kill('SIGKILL'); // its lease ends
	await until(WAIT_MS, 'one instance', async () => (await a.status()).instances === 1);
});

test('a replica is not taken: of several addresses the first master is', async (t) => {
	const master = await redisFor(t);
	const replica = await redisFor(t, { replicaOf: master });
	await replica.follows();
	await BusAgent.for(t, replica.url()).degraded(/is a replica/);
	const [a] = await pairFor(t, replica.url(), master.url());
	const b = BusAgent.for(t, master.url());
	await b.whole();
	await b.follow(1);
	await carries(a, b);
	await master.kill();
	await a.degraded();
	await replica.command('REPLICAOF', 'NO', 'ONE');
	await a.whole();
});

test('an instance that alone came to another server comes back to the first', async (t) => {
	const [first, second] = [await redisFor(t), await redisFor(t)];
	const proxy = await proxyFor(t, first.port);
	const a = BusAgent.for(t, first.url(), second.url());
	const b = BusAgent.for(t, first.url(proxy.port), second.url());
	for (const agent of [a, b]) {
		await agent.whole();
		await agent.follow(1);
	}
	await carries(a, b);
	const { port } = proxy;
	await proxy.close();
	await until(WAIT_MS, 'it to come to the second', async () => (await second.command('PUBSUB', 'CHANNELS', '*:1')).length === 1 && b.isWhole());
	await proxy.listen(port);
	await until(WAIT_MS, 'it to leave the second', async () => (await second.command('PUBSUB', 'CHANNELS', '*')).length === 0 && b.isWhole());
	await until(WAIT_MS, 'it to follow again', () => b.nHeard(1) === 3);
	await carries(a, b);
	await carries(b, a);
});

test('a master that becomes a replica is left, though it keeps its clients', async (t) => {
	const [first, second] = [await redisFor(t), await redisFor(t)];
	const [a, b] = await pairFor(t, first.url(), second.url());
	await first.command('REPLICAOF', '127.0.0.1', `${second.port}`);
	for (const agent of [a, b]) {
		await until(WAIT_MS, 'it to follow at the other server', () => agent.nHeard(1) === 2);
	}
	assert.equal((await second.command('PUBSUB', 'NUMSUB', (await second.command('PUBSUB', 'CHANNELS', '*:1'))[0]))[1], 2);
	await carries(a, b);
	await carries(b, a);
});

test('a failover by Sentinel moves the bus to the new master', async (t) => {
	const world = await sentinelsFor(t);
	const [a, b] = await pairFor(t, ...world.urls);
	await carries(a, b);
	const old = await world.master();
	await old.kill();
	await Promise.all([a.degraded(), b.degraded()]); // each notices by itself
	await Promise.all([a.whole(), b.whole()]);
	assert.notEqual(await world.master(), old);
	await carries(a, b);
	await world.sentinels[0].kill();
	await carries(b, a); // a Sentinel less is no fault
	assert.ok(a.isWhole());
});

test('an old master that is cut off from the others is left, though it lives', async (t) => {
	const world = await sentinelsFor(t);
	const [a, b] = await pairFor(t, '--sentinel-name', world.name, ...world.urls);
	const old = await world.master();
	const [other] = world.servers.filter((each) => each !== old);
	await world.sentinels[0].command('SENTINEL', 'FAILOVER', world.name);
	await until(WAIT_MS, 'both to be at the new master', async () => {
		const { connected_clients: nClients } = await other.info('clients');
		return Number(nClients) > 0 && await other.isMaster() && a.isWhole() && b.isWhole();
	});
	await carries(a, b);
	const wrong = BusAgent.for(t, '--sentinel-name', 'other', ...world.urls);
	await wrong.degraded(/No such master/);
});

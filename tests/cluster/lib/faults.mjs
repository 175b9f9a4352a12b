// What goes wrong, one after the other, while people talk. Each is over when its function has ended: everything that it broke is mended, and nothing is repaired for the instances.
import assert from 'node:assert/strict';
import { Client } from '../../e2e/lib/client.mjs';
import { sleep } from '../../e2e/lib/env.mjs';
import { Proxy } from '../../e2e/lib/proxy.mjs';
import { Authority } from '../../e2e/lib/redis.mjs';
import { until } from '../../e2e/lib/wait.mjs';
import { times } from './scene.mjs';

const CUT_MS = times(4500, 8000); // three probes of the bus are missed
const STALL_MS = times(4500, 10000);
const LEASE_MS = 15000; // of an instance
const PUBLISHED_BYTES = 900000; // less than BUS_MESSAGE_BYTES_MAX, so that it is read

const OUTAGE_LASTS_MS = 5000;
const BACK_MS = 2500; // a pause of a second, connections, and a probe that comes back
const N_LAST_WORDS = times(4, 8);
const FLOOR_SECOND_MS = 1250; // the database is asked once a second, give or take a quarter
const READ_MS = 500; // it answers, and the event is read

async function nothing() {
	await sleep(times(1000, 5000));
}

async function restartRedis({ redis }) {
	await redis.kill();
	await sleep(2000);
	await redis.start();
}

async function stallRedis({ redis }) {
	redis.freeze();
	await sleep(STALL_MS);
	redis.thaw();
}

async function killSubscribers({ redis }) {
	assert.ok(await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub') > 0, 'Redis has subscribers');
}

// One instance does not read, and Redis is told to keep little for it. What fills its buffer is no message of an instance.
async function overrunSubscriber({ redis, instances: [instance] }) {
	await redis.command('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 4mb 4mb 0');
	const from = redis.log.length;
	instance.redisProxy.stall('toClient');
	const [everybody] = await redis.command('PUBSUB', 'CHANNELS', '*:0');
	await until(60000, 'Redis to end the connection', async () => {
		await redis.command('PUBLISH', everybody, 'x'.repeat(PUBLISHED_BYTES));
		return /overcoming of output buffer limits/.test(redis.log.slice(from));
	});
	instance.redisProxy.flow('toClient');
}

const restartPostgres = async ({ postgres }) => {
	await postgres.stop('fast');
	await sleep(1000);
	await postgres.start();
};

async function killInstance(scene) {
	const [first, killed, last] = scene.instances;
	const began = performance.now();
	await killed.server.kill();
	await scene.untilInstances(2, [first, last]);
	const tookMs = performance.now() - began;
	await killed.start();
	await scene.untilInstances(3);
	return { tookMs, withinMs: LEASE_MS, what: 'until the others no longer count it' };
}

/*
 * Somebody at one instance says something and then nothing more, its message is lost on the way to Redis, and readers at the others never say anything. Everybody's bus is whole
 * meanwhile: only the comparison with the database can tell.
 */
async function loseLastWords({ instances: [saying, ...reading] }) {
	const sender = await Client.start(saying.server, { guest: 'Who says it' });
	const readers = [];
	try {
		const { id: room } = await sender.request('room.create', { name: `last words ${performance.now()}` });
		for (const { server } of reading) {
			readers.push(await Client.start(server, { guest: 'Who reads' }));
			await readers.at(-1).request('room.join', { room });
		}
		let tookMs = 0;
		for (let i = 0; i < N_LAST_WORDS; i++) {
			await Promise.all([sender, ...readers].map((client) => client.settle()));
			saying.redisProxy.swallow.toServer = true;
			const { seq } = await sender.request('message.send', { room, text: `word ${i}` });
			const said = performance.now();
			await sleep(50); // it has left for Redis
			saying.redisProxy.heal();
			await Promise.all(readers.map((reader) => reader.waitSeq(room, seq, 20000)));
			tookMs = Math.max(tookMs, performance.now() - said);
		}
		return { tookMs, withinMs: FLOOR_SECOND_MS + times(READ_MS, 4 * READ_MS), what: `for the slowest of ${N_LAST_WORDS} last words that were lost on their way` };
	} finally {
		saying.redisProxy.heal();
		[sender, ...readers].forEach((client) => client.terminate());
	}
}

// Nothing passes, and nobody is told; then the connections are found broken.
async function cutLink({ instances: [{ redisProxy }] }) {
	redisProxy.blackHole();
	await sleep(CUT_MS);
	redisProxy.heal();
	redisProxy.resetAll();
}

// One direction stands still, with all that was sent meanwhile; it arrives late.
const stallLink = (direction) => async ({ instances: [{ redisProxy }] }) => {
	redisProxy.stall(direction);
	await sleep(CUT_MS);
	redisProxy.flow(direction);
};

// What two instances publish is on its way for other times, so that it arrives in another order than it was committed in.
async function disorder({ instances }) {
	for (let i = 0; i < STALL_MS / 100; i++) {
		for (const { redisProxy } of instances) {
			redisProxy.delaysMs = { toServer: Math.random() * 200, toClient: Math.random() * 50 };
		}
		await sleep(100);
	}
	for (const { redisProxy } of instances) {
		redisProxy.delayMs = 0;
	}
}

// Long enough for the pauses between tries to have grown to their longest.
async function restartBoth(scene) {
	const { postgres, redis } = scene;
	await Promise.all([postgres.kill(), redis.kill()]);
	await sleep(OUTAGE_LASTS_MS);
	await Promise.all([postgres.start(), redis.start()]);
	const tookMs = await scene.untilReady();
	return { tookMs, withinMs: times(BACK_MS, 2 * BACK_MS), what: 'until all instances had both again' };
}

async function stallInstance({ instances: [, , { server }] }) {
	server.signal('SIGSTOP');
	await sleep(times(4500, 8000));
	server.signal('SIGCONT');
}

const anotherMaster = ({ bus }, before) => until(60000, 'the Sentinels to have another master', async () => ![undefined, before].includes(await bus.master()), 50);

// The new master has not heard all that the old one said: its link stood still.
async function failOverToLagging(scene) {
	const { bus } = scene;
	const before = await bus.master();
	const replica = bus.data.find((server) => server !== before);
	const link = await Proxy.start(before.port);
	try {
		await replica.command('REPLICAOF', '127.0.0.1', link.port);
		await replica.follows();
		link.stall('toClient');
		const offset = async (server) => Number((await server.info('replication')).master_repl_offset);
		await until(30000, 'the replica to lag', async () => await offset(before) > await offset(replica));
		await before.kill();
		await anotherMaster(scene, before);
		await before.start();
	} finally {
		await link.close();
	}
}

// The Sentinels do not reach the master and take another one; instances that are connected to the old one stay so. One that starts meanwhile goes to the new one at once. In the end the old one follows.
async function splitMasters(scene) {
	const { bus, instances: [, , instance] } = scene;
	const before = await bus.master();
	await bus.shut(before);
	try {
		await anotherMaster(scene, before);
		await instance.server.kill();
		await instance.start();
		await sleep(STALL_MS);
		assert.ok(await before.isMaster(), 'the old master believes that it is one');
	} finally {
		await bus.open(before);
	}
	await until(60000, 'the old master to follow the new one', async () => !(await before.isMaster()), 50);
	await before.follows();
}

async function killShard({ bus: { cluster } }) {
	const [{ node }] = await cluster.masters();
	await node.kill();
	await until(60000, 'a replica to take over', async () => (await cluster.masters()).every((master) => master.node.child), 50);
	await cluster.agrees();
	await node.start();
	await node.follows();
}

// First by one that nobody knows, then by a good one; connections that are open do not notice, so they are ended.
async function replaceCertificate(scene) {
	const { servers: [redis], authority } = scene.bus;
	const take = async ({ cert, key }) => {
		await redis.command('CONFIG', 'SET', 'tls-cert-file', cert, 'tls-key-file', key);
		await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
	};
	await take(new Authority().issue());
	await until(60000, 'all instances to refuse the certificate', async () => (await Promise.all(scene.instances.map((instance) => instance.isWhole))).every((isWhole) => !isWhole), 50);
	await take(authority.issue());
}

// delayMs: the most that a message may take. The bus being away costs its readers at other instances the second in which the database is asked; whatever stands still costs as long as it stands.
// bus: where the instances meet. isSmooth: nobody's attempt to connect fails.
const FLOOR_MS = times(3000, 8000); // the full size fills two processors
const OUTAGE_MS = 20000;
const onRedis = (faults) => faults.map((fault) => ({ bus: 'Redis', ...fault }));
export const LINKS = onRedis([
	{ name: 'nothing', make: nothing, delayMs: FLOOR_MS, isSmooth: true },
	{ name: 'Redis killed and restarted', make: restartRedis, delayMs: FLOOR_MS },
	{ name: 'Redis stands still', make: stallRedis, delayMs: FLOOR_MS },
	{ name: 'Redis ends all subscribers', make: killSubscribers, delayMs: FLOOR_MS },
	{ name: 'a subscriber\'s buffer overrun', make: overrunSubscriber, delayMs: FLOOR_MS },
	{ name: 'an instance\'s link to Redis cut', make: cutLink, delayMs: FLOOR_MS },
	{ name: 'its way to Redis stands still', make: stallLink('toServer'), delayMs: FLOOR_MS },
	{ name: 'its way from Redis stands still', make: stallLink('toClient'), delayMs: FLOOR_MS },
	{ name: 'publishes out of order', make: disorder, delayMs: FLOOR_MS },
	{ name: 'last words lost', make: loseLastWords, delayMs: FLOOR_MS },
]);
export const INSTANCES = onRedis([
	{ name: 'PostgreSQL restarted', make: restartPostgres, delayMs: OUTAGE_MS },
	{ name: 'Redis and PostgreSQL killed at once', make: restartBoth, delayMs: OUTAGE_MS },
	{ name: 'an instance stands still', make: stallInstance, delayMs: OUTAGE_MS },
	{ name: 'an instance killed', make: killInstance, delayMs: OUTAGE_MS },
	{ name: 'all instances upgraded in turn', make: (scene) => scene.upgrade(), delayMs: OUTAGE_MS, isSmooth: true },
]);
export const BUSES = [
	{ name: 'a shard\'s master killed', bus: 'Cluster', make: killShard, delayMs: FLOOR_MS },
	{ name: 'a certificate replaced', bus: 'TLS', make: replaceCertificate, delayMs: FLOOR_MS },
	{ name: 'Sentinel takes a lagging replica', bus: 'Sentinel', make: failOverToLagging, delayMs: FLOOR_MS },
	{ name: 'two masters', bus: 'Sentinel', make: splitMasters, delayMs: OUTAGE_MS },
];
export const FAULTS = [...LINKS, ...INSTANCES, ...BUSES];

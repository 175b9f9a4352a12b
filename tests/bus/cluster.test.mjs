// The bus over a Redis Cluster: channels on all shards, slots that move, masters that die or stand still.
import assert from 'node:assert/strict';
import test from 'node:test';
import { BusAgent } from '../e2e/lib/bus_agent.mjs';
import { Authority, redisClusterFor } from '../e2e/lib/redis.mjs';
import { until } from '../e2e/lib/wait.mjs';

const N_CHANNELS = 200;
const CHANNELS = Array.from({ length: N_CHANNELS }, (_, i) => i + 1);
const LATE_MS = 60000;
const N_DISAGREEMENTS = 5;
const EPOCH = 'abcdefabcdef'; // bus_agent.c

const slotOf = (cluster, channel) => cluster.slotOf(`parley:${EPOCH}:${channel}`);

// Channels by the node that has them.
async function byOwner(cluster) {
	const owners = new Map();
	for (const channel of CHANNELS) {
		const owner = await cluster.ownerOf(await slotOf(cluster, channel));
		owners.set(owner, [...(owners.get(owner) ?? []), channel]);
	}
	return owners;
}

// Two instances that follow all channels, and hear them.
async function pair(t, addresses, options = []) {
	const peers = [BusAgent.for(t, ...options, ...addresses), BusAgent.for(t, ...options, ...addresses)];
	for (const peer of peers) {
		CHANNELS.forEach((channel) => peer.say('follow', channel));
		await peer.whole();
		await peer.hearsAll(CHANNELS);
	}
	return peers;
}

const publish = (from, channels, text) => channels.forEach((channel) => from.say('publish', channel, text));
const nArrived = (peer) => peer.told.filter((each) => each.arrived !== undefined).length;

// Publishes on these channels again and again until all of them have heard it.
async function carries(from, to, channels, what) {
	let n = 0;
	await until(LATE_MS, what, () => {
		const text = `${what} ${++n}`;
		publish(from, channels, text);
		return until(500, text, () => channels.every((channel) => to.heardOn(text).has(channel))).catch(() => false);
	});
}

test('channels are spread over the shards, and what one instance publishes arrives at the other one once', async (t) => {
	const cluster = await redisClusterFor(t);
	const [a, b] = await pair(t, cluster.urls.slice(0, 1));
	const owners = await byOwner(cluster);
	assert.equal(owners.size, 3);
	for (const [node, channels] of owners) {
		const subscribed = await node.command('PUBSUB', 'SHARDCHANNELS', `parley:${EPOCH}:*`);
		assert.ok(channels.every((channel) => subscribed.includes(`parley:${EPOCH}:${channel}`)));
	}
	publish(a, CHANNELS, 'from a');
	publish(b, CHANNELS, 'from b');
	await until(LATE_MS, 'both to arrive', () => nArrived(b) >= N_CHANNELS && nArrived(a) >= N_CHANNELS);
	assert.deepEqual([...b.heardOn('from a')].sort((x, y) => x - y), CHANNELS);
	assert.deepEqual([...a.heardOn('from b')].sort((x, y) => x - y), CHANNELS);
	await a.counts(2);
	await b.counts(2);
	a.say('publish', 0, 'to everybody');
	await until(LATE_MS, 'what everybody hears', () => b.heardOn('to everybody').has(0));
	assert.equal(nArrived(a), N_CHANNELS, 'it hears itself');
	assert.equal(nArrived(b), N_CHANNELS + 1);
	a.say('leave');
	await b.counts(1);
});

test('a channel that is no longer followed is no longer subscribed', async (t) => {
	const cluster = await redisClusterFor(t);
	const [a, b] = await pair(t, cluster.urls);
	CHANNELS.forEach((channel) => b.say('unfollow', channel));
	CHANNELS.forEach((channel) => a.say('unfollow', channel));
	for (const node of cluster.nodes) {
		await until(LATE_MS, 'the probe alone to be left', async () => (await node.command('PUBSUB', 'SHARDCHANNELS')).length === 1);
	}
	await b.follow(7);
	await carries(a, b, [7], 'followed again');
});

test('slots move to another shard while messages flow: their channels follow, and no other channel loses anything', async (t) => {
	const cluster = await redisClusterFor(t);
	const [a, b] = await pair(t, cluster.urls);
	const owners = await byOwner(cluster);
	const [[, moving], [to]] = [...owners].filter(([node]) => node !== cluster.nodes[0]);
	const staying = CHANNELS.filter((channel) => !moving.includes(channel));
	let n = 0;
	const heard = b.told.length;
	const flow = setInterval(() => publish(a, CHANNELS, `flow ${++n}`), 50);
	t.after(() => clearInterval(flow));
	for (const channel of moving) {
		await cluster.moveSlot(await slotOf(cluster, channel), to);
	}
	await b.hearsAll(moving, heard);
	clearInterval(flow);
	await carries(a, b, moving, 'on the moved channels');
	await a.whole();
	await b.whole();
	await until(LATE_MS, 'the last message', () => b.heardOn(`flow ${n}`).size >= staying.length);
	for (let i = 1; i <= n; i++) {
		const on = b.heardOn(`flow ${i}`);
		assert.deepEqual(staying.filter((channel) => !on.has(channel)), [], `message ${i} of ${n}`);
	}
	// What follows a moved slot for the first time knows where it is.
	b.say('unfollow', moving[0]);
	await b.follow(moving[0]);
	await carries(b, a, moving, 'the other way');
});

// Each of two nodes says that the other one has the slot, as for a moment in a resharding. What one refuses may have gone there by the map that is good in the end.
test('a channel that nodes refused while they did not agree is heard when they do', async (t) => {
	const cluster = await redisClusterFor(t);
	const [a, b] = await pair(t, cluster.urls);
	const channel = N_CHANNELS + 1;
	const slot = await slotOf(cluster, channel);
	const owner = await cluster.ownerOf(slot);
	const other = cluster.nodes.find((node) => node !== owner);
	const refused = async () => Number((await owner.info('errorstats')).errorstat_MOVED?.slice('count='.length) ?? 0);
	for (let i = 0; i < N_DISAGREEMENTS; i++) {
		const before = await refused();
		await owner.command('CLUSTER', 'SETSLOT', slot, 'NODE', other.id);
		const told = b.told.length;
		b.say('follow', channel);
		await until(LATE_MS, 'a refusal', async () => await refused() > before);
		await owner.command('CLUSTER', 'SETSLOT', slot, 'NODE', owner.id);
		await b.hearsAll([channel], told);
		await carries(a, b, [channel], `disagreement ${i}`);
		b.say('unfollow', channel);
		await until(LATE_MS, 'nobody to follow', async () => !(await owner.command('PUBSUB', 'SHARDCHANNELS')).includes(`parley:${EPOCH}:${channel}`));
	}
	await b.whole();
});

for (const [how, fall, rise] of [['dies', (node) => node.kill(), (node) => node.start()], ['stands still', (node) => node.freeze(), (node) => node.thaw()]]) {
	test(`a master ${how}: the other shards go on, its replica takes over, and the old one may come back`, async (t) => {
		const cluster = await redisClusterFor(t, { nReplicas: 3 });
		const [a, b] = await pair(t, cluster.urls);
		const owners = await byOwner(cluster);
		const [fallen, channels] = [...owners][0];
		const others = CHANNELS.filter((channel) => !channels.includes(channel));
		const told = b.told.length;
		await fall(fallen);
		publish(a, CHANNELS, 'meanwhile');
		await until(LATE_MS, 'the other shards to go on', () => others.every((channel) => b.heardOn('meanwhile').has(channel)));
		await b.hearsAll(channels, told);
		assert.ok(b.told.slice(told).some(({ state }) => state === 1));
		await b.whole();
		await a.whole();
		await carries(a, b, CHANNELS, 'through the replica');
		await rise(fallen);
		await until(LATE_MS, 'the old master to follow', async () => !await fallen.isMaster());
		await carries(b, a, CHANNELS, 'after all');
		await b.whole();
	});
}

test('slots that nobody has make the bus degraded, and no other channel', async (t) => {
	const cluster = await redisClusterFor(t, { settings: { 'cluster-require-full-coverage': 'no' } });
	const [a, b] = await pair(t, cluster.urls);
	const slot = await slotOf(cluster, 5);
	const owner = await cluster.ownerOf(slot);
	for (const node of cluster.nodes) {
		await node.command('CLUSTER', 'DELSLOTS', slot);
	}
	await b.degraded(/^nobody has 1 slots of the Cluster$/);
	const inSlot = [];
	for (const channel of CHANNELS) {
		inSlot.push(...(await slotOf(cluster, channel) === slot ? [channel] : []));
	}
	await carries(a, b, CHANNELS.filter((channel) => !inSlot.includes(channel)), 'on all others');
	await owner.command('CLUSTER', 'ADDSLOTS', slot);
	await b.whole();
	await a.whole();
	await carries(a, b, CHANNELS, 'on all');
});

test('a Cluster that announces names and takes TLS alone is reached by these names', async (t) => {
	const authority = new Authority();
	const cluster = await redisClusterFor(t, {
		options: { tls: authority.issue('DNS:localhost') },
		settings: { 'cluster-announce-hostname': 'localhost', 'cluster-preferred-endpoint-type': 'hostname' },
	});
	const [a, b] = await pair(t, [cluster.nodes[0].url(cluster.nodes[0].port, 'localhost')], ['--ca-file', authority.cert]);
	await carries(a, b, CHANNELS, 'over TLS');
});

test('a user of the Cluster needs few rights, and what it may not do is named', async (t) => {
	const rights = '+@connection +cluster|info +cluster|slots +ssubscribe +sunsubscribe';
	const cluster = await redisClusterFor(t, { options: { users: [`parley on >word resetchannels &parley:* ${rights} +spublish`, `mute on >word resetchannels &parley:* ${rights}`] } });
	const file = cluster.nodes[0].passwordFile('word');
	const addresses = (user) => cluster.urls.map((url) => url.replace('//', `//${user}@`));
	const [a, b] = await pair(t, addresses('parley'), ['--password-file', file]);
	await carries(a, b, CHANNELS, 'with few rights');
	await BusAgent.for(t, '--password-file', file, ...addresses('mute')).degraded(/NOPERM/);
});

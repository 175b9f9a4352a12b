// Two servers on one PostgreSQL want the same at the same time: one gets it, the other is told, and the database stays consistent.
// PAIR_RACES=10000 is how often the cheap ones are run.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { Client, WireError } from '../e2e/lib/client.mjs';
import { command, post } from '../e2e/lib/http.mjs';
import { untilMetrics } from '../e2e/lib/metrics.mjs';
import { until, within } from '../e2e/lib/wait.mjs';
import { Pair, assertState, hold, pairFor, startCluster } from './lib/pair.mjs';

const RACES = Number(process.env.PAIR_RACES ?? 150);
const TIMEOUT = { timeout: 1200000 };
const PASSWORD = 'correct horse battery';
const SIDES = [0, 1];
const UNLIMITED = ['--limit-user-rooms', '0', '--limit-account-sessions', '0'];

let cluster;
let pair;
before(async () => {
	cluster = await startCluster();
	pair = await Pair.start(cluster, { args: UNLIMITED });
});
after(async () => {
	await pair.stop();
	await cluster.stop();
});

let nNames = 0;
const fresh = (prefix) => `${prefix} ${++nNames}`;
const numbers = (n) => Array.from({ length: n }, (_, i) => i);

async function person(on = pair) {
	return command(on.servers[0], 'account.create', { name: fresh('Person'), password: PASSWORD });
}

// A connection of one account to each server; a new guest's where no token is given.
async function onBoth(t, token, on = pair) {
	const first = await Client.start(on.servers[0], token ? { token } : { guest: fresh('Guest') }, { keep: false });
	const clients = [first, await Client.start(on.servers[1], { token: first.token }, { keep: false })];
	clients.forEach((client) => t.after(() => client.terminate()));
	return clients;
}

// The outcome of a request: its data, or the code with which it was refused.
const outcome = (promise) => promise.then((ok) => ({ ok }), (error) => (error instanceof WireError ? { code: error.code } : Promise.reject(error)));

function shuffled(list) {
	const out = [...list];
	for (let i = out.length - 1; i > 0; i--) {
		const j = Math.floor(Math.random() * (i + 1));
		[out[i], out[j]] = [out[j], out[i]];
	}
	return out;
}

// Each server's part is begun at once, in an order of its own, some at a time; gives the outcomes by server and number.
async function race(n, ask, atOnce = 48) {
	const outcomes = SIDES.map(() => []);
	await Promise.all(SIDES.flatMap((side) => {
		const waiting = side === 0 || n < 3 ? numbers(n) : numbers(n / 8 + 1).flatMap((block) => shuffled(numbers(8).map((i) => block * 8 + i).filter((i) => i < n)));
		return numbers(atOnce).map(async () => {
			for (let i; (i = waiting.shift()) !== undefined;) {
				outcomes[side][i] = await outcome(ask(side, i));
			}
		});
	}));
	return outcomes;
}

const deadlocks = () => pair.query('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');

async function tell(t, began) {
	const ms = Date.now() - began;
	t.diagnostic(`${RACES} in ${ms} ms; deadlocks so far: ${await deadlocks()}`);
}

// One of the two outcomes of each number is good, and the other is refused with this code.
function assertOneEach(outcomes, code) {
	const [one, other] = outcomes;
	for (const i of one.keys()) {
		assert.deepEqual([one[i].code, other[i].code].sort(), [code, undefined], `${i}: ${JSON.stringify([one[i], other[i]])}`);
	}
}

// The same name in another case, or a name that looks alike ("1" and "l").
const NAMES = [(i) => `Name p1q${i}`, (i) => (i % 2 ? `NAME P1Q${i}` : `Name plq${i}`)];

test(`${RACES} names of rooms, and names that look like them, wanted at both`, TIMEOUT, async (t) => {
	const { token } = await person();
	const clients = [await onBoth(t, token)];
	for (const _ of numbers(11)) {
		clients.push(await onBoth(t));
	}
	const eachGotSome = new Set();
	for (let first = 0; first < 5 * RACES && eachGotSome.size < SIDES.length; first += RACES) { // one that begins earlier can be first everywhere
		const began = Date.now();
		const outcomes = await race(RACES, (side, i) => clients[i % clients.length][side].request('room.create', { name: NAMES[side](first + i) }));
		await tell(t, began);
		assertOneEach(outcomes, 'name_taken');
		await assertState(pair);
		SIDES.filter((side) => outcomes[side].some(({ ok }) => ok)).forEach((side) => eachGotSome.add(side));
	}
	assert.equal(eachGotSome.size, SIDES.length, 'each server got some');
});

test(`${RACES} names of accounts, and names that look like them, wanted at both`, TIMEOUT, async (t) => {
	const { token } = await person();
	const clients = await onBoth(t, token);
	const began = Date.now();
	const outcomes = await race(RACES, (side, i) => clients[side].request('bot.create', { name: NAMES[side](i) }));
	await tell(t, began);
	assertOneEach(outcomes, 'name_taken');
	await assertState(pair);
});

test('the same client_id at both is one event, in one room and in two', TIMEOUT, async (t) => {
	const clients = await onBoth(t);
	const rooms = [];
	for (const _ of numbers(3)) {
		rooms.push((await clients[0].request('room.create', { name: fresh('room') })).id);
	}
	await Promise.all(rooms.map((room) => clients[1].request('room.join', { room })));
	const ids = numbers(RACES).map(() => randomUUID());
	const [one, other] = await race(RACES, (side, i) => clients[side].request('message.send', { room: rooms[i % 2 ? 0 : 1 + side], text: `${i}`, client_id: ids[i] }));
	for (const i of numbers(RACES)) {
		assert.ok(one[i].ok && other[i].ok, JSON.stringify([one[i], other[i]]));
		const [{ duplicate: a, ...first }, { duplicate: b, ...second }] = [one[i].ok, other[i].ok];
		assert.deepEqual(first, second);
		assert.deepEqual([a, b].sort(), [true, undefined]);
	}
	assert.equal(await pair.query(`SELECT count(*) FROM event WHERE json::jsonb#>>'{data,client_id}' IN (${ids.map((id) => `'${id}'`).join()})`), `${RACES}`);
	await assertState(pair);
});

test(`${RACES} times one user joins and leaves at both`, TIMEOUT, async (t) => {
	const owner = await onBoth(t);
	const clients = await onBoth(t);
	const rooms = [];
	for (const _ of numbers(5)) {
		rooms.push((await owner[0].request('room.create', { name: fresh('room') })).id);
	}
	const began = Date.now();
	await race(RACES, (side, i) => clients[side].request((i + side) % 3 === 0 ? 'room.leave' : 'room.join', { room: rooms[i % rooms.length] }));
	await tell(t, began);
	await assertState(pair);
});

test('consumers are read, acknowledged, moved and made at both while their owner leaves and joins', TIMEOUT, async (t) => {
	const owner = await onBoth(t);
	const clients = await onBoth(t, (await person()).token);
	const rooms = [];
	for (const _ of numbers(5)) {
		rooms.push((await owner[0].request('room.create', { name: fresh('room') })).id);
		await clients[0].request('room.join', { room: rooms.at(-1) });
	}
	await clients[0].request('consumer.create', { name: 'kept' });
	const read = async (side) => {
		const { events } = await clients[side].request('consumer.read', { consumer: 'kept', limit: 10 });
		await clients[side].request('consumer.ack', { consumer: 'kept', deliveries: events.slice(0, 5).map(({ delivery }) => delivery) });
	};
	const parts = [
		(side, i) => clients[side].request('room.leave', { room: rooms[i % rooms.length] }),
		(side, i) => clients[side].request('room.join', { room: rooms[(i >> 1) % rooms.length] }),
		(side, i) => owner[side].request('message.send', { room: rooms[i % rooms.length], text: `${i}` }),
		read, read, read,
		(side, i) => clients[side].request('consumer.seek', { consumer: 'kept', to: i % 16 ? 'start' : 'end' }),
		(side, i) => clients[side].request('consumer.create', { name: `made ${side} ${i}`, from: 'start' }).then(({ consumer: { id } }) => clients[side].request('consumer.delete', { consumer: id })),
	];
	const before = await deadlocks(), began = Date.now();
	const outcomes = await race(8 * RACES, (side, i) => parts[(i * 5 + side * 3) % parts.length](side, i), 24);
	await tell(t, began);
	assert.deepEqual(outcomes.flat().map(({ code }) => code).filter((code) => code && code !== 'not_found' && code !== 'forbidden'), []); // those two: it had left
	assert.equal(await deadlocks(), before);
	await assertState(pair);
});

test('nobody gets into more rooms than the limit by joining and making rooms at both', TIMEOUT, async (t) => {
	const MOST = 6;
	const narrow = await pairFor(t, cluster, { args: ['--limit-user-rooms', `${MOST}`] });
	for (const round of numbers(Math.ceil(RACES / 1000))) {
		const owners = [];
		const rooms = [];
		for (const _ of numbers(4)) {
			const owner = await onBoth(t, undefined, narrow);
			owners.push(owner);
			for (const i of numbers(4)) {
				rooms.push((await owner[i % 2].request('room.create', { name: fresh('room') })).id);
			}
		}
		const clients = await onBoth(t, undefined, narrow);
		const [one, other] = await race(rooms.length, (side, i) => (i % 4 === 0 ? clients[side].request('room.create', { name: `${round} made at ${side} ${i}` })
			: clients[side].request('room.join', { room: rooms[side ? i : rooms.length - 1 - i] })));
		for (const { code } of [...one, ...other]) {
			assert.ok(code === undefined || code === 'limit_reached', code);
		}
		assert.ok(Number(await narrow.query(`SELECT count(*) FROM member m JOIN account a ON a.no = m.user_no WHERE a.name = '${clients[0].user.name}'`)) <= MOST);
	}
	await assertState(narrow);
});

test('owners leave at one server while others leave and join at the other: each room has one owner', TIMEOUT, async (t) => {
	const [ann, bob, cid, dan] = [await onBoth(t), await onBoth(t), await onBoth(t), await onBoth(t)];
	for (let i = 0; i < RACES / 10; i++) {
		const { id: room } = await ann[0].request('room.create', { name: fresh('room') });
		for (const client of [bob[0], bob[1], dan[0]]) {
			await client.request('room.join', { room });
		}
		await Promise.all([ann[0].request('room.leave', { room }), outcome(bob[1].request('room.leave', { room })), cid[1].request('room.join', { room })]);
	}
	await assertState(pair);
});

test('two rooms that want each other\'s name, and others that want both', TIMEOUT, async (t) => {
	const clients = await onBoth(t);
	const names = numbers(4).map(() => fresh('swapped'));
	const rooms = [];
	for (const name of names.slice(0, 2)) {
		rooms.push((await clients[0].request('room.create', { name })).id);
	}
	await Promise.all(rooms.map((room) => clients[1].request('room.join', { room })));
	const taken = await race(RACES, (side, i) => clients[side].request('room.update', { room: rooms[(i + side) % 2], name: names[Math.floor(Math.random() * names.length)] }), 8);
	for (const { code } of taken.flat()) {
		assert.ok(code === undefined || code === 'name_taken', code);
	}
	await assertState(pair);
});

test('an empty database gets its tables from two servers at once, and one owner', TIMEOUT, async (t) => {
	for (let i = 0; i < Math.min(20, Math.max(2, RACES / 100)); i++) {
		const own = await pairFor(t, cluster);
		const codes = await Promise.all(own.servers.map((server) => until(20000, 'the owner\'s link', () => /^parleyd: nobody owns this server yet; .*\/own#(\S+)$/m.exec(server.stdout)?.[1])));
		// Neither makes its account before both have looked, or one of them waits for the other.
		const lock = await hold(own, 'LOCK TABLE account IN SHARE MODE', 2);
		const making = Promise.all(SIDES.map((side) => post(own.servers[side], 'account.create', { name: `Owner ${side}`, password: PASSWORD, owner_code: codes[side] })));
		await lock.over;
		const answers = await making;
		assert.deepEqual(answers.map(({ json }) => json.data.code).sort(), ['forbidden', undefined]);
		assert.equal(await own.query('SELECT count(*) FROM account WHERE role = 1'), '1');
		assert.equal(await own.query('SELECT count(DISTINCT key) FROM meta WHERE key = \'epoch\''), '1');
		await assertState(own);
	}
});

// --- forced: a third connection holds a row until those wait for it that are to meet there -----------------------------------------------------------

test('a guest\'s last token ends while the guest joins a room at the other server: the guest is in no room', TIMEOUT, async (t) => {
	const owner = await onBoth(t);
	for (const isMade of [false, true]) {
		const guest = await onBoth(t);
		const { id: room } = await owner[0].request('room.create', { name: fresh('room') });
		const lock = await hold(pair, `SELECT 1 FROM account WHERE name = '${guest[0].user.name}' FOR UPDATE`, 2);
		const out = outcome(guest[0].request('account.logout'));
		await lock.isWaitedForBy(1);
		const entered = isMade ? outcome(guest[1].request('room.create', { name: fresh('room') })) : outcome(guest[1].request('room.join', { room }));
		await lock.over;
		assert.ok((await out).ok);
		assert.equal((await entered).code, isMade ? 'invalid_token' : 'not_found');
		await assertState(pair);
	}
});

test('a guest becomes the owner of a room while the guest\'s last token ends: the room passes on', TIMEOUT, async (t) => {
	const { token } = await person();
	const owner = await onBoth(t, token);
	const [heir, other] = [await onBoth(t), await onBoth(t)];
	const { id: room } = await owner[0].request('room.create', { name: fresh('room') });
	await heir[0].request('room.join', { room });
	await other[0].request('room.join', { room });
	// The owner's leaving holds the room, has found the heir, and waits; the ending of the heir's membership is found, and waits for the room.
	const lock = await hold(pair, `SELECT 1 FROM member m JOIN account a ON a.no = m.user_no WHERE a.name = '${owner[0].user.name}' FOR UPDATE OF m`, 2);
	const left = owner[0].request('room.leave', { room });
	await lock.isWaitedForBy(1);
	await heir[1].request('account.logout');
	await lock.over;
	await left;
	await until(20000, 'the guest to be out', async () => await pair.query(`SELECT count(*) FROM member m JOIN account a ON a.no = m.user_no WHERE a.name = '${heir[0].user.name}'`) === '0');
	await assertState(pair);
});

test('a password is changed while somebody signs in with the old one at the other server', TIMEOUT, async () => {
	const made = await person();
	const { name } = made.user;
	const lock = await hold(pair, `SELECT 1 FROM account WHERE name = '${name}' FOR UPDATE`, 2);
	const changed = command({ socketPath: pair.servers[0].operatorSocket }, 'admin.password', { name, password: `${PASSWORD} too` });
	await lock.isWaitedForBy(1);
	const login = post(pair.servers[1], 'account.login', { name, password: PASSWORD });
	await lock.over;
	await changed;
	assert.equal((await login).json.type, 'error');
	assert.equal(await pair.query(`SELECT count(*) FROM token t JOIN account a ON a.no = t.user_no WHERE a.name = '${name}'`), '0');
});

test('who waits for one account holds up no other: accounts are locked in one order', TIMEOUT, async (t) => {
	const owner = await onBoth(t);
	const [first, second] = [await onBoth(t), await onBoth(t)]; // in the order of their numbers
	const rooms = [];
	for (const _ of numbers(4)) {
		rooms.push((await owner[0].request('room.create', { name: fresh('room') })).id);
	}
	// A message that waits for its room, so that what comes behind it is one batch.
	const room = await hold(pair, `SELECT 1 FROM room WHERE id = decode('${rooms[0].replaceAll('-', '')}', 'hex') FOR UPDATE`);
	const sent = owner[0].request('message.send', { room: rooms[0], text: 'first' });
	await room.isWaitedForBy(1);
	const account = await hold(pair, `SELECT 1 FROM account WHERE name = '${first[0].user.name}' FOR UPDATE`);
	const joined = [second[0].request('room.join', { room: rooms[1] }), first[0].request('room.join', { room: rooms[2] })];
	await untilMetrics(pair.servers[0], 'both to wait for the store', (metrics) => metrics.get('parley_store_waiting') >= 3);
	await room.release();
	await sent;
	await account.isWaitedForBy(1);
	// Much sooner than the waiting ones give up (lock_timeout).
	await within(2000, 'the other account to join at the other server', second[1].request('room.join', { room: rooms[3] }));
	await account.release();
	await Promise.all(joined);
	await assertState(pair);
});

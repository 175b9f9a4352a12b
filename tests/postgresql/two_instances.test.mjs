// Two servers on one database: what happens on one shows on the other with one of its next questions to the database, and after an outage as soon as that is over.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { clientFor, finish, fresh } from '../e2e/lib/client.mjs';
import { scaled } from '../e2e/lib/env.mjs';
import { EventStream, command, post, untilReadyIs } from '../e2e/lib/http.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { Cluster } from '../e2e/lib/postgres.mjs';
import { PostgresProxy, isSecondGroup } from '../e2e/lib/postgres_proxy.mjs';
import { startServer } from '../e2e/lib/server.mjs';

const PASSWORD = 'correct horse battery';
// A question may be under way when something happens: the next one finds it. One more may come until it shows and the questions are counted. They come once a
// second, which chat_follow (tests/unit/) shows on a clock of its own.
const QUESTIONS_MAX = 3;
const STANDS_MS = 7000; // the database ends such a transaction after 2.5 s
const SIGNED_OUT = 4003;

let cluster;
let database;
let proxy; // between there and the database
let here;
let there;
const start = (port) => startServer({ args: ['--database', cluster.url(database, port), '--database-allow-asynchronous-commit', 'on'] });
before(async () => {
	cluster = await Cluster.start({ durable: false });
	database = await cluster.makeDatabase();
	proxy = await PostgresProxy.start(cluster.port);
	here = await start(cluster.port);
	there = await start(proxy.port);
});
after(async () => {
	await Promise.all([here.stop(), there.stop()]);
	await proxy.close();
	await cluster.stop();
});

const operator = (server, type, data) => command({ socketPath: server.operatorSocket }, type, data);

async function account() {
	const name = fresh('Person');
	const { token, user } = await command(here, 'account.create', { name, password: PASSWORD });
	return { name, token, id: user.id };
}

const login = async ({ name }) => (await command(here, 'account.login', { name, password: PASSWORD })).token;

// How often the server there has asked the database what is new.
const countQuestions = async () => (await metricsOf(there)).get('parley_tops_seconds_count');

// Does it here, and waits until it shows there. The questions count from the answer on.
async function inTime(t, what, act, seen) {
	const waiting = seen();
	waiting.catch(() => {});
	const answer = await act();
	const [before, began] = [await countQuestions(), performance.now()];
	await waiting;
	const n = await countQuestions() - before;
	t.diagnostic(`${what}: ${n} questions, ${Math.round(performance.now() - began)} ms`);
	assert.ok(n <= QUESTIONS_MAX, `${what} took ${n} questions`);
	return answer;
}

const signedOut = async (...clients) => {
	for (const client of clients) {
		assert.equal((await client.waitClose()).code, SIGNED_OUT);
	}
};
const eventOf = (client, type, room) => client.waitEvent((event) => event.type === type && event.room === room);

// Anybody in a room of Ann's, connected there.
async function roomWith(t, people = 1) {
	const ann = await clientFor(t, here, { token: (await account()).token });
	const name = fresh('room');
	const { id: room } = await ann.request('room.create', { name });
	const members = [];
	for (let i = 0; i < people; i++) {
		const person = await account();
		const remote = await clientFor(t, there, { token: person.token });
		await remote.request('room.join', { room });
		members.push({ ...person, remote });
	}
	return { ann, room, name, members };
}

test('a session that is signed out here is closed there, and one with a newer token is not', async (t) => {
	const person = await account();
	const [one, two] = await Promise.all([login(person), login(person)]);
	const remote = await clientFor(t, there, { token: one });
	const other = await clientFor(t, there, { token: two });
	await inTime(t, 'account.logout', () => command(here, 'account.logout', {}, { token: one }), () => signedOut(remote));
	await other.settle();
	const { id: room } = await other.request('room.create', { name: fresh('room') });
	const stream = await EventStream.open(there, `room=${room}`, { token: two });
	await inTime(t, 'account.logout everywhere', () => command(here, 'account.logout', { everywhere: true }, { token: two }), () => signedOut(other));
	await stream.waitEnd();
	assert.equal((await post(there, 'room.list', {}, { token: two })).status, 401);
	const three = await login(person);
	const last = await clientFor(t, there, { token: three });
	let newer;
	await inTime(t, 'admin.password', async () => {
		await operator(here, 'admin.password', { name: person.name, password: `${PASSWORD}!` });
		newer = command(here, 'account.login', { name: person.name, password: `${PASSWORD}!` }).then(({ token }) => clientFor(t, there, { token }));
	}, () => signedOut(last));
	newer = await newer;
	await newer.request('room.create', { name: fresh('room') });
	assert.equal(newer.close_, undefined);
});

test('who joined here is not refused there, before the other server was told', async (t) => {
	const { ann, room } = await roomWith(t, 0);
	const { id: hut } = await ann.request('room.create', { name: fresh('hut'), private: true });
	const bob = await account();
	const remote = await clientFor(t, there, { token: bob.token }); // Bob is in memory there
	for (let i = 0; i < 5; i++) {
		await command(here, 'room.join', { room }, { token: bob.token });
		await command(there, 'message.send', { room, text: `joined ${i}` }, { token: bob.token });
		await command(there, 'room.leave', { room }, { token: bob.token });
	}
	await ann.request('member.add', { room: hut, user: bob.id });
	const stream = await EventStream.open(there, `room=${hut}`, { token: bob.token });
	await command(there, 'message.send', { room: hut, text: 'added' }, { token: bob.token });
	await stream.waitEvents(1);
	assert.equal(stream.events[0].data.data.text, 'added');
	stream.close();
	await eventOf(remote, 'room.added', hut);
});

test('a bot whose token is replaced here is signed out there', async (t) => {
	const name = fresh('Bot');
	const { token } = await operator(here, 'admin.bot', { name });
	const remote = await clientFor(t, there, { token });
	const { token: renewed } = await inTime(t, 'admin.bot renew', () => operator(here, 'admin.bot', { name, renew: true }), () => signedOut(remote));
	await clientFor(t, there, { token: renewed });
});

test('who becomes the owner of the server here has the rights there', async (t) => {
	const person = await account();
	const remote = await clientFor(t, there, { token: person.token });
	const { ann, room } = await roomWith(t, 0);
	await remote.refused('room.update', { room, topic: 'no' }, 'forbidden');
	const tried = async () => {
		for (;;) {
			const answer = await remote.request('room.update', { room, topic: 'mine' }).catch((error) => error.code);
			if (answer !== 'forbidden') {
				return;
			}
		}
	};
	await inTime(t, 'admin.owner', () => operator(here, 'admin.owner', { name: person.name }), tried);
	await ann.waitEvent('room.updated');
});

test('who is added here is told there, hears what comes, and is rid of it when he is removed', async (t) => {
	const { ann, room } = await roomWith(t, 0);
	const person = await account();
	const remote = await clientFor(t, there, { token: person.token });
	await inTime(t, 'member.add', () => ann.request('member.add', { room, user: person.id }), () => eventOf(remote, 'room.added', room));
	const { seq } = await ann.request('message.send', { room, text: 'welcome' });
	await remote.waitSeq(room, seq);
	const local = await clientFor(t, here, { token: person.token });
	await inTime(t, 'room.leave', () => local.request('room.leave', { room }), () => eventOf(remote, 'room.removed', room));
	await remote.refused('message.send', { room, text: 'still here?' });
	await remote.refused('read.mark', { room, seq });
	await ann.request('message.send', { room, text: 'in private' });
	await remote.settle();
	assert.deepEqual(remote.texts(room), ['welcome']);
});

test('an account that joins, makes, reads or leaves a room here has it so there', async (t) => {
	const { ann, room } = await roomWith(t, 0);
	const person = await account();
	const [local, remote] = [await clientFor(t, here, { token: person.token }), await clientFor(t, there, { token: person.token })];
	await inTime(t, 'room.join', () => local.request('room.join', { room }), () => eventOf(remote, 'room.added', room));
	const name = fresh('room');
	const { id: own } = await inTime(t, 'room.create', () => local.request('room.create', { name }), () => remote.waitEvent((event) => event.type === 'room.added' && event.data.name === name));
	await remote.request('message.send', { room: own, text: 'from there' });
	const { seq } = await ann.request('message.send', { room, text: 'read me' });
	await Promise.all([local, remote].map((client) => client.waitSeq(room, seq)));
	await inTime(t, 'read.mark', () => local.request('read.mark', { room, seq }), () => eventOf(remote, 'read.marked', room));
	assert.equal((await remote.request('room.get', { room })).room.unread, 0);
	await inTime(t, 'room.leave', () => local.request('room.leave', { room: own }), () => eventOf(remote, 'room.removed', own));
});

test('a guest who signs out here is gone from rooms there', async (t) => {
	const { ann, room, members: [bob] } = await roomWith(t);
	const gus = await clientFor(t, here, { guest: fresh('Gus') });
	await gus.request('room.join', { room });
	const remote = await clientFor(t, there, { token: gus.token });
	await eventOf(bob.remote, 'member.joined', room);
	const hasLeft = (client) => client.waitEvent((event) => event.type === 'member.left' && event.room === room && event.data.user.id === gus.user.id);
	const ended = async () => {
		await command(here, 'account.logout', {}, { token: gus.token });
		await hasLeft(ann); // guests end once a second
	};
	await inTime(t, 'a guest\'s end', ended, () => Promise.all([signedOut(remote), hasLeft(bob.remote)]));
});

test('a room that nobody follows there has its new name and owner there', async (t) => {
	const ann = await clientFor(t, here, { token: (await account()).token });
	const bob = await account();
	const { id: room } = await ann.request('room.create', { name: fresh('room') });
	await command(there, 'room.join', { room }, { token: bob.token }); // in memory there, without a connection
	const name = fresh('renamed');
	const untilThere = async (ask, holds) => {
		while (!holds(await post(there, ...ask, { token: bob.token }))) {
			// again
		}
	};
	await inTime(t, 'room.update', () => ann.request('room.update', { room, name }), () => untilThere(['room.get', { room: name }], (answer) => answer.status === 200 && answer.json.data.room.name === name));
	await inTime(t, 'ownership', () => ann.request('room.leave', { room }), () => untilThere(['room.get', { room }], (answer) => answer.json.data.room.role === 'owner'));
	await command(there, 'room.update', { room, topic: 'mine' }, { token: bob.token });
});

// The server's connections to the database are cut, and none comes through until comeBack().
function cut() {
	proxy.targetPort = 1; // nothing listens
	for (const pipe of [...proxy.pipes]) {
		pipe.end();
	}
	return untilReadyIs(there, 503);
}

const comeBack = () => {
	proxy.targetPort = cluster.port;
};

test('what happened while the other server\'s database was away is so as soon as it is back', async (t) => {
	const { ann, room, members: [bob, cy] } = await roomWith(t, 2);
	const { room: added } = await roomWith(t, 0);
	const dan = await account();
	const local = await clientFor(t, here, { token: dan.token });
	const remote = await clientFor(t, there, { token: dan.token });
	await cut();
	await command(here, 'account.logout', { everywhere: true }, { token: bob.token });
	const cyHere = await clientFor(t, here, { token: cy.token });
	await cyHere.request('room.leave', { room });
	await local.request('room.join', { room: added });
	const { seq } = await ann.request('message.send', { room, text: 'while you were away' });
	assert.equal(bob.remote.close_, undefined);
	comeBack();
	await untilReadyIs(there, 200);
	const before = await countQuestions();
	await Promise.all([signedOut(bob.remote), eventOf(cy.remote, 'room.removed', room), eventOf(remote, 'room.added', added)]);
	const n = await countQuestions() - before;
	t.diagnostic(`after an outage: ${n} questions`);
	assert.ok(n <= QUESTIONS_MAX, `${n} questions`);
	assert.ok((cy.remote.last.get(room) ?? 0) < seq);
});

test('a server that is started again begins at the end of the log, and follows it', async (t) => {
	const person = await account();
	await operator(here, 'admin.password', { name: person.name, password: PASSWORD }); // all tokens until now are void
	await there.stop();
	there = await start(proxy.port);
	const token = await login(person);
	const remote = await clientFor(t, there, { token });
	await remote.request('room.create', { name: fresh('room') });
	await inTime(t, 'account.logout after a restart', () => command(here, 'account.logout', {}, { token }), () => signedOut(remote));
	await finish(remote);
});

test('the server\'s logs are no rooms of anybody\'s: no list, no id and no export shows them, and verify finds them whole', async (t) => {
	const person = await account();
	await operator(here, 'admin.owner', { name: person.name });
	const owner = await clientFor(t, here, { token: person.token });
	const logs = (await cluster.query('SELECT encode(id, \'hex\'), last_seq FROM room WHERE no >= 134217725', { database })).split('\n').map((row) => row.split('|'));
	assert.equal(logs.length, 2);
	assert.ok(logs.every(([, lastSeq]) => Number(lastSeq) > 0));
	const uuids = logs.map(([id]) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
	for (const uuid of uuids) {
		for (const [type, data] of [['room.get', {}], ['room.join', {}], ['history.read', {}], ['room.members', {}], ['message.send', { text: 'x' }], ['member.add', { user: person.id }], ['room.update', { topic: 'x' }]]) {
			await owner.refused(type, { room: uuid, ...data }, 'not_found');
		}
		assert.equal((await post({ socketPath: here.operatorSocket }, 'admin.export', { room: uuid })).json.data.code, 'not_found');
	}
	const listed = [];
	for (let after; ;) {
		const page = await owner.request('room.list', { all: true, limit: 100, ...after });
		listed.push(...page.rooms);
		if (!page.more) {
			break;
		}
		after = { after: page.rooms.at(-1).id };
	}
	assert.ok(!listed.some((room) => uuids.includes(room.id)));
	const nRooms = Number(await cluster.query('SELECT count(*) FROM room WHERE no < 134217725', { database }));
	assert.equal(listed.length, nRooms);
	const verified = await operator(here, 'admin.verify', {});
	assert.deepEqual([verified.rooms, verified.faults], [nRooms, []]);
	// The state that upkeep leaves: without its beginning.
	await cluster.query('DELETE FROM event WHERE pk > 134217726::bigint << 36 AND pk < (134217726::bigint << 36) + 3', { database });
	assert.deepEqual((await operator(here, 'admin.verify', {})).faults, []);
});

test('the database looks after ten seconds whether a silent connection of a server is there', async () => {
	await operator(here, 'admin.verify', {});
	// Of each socket: where it is, its state (01: established), its timer (02: for what is silent) and in how many hundredths of a second that is due (proc_net_tcp.rst).
	const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((row) => row.trim().split(/\s+/)).filter(([, local, , state]) => state === '01' && parseInt(local.split(':')[1], 16) === cluster.port);
	const dueMs = rows.map(([, , , , , timer]) => timer.split(':')).map(([kind, when]) => (kind === '02' ? parseInt(when, 16) * 10 : Infinity));
	assert.ok(dueMs.filter((ms) => ms <= 10100).length >= 4, `${dueMs}`); // its writer and three readers
});

test('a server that stands still with the log locked does not hold up the others for long', async (t) => {
	const makeRoom = async (server) => {
		const person = await account();
		const client = await clientFor(t, server, { token: person.token });
		const reader = await clientFor(t, server, { guest: fresh('Reader') });
		const { id: room } = await client.request('room.create', { name: fresh('room') });
		await reader.request('room.join', { room });
		return { client, reader, mark: { room, seq: (await client.request('message.send', { room, text: 'x' })).seq } };
	};
	const theirs = await makeRoom(there);
	const own = await makeRoom(here);
	const standing = proxy.cutAt(isSecondGroup, 'stand');
	theirs.reader.request('read.mark', theirs.mark).catch(() => {});
	await standing;
	const began = performance.now();
	await Promise.all([own.reader.request('read.mark', own.mark), own.client.request('message.send', { room: own.mark.room, text: 'y' })]);
	const tookMs = performance.now() - began;
	t.diagnostic(`${Math.round(tookMs)} ms`);
	assert.ok(tookMs < scaled(STANDS_MS), `${tookMs} ms`);
});

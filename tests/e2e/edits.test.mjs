// Messages are edited and deleted: by events behind them, which whoever reads only their place is given beside them.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { run, startServer } from './lib/server.mjs';

let server;
before(async () => {
	server = await startServer();
});
after(() => server.stop());

const guest = (t, name = 'Guest') => clientFor(t, server, { guest: fresh(name) });

async function person(t, name) {
	const { token } = await command(server, 'account.create', { name: fresh(name), password: 'correct horse battery' });
	return clientFor(t, server, { token });
}

// A room of `owner` with one message, and others in it.
async function roomOf(t, ...others) {
	const owner = await guest(t, 'Owner');
	const room = (await owner.request('room.create', { name: fresh('room') })).id;
	for (const other of others) {
		await other.request('room.join', { room });
	}
	return { owner, room };
}

const say = async (client, room, text) => (await client.request('message.send', { room, text })).seq;
const read = (client, room, place = {}) => client.request('history.read', { room, ...place });
const brief = (events = []) => events.map(({ type, seq, data }) => [type, seq, data.message, data.text].filter((v) => v !== undefined));

test('an edit is an event behind the message, the same for everybody, and the message stays as it was', async (t) => {
	const author = await guest(t, 'Author');
	const { owner, room } = await roomOf(t, author);
	const seq = await say(author, room, 'wrold');
	const done = await author.request('message.edit', { room, seq, text: 'world\u0007 \n' });
	assert.deepEqual(Object.keys(done).sort(), ['id', 'room', 'seq', 'timestamp']);
	assert.equal(done.seq, seq + 1);
	const [heard, own] = [await owner.waitEvent('message.edited'), await author.waitEvent('message.edited')];
	assert.equal(heard.raw, own.raw);
	assert.deepEqual({ room: heard.room, seq: heard.seq, id: heard.id, timestamp: heard.timestamp }, done);
	assert.deepEqual(heard.data, { author: { id: author.user.id, name: author.user.name, kind: 'guest' }, message: seq, text: heard.data.text });
	const page = await read(owner, room);
	assert.deepEqual(brief(page.events).slice(-2), [['message.created', seq, 'wrold'], ['message.edited', seq + 1, seq, heard.data.text]]);
	assert.ok(heard.data.text.startsWith('world') && !heard.data.text.includes('\u0007'), 'the text is cleaned as that of a message');
});

test('a page gives with each changed message its newest change, wherever that is', async (t) => {
	const { owner, room } = await roomOf(t);
	const [first, second, third] = [await say(owner, room, 'one'), await say(owner, room, 'two'), await say(owner, room, 'three')];
	await owner.request('message.edit', { room, seq: first, text: 'one a' });
	const removed = await owner.request('message.delete', { room, seq: second });
	const newest = await owner.request('message.edit', { room, seq: first, text: 'one b' });
	await say(owner, room, 'four');
	const edit = ['message.edited', newest.seq, first, 'one b'];
	const deletion = ['message.deleted', removed.seq, second];
	for (const [place, changes] of [
		[{ before: third + 1, limit: 3 }, [edit, deletion]],
		[{ around: second, limit: 1 }, [deletion]],
		[{ after: first - 1, limit: 1 }, [edit]],
		[{}, [edit, deletion]],
	]) {
		const page = await read(owner, room, place);
		assert.deepEqual(brief(page.changes), changes, JSON.stringify(place));
		const inLog = (await read(owner, room, { around: newest.seq, limit: 1 })).events[0];
		assert.deepEqual(page.changes.find(({ seq }) => seq === newest.seq) ?? inLog, inLog, 'as it was delivered');
	}
	for (const place of [{ before: third + 1, limit: 1 }, { after: third }]) {
		assert.equal((await read(owner, room, place)).changes, undefined, JSON.stringify(place));
	}
});

test('changes count among the bytes of a page, in both directions', async (t) => {
	const small = await startServer({ args: ['--limit-page-bytes', '6000'] });
	t.after(() => small.stop());
	const owner = await clientFor(t, small, { guest: fresh('Owner') });
	const room = (await owner.request('room.create', { name: fresh('room') })).id;
	const first = await say(owner, room, 'm');
	for (let i = 1; i < 6; i++) {
		await say(owner, room, 'm');
	}
	for (let i = 0; i < 6; i++) {
		await owner.request('message.edit', { room, seq: first + i, text: `${i}`.repeat(2000) });
	}
	for (const direction of ['after', 'before']) {
		const [texts, seqs] = [[], []];
		let at = direction === 'after' ? first - 1 : first + 6;
		for (let n = 0; seqs.length < 6; n++) {
			assert.ok(n < 6, 'each page goes on');
			const page = await read(owner, room, { [direction]: at });
			const messages = page.events.filter(({ type }) => type === 'message.created').map(({ seq }) => seq);
			assert.ok(messages.length === 1 || messages.length === 2, `${messages.length} messages with 2,000 bytes of changes each fit in 6,000 bytes`);
			assert.equal(page.more, page.events[0].seq > 1);
			assert.deepEqual(page.changes.map(({ data }) => data.message), messages);
			seqs.push(...messages);
			texts.push(...page.changes.map(({ data }) => data.text[0]));
			at = direction === 'after' ? page.events.at(-1).seq : page.events[0].seq;
		}
		assert.equal(new Set(seqs).size, 6);
		assert.equal(texts.sort().join(''), '012345');
	}
	const whole = await read(owner, room, { before: first + 1, limit: 200 });
	assert.equal(whole.events.length, first, 'the short ones before fit beside one change');
});

test('only the author edits', async (t) => {
	const other = await guest(t, 'Other');
	const { owner, room } = await roomOf(t, other);
	const seq = await say(other, room, 'mine');
	assert.equal((await owner.refused('message.edit', { room, seq, text: 'yours' }, 'forbidden')).field, 'seq');
	assert.equal((await read(owner, room)).changes, undefined);
});

test('author and owner delete, others do not', async (t) => {
	const [author, other] = [await guest(t, 'Author'), await guest(t, 'Other')];
	const { owner, room } = await roomOf(t, author, other);
	const [one, two, three] = [await say(author, room, 'one'), await say(author, room, 'two'), await say(owner, room, 'three')];
	await other.refused('message.delete', { room, seq: one }, 'forbidden');
	await author.refused('message.delete', { room, seq: three }, 'forbidden');
	await author.request('message.delete', { room, seq: one });
	const { seq } = await owner.request('message.delete', { room, seq: two });
	const event = await other.waitEvent((e) => e.type === 'message.deleted' && e.data.message === two);
	assert.equal(event.seq, seq);
	assert.deepEqual(event.data, { by: { id: owner.user.id, name: owner.user.name, kind: 'guest' }, message: two });
});

test("the server's owner deletes in a room of others", async (t) => {
	const { owner, room } = await roomOf(t);
	const seq = await say(owner, room, 'to be seen by nobody');
	const boss = await person(t, 'Boss');
	await boss.refused('message.delete', { room, seq }, 'forbidden');
	assert.equal((await run(clientBinary, ['admin', '--data', server.dataDir, 'owner', boss.user.name, '--promote'])).code, 0);
	const { seq: at } = await boss.request('message.delete', { room, seq });
	assert.equal((await owner.waitEvent('message.deleted')).seq, at);
	await boss.refused('message.edit', { room, seq, text: 'x' }, 'forbidden');
});

test('what was deleted is not edited, and is deleted once', async (t) => {
	const { owner, room } = await roomOf(t);
	const seq = await say(owner, room, 'gone');
	const first = await owner.request('message.delete', { room, seq });
	const error = await owner.refused('message.edit', { room, seq, text: 'back' }, 'not_found');
	assert.equal(error.field, 'seq');
	assert.deepEqual(await owner.request('message.delete', { room, seq }), { ...first, duplicate: true });
	await owner.settle();
	assert.equal(owner.events.filter(({ type }) => type === 'message.deleted').length, 1);
});

test('many deletions at once make one event', async (t) => {
	const { owner, room } = await roomOf(t);
	const seq = await say(owner, room, 'gone');
	const answers = await Promise.all(Array.from({ length: 20 }, () => owner.request('message.delete', { room, seq })));
	assert.deepEqual(new Set(answers.map((answer) => answer.seq)), new Set([seq + 1]));
	assert.equal(answers.filter(({ duplicate }) => !duplicate).length, 1);
	assert.equal((await read(owner, room)).last_seq, seq + 1);
});

test('an edit with a client_id happens once', async (t) => {
	const { owner, room } = await roomOf(t);
	const seq = await say(owner, room, 'one');
	const edit = { room, seq, text: 'two', client_id: crypto.randomUUID() };
	const answers = await Promise.all(Array.from({ length: 10 }, () => owner.request('message.edit', edit)));
	const [first, ...repeats] = answers.sort((a, b) => (a.duplicate ?? false) - (b.duplicate ?? false));
	for (const repeat of repeats) {
		assert.deepEqual(repeat, { ...first, duplicate: true });
	}
	assert.equal((await owner.waitEvent('message.edited')).data.client_id, edit.client_id);
	assert.equal((await read(owner, room)).last_seq, first.seq);
});

test('an edit that was done is answered so once more, also after the message was deleted', async (t) => {
	const { owner, room } = await roomOf(t);
	const seq = await say(owner, room, 'one');
	const edit = { room, seq, text: 'two', client_id: crypto.randomUUID() };
	const first = await owner.request('message.edit', edit);
	const { seq: last } = await owner.request('message.delete', { room, seq });
	assert.deepEqual(await owner.request('message.edit', edit), { ...first, duplicate: true });
	await owner.refused('message.edit', { ...edit, client_id: crypto.randomUUID() }, 'not_found');
	assert.equal((await read(owner, room)).last_seq, last);
});

test('only messages are changed, and only those of the room', async (t) => {
	const { owner, room } = await roomOf(t);
	const seq = await say(owner, room, 'one');
	const { seq: edit } = await owner.request('message.edit', { room, seq, text: 'two' });
	for (const wrong of [1, edit, edit + 1, 9007199254740991]) {
		for (const [type, more] of [['message.edit', { text: 'x' }], ['message.delete', {}]]) {
			const error = await owner.refused(type, { room, seq: wrong, ...more }, 'not_found');
			assert.equal(error.field, 'seq');
		}
	}
	await owner.refused('message.send', { room, text: 'x', reply_to: edit }, 'not_found');
	assert.equal((await owner.refused('message.edit', { room, seq, text: ' \n\t' }, 'invalid_request')).field, 'text');
	assert.equal((await owner.refused('message.edit', { room, seq, text: 'x'.repeat(8001) }, 'too_large')).field, 'text');
	assert.equal((await read(owner, room)).last_seq, edit);
});

test('who has left may change nothing', async (t) => {
	const author = await guest(t, 'Author');
	const { room } = await roomOf(t, author);
	const seq = await say(author, room, 'mine');
	await author.request('room.leave', { room });
	await author.refused('message.edit', { room, seq, text: 'x' }, 'forbidden');
	await author.refused('message.delete', { room, seq }, 'forbidden');
});

test('changes are no messages: nothing is unread because of them', async (t) => {
	const author = await guest(t, 'Author');
	const { owner, room } = await roomOf(t, author);
	const seq = await say(author, room, 'one');
	await owner.waitSeq(room, seq);
	await owner.request('read.mark', { room, seq });
	await author.request('message.edit', { room, seq, text: 'two' });
	const { seq: last } = await author.request('message.delete', { room, seq });
	await owner.waitSeq(room, last);
	const { room: told } = await owner.request('room.get', { room });
	assert.deepEqual([told.unread, told.messages, told.last_seq], [0, 1, last]);
});

test('changes come with a resume, and to a consumer that asks for them', async (t) => {
	const author = await guest(t, 'Author');
	const { room } = await roomOf(t, author);
	const seq = await say(author, room, 'one');
	await author.request('message.edit', { room, seq, text: 'two' });
	const { seq: last } = await author.request('message.delete', { room, seq });
	const again = await clientFor(t, server, { token: author.token, resume: { [room]: seq } });
	await again.waitSeq(room, last);
	assert.deepEqual(brief(again.events), [['message.edited', seq + 1, seq, 'two'], ['message.deleted', last, seq]]);
	const reader = await person(t, 'Reader');
	await reader.request('room.join', { room });
	await reader.request('consumer.create', { name: 'changes', from: 'start', filter: { types: ['message.edited', 'message.deleted'], authors: ['guest'] } });
	const { events } = await reader.request('consumer.read', { consumer: 'changes', wait_ms: 10000 });
	assert.deepEqual(brief(events.map(({ event }) => event)), [['message.edited', seq + 1, seq, 'two'], ['message.deleted', last, seq]]);
});

// `parley consumer` against the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test, { after, before } from 'node:test';
import { clientFor, fresh } from './lib/client.mjs';
import { clientBinary } from './lib/env.mjs';
import { command } from './lib/http.mjs';
import { keepRunning, run, serverFor, startServer, temporaryDir } from './lib/server.mjs';
import { until, within } from './lib/wait.mjs';

let server, person;
before(async () => {
	server = await startServer({ args: ['--limit-account-consumers', '50'] });
	person = await command(server, 'account.create', { name: fresh('Person'), password: 'correct horse' });
});
after(() => server.stop());

const env = () => ({ PARLEY_TOKEN: person.token });
const parley = (words, options) => run(clientBinary, ['--server', server.url, ...words], { env: env(), ...options });
const ask = (type, data) => command(server, type, data, { token: person.token });
const shown = async (name) => (await ask('consumer.list', {})).consumers.find((c) => c.name === name);
const texts = (out) => out.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line).data.text);

// A room and a consumer of what is said in it.
async function place(t, options = []) {
	const speaker = await clientFor(t, server, { guest: fresh('Speaker') });
	const room = await speaker.request('room.create', { name: fresh('room') });
	const name = fresh('consumer');
	const made = await parley(['consumer', 'create', name, '--types', 'message.created', '--room', room.name, ...options]);
	assert.equal(made.code, 0, made.stderr);
	const say = async (...all) => {
		for (const text of all)
			await speaker.request('message.send', { room: room.id, text });
	};
	return { name, room, made, say, speaker };
}

test('create joins the rooms of its filter, and list shows how far a consumer is', async (t) => {
	const p = await place(t, ['--authors', 'guest,bot', '--ack-wait', '7', '--max-tries', '3']);
	const consumer = await shown(p.name);
	assert.deepEqual(consumer.filter, { types: ['message.created'], authors: ['guest', 'bot'], rooms: [p.room.id] });
	assert.deepEqual([consumer.ack_wait_ms, consumer.max_tries], [7000, 3]);
	assert.equal(p.made.stdout, `${consumer.id} 0 0 0 ${p.name}\n`);
	await p.say('one', 'two');
	await ask('consumer.read', { consumer: p.name, limit: 1 });
	const list = await parley(['consumer', 'list']);
	assert.ok(list.stdout.includes(`${consumer.id} 1 1 0 ${p.name}\n`), list.stdout);
	const json = await parley(['consumer', 'list', '--json']);
	assert.deepEqual(json.stdout.trim().split('\n').map((line) => JSON.parse(line)).find((c) => c.id === consumer.id), await shown(p.name));
	assert.deepEqual(await parley(['consumer', 'delete', p.name]), { code: 0, signal: null, stdout: '', stderr: '' });
	assert.equal(await shown(p.name), undefined);
});

test('update changes the filter and the times of a consumer, and does not move it', async (t) => {
	const p = await place(t);
	await p.say('one');
	const { id } = await shown(p.name);
	assert.equal((await parley(['consumer', 'update', p.name, '--types', 'message.*', '--ack-wait', '9', '--max-tries', '2', '--name', `${p.name} two`])).code, 0);
	const { name, filter, ack_wait_ms, max_tries } = (await ask('consumer.list', {})).consumers.find((c) => c.id === id);
	assert.deepEqual([name, filter, ack_wait_ms, max_tries], [`${p.name} two`, { types: ['message.*'] }, 9000, 2]);
	assert.equal((await parley(['consumer', 'update', id, '--all-events'])).code, 0);
	assert.deepEqual((await shown(name)).filter, {});
	assert.deepEqual(texts((await parley(['consumer', 'read', id])).stdout), ['one']);
});

test('the server\'s owners read what concerns the whole server', async (t) => {
	const own = await serverFor(t);
	const owner = await command(own, 'account.create', { name: 'Owner', password: 'correct horse' });
	assert.equal((await run(clientBinary, ['admin', '--data', own.dataDir, 'owner', 'Owner', '--promote'])).code, 0);
	const parleyOn = (...words) => run(clientBinary, ['--server', own.url, 'consumer', ...words], { env: { PARLEY_TOKEN: owner.token } });
	assert.equal((await parleyOn('create', 'sign-ups', '--types', 'user.created', '--server-events')).code, 0);
	const { user } = await command(own, 'account.create', { name: 'New here', password: 'correct horse' });
	const { stdout, stderr } = await parleyOn('read', 'sign-ups', '--follow', '--limit', '1');
	const { type, data } = JSON.parse(stdout || stderr);
	assert.deepEqual([type, data.user.id], ['user.created', user.id]);
});

test('read prints what is there, acknowledges it and ends', async (t) => {
	const p = await place(t);
	assert.deepEqual(await parley(['consumer', 'read', p.name]), { code: 0, signal: null, stdout: '', stderr: '' });
	const all = Array.from({ length: 230 }, (_, i) => `m${i}`);
	await p.say(...all);
	const some = await parley(['consumer', 'read', p.name, '--limit', '3']);
	assert.deepEqual(texts(some.stdout), all.slice(0, 3), some.stderr);
	const rest = await parley(['consumer', 'read', p.name]);
	assert.deepEqual(texts(rest.stdout), all.slice(3), rest.stderr);
	const { waiting, behind } = await shown(p.name);
	assert.deepEqual([waiting, behind], [0, 0]);
	const { events } = await p.speaker.request('history.read', { room: p.room.id, limit: 1 });
	assert.deepEqual(JSON.parse(rest.stdout.trim().split('\n').at(-1)), events[0]);
});

test('read --follow prints each event once through a kill of the server, and none is left', async (t) => {
	const dataDir = temporaryDir();
	let own = await startServer({ dataDir });
	const port = own.port;
	const owner = await command(own, 'account.create', { name: 'Owner', password: 'correct horse' });
	const as = { token: owner.token };
	const room = await command(own, 'room.create', { name: 'general' }, as);
	const parleyOn = (...words) => run(clientBinary, ['--server', own.url, ...words], { env: { PARLEY_TOKEN: owner.token } });
	assert.equal((await parleyOn('consumer', 'create', 'all', '--types', 'message.*', '--ack-wait', '1')).code, 0);
	const reader = keepRunning(t, clientBinary, ['--server', own.url, 'consumer', 'read', 'all', '--follow', '--worker', 'one'], { PARLEY_TOKEN: owner.token });
	for (let round = 0; round < 2; round++) {
		for (let i = 0; i < 10; i++)
			await command(own, 'message.send', { room: room.id, text: `${round}-${i}` }, as);
		await reader.says(`"${round}-9"`);
		await until(30000, 'all to be acknowledged', async () => (await command(own, 'consumer.list', {}, as)).consumers[0].waiting === 0);
		await own.kill();
		await reader.says('trying again');
		own = await startServer({ dataDir, port });
	}
	t.after(() => own.stop());
	await command(own, 'message.send', { room: room.id, text: 'end' }, as);
	await reader.says('"end"');
	assert.deepEqual(texts(reader.out), [...Array.from({ length: 20 }, (_, i) => `${Math.floor(i / 10)}-${i % 10}`), 'end']);
	assert.match(reader.err, /connected again/);
});

test('what the output did not take is not acknowledged, and comes back', async (t) => {
	const p = await place(t, ['--ack-wait', '1']);
	const child = spawn('sh', ['-c', '"$0" --server "$1" consumer read "$2" --follow | true', clientBinary, server.url, p.name], { env: { ...process.env, ...env() }, stdio: ['ignore', 'ignore', 'inherit'] });
	const ended = new Promise((resolve) => { child.on('close', resolve); });
	await within(30000, 'it to end', ended); // the reader of its output has gone, so that it does not wait for events
	await p.say('kept');
	const again = await parley(['consumer', 'read', p.name, '--follow', '--limit', '1']);
	assert.deepEqual(texts(again.stdout), ['kept'], again.stderr);
	await p.say('full disk');
	const full = spawn('sh', ['-c', '"$0" --server "$1" consumer read "$2" > /dev/full', clientBinary, server.url, p.name], { env: { ...process.env, ...env() } });
	assert.equal(await new Promise((resolve) => { full.on('close', resolve); }), 1);
	assert.equal((await shown(p.name)).waiting, 1);
	const back = await parley(['consumer', 'read', p.name, '--follow', '--limit', '1']);
	assert.deepEqual(texts(back.stdout), ['full disk'], back.stderr);
});

test('whole deliveries are acknowledged by hand, set aside and replayed', async (t) => {
	const p = await place(t, ['--ack-wait', '1', '--max-tries', '1']);
	await p.say('one', 'two');
	const read = await parley(['consumer', 'read', p.name, '--deliveries', '--worker', 'by hand']);
	const [one, two] = read.stdout.trim().split('\n').map((line) => JSON.parse(line));
	assert.deepEqual([one.tries, one.event.data.text, two.event.data.text], [1, 'one', 'two'], read.stderr);
	assert.equal((await parley(['consumer', 'ack', p.name, String(one.delivery)])).stdout, '1\n');
	await until(30000, 'the other to be set aside', async () => {
		await ask('consumer.read', { consumer: p.name });
		return (await shown(p.name)).set_aside === 1;
	}, 100);
	const aside = await parley(['consumer', 'set-aside', p.name]);
	const [kept] = aside.stdout.trim().split('\n').map((line) => JSON.parse(line));
	assert.deepEqual([kept.event.data.text, kept.worker], ['two', 'by hand'], aside.stderr);
	assert.equal((await parley(['consumer', 'replay', p.name, String(kept.delivery)])).stdout, '1\n');
	assert.deepEqual(texts((await parley(['consumer', 'read', p.name, '--follow', '--limit', '1'])).stdout), ['two']);
	assert.equal((await parley(['consumer', 'replay', p.name])).stdout, '0\n');
});

test('seek goes to the start, to a time, or behind an event of one room', async (t) => {
	const p = await place(t);
	await p.say('one', 'two');
	const last = async () => (await p.speaker.request('history.read', { room: p.room.id, limit: 1 })).events[0];
	const two = await last();
	await until(30000, 'another millisecond', () => Date.now() > Date.parse(two.timestamp));
	await p.say('three');
	const from = async (...place_) => {
		const moved = await parley(['consumer', 'seek', p.name, ...place_]);
		assert.deepEqual([moved.code, moved.stdout], [0, ''], moved.stderr);
		return texts((await parley(['consumer', 'read', p.name])).stdout);
	};
	assert.deepEqual(await from('--from', 'start'), ['one', 'two', 'three']);
	assert.deepEqual(await from('--from', 'end'), []);
	assert.deepEqual(await from('--room', p.room.name, '--after', String(two.seq)), ['three']);
	assert.deepEqual(await from('--since', (await last()).timestamp), ['three']);
	assert.deepEqual(await from('--since', '1h'), ['one', 'two', 'three']);
	assert.deepEqual(await from('--since', '2099-01-31'), []);
});

test('what is refused, and wrong usage of consumer, has one sentence', async () => {
	for (const [words, code, message] of [
		[['consumer', 'read'], 2, /^usage: parley consumer read CONSUMER\n$/],
		[['consumer', 'ack', 'x', 'y'], 2, /not the number of a delivery: y/],
		[['consumer', 'list', '--follow'], 2, /--follow means nothing to consumer list/],
		[['consumer', 'create', 'x', '--since', 'yesterday'], 2, /^parley: --since: neither .*: yesterday\n$/],
		[['consumer', 'create', 'x', '--since', '12', '--from', 'end'], 2, /--since/],
		[['consumer', 'create', 'x', '--from', 'middle'], 1, /from/],
		[['consumer', 'create', 'x', '--room', 'nosuch'], 1, /^parley: room\.join: nosuch: /],
		[['consumer', 'seek', 'x', '--room', 'a', '--room', 'b'], 1, /give one --room or none/],
		[['consumer', 'seek', 'x', '--after', '-1'], 1, /--after: not a seq: -1/],
		[['consumer', 'read', 'nosuch'], 1, /^parley: consumer\.read: nosuch: .*\(not_found\)/],
		[['--guest', fresh('Guest'), 'consumer', 'create', 'x'], 1, /^parley: consumer\.create: x: a guest has no consumers \(forbidden\)/],
	]) {
		const ended = await parley(words);
		assert.equal(ended.code, code, `${words.join(' ')}: ${ended.stderr}`);
		assert.match(ended.stderr, message);
		assert.deepEqual([ended.stdout, ended.stderr.trim().split('\n').length], ['', 1], ended.stderr);
	}
});

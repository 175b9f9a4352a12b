// Descriptors run out: new connections are refused at once, existing ones stay, and when there is room new ones are accepted again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { closeAll, Client, roomOf } from '../e2e/lib/client.mjs';
import { binary } from '../e2e/lib/env.mjs';
import { run, serverFor, temporaryDir } from '../e2e/lib/server.mjs';
import { until, within } from '../e2e/lib/wait.mjs';

const ROOM_FOR = 5;

const setLimit = (server, files) => execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${files}:`]);

// The limit is on the numbers of descriptors, and those between may be free.
function limitFor(server, room) {
	const taken = new Set(readdirSync(`/proc/${server.pid}/fd`).map(Number));
	let limit = 0;
	for (let free = 0; free < room; limit++) {
		free += taken.has(limit) ? 0 : 1;
	}
	return limit;
}

// Returns whether a newcomer gets in. A newcomer who does not must be refused and not left waiting.
const comesIn = (server, n) => within(30000, 'a newcomer to be let in or turned away',
	Client.start(server, { guest: `Newcomer ${n}` }).catch(() => null));

test('with a limit of open files that is too low to serve anybody the server does not start, and says so', async () => {
	const dataDir = join(temporaryDir(), 'data');
	const ended = await run('prlimit', ['--nofile=24:24', binary, '--listen', '127.0.0.1:0', '--data', dataDir]);
	assert.equal(ended.code, 1, ended.stderr);
	assert.equal(ended.stderr, 'parleyd: the limit of open files is 24, and 64 are needed: ulimit -Hn, or LimitNOFILE of the service\n');
	assert.equal(existsSync(dataDir), false);
});

test('without descriptors newcomers are turned away, people go on, and room lets people in again', async (t) => {
	const server = await serverFor(t);
	const { room: { id: room }, clients: members } = await roomOf(server, 'crowded', 2);
	setLimit(server, limitFor(server, ROOM_FOR));
	const came = await Promise.all(Array.from({ length: 3 * ROOM_FOR }, (_, n) => comesIn(server, n)));
	const inside = came.filter((client) => client);
	assert.ok(inside.length > 0 && inside.length < came.length, `${inside.length} came in`);
	await until(30000, 'the operator to be warned', () => server.stderr.includes('accept.no_descriptors'));
	assert.equal(server.stderr.match(/accept\.no_descriptors/g).length, 1, 'a line for many newcomers');

	const { seq } = await members[0].request('message.send', { room, text: 'still here' });
	await members[1].waitSeq(room, seq);

	await inside.pop().close();
	inside.push(await until(30000, 'a place that was left to be taken', () => comesIn(server, 'late'), 100));
	setLimit(server, 4096);
	for (let n = 0; n < 3 * ROOM_FOR; n++) {
		inside.push(await until(30000, 'everybody to come in', () => comesIn(server, `again ${n}`), 100));
	}
	await closeAll([...inside, ...members]);
});

// Files of the data directory are removed, renamed or replaced while the server runs. Nothing is acknowledged that could not be read again.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Client } from '../e2e/lib/client.mjs';
import { command, get, untilReadyIs } from '../e2e/lib/http.mjs';
import { startServer, temporaryDir } from '../e2e/lib/server.mjs';

const cases = [
	['the directory is removed', (dir) => rmSync(dir, { recursive: true })],
	['the directory is renamed', (dir) => renameSync(dir, `${dir}-away`)],
	['the database is removed', (dir) => unlinkSync(join(dir, 'parley.db'))],
	['the database is replaced', (dir) => {
		copyFileSync(join(dir, 'parley.db'), join(dir, 'copy'));
		renameSync(join(dir, 'copy'), join(dir, 'parley.db'));
	}],
	['the log is removed', (dir) => unlinkSync(join(dir, 'parley.db-wal'))],
	['the lock is removed', (dir) => unlinkSync(join(dir, 'parley.lock'))],
];

for (const [what, remove] of cases) {
	test(`${what}: writes are refused from then on, /readyz and the log say why`, { timeout: 60000 }, async () => {
		const dataDir = join(temporaryDir(), 'data');
		const server = await startServer({ dataDir });
		const client = await Client.start(server, { guest: 'Writer' });
		const { id: room } = await client.request('room.create', { name: 'room' });
		const { seq: last } = await client.request('message.send', { room, text: 'kept' });
		assert.equal((await get(server, '/readyz')).status, 200);
		remove(dataDir);
		const answers = await Promise.all(Array.from({ length: 50 }, () => client.request('message.send', { room, text: 'lost?' }).then(() => 'acknowledged', (error) => error)));
		assert.deepEqual([...new Set(answers.map((error) => `${error.code} ${error.retryable}`))], ['unavailable true']);
		assert.match(answers[0].message, /files are gone/);
		const ready = await untilReadyIs(server, 503);
		assert.match(ready.text, /files are gone/);
		const { events } = await client.request('history.read', { room });
		assert.equal(events.at(-1).seq, last, 'reading goes on, and nothing that was refused is shown');
		if (existsSync(`${dataDir}-away`)) {
			renameSync(`${dataDir}-away`, dataDir);
			assert.equal((await client.request('message.send', { room, text: 'back' }).catch((error) => error)).code, 'unavailable', 'until a restart');
		}
		await client.close();
		await server.stop();
		assert.equal(server.stderr.match(/store\.file_gone/g)?.length, 1, 'it is said once');
	});
}

test('what was acknowledged before is there when the files come back and the server starts again', { timeout: 60000 }, async () => {
	for (const [what, remove, back] of [
		['the directory', (dir) => renameSync(dir, `${dir}-away`), (dir) => renameSync(`${dir}-away`, dir)],
		['the log', (dir) => unlinkSync(join(dir, 'parley.db-wal')), () => {}], // the server brings all of it into the database when it ends
	]) {
		const dataDir = join(temporaryDir(), 'data');
		let server = await startServer({ dataDir });
		const { token, epoch } = await command(server, 'session.start', { guest: 'Writer' });
		const { id: room } = await command(server, 'room.create', { name: 'room' }, { token });
		const { seq: last } = await command(server, 'message.send', { room, text: 'kept' }, { token });
		remove(dataDir);
		await assert.rejects(command(server, 'message.send', { room, text: 'refused' }, { token }));
		back(dataDir);
		await server.stop();
		server = await startServer({ dataDir });
		assert.doesNotMatch(server.stderr, /store\.log_lost/);
		const { rooms, epoch: now } = await command(server, 'session.start', { token });
		assert.equal(now, epoch, what);
		assert.ok(rooms[0].last_seq >= last, what);
		await server.stop();
	}
});

// The database goes back to a moment before a mistake, by the commands of deploy/OPERATING.md ("Back to a moment"). Clients that saw what came after it begin anew.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { clientFor, fresh } from '../e2e/lib/client.mjs';
import { clientBinary, projectDir } from '../e2e/lib/env.mjs';
import { command } from '../e2e/lib/http.mjs';
import { clusterFor, giveAway, runProgram } from '../e2e/lib/postgres.mjs';
import { run, serverFor, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';

const chapter = readFileSync(join(projectDir, 'deploy/OPERATING.md'), 'utf8').split('### Back to a moment')[1].split(/\n##/)[0];
// A setting of postgresql.conf as the chapter has it, with a folder of ours.
const setting = (name, archive) => new RegExp(`^    ${name} = '(.*)'$`, 'm').exec(chapter)[1].replaceAll('/backup/wal', archive);
const baseBackup = /^    sudo -u postgres pg_basebackup (.*)$/m.exec(chapter)[1].split(' ');

async function sayUpTo(server, { room, token }, from, to) {
	for (let i = from; i <= to; i++) {
		await command(server, 'message.send', { room, text: `message ${i}` }, { token });
	}
}

// Waits until the archive has all that the cluster has written.
async function archived(cluster) {
	const file = await cluster.query('SELECT pg_walfile_name(pg_switch_wal())');
	await until(30000, `${file} in the archive`, async () => await cluster.query('SELECT last_archived_wal FROM pg_stat_archiver') >= file);
}

// A new cluster from the base backup and the archive, as it was at the time.
async function recovered(t, cluster, base, archive, time) {
	await cluster.stop();
	execFileSync('mv', [cluster.data, `${cluster.data}-broken`]);
	execFileSync('cp', ['-a', base, cluster.data]);
	writeFileSync(join(cluster.data, 'recovery.signal'), '');
	giveAway(cluster.data);
	Object.assign(cluster.settings, { restore_command: setting('restore_command', archive), recovery_target_time: time, recovery_target_action: setting('recovery_target_action', archive) });
	await cluster.start();
	await until(30000, 'the recovery to end', async () => await cluster.query('SELECT pg_is_in_recovery()') === 'f');
}

test('back to a moment: what came after it is gone, and clients that saw it begin anew', async (t) => {
	const home = temporaryDir();
	const [archive, base] = [join(home, 'wal'), join(home, 'base')];
	mkdirSync(archive);
	execFileSync('chmod', ['-R', 'a+rx', dirname(archive)]);
	giveAway(home);
	const cluster = await clusterFor(t, { durable: false, settings: { archive_mode: setting('archive_mode', archive), archive_command: setting('archive_command', archive) } });
	const dataDir = temporaryDir();
	const options = (dir) => ({ dataDir: dir, args: ['--database', cluster.url(), '--database-allow-asynchronous-commit', 'on'] });
	const before = await serverFor(t, options(dataDir));
	const { token } = await command(before, 'session.start', { guest: fresh('Ann') });
	const { id: room } = await command(before, 'room.create', { name: fresh('room') }, { token });
	await sayUpTo(before, { room, token }, 1, 5);
	await runProgram('pg_basebackup', [...baseBackup.map((word) => (word.startsWith('/') ? base : word)), '-d', cluster.socketUrl()]);
	await sayUpTo(before, { room, token }, 6, 10);
	const time = await cluster.query('SELECT clock_timestamp()');
	await sayUpTo(before, { room, token }, 11, 15);
	const { epoch, events } = await clientFor(t, before, { token, resume: { [room]: 0 } }).then(async (client) => {
		await client.waitFor('all of it', () => client.events.at(-1)?.data.text === 'message 15');
		return { epoch: client.session.epoch, events: client.events };
	});
	const last = events.at(-1).seq;
	await archived(cluster);
	await before.stop();
	await recovered(t, cluster, base, archive, time);

	// With a new data directory, as pods have it: only the database can tell. Then with the one that it had.
	for (const dir of [temporaryDir(), dataDir]) {
		const server = await serverFor(t, options(dir));
		const client = await clientFor(t, server, { token, epoch, resume: { [room]: last } });
		await client.waitFor('the newest of the past', () => client.events.at(-1)?.data.text === 'message 10');
		assert.deepEqual([client.events[0].type, client.events[0].data.reason], ['room.gap', 'restored'], dir);
		assert.ok(!client.events.some((event) => /message 1[1-5]/.test(event.data.text)));
		const verify = await run(clientBinary, ['admin', '--data', server.dataDir, 'verify']);
		assert.equal(verify.code, 0, verify.stderr);
		await server.stop();
	}
});

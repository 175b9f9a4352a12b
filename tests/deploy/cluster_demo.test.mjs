// deploy/cluster-demo: what it starts works as one, and nothing of it stays, however it ends.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { clientFor, fresh } from '../e2e/lib/client.mjs';
import { binary, projectDir } from '../e2e/lib/env.mjs';
import { command, get } from '../e2e/lib/http.mjs';
import { temporaryDir } from '../e2e/lib/server.mjs';
import { redirected } from '../e2e/lib/shell.mjs';
import { until } from '../e2e/lib/wait.mjs';

const SLOW_MS = 120000; // against hanging

// A demo in a temporary folder of its own.
function start(t, server = binary) {
	const dir = temporaryDir();
	chmodSync(dir, 0o711);
	const demo = redirected(t, '', join(projectDir, 'deploy', 'cluster-demo'), [], { env: { PARLEYD: server, TMPDIR: dir } });
	t.after(() => processes({ dir }).forEach(({ pid }) => process.kill(pid, 'SIGKILL')));
	return Object.assign(demo, { dir });
}

const target = (url) => ({ url, wsUrl: `${url.replace('http', 'ws')}/ws` });

async function startReady(t) {
	const demo = start(t);
	await until(SLOW_MS, 'the demo', () => {
		assert.equal(demo.child.exitCode, null, demo.err);
		return /Logs:/.test(demo.out);
	});
	demo.balancer = target(/(http:\S+) +through HAProxy/.exec(demo.out)[1]);
	demo.instances = [...demo.out.matchAll(/(http:\S+) +instance \w+, pid (\d+)/g)].map(([, url, pid]) => ({ ...target(url), pid: Number(pid) }));
	return demo;
}

// Its processes, {pid, words}: they have its folder as TMPDIR, or stand in it.
function processes({ dir }) {
	const read = (look) => {
		try {
			return look();
		} catch {
			return ''; // it ended
		}
	};
	const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => ({ pid: Number(pid), words: read(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1')).split('\0').join(' ') }));
	return all.filter(({ pid }) => read(() => readFileSync(`/proc/${pid}/environ`, 'latin1')).includes(`TMPDIR=${dir}`) || read(() => readlinkSync(`/proc/${pid}/cwd`)).startsWith(dir));
}

test('the address has the page, what is written at one instance is read at another, and Ctrl-C leaves nothing', async (t) => {
	const demo = await startReady(t);
	assert.match((await get(demo.balancer, '/')).text, /<html/i);
	const [writer, reader, other] = [await clientFor(t, demo.instances[0], { guest: fresh('Writer') }), await clientFor(t, demo.instances[1], { guest: fresh('Reader') }),
		await clientFor(t, demo.balancer, { guest: fresh('Other') })];
	const room = (await writer.request('room.create', { name: fresh('room') })).id;
	await reader.request('room.join', { room });
	await other.request('room.join', { room });
	await writer.request('message.send', { room, text: 'to all' });
	for (const client of [writer, reader, other]) {
		await client.waitFor('the message', () => client.texts(room).length === 1);
	}
	assert.match(demo.out, /http:\S+\/own#\S+ +makes the owner's account/);
	assert.ok(processes(demo).length > 6);
	process.kill(-demo.child.pid, 'SIGINT'); // a terminal sends it to all
	assert.equal((await reader.waitClose(SLOW_MS)).code, 1001);
	const { code } = await demo.ended(SLOW_MS);
	assert.equal(code, 0, demo.err);
	assert.deepEqual(processes(demo), []);
	assert.deepEqual(readdirSync(demo.dir), []);
});

test('an instance that is killed is started again at its address, and kill -9 of the demo leaves nothing', async (t) => {
	const demo = await startReady(t);
	const { token } = await command(demo.balancer, 'session.start', { guest: fresh('Guest') });
	process.kill(demo.instances[0].pid, 'SIGKILL');
	await until(SLOW_MS, 'the instance to be started again', () => /one ended by signal 9, and was started again/.test(demo.out));
	await until(SLOW_MS, 'the instance', () => get(demo.instances[0], '/readyz').then(({ status }) => status === 200, () => false), 50);
	await command(demo.instances[0], 'room.create', { name: fresh('room') }, { token });
	demo.child.kill('SIGKILL');
	await until(SLOW_MS, 'the processes to end', () => processes(demo).length === 0, 50);
	assert.deepEqual(readdirSync(demo.dir), []);
});

test('a part that does not start ends it with its reason, and nothing is left', async (t) => {
	const demo = start(t, '/bin/false');
	const { code, err } = await demo.ended(SLOW_MS);
	assert.equal(code, 1);
	assert.match(err, /cluster-demo: one ended/);
	assert.deepEqual(processes(demo), []);
	assert.deepEqual(readdirSync(demo.dir), []);
});

// The real HAProxy before a server, on a port of its own, for one test.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceManager } from './env.mjs';
import { temporaryDir } from './server.mjs';
import { until } from './wait.mjs';

// backend: the lines of its one backend; mode tcp or http; front: more lines of its frontend. Gives {url, port, said()} when it listens.
export function haproxyFor(t, backend, { mode = 'tcp', front = '' } = {}) {
	return haproxyWith(t, `
		defaults
			mode ${mode}
			timeout connect 5s
			timeout client 20s
			timeout server 20s
		frontend front
			bind fd@3
			${front}
			default_backend back
		backend back
			${backend}
	`);
}

// The same with a configuration of its own, which binds fd@3.
export function haproxyWith(t, text) {
	const config = join(temporaryDir(), 'haproxy.cfg');
	writeFileSync(config, `${text.replace(/^\s+/gm, '')}\n`);
	return haproxyOf(t, config);
}

// The same with a file that is there, and more of its environment: what the file binds is told to be fd@3 in it.
export async function haproxyOf(t, config, env = {}) {
	// It listens on the socket that it is started with. Debian keeps it where only root looks.
	const child = spawn(serviceManager, ['stream', 'haproxy', '-db', '-f', config], { env: { ...process.env, ...env, PATH: `${process.env.PATH}:/usr/sbin` } });
	let said = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text) => {
			said += text;
		});
	}
	const exited = new Promise((resolve) => {
		child.on('close', resolve);
	});
	t.after(async () => {
		child.kill('SIGKILL');
		await exited;
	});
	await until(30000, 'HAProxy', () => {
		if (child.exitCode !== null) {
			throw new Error(`HAProxy ended:\n${said}`);
		}
		return /port \d+/.test(said);
	});
	const port = Number(/port (\d+)/.exec(said)[1]);
	return { port, url: `http://127.0.0.1:${port}`, said: () => said };
}

// The real nginx before a server, on a port of its own, for one test.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { temporaryDir } from './server.mjs';
import { freePort } from './tcp.mjs';
import { until } from './wait.mjs';

const TRIES = 5; // a port that is free now may be somebody's a moment later

const accepts = (port) => new Promise((resolve) => {
	const socket = net.connect(port, '127.0.0.1', () => {
		socket.destroy();
		resolve(true);
	}).on('error', () => resolve(false));
});

// One process that stays in the foreground and keeps its files in `dir`.
const main = (dir, recipe) => `
	daemon off;
	master_process off;
	pid ${dir}/nginx.pid;
	error_log ${dir}/error.log;
	events { worker_connections 4096; }
	http {
		access_log ${dir}/access.log;
		${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join('\n')}
		${recipe}
	}
`;

async function start(t, recipeFor) {
	const dir = temporaryDir();
	const port = await freePort();
	const config = join(dir, 'nginx.conf');
	mkdirSync(join(dir, 'logs'), { recursive: true });
	writeFileSync(config, main(dir, recipeFor(`127.0.0.1:${port}`, dir)));
	const child = spawn('nginx', ['-p', dir, '-e', join(dir, 'error.log'), '-c', config], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }, stdio: ['ignore', 'pipe', 'pipe'] });
	const exited = new Promise((resolve) => {
		child.on('close', resolve);
		child.on('error', resolve);
	});
	t.after(async () => {
		child.kill('SIGKILL');
		await exited;
	});
	const isUp = await until(10000, 'nginx', async () => (child.exitCode !== null ? 'ended' : accepts(port)), 20);
	if (isUp === 'ended') {
		throw new Error(`nginx ended:\n${readFileSync(join(dir, 'error.log'), 'utf8')}`);
	}
	return { port, url: `http://127.0.0.1:${port}`, said: () => ['access', 'error'].map((name) => readFileSync(join(dir, `${name}.log`), 'utf8')).join('') };
}

// recipeFor(address, dir) gives what stands in its http block, listening there; files that it includes by name are in dir. Gives {url, port, said()}: what its logs have.
export async function nginxFor(t, recipeFor) {
	for (let i = 1; ; i++) {
		try {
			return await start(t, recipeFor);
		} catch (e) {
			if (i === TRIES || !/Address already in use/.test(e.message)) {
				throw e;
			}
		}
	}
}

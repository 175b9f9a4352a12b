// HAProxy and nginx as deploy/ has them, before several servers, for one test.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from './env.mjs';
import { haproxyOf } from './haproxy.mjs';
import { nginxFor } from './nginx.mjs';

const deployed = (name) => join(projectDir, 'deploy', name);
const withSocket = (balancer) => ({ ...balancer, wsUrl: `${balancer.url.replace('http', 'ws')}/ws` });

// Gives {url, port, wsUrl, said()}. servers: what has a port, or the words of a `server` line. env: more of the file's variables.
export async function haproxyBefore(t, servers, env = {}) {
	const words = servers.map((server, i) => [`PARLEY_${i + 1}`, typeof server === 'string' ? server : `127.0.0.1:${server.port}`]);
	return withSocket(await haproxyOf(t, deployed('haproxy.cfg'), { PARLEY_BIND: 'fd@3', ...Object.fromEntries(words), ...env }));
}

// Gives {url, port, wsUrl, said()}.
export async function nginxBefore(t, servers) {
	return withSocket(await nginxFor(t, (address, dir) => {
		mkdirSync(join(dir, 'parley'), { recursive: true });
		writeFileSync(join(dir, 'parley', 'instances.conf'), servers.map(({ port }) => `server 127.0.0.1:${port} max_fails=1 fail_timeout=2s;\n`).join(''));
		writeFileSync(join(dir, 'parley', 'listen.conf'), `listen ${address};\n`);
		return `include ${deployed('nginx.conf')};`;
	}));
}

export const BALANCERS = { HAProxy: haproxyBefore, nginx: nginxBefore };

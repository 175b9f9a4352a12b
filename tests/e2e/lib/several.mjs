// Several instances of the server behind a balancer, which a test cannot tell from one server. TEST_INSTANCES=3, beside TEST_DATABASE=postgresql: each server of the fixture is
// three processes on one database and one Redis, behind HAProxy with deploy/haproxy.cfg. Connections go to the instances in turn, so that two of a test meet on two of them.
// What is about one process is listed in tests/e2e/one_instance_only, and tests/run leaves it out.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { join } from 'node:path';
import { projectDir } from './env.mjs';
import { until } from './wait.mjs';

export const nInstances = Number(process.env.TEST_INSTANCES || 1);
assert.ok(nInstances === 1 || process.env.TEST_DATABASE === 'postgresql', `TEST_INSTANCES=${nInstances}: several need TEST_DATABASE=postgresql`);

const HOST = '127.0.0.1';
const LINGER_MS = 2000; // for what an instance sent at its end, until clients have read it

let redis; // one for this process: databases differ, and with them the channels

async function redisUrl() {
	const { Redis } = await import('./redis.mjs');
	redis ??= Redis.start();
	return (await redis).url();
}

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// A socket that listens. The port of a server that has ended a moment ago may still be its balancer's.
function listen(port) {
	return until(30000, `port ${port} to be free`, () => new Promise((resolve, reject) => {
		const listener = net.createServer().on('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
		listener.listen(port, HOST, () => resolve(listener));
	}));
}

class Balancer {
	// Clients may connect at once: the socket, which HAProxy is handed, listens already.
	static async start(port, instances) {
		const balancer = new Balancer();
		const listener = await listen(port);
		balancer.url = `http://${HOST}:${listener.address().port}`;
		// A check of their health would be one more connection that a test counts.
		const places = Object.fromEntries(instances.map((instance, i) => [`PARLEY_${i + 1}`, `${HOST}:${instance.port} no-check`]));
		const settings = { PARLEY_BIND: 'fd@3', PARLEY_BALANCE: 'roundrobin', PARLEY_CONNECTIONS: '4000', ...places };
		const child = spawn('haproxy', ['-db', '-f', join(projectDir, 'deploy', 'haproxy.cfg')], {
			env: { PATH: `${process.env.PATH}:/usr/sbin`, ...settings }, stdio: ['ignore', 'pipe', 'pipe', listener._handle], // node hands over nothing else of a socket that listens
		});
		listener.close();
		running.add(child);
		balancer.child = child;
		balancer.said = '';
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding('utf8').on('data', (text) => { balancer.said += text; });
			stream.unref();
		}
		child.unref();
		child.on('error', (error) => { balancer.said += error.message; });
		child.on('close', () => running.delete(child));
		return balancer;
	}

	assertRuns() {
		assert.ok(running.has(this.child), `HAProxy ended:\n${this.said}`);
	}

	// It takes no connections any more, and ends with those that it has.
	leave() {
		this.child.kill('SIGUSR1');
		setTimeout(() => this.child.kill('SIGKILL'), LINGER_MS).unref();
	}
}

// Has what a Server has, but for what is about one process (its id, its memory).
export class Several {
	// start(i, args) gives a promise of an instance, which has these options as well.
	static async start(start, port) {
		const args = ['--trusted-proxy', HOST, '--redis', await redisUrl()];
		const begun = await Promise.allSettled(Array.from({ length: nInstances }, (_, i) => start(i, args)));
		const failed = begun.find(({ status }) => status === 'rejected');
		const instances = begun.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
		if (failed) {
			await Promise.all(instances.map((instance) => instance.kill()));
			throw failed.reason;
		}
		return new Several(instances, await Balancer.start(port, instances));
	}

	constructor(instances, balancer) {
		this.instances = instances;
		this.balancer = balancer;
		this.exited = Promise.all(instances.map(({ exited }) => exited)).then(() => {
			balancer.leave();
			return this.exit;
		});
		this.stdout = '';
		this.stderr = '';
		instances.forEach((instance) => this.join(instance));
	}

	// Their lines, in the order in which they come.
	join(instance) {
		for (const name of ['stdout', 'stderr']) {
			let taken = 0;
			const take = (end) => {
				this[name] += instance[name].slice(taken, end);
				taken = end;
			};
			const takeLines = () => take(Math.max(taken, instance[name].lastIndexOf('\n') + 1));
			takeLines();
			instance.child[name].on('data', takeLines);
			instance.child[name].on('end', () => take(instance[name].length));
		}
	}

	get url() {
		return this.balancer.url;
	}

	get addresses() {
		return [this.url];
	}

	get port() {
		return Number(new URL(this.url).port);
	}

	get wsUrl() {
		return `${this.url.replace(/^http/, 'ws')}/ws`;
	}

	// The operator's socket and the data directory are those of the first.
	get operatorSocket() {
		return this.instances[0].operatorSocket;
	}

	get dataDir() {
		return this.instances[0].dataDir;
	}

	// How they ended: as the first one that did not end well.
	get exit() {
		const exits = this.instances.map(({ exit }) => exit);
		return exits.every(Boolean) ? exits.find(({ code }) => code !== 0) ?? exits[0] : undefined;
	}

	// Of all together.
	fds() {
		return this.instances.reduce((sum, instance) => sum + instance.fds(), 0);
	}

	assertNoReport() {
		this.instances.forEach((instance) => instance.assertNoReport());
	}

	signal(name) {
		this.instances.forEach((instance) => instance.signal(name));
	}

	async all(method) {
		if (!this.exit) {
			this.balancer.assertRuns();
		}
		await Promise.all(this.instances.map((instance) => instance[method]()));
		return this;
	}

	stop() {
		return this.all('stop');
	}

	kill() {
		return this.all('kill');
	}

	waitExit() {
		return this.all('waitExit');
	}
}

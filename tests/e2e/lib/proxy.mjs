// A TCP proxy between a client and the server, for bad networks: it delays, stalls, black-holes, resets, and writes byte by byte.
import net from 'node:net';
import { sleep } from './env.mjs';

export class Pipe {
	constructor(proxy, client, server) {
		this.proxy = proxy;
		this.client = client;
		this.server = server;
		this.toServer = this.carry(client, server, 'toServer');
		this.toClient = this.carry(server, client, 'toClient');
		for (const socket of [client, server]) {
			socket.setNoDelay(true);
			socket.on('error', () => {});
			socket.on('close', () => this.end());
		}
	}

	// One direction: a chain of promises keeps the order whatever each piece has to wait for.
	carry(from, to, direction) {
		const lane = { from, queue: Promise.resolve(), bytes: 0 };
		from.on('data', (chunk) => {
			if (this.proxy.swallow[direction]) {
				this.proxy.swallowed[direction] += chunk.length;
				return;
			}
			lane.bytes += chunk.length;
			this.receive(chunk, lane, to, direction);
		});
		from.on('end', () => {
			lane.queue = lane.queue.then(() => to.end());
		});
		if (this.proxy.stalled[direction]) {
			from.pause();
		}
		return lane;
	}

	receive(chunk, lane, to, direction) {
		const dueMs = performance.now() + this.proxy.delaysMs[direction];
		lane.queue = lane.queue.then(() => this.deliver(chunk, to, dueMs));
	}

	// The delay is the way's length and not its width: what came together arrives together.
	async deliver(chunk, to, dueMs) {
		for (let restMs; (restMs = dueMs - performance.now()) > 0;) {
			await sleep(Math.ceil(restMs));
		}
		if (!this.proxy.byteByByte) {
			to.write(chunk);
			return;
		}
		for (const byte of chunk) {
			to.write(Buffer.of(byte));
			await new Promise((resolve) => setImmediate(resolve));
		}
	}

	reset() {
		this.client.resetAndDestroy();
		this.server.resetAndDestroy();
	}

	end() {
		this.client.destroy();
		this.server.destroy();
		this.proxy.pipes.delete(this);
	}
}

export class Proxy {
	constructor(targetPort) {
		this.targetPort = targetPort;
		this.pipes = new Set();
		this.delaysMs = { toServer: 0, toClient: 0 };
		this.byteByByte = false;
		this.swallowed = { toServer: 0, toClient: 0 }; // bytes
		this.swallow = { toServer: false, toClient: false }; // read and thrown away: a black hole that still acknowledges TCP
		this.stalled = { toServer: false, toClient: false }; // not read: the sender's buffers fill
	}

	static async start(targetPort) {
		const proxy = new this(targetPort);
		proxy.listener = net.createServer((client) => {
			const server = net.connect(proxy.targetPort, '127.0.0.1');
			proxy.pipes.add(proxy.makePipe(client, server));
		});
		await proxy.listen(0);
		return proxy;
	}

	// Takes connections: also again, after close(), on the port that it had.
	listen(port) {
		return new Promise((resolve) => this.listener.listen(port, '127.0.0.1', resolve));
	}

	makePipe(client, server) {
		return new Pipe(this, client, server);
	}

	// Each way takes so long.
	set delayMs(ms) {
		this.delaysMs = { toServer: ms, toClient: ms };
	}

	get port() {
		return this.listener.address().port;
	}

	get url() {
		return `http://127.0.0.1:${this.port}`;
	}

	get wsUrl() {
		return `ws://127.0.0.1:${this.port}/ws`;
	}

	// Nothing passes any more, nobody is told.
	blackHole() {
		this.swallow = { toServer: true, toClient: true };
	}

	heal() {
		this.swallow = { toServer: false, toClient: false };
	}

	stall(direction) {
		this.stalled[direction] = true;
		for (const pipe of this.pipes) {
			pipe[direction].from.pause();
		}
	}

	flow(direction) {
		this.stalled[direction] = false;
		for (const pipe of this.pipes) {
			pipe[direction].from.resume();
		}
	}

	resetAll() {
		for (const pipe of [...this.pipes]) {
			pipe.reset();
		}
	}

	async close() {
		for (const pipe of [...this.pipes]) {
			pipe.end();
		}
		await new Promise((resolve) => this.listener.close(resolve));
	}
}

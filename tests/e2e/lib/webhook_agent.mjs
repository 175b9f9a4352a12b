// The sender of webhooks in a process of its own (tests/webhook/webhook_agent.c): what it is told, and what it tells; and receivers for it.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildDir } from './env.mjs';
import { until, within } from './wait.mjs';

const WAIT_MS = 60000;
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export class WebhookAgent {
	constructor(args, env) {
		this.told = [];
		this.log = '';
		this.nNames = 0;
		this.child = spawn(join(buildDir, 'tests', 'webhook', 'webhook_agent'), args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
		createInterface({ input: this.child.stdout }).on('line', (line) => this.told.push(JSON.parse(line)));
		this.child.stderr.setEncoding('utf8').on('data', (text) => { this.log += text; });
		this.child.stdin.on('error', () => {});
		this.ended = new Promise((resolve) => { this.child.on('close', (code, signal) => resolve(code ?? signal)); });
	}

	// For one test. It has to end well, also with sanitizers. `allow`: networks and hosts.
	static for(t, { allow = ['127.0.0.0/8', '::1'], options = [], env = {} } = {}) {
		const agent = new WebhookAgent([...options, ...allow], env);
		t.after(() => agent.close());
		return agent;
	}

	// Gives how long it took to close the sender.
	async close() {
		this.child.stdin.end();
		const status = await within(WAIT_MS, 'the sender to end', this.ended);
		if (status !== 0) {
			throw new Error(`the sender ended with ${status}:\n${this.log}`);
		}
		return this.told.at(-1).closed_ms;
	}

	say(...words) {
		this.child.stdin.write(`${words.join(' ')}\n`);
	}

	endpoint(url, { timeoutMs = 15000, caFile = '-', secrets = ['-'] } = {}) {
		const name = `e${this.nNames++}`;
		this.say('endpoint', name, url, timeoutMs, caFile, ...secrets);
		return name;
	}

	wait(what, check) {
		return until(WAIT_MS, what, () => {
			if (this.child.exitCode !== null && !check()) {
				throw new Error(`the sender ended with ${this.child.exitCode}:\n${this.log}`);
			}
			return check();
		});
	}

	outcome(id) {
		return this.wait(`the outcome of ${id}`, () => this.told.find((each) => each.done === id));
	}

	post(endpoint, id, body = '{}') {
		this.say('post', endpoint, id, body);
		return this.outcome(id);
	}

	// Posts and gives the outcome.
	async flood(endpoint, count, nBytes) {
		const since = this.told.length;
		this.say('flood', endpoint, count, nBytes);
		return this.wait('the flood to end', () => this.told.slice(since).find((each) => each.flooded === endpoint));
	}
}

// A server that keeps what it got: {method, url, headers, body, socket}. `answer(request, response, got)` replies.
export async function receiver(t, answer = (request, response) => response.end('fine'), make = createServer) {
	const got = [];
	const sockets = new Set();
	const server = make((request, response) => {
		const chunks = [];
		request.on('data', (chunk) => chunks.push(chunk)).on('error', () => {}).on('end', () => {
			const one = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString(), httpVersion: request.httpVersion, port: request.socket?.remotePort };
			got.push(one);
			answer(request, response, one);
		});
	});
	server.on('connection', (socket) => { sockets.add(socket); socket.on('error', () => {}).on('close', () => sockets.delete(socket)); });
	server.on('sessionError', () => {});
	server.on('tlsClientError', () => {});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => { server.close(); sockets.forEach((socket) => socket.destroy()); });
	const { port } = server.address();
	return { got, server, sockets, port, url: (path = '/', host = '127.0.0.1', scheme = 'http') => `${scheme}://${host}:${port}${path}` };
}

// The rows of outgoing webhooks: how fast a backlog goes out and what it costs the server, how long an event takes to a receiver, and what the chat's own deliveries cost meanwhile.
import http from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuOf, load, start, stop, withParley } from './lib.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const ROOMS = 50;
const AT_ONCE = 64; // requests that fill the rooms
const DRAIN_SECONDS_MAX = 120;
const OTHERS = ['--rooms', 50, '--readers', 10, '--publishers', 50, '--rate', 200, '--warmup', 1];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

class Asker {
	constructor(url) {
		this.url = new URL(url);
		this.agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
	}

	ask(command, data) {
		return new Promise((resolve, reject) => {
			const headers = { 'content-type': 'application/json', ...(this.token ? { authorization: `Bearer ${this.token}` } : {}) };
			const request = http.request({ host: this.url.hostname, port: this.url.port, path: `/api/v1/${command}`, method: 'POST', agent: this.agent, headers }, (response) => {
				const parts = [];
				response.on('data', (part) => parts.push(part)).on('end', () => {
					const text = Buffer.concat(parts).toString();
					if (response.statusCode === 200) resolve(JSON.parse(text).data);
					else reject(new Error(`${command}: ${response.statusCode} ${text}`));
				});
			});
			request.on('error', reject);
			request.end(JSON.stringify(data));
		});
	}

	async signUp() {
		this.token = (await this.ask('account.create', { name: 'Webhooks', password: 'correct horse battery' })).token;
		this.rooms = [];
		for (let i = 0; i < ROOMS; i++)
			this.rooms.push((await this.ask('room.create', { name: `webhooks ${i}` })).id);
	}

	// n messages over all rooms, as fast as they are answered.
	async fill(n) {
		let i = 0;
		const lane = async () => {
			while (i < n)
				await this.ask('message.send', { room: this.rooms[i++ % ROOMS], text: 'x'.repeat(160) });
		};
		await Promise.all(Array.from({ length: AT_ONCE }, lane));
	}
}

// `before`: words in front of it.
async function sinkOf(n, before = []) {
	const [program, ...words] = [...before, process.execPath, join(here, 'webhook_sink.mjs'), n];
	const { child, match } = await start(1, program, words, /^ports (.*)\n/);
	let out = '';
	child.stdout.on('data', (text) => { out += text; });
	return {
		urls: match[1].split(' ').map((port) => `http://127.0.0.1:${port}/`),
		stop: () => stop(child),
		async tell(word) {
			out = '';
			child.stdin.write(`${word}\n`);
			while (!out.endsWith('\n'))
				await sleep(1);
			return JSON.parse(out);
		},
		async until(n) {
			for (const from = nowMs(); nowMs() - from < DRAIN_SECONDS_MAX * 1000; await sleep(20)) {
				if ((await this.tell('count')).n >= n)
					return;
			}
			throw new Error(`only ${(await this.tell('count')).n} of ${n} events came`);
		},
	};
}

const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

const webhooksOn = (parleyd, use) => withParley(parleyd, async (server) => {
	const asker = new Asker(server.url);
	await asker.signUp();
	return use(server, asker);
}, { more: ['--webhook-allow', '127.0.0.1', '--limit-account-webhooks', '500'] });

const createAll = (asker, sink, more) => Promise.all(sink.urls.map((url, i) =>
	asker.ask('webhook.create', { name: `endpoint ${i}`, url, filter: { types: ['message.created'] }, ...more })));

/** A backlog of n events goes to `endpoints` receivers. @returns {Promise<{rate: number, cpu_us: number, repeated: number, out_of_order: number}>} */
export const drained = (parleyd, { n, endpoints, order }) => webhooksOn(parleyd, async (server, asker) => {
	const sink = await sinkOf(endpoints);
	try {
		await asker.fill(n);
		const cpu = cpuOf(server.pid);
		await createAll(asker, sink, { order, from: 'start' });
		await sink.until(n * endpoints);
		const { at: _, ...came } = await sink.tell('end');
		return { ...came, rate: came.n / (came.last_ms - came.first_ms) * 1000, cpu_us: (cpuOf(server.pid) - cpu) / came.n * 1e6 };
	} finally {
		await sink.stop();
	}
});

/** From the sender's answer, which comes after the commit, to the receiver. It is below 0 where the receiver was first. @returns {Promise<{n: number, p50: number, p99: number}>} */
export const delayed = (parleyd, { rate, seconds }) => webhooksOn(parleyd, async (_, asker) => {
	const sink = await sinkOf(1);
	try {
		await createAll(asker, sink, { order: 'any', from: 'end' });
		await asker.fill(ROOMS); // connections are there
		await sink.until(ROOMS);
		await sink.tell('end');
		const acknowledged = new Map();
		const pending = [];
		const from = nowMs();
		for (let i = 0; i < rate * seconds; i++) {
			await sleep(Math.max(0, from + i * 1000 / rate - nowMs()));
			const room = asker.rooms[i % ROOMS];
			pending.push(asker.ask('message.send', { room, text: 'x'.repeat(160) }).then(({ seq }) => acknowledged.set(`${room}/${seq}`, nowMs())));
		}
		await Promise.all(pending);
		await sink.until(acknowledged.size);
		const { at } = await sink.tell('end');
		const delays = [...acknowledged].map(([key, ms]) => at[key] - ms);
		return { n: delays.length, p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) };
	} finally {
		await sink.stop();
	}
});

/** The chat's own deliveries, alone and while a backlog of n events goes out to each of some endpoints. */
export const beside = (parley, parleyd, { n, endpoints, seconds }) => webhooksOn(parleyd, async (server, asker) => {
	const sink = await sinkOf(endpoints, ['chrt', '-o', '0']); // never before `parley bench`, which looks at its clock on the same core
	try {
		await asker.fill(n);
		const alone = await load(parley, server, [...OTHERS, '--seconds', seconds]);
		await createAll(asker, sink, { order: 'any', from: 'start' });
		const meanwhile = await load(parley, server, [...OTHERS, '--seconds', seconds]);
		const went = await sink.tell('count');
		return { alone, meanwhile, rate: went.n / (went.last_ms - went.first_ms) * 1000, over: went.n >= n * endpoints };
	} finally {
		await sink.stop();
	}
});

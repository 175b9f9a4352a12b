// The rows of outgoing webhooks: how fast a backlog goes out and what it costs the server, how long an event takes to a receiver, and what the chat's own deliveries cost meanwhile.
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuOf, load, start, stop, withParley } from './lib.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const ROOMS = 50;
const WEBHOOKS_OF_ONE = 500;
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

	async signUp(name) {
		this.token = (await this.ask('account.create', { name, password: 'correct horse battery' })).token;
	}

	async makeRooms() {
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

// `before`: words in front of it; `bad`: what else it has than n good endpoints (webhook_sink.mjs).
async function sinkOf(n, { before = [], bad = [] } = {}) {
	const [program, ...words] = [...before, process.execPath, join(here, 'webhook_sink.mjs'), n, ...bad];
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

const webhooksOn = (parleyd, use, more = []) => withParley(parleyd, async (server) => {
	const asker = new Asker(server.url);
	await asker.signUp('Webhooks');
	await asker.makeRooms();
	return use(server, asker);
}, { more: ['--webhook-allow', '127.0.0.1', '--limit-account-webhooks', `${WEBHOOKS_OF_ONE}`, ...more] });

const createEach = (asker, urls, more, name = 'endpoint') => Promise.all(urls.map((url, i) =>
	asker.ask('webhook.create', { name: `${name} ${i}`, url, filter: { types: ['message.created'] }, ...more })));
const createAll = (asker, sink, more) => createEach(asker, sink.urls, more);

// Messages at a steady rate. From the sender's answer to each of the endpoints, in ms.
async function delaysOf(asker, sink, { rate, seconds, endpoints }) {
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
	await sink.until(acknowledged.size * endpoints);
	const { at } = await sink.tell('end');
	return [...acknowledged].flatMap(([key, ms]) => at[key].map((came) => came - ms));
}

const rssMib = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

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
		const delays = await delaysOf(asker, sink, { rate, seconds, endpoints: 1 });
		return { n: delays.length, p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) };
	} finally {
		await sink.stop();
	}
});

/** The chat's own deliveries, alone and while a backlog of n events goes out to each of some endpoints. */
export const beside = (parley, parleyd, { n, endpoints, seconds }) => webhooksOn(parleyd, async (server, asker) => {
	const sink = await sinkOf(endpoints, { before: ['chrt', '-o', '0'] }); // never before `parley bench`, which looks at its clock on the same core
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

/** How long events take to some endpoints, with bad ones beside them, and the server's memory at the end. @returns {Promise<{p99: number, rss_mib: number}>} */
export const troubled = (parleyd, { endpoints, bad, rate, seconds }) => webhooksOn(parleyd, async (server, asker) => {
	const sink = await sinkOf(endpoints, { bad });
	try {
		await createAll(asker, sink, { order: 'any', from: 'end' });
		await delaysOf(asker, sink, { rate, seconds: 2, endpoints }); // connections are there
		const delays = await delaysOf(asker, sink, { rate, seconds, endpoints });
		return { p99: percentile(delays, 0.99), rss_mib: rssMib(server.pid) };
	} finally {
		await sink.stop();
	}
});

/**
 * What `dead` endpoints cost in an hour, beside some that are well. The schedule is made shorter so that an hour of it is `seconds` long, and what happens in an hour happens meanwhile:
 * `events` of them. What the time itself costs, with nothing to do but to wait, is measured apart and taken for a whole hour.
 * @returns {Promise<{busy_s: number, idle_s: number, share: number, failed: number, rss_mib: number}>} processor seconds for an hour of the one and of the other; share of
 *   a core; attempts that failed
 */
export const deadFor = (parleyd, { dead, good, seconds, events }) => webhooksOn(parleyd, async (server, asker) => {
	const sink = await sinkOf(good, { bad: ['failing'] });
	try {
		const nothing = 'http://127.0.0.1:1/'; // refuses connections
		await createEach(asker, sink.urls.slice(0, good), { order: 'any', from: 'end' });
		for (let left = dead; left > 0; left -= WEBHOOKS_OF_ONE) {
			const owner = new Asker(server.url);
			await owner.signUp(`Owner of ${left}`);
			await Promise.all(asker.rooms.map((room) => owner.ask('room.join', { room })));
			const urls = Array.from({ length: Math.min(left, WEBHOOKS_OF_ONE) }, (_, i) => i % 2 ? nothing : sink.urls[good]);
			await createEach(owner, urls, { order: 'any', from: 'end' }, 'dead');
		}
		await sleep(2000);
		let cpu = cpuOf(server.pid);
		await sleep(5000);
		const idle_s = (cpuOf(server.pid) - cpu) / 5 * 3600;
		cpu = cpuOf(server.pid);
		for (let i = 0, from = nowMs(); i < events; i++) {
			await sleep(Math.max(0, from + i * seconds * 1000 / events - nowMs()));
			await asker.ask('message.send', { room: asker.rooms[i % ROOMS], text: 'x'.repeat(160) });
		}
		await sink.until(events * good);
		const busy_s = cpuOf(server.pid) - cpu;
		const failed = Number(/^parley_webhook_failed_total (\d+)/m.exec(await (await fetch(`${server.url}/metrics`)).text())[1]);
		return { busy_s, idle_s, share: (busy_s + idle_s) / 3600, failed, rss_mib: rssMib(server.pid) };
	} finally {
		await sink.stop();
	}
}, ['--webhook-retry-ms', Math.max(1, Math.round(5000 * seconds / 3600))]);

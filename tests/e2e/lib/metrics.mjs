// What a server counts: /metrics, read strictly.
import assert from 'node:assert/strict';
import { get } from './http.mjs';
import { until } from './wait.mjs';

// name{labels} -> number
export function parseMetrics(text) {
	const values = new Map();
	for (const line of text.split('\n')) {
		if (line === '' || line.startsWith('#')) {
			continue;
		}
		const [, name, value] = /^([a-z_0-9]+(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? assert.fail(`not a metric: ${line}`);
		assert.ok(!Number.isNaN(Number(value)), line);
		assert.ok(!values.has(name), `twice: ${name}`);
		values.set(name, Number(value));
	}
	return values;
}

// Of several instances: the sums.
export async function metricsOf(server) {
	if (!server.instances) {
		return metricsOfOne(server);
	}
	const sums = new Map();
	for (const values of await Promise.all(server.instances.map(metricsOfOne))) {
		values.forEach((value, name) => sums.set(name, (sums.get(name) ?? 0) + value));
	}
	return sums;
}

async function metricsOfOne(server) {
	const answer = await get(server, '/metrics');
	assert.equal(answer.status, 200);
	assert.match(answer.headers['content-type'], /^text\/plain; *version=0\.0\.4/);
	return parseMetrics(answer.text);
}

// What grows while a server is at work, other than by our asking; each answer takes it some turns of its loop.
const WORK = ['requests', 'events_in', 'deliveries', 'sweep_writes', 'log_pages', 'commits'].map((name) => `parley_${name}_total`);
const LOOKS = 20;

// Waits until `name` has grown by at least `n` since `before`, and then until the server is at rest: it does nothing that it could do now. Gives the metrics.
export async function restAfter(server, before, name, n) {
	let last = '';
	let calm = 0;
	return until(60000, `${name} to grow by ${n}, and the server to come to rest`, async () => {
		const now = await metricsOf(server);
		const work = JSON.stringify(WORK.map((each) => now.get(each)));
		calm = work === last && now.get('parley_store_waiting') === 0 ? calm + 1 : 0;
		last = work;
		return now.get(name) - before.get(name) >= n && calm >= LOOKS && now;
	});
}

// Waits until check(metrics) gives something true; gives the metrics.
export const untilMetrics = (server, what, check) => until(30000, what, async () => {
	const now = await metricsOf(server);
	return check(now) && now;
});

// Waits until `name` has grown by `n` since `before` (connections are counted when they are gone, a moment later), and not by more.
export async function grownBy(server, before, name, n) {
	const grown = async () => (await metricsOf(server)).get(name) - before.get(name);
	await until(30000, `${name} to grow by ${n}`, async () => (await grown()) >= n);
	assert.equal(await grown(), n, name);
}

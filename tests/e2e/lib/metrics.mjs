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

export async function metricsOf(server) {
	const answer = await get(server, '/metrics');
	assert.equal(answer.status, 200);
	assert.match(answer.headers['content-type'], /^text\/plain; *version=0\.0\.4/);
	return parseMetrics(answer.text);
}

// Waits until `name` has grown by `n` since `before` (connections are counted when they are gone, a moment later), and not by more.
export async function grownBy(server, before, name, n) {
	const grown = async () => (await metricsOf(server)).get(name) - before.get(name);
	await until(10000, `${name} to grow by ${n}`, async () => (await grown()) >= n);
	assert.equal(await grown(), n, name);
}

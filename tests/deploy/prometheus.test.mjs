// What Prometheus and Grafana are given: its form, and that it asks for what a server really serves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import yaml from 'js-yaml';
import { haproxyBefore } from '../e2e/lib/balancers.mjs';
import { projectDir } from '../e2e/lib/env.mjs';
import { get } from '../e2e/lib/http.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { serverFor, startServer, temporaryDir } from '../e2e/lib/server.mjs';
import { until } from '../e2e/lib/wait.mjs';

const FOLDER = join(projectDir, 'deploy', 'prometheus');
const TESTS = join(projectDir, 'tests', 'deploy', 'alerts.yaml');
const read = (path) => readFileSync(path, 'utf8');
const rules = yaml.load(read(join(FOLDER, 'alerts.yaml'))).groups.flatMap((group) => group.rules);
const panels = JSON.parse(read(join(FOLDER, 'grafana.json'))).panels;

let served;
before(async () => {
	const server = await startServer();
	served = await metricsOf(server);
	await server.stop();
});

// The names without labels, as a query names them.
const servedNames = () => new Set([...served.keys()].map((key) => key.replace(/\{.*/, '')));
const namedIn = (query) => query.match(/\bparley_\w+/g) ?? [];

function promtool(...args) {
	const said = spawnSync('promtool', args, { encoding: 'utf8' });
	assert.equal(said.status, 0, `promtool ${args.join(' ')}\n${said.error ?? ''}${said.stdout}${said.stderr}`);
}

test('Prometheus takes the configuration and its rules', () => {
	promtool('check', 'config', join(FOLDER, 'scrape.yaml'));
});

test('each alert fires and stays silent where it has to', () => {
	promtool('test', 'rules', TESTS);
	const cases = yaml.load(read(TESTS)).tests.flatMap((each) => each.alert_rule_test);
	for (const { alert } of rules) {
		const expected = cases.filter((each) => each.alertname === alert).map((each) => each.exp_alerts.length > 0);
		assert.deepEqual(new Set(expected), new Set([true, false]), `${alert} is not tested both ways`);
	}
});

test('each alert has a paragraph in OPERATING.md, and each paragraph an alert', () => {
	const titles = [...read(join(projectDir, 'deploy', 'OPERATING.md')).matchAll(/^#+ (Parley[A-Z]\w+)\n\n(?=\S)/gm)].map((match) => match[1]);
	assert.deepEqual(titles, rules.map((rule) => rule.alert));
	for (const { alert, annotations, labels } of rules) {
		assert.equal(annotations.runbook, `deploy/OPERATING.md#${alert.toLowerCase()}`);
		assert.ok(['page', 'ticket'].includes(labels.severity), alert);
	}
});

test('alerts and panels ask for metrics and labels that a server serves', () => {
	const queries = [...rules.map((rule) => rule.expr), ...panels.flatMap((panel) => (panel.targets ?? []).map((target) => target.expr))];
	assert.ok(queries.length > rules.length + 10);
	for (const query of queries) {
		for (const name of namedIn(query)) {
			assert.ok(servedNames().has(name), `${name} in ${query}`);
		}
		for (const [, label] of query.matchAll(/\b(code="\w+")/g)) {
			assert.ok([...served.keys()].some((key) => key.includes(`{${label}}`)), `${label} in ${query}`);
		}
	}
});

test('what an alert asks of HAProxy says whether an instance is ready', async (t) => {
	const { expr } = rules.find((rule) => rule.alert === 'ParleyNoInstanceReady');
	const [, name, proxy] = /^(haproxy_\w+)\{.*(proxy="\w+")\} == 0$/.exec(expr);
	const socketPath = join(temporaryDir(), 'operators.sock');
	const server = await serverFor(t);
	await haproxyBefore(t, [server], { PARLEY_BALANCER_OPS: `unix@${socketPath}` });
	const said = async () => existsSync(socketPath) && (await get({ socketPath }, '/metrics')).text.split('\n').find((line) => line.startsWith(`${name}{${proxy}}`));
	await until(30000, 'an instance to be ready', async () => / 1$/.test(await said()));
	await server.stop();
	await until(30000, 'no instance to be ready', async () => / 0$/.test(await said()));
});

test('Prometheus takes each panel\'s query', () => {
	const targets = panels.flatMap((panel) => panel.targets ?? []);
	const asRule = ({ expr }, i) => ({ record: `panel:${i}`, expr: expr.replaceAll('$job', 'parley').replaceAll('$__rate_interval', '1m') });
	const file = join(temporaryDir(), 'panels.yaml');
	writeFileSync(file, yaml.dump({ groups: [{ name: 'panels', rules: targets.map(asRule) }] }));
	promtool('check', 'rules', file);
});

test('panels have a title, and do not lie over each other', () => {
	assert.equal(new Set(panels.map((panel) => panel.id)).size, panels.length);
	const places = new Set();
	for (const { title, gridPos: { x, y, w, h } } of panels) {
		assert.ok(title);
		for (let i = x; i < x + w; i++) {
			for (let j = y; j < y + h; j++) {
				assert.ok(i < 24 && !places.has(`${i} ${j}`), title);
				places.add(`${i} ${j}`);
			}
		}
	}
});

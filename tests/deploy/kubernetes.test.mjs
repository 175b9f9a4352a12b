// deploy/kubernetes: its form, by the types of Kubernetes' own description; that its parts name each other; and that a server takes what it is given there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import yaml from 'js-yaml';
import { projectDir } from '../e2e/lib/env.mjs';
import { get } from '../e2e/lib/http.mjs';
import { metricsOf } from '../e2e/lib/metrics.mjs';
import { clusterFor } from '../e2e/lib/postgres.mjs';
import { runServer, serverFor, temporaryDir } from '../e2e/lib/server.mjs';

const execute = promisify(execFile);
const FOLDER = join(projectDir, 'deploy', 'kubernetes');
const read = (name) => yaml.load(readFileSync(join(FOLDER, name), 'utf8'));
const modules = join(projectDir, 'tests', 'node_modules');
// What is no object of Kubernetes, but of a program that reads it.
const OTHERS = new Set(['kustomization.yaml', 'scrape.yaml', 'adapter.yaml']);
const names = readdirSync(FOLDER).filter((name) => !OTHERS.has(name));
const objects = Object.fromEntries(names.map((name) => [read(name).kind, read(name)]));
const { Deployment, Service, Ingress, ConfigMap, HorizontalPodAutoscaler, PodDisruptionBudget, NetworkPolicy } = objects;
const pod = Deployment.spec.template;
const [container] = pod.spec.containers;

// What tsc has to say of manifests: {name: object}.
async function typesSay(manifests) {
	const dir = temporaryDir();
	mkdirSync(join(dir, 'node_modules'));
	symlinkSync(join(modules, 'kubernetes-types'), join(dir, 'node_modules', 'kubernetes-types'));
	const text = Object.values(manifests).map((object, i) => {
		const from = object.apiVersion.replace(/\.k8s\.io\//, '/');
		return `import type { ${object.kind} as T${i} } from 'kubernetes-types/${from === 'v1' ? 'core/v1' : from}';\nexport const object${i}: T${i} = ${JSON.stringify(object, null, 1)};\n`;
	});
	writeFileSync(join(dir, 'manifests.ts'), text.join('\n'));
	const tsc = join(modules, 'typescript', 'bin', 'tsc');
	const said = await execute('node', [tsc, '--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler', 'manifests.ts'], { cwd: dir }).catch((error) => error);
	return said.stdout;
}

test('each file is applied, and each object is what Kubernetes takes', async () => {
	assert.deepEqual([...read('kustomization.yaml').resources].sort(), [...names].sort());
	assert.equal(await typesSay(objects), '');
});

test('a field that Kubernetes does not know is found', async () => {
	const wrong = structuredClone(Deployment);
	wrong.spec.template.spec.containers[0].livenesProbe = {};
	assert.match(await typesSay({ wrong }), /livenesProbe/);
});

test('the objects name each other', () => {
	for (const object of Object.values(objects)) {
		assert.deepEqual([object.metadata.name, object.metadata.labels], ['parley', pod.metadata.labels], object.kind);
	}
	const spread = pod.spec.topologySpreadConstraints.map((each) => each.labelSelector.matchLabels);
	for (const labels of [Deployment.spec.selector.matchLabels, Service.spec.selector, PodDisruptionBudget.spec.selector.matchLabels, NetworkPolicy.spec.podSelector.matchLabels, ...spread]) {
		assert.deepEqual(labels, pod.metadata.labels);
	}
	const ports = container.ports.map((port) => port.name);
	const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe].map((probe) => probe.httpGet.port);
	const opened = NetworkPolicy.spec.ingress.flatMap((rule) => rule.ports.map((port) => port.port));
	for (const port of [...Service.spec.ports.map((each) => each.targetPort), ...probes, ...opened]) {
		assert.ok(ports.includes(port), port);
	}
	const { service } = Ingress.spec.rules[0].http.paths[0].backend;
	assert.deepEqual([service.name, service.port.name], [Service.metadata.name, Service.spec.ports[0].name]);
	assert.deepEqual(Ingress.spec.tls[0].hosts, [Ingress.spec.rules[0].host]);
	const { apiVersion, kind, name } = HorizontalPodAutoscaler.spec.scaleTargetRef;
	assert.deepEqual([apiVersion, kind, name], [Deployment.apiVersion, Deployment.kind, Deployment.metadata.name]);
	assert.deepEqual(container.volumeMounts.map((each) => each.name), pod.spec.volumes.map((each) => each.name));
	assert.equal(pod.spec.volumes.find((each) => each.configMap).configMap.name, ConfigMap.metadata.name);
	assert.match(ConfigMap.data['parleyd.conf'], new RegExp(`^origin = https://${Ingress.spec.rules[0].host}$`, 'm'));
});

test('the pod is the image\'s: its user, its ports, its version', () => {
	const dockerfile = readFileSync(join(projectDir, 'deploy', 'Dockerfile'), 'utf8');
	assert.equal(`${pod.spec.securityContext.runAsUser}`, /^USER (\d+)$/m.exec(dockerfile)[1]);
	for (const [name, variable] of [['http', 'LISTEN'], ['ops', 'LISTEN_OPS']]) {
		const port = new RegExp(`PARLEY_${variable}=:(\\d+)`).exec(dockerfile)[1];
		assert.equal(container.ports.find((each) => each.name === name).containerPort, Number(port));
	}
	assert.equal(container.image.split(':')[1], /image.version="(.*)"/.exec(dockerfile)[1]);
	assert.match(yaml.load(readFileSync(join(projectDir, 'deploy', 'compose.yaml'), 'utf8')).services.one.image, new RegExp(`^${container.image}$`));
});

// The files of a pod in a folder: configuration and secrets where its volumes have them.
function podFiles(url) {
	const dir = temporaryDir();
	let text = ConfigMap.data['parleyd.conf'].replace(/^database = .*/m, `database = ${url}`).replace(/^redis = .*/m, `redis = unix:${join(dir, 'no-redis.sock')}`);
	const mount = container.volumeMounts.find((each) => each.name === 'secrets').mountPath;
	text = text.replace(new RegExp(`= ${mount}/(\\S+)`, 'g'), (_, file) => {
		writeFileSync(join(dir, file), 'secret\n', { mode: 0o600 });
		return `= ${join(dir, file)}`;
	});
	writeFileSync(join(dir, 'parleyd.conf'), text);
	return dir;
}

test('a server takes the configuration; its probes answer while Redis is away; the time to end is enough', async (t) => {
	const cluster = await clusterFor(t, { durable: false });
	const dir = podFiles(cluster.url());
	const given = container.args.map((arg) => arg.replace('/etc/parley', dir).replace('/data', temporaryDir()));
	assert.deepEqual(given.filter((arg) => arg.startsWith('--')), ['--config', '--data']);
	const server = await serverFor(t, { args: ['--config', given[1], '--database-allow-asynchronous-commit', 'on'], dataDir: given[3] });
	for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
		assert.equal((await get(server, container[probe].httpGet.path)).status, 200, probe);
	}
	const ms = (name) => Number(new RegExp(`^${name}-ms = (\\d+)$`, 'm').exec(ConfigMap.data['parleyd.conf'])[1]);
	assert.ok(1000 * pod.spec.terminationGracePeriodSeconds >= 2 * (ms('drain-grace') + ms('drain')));
	const { stdout: help } = await runServer(['--help']);
	for (const [, name] of ConfigMap.data['parleyd.conf'].matchAll(/^([a-z-]+) = /gm)) {
		assert.ok(help.includes(`--${name}=`), name);
	}
	const metric = HorizontalPodAutoscaler.spec.metrics[0].pods.metric.name;
	assert.ok((await metricsOf(server)).has(metric));
	assert.ok(read('adapter.yaml').rules[0].seriesQuery.startsWith(`${metric}{`));
	assert.ok(Number(HorizontalPodAutoscaler.spec.metrics[0].pods.target.averageValue) <= Number(/^limit-connections = (\d+)$/m.exec(ConfigMap.data['parleyd.conf'])[1]) / 2);
});

// Debian's promtool is built without the search for pods: the rest is checked.
test('Prometheus in the cluster: its labels are what the adapter asks for', async () => {
	const scrape = read('scrape.yaml');
	const [job] = scrape.scrape_configs;
	const file = join(temporaryDir(), 'scrape.yaml');
	assert.deepEqual(Object.keys(job.kubernetes_sd_configs[0]), ['role']);
	writeFileSync(file, yaml.dump({ scrape_configs: [{ ...job, kubernetes_sd_configs: undefined }] }, { skipInvalid: true }));
	await execute('promtool', ['check', 'config', file]);
	const made = job.relabel_configs.map((each) => each.target_label).filter(Boolean);
	assert.deepEqual(made, Object.keys(read('adapter.yaml').rules[0].resources.overrides));
	const [kept] = job.relabel_configs;
	assert.equal(kept.regex, `${pod.metadata.labels['app.kubernetes.io/name']};${container.readinessProbe.httpGet.port}`);
});

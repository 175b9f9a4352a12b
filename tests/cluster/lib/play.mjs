// A scene with its load, and what one fault does to it.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import test, { after, before } from 'node:test';
import { scaled, sleep } from '../../e2e/lib/env.mjs';
import { assertWhole } from '../../faults/lib/checker.mjs';
import { assertState } from '../../postgresql/lib/pair.mjs';
import { Load } from './load.mjs';
import { Scene, times } from './scene.mjs';

const SIZE = { nClients: times(60, 3000), nRooms: times(10, 200), nStreams: times(2, 6), perSecond: times(60, 200), nProcesses: times(1, 3) };
const AROUND_MS = times(500, 2000); // load before the fault, and after it when all is whole
const AT_TOP_MS = 10000;

const count = (value) => `${value ?? '-'}`;
const ms = (value) => (value === undefined ? '-' : `${Math.round(value)}`);
const part = (sorted, of) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))];

export class Play {
	static async open() {
		const play = new Play();
		play.scene = await Scene.open();
		try {
			play.load = await Load.gather({ balancer: play.scene.balancer, ...SIZE });
			await play.load.take();
			await play.assertSpread();
		} catch (error) {
			await play.close();
			throw error;
		}
		return play;
	}

	async close() {
		await this.load?.end();
		await this.scene.close();
	}

	// Everybody is connected, and each instance has a good part of them.
	async assertSpread() {
		const counts = await Promise.all(this.scene.instances.map((instance) => instance.metric('parley_connections')));
		assert.ok(counts.every((n) => n > SIZE.nClients / 5), `connections at the instances: ${counts}`);
	}

	// The database holds together, by SQL, and by the server itself.
	async finish() {
		const [{ server }] = this.scene.instances;
		await this.load.each('leave');
		await assertState({ rows: (sql) => this.scene.rows(sql) });
		await assertWhole(server);
	}

	// Gives a row of the table; its faults: what does not hold. Whatever happened, the next one can follow.
	async run({ name, bus, make, delayMs, isSmooth = false }) {
		const { scene, load } = this;
		const row = { name, faults: [] };
		const failed = (error) => row.faults.push(error.message);
		try {
			await scene.useBus(bus);
		} catch (error) {
			failed(error);
			return row;
		}
		const before = await load.take();
		await load.startSending();
		await sleep(AROUND_MS);
		const watch = scene.watchBus();
		const began = performance.now();
		let mended;
		try {
			row.told = await make(scene);
			mended = performance.now();
			await scene.untilWhole();
		} catch (error) {
			failed(error);
			await scene.repair().catch(failed);
			mended ??= performance.now();
		}
		await sleep(AROUND_MS);
		await load.stopSending().catch(failed);
		const { first, last } = await watch.stop();
		const stopped = performance.now();
		const { acknowledged, faults } = await load.check(scene.instances[0].server);
		row.checkMs = performance.now() - stopped;
		row.faults.push(...faults);
		const taken = await load.take();
		const { delays } = taken;
		Object.assign(row, {
			acknowledged, nDeliveries: delays.length, lateMs: taken.lateMs, p50Ms: part(delays, 0.5), p99Ms: part(delays, 0.99), longestMs: delays.at(-1),
			degradedMs: first === undefined ? undefined : first - began, wholeMs: last === undefined ? undefined : Math.max(0, last - mended),
		});
		for (const each of ['nConnections', 'nDeferred', 'nFailed']) {
			row[each] = taken[each] - before[each];
		}
		row.faults.push(...broken(row, { delayMs, isSmooth }));
		return row;
	}
}

// What took too long, or happened too seldom or too often.
function broken({ acknowledged, nDeliveries, checkMs, longestMs, nFailed, told }, { delayMs, isSmooth }) {
	const limits = {
		'few messages went on': acknowledged > 0 && nDeliveries > acknowledged,
		[`everybody was at the top after ${ms(checkMs)} ms`]: checkMs < scaled(AT_TOP_MS),
		[`a message took ${ms(longestMs)} ms`]: longestMs < scaled(delayMs),
		[`${nFailed} attempts to connect failed`]: nFailed === 0 || !isSmooth,
		[`${ms(told?.tookMs)} ms ${told?.what}`]: !told || told.tookMs < scaled(told.withinMs),
	};
	return Object.keys(limits).filter((fault) => !limits[fault]);
}

// Each with what it takes from a row.
const COLUMN = {
	fault: ({ name }) => name,
	sent: ({ acknowledged }) => count(acknowledged),
	delivered: ({ nDeliveries }) => count(nDeliveries),
	'came back': ({ nConnections }) => count(nConnections),
	deferred: ({ nDeferred }) => count(nDeferred),
	failed: ({ nFailed }) => count(nFailed),
	'p50 ms': ({ p50Ms }) => ms(p50Ms),
	'p99 ms': ({ p99Ms }) => ms(p99Ms),
	'longest ms': ({ longestMs }) => ms(longestMs),
	'load ms': ({ lateMs }) => ms(lateMs),
	'degraded ms': ({ degradedMs }) => ms(degradedMs),
	'whole ms': ({ wholeMs }) => ms(wholeMs),
	holds: ({ faults }) => (faults.length === 0 ? 'yes' : 'NO'),
};
export const COLUMNS = Object.keys(COLUMN);
export const cells = (row) => Object.values(COLUMN).map((cell) => cell(row));
export const describe = (row) => cells(row).map((cell, i) => `${COLUMNS[i]} ${cell}`).slice(1).join(', ') + (row.told ? `; ${ms(row.told.tookMs)} ms ${row.told.what}` : '');

// A test of each fault.
export function testFaults(faults) {
	let play;
	before(async () => {
		play = await Play.open();
	}, { timeout: 300000 });
	after(() => play?.close());
	for (const fault of faults) {
		test(fault.name, { timeout: 300000 }, async (t) => {
			const row = await play.run(fault);
			t.diagnostic(describe(row));
			assert.deepEqual(row.faults, []);
		});
	}
	test('the database holds together', { timeout: 300000 }, () => play.finish());
}

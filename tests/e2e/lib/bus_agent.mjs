// A bus over Redis in a process of its own (tests/bus/bus_agent.c): what it is told, and what it tells.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildDir } from './env.mjs';
import { until, within } from './wait.mjs';

const WAIT_MS = 30000;

export class BusAgent {
	constructor(args) {
		this.told = []; // objects, in the order in which they came
		this.log = '';
		this.child = spawn(join(buildDir, 'tests', 'bus', 'bus_agent'), args, { stdio: ['pipe', 'pipe', 'pipe'] });
		createInterface({ input: this.child.stdout }).on('line', (line) => this.told.push(JSON.parse(line)));
		this.child.stderr.setEncoding('utf8').on('data', (text) => { this.log += text; });
		this.child.stdin.on('error', () => {});
		this.ended = new Promise((resolve) => { this.child.on('close', (code, signal) => resolve(code ?? signal)); });
	}

	// For one test. It has to end well, also with sanitizers.
	static for(t, ...args) {
		const agent = new BusAgent(args);
		t.after(async () => {
			agent.child.stdin.end();
			const status = await within(WAIT_MS, 'the bus to end', agent.ended);
			if (status !== 0 && status !== 'SIGKILL') {
				throw new Error(`the bus ended with ${status}:\n${agent.log}`);
			}
		});
		return agent;
	}

	say(...words) {
		this.child.stdin.write(`${words.join(' ')}\n`);
	}

	get states() {
		return this.told.filter((each) => each.state !== undefined);
	}

	get last() {
		return this.states.at(-1);
	}

	isWhole() {
		if (this.child.exitCode !== null) {
			throw new Error(`the bus ended with ${this.child.exitCode}`);
		}
		return this.last?.state === 2;
	}

	whole() {
		return until(WAIT_MS, 'the bus to be whole', () => this.isWhole()).catch((late) => { throw new Error(`${late.message}\n${this.log}`); });
	}

	// Waits until it is degraded; gives why.
	degraded(why = /./) {
		return until(WAIT_MS, `the bus to be degraded because of ${why}`, () => this.last?.state === 1 && why.test(this.last.why) && this.last.why)
			.catch((late) => { throw new Error(`${late.message}: ${JSON.stringify(this.last)}\n${this.log}`); });
	}

	// How many times it was told that the channel is heard.
	nHeard(channel) {
		return this.told.filter((each) => each.hears === channel).length;
	}

	async follow(channel) {
		const n = this.nHeard(channel);
		this.say('follow', channel);
		await until(WAIT_MS, `channel ${channel} to be heard`, () => this.nHeard(channel) > n);
	}

	// Waits until it is told that it hears all of these channels, from place `since` of what it tells on.
	async hearsAll(channels, since = 0) {
		await until(WAIT_MS, `${channels.length} channels to be heard`, () => {
			const heard = new Set(this.told.slice(since).map((each) => each.hears));
			return channels.every((channel) => heard.has(channel));
		}).catch((late) => { throw new Error(`${late.message}: ${JSON.stringify(this.last)}\n${this.log}`); });
	}

	// The channels on which this text arrived.
	heardOn(text) {
		return new Set(this.told.filter((each) => each.text === text).map((each) => each.arrived));
	}

	// Waits until it counts so many instances.
	async counts(n) {
		await until(WAIT_MS, `${n} instances`, async () => (await this.status()).instances === n, 50);
	}

	arrived(channel) {
		return this.told.filter((each) => each.arrived === channel);
	}

	async gets(channel, text) {
		await until(WAIT_MS, `"${text}" on channel ${channel}`, () => this.arrived(channel).some((each) => each.text === text));
	}

	async status() {
		const n = this.told.length;
		this.say('status');
		return until(WAIT_MS, 'the status', () => this.told.slice(n).find((each) => each.status !== undefined));
	}
}

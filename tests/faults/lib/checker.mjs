// What must hold after every fault, proved from the participants' own records and the log as the server gives it out.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { clientBinary } from '../../e2e/lib/env.mjs';
import { command, post } from '../../e2e/lib/http.mjs';
import { run } from '../../e2e/lib/server.mjs';
import { until } from '../../e2e/lib/wait.mjs';

// All events of a room, as their bytes: index 0 is seq 1. raws: those that were given out before; more are appended.
export async function exportRoom(server, room, raws = []) {
	for (;;) {
		const { text, json } = await post({ socketPath: server.operatorSocket }, 'admin.export', { room, after: raws.length, limit: 200 });
		assert.equal(json?.type, 'ok', text);
		let at = text.indexOf('"events":[') + '"events":['.length;
		for (const event of json.data.events) {
			assert.equal(event.seq, raws.length + 1, 'the seqs of the log are contiguous');
			// the bytes of the event, cut out of the answer
			const raw = wholeObject(text, at);
			assert.deepEqual(JSON.parse(raw), event);
			raws.push(raw);
			at += raw.length + 1;
		}
		if (!json.data.more) {
			return raws;
		}
	}
}

function wholeObject(text, from) {
	let depth = 0;
	let inString = false;
	for (let i = from; i < text.length; i++) {
		const c = text[i];
		if (inString) {
			if (c === '\\') {
				i++;
			} else if (c === '"') {
				inString = false;
			}
		} else if (c === '"') {
			inString = true;
		} else if (c === '{') {
			depth++;
		} else if (c === '}' && --depth === 0) {
			return text.slice(from, i + 1);
		}
	}
	return assert.fail('no whole object');
}

// Waits until everybody is at the top of the log; gives its last seq.
export async function allAtTop(server, participants, timeoutMs = 20000, known = []) {
	const { room } = participants[0];
	const { length: last } = await exportRoom(server, room, known);
	for (const participant of participants) {
		await until(timeoutMs, `${participant.name} to reach seq ${last} (at ${participant.last})`, () => participant.last >= last);
	}
	return last;
}

// The messages of the log by who sent them and their client_id, which is there once.
function messagesByClientId(log) {
	const found = new Map();
	for (const event of log.map((raw) => JSON.parse(raw)).filter((e) => e.type === 'message.created' && e.data.client_id)) {
		const key = `${event.data.author.id} ${event.data.client_id}`;
		assert.ok(!found.has(key), `client_id ${event.data.client_id} is twice in the log: seq ${found.get(key)?.seq} and ${event.seq}`);
		found.set(key, event);
	}
	return found;
}

// How many of its acknowledged messages are in the log. Those may be missing that were acknowledged before the database went back.
function countFound({ name, user, acknowledged, gaps }, byClientId) {
	const nBefore = gaps.at(-1)?.nAcknowledged ?? 0;
	let n = 0;
	for (const [i, { client_id, seq, id }] of acknowledged.entries()) {
		const event = byClientId.get(`${user.id} ${client_id}`);
		if (event) {
			assert.deepEqual([event.seq, event.id], [seq, id], `${name}: acknowledged as another than it is in the log`);
			n++;
		} else {
			assert.ok(i < nBefore, `${name}: acknowledged as seq ${seq}, but not in the log`);
		}
	}
	return n;
}

// Every acknowledged message is in the log exactly once, and each participant saw every seq once, in order, in the log's own bytes.
// nRestored: so many times the database went back; each was told so, and then saw everything of what it has.
// known: of the log, from an earlier time; what is new in it is appended.
export async function assertRecords(server, participants, { nRestored = 0, known = [] } = {}) {
	await allAtTop(server, participants, undefined, known);
	const log = await exportRoom(server, participants[0].room, known);
	const byClientId = messagesByClientId(log);
	const counts = { acknowledged: 0, found: 0, events: log.length };
	for (const participant of participants) {
		const { name, seen, gaps, acknowledged } = participant;
		assert.deepEqual(gaps.map(({ data }) => data.reason), Array(nRestored).fill('restored'), `${name} was told of other gaps`);
		counts.acknowledged += acknowledged.length;
		counts.found += countFound(participant, byClientId);
		let last;
		for (const { seq, raw } of seen) {
			assert.ok(last === undefined || seq === last + 1, `${name} saw seq ${seq} right after ${last}`);
			assert.equal(raw, log[seq - 1], `${name} saw other bytes of seq ${seq} than the log has`);
			last = seq;
		}
		assert.ok(seen.length === 0 || last >= log.length, `${name} ended at ${last} of ${log.length}`);
	}
	return counts;
}

// The store is whole, by the server's own command and by the command-line client.
export async function assertWhole(server) {
	const { faults } = await command({ socketPath: server.operatorSocket }, 'admin.verify', {});
	assert.deepEqual(faults, []);
	if (existsSync(clientBinary)) {
		const verify = await run(clientBinary, ['admin', 'verify', '--data', server.dataDir]);
		assert.equal(verify.code, 0, verify.stdout + verify.stderr);
	}
}

// Descriptors are back at what they were, once everybody has left.
export async function assertDescriptors(server, before) {
	await until(30000, `${before} descriptors`, () => server.fds() <= before + 1, 100).catch((late) => {
		throw new Error(`${late.message}; open are ${server.describeFds()}`);
	});
}

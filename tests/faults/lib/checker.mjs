// What must hold after every fault, proved from the participants' own records and the log as the server gives it out.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { clientBinary } from '../../e2e/lib/env.mjs';
import { command, post } from '../../e2e/lib/http.mjs';
import { run } from '../../e2e/lib/server.mjs';
import { until } from '../../e2e/lib/wait.mjs';

// All events of a room, as their bytes: index 0 is seq 1.
export async function exportRoom(server, room) {
	const raws = [];
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
export async function allAtTop(server, participants, timeoutMs = 20000) {
	const { room } = participants[0];
	const tops = await exportRoom(server, room);
	const last = tops.length;
	for (const participant of participants) {
		await until(timeoutMs, `${participant.name} to reach seq ${last} (at ${participant.last})`, () => participant.last >= last);
	}
	return last;
}

// Every acknowledged message is in the log exactly once, and each participant saw every seq once, in order, in the log's own bytes.
export async function assertRecords(server, participants) {
	await allAtTop(server, participants);
	const log = await exportRoom(server, participants[0].room);
	const events = log.map((raw) => JSON.parse(raw));
	const byClientId = new Map();
	for (const event of events.filter((e) => e.type === 'message.created' && e.data.client_id)) {
		const key = `${event.data.author.id} ${event.data.client_id}`;
		assert.ok(!byClientId.has(key), `client_id ${event.data.client_id} is twice in the log: seq ${byClientId.get(key)?.seq} and ${event.seq}`);
		byClientId.set(key, event);
	}
	let n = 0;
	for (const participant of participants) {
		for (const { client_id, seq, id } of participant.acknowledged) {
			const event = byClientId.get(`${participant.user.id} ${client_id}`);
			assert.ok(event, `${participant.name}: acknowledged as seq ${seq}, but not in the log`);
			assert.deepEqual([event.seq, event.id], [seq, id], `${participant.name}: acknowledged as another than it is in the log`);
			n++;
		}
		assert.deepEqual(participant.gaps, [], `${participant.name} was told of a gap`);
		let last;
		for (const { seq, raw } of participant.seen) {
			assert.ok(last === undefined || seq === last + 1, `${participant.name} saw seq ${seq} right after ${last}`);
			assert.equal(raw, log[seq - 1], `${participant.name} saw other bytes of seq ${seq} than the log has`);
			last = seq;
		}
		assert.ok(participant.seen.length === 0 || last >= log.length, `${participant.name} ended at ${last} of ${log.length}`);
	}
	return { acknowledged: n, events: log.length };
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

// What people read of the recorded posts in tests/hook/golden/, through a server: the posts come as their senders send them.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fresh } from './lib/client.mjs';
import { command, post, request } from './lib/http.mjs';
import { startServer } from './lib/server.mjs';

const golden = new URL('../hook/golden/', import.meta.url);
const read = (path) => readFileSync(new URL(path, golden), 'utf8');
const EVENT_FIELDS = { github: 'X-GitHub-Event', gitlab: 'X-Gitlab-Event' };
const REFUSED = { '(no text)': 'no_text', '(invalid payload)': 'invalid_payload' };

// A golden output begins with lines of what else the post asks for.
function expectedOf(text) {
	const as = {};
	let rest = text;
	for (let found; (found = /^(name|icon): (.*)\n/.exec(rest)); rest = rest.slice(found[0].length)) {
		as[found[1]] = found[2];
	}
	return { as: Object.keys(as).length > 0 ? as : undefined, text: rest.trim() };
}

async function postAll(server, adapter, token) {
	for (const file of readdirSync(new URL(`${adapter}/`, golden)).filter((name) => name.endsWith('.json'))) {
		const path = `${adapter}/${file.slice(0, -'.json'.length)}`;
		const room = await command(server, 'room.create', { name: fresh('golden') }, { token });
		const template = existsSync(new URL(`${path}.template`, golden)) ? { template: read(`${path}.template`).trim() } : {};
		const { url } = await command(server, 'hook.create', { room: room.id, name: 'Recorded', ...template }, { token });
		const headers = { 'Content-Type': 'application/json', ...(EVENT_FIELDS[adapter] ? { [EVENT_FIELDS[adapter]]: file.split('.')[0] } : {}) };
		const answer = await request(server, 'POST', `${url}/${adapter}`, { body: read(`${path}.json`), headers });
		const expected = expectedOf(read(`${path}.txt`));
		const { events } = await command(server, 'history.read', { room: room.id, limit: 200 }, { token });
		const messages = events.filter(({ type }) => type === 'message.created').map(({ data }) => ({ as: data.as, text: data.text }));
		const is_refused = REFUSED[expected.text];
		assert.deepEqual([answer.status, answer.text], is_refused ? [400, is_refused] : [200, 'ok'], path);
		assert.deepEqual(messages, is_refused || expected.text === '(nothing)' ? [] : [expected], path);
	}
}

test('what people read of each recorded post is what its adapter makes of it', async (t) => {
	const server = await startServer();
	const { token } = await command(server, 'account.create', { name: fresh('Owner'), password: 'correct horse battery' });
	for (const adapter of readdirSync(golden)) {
		await t.test(adapter, () => postAll(server, adapter, token));
	}
	await server.stop();
});

test('a template with a brace that is not closed is refused, with what is wrong', async (t) => {
	const server = await startServer();
	t.after(() => server.stop());
	const { token } = await command(server, 'account.create', { name: fresh('Owner'), password: 'correct horse battery' });
	const room = await command(server, 'room.create', { name: fresh('room') }, { token });
	const make = (template) => post(server, 'hook.create', { room: room.id, name: 'Sign-ups', template }, { token });
	for (const template of ['{user.name signed up', 'a {', '{a} {b']) {
		const { status, json } = await make(template);
		assert.deepEqual([status, json.data.code, json.data.field], [400, 'invalid_request', 'template'], template);
		assert.match(json.data.message, /has no \}/);
	}
	for (const template of ['{user.name} signed up', '{{a', 'a}']) {
		assert.equal((await make(template)).status, 200, template);
	}
});

// The connection is lost around a COMMIT: the client that asked is told what the database has, never the opposite.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fresh } from '../e2e/lib/client.mjs';
import { command } from '../e2e/lib/http.mjs';
import { isCommit, isCommitted, isSecondGroup } from '../e2e/lib/postgres_proxy.mjs';
import { until, within } from '../e2e/lib/wait.mjs';
import { Stage, outcome, summary, times } from './lib/stage.mjs';

const CUTS = times(10, 200);
const STAGES = times(2, 4); // at the same time, because a connection that is lost again soon is made after a pause that grows

// The answer to a request that was cut comes a moment before the server counts the database as back.
const ask = (stage, ...request) => until(60000, 'the database to be back', () => command(stage.server, ...request).catch(({ answer }) => assert.equal(answer.status, 503)));
const guest = (stage) => ask(stage, 'session.start', { guest: fresh('Guest') });

// Each prepares, gives what to ask, how its transaction is recognised, and how often the database has what was asked for.
const OPERATIONS = {
	async 'message.send'({ room, sender }) {
		const text = fresh('said');
		return { data: { room, text }, token: sender.token, mark: text, count: `FROM event WHERE strpos(json, '"${text}"') > 0` };
	},
	async 'account.create'() {
		const name = fresh('Account');
		return { data: { name, password: 'correct horse battery' }, mark: name, count: `FROM account WHERE name = '${name}'` };
	},
	async 'room.create'({ sender }) {
		const name = fresh('another');
		return { data: { name }, token: sender.token, mark: name, count: `FROM room WHERE name = '${name}'` };
	},
	async 'room.join'(stage) {
		const { token, user } = await guest(stage);
		return { data: { room: stage.room }, token, mark: user.name, count: `FROM member m JOIN account a ON a.no = m.user_no WHERE a.name = '${user.name}'` };
	},
	async 'account.logout'(stage) {
		const { token, user } = await guest(stage);
		return { data: {}, token, mark: 'DELETE FROM token', count: `FROM account a WHERE name = '${user.name}' AND NOT EXISTS (SELECT 1 FROM token t WHERE t.user_no = a.no)` };
	},
};

const TYPES = Object.keys(OPERATIONS);

// The first message that matches, at or after one that has the mark.
function once(mark, matches) {
	let isBegun = false;
	return (message) => {
		isBegun ||= message.direction === 'toServer' && (message.text.includes(mark) || message.bytes.includes(mark));
		return isBegun && matches(message);
	};
}

// meanwhile() is given what was caught.
async function cutWhile(stage, type, matches, how, meanwhile = () => {}) {
	const { data, token, mark, count } = await OPERATIONS[type](stage);
	const cut = stage.proxy.cutAt(matches === isSecondGroup ? matches : once(mark, matches), how);
	const asked = outcome(stage.server, type, data, token).catch((error) => assert.fail(`${error.message}\n${stage.server.stderr.slice(-4000)}`));
	await meanwhile(await within(30000, 'the cut', cut));
	const answer = await asked;
	const n = Number(await stage.query(`SELECT count(*) ${count}`));
	assert.equal(n, answer === 'ok' ? 1 : 0, `${type} was answered ${answer}, and is there ${n} times\n${stage.server.stderr.slice(-2000)}`);
	return answer;
}

// With a room that the writers do not use, and somebody who sends there.
async function open(t, nWriters) {
	const stage = await Stage.open(t, { proxied: true });
	await stage.invite({ nWriters, lanes: 1, pauseMs: 50 });
	stage.sender = await guest(stage);
	stage.room = (await command(stage.server, 'room.create', { name: 'quiet' }, { token: stage.sender.token })).id;
	return stage;
}

async function report(t, stages, answers) {
	const sum = { acknowledged: 0, found: 0, duplicates: 0, undecided: 0 };
	for (const stage of stages) {
		const counts = await stage.check();
		assert.equal(counts.found, counts.acknowledged);
		stage.assertStayed();
		sum.undecided += stage.nLogged('store.decided');
		for (const name of ['acknowledged', 'found', 'duplicates']) {
			sum[name] += counts[name];
		}
	}
	t.diagnostic(`answers: ${JSON.stringify(Object.fromEntries([...new Set(answers)].map((answer) => [answer, answers.filter((each) => each === answer).length])))}`);
	t.diagnostic(`${sum.undecided} commits looked up; ${sum.acknowledged} acknowledged, ${sum.found} found, ${sum.duplicates} as duplicates`);
}

test(`${CUTS} cuts, half of them before COMMIT and half before its answer`, { timeout: 900000 }, async (t) => {
	const stages = await Promise.all(Array.from({ length: STAGES }, () => open(t, 2)));
	const answers = [];
	const ms = [];
	await Promise.all(stages.map(async (stage, s) => {
		for (let i = s; i < CUTS; i += STAGES) {
			const n = Math.floor(i / STAGES);
			const isBefore = (s + Math.floor(n / TYPES.length)) % 2 === 0;
			const began = performance.now();
			answers.push(await cutWhile(stage, TYPES[n % TYPES.length], isBefore ? isCommit : isCommitted, 'end'));
			ms.push(Math.round(performance.now() - began));
		}
	}));
	t.diagnostic(`from the request to its answer: ${summary(ms)} ms (least / median / most)`);
	await report(t, stages, answers);
});

// The client gave the connection up; what it had sent is still on the way, and the server takes it.
const LATE = times(5, 20);
// Connections that are made again and again come more and more slowly, and the server ends a transaction that stands still after 2.5 s.
const AWAITED_OR_OVER = `SELECT 1 FROM (SELECT bool_or(wait_event_type = 'Lock') AS awaited, bool_or(state = 'idle in transaction') AS open
	FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) AS now WHERE awaited OR open IS NOT TRUE`;

test(`${LATE} commits that arrive late, when another connection asks what became of them`, { timeout: 600000 }, async (t) => {
	const stage = await open(t, 0);
	const answers = [];
	for (let i = 0; i < LATE; i++) {
		answers.push(await cutWhile(stage, TYPES[i % TYPES.length], isSecondGroup, 'late', async ({ deliver }) => {
			await until(30000, 'somebody to wait for what is still open, or the server to end it for standing still', () => stage.query(AWAITED_OR_OVER));
			deliver();
		}));
	}
	t.diagnostic(`answers: ${answers.join(' ')}`);
});

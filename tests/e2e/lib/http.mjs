// HTTP as a bot with a small client library sees it: one request per connection, no cookies or redirects by themselves.
import http from 'node:http';
import https from 'node:https';
import { until, within } from './wait.mjs';

// What operators ask an instance itself, not the balancer before it.
const OPERATORS = new Set(['/healthz', '/readyz', '/metrics']);

// target: a Server or {url} or {socketPath}; localAddress with a url is the address to come from (127.0.0.2 …).
export function request(place, method, path, { headers = {}, body, timeoutMs = 30000 } = {}) {
	const target = OPERATORS.has(path) && place.instances ? place.instances[0] : place;
	const to = target.socketPath ? { socketPath: target.socketPath } : { host: '127.0.0.1', port: new URL(target.url).port, localAddress: target.localAddress };
	const secure = !target.socketPath && target.url.startsWith('https');
	const answer = new Promise((resolve, reject) => {
		const req = (secure ? https : http).request({ ...to, method, path, headers, agent: false, rejectUnauthorized: false }, (res) => {
			const chunks = [];
			res.on('data', (chunk) => chunks.push(chunk));
			res.on('error', reject);
			res.on('end', () => {
				const bytes = Buffer.concat(chunks);
				resolve({ status: res.statusCode, headers: res.headers, bytes, text: bytes.toString('utf8') });
			});
		});
		req.on('error', reject);
		if (method === 'POST' && body === undefined) {
			req.setHeader('Content-Length', '0');
		}
		req.end(body);
	});
	return within(timeoutMs, `${method} ${path}`, answer);
}

export const get = (target, path, options) => request(target, 'GET', path, options);

// The answer of /readyz once it has this status: what a probe found is told to all who ask within a second.
export async function untilReadyIs(target, status) {
	let answer;
	await until(30000, `/readyz to answer ${status}`, async () => {
		answer = await get(target, '/readyz');
		return answer.status === status;
	});
	return answer;
}

// POST /api/v1/TYPE. `token` becomes a bearer token, `cookie` a cookie with its Origin (origin: null sends none).
export async function post(target, type, data = {}, { token, cookie, origin, headers = {}, body, contentType = 'application/json', timeoutMs } = {}) {
	const all = { ...headers };
	if (contentType) {
		all['Content-Type'] = contentType;
	}
	if (token) {
		all.Authorization = `Bearer ${token}`;
	}
	if (cookie) {
		all.Cookie = cookie;
	}
	const from = origin === undefined && cookie ? target.url : origin;
	if (from) {
		all.Origin = from;
	}
	const answer = await request(target, 'POST', `/api/v1/${type}`, { headers: all, body: body ?? JSON.stringify(data), timeoutMs });
	try {
		answer.json = JSON.parse(answer.text);
	} catch {
		answer.json = undefined;
	}
	return answer;
}

// The same, for steps that must succeed: gives the data.
export async function command(target, type, data, options) {
	const answer = await post(target, type, data, options);
	if (answer.status !== 200 || answer.json?.type !== 'ok') {
		throw Object.assign(new Error(`${type}: ${answer.status} ${answer.text}`), { answer });
	}
	return answer.json.data;
}

// "name=value" of the session cookie of a response.
export function sessionCookie(answer) {
	const line = (answer.headers['set-cookie'] ?? []).find((cookie) => /parley_session(_\d+)?=/.test(cookie));
	return line?.split(';')[0];
}

// An event stream: events are {id, event, data (parsed), raw}; comments are kept apart.
export class EventStream {
	constructor() {
		this.events = [];
		this.comments = [];
		this.ended = false;
		this.listeners = new Set();
		this.partial = '';
	}

	static async open(target, query, { token, cookie, origin, lastEventId, headers = {} } = {}) {
		const stream = new EventStream();
		const all = { Accept: 'text/event-stream', ...headers };
		if (token) {
			all.Authorization = `Bearer ${token}`;
		}
		if (cookie) {
			all.Cookie = cookie;
		}
		if (origin) {
			all.Origin = origin;
		}
		if (lastEventId !== undefined) {
			all['Last-Event-ID'] = lastEventId;
		}
		await within(30000, 'the head of the event stream', new Promise((resolve, reject) => {
			stream.req = http.get(`${target.url}/api/v1/events?${query}`, { headers: all, agent: false }, (res) => {
				stream.status = res.statusCode;
				stream.headers = res.headers;
				stream.res = res;
				stream.text = '';
				res.setEncoding('utf8');
				res.on('data', (text) => stream.feed(text));
				res.on('error', () => {});
				res.on('close', () => {
					stream.ended = true;
					stream.wake();
				});
				resolve();
			});
			stream.req.on('error', reject);
		}));
		return stream;
	}

	feed(text) {
		this.text += text;
		this.partial += text;
		let end;
		while ((end = this.partial.indexOf('\n\n')) >= 0) {
			this.block(this.partial.slice(0, end));
			this.partial = this.partial.slice(end + 2);
		}
		this.wake();
	}

	block(text) {
		const event = {};
		for (const line of text.split('\n')) {
			if (line.startsWith(':')) {
				this.comments.push(line.slice(1).trim());
				continue;
			}
			const [, name, value] = /^([^:]*): ?(.*)$/s.exec(line) ?? [];
			event[name] = name === 'data' && event.data !== undefined ? `${event.data}\n${value}` : value;
		}
		if (event.data !== undefined) {
			this.events.push({ ...event, raw: event.data, data: JSON.parse(event.data) });
		}
	}

	wake() {
		for (const listener of this.listeners) {
			listener();
		}
	}

	waitFor(what, check, timeoutMs = 30000) {
		const found = new Promise((resolve) => {
			const look = () => {
				const value = check(this);
				if (value) {
					this.listeners.delete(look);
					resolve(value);
				}
			};
			this.listeners.add(look);
			look();
		});
		return within(timeoutMs, what, found);
	}

	waitEvents(n, timeoutMs) {
		return this.waitFor(`${n} events on the stream (${this.events.length} now)`, () => this.events.length >= n && this.events, timeoutMs);
	}

	waitEnd(timeoutMs) {
		return this.waitFor('the end of the stream', () => this.ended, timeoutMs);
	}

	close() {
		this.req.destroy();
	}
}

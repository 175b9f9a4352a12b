// The socket: it connects, signs in by cookie, resumes, notices that it is dead, and comes back. The page has one such object.
//
// A socket can look open and be dead, after sleep, a lost network, or behind a proxy that drops everything. The page makes a small request when the server is
// silent for longer than its heartbeat, and after every sign that the page was away. Without an answer in time it opens a new socket.

const PROBE_MS = 5000;
const REQUEST_MS = 10000;
const CONNECT_FIRST_MS = 5000;
const CONNECT_MOST_MS = 20000;
const TICK_MS = 1000;
const JUMP_MS = 10000;
const BACKOFF_FIRST_MS = 800;
/* Close codes of RFC 6455 with which a server refuses a message: for the protocol, the kind of data, its contents, its size. */
const REFUSING = [1002, 1003, 1007, 1009];
const BACKOFF_MOST_MS = 20000;

export class RequestError extends Error {
	/** @param {string} code @param {string} message @param {boolean} retryable @param {number} [retryAfterMs] @param {string} [field] of the request, that is at fault */
	constructor(code, message, retryable, retryAfterMs = 0, field = '') {
		super(message);
		this.code = code;
		this.retryable = retryable;
		this.retryAfterMs = retryAfterMs;
		this.field = field;
		/** Set with "disconnected" when the server has closed the connection because of a message: the number of requests of this type without an answer. */
		this.suspects = 0;
	}
}

/** For catch(): an error of this code becomes the answer null. @param {string} code */
export const unless = (code) => (/** @type {any} */ error) => {
	if (error.code === code)
		return null;
	throw error;
};

/** Writes JSON that every server reads. Half of a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD. @param {any} value */
const encode = (value) => JSON.stringify(value, (_, member) => typeof member === 'string' ? member.replace(/\p{Cs}/gu, '\ufffd') : member);

/** The number of bytes in UTF-8. @param {string} text */
const bytesOf = (text) => new TextEncoder().encode(text).length;

/** @param {any} data of an error reply */
const errorOf = (data) => new RequestError(data.code, data.message, data.retryable === true, data.retry_after_ms, data.field);

/**
 * Sends a command over HTTP, because only HTTP can set or clear the session's cookie.
 * @param {string} type @param {any} data @returns {Promise<any>}
 */
export async function post(type, data) {
	let response, body;
	try {
		response = await fetch(`/api/v1/${type}`, {
			method: 'POST', headers: { 'Content-Type': 'application/json' }, body: encode(data), signal: AbortSignal.timeout(20000),
		});
		body = await response.json();
	} catch {
		throw new RequestError('disconnected', 'The server cannot be reached. Is it running?', true);
	}
	if (body.type !== 'ok')
		throw errorOf(body.data);
	return body.data;
}

export class Connection {
	/**
	 * @param {{resume: () => {epoch?: string, resume: Record<string, number>}, started: (data: any) => void, event: (event: any) => void,
	 *   afresh: () => void, signedOut: (why: {code: string}) => void, changed: () => void, trouble: () => void, probe: () => [string, any]}} hooks
	 */
	constructor(hooks) {
		this.hooks = hooks;
		/** @type {'off'|'waiting'|'connecting'|'live'} */
		this.state = 'off';
		/** The time at which the connection was lost, for the banner; 0 while it is live. */
		this.lostAt = 0;
		/** True when the browser has said that there is no network, and since then neither the server nor the browser has said otherwise. */
		this.isOffline = false;
		/** Whether a name is enough to come in, and whether people may make an account for themselves. */
		this.open = { guests: true, accounts: true };
		/** Why there is no connection, when the server tells a reason that only its operator can remove; otherwise empty. */
		this.trouble = '';
		/** Whether the server has sent hello on this socket. */
		this.greeted = false;
		/** The longest message that the server takes, in bytes of UTF-8. */
		this.textLimit = 8000;
		/** The longest request, in bytes. The server closes the connection for a longer one. */
		this.frameLimit = Infinity;
		/** @type {WebSocket|null} */
		this.socket = null;
		/** @type {Map<string, {type: string, resolve: (data: any) => void, reject: (e: Error) => void, timer: number}>} in the order of sending */
		this.requests = new Map();
		this.lastRef = 0;
		/** The number of losses since the last work, which is an answered request or an event. Signing in is not work: when each connection ends after signing in, the tries become rarer. */
		this.failures = 0;
		this.retryTimer = 0;
		this.notBefore = 0;
		this.heardAt = 0;
		this.heartbeatMs = 25000;
		this.probing = false;
		this.tickAt = Date.now();
		setInterval(() => this.tick(), TICK_MS);
		for (const [target, type] of /** @type {[EventTarget, string][]} */ ([[window, 'online'], [window, 'pageshow'], [document, 'visibilitychange'], [document, 'resume']]))
			target.addEventListener(type, () => document.visibilityState === 'visible' && this.wake());
		addEventListener('offline', () => this.offline());
		addEventListener('online', () => this.online());
	}

	/** True when signed in on a socket that takes what is sent. A socket that is being closed does not, and its end is told a moment later. */
	get live() {
		return this.state === 'live' && this.socket?.readyState === WebSocket.OPEN;
	}

	/** Whether requests reach the server, as far as is known. The views show it. */
	get isReachable() {
		return this.live && !this.isOffline;
	}

	start() {
		this.lostAt = Date.now();
		this.connect();
	}

	stop() {
		this.drop();
		this.setState('off');
	}

	/** Tries now and not at the planned time. */
	retryNow() {
		if (this.state === 'waiting' || this.state === 'connecting')
			this.connect();
		else if (this.live)
			this.probe();
	}

	/** Called when the browser reports no network. The socket may outlive a short loss, or need no network (a server on the same machine). So a small request
	 * asks whether it lives, with the time that silence has anyway. */
	offline() {
		this.isOffline = true;
		if (this.live)
			this.request(...this.hooks.probe(), this.heartbeatMs + PROBE_MS).catch(() => {});
		this.hooks.changed();
	}

	/** Called when the browser reports a network. A loss from now on has another cause, and is told as that. */
	online() {
		this.isOffline = false;
		this.hooks.changed();
	}

	/** Called after a sign that the page may have been away. Asks whether the socket lives. */
	wake() {
		if (this.state === 'waiting' && Date.now() >= this.notBefore)
			this.connect();
		else if (this.live)
			this.probe();
	}

	/** @param {'off'|'waiting'|'connecting'|'live'} state */
	setState(state) {
		if (state === 'live') {
			this.lostAt = 0;
			this.trouble = '';
		} else if (this.state === 'live') {
			this.lostAt = Date.now();
		}
		this.state = state;
		this.hooks.changed();
	}

	connect() {
		clearTimeout(this.retryTimer);
		this.drop();
		this.setState('connecting');
		const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`, 'parley.v1');
		this.socket = socket;
		this.greeted = false;
		/* A slow network gets more time with each attempt. */
		const late = setTimeout(() => this.lose(socket), Math.min(CONNECT_MOST_MS, CONNECT_FIRST_MS * (this.failures + 1)));
		socket.onmessage = (message) => {
			if (this.socket !== socket)
				return;
			this.heardAt = Date.now();
			if (this.isOffline) {
				this.isOffline = false;
				this.hooks.changed();
			}
			this.receive(socket, JSON.parse(message.data), late);
		};
		socket.onclose = (close) => {
			clearTimeout(late);
			if (this.socket !== socket)
				return;
			if (close.code === 4003)
				this.refused('signed_out');
			else
				this.lose(socket, 0, REFUSING.includes(close.code));
		};
	}

	/** @param {WebSocket} socket @param {any} frame @param {number} late */
	receive(socket, frame, late) {
		if (frame.type === 'hello') {
			this.greeted = true;
			this.open = { guests: frame.data.guests !== false, accounts: frame.data.accounts !== 'closed' };
			this.heartbeatMs = frame.data.heartbeat_ms || this.heartbeatMs;
			this.frameLimit = frame.data.limits?.frame_bytes || Infinity;
			this.textLimit = Math.min(frame.data.limits?.text_bytes || Infinity, this.frameLimit);
			this.signIn(socket, late);
		} else if (frame.type === 'ok' || frame.type === 'error') {
			/* An error that names no request is for the oldest one. */
			const ref = frame.ref === undefined && frame.type === 'error' ? this.requests.keys().next().value : String(frame.ref);
			const request = this.requests.get(ref ?? '');
			if (!request)
				return;
			this.requests.delete(ref ?? '');
			clearTimeout(request.timer);
			if (this.live)
				this.failures = 0;
			if (frame.type === 'ok')
				request.resolve(frame.data);
			else
				request.reject(errorOf(frame.data));
		} else if (frame.type === 'server.leaving') {
			this.leave(socket, Number(frame.data?.retry_after_ms) || 0);
		} else {
			if (frame.seq)
				this.failures = 0;
			this.hooks.event(frame);
		}
	}

	/** @param {WebSocket} socket @param {number} late */
	signIn(socket, late) {
		const ref = String(++this.lastRef);
		/* Answered inside receive() and not by a promise, because the events that follow need the rooms. */
		this.requests.set(ref, {
			type: 'session.start',
			timer: 0,
			resolve: (data) => {
				clearTimeout(late);
				this.hooks.started(data);
				this.setState('live');
			},
			reject: (/** @type {any} */ error) => {
				clearTimeout(late);
				if (error.retryable)
					this.lose(socket, error.retryAfterMs);
				else
					this.refused(error.code);
			},
		});
		let frame = encode({ type: 'session.start', ref, data: { ...this.hooks.resume(), on_gap: 'skip' } });
		if (bytesOf(frame) > this.frameLimit) {
			this.hooks.afresh();
			frame = encode({ type: 'session.start', ref, data: { on_gap: 'skip' } });
		}
		socket.send(frame);
	}

	/** @param {string} code */
	refused(code) {
		this.stop();
		this.hooks.signedOut({ code });
	}

	/** Called when the server leaves and tells when to come back. It may still answer requests before it closes. @param {WebSocket} socket @param {number} ms */
	leave(socket, ms) {
		this.notBefore = Date.now() + ms;
		setTimeout(() => this.socket === socket && this.lose(socket), ms);
	}

	/**
	 * Sends a request; rejects with RequestError. Without an answer in time the socket is dead. A request that the server would not read is refused here.
	 * @param {string} type @param {any} data @param {number} [ms] @returns {Promise<any>}
	 */
	request(type, data, ms = REQUEST_MS) {
		const socket = this.socket;
		if (!socket || !this.live)
			return Promise.reject(new RequestError('disconnected', 'There is no connection right now.', true));
		const ref = String(++this.lastRef);
		const frame = encode({ type, ref, data });
		if (bytesOf(frame) > this.frameLimit)
			return Promise.reject(new RequestError('too_large', `this is longer than the server takes (${this.frameLimit} bytes)`, false));
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => this.lose(socket), ms);
			this.requests.set(ref, { type, resolve, reject, timer });
			socket.send(frame);
		});
	}

	probe() {
		if (this.probing || !this.live)
			return;
		this.probing = true;
		this.request(...this.hooks.probe(), PROBE_MS).catch(() => {}).finally(() => {
			this.probing = false;
		});
	}

	/** Gives up the socket and rejects the requests that wait for an answer. @param {boolean} [refused] the server closed it because of what it was sent */
	drop(refused = false) {
		const socket = this.socket;
		this.socket = null;
		if (socket) {
			socket.onmessage = socket.onclose = null;
			socket.close();
		}
		const waiting = [...this.requests.values()];
		this.requests.clear();
		for (const request of waiting) {
			clearTimeout(request.timer);
			const lost = new RequestError('disconnected', 'The connection was lost.', true);
			lost.suspects = refused ? waiting.filter(({ type }) => type === request.type).length : 0;
			if (request.timer)
				request.reject(lost);
		}
	}

	/** Called when the socket is dead or gone. Comes back after a random pause that grows with each try. @param {WebSocket} socket @param {number} [afterMs]
	 * @param {boolean} [refused] the server closed it because of what it was sent */
	lose(socket, afterMs = 0, refused = false) {
		if (this.socket !== socket)
			return;
		this.drop(refused);
		if (!this.greeted)
			this.askWhy();
		const most = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.failures++);
		const pause = Math.max(most * (0.5 + Math.random() / 2), afterMs, this.notBefore - Date.now());
		this.retryTimer = setTimeout(() => this.connect(), pause);
		this.setState('waiting');
	}

	/** Finds out why there is no socket, which a browser does not tell. An ordinary request is refused for the same reason, and its answer can be read. */
	async askWhy() {
		const refusal = await post('room.list', { limit: 1 }).then(() => null, (error) => error);
		const trouble = refusal?.code === 'bad_origin' && !this.live ? refusal.message : '';
		if (trouble === this.trouble)
			return;
		this.trouble = trouble;
		this.hooks.trouble();
		this.hooks.changed();
	}

	tick() {
		const now = Date.now();
		const jumped = now - this.tickAt > JUMP_MS;
		this.tickAt = now;
		if (jumped)
			this.wake();
		else if (this.live && now - this.heardAt > this.heartbeatMs)
			this.probe();
	}
}

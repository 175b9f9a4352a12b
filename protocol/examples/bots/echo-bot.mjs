// A Parley bot in JavaScript with the standard WebSocket: answers "!echo something" with "something".
//
//   node echo-bot.mjs [ws://127.0.0.1:8080/ws [ROOM]]      (node 22 or newer; PARLEY_TOKEN, or BOT_NAME to be a guest)
//   import { startBot } from './echo-bot.mjs'              (a browser, or your own bot)
//
// After a lost connection it comes back by itself and goes on with the event after the last one it handled. It answers each message
// once, whatever happens: the id of the message is the client_id of its answer, so an answer sent twice is one message. Answers go out one at a time and
// in order; one that the server refuses for good is left out, and the next goes out.

// What a terminal would obey, or what would show a line in another order than it has: control characters, separators, marks of direction.
const UNSHOWN = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

// Close codes with which a server refuses what it was sent: sent again, it would have the same end.
const REFUSING = [1002, 1003, 1007, 1009];
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 30000;

// Half a surrogate pair, which no UTF-8 can hold, becomes U+FFFD.
const encode = (value) => JSON.stringify(value, (_, member) => (typeof member === 'string' ? member.replace(/\p{Cs}/gu, '\ufffd') : member));

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Calls onMessage(event, reply) for every message of the room; returns a function that stops the bot.
export function startBot({ url, room, token, guest, onMessage, log = () => {} }) {
	let socket = null;
	let stopped = false;
	let roomId = null;
	let lastSeq = 0;       // the last event that was handled
	let epoch;             // in which that seq holds
	let retryMs = RETRY_FIRST_MS; // doubles with each loss; a reply or an event after the sign-in resets it
	let leavingMs = 0;     // the server is leaving and said when to come back
	let nextRef = 1;
	let frameBytes = Infinity; // the server closes the connection for what is longer
	let started = false;   // signed in on this connection …
	let ready = false;     // … and in the room
	const waiting = new Map(); // ref → what to do with the reply, in the order of the requests
	const answers = [];    // those without an acknowledgement, in order
	let sending = 'no';    // the first of them: 'no', 'sent', or to be sent 'later', as the server asks

	function request(type, data, onReply) {
		const ref = nextRef++;
		waiting.set(ref, onReply);
		socket.send(encode({ type, ref, data }));
	}

	// The first answer is done with.
	function next(refused) {
		if (refused)
			log(`answer refused: ${refused}`);
		answers.shift();
		sending = 'no';
		sendAnswer();
	}

	function sendAnswer() {
		if (!ready || sending !== 'no' || answers.length === 0)
			return;
		if (new TextEncoder().encode(encode(answers[0])).length + 100 > frameBytes) {
			next('it is longer than the server takes');
			return;
		}
		sending = 'sent';
		request('message.send', answers[0], ({ type, data }) => {
			if (type === 'ok' || !data.retryable)
				next(type === 'error' && data.message);
			else // the server asks for patience
				sendLater(data.retry_after_ms ?? 1000);
		});
	}

	async function sendLater(ms) {
		const connection = socket;
		sending = 'later';
		await sleep(ms);
		if (connection !== socket || sending !== 'later')
			return;
		sending = 'no';
		sendAnswer();
	}

	function send(answer) {
		answers.push(answer);
		sendAnswer();
	}

	function signIn() {
		const data = token ? { token } : { guest };
		if (roomId !== null)
			Object.assign(data, { epoch, resume: { [roomId]: lastSeq } });
		request('session.start', data, (reply) => {
			if (reply.type === 'error') {
				log(`cannot sign in: ${reply.data.message}`);
				stopped = !reply.data.retryable;
				socket.close();
				return;
			}
			token ??= reply.data.token; // a guest comes back as the same guest
			started = true;
			if (!reply.data.rooms.some(({ id }) => id === roomId)) { // at first; or the server went back to before the bot joined
				lastSeq = 0;
				joinRoom();
			} else {
				if (epoch !== reply.data.epoch) // the server went back to an earlier state: beyond every end, until room.gap comes
					lastSeq = Number.MAX_SAFE_INTEGER;
				ready = true;
			}
			epoch = reply.data.epoch;
			sendAnswer();
		});
	}

	function joinRoom() {
		request('room.join', { room }, (reply) => {
			if (reply.type === 'error') {
				log(`cannot join ${room}: ${reply.data.message}`);
				stopped = !reply.data.retryable; // else it is tried again on the next connection
				socket.close();
				return;
			}
			roomId = reply.data.id;
			lastSeq = Math.max(lastSeq, reply.data.last_seq);
			log(`listening in ${room}`);
			ready = true;
			sendAnswer();
		});
	}

	function takeEvent(event) {
		if (event.type === 'server.leaving')
			leavingMs = event.data.retry_after_ms;
		if (event.room !== roomId || roomId === null)
			return;
		if (event.type === 'room.gap') { // too far behind, or the server was restored: what was missed stays unanswered
			lastSeq = event.data.to;
			return;
		}
		if (!event.seq || event.seq <= lastSeq) // not remembered (typing), or seen before
			return;
		if (event.type === 'message.created')
			onMessage(event, (text) => send({ room: roomId, text, reply_to: event.seq, client_id: event.id }));
		lastSeq = event.seq;
		retryMs = RETRY_FIRST_MS;
	}

	function takeFrame(frame) {
		if (frame.type === 'hello') {
			frameBytes = frame.data.limits?.frame_bytes || Infinity;
			signIn();
		} else if (frame.type === 'ok' || frame.type === 'error') {
			// An error that names no request is for the oldest one.
			const ref = frame.type === 'error' && frame.ref === undefined ? waiting.keys().next().value : frame.ref;
			const onReply = waiting.get(ref);
			waiting.delete(ref);
			if (started)
				retryMs = RETRY_FIRST_MS;
			onReply?.(frame);
		} else {
			takeEvent(frame);
		}
	}

	// After a loss the first answer goes out again, unless the connection was closed because of it.
	function lost({ code } = {}) {
		waiting.clear();
		started = ready = false;
		const refused = sending === 'sent' && REFUSING.includes(code);
		sending = 'no';
		if (refused)
			next(`the server closed the connection (${code})`);
	}

	// One connection, from opening to closing. A WebSocket answers the server's pings by itself.
	function connectOnce() {
		return new Promise((resolve) => {
			socket = new WebSocket(url, ['parley.v1']);
			socket.onmessage = ({ data }) => takeFrame(JSON.parse(data));
			socket.onclose = resolve;
			socket.onerror = () => socket.readyState !== 1 && resolve(); // some do not follow a failed connect with a close
		});
	}

	(async () => {
		while (!stopped) {
			lost(await connectOnce());
			if (stopped)
				break;
			// Half of the time is left to chance, so that many bots do not come back in step.
			const pause = leavingMs || retryMs / 2 + Math.random() * retryMs / 2;
			leavingMs = 0;
			retryMs = Math.min(retryMs * 2, RETRY_MOST_MS);
			log(`disconnected; coming back in ${Math.round(pause)} ms`);
			await sleep(pause);
		}
	})();

	return () => {
		stopped = true;
		socket?.close();
	};
}

// Started as a program rather than imported:
if (typeof process !== 'undefined' && process.argv[1]?.endsWith('echo-bot.mjs')) {
	if (typeof WebSocket === 'undefined') {
		console.error('echo-bot: this node has no WebSocket of its own; node 22 or newer has (node 20: --experimental-websocket)');
		process.exit(1);
	}
	const [url = 'ws://127.0.0.1:8080/ws', room = 'general'] = process.argv.slice(2);
	const { PARLEY_TOKEN: token, BOT_NAME: guest = 'echobot' } = process.env;
	startBot({
		url, room, token, guest,
		log: (text) => console.error(`echo-bot: ${text.replace(UNSHOWN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}`),
		onMessage: (event, reply) => {
			const { text } = event.data;
			if (text.startsWith('!echo '))
				reply(text.slice('!echo '.length));
		},
	});
}

// Not run: what the compiler has to take, and what it has to refuse, of a bot that is written with protocol.ts.
import { onLostConnection, type AnyEvent, type Command, type KnownEvent, type Message, type Ok, type Replies, type Reply, type Request } from './protocol.ts';

export class Bot {
	#waiting = new Map<string, { command: Command; resolve: (reply: Reply) => void }>();
	#send: (frame: string) => void;

	constructor(send: (frame: string) => void) {
		this.#send = send;
	}

	ask<C extends Command>(request: Request<C>): Promise<Reply<C>> {
		const ref = String(request.ref);
		this.#send(JSON.stringify(request));
		return new Promise((resolve) => this.#waiting.set(ref, { command: request.type, resolve: (reply) => resolve(reply as Reply<C>) }));
	}

	take(frame: string) {
		const message = JSON.parse(frame) as Message;
		switch (message.type) {
		case 'hello':
			return message.data.limits.text_bytes;
		case 'ok':
			return message.data;
		case 'error':
			return message.data.retryable ? message.data.retry_after_ms : message.data.code;
		default:
			return this.event(message);
		}
	}

	event(event: KnownEvent): string {
		switch (event.type) {
		case 'message.created':
			return `${event.seq} ${event.data.author.name}: ${event.data.text}`;
		case 'room.gap':
			return event.data.reason === 'damaged' ? 'damaged' : 'missed';
		case 'server.leaving':
			return String(event.data.retry_after_ms);
		default:
			return event.type;
		}
	}

	lost(): string[] {
		return [...this.#waiting].filter(([, { command }]) => onLostConnection[command] !== 'fail').map(([ref]) => ref);
	}
}

export async function use(bot: Bot) {
	const sent = await bot.ask({ type: 'message.send', ref: '1', data: { room: 'general', text: 'hi' } });
	if (sent.type === 'ok')
		console.log(sent.data.seq + 1, sent.data.duplicate === true);
	const page = await bot.ask({ type: 'history.read', ref: 2, data: { room: 'general', before: 40, limit: 10 } });
	const events: AnyEvent[] = page.type === 'ok' ? page.data.events : [];
	await bot.ask({ type: 'room.create', ref: 3, data: { name: 'attic', kind: 'private' } });
	await bot.ask({ type: 'session.end', ref: 4 });
	// @ts-expect-error: the text is missing
	await bot.ask({ type: 'message.send', ref: '5', data: { room: 'general' } });
	// @ts-expect-error: there is no such kind of room
	await bot.ask({ type: 'room.create', ref: 6, data: { name: 'attic', kind: 'secret' } });
	// @ts-expect-error: there is no such command
	await bot.ask({ type: 'room.explode', ref: 7, data: {} });
	// @ts-expect-error: a reply of room.get has no seq
	const wrong: Ok<'room.get'>['data']['seq'] = 1;
	const room: Replies['room.join'] | undefined = undefined;
	return { events, room, wrong };
}

// The server's own reader of heads, behind a pipe (read_heads.c): many at a time, an answer for each, in order.
import { spawn } from 'node:child_process';

export class OurReader {
	constructor(program) {
		this.child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
		this.waiting = [];
		this.partial = '';
		this.child.stdout.setEncoding('latin1').on('data', (text) => this.take(text));
		this.child.stdin.on('error', () => {}); // its end says why
		this.child.on('error', (e) => this.fail(e));
		this.child.on('close', (code, signal) => this.fail(new Error(`read_heads ended with ${code ?? signal}`)));
	}

	take(text) {
		const lines = (this.partial + text).split('\n');
		this.partial = lines.pop();
		for (const line of lines) {
			this.waiting.shift().resolve(JSON.parse(line));
		}
	}

	fail(error) {
		this.failure = error;
		this.waiting.splice(0).forEach(({ reject }) => reject(error));
	}

	// What it makes of these bytes (a string, one character for each): see read_heads.c.
	read(bytes) {
		const head = Buffer.from(bytes, 'latin1');
		const length = Buffer.alloc(4);
		length.writeUInt32LE(head.length);
		return new Promise((resolve, reject) => {
			if (this.failure) {
				reject(this.failure);
				return;
			}
			this.waiting.push({ resolve, reject });
			this.child.stdin.write(Buffer.concat([length, head]));
		});
	}

	close() {
		this.child.stdin.end();
	}
}

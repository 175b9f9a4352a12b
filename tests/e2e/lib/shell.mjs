// Programs whose standard streams a shell has closed or led somewhere else.
import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { within } from './wait.mjs';

// redirections: as sh has them, "2>&-". input: what the program may read; 'open' leaves it without an end. Gives {child, out, err, ended}; the
// program ends with the test.
export function redirected(t, redirections, program, args, { env = {}, input = '' } = {}) {
	const child = spawn('sh', ['-c', `exec "$0" "$@" ${redirections}`, program, ...args], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
	const running = { child, out: '', err: '' };
	child.stdout.setEncoding('utf8').on('data', (text) => { running.out += text; });
	child.stderr.setEncoding('utf8').on('data', (text) => { running.err += text; });
	child.stdin.on('error', () => {});
	if (input !== 'open') {
		child.stdin.end(input);
	}
	const closed = new Promise((resolve) => {
		child.on('close', (code, signal) => resolve({ code, signal, out: running.out, err: running.err }));
	});
	running.ended = (timeoutMs = 15000) => within(timeoutMs, `${program} ${args.join(' ')} ${redirections} to end`, closed);
	t.after(async () => {
		try {
			process.kill(-child.pid, 'SIGKILL'); // with what it started itself
		} catch {
			// they have ended
		}
		await closed;
	});
	return running;
}

// What stands behind descriptors 0, 1 and 2 of a process.
export const standardStreams = (pid) => [0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));

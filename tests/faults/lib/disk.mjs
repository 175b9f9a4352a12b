// A data directory on a disk that can be filled and emptied: a small tmpfs where mounting is allowed, else a library that refuses writes.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, rmdirSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDir } from '../../e2e/lib/env.mjs';
import { temporaryDir } from '../../e2e/lib/server.mjs';

const library = join(buildDir, 'tests', 'fault', 'libfault_disk.so');

// The environment of a server whose disk fails for files that match while `trigger` says how ("full" or "fsync").
export function preload(trigger, match = 'parley.db') {
	if (!existsSync(library)) {
		throw new Error(`${library} is not built`);
	}
	return { LD_PRELOAD: library, TEST_FAULT_TRIGGER: trigger, TEST_FAULT_MATCH: match,
		ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ? `${process.env.ASAN_OPTIONS}:` : ''}verify_asan_link_order=0` };
}

// The mount point, or undefined where mounting is not allowed. It goes away after the servers on it (server.mjs ends them first).
function mountSmall() {
	const dir = mkdtempSync(join(tmpdir(), 'parley-disk-'));
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=0700', 'tmpfs', dir], { stdio: 'ignore' });
		process.on('exit', () => {
			try {
				execFileSync('umount', ['-l', dir], { stdio: 'ignore' });
			} finally {
				rmdirSync(dir);
			}
		});
		return dir;
	} catch {
		rmdirSync(dir);
		return undefined;
	}
}

// {dataDir, env, fill(), free()}
export function fillableDisk({ mounted = true } = {}) {
	const mountPoint = mounted ? mountSmall() : undefined;
	const dir = mountPoint ?? temporaryDir();
	if (mountPoint) {
		const filler = join(dir, 'filler');
		return {
			kind: 'tmpfs',
			dataDir: join(dir, 'data'),
			env: {},
			fill() {
				const fd = openSync(filler, 'a');
				for (const size of [65536, 4096, 512]) {
					try {
						for (;;) {
							writeSync(fd, Buffer.alloc(size));
						}
					} catch {
						// full
					}
				}
				closeSync(fd);
			},
			free() {
				rmSync(filler);
			},
		};
	}
	const trigger = join(dir, 'trigger');
	return {
		kind: 'preloaded',
		dataDir: join(dir, 'data'),
		env: preload(trigger),
		fill() {
			writeFileSync(trigger, 'full');
		},
		free() {
			rmSync(trigger);
		},
	};
}

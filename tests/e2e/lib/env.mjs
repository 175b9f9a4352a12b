// What the environment tells the tests: where the binaries are, how slow they are, how long to go on.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const projectDir = join(here, '..', '..', '..');
export const binary = process.env.PARLEYD ?? join(projectDir, 'build', 'server', 'parleyd');
const besideServer = join(dirname(binary), '..', 'protocol', 'parley');
export const clientBinary = process.env.PARLEY ?? (existsSync(besideServer) ? besideServer : join(projectDir, 'build', 'protocol', 'parley'));
// Where meson put the build: helper libraries of the fault tests are there too.
export const buildDir = join(dirname(binary), '..');

// The server over a database that is away, back and set back by signals (store_switching.c).
export const switchingBinary = join(buildDir, 'tests', 'fault', 'parleyd_switching');

// The environment of a server whose passwords are hashed in no time (quick_passwords.c), where TEST_PASSWORDS is "quick".
export const quickPasswords = process.env.TEST_PASSWORDS === 'quick' ? { LD_PRELOAD: join(buildDir, 'tests', 'fault', 'libquick_passwords.so') } : {};
// ... and of one for a test that needs the time that a hash takes.
export const slowPasswords = { LD_PRELOAD: '' };

// Starts a program with a socket handed over, as systemd does.
export const serviceManager = join(buildDir, 'tests', 'service', 'service_manager');

// Builds with sanitizers are several times slower: TEST_TIME_SCALE stretches every wait (not what the server is told to do).
export const timeScale = Number(process.env.TEST_TIME_SCALE ?? 1);
// ... and larger: ThreadSanitizer shadows each byte with about four, TEST_MEMORY_SCALE stretches every bound of memory.
export const memoryScale = Number(process.env.TEST_MEMORY_SCALE ?? 1);
// SOAK=10 runs the fault tests ten times as long.
export const soak = Number(process.env.SOAK ?? 1);

export const scaled = (ms) => Math.ceil(ms * timeScale);
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

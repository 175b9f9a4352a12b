// Waiting for something with a deadline that says what was waited for.
import { scaled, sleep } from './env.mjs';

export async function within(ms, what, promise) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`timed out after ${scaled(ms)} ms waiting for ${what}`)), scaled(ms));
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

// Asks again and again until check() gives something true; returns that.
export async function until(ms, what, check, everyMs = 10) {
	const deadline = Date.now() + scaled(ms);
	for (;;) {
		const value = await check();
		if (value) {
			return value;
		}
		if (Date.now() > deadline) {
			throw new Error(`timed out after ${scaled(ms)} ms waiting for ${what}`);
		}
		await sleep(everyMs);
	}
}

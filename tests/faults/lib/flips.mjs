// Random damage, the same for the same seed.
import { randomInt } from 'node:crypto';

// xorshift32 (Marsaglia, 2003). below(n): a whole number from 0 to n - 1.
export class Dice {
	constructor(seed) {
		this.state = seed >>> 0 || 1;
	}

	next() {
		let x = this.state;
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		this.state = x >>> 0;
		return this.state;
	}

	below(n) {
		return Math.floor(this.next() / 0x100000000 * n);
	}
}

// FLIPS=1000 is how many places are damaged in all, SEED=7 makes others (SEED=random: any).
export const nFlips = Number(process.env.FLIPS ?? 80);
export const seed = process.env.SEED === 'random' ? randomInt(1, 0x7fffffff) : Number(process.env.SEED ?? 20261128);

const PAGE_BYTES = 4096;

// One damage of `bytes`, in place: mostly one bit, else a byte, a sector of zeros, or a page of noise. Says what it was.
export function damage(bytes, dice) {
	const at = dice.below(bytes.length);
	const kind = dice.below(10);
	if (kind < 6) {
		const bit = dice.below(8);
		bytes[at] ^= 1 << bit;
		return `bit ${bit} at ${at}`;
	}
	if (kind < 8) {
		bytes[at] ^= 1 + dice.below(255);
		return `the byte at ${at}`;
	}
	if (kind < 9) {
		const from = at - at % 512;
		bytes.fill(0, from, from + 512);
		return `zeros at ${from}`;
	}
	const from = at - at % PAGE_BYTES;
	for (let i = from; i < Math.min(from + PAGE_BYTES, bytes.length); i++) {
		bytes[i] = dice.below(256);
	}
	return `noise at ${from}`;
}

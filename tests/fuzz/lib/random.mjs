// Chance that can be had again: the same seed, the same numbers (mulberry32, by Tommy Ettinger, in the public domain).
export class Random {
	constructor(seed) {
		this.state = seed >>> 0;
	}

	bits() {
		this.state = (this.state + 0x6d2b79f5) >>> 0;
		let t = this.state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return (t ^ (t >>> 14)) >>> 0;
	}

	below(n) {
		return Math.floor((this.bits() / 4294967296) * n);
	}

	chance(share) {
		return this.bits() < share * 4294967296;
	}

	of(list) {
		return list[this.below(list.length)];
	}
}

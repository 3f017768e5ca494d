/** Random numbers that are determined by a seed and a name. */
export class Random {
    private state: number;

    constructor(seed: number, name: string) {
        this.state = seed;
        for (const character of name) this.state = Math.imul(this.state ^ character.charCodeAt(0), 0x01000193);
    }

    /** A number from 0 to 1, excluding 1. The algorithm is mulberry32. */
    next(): number {
        this.state = (this.state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    }

    between(least: number, most: number): number {
        return least + this.next() * (most - least);
    }

    shuffled<T>(things: readonly T[]): T[] {
        const keyed = things.map((thing) => ({ thing, key: this.next() }));
        return keyed.sort((a, b) => a.key - b.key).map(({ thing }) => thing);
    }
}

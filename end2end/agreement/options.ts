/** What `cargo xtask agreement` was asked for. */

export const quick = process.env.DWELL_AGREEMENT_QUICK === "1";

/** Where to write the numbers for programs. */
export const jsonFile = process.env.DWELL_AGREEMENT_JSON;

/** Everything random follows from it. Each of the runner's processes is given the same. */
export const seed = Number((process.env.DWELL_AGREEMENT_SEED ??= String(Date.now() % 1_000_000)));

/** How many sessions end in each condition. */
export const endsPerCondition = quick ? 5 : 25;

/** How many are measured at the same time: more, and the machine would be what is measured. */
export const atOnce = 5;

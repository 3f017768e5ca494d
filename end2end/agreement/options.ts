/** The options of `cargo xtask agreement`. */

export const quick = process.env.DWELL_AGREEMENT_QUICK === "1";

/** The file to which the numbers are written as JSON. */
export const jsonFile = process.env.DWELL_AGREEMENT_JSON;

/** The seed of all random numbers. All processes of the test runner have the same. */
export const seed = Number((process.env.DWELL_AGREEMENT_SEED ??= String(Date.now() % 1_000_000)));

/** How many sessions end in each condition. */
export const endsPerCondition = quick ? 5 : 25;

/** How many sessions are measured at the same time. With more, the speed of the machine would be measured. */
export const atOnce = 5;

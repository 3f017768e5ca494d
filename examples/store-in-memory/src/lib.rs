//! A store for sessions of Dwell in the memory of one process.

//! Keeps the machine busy, to show that tests do not depend on its speed.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use anyhow::Result;

/// Keeps every core busy until it is dropped.
pub(crate) struct Busy {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    pub(crate) fn cores() -> Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let threads = (0..thread::available_parallelism()?.get())
            .map(|_| {
                let is_over = Arc::clone(&is_over);
                thread::spawn(move || {
                    while !is_over.load(Relaxed) {
                        spin_loop();
                    }
                })
            })
            .collect();
        Ok(Self { is_over, threads })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            // The threads cannot panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Busy;

    #[test]
    fn the_threads_end_when_it_is_dropped() {
        let busy = Busy::cores().unwrap();
        let is_over = Arc::clone(&busy.is_over);
        assert!(Arc::strong_count(&is_over) > 2, "no core is busy");
        drop(busy);
        assert_eq!(Arc::strong_count(&is_over), 1);
    }
}

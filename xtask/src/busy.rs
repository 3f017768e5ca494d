//! A machine with other things to do.

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
            // None of them can panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Busy;

    #[test]
    fn the_cores_are_given_back() {
        let busy = Busy::cores().unwrap();
        let is_over = Arc::clone(&busy.is_over);
        assert!(Arc::strong_count(&is_over) > 2, "nobody is busy");
        drop(busy);
        assert_eq!(Arc::strong_count(&is_over), 1);
    }
}

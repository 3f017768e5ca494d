//! Dwell is set up without saying how long sessions live.

use dwell::Dwell;

fn main() {
    let _dwell = Dwell::builder().build();
}

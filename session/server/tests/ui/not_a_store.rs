//! The builder is handed what a store is made of.

use dwell::{Dwell, Policy, Preset};

struct Pool;

fn main() {
    let _dwell = Dwell::builder(Policy::preset(Preset::PciDss)).store(Pool);
}

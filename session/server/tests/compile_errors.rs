//! What the compiler says about mistakes of those who use the library.
//!
//! These are compiled without any engine, because everything is compiled anew for them. With
//! `TRYBUILD=overwrite`, `cargo test -p dwell --test compile_errors` writes down what it says now.
//! Read that before you commit it: it has to say what is wrong, and what to do.
#![cfg(not(any(
    feature = "drafts",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
)))]

#[test]
fn the_compiler_says_what_is_wrong() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}

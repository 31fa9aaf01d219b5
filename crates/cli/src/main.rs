//! The program `fragkit`.
fn main() {}

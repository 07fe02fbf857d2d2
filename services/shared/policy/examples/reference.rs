//! Prints docs/policy.md.
#![expect(clippy::print_stdout, reason = "this is what the program is for")]

fn main() {
    print!("{}", im_policy::reference_markdown());
}

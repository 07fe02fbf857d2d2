//! Prints docs/hash-schemes.md.
#![expect(clippy::print_stdout, reason = "this is what the program is for")]

fn main() {
    print!("{}", im_auth_schemes::reference());
}

//! Directories, on a real slapd, and on servers that are away, hang or talk nonsense.
//!
//! Each test starts a server of its own and stops it.

#[cfg(test)]
mod check;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod find;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod list;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod server;
#[cfg(test)]
mod talk;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod windows;

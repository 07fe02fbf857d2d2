//! Reads the source of the repository and fails with the sentence of the rule that is broken. The
//! rules are those of ARCHITECTURE.md; what clippy can check is in `.clippy.toml`.

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod crates;
#[cfg(test)]
mod files;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod sql;
#[cfg(test)]
mod tree;

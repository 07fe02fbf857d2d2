//! The crate from outside: real ports, real channels.

#[cfg(test)]
mod channel;
#[cfg(test)]
mod deadline;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod process;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod support;
#[cfg(test)]
mod telemetry;

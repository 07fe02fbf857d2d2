//! The gateway as a whole, over real sockets, in front of services that are played.

#[cfg(test)]
mod auth;
#[cfg(test)]
mod backends;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod drain;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod mailboxes;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod places;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod rpcs;
#[cfg(test)]
mod sends;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod transports;

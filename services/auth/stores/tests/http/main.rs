//! Programs that say who may sign in, played by a server of a few lines, over HTTP and HTTPS.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod example;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tls;

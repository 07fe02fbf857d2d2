//! Configuration: defaults in code < TOML file < environment `IM_SECTION__KEY` < command line.
//!
//! A section is declared once with [`crate::settings!`]; the struct, its defaults, the names in
//! file, environment and command line, the checks and the reference all come from there. All
//! faults are reported together, before any port opens. Nothing else reads the environment.

mod cli;
mod common;
mod fault;
mod known;
mod macros;
mod reader;
mod reference;
mod show;
mod sources;
mod spec;
mod value;

pub use cli::{arguments, expand_flags, overrides};
pub use common::{
    BusSettings, Common, LogFormat, PeerSettings, ServerSettings, StoreSettings, TelemetrySettings,
};
pub use fault::{ConfigErrors, Fault, Faults};
pub use known::KNOWN_SECTIONS;
pub use reader::Reader;
pub use reference::reference_toml;
pub use show::{Effective, show};
pub use sources::{Origin, Sources};
pub use spec::{Section, SectionSpec, Sections, SettingSpec};
pub use value::{SettingValue, Structured};

/// The exit code of a program that was configured wrongly (`EX_USAGE`).
pub const EXIT_BAD_CONFIGURATION: u8 = 64;

/// A configuration and where each value came from.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The values.
    pub value: T,
    /// Every setting with its value (secrets as `***`) and origin, in order of declaration.
    pub effective: Vec<Effective>,
}

/// Reads the sections of `T` from `sources`.
///
/// Sections of other services are skipped, unknown sections and unknown keys are faults.
pub fn load<T: Sections>(sources: &Sources) -> Result<Loaded<T>, ConfigErrors> {
    let specs = T::specs();
    let mut reader = Reader::new(sources, &specs);
    let value = T::read(&mut reader);
    let (effective, faults) = reader.finish();
    match value {
        Some(value) if faults.is_empty() => Ok(Loaded { value, effective }),
        _ => Err(ConfigErrors::new(faults)),
    }
}

#[cfg(test)]
mod tests;

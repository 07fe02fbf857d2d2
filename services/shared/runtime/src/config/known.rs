//! The names of all sections, so that one file can serve every program.

/// Sections a file may hold; a program skips those that are not its own.
pub const KNOWN_SECTIONS: [&str; 10] = [
    "server",
    "peers",
    "store",
    "bus",
    "telemetry",
    "auth",
    "presence",
    "messaging",
    "gateway",
    "standalone",
];

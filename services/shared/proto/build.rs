//! Generates the Rust code of the contract. protox is a protobuf compiler in Rust: building needs no
//! `protoc`. The descriptor set is kept as the bytes that protox wrote, because a set that passed
//! through `prost_types` has lost the `google.api.http` options.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts by environment"
)]

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for service in ["auth", "event", "gateway", "messaging", "presence"] {
        for entry in fs::read_dir(root.join("im").join(service).join("v1"))? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "proto")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut compiler = protox::Compiler::new([&root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    let bytes = compiler.encode_file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptor.binpb"), &bytes)?;
    let set = prost_types::FileDescriptorSet::decode(bytes.as_slice())?;
    let mut config = tonic_prost_build::Config::new();
    // `prost::Name`: whoever holds a message can find its descriptor, for JSON.
    config.enable_type_names();
    // Channels come from im-runtime, with its deadlines and identity: no generated `connect`.
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds_with_config(set, config)?;
    Ok(())
}

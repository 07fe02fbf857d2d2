//! Lists the presets of user tables, so that adding one is adding a file.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, error, fs};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=presets");
    let directory = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("presets");
    let mut ids = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let id = path.file_stem().and_then(|stem| stem.to_str());
            let id = id.ok_or("a preset's name is not UTF-8")?;
            if !id.starts_with("ldap-") {
                ids.push(id.to_owned());
            }
        }
    }
    ids.sort_unstable();
    let mut code = "/// Id and text of each preset that ships, sorted by id.\n".to_owned();
    code.push_str("pub(crate) static PRESETS: &[(&str, &str)] = &[\n");
    for id in &ids {
        let path = directory.join(format!("{id}.toml"));
        writeln!(
            code,
            "    ({id:?}, include_str!({:?})),",
            path.display().to_string()
        )?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("presets.rs"), code)?;
    Ok(())
}

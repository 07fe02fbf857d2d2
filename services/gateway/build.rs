//! Builds the web client into the program, if Node is there. Without it, or without its packages,
//! the build goes on with a warning and the gateway shows a plain page instead: the server never
//! depends on Node. `IM_WEB_BUILD=skip` leaves the client out on purpose.
//!
//! All of it happens in a copy below `OUT_DIR`, which belongs to one cargo at a time: the sources
//! stay as they are, and two builds cannot meet.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts by environment"
)]

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
    process::Command,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the client is made of, below `web`. Named one by one: what is generated lies beside it.
const SOURCES: &[&str] = &[
    "buf.gen.yaml",
    "index.html",
    "package.json",
    "package-lock.json",
    "public",
    "src/api",
    "src/main.ts",
    "src/state",
    "src/style.css",
    "src/text",
    "src/ui",
    "src/vite-env.d.ts",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];
/// The oldest Node that the tools of the client run on.
const NODE_MIN: (u32, u32) = (20, 19);

fn main() -> Outcome<()> {
    let gateway = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let web = gateway.join("web");
    let proto = gateway.join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    println!("cargo::rerun-if-changed={}", proto.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=IM_WEB_BUILD");

    let mut dist = None;
    if env::var("IM_WEB_BUILD").is_ok_and(|value| value == "skip") {
        println!("cargo::warning=the web client is left out: IM_WEB_BUILD=skip");
    } else {
        match build(&web, &proto, &out.join("client")) {
            Ok(built) => dist = Some(built),
            Err(reason) => println!(
                "cargo::warning=the web client is left out: {reason} (once that is mended: touch \
                 services/gateway/web/package.json)"
            ),
        }
    }
    fs::write(out.join("client.rs"), table(dist.as_deref())?)?;
    Ok(())
}

/// Builds the client below `root` and returns where it lies.
fn build(web: &Path, proto: &Path, root: &Path) -> Outcome<PathBuf> {
    check_node()?;
    // As deep as in the repository, for the recipe of the types names the protos relative to itself.
    let work = root.join("services/gateway/web");
    fs::create_dir_all(&work)?;
    for old in [root.join("proto"), work.join("src"), work.join("dist")] {
        remove(&old)?;
    }
    copy(proto, &root.join("proto"))?;
    for source in SOURCES {
        copy(&web.join(source), &work.join(source))?;
    }
    // The packages stay as long as the lock file does.
    let packages = fs::read_to_string(web.join("package-lock.json"))?;
    let installed = work.join("installed");
    if fs::read_to_string(&installed).ok().as_deref() != Some(packages.as_str()) {
        remove(&installed)?;
        run(npm(&work).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
            "--fetch-retries=1",
            "--fetch-timeout=30000",
        ]))?;
        fs::write(&installed, packages)?;
    }
    run(npm(&work).args(["run", "build"]))?;
    Ok(work.join("dist"))
}

fn check_node() -> Outcome<()> {
    let text = run(Command::new("node").arg("--version"))?;
    let mut numbers = text.trim().trim_start_matches('v').split('.');
    let mut next = || numbers.next().and_then(|number| number.parse::<u32>().ok());
    let found = (next().unwrap_or_default(), next().unwrap_or_default());
    if found < NODE_MIN {
        let (major, minor) = NODE_MIN;
        return Err(format!("Node {} is older than {major}.{minor}", text.trim()).into());
    }
    Ok(())
}

fn npm(work: &Path) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(work).env("NO_COLOR", "1");
    command
}

/// What a command printed; an error has the end of what it complained about.
fn run(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{name} does not run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].concat();
    let lines: Vec<_> = String::from_utf8_lossy(&said)
        .lines()
        .map(str::to_owned)
        .collect();
    let end = lines
        .iter()
        .rev()
        .take(6)
        .rev()
        .cloned()
        .collect::<Vec<_>>();
    Err(format!("{name} failed: {}", end.join(" / ")).into())
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Copies a file, or a directory with all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        return fs::copy(from, to).map(|_| ());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The client as Rust: a list of `Asset`s, empty without a client.
fn table(dist: Option<&Path>) -> Outcome<String> {
    let mut files = Vec::new();
    if let Some(dist) = dist {
        list(dist, dist, &mut files)?;
    }
    files.sort();
    let mut text = String::from("[\n");
    for (name, path) in &files {
        if path.extension().is_some_and(|extension| extension == "gz") {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        fs::read(path)?.hash(&mut hasher);
        let packed = PathBuf::from(format!("{}.gz", path.display()));
        let gzip = if packed.is_file() {
            format!("Some({})", include(&packed))
        } else {
            "None".to_owned()
        };
        writeln!(
            text,
            "    Asset {{ path: \"/{name}\", etag: \"\\\"{:016x}\\\"\", body: {}, gzip: {gzip} }},",
            hasher.finish(),
            include(path)
        )?;
    }
    text.push_str("]\n");
    Ok(text)
}

fn include(path: &Path) -> String {
    // A string as Rust writes it, with what Windows has in its paths.
    format!("include_bytes!({:?})", path.to_string_lossy())
}

fn list(root: &Path, directory: &Path, files: &mut Vec<(String, PathBuf)>) -> Outcome<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else {
            let name = path
                .strip_prefix(root)?
                .to_string_lossy()
                .replace('\\', "/");
            files.push((name, path));
        }
    }
    Ok(())
}

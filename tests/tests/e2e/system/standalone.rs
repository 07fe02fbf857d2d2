//! One process.

use std::path::Path;

use im_tests::{Program, Ready, data_dir, free_port, wait_until};

use super::{Door, SOON, System, setup_token};

/// The program on this data and port, not yet started.
pub(crate) fn program(config: &Path, data: &Path, port: u16) -> Program {
    let listen = format!("127.0.0.1:{port}");
    Program::new("intramessenger")
        .arg("--config")
        .arg(config)
        .arg("--data-dir")
        .arg(data)
        .args(["--listen", &listen])
        .ready(Ready::Http(format!("http://{listen}/readyz")))
}

pub(super) async fn start(settings: &str) -> System {
    let data = data_dir();
    let config = data.path().join("im.toml");
    std::fs::write(&config, settings).expect("the configuration is written");
    let port = free_port();
    let process = program(&config, &data.path().join("data"), port)
        .start()
        .await;
    wait_until(
        "the token of the first administrator is printed",
        SOON,
        || async { setup_token(&process.log()).is_some() },
    )
    .await;
    System {
        setup_token: setup_token(&process.log()).expect("it was there before"),
        doors: vec![Door {
            base: format!("http://127.0.0.1:{port}"),
            process,
        }],
        services: Vec::new(),
        _data: data,
        _database: None,
    }
}

//! Every service as a process of its own, all but auth twice.

use std::path::Path;

use futures_util::future::join_all;
use im_tests::{PostgresDatabase, Process, Program, Ready, data_dir, free_port, wait_until};

use super::{Door, SOON, Service, System, setup_token};

/// How often each service runs.
const SERVICES: [(&str, usize); 3] = [("im-auth", 1), ("im-presence", 2), ("im-messaging", 2)];
const GATEWAYS: usize = 2;

struct Planned {
    name: &'static str,
    port: u16,
    admin_port: u16,
}

impl Planned {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            port: free_port(),
            admin_port: free_port(),
        }
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn admin_base(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    const fn listen_setting(&self) -> &'static str {
        match self.name.as_bytes() {
            b"im-auth" => "peers.auth_listen",
            b"im-presence" => "peers.presence_listen",
            b"im-messaging" => "peers.messaging_listen",
            _ => "server.listen",
        }
    }

    async fn start(&self, config: &Path, data: &Path) -> Process {
        let data = data.join(format!("{}-{}", self.name, self.port));
        Program::new(self.name)
            .arg("--config")
            .arg(config)
            .arg("--set")
            .arg(format!("{}=127.0.0.1:{}", self.listen_setting(), self.port))
            .arg("--set")
            .arg(format!("server.admin_listen=127.0.0.1:{}", self.admin_port))
            .arg("--set")
            .arg(format!("store.data_dir={}", data.display()))
            .ready(Ready::Http(format!("{}/readyz", self.admin_base())))
            .start()
            .await
    }
}

pub(super) async fn start(settings: &str, nats_url: &str) -> System {
    let data = data_dir();
    let database = PostgresDatabase::create().await;
    let planned: Vec<Planned> = SERVICES
        .iter()
        .flat_map(|(name, count)| (0..*count).map(|_| Planned::new(name)))
        .collect();
    let config = data.path().join("im.toml");
    let common = common_settings(&planned, &database.url(), nats_url);
    std::fs::write(&config, format!("{common}\n{settings}")).expect("the configuration is written");
    let started = join_all(planned.iter().map(|one| one.start(&config, data.path()))).await;
    let gateways: Vec<Planned> = (0..GATEWAYS).map(|_| Planned::new("im-gateway")).collect();
    let doors = join_all(gateways.iter().map(|one| one.start(&config, data.path()))).await;
    let services: Vec<Service> = planned
        .iter()
        .zip(started)
        .map(|(one, process)| Service {
            name: one.name,
            base: one.base(),
            admin_base: one.admin_base(),
            process,
        })
        .collect();
    let doors: Vec<Door> = gateways
        .iter()
        .zip(doors)
        .map(|(one, process)| Door {
            base: one.base(),
            process,
        })
        .collect();
    let find_token = || {
        let processes = services.iter().map(|service| &service.process);
        let mut all = processes.chain(doors.iter().map(|door| &door.process));
        all.find_map(|process| setup_token(&process.log()))
    };
    wait_until(
        "the token of the first administrator is printed",
        SOON,
        || async { find_token().is_some() },
    )
    .await;
    System {
        setup_token: find_token().expect("it was there before"),
        doors,
        services,
        _data: data,
        _database: Some(database),
    }
}

fn common_settings(planned: &[Planned], database_url: &str, nats_url: &str) -> String {
    let urls = |name: &str| {
        let of_name = planned.iter().filter(|one| one.name == name);
        let urls: Vec<String> = of_name.map(|one| format!("\"{}\"", one.base())).collect();
        urls.join(", ")
    };
    let unique = format!("{:032x}", rand::random::<u128>());
    format!(
        "[server]
internal_key = \"{unique}{unique}\"

[peers]
auth_urls = [{}]
presence_urls = [{}]
messaging_urls = [{}]

[store]
url = \"{database_url}\"
connections_max = 5

[bus]
url = \"{nats_url}\"
prefix = \"im{unique}\"
",
        urls("im-auth"),
        urls("im-presence"),
        urls("im-messaging"),
    )
}

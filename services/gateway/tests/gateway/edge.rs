//! Addresses, sites, limits.

use crate::{harness::World, raw};

#[tokio::test]
async fn a_path_prefix_belongs_to_its_site_and_is_taken_off() {
    let world = World::start().await;
    let reply = world.get("/b/v1/site?").await;
    assert_eq!(reply.status, 200);
    let call = world.backends.last_call();
    assert_eq!(call.path, "/im.auth.v1.AuthService/GetSite");
    assert_eq!(call.header("im-site"), Some("b"));
    let person = world.person_on("b");
    assert_eq!(
        world.call("GET /b/v1/contacts", &person, "").await.status,
        200
    );
    let reply = world.call("GET /v1/contacts", &person, "").await;
    assert_eq!(
        reply.json().await["reason"],
        "WRONG_SITE",
        "a token is good only on its site"
    );
    assert_eq!(world.get("/bc/v1/site").await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn a_forged_forwarded_address_is_ignored() {
    let world = World::start().await;
    let forged = [
        ("x-forwarded-for", "198.51.100.9"),
        ("im-client-address", "198.51.100.8"),
    ];
    raw::request(world.address, "GET /v1/site", &forged, b"").await;
    assert_eq!(
        world.backends.last_call().header("im-client-address"),
        Some("127.0.0.1")
    );
    world.stop().await;

    let trusting = |settings: &mut im_gateway::GatewaySettings| {
        settings.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
    };
    let world = World::start_with(trusting).await;
    let forwarded = [("x-forwarded-for", "203.0.113.1, 198.51.100.9")];
    raw::request(world.address, "GET /v1/site", &forwarded, b"").await;
    assert_eq!(
        world.backends.last_call().header("im-client-address"),
        Some("198.51.100.9"),
        "the last hop before the proxy, not what that hop claims"
    );
    world.stop().await;
}

#[tokio::test]
async fn too_many_requests_are_refused_with_the_time_to_wait() {
    let world = World::start_with(|settings| {
        settings.open_calls_per_address_per_s = 1;
        settings.open_calls_per_address_burst = 2;
    })
    .await;
    for _ in 0..2 {
        assert_eq!(world.get("/v1/site").await.status, 200);
    }
    let reply = world.get("/v1/site").await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("1"))
    );
    assert_eq!(reply.json().await["reason"], "RATE_LIMITED");
    assert_eq!(world.backends.calls.lock().unwrap().len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_long_head_is_refused() {
    let world = World::start_with(|settings| settings.header_bytes_max = 8_192).await;
    let long = "x".repeat(10_000);
    let reply = raw::request(world.address, "GET /v1/site", &[("x-long", &long)], b"").await;
    assert_eq!(reply.status, 431);
    world.stop().await;
}

#[tokio::test]
async fn connections_over_the_limit_are_closed() {
    let world = World::start_with(|settings| settings.connections_per_address_max = 2).await;
    let first = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let second = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let mut third = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let mut buffer = [0; 1];
    let read = tokio::io::AsyncReadExt::read(&mut third, &mut buffer).await;
    assert!(matches!(read, Ok(0) | Err(_)), "closed without a word");
    drop((first, second));
    world.stop().await;
}

#[tokio::test]
async fn a_web_socket_keeps_its_place_among_the_connections() {
    let world = World::start_with(|settings| settings.connections_max = 1).await;
    let mut socket = world.socket(&world.person(), "").await;
    socket.expect("welcome").await;
    let mut second = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut second, &mut [0; 1]).await;
    assert!(
        matches!(read, Ok(0) | Err(_)),
        "there is one place, and it is taken"
    );
    drop(socket);
    world.stop().await;
}

#[tokio::test]
async fn foreign_pages_may_call_only_where_configured() {
    let world = World::start_with(|settings| {
        settings.cors_origins = vec!["https://intra.example".to_owned()];
    })
    .await;
    let preflight = [
        ("origin", "https://intra.example"),
        ("access-control-request-method", "POST"),
    ];
    let reply = raw::request(world.address, "OPTIONS /v1/auth:login", &preflight, b"").await;
    assert_eq!(reply.status, 204);
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("https://intra.example")
    );
    let foreign = [("origin", "https://evil.example")];
    let reply = raw::request(world.address, "GET /v1/site", &foreign, b"").await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
    world.stop().await;
}

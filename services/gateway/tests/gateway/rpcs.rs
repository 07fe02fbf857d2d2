//! gRPC and gRPC-Web.

use im_proto::{
    auth::{GetSiteRequest, GetSiteResponse, PublicSite, auth_service_client::AuthServiceClient},
    gateway::{ListenRequest, ListenResponse, server_frame::Frame},
    presence::{ListContactsRequest, contact_service_client::ContactServiceClient},
};
use im_runtime::error::{ErrorKind, ReasonedStatus, simple_status};
use prost::Message as _;
use tonic::{
    Code, Request,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    harness::{Person, World},
    raw::{self, Reply},
};

pub(crate) fn channel(world: &World) -> Channel {
    Endpoint::from_shared(format!("http://{}", world.address))
        .unwrap()
        .connect_lazy()
}

pub(crate) fn authorized<T>(person: &Person, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", person.authorization().parse().unwrap());
    request
}

#[tokio::test]
async fn rpcs_pass_as_they_are_with_metadata_of_ours() {
    let world = World::start().await;
    let site = PublicSite {
        name: "Intranet".to_owned(),
        ..Default::default()
    };
    let answer = GetSiteResponse { site: Some(site) };
    *world.backends.answer.lock().unwrap() = Some(Ok(answer.encode_to_vec().into()));
    let mut request = Request::new(GetSiteRequest {});
    request
        .metadata_mut()
        .insert("im-site", "b".parse().unwrap());
    request
        .metadata_mut()
        .insert("im-service", "auth.1.forged".parse().unwrap());
    request
        .metadata_mut()
        .insert("x-other", "1".parse().unwrap());
    let found = AuthServiceClient::new(channel(&world))
        .get_site(request)
        .await
        .unwrap();
    assert_eq!(found.into_inner(), answer);
    let call = world.backends.last_call();
    assert_eq!(
        call.header("im-site"),
        Some("default"),
        "the client's own word counts nothing"
    );
    assert_eq!(
        (call.header("im-service"), call.header("x-other")),
        (None, None)
    );
    world.stop().await;
}

#[tokio::test]
async fn rpcs_need_a_token_and_statuses_come_back_whole() {
    let world = World::start().await;
    let person = world.person();
    let mut client = ContactServiceClient::new(channel(&world));
    let refused = client
        .list_contacts(ListContactsRequest::default())
        .await
        .unwrap_err();
    assert!(
        ReasonedStatus::of(&refused).has_reason("TOKEN_MISSING"),
        "{refused:?}"
    );
    client
        .list_contacts(authorized(&person, ListContactsRequest::default()))
        .await
        .unwrap();
    let call = world.backends.last_call();
    assert_eq!(
        call.header("authorization"),
        Some(person.authorization().as_str())
    );

    let blocked = simple_status(ErrorKind::FailedPrecondition, "BLOCKED", "blocked");
    *world.backends.answer.lock().unwrap() = Some(Err(blocked));
    let error = client
        .list_contacts(authorized(&person, ListContactsRequest::default()))
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(ReasonedStatus::of(&error).has_reason("BLOCKED"));
    world.stop().await;
}

#[tokio::test]
async fn internal_rpcs_are_not_served() {
    let world = World::start().await;
    let mut client = im_proto::auth::auth_internal_service_client::AuthInternalServiceClient::new(
        channel(&world),
    );
    let error = client
        .get_snapshot(im_proto::auth::GetSnapshotRequest {})
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert!(ReasonedStatus::of(&error).has_reason("METHOD_NOT_SERVED"));
    world.stop().await;
}

#[tokio::test]
async fn health_follows_readiness() {
    let world = World::start().await;
    let mut client = HealthClient::new(channel(&world));
    let request = || HealthCheckRequest {
        service: "im.auth.v1.AuthService".to_owned(),
    };
    let mut updates = client.watch(request()).await.unwrap().into_inner();
    let mut last = updates.message().await.unwrap().unwrap().status();
    while last != ServingStatus::Serving {
        last = updates.message().await.unwrap().unwrap().status();
    }
    let ready = world.tasks.readiness().condition("a test");
    assert_eq!(
        updates.message().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    let reply = world.get("/readyz").await;
    assert_eq!(reply.status, 503);
    assert!(
        String::from_utf8(reply.body().await)
            .unwrap()
            .contains("a test")
    );
    ready.set(true);
    drop((updates, client));
    world.stop().await;
}

#[tokio::test]
async fn reflection_tells_of_public_services_only() {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let world = World::start().await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel(&world));
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let names: Vec<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        names.contains(&"im.gateway.v1.StreamService".to_owned()),
        "{names:?}"
    );
    assert!(
        names.iter().all(|name| !name.contains("Internal")),
        "{names:?}"
    );
    drop(client);
    world.stop().await;
}

fn framed(message: &impl prost::Message) -> Vec<u8> {
    let encoded = message.encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(encoded.len()).unwrap().to_be_bytes());
    framed.extend(encoded);
    framed
}

/// One message of a gRPC-Web answer; the trailers, which are told apart by a flag, end it.
async fn web_message(reply: &mut Reply) -> Result<Vec<u8>, String> {
    let head = reply
        .take(5)
        .await
        .unwrap_or_else(|| panic!("a frame: {:?}", reply.headers));
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let content = reply.take(usize::try_from(length).unwrap()).await.unwrap();
    if head[0] & 0x80 == 0 {
        Ok(content)
    } else {
        Err(String::from_utf8(content).unwrap())
    }
}

async fn web(
    world: &World,
    path: &str,
    person: Option<&Person>,
    message: &impl prost::Message,
) -> Reply {
    let authorization = person.map(Person::authorization).unwrap_or_default();
    let mut headers = vec![
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
    ];
    if person.is_some() {
        headers.push(("authorization", authorization.as_str()));
    }
    raw::request(
        world.address,
        &format!("POST {path}"),
        &headers,
        &framed(message),
    )
    .await
}

#[tokio::test]
async fn grpc_web_calls_work_over_http_1() {
    let world = World::start().await;
    let site = PublicSite {
        name: "Intranet".to_owned(),
        ..Default::default()
    };
    let answer = GetSiteResponse { site: Some(site) };
    *world.backends.answer.lock().unwrap() = Some(Ok(answer.encode_to_vec().into()));
    let mut reply = web(
        &world,
        "/im.auth.v1.AuthService/GetSite",
        None,
        &GetSiteRequest {},
    )
    .await;
    assert_eq!(reply.status, 200);
    let message = web_message(&mut reply).await.unwrap();
    assert_eq!(GetSiteResponse::decode(message.as_slice()).unwrap(), answer);
    let trailers = web_message(&mut reply).await.unwrap_err();
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
    // Behind the prefix of a site too.
    let reply = web(
        &world,
        "/b/im.auth.v1.AuthService/GetSite",
        None,
        &GetSiteRequest {},
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(world.backends.last_call().header("im-site"), Some("b"));
    world.stop().await;
}

/// Frames of a `Listen` over gRPC-Web.
pub(crate) struct WebListener(Reply);

impl WebListener {
    pub(crate) async fn open(world: &World, person: &Person, request: &ListenRequest) -> Self {
        let path = "/im.gateway.v1.StreamService/Listen";
        Self(web(world, path, Some(person), request).await)
    }

    pub(crate) async fn frame(&mut self) -> Frame {
        let message = web_message(&mut self.0).await.expect("a frame");
        let response = ListenResponse::decode(message.as_slice()).unwrap();
        response.frame.unwrap().frame.unwrap()
    }
}

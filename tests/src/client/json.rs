//! Messages of the protos as JSON and back, by name.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, MethodDescriptor,
    SerializeOptions,
};
use serde_json::Value;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(im_proto::DESCRIPTOR_SET).expect("the descriptors of the protos")
});

/// The rpc of a name such as `im.auth.v1.AuthService/Login`.
pub(super) fn method(rpc: &str) -> MethodDescriptor {
    let (service, name) = rpc.split_once('/').expect("service/method");
    let service = POOL.get_service_by_name(service);
    let service = service.unwrap_or_else(|| panic!("no service of {rpc}"));
    let found = service.methods().find(|method| method.name() == name);
    found.unwrap_or_else(|| panic!("no rpc {rpc}"))
}

/// JSON as the bytes of a message.
pub(super) fn encode(descriptor: &MessageDescriptor, json: &Value) -> Vec<u8> {
    let strict = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor.clone(), json, &strict);
    message
        .unwrap_or_else(|error| panic!("{json} is no {}: {error}", descriptor.full_name()))
        .encode_to_vec()
}

/// The bytes of a message as JSON with all fields, as the gateway writes it.
pub(super) fn decode(descriptor: MessageDescriptor, bytes: &[u8]) -> Value {
    let name = descriptor.full_name().to_owned();
    let message = DynamicMessage::decode(descriptor, bytes);
    let message = message.unwrap_or_else(|error| panic!("no {name}: {error}"));
    let options = SerializeOptions::new().skip_default_fields(false);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .unwrap_or_else(|error| panic!("{name} as JSON: {error}"))
}

use super::*;
use crate::grpc::Methods;

fn described() -> (RouteTable, Value) {
    let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).unwrap();
    let routes = RouteTable::new(&pool, &Methods::new(&pool)).unwrap();
    let document = document(&pool, &routes, "1.2.3");
    (routes, document)
}

#[test]
fn every_annotated_rpc_is_described() {
    let (routes, document) = described();
    assert!(routes.iter().count() > 70);
    for route in routes.iter() {
        let method = route.http_method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][&route.template_text][method];
        let service = route.rpc.parent_service();
        let id = format!("{}_{}", service.name(), route.rpc.name());
        assert_eq!(operation["operationId"], id, "{}", route.template_text);
        assert_ne!(operation["summary"], "", "{id} has no comment");
        let in_path = operation["parameters"].as_array().unwrap().iter();
        let in_path = in_path
            .filter(|parameter| parameter["in"] == "path")
            .count();
        assert_eq!(in_path, route.template.variables().count(), "{id}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    let name = target.strip_prefix("#/components/schemas/").unwrap();
                    assert!(
                        document["components"]["schemas"][name].is_object(),
                        "{target}"
                    );
                }
                members.values().for_each(|member| check(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| check(document, item)),
            _ => {}
        }
    }
    let (_, document) = described();
    check(&document, &document);
}

#[test]
fn the_way_in_needs_no_token_and_all_else_does() {
    let (_, document) = described();
    assert_eq!(
        document["paths"]["/v1/auth:login"]["post"]["security"],
        json!([])
    );
    assert_eq!(
        document["paths"]["/v1/contacts"]["get"]["security"],
        json!([{ "bearer": [] }])
    );
}

#[test]
fn fields_carry_the_comments_of_the_protos() {
    let (_, document) = described();
    let body = &document["paths"]["/v1/auth:login"]["post"]["requestBody"]["content"];
    let username = &body["application/json"]["schema"]["properties"]["username"];
    assert_eq!(username["description"], "The sign-in name.");
    let presence = &document["paths"]["/v1/presence"]["get"]["parameters"][0];
    assert_eq!(
        (&presence["name"], &presence["in"]),
        (&json!("userIds"), &json!("query"))
    );
}

//! Messages and enums as JSON schemas.

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::Comments;

/// Collects the schemas that are referred to.
pub(super) struct Schemas<'a> {
    comments: &'a Comments,
    made: Map<String, Value>,
    waiting: Vec<MessageDescriptor>,
    seen: BTreeSet<String>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(comments: &'a Comments) -> Self {
        Self {
            comments,
            made: Map::new(),
            waiting: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// A reference to the schema of a message, which is made in time.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        match message.full_name() {
            "google.protobuf.Timestamp" => {
                return json!({ "type": "string", "format": "date-time" });
            }
            "google.protobuf.Duration" => return json!({ "type": "string", "format": "duration" }),
            "google.protobuf.Any" => return json!({ "type": "object" }),
            _ => {}
        }
        let name = message.full_name().to_owned();
        if self.seen.insert(name.clone()) {
            self.waiting.push(message.clone());
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// All schemas, those included that only others refer to.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        while let Some(message) = self.waiting.pop() {
            let schema = self.object(&message, &BTreeSet::new());
            self.made.insert(message.full_name().to_owned(), schema);
        }
        self.made
    }

    /// A message without some of its fields (proto names), which stand elsewhere in the request.
    pub(super) fn object(
        &mut self,
        message: &MessageDescriptor,
        without: &BTreeSet<String>,
    ) -> Value {
        let mut properties = Map::new();
        for field in message
            .fields()
            .filter(|field| !without.contains(field.name()))
        {
            properties.insert(field.json_name().to_owned(), self.field(&field));
        }
        let file = message.parent_file();
        json!({
            "type": "object",
            "description": self.comments.get(file.name(), message.path()),
            "properties": properties,
        })
    }

    /// A field with its comment.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = if field.is_map() {
            let value = match field.kind() {
                Kind::Message(entry) => self.kind(&entry.map_entry_value_field().kind()),
                _ => json!({}),
            };
            json!({ "type": "object", "additionalProperties": value })
        } else if field.is_list() {
            json!({ "type": "array", "items": self.kind(&field.kind()) })
        } else {
            self.kind(&field.kind())
        };
        let parent = field.parent_message().parent_file();
        let text = self.comments.get(parent.name(), field.path());
        if let (Some(schema), false) = (schema.as_object_mut(), text.is_empty()) {
            schema.insert("description".to_owned(), text.into());
        }
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Double | Kind::Float => json!({ "type": "number" }),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({ "type": "integer", "format": "int32" })
            }
            Kind::Uint32 | Kind::Fixed32 => json!({ "type": "integer", "minimum": 0 }),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({ "type": "string", "format": "int64" })
            }
            Kind::Uint64 | Kind::Fixed64 => json!({ "type": "string", "format": "uint64" }),
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Kind::Enum(values) => enumeration(values),
            Kind::Message(message) => self.message(message),
        }
    }
}

fn enumeration(values: &EnumDescriptor) -> Value {
    let names: Vec<String> = values
        .values()
        .map(|value| value.name().to_owned())
        .collect();
    json!({ "type": "string", "enum": names })
}

//! Which rpc a method and a path call.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use http::{Method, uri::PathAndQuery};
use im_proto::google::api::{HttpRule, http_rule::Pattern};
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, MethodDescriptor};

use crate::{
    grpc::Methods,
    http::template::{ParseTemplateError, RequestPath, Template},
};

/// Where the request message comes from beside path and query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BodyRule {
    /// There is no body.
    None,
    /// The body is the message.
    All,
    /// The body is one field of it.
    Field(FieldDescriptor),
}

/// One way to call an rpc over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The rpc.
    pub rpc: MethodDescriptor,
    /// `/im.auth.v1.AuthService/Login`.
    pub rpc_path: PathAndQuery,
    /// The HTTP method.
    pub http_method: Method,
    /// The path as it was written.
    pub template_text: String,
    /// The path.
    pub template: Template,
    /// The body.
    pub body: BodyRule,
    /// The field of the response that is the answer; all of it if `None`.
    pub response_body: Option<FieldDescriptor>,
}

/// The annotations cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RouteTableError {
    /// The descriptor set lacks the annotation itself.
    #[error("the descriptor set does not declare google.api.http")]
    NoAnnotation,
    /// An annotation is malformed.
    #[error("the http rule of {rpc} cannot be read")]
    Rule {
        /// Which rpc.
        rpc: String,
    },
    /// A path is malformed.
    #[error("the http rule of {rpc}")]
    Template {
        /// Which rpc.
        rpc: String,
        /// Why.
        #[source]
        source: ParseTemplateError,
    },
    /// A field does not exist.
    #[error("the http rule of {rpc} names {field}, which does not exist")]
    Field {
        /// Which rpc.
        rpc: String,
        /// Which field.
        field: String,
    },
    /// Two rpcs are called by one path.
    #[error("{first} and {second} are both called by {path}")]
    Ambiguous {
        /// One rpc.
        first: String,
        /// The other.
        second: String,
        /// Method and path.
        path: String,
    },
}

/// What a method and a path lead to.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// An rpc, and the values in the path, in the order of the template's variables.
    Found(Arc<Route>, Vec<String>),
    /// Other methods only.
    OtherMethods(BTreeSet<String>),
    /// Nothing.
    Nothing,
}

/// All annotated public rpcs.
#[derive(Debug)]
pub(crate) struct RouteTable {
    routes: Vec<Arc<Route>>,
    /// By number of segments and verb; the most specific first.
    shapes: HashMap<(usize, Option<String>), Vec<Arc<Route>>>,
}

impl RouteTable {
    /// Reads the annotations of the public rpcs.
    pub(crate) fn new(pool: &DescriptorPool, methods: &Methods) -> Result<Self, RouteTableError> {
        let annotation = pool
            .get_extension_by_name("google.api.http")
            .ok_or(RouteTableError::NoAnnotation)?;
        let mut routes = Vec::new();
        for rpc in methods.iter() {
            let options = rpc.options();
            if !options.has_extension(&annotation) {
                continue;
            }
            let value = options.get_extension(&annotation);
            let rule: HttpRule = value
                .as_message()
                .and_then(|message| message.transcode_to().ok())
                .ok_or_else(|| RouteTableError::Rule {
                    rpc: rpc.full_name().to_owned(),
                })?;
            for binding in std::iter::once(&rule).chain(&rule.additional_bindings) {
                routes.push(Arc::new(route(rpc, binding)?));
            }
        }
        Self::index(routes)
    }

    fn index(routes: Vec<Arc<Route>>) -> Result<Self, RouteTableError> {
        let mut shapes: HashMap<_, Vec<Arc<Route>>> = HashMap::new();
        for route in &routes {
            let shape = (
                route.template.len(),
                route.template.verb().map(str::to_owned),
            );
            let same = shapes.entry(shape).or_default();
            let is_same_path = |other: &&Arc<Route>| {
                other.http_method == route.http_method && overlaps(&other.template, &route.template)
            };
            if let Some(other) = same.iter().find(is_same_path) {
                return Err(RouteTableError::Ambiguous {
                    first: other.rpc.full_name().to_owned(),
                    second: route.rpc.full_name().to_owned(),
                    path: format!("{} {}", route.http_method, route.template_text),
                });
            }
            same.push(Arc::clone(route));
            same.sort_by_key(|route| std::cmp::Reverse(route.template.specificity()));
        }
        Ok(Self { routes, shapes })
    }

    /// All routes, in the order of the descriptors.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.routes.iter()
    }

    /// What a request leads to.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Lookup {
        let Some(path) = RequestPath::parse(path) else {
            return Lookup::Nothing;
        };
        let shape = (path.len(), path.verb().map(str::to_owned));
        let mut others = BTreeSet::new();
        for route in self.shapes.get(&shape).into_iter().flatten() {
            let Some(values) = route.template.matches(&path) else {
                continue;
            };
            if route.http_method == *method {
                return Lookup::Found(Arc::clone(route), values);
            }
            others.insert(route.http_method.to_string());
        }
        if others.is_empty() {
            Lookup::Nothing
        } else {
            Lookup::OtherMethods(others)
        }
    }
}

/// Whether two templates of one shape are equally specific, so that neither could win.
fn overlaps(one: &Template, other: &Template) -> bool {
    one.specificity() == other.specificity() && one.literals().eq(other.literals())
}

fn route(rpc: &MethodDescriptor, rule: &HttpRule) -> Result<Route, RouteTableError> {
    let name = || rpc.full_name().to_owned();
    let (http_method, path) = match &rule.pattern {
        Some(Pattern::Get(path)) => (Method::GET, path),
        Some(Pattern::Put(path)) => (Method::PUT, path),
        Some(Pattern::Post(path)) => (Method::POST, path),
        Some(Pattern::Delete(path)) => (Method::DELETE, path),
        Some(Pattern::Patch(path)) => (Method::PATCH, path),
        None => return Err(RouteTableError::Rule { rpc: name() }),
    };
    let template = Template::parse(path).map_err(|source| RouteTableError::Template {
        rpc: name(),
        source,
    })?;
    for variable in template.variables() {
        if !has_path(&rpc.input(), variable) {
            return Err(RouteTableError::Field {
                rpc: name(),
                field: variable.join("."),
            });
        }
    }
    let field = |message: MessageDescriptor, field: &str| {
        message
            .get_field_by_name(field)
            .ok_or_else(|| RouteTableError::Field {
                rpc: name(),
                field: field.to_owned(),
            })
    };
    let body = match rule.body.as_str() {
        "" => BodyRule::None,
        "*" => BodyRule::All,
        named => BodyRule::Field(field(rpc.input(), named)?),
    };
    let response_body = match rule.response_body.as_str() {
        "" => None,
        named => Some(field(rpc.output(), named)?),
    };
    let rpc_path = format!("/{}/{}", rpc.parent_service().full_name(), rpc.name());
    Ok(Route {
        rpc: rpc.clone(),
        rpc_path: rpc_path
            .parse()
            .map_err(|_not_a_path| RouteTableError::Rule { rpc: name() })?,
        http_method,
        template_text: path.clone(),
        template,
        body,
        response_body,
    })
}

fn has_path(message: &MessageDescriptor, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    let Some(field) = message.get_field_by_name(first) else {
        return false;
    };
    rest.is_empty()
        || field
            .kind()
            .as_message()
            .is_some_and(|inner| has_path(inner, rest))
}

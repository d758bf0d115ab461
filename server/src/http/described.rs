//! What handlers take from a request, read off their own signatures.
//!
//! Does not read requests. Invariant: an extractor that takes something from the query or the body
//! says so here, and a handler with one that is not described does not compile as a route.

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::extract::{ApiJson, ApiPath, ApiQuery, OptionalJson, Repo};

/// What is known about a request besides its path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    /// Parameters of the query, in the shape of `OpenAPI`.
    pub query: Vec<Value>,
    /// Schema of the JSON body, and whether it must be there.
    pub body: Option<(Value, bool)>,
}

impl Described {
    fn add_query(&mut self, schema: Value) {
        let is_required = |name: &str| {
            schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name))
        };
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.query.push(json!({
                "name": name,
                "in": "query",
                "required": is_required(name),
                "schema": without_null(property.clone()),
            }));
        }
    }
}

/// A parameter that is left out is not a parameter whose value is null.
fn without_null(mut schema: Value) -> Value {
    let kind = schema.get_mut("type");
    if let Some(Value::Array(types)) = kind {
        types.retain(|it| it != "null");
        if let [single] = types.as_slice() {
            schema["type"] = single.clone();
        }
    }
    schema
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|it| {
        it.inline_subschemas = true;
        it.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// One argument of a handler.
pub trait Argument {
    /// Adds what it reads; most read nothing but the path.
    fn describe(_: &mut Described) {}
}

impl<T> Argument for State<T> {}
impl<T> Argument for Extension<T> {}
impl<T> Argument for ApiPath<T> {}
impl Argument for Repo {}
impl Argument for HeaderMap {}
impl Argument for Bytes {}
impl Argument for Body {}

impl<T: JsonSchema> Argument for ApiQuery<T> {
    fn describe(described: &mut Described) {
        described.add_query(schema_of::<T>());
    }
}

impl<T: JsonSchema> Argument for ApiJson<T> {
    fn describe(described: &mut Described) {
        described.body = Some((schema_of::<T>(), true));
    }
}

impl<T: JsonSchema> Argument for OptionalJson<T> {
    fn describe(described: &mut Described) {
        described.body = Some((schema_of::<T>(), false));
    }
}

impl<A: Argument, B: Argument> Argument for (A, B) {
    fn describe(described: &mut Described) {
        A::describe(described);
        B::describe(described);
    }
}

impl<A: Argument, B: Argument, C: Argument> Argument for (A, B, C) {
    fn describe(described: &mut Described) {
        A::describe(described);
        <(B, C)>::describe(described);
    }
}

/// All arguments of a handler, as axum names them: a marker of its own, then one type for each.
pub trait Signature {
    fn described() -> Described;
}

impl Signature for ((),) {
    fn described() -> Described {
        Described::default()
    }
}

macro_rules! signature {
    ($($argument:ident),+) => {
        impl<Marker, $($argument: Argument),+> Signature for (Marker, $($argument,)+) {
            fn described() -> Described {
                let mut described = Described::default();
                $($argument::describe(&mut described);)+
                described
            }
        }
    };
}

signature!(A);
signature!(A, B);
signature!(A, B, C);
signature!(A, B, C, D);
signature!(A, B, C, D, E);

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its description is looked at")]
    struct Query {
        page: Option<i64>,
        q: String,
    }

    #[test]
    fn a_signature_tells_the_parameters_and_the_body() {
        let described = <((), State<()>, ApiQuery<Query>, ApiJson<Vec<String>>)>::described();
        let names: Vec<_> =
            described.query.iter().map(|it| (&it["name"], &it["required"])).collect();
        assert_eq!(names, [(&json!("page"), &json!(false)), (&json!("q"), &json!(true))]);
        assert_eq!(described.query[0]["schema"]["type"], "integer");
        let (schema, is_required) = described.body.expect("a body");
        assert_eq!((&schema["type"], is_required), (&json!("array"), true));
    }
}

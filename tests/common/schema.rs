//! A document against a published schema.

use serde_json::Value;

/// Checks a value against the part of JSON Schema that `schemas/` uses; anything
/// else in a schema is an error, so that nothing passes unread.
fn validate(root: &Value, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let Some(rules) = schema.as_object() else {
        return;
    };
    for (key, rule) in rules {
        match key.as_str() {
            "$schema" | "$id" | "title" | "description" | "$defs" => {}
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                validate(
                    root,
                    root.pointer(pointer)
                        .unwrap_or_else(|| panic!("no {pointer}")),
                    value,
                    at,
                    errors,
                );
            }
            "const" => {
                if rule != value {
                    errors.push(format!("{at}: {value} is not {rule}"));
                }
            }
            "enum" => {
                if !rule.as_array().unwrap().contains(value) {
                    errors.push(format!("{at}: {value} is none of {rule}"));
                }
            }
            "type" => {
                let one = |name: &str| match name {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("type {other}"),
                };
                let fits = match rule {
                    Value::String(name) => one(name),
                    Value::Array(names) => names.iter().any(|n| one(n.as_str().unwrap())),
                    _ => panic!("type"),
                };
                if !fits {
                    errors.push(format!("{at}: {value} is not of type {rule}"));
                }
            }
            "minimum" | "maximum" => {
                if let (Some(n), Some(limit)) = (value.as_i64(), rule.as_i64())
                    && ((key == "minimum" && n < limit) || (key == "maximum" && n > limit))
                {
                    errors.push(format!("{at}: {n} is outside {key} {limit}"));
                }
            }
            "pattern" => {
                let regex = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|s| !regex.is_match(s)) {
                    errors.push(format!("{at}: {value} does not match {rule}"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        errors.push(format!("{at}: {name} is missing"));
                    }
                }
            }
            "properties" => {
                let Some(map) = value.as_object() else {
                    continue;
                };
                for (name, inner) in map {
                    match rule.get(name) {
                        Some(schema) => {
                            validate(root, schema, inner, &format!("{at}/{name}"), errors)
                        }
                        None => errors.push(format!("{at}/{name}: not in the schema")),
                    }
                }
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(root, rule, item, &format!("{at}/{i}"), errors);
                }
            }
            "anyOf" => {
                let fits = rule.as_array().unwrap().iter().any(|option| {
                    let mut inner = Vec::new();
                    validate(root, option, value, at, &mut inner);
                    inner.is_empty()
                });
                if !fits {
                    errors.push(format!("{at}: fits none of the choices"));
                }
            }
            other => panic!("the validator does not know {other}"),
        }
    }
}

/// What is wrong with a document, by the schema of that file name.
pub fn errors(schema: &str, document: &Value) -> Vec<String> {
    let path = format!("{}/schemas/{schema}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let schema: Value = serde_json::from_str(&text).unwrap();
    let mut errors = Vec::new();
    validate(&schema, &schema, document, "", &mut errors);
    errors
}

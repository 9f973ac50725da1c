//! JSON documents, for a room that knows no syntax.

use serde_json::Value;

use crate::programs::Json;

/// Reads a document. What is wrong with it is told by the place alone: its words would
/// quote what the file holds, which may be any file.
pub fn json(text: &str) -> Result<Json, String> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| format!("no JSON: line {}, column {}", e.line(), e.column()))?;
    Ok(of(value))
}

fn of(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(b),
        Value::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(n), _) => Json::Number(false, n.into()),
            (None, Some(n)) => Json::Number(true, n.unsigned_abs().into()),
            // No field holds one; its text says so.
            (None, None) => Json::Text(n.to_string()),
        },
        Value::String(text) => Json::Text(text),
        Value::Array(items) => Json::List(items.into_iter().map(of).collect()),
        Value::Object(members) => {
            Json::Object(members.into_iter().map(|(k, v)| (k, of(v))).collect())
        }
    }
}

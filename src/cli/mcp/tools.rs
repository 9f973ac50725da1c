//! The tools: one table, from which their schemas are made and calls are checked.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::verbs;
use crate::cli::Failure;
use crate::cli::roots::Roots;
use crate::cli::spend::Spending;

/// What a parameter holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// At least one where it is required.
    Texts,
    Flag,
    /// From 0 to this.
    Number(u64),
}

struct Param {
    name: &'static str,
    kind: Kind,
    required: bool,
    about: &'static str,
}

const fn must(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param {
        name,
        kind,
        required: true,
        about,
    }
}

const fn may(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param {
        name,
        kind,
        required: false,
        about,
    }
}

/// Answers, or says what is wrong.
type Call = fn(&Given<'_>, &Arc<Roots>, &Spending) -> Result<Value, Failure>;

/// A tool.
pub(super) struct Tool {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    params: &'static [Param],
    pub(super) call: Call,
    /// How an agent gets what was cut.
    pub(super) rest: &'static str,
}

const PATHS: &str =
    "Compiled BPF objects (.o), folders with some, or what holds some; below the server's root";
const TARGETS: &str = "Kernels or runtimes (`linux-6.1`, `lts`, `host`); default: those of bpfassay.toml, else the newest";
const PLAIN_TARGETS: &str = "Kernels or runtimes (`linux-6.1`, `lts`, `host`); default: the newest";

const TOOLS: [Tool; 5] = [
    Tool {
        name: "check",
        title: "Predict the verifier's verdict",
        about: "Verifies, lints and test-runs every program of BPF objects for every target, without a kernel. Gives \
                the verdicts (accept, reject, unknown, load-error) and the findings with source lines, how the value \
                at fault came about, and helps as diffs, each verified again where `verified` is true.",
        params: &[
            must("paths", Kind::Texts, PATHS),
            may("targets", Kind::Texts, TARGETS),
            may("program", Kind::Text, "Only the program of this name"),
            may(
                "all",
                Kind::Flag,
                "Go on after a refusal as if it were mended, to find what is refused then",
            ),
            may("no_smoke", Kind::Flag, "Don't test-run what is accepted"),
            may("offset", Kind::Number(1 << 32), "Findings to pass over"),
            may(
                "limit",
                Kind::Number(100),
                "Findings to give; default 20; 0 for their number only",
            ),
        ],
        call: verbs::check,
        rest: "call check for fewer paths, with `program`, or with `offset` and `limit`",
    },
    Tool {
        name: "explain",
        title: "Explain a rule or a verifier's log",
        about: "The page of a rule (what, why, a bad and a good example, remedy) or of a helper, map type or mechanism; \
                or, of the text of a kernel's verifier log, what it means and how it is mended.",
        params: &[
            may(
                "code",
                Kind::Text,
                "A rule by code (`BPF0108`) or name, a helper, kfunc, map or program type",
            ),
            may("log", Kind::Text, "The text of a kernel's verifier log"),
            may(
                "object",
                Kind::Text,
                "The object that the log is of, to tell it on its source",
            ),
        ],
        call: verbs::explain,
        rest: "the page has an end that is not needed to understand the rule; of a log send the last refusal only",
    },
    Tool {
        name: "audit",
        title: "Tell what objects need and may do",
        about: "What BPF objects can do (read user memory, write packets, ...), the oldest kernel that takes them, \
                capabilities, kernel options, maps with their memory, and per program types, helpers and verdict.",
        params: &[
            must("paths", Kind::Texts, PATHS),
            may("targets", Kind::Texts, PLAIN_TARGETS),
            may(
                "program",
                Kind::Text,
                "Only the program of this name, with each of its calls and features",
            ),
        ],
        call: verbs::audit,
        rest: "call audit for one path, or with `program`",
    },
    Tool {
        name: "run",
        title: "Run a program in the embedded interpreter",
        about: "Runs one program on packets, a context, or made inputs, without a kernel: what it returns, which \
                helpers it calls, how it changes maps and packets, and faults.",
        params: &[
            must(
                "path",
                Kind::Text,
                "A compiled BPF object below the server's root",
            ),
            may(
                "program",
                Kind::Text,
                "The program; needed if there are several",
            ),
            may("targets", Kind::Texts, PLAIN_TARGETS),
            may(
                "packets",
                Kind::Texts,
                "Packets, each as hexadecimal digits",
            ),
            may(
                "context",
                Kind::Text,
                "The context's bytes, as hexadecimal digits",
            ),
            may("populated", Kind::Flag, "Begin with filled maps"),
            may("maps", Kind::Flag, "Tell the maps as each run leaves them"),
            may("seed", Kind::Number(u64::MAX), "Seed of made inputs"),
            may(
                "inputs",
                Kind::Number(64),
                "How many inputs are made; default 8",
            ),
        ],
        call: verbs::run,
        rest: "call run with fewer `inputs` or one packet, and without `maps`",
    },
    Tool {
        name: "targets",
        title: "List kernels and runtimes, or compare two",
        about: "The kernels and runtimes that can be asked; with `target` what one has and how its verifier behaves; \
                with `target` and `other` what changes from one to the other.",
        params: &[
            may("target", Kind::Text, "One of them"),
            may("other", Kind::Text, "What `target` is compared with"),
        ],
        call: verbs::targets,
        rest: "compare two targets with `other` to see only what differs",
    },
];

/// The tools as a client lists them.
pub(super) fn list() -> Vec<Value> {
    let tools = TOOLS.iter().map(|tool| {
        json!({
            "name": tool.name,
            "title": tool.title,
            "description": tool.about,
            "inputSchema": schema(tool.params),
            "outputSchema": { "type": "object" },
            "annotations": {
                "title": tool.title,
                "readOnlyHint": true,
                "idempotentHint": true,
                "openWorldHint": false,
            },
        })
    });
    tools.collect()
}

fn schema(params: &[Param]) -> Value {
    let property = |p: &Param| {
        let mut schema = match p.kind {
            Kind::Text => json!({ "type": "string" }),
            Kind::Texts => json!({
                "type": "array",
                "items": { "type": "string" },
                "minItems": u8::from(p.required),
            }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Number(most) => json!({ "type": "integer", "minimum": 0, "maximum": most }),
        };
        schema["description"] = json!(p.about);
        (p.name.to_owned(), schema)
    };
    let required = params.iter().filter(|p| p.required).map(|p| p.name);
    json!({
        "type": "object",
        "properties": params.iter().map(property).collect::<Map<String, Value>>(),
        "required": required.collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

/// A call whose arguments are what the tool's schema says.
pub(super) struct Given<'a> {
    pub(super) tool: &'static Tool,
    arguments: Option<&'a Map<String, Value>>,
}

/// Reads the parameters of a call.
pub(super) fn given(params: &Value) -> Result<Given<'_>, String> {
    let name = params["name"].as_str().unwrap_or("");
    let names = || TOOLS.iter().map(|t| t.name).collect::<Vec<_>>().join(", ");
    let tool = TOOLS.iter().find(|t| t.name == name);
    let tool = tool.ok_or_else(|| format!("no tool {name:?}; there are: {}", names()))?;
    let arguments = match &params["arguments"] {
        Value::Null => None,
        Value::Object(map) => Some(map),
        _ => return Err("arguments: expected an object".to_owned()),
    };
    for (key, value) in arguments.into_iter().flatten() {
        let Some(param) = tool.params.iter().find(|p| p.name == key) else {
            let known: Vec<&str> = tool.params.iter().map(|p| p.name).collect();
            return Err(format!(
                "{name} has no argument {key:?}; it takes: {}",
                known.join(", ")
            ));
        };
        fits(param, value).map_err(|want| format!("{name}: {key}: expected {want}"))?;
    }
    let missing = tool
        .params
        .iter()
        .find(|p| p.required && !arguments.is_some_and(|a| a.contains_key(p.name)));
    match missing {
        Some(param) => Err(format!(
            "{name}: {} is required: {}",
            param.name, param.about
        )),
        None => Ok(Given { tool, arguments }),
    }
}

fn fits(param: &Param, value: &Value) -> Result<(), String> {
    match (param.kind, value) {
        (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => Ok(()),
        (Kind::Text, _) => Err("a text".to_owned()),
        (Kind::Flag, _) => Err("true or false".to_owned()),
        (Kind::Texts, Value::Array(list))
            if list.iter().all(Value::is_string) && !(param.required && list.is_empty()) =>
        {
            Ok(())
        }
        (Kind::Texts, _) => Err("a list of texts".to_owned()),
        (Kind::Number(most), value) => match value.as_u64() {
            Some(n) if n <= most => Ok(()),
            _ => Err(format!("a whole number from 0 to {most}")),
        },
    }
}

impl Given<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.arguments?.get(name)
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// A list of texts, empty where it is not given.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.value(name).and_then(Value::as_array);
        let list = list.into_iter().flatten();
        list.filter_map(Value::as_str).collect()
    }

    /// A flag, not set where it is not given.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.as_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(params: Value, want: Result<&str, &str>) {
        let got = given(&params).map(|g| g.tool.name);
        assert_eq!(got.as_ref().map(|n| *n).map_err(String::as_str), want);
    }

    #[test]
    fn arguments_are_what_the_schema_says() {
        check(json!({ "name": "targets" }), Ok("targets"));
        check(
            json!({ "name": "check", "arguments": { "paths": ["a.o"], "limit": 3 } }),
            Ok("check"),
        );
        check(
            json!({ "name": "check", "arguments": { "paths": [], "limit": 3 } }),
            Err("check: paths: expected a list of texts"),
        );
        check(
            json!({ "name": "check", "arguments": { "paths": ["a.o"], "limit": 101 } }),
            Err("check: limit: expected a whole number from 0 to 100"),
        );
        check(
            json!({ "name": "targets", "arguments": { "name": "x" } }),
            Err("targets has no argument \"name\"; it takes: target, other"),
        );
        check(
            json!({ "name": "targets", "arguments": [] }),
            Err("arguments: expected an object"),
        );
        check(
            json!({ "name": "shell" }),
            Err("no tool \"shell\"; there are: check, explain, audit, run, targets"),
        );
    }

    #[test]
    fn schemas_and_calls_agree() {
        for (tool, listed) in TOOLS.iter().zip(list()) {
            let validator = jsonschema::validator_for(&listed["inputSchema"]).unwrap();
            for value in [
                json!({}),
                json!({ "paths": ["a.o"] }),
                json!({ "paths": [] }),
                json!({ "paths": [1] }),
                json!({ "path": "a.o", "inputs": 65 }),
                json!({ "path": "a.o", "inputs": -1, "maps": true }),
                json!({ "path": "a.o", "inputs": 64, "maps": true }),
                json!({ "code": 108 }),
                json!({ "code": "108", "log": "" }),
                json!({ "target": "linux-6.1", "other": null }),
            ] {
                let params = json!({ "name": tool.name, "arguments": value });
                assert_eq!(
                    given(&params).is_ok(),
                    validator.is_valid(&value),
                    "{} {value}",
                    tool.name
                );
            }
        }
    }
}

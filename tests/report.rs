//! The JSON report against its published schema, and the text report's parts.

use bpfassay::{InputKind, Options, TargetChoice, check, report, target};
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
            "additionalProperties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if schema.pointer(&format!("/properties/{name}")).is_none() {
                        validate(root, rule, inner, &format!("{at}/{name}"), errors);
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

fn schema_errors(document: &Value) -> Vec<String> {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schemas/report.v1.json"
    ))
    .unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let mut errors = Vec::new();
    validate(&schema, &schema, document, "", &mut errors);
    errors
}

fn check_asm(text: &str) -> report::Report {
    let target = target::Target::default();
    let targets = [TargetChoice {
        target: &target,
        kernel_btf: None,
    }];
    let options = Options {
        kind: InputKind::Asm,
        ..Options::new("case.bpfasm", &targets)
    };
    check(text.as_bytes(), &options)
}

const PACKET: &str = "\
.type xdp
.license \"GPL\"
r2 = *(u32 *)(r1 + 0)
r3 = *(u32 *)(r1 + 4)
r4 = r2
r4 += 14
if r4 > r3 goto out
r0 = *(u8 *)(r2 + 23)
out:
r0 = 2
exit
";

const LOOKUP: &str = "\
.type socket_filter
.license \"GPL\"
.map counts hash 4 8 1
*(u32 *)(r10 - 4) = 0
r2 = r10
r2 += -4
r1 = map[counts] ll
call 1
r0 = *(u64 *)(r0 + 0)
exit
";

#[test]
fn reports_match_the_published_schema() {
    for text in [
        "r0 = 0\nexit\n",
        "nonsense\n",
        PACKET,
        LOOKUP,
        ".type xdp\nr0 = r5\nexit\n",
    ] {
        let document = report::json::document(&check_asm(text));
        let errors = schema_errors(&document);
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
    }
    assert!(!schema_errors(&serde_json::json!({ "schema": 1 })).is_empty());
}

#[test]
fn a_report_over_kernels_and_runtimes_matches_the_schema() {
    let names = ["linux-5.10", "linux-6.18", "dragonos", "mimic"];
    let found: Vec<_> = names.map(|n| target::by_name(n).unwrap()).into();
    let targets: Vec<_> = found
        .iter()
        .map(|target| TargetChoice {
            target,
            kernel_btf: None,
        })
        .collect();
    let options = Options {
        kind: InputKind::Asm,
        ..Options::new("case.bpfasm", &targets)
    };
    let text = ".type xdp\n.license \"GPL\"\ncall bpf_ktime_get_tai_ns\nr0 = 2\nexit\n";
    let document = report::json::document(&check(text.as_bytes(), &options));
    let errors = schema_errors(&document);
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
    let matrix = &document["matrix"];
    assert_eq!(matrix["targets"], serde_json::json!(names));
    let cells = serde_json::json!(["fails", "works", "fails", "fails"]);
    assert_eq!(matrix["programs"][0]["cells"], cells);
    let causes = matrix["causes"].as_array().unwrap();
    let mut codes: Vec<_> = causes.iter().filter_map(|c| c["code"].as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["BPF0201", "BPF0701", "BPF0705"]);
    let lacks = document["objects"][0]["programs"][2]["lacks"]
        .as_array()
        .unwrap();
    assert_eq!(lacks.len(), 2);
}

#[test]
fn an_unchecked_packet_access_is_explained() {
    let text = report::text::render(&check_asm(PACKET), report::text::Style::default());
    for part in [
        "BPF0108 packet-access-unchecked",
        "data_end",
        "help:",
        "because:",
        "kernel:",
        "is read here",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn an_unchecked_lookup_names_the_map() {
    let text = report::text::render(&check_asm(LOOKUP), report::text::Style::default());
    for part in ["may be NULL", "bpf_map_lookup_elem", "`counts`"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn a_text_that_does_not_assemble_is_an_unreadable_input() {
    let report = check_asm("r0 = = 0\n");
    assert_eq!(report.totals().unreadable, 1);
}

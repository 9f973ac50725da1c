//! The shape of a JSON report (`schemas/report.v1.json`), as far as it is read.
//!
//! Fields that were added within the version may be absent.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) schema: String,
    pub(super) version: u32,
    #[serde(default)]
    pub(super) shard: Option<Shard>,
    pub(super) objects: Vec<Object>,
}

#[derive(Deserialize)]
pub(super) struct Shard {
    pub(super) part: u32,
    pub(super) of: u32,
    pub(super) positions: Vec<usize>,
}

#[derive(Deserialize)]
pub(super) struct Object {
    pub(super) object: String,
    pub(super) error: Option<InputError>,
    pub(super) load_errors: Vec<LoadError>,
    pub(super) programs: Vec<Program>,
    pub(super) findings: Vec<Finding>,
}

#[derive(Deserialize)]
pub(super) struct InputError {
    pub(super) section: Option<String>,
    pub(super) offset: Option<u64>,
    pub(super) reason: String,
}

#[derive(Deserialize)]
pub(super) struct LoadError {
    pub(super) target: String,
    #[serde(default)]
    pub(super) variant: Option<String>,
    pub(super) stage: String,
    pub(super) reason: String,
}

#[derive(Deserialize)]
pub(super) struct Program {
    pub(super) program: String,
    pub(super) section: String,
    pub(super) prog_type: String,
    pub(super) attach_type: String,
    pub(super) target: String,
    #[serde(default)]
    pub(super) variant: Option<String>,
    pub(super) verdict: String,
    pub(super) code: Option<String>,
    pub(super) class: Option<String>,
    pub(super) message: Option<String>,
    pub(super) insn: Option<usize>,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
    #[serde(default)]
    pub(super) column: Option<u32>,
    pub(super) insns: Option<usize>,
    pub(super) processed: Option<u64>,
    pub(super) total_states: Option<u64>,
    pub(super) peak_states: Option<u64>,
    pub(super) stack_depth: Option<u32>,
    pub(super) verify_us: Option<u64>,
    pub(super) smoke: Option<String>,
    #[serde(default)]
    pub(super) smoke_coverage: Option<Coverage>,
    #[serde(default)]
    pub(super) smoke_runs: Option<SmokeRuns>,
    #[serde(default)]
    pub(super) smoke_fault: Option<SmokeFault>,
    #[serde(default)]
    pub(super) assumes: Vec<String>,
    #[serde(default)]
    pub(super) callees: Vec<String>,
    #[serde(default)]
    pub(super) map_bytes: u64,
    #[serde(default)]
    pub(super) map_bytes_per_cpu: u64,
    #[serde(default)]
    pub(super) begins: Option<Place>,
    pub(super) finding: Option<Box<Diagnostic>>,
    pub(super) lacks: Vec<Finding>,
    #[serde(default = "error")]
    pub(super) severity: String,
    #[serde(default)]
    pub(super) internal: Option<String>,
    #[serde(default)]
    pub(super) suppressed: Option<String>,
    #[serde(default)]
    pub(super) in_source: bool,
    #[serde(default)]
    pub(super) profile: Option<super::profile::Profile>,
}

fn error() -> String {
    "error".into()
}

#[derive(Default, Deserialize)]
pub(super) struct SmokeRuns {
    pub(super) runs: usize,
    pub(super) insns: u64,
    pub(super) unreached: Vec<u32>,
}

#[derive(Deserialize)]
pub(super) struct Coverage {
    pub(super) insns_reached: usize,
    pub(super) insns: usize,
    pub(super) blocks_reached: usize,
    pub(super) blocks: usize,
}

#[derive(Deserialize)]
pub(super) struct SmokeFault {
    pub(super) what: String,
    pub(super) insn: Option<u32>,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
    #[serde(default)]
    pub(super) scenario: Option<String>,
    #[serde(default)]
    pub(super) input: Option<SmokeInput>,
}

#[derive(Deserialize)]
pub(super) struct SmokeInput {
    pub(super) seed: u64,
    pub(super) populated: bool,
    pub(super) packet: Vec<u8>,
    pub(super) context: Option<Vec<u8>>,
    #[serde(default)]
    pub(super) steer: String,
}

#[derive(Deserialize)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

#[derive(Deserialize)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) lines: Vec<Line>,
}

#[derive(Deserialize)]
pub(super) struct Line {
    pub(super) line: u32,
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Label {
    pub(super) file: Option<String>,
    pub(super) line: u32,
    pub(super) column: usize,
    pub(super) length: usize,
    pub(super) insn: usize,
    pub(super) label: String,
}

#[derive(Deserialize)]
pub(super) struct Finding {
    pub(super) code: String,
    pub(super) severity: String,
    pub(super) what: String,
    pub(super) remedy: String,
    pub(super) program: Option<String>,
    pub(super) section: Option<String>,
    pub(super) insn: Option<usize>,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
    pub(super) targets: Vec<String>,
    #[serde(default)]
    pub(super) variants: Vec<String>,
    pub(super) suppressed: Option<String>,
    #[serde(default)]
    pub(super) in_source: bool,
    #[serde(default)]
    pub(super) sources: Vec<Source>,
    pub(super) primary: Option<Label>,
    pub(super) secondary: Vec<Label>,
}

#[derive(Deserialize)]
pub(super) struct Diagnostic {
    pub(super) code: String,
    pub(super) class: String,
    pub(super) what: String,
    pub(super) why: String,
    #[serde(default)]
    pub(super) own_reason: bool,
    pub(super) remedy: String,
    #[serde(default = "source")]
    pub(super) cause: String,
    #[serde(default = "low")]
    pub(super) confidence: String,
    #[serde(default)]
    pub(super) help: Vec<Help>,
    #[serde(default)]
    pub(super) witness: Option<String>,
    #[serde(default)]
    pub(super) changed: Option<String>,
    #[serde(default)]
    pub(super) further: Vec<Diagnostic>,
    pub(super) kernel_words: String,
    #[serde(default)]
    pub(super) shared_words: String,
    #[serde(default)]
    pub(super) refusal: Refusal,
    pub(super) insn: usize,
    pub(super) insn_text: String,
    #[serde(default)]
    pub(super) place: Option<Place>,
    #[serde(default)]
    pub(super) sources: Vec<Source>,
    pub(super) primary: Label,
    pub(super) secondary: Vec<Label>,
    pub(super) branches_before: usize,
    pub(super) branches: Vec<Branch>,
    pub(super) registers: Vec<Register>,
}

fn source() -> String {
    "source".into()
}

fn low() -> String {
    "low".into()
}

#[derive(Deserialize)]
pub(super) struct Help {
    pub(super) text: String,
    pub(super) tested: String,
    pub(super) next_line: Option<u32>,
    #[serde(default)]
    pub(super) next_insn: Option<usize>,
    #[serde(default)]
    pub(super) as_instructions: bool,
    pub(super) suggestion: Option<Suggestion>,
}

#[derive(Deserialize)]
pub(super) struct Suggestion {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) place: String,
    pub(super) old: String,
    pub(super) new: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Branch {
    pub(super) insn: usize,
    pub(super) taken: bool,
    pub(super) text: String,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
    #[serde(default)]
    pub(super) column: Option<u32>,
    #[serde(default)]
    pub(super) decisive: bool,
    pub(super) source: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Register {
    pub(super) reg: u8,
    pub(super) holds: String,
}

#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    pub(super) kind: Option<String>,
    pub(super) reg: Option<u8>,
    pub(super) function: Option<String>,
    #[serde(deserialize_with = "in_order")]
    pub(super) fields: Vec<(String, Fact)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Fact {
    Signed(i64),
    Unsigned(u64),
    Word(String),
    Bits { value: u64, mask: u64 },
    Range { min: Option<i64>, max: Option<i64> },
}

/// The fields in the order of the document.
fn in_order<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, Fact)>, D::Error> {
    struct Fields;
    impl<'de> Visitor<'de> for Fields {
        type Value = Vec<(String, Fact)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the evidence")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(field) = map.next_entry()? {
                all.push(field);
            }
            Ok(all)
        }
    }
    from.deserialize_map(Fields)
}

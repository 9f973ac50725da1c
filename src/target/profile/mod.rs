//! Runtimes other than Linux, as profiles tell of them.
//!
//! A profile says for helpers, map types, program and attach types, classes of
//! instructions, mechanisms, commands, operations of maps and kinds of perf events: yes,
//! partial with a note, or no. What
//! it does not speak of is not judged. The profiles under
//! `src/helpers_spec/data/profiles` come with the tool; a user's file has the
//! same format.

mod format;

use alloc::collections::BTreeMap;

pub use format::{Conduct, RunLimits, SCHEMA, Status, says_so};

use crate::helpers_spec::{
    self, AttachType, InsnClass, MapOperation, MapType, Mechanism, PerfEvent, ProgType, SpecVersion,
};
use crate::prelude::*;

/// What is told of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support<'a> {
    /// Whether the runtime has it.
    pub status: Status,
    /// What is to be known of it; may be empty.
    pub note: &'a str,
    /// What a run comes to.
    pub runs: Conduct,
}

/// What is told of one thing, kept.
type Told = (Status, String, Conduct);

/// The statuses of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Table<K: Ord> {
    named: BTreeMap<K, Told>,
    others: Option<Told>,
}

impl<K: Ord> Default for Table<K> {
    fn default() -> Self {
        Table {
            named: BTreeMap::new(),
            others: None,
        }
    }
}

impl<K: Ord> Table<K> {
    fn get(&self, key: &K) -> Option<Support<'_>> {
        let (status, note, runs) = self.named.get(key).or(self.others.as_ref())?;
        Some(Support {
            status: *status,
            note,
            runs: *runs,
        })
    }
}

/// What a runtime offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name on the command line.
    pub name: String,
    /// What the runtime is.
    pub title: String,
    /// The series whose rules stand in for its verifier.
    pub base: SpecVersion,
    /// Repository that the facts were read from.
    pub repo: String,
    /// Commit of it.
    pub commit: String,
    /// Date of that commit.
    pub date: String,
    helpers: Table<u32>,
    maps: Table<MapType>,
    programs: Table<ProgType>,
    attaches: Table<AttachType>,
    instructions: Table<InsnClass>,
    mechanisms: Table<Mechanism>,
    commands: Table<&'static str>,
    operations: Table<MapOperation>,
    events: Table<PerfEvent>,
    extra_helpers: Vec<(u32, String)>,
    limits: RunLimits,
}

/// Whether a table of a profile may have a key.
fn known(table: &str, key: &str) -> bool {
    match table {
        "helpers" => helpers_spec::helper_id(key).is_some(),
        "map_types" => MapType::from_name(key).is_some(),
        "prog_types" => ProgType::from_name(key).is_some(),
        "attach_types" => AttachType::from_name(key).is_some(),
        "instructions" => InsnClass::from_name(key).is_some(),
        "mechanisms" => Mechanism::from_name(key).is_some(),
        "commands" => helpers_spec::command(key).is_some(),
        "map_operations" => MapOperation::from_name(key).is_some(),
        "perf_events" => PerfEvent::from_name(key).is_some(),
        _ => false,
    }
}

impl Profile {
    /// Reads a profile; the error names the line and the key.
    pub fn parse(text: &str) -> Result<Profile, String> {
        let file = format::parse(text, &known)?;
        let base = file.base.strip_prefix("linux-").unwrap_or(&file.base);
        let base = SpecVersion::from_name(base)
            .ok_or_else(|| format!("base: no kernel series {}", file.base))?;
        let mut profile = Profile {
            name: file.name,
            title: file.title,
            base,
            repo: file.repo,
            commit: file.commit,
            date: file.date,
            helpers: Table::default(),
            maps: Table::default(),
            programs: Table::default(),
            attaches: Table::default(),
            instructions: Table::default(),
            mechanisms: Table::default(),
            commands: Table::default(),
            operations: Table::default(),
            events: Table::default(),
            extra_helpers: file.extra_helpers,
            limits: file.limits,
        };
        for e in file.entries {
            let (key, value) = (e.key.as_str(), (e.status, e.note, e.runs));
            match e.table {
                "helpers" => put(&mut profile.helpers, key, value, helpers_spec::helper_id),
                "map_types" => put(&mut profile.maps, key, value, MapType::from_name),
                "prog_types" => put(&mut profile.programs, key, value, ProgType::from_name),
                "attach_types" => put(&mut profile.attaches, key, value, AttachType::from_name),
                "instructions" => put(&mut profile.instructions, key, value, InsnClass::from_name),
                "mechanisms" => put(&mut profile.mechanisms, key, value, Mechanism::from_name),
                "map_operations" => {
                    put(&mut profile.operations, key, value, MapOperation::from_name);
                }
                "perf_events" => put(&mut profile.events, key, value, PerfEvent::from_name),
                _ => put(&mut profile.commands, key, value, helpers_spec::command),
            }
        }
        Ok(profile)
    }

    /// What it tells of a helper.
    pub fn helper(&self, id: u32) -> Option<Support<'_>> {
        self.helpers.get(&id)
    }

    /// What it tells of a map type.
    pub fn map_type(&self, ty: MapType) -> Option<Support<'_>> {
        self.maps.get(&ty)
    }

    /// What it tells of a program type.
    pub fn prog_type(&self, ty: ProgType) -> Option<Support<'_>> {
        self.programs.get(&ty)
    }

    /// What it tells of an attach type.
    pub fn attach_type(&self, ty: AttachType) -> Option<Support<'_>> {
        self.attaches.get(&ty)
    }

    /// What it tells of a class of instructions.
    pub fn instruction(&self, class: InsnClass) -> Option<Support<'_>> {
        self.instructions.get(&class)
    }

    /// What it tells of a mechanism.
    pub fn mechanism(&self, mechanism: Mechanism) -> Option<Support<'_>> {
        self.mechanisms.get(&mechanism)
    }

    /// What it tells of a command of `bpf(2)`.
    pub fn command(&self, name: &str) -> Option<Support<'_>> {
        self.commands.get(&helpers_spec::command(name)?)
    }

    /// What it tells of an operation of maps.
    pub fn map_operation(&self, operation: MapOperation) -> Option<Support<'_>> {
        self.operations.get(&operation)
    }

    /// What it tells of a kind of perf event.
    pub fn perf_event(&self, event: PerfEvent) -> Option<Support<'_>> {
        self.events.get(&event)
    }

    /// The numbers that end a run.
    pub fn limits(&self) -> RunLimits {
        self.limits
    }

    /// The name of a helper that Linux does not have.
    pub fn extra_helper(&self, id: u32) -> Option<&str> {
        let found = self.extra_helpers.iter().find(|(i, _)| *i == id);
        found.map(|(_, name)| name.as_str())
    }

    /// Helpers that Linux does not have: number, name.
    pub fn extra_helpers(&self) -> &[(u32, String)] {
        &self.extra_helpers
    }
}

fn put<K: Ord>(table: &mut Table<K>, key: &str, value: Told, find: impl Fn(&str) -> Option<K>) {
    if key == "*" {
        table.others = Some(value);
    } else if let Some(key) = find(key) {
        table.named.insert(key, value);
    }
}

/// The profiles that come with the tool; a test reads them all.
const EMBEDDED: [&str; 5] = [
    include_str!("../../helpers_spec/data/profiles/bpftime.toml"),
    include_str!("../../helpers_spec/data/profiles/dragonos.toml"),
    include_str!("../../helpers_spec/data/profiles/mimic.toml"),
    include_str!("../../helpers_spec/data/profiles/rbpf.toml"),
    include_str!("../../helpers_spec/data/profiles/rex.toml"),
];

/// The profiles that come with the tool, by name.
pub fn embedded() -> impl Iterator<Item = Profile> {
    EMBEDDED.iter().filter_map(|text| Profile::parse(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_tool_is_read() {
        let names: Vec<String> = embedded().map(|p| p.name).collect();
        assert_eq!(names, ["bpftime", "dragonos", "mimic", "rbpf", "rex"]);
        for p in embedded() {
            assert_eq!(p.commit.len(), 40, "{}", p.name);
            for class in InsnClass::ALL {
                assert!(p.instruction(*class).is_some(), "{} {class}", p.name);
            }
            for mechanism in Mechanism::ALL {
                assert!(p.mechanism(*mechanism).is_some(), "{} {mechanism}", p.name);
            }
        }
    }

    #[test]
    fn a_user_s_profile_overrides_by_name() {
        let text = "schema = \"bpfassay-profile-v1\"\nname = \"mine\"\nbase = \"linux-6.1\"\n\
            [helpers]\n\"*\" = \"no\"\nbpf_lookup_element = \"yes\"\n\
            bpf_loop = { status = \"partial\", note = \"up to 64 rounds\" }\n";
        let p = Profile::parse(text).unwrap();
        assert_eq!(p.base, SpecVersion::V6_1);
        assert_eq!(p.helper(1).unwrap().status, Status::Yes);
        assert_eq!(p.helper(181).unwrap().note, "up to 64 rounds");
        assert_eq!(p.helper(2).unwrap().status, Status::No);
        assert_eq!(p.map_type(MapType::Hash), None);
    }

    #[test]
    fn faults_name_line_and_key() {
        let head = "schema = \"bpfassay-profile-v1\"\nname = \"x\"\n";
        for (tail, want) in [
            (
                "[helpers]\nbpf_nope = \"yes\"\n",
                "line 4: helpers: unknown name bpf_nope",
            ),
            (
                "[map_types]\nhash = \"maybe\"\n",
                "line 4: map_types.hash: status is none of yes, partial, no",
            ),
            ("[helper]\n", "line 3: unknown key helper"),
            (
                "[mechanisms]\nbtf = 3\n",
                "line 4: mechanisms.btf: neither a status nor a table with one",
            ),
            (
                "[limits]\nframe = 3\n",
                "line 4: limits.frame: unknown name",
            ),
            (
                "[helpers]\nbpf_loop = { status = \"yes\", runs = \"move\" }\n",
                "line 4: helpers.bpf_loop: runs = \"move\" says nothing here",
            ),
            (
                "[helpers]\nbpf_loop = { status = \"yes\", runs = \"trap\" }\n",
                "line 4: helpers.bpf_loop: runs = \"trap\" contradicts status = \"yes\"",
            ),
            (
                "[helpers]\n\"*\" = { status = \"no\", runs = \"linux\" }\n",
                "line 4: helpers.*: runs = \"linux\" contradicts status = \"no\"",
            ),
            (
                "[limits]\nframes = \"3\"\n",
                "line 4: limits.frames: not a number",
            ),
            (
                "[extra_helpers]\nf = \"a\"\n",
                "line 4: extra_helpers.f: not a helper number",
            ),
        ] {
            assert_eq!(Profile::parse(&format!("{head}{tail}")).unwrap_err(), want);
        }
        assert!(
            Profile::parse("name = \"x\"\n")
                .unwrap_err()
                .contains("schema")
        );
        assert!(
            Profile::parse(&format!("{head}[helpers\n"))
                .unwrap_err()
                .starts_with("line 3:")
        );
        let base = format!("{head}base = \"linux-2.4\"\n");
        assert_eq!(
            Profile::parse(&base).unwrap_err(),
            "base: no kernel series linux-2.4"
        );
    }
}

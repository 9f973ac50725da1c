//! `explain NAME`: what a name stands for that is no rule's: helpers, kernel functions, map
//! types, instructions, mechanisms, commands, under any of their names.

use std::fmt::Write as _;

use crate::helpers_spec::{
    self as spec, InsnClass, Known, MapType, Mechanism, Named, ProgType, Risk, SinceKind,
    SpecVersion, TypeFlags,
};
use crate::target::profile::{Status, Support};
use crate::target::{self, Profile};

/// Columns of text.
const WIDTH: usize = 88;

/// The page of a name; none if it stands for nothing.
pub(super) fn page(text: &str) -> Option<String> {
    let named = spec::named(text).or_else(|| spec::named(&format!("bpf_{text}")))?;
    let mut page = Page::default();
    let name = match named {
        Named::Helper(id) => helper(&mut page, id),
        Named::Kfunc(name) => kfunc(&mut page, name),
        Named::Map(ty) => map(&mut page, ty),
        Named::Instruction(class) => instruction(&mut page, class),
        Named::Mechanism(mechanism) => mechanism_page(&mut page, mechanism),
        Named::Command(name) => {
            page.title(name, "command of bpf(2)");
            page.runtimes(|p| p.command(name));
            name.to_owned()
        }
    };
    let mut out = page.0;
    let others = spec::aliases().iter().filter(|a| a.name == name);
    for alias in others {
        let _ = writeln!(out, "\n  {}: {}", alias.alias, alias.note);
    }
    Some(out)
}

/// A page while it is made.
#[derive(Default)]
struct Page(String);

impl Page {
    fn title(&mut self, name: &str, what: &str) {
        let _ = writeln!(self.0, "{name}\n\n  {what}");
    }

    /// A row: its name, and what it says in lines of bounded width.
    fn row(&mut self, name: &str, text: &str) {
        const INDENT: usize = 16;
        let _ = write!(self.0, "  {name:<14}");
        let mut column = INDENT;
        for word in text.split(' ') {
            let length = word.chars().count();
            if column > INDENT && column + 1 + length > WIDTH {
                let _ = write!(self.0, "\n{:INDENT$}", "");
                column = INDENT;
            } else if column > INDENT {
                self.0.push(' ');
                column += 1;
            }
            self.0.push_str(word);
            column += length;
        }
        self.0.push('\n');
    }

    /// What each runtime tells of it.
    fn runtimes(&mut self, of: impl Fn(&Profile) -> Option<Support<'_>>) {
        for target in target::runtimes() {
            let support = target.profile().and_then(&of);
            let Some(support) = support else { continue };
            let status = match support.status {
                Status::Yes => "yes",
                Status::Partial => "in part",
                Status::No => "no",
            };
            let note = match support.note {
                "" => String::new(),
                note => format!(": {note}"),
            };
            self.row(&target.name, &format!("{status}{note}"));
        }
    }
}

/// The newest series that has something.
fn newest<T>(has: impl Fn(SpecVersion) -> Option<T>) -> Option<(SpecVersion, T)> {
    let all = SpecVersion::ALL.iter().rev();
    all.copied().find_map(|v| Some((v, has(v)?)))
}

fn flags(flags: TypeFlags) -> String {
    let words = TypeFlags::ALL.iter().filter(|(f, _)| flags.has(*f));
    words.map(|(_, word)| format!(" {word}")).collect()
}

fn risks(page: &mut Page, all: impl Iterator<Item = Risk>) {
    let can: Vec<&str> = all.map(Risk::what).collect();
    if !can.is_empty() {
        page.row("a call", &can.join("; "));
    }
}

fn since(known: Option<Known>) -> String {
    known.map_or_else(|| "never".into(), |k| k.release.to_string())
}

/// Program types by the release from which they may call something.
fn callers(page: &mut Page, known: impl Fn(ProgType) -> Option<Known>) {
    let mut by_release: Vec<(spec::Release, Vec<&str>)> = Vec::new();
    for ty in ProgType::ALL.iter().skip(1) {
        let Some(known) = known(*ty) else { continue };
        match by_release.iter_mut().find(|(r, _)| *r == known.release) {
            Some((_, names)) => names.push(ty.name()),
            None => by_release.push((known.release, vec![ty.name()])),
        }
    }
    by_release.sort();
    if by_release.is_empty() {
        page.row("callers", "programs of no type without more");
    }
    for (release, names) in by_release {
        page.row(&format!("since {release}"), &names.join(", "));
    }
}

fn helper(page: &mut Page, id: u32) -> String {
    let name = spec::helper_name(id).unwrap_or("?").to_owned();
    let date = spec::helper_since(id).unwrap_or("?");
    let date = date.trim_start_matches('v');
    page.title(&name, &format!("helper {id}, since Linux {date}"));
    page.0.push('\n');
    if let Some((_, proto)) = newest(|v| spec::helper_main(id, v)) {
        let args: Vec<String> = proto
            .arguments()
            .enumerate()
            .map(|(i, a)| {
                let name = match a.name {
                    "" => format!("r{}", i + 1),
                    name => name.to_owned(),
                };
                format!("{name}: {}{}", a.base.name(), flags(a.flags))
            })
            .collect();
        page.row("takes", &args.join(", "));
        let returns = format!("{}{}", proto.ret.base.name(), flags(proto.ret.flags));
        page.row("returns", &returns);
        let marks = [
            (
                proto.gpl_only,
                "only for programs with a GPL-compatible licence",
            ),
            (proto.might_sleep, "may sleep"),
            (
                proto.acquire,
                "what it returns has to be released, if that is counted",
            ),
            (proto.release, "releases what it is given"),
            (proto.changes_pkt_data, "packet pointers are void after it"),
        ];
        let marks: Vec<&str> = marks.iter().filter(|m| m.0).map(|m| m.1).collect();
        if !marks.is_empty() {
            page.row("mind", &marks.join("; "));
        }
    }
    risks(page, spec::helper_risk(&name).iter());
    let maps: Vec<&str> = MapType::ALL
        .iter()
        .skip(1)
        .filter(|m| newest(|v| spec::map_helper_compat(m.id(), id, v).then_some(())).is_some())
        .map(|m| m.name())
        .collect();
    let takes_map = newest(|v| {
        let proto = spec::helper_main(id, v)?;
        proto
            .arguments()
            .any(|a| a.base == spec::ArgType::ConstMapPtr)
            .then_some(())
    });
    if takes_map.is_some() && !maps.is_empty() {
        page.row("map types", &maps.join(", "));
    }
    page.0
        .push_str("\n  Callers, by the release from which kernels let them:\n\n");
    callers(page, |ty| spec::helper_known(id, ty, None, None, false));
    page.0.push_str("\n  Other runtimes:\n\n");
    page.runtimes(|p| p.helper(id));
    name
}

fn kfunc(page: &mut Page, name: &'static str) -> String {
    let date = since(spec::kfunc_present(name, None));
    page.title(name, &format!("kernel function, since Linux {date}"));
    page.0.push('\n');
    if let Some((_, k)) = newest(|v| spec::kfunc(name, v)) {
        page.row("takes", &k.params().collect::<Vec<_>>().join(", "));
        page.row("returns", k.ret);
    }
    risks(page, spec::kfunc_risk(name).iter());
    page.0
        .push_str("\n  Callers, by the release from which kernels let them:\n\n");
    callers(page, |ty| spec::kfunc_known(name, None, ty, None, None));
    name.to_owned()
}

fn map(page: &mut Page, ty: MapType) -> String {
    let name = ty.name();
    let date = spec::since(SinceKind::MapType, name).map_or("?".into(), |r| r.to_string());
    let what = format!("map type {}, since Linux {date}", ty.id());
    page.title(name, &what);
    page.0.push('\n');
    if let Some(row) = spec::map_row(ty) {
        page.row("key", &format!("{} bytes", row.key));
        page.row("value", &format!("{} bytes", row.value));
        page.row("entries", &row.entries.to_string());
    }
    let helpers: Vec<&str> = spec::all_helpers()
        .filter(|(id, _)| {
            newest(|v| spec::map_helper_compat(ty.id(), *id, v).then_some(())).is_some()
                && newest(|v| {
                    let proto = spec::helper_main(*id, v)?;
                    let mut args = proto.arguments();
                    args.any(|a| a.base == spec::ArgType::ConstMapPtr)
                        .then_some(())
                })
                .is_some()
        })
        .map(|(_, name)| name)
        .collect();
    page.row("helpers", &helpers.join(", "));
    let options = spec::config_options("map_type", name);
    if !options.is_empty() {
        page.row("options", &options.join(" "));
    }
    page.0.push_str("\n  Other runtimes:\n\n");
    page.runtimes(|p| p.map_type(ty));
    name.to_owned()
}

fn instruction(page: &mut Page, class: InsnClass) -> String {
    page.title(class.name(), &format!("instructions: {}", class.title()));
    page.0.push_str("\n  Other runtimes:\n\n");
    page.runtimes(|p| p.instruction(class));
    class.name().to_owned()
}

fn mechanism_page(page: &mut Page, mechanism: Mechanism) -> String {
    page.title(
        mechanism.name(),
        &format!("mechanism: {}", mechanism.title()),
    );
    page.0.push_str("\n  Other runtimes:\n\n");
    page.runtimes(|p| p.mechanism(mechanism));
    mechanism.name().to_owned()
}

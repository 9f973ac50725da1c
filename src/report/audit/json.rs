//! Audits as JSON.

use serde_json::{Value, json};

use super::{SCHEMA_VERSION, pretty, tool};
use crate::audit::effects;
use crate::audit::{
    BtfState, Call, Callee, Capability, ConfigNeed, Feature, Guard, MapNeed, Memory, Newest,
    ObjectAudit, Oldest, Presence, Reason, Requirements, Site, SlotHolds,
};
use crate::helpers_spec::Known;
use crate::programs::Place;
use crate::untrusted::Untrusted;

/// Renders audits.
pub fn render(audits: &[ObjectAudit]) -> String {
    pretty(&document(audits))
}

/// The document.
pub fn document(audits: &[ObjectAudit]) -> Value {
    json!({
        "schema": format!("bpfassay-audit-v{SCHEMA_VERSION}"),
        "version": SCHEMA_VERSION,
        "tool": tool(),
        "objects": audits.iter().map(object).collect::<Vec<_>>(),
    })
}

fn object(a: &ObjectAudit) -> Value {
    let (btf, btf_refused) = match &a.btf {
        BtfState::Absent => ("absent", None),
        BtfState::Present => ("present", None),
        BtfState::Refused(why) => ("refused", Some(why)),
    };
    json!({
        "object": a.object,
        "error": a.error,
        "target": a.target,
        "cpus": a.cpus,
        "bytes": a.bytes,
        "license": a.license,
        "btf": btf,
        "btf_refused": btf_refused,
        "load_errors": a.load_errors,
        "oldest_kernel": oldest(&a.oldest),
        "newest_kernel": a.newest.as_ref().map(newest),
        "unknown": a.unknown,
        "may": effects::answers(a).iter().map(|answer| json!({
            "what": answer.question.name(),
            "answer": answer.word(),
            "by": answer.by.iter().map(|(what, programs)| json!({
                "what": what, "programs": programs,
            })).collect::<Vec<_>>(),
            "unknown": answer.unknown,
        })).collect::<Vec<_>>(),
        "capabilities": a.capabilities.iter().map(capability).collect::<Vec<_>>(),
        "config": a.config.iter().map(config).collect::<Vec<_>>(),
        "memory": memory(&a.memory),
        "maps": a.maps.iter().map(map).collect::<Vec<_>>(),
        "programs": a.programs.iter().map(program).collect::<Vec<_>>(),
        "unlinked": a.unlinked.iter().map(|u| json!({
            "program": u.program,
            "section": u.section,
            "stage": u.stage,
            "reason": u.reason,
        })).collect::<Vec<_>>(),
    })
}

fn program(p: &Requirements) -> Value {
    json!({
        "program": p.program,
        "section": p.section,
        "prog_type": p.prog_type.name(),
        "attach_type": p.attach_type.map(|a| a.name()),
        "attach_to": p.attach_to,
        "autoload": p.autoload,
        "sleepable": p.sleepable,
        "insns": p.insns,
        "functions": p.functions,
        "license": p.license,
        "gpl_compatible": p.gpl_compatible,
        "verdict": p.verified.verdict,
        "reason": p.verified.reason,
        "processed": p.verified.stats.map(|s| s.processed),
        "total_states": p.verified.stats.map(|s| s.total_states),
        "peak_states": p.verified.stats.map(|s| s.peak_states),
        "stack_depth": p.verified.stats.map(|s| s.stack_depth),
        "oldest_kernel": oldest(&p.oldest),
        "newest_kernel": p.newest.as_ref().map(newest),
        "verdicts": p.checked.iter().map(|c| json!({
            "target": c.target, "verdict": c.verdict, "reason": c.reason,
        })).collect::<Vec<_>>(),
        "attach": p.attaching.as_ref().map(|t| json!({
            "how": t.how,
            "capabilities": t.capabilities,
            "config": t.options,
            "needs": t.needs,
        })),
        "unknown": p.unknown,
        "isa": p.isa,
        "calls": p.calls.iter().map(|c| call(c, &p.guards)).collect::<Vec<_>>(),
        "features": p.features.iter().map(|f| feature(f, &p.guards)).collect::<Vec<_>>(),
        "guards": p.guards.iter().map(|g| json!({
            "kind": g.kind.name(),
            "what": g.what,
            "since": g.since.map(|r| r.to_string()),
            "never": g.never,
            "insns": g.insns,
            "place": g.place.as_ref().map(place),
        })).collect::<Vec<_>>(),
        "core": p.core.iter().map(|n| json!({
            "type": n.type_name,
            "access": n.access,
            "questions": n.questions,
            "sites": n.sites,
            "guarded": n.guarded,
            "place": n.place.as_ref().map(place),
        })).collect::<Vec<_>>(),
        "symbols": p.symbols.iter().map(|s| json!({
            "name": s.name, "typed": s.typed, "weak": s.weak,
        })).collect::<Vec<_>>(),
        "maps": p.maps.iter().map(|m| json!({
            "map": m.name,
            "index": m.map,
            "calls": m.calls,
            "reads": m.reads,
            "writes": m.writes,
            "atomics": m.atomics,
            "references": m.references,
        })).collect::<Vec<_>>(),
        "channels": p.channels.iter().map(|c| json!({
            "kind": c.kind, "through": c.through, "sites": c.sites,
        })).collect::<Vec<_>>(),
        "capabilities": p.capabilities.iter().map(capability).collect::<Vec<_>>(),
        "config": p.config.iter().map(config).collect::<Vec<_>>(),
    })
}

fn call(c: &Call, guards: &[Guard]) -> Value {
    let (id, weak) = match c.callee {
        Callee::Helper(id) => (Some(id), None),
        Callee::Kfunc { weak } => (None, Some(weak)),
    };
    json!({
        "kind": c.callee.kind(),
        "name": c.name,
        "id": id,
        "weak": weak,
        "gpl_only": c.gpl_only,
        "risks": c.risks.iter().map(|r| r.name()).collect::<Vec<_>>(),
        "since": known(c.known),
        "lacks": c.lacks.name(),
        "sites": c.sites.iter().map(|s| site(s, guards)).collect::<Vec<_>>(),
    })
}

fn feature(f: &Feature, guards: &[Guard]) -> Value {
    json!({
        "name": f.name,
        "kind": if f.is_insn { "instruction" } else { "feature" },
        "since": known(f.known),
        "count": f.sites.len(),
        "first": f.sites.first().map(|s| site(s, guards)),
    })
}

fn site(s: &Site, guards: &[Guard]) -> Value {
    let condition = match &s.presence {
        Presence::Conditional(c) => {
            let names = |list: &[usize]| -> Vec<&Untrusted> {
                let all = list.iter().filter_map(|g| guards.get(*g));
                all.map(|g| &g.what).collect()
            };
            json!({
                "when": names(&c.when),
                "unless": names(&c.unless),
                "from": c.releases.map(|(from, _)| from.to_string()),
                "to": c.releases.map(|(_, to)| to.to_string()),
            })
        }
        _ => Value::Null,
    };
    json!({
        "insn": s.insn,
        "function": s.function,
        "place": s.place.as_ref().map(place),
        "presence": s.presence.name(),
        "condition": condition,
    })
}

fn place(p: &Place) -> Value {
    json!({ "file": p.file, "line": p.line, "column": p.column })
}

fn known(k: Option<Known>) -> Value {
    match k {
        None => Value::Null,
        Some(k) => json!({
            "release": k.release.to_string(),
            "certain": k.certain.to_string(),
            "lacking": k.lacking.map(|r| r.to_string()),
        }),
    }
}

fn oldest(o: &Oldest) -> Value {
    json!({
        "release": o.release.map(|r| r.to_string()),
        "certain": o.certain.map(|r| r.to_string()),
        "reasons": o.reasons.iter().map(reason).collect::<Vec<_>>(),
        "attach": o.attach.map(|r| r.to_string()),
        "attach_reasons": o.attach_reasons.iter().map(reason).collect::<Vec<_>>(),
        "missing": o.missing,
        "by_use": o.by_use.map(|r| r.to_string()),
        "refused": o.refused.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "verdict": o.verdict.as_ref().map(|(release, reason)| json!({
            "release": release.to_string(), "reason": reason,
        })),
    })
}

fn newest(n: &Newest) -> Value {
    json!({
        "release": n.release.to_string(),
        "refused": n.refused.to_string(),
        "reason": n.reason,
    })
}

fn reason(r: &Reason) -> Value {
    json!({
        "what": r.what,
        "since": known(Some(r.known)),
        "insn": r.insn,
        "place": r.place.as_ref().map(place),
    })
}

fn capability(c: &Capability) -> Value {
    json!({ "name": c.name, "because": c.because })
}

fn config(c: &ConfigNeed) -> Value {
    json!({ "option": c.option, "because": c.because })
}

fn memory(m: &Memory) -> Value {
    json!({
        "now": m.now,
        "full": m.full,
        "per_cpu": m.per_cpu,
        "open_ended": m.open_ended,
    })
}

fn map(m: &MapNeed) -> Value {
    json!({
        "name": m.name,
        "type": m.type_name,
        "key_size": m.key_size,
        "value_size": m.value_size,
        "max_entries": m.max_entries,
        "flags": m.flags,
        "key_type": m.key_type,
        "value_type": m.value_type,
        "origin": m.origin,
        "pinned": m.pinned,
        "fields": m.fields,
        "inner": m.inner.as_deref().map(map),
        "entries": m.slots.iter().map(|(i, holds)| {
            let (kind, name) = match holds {
                SlotHolds::Program(p) => ("program", p),
                SlotHolds::Map(p) => ("map", p),
            };
            json!({ "index": i, "kind": kind, "name": name })
        }).collect::<Vec<_>>(),
        "since": known(m.known),
        "since_because": m.known_because,
        "memory": memory(&m.memory),
    })
}

//! Every kind of program that our tables tell apart, as the running kernel takes it.

use bpfassay::helpers_spec::{
    self, AttachType, ProgType, SpecVersion, lsm_hooks, prog_type_known, sleepable_allowed,
};
use bpfassay::kernel::{self, Kernel, Probe};
use bpfassay::object::Btf;
use bpfassay::object::btf::{Kind, Type};

/// `BPF_F_SLEEPABLE`.
const SLEEPABLE: u32 = 1 << 4;

/// A kind of program to probe.
#[derive(Clone, Debug)]
pub struct Place {
    pub prog_type: ProgType,
    pub attach: Option<AttachType>,
    /// Function, hook, iterator, or `struct/member`.
    pub target: Option<String>,
    /// Its id in the kernel's BTF; a struct_ops structure's.
    btf_id: u32,
    /// Expected attach type in the load call; a struct_ops member's index.
    number: u32,
    pub sleepable: bool,
}

impl Place {
    pub fn plain(prog_type: ProgType, attach: Option<AttachType>) -> Place {
        Place {
            prog_type,
            attach,
            target: None,
            btf_id: 0,
            number: attach.map_or(0, AttachType::id),
            sleepable: false,
        }
    }

    pub fn name(&self) -> String {
        let mut name = self.prog_type.name().to_owned();
        if let Some(attach) = self.attach {
            name += &format!(" {}", attach.name());
        }
        if let Some(target) = &self.target {
            name += &format!(" {target}");
        }
        if self.sleepable {
            name += " (sleepable)";
        }
        name
    }

    pub fn offer(&self, insns: &[u8]) -> kernel::Answer {
        kernel::probe(&Probe {
            prog_type: self.prog_type.id(),
            attach_type: self.number,
            attach_btf_id: self.btf_id,
            flags: if self.sleepable { SLEEPABLE } else { 0 },
            insns,
            ..Probe::default()
        })
    }
}

/// `r0 = N; exit`.
pub fn empty_program(ret: i32) -> Vec<u8> {
    let mut insns = vec![0xb7, 0, 0, 0];
    insns.extend(ret.to_le_bytes());
    insns.extend([0x95, 0, 0, 0, 0, 0, 0, 0]);
    insns
}

/// `call ID; r0 = 0; exit`.
pub fn calling(id: u32) -> Vec<u8> {
    let mut insns = vec![0x85, 0, 0, 0];
    insns.extend(id.to_le_bytes());
    insns.extend(empty_program(0));
    insns
}

/// Program types that hang on the kernel's BTF.
fn needs_target(prog_type: ProgType) -> bool {
    matches!(
        prog_type,
        ProgType::Tracing | ProgType::Lsm | ProgType::StructOps | ProgType::Ext
    )
}

/// Every kind of program whose helpers our tables tell apart.
pub fn places(kernel: &Kernel, spec: SpecVersion) -> Vec<Place> {
    let mut out = Vec::new();
    for &prog_type in ProgType::ALL {
        if prog_type == ProgType::Unspec || !prog_type_known(prog_type, spec) {
            continue;
        }
        if needs_target(prog_type) {
            continue;
        }
        let attaches = AttachType::ALL.iter().copied().map(Some);
        let attaches = [None].into_iter().chain(attaches);
        for attach in attaches.filter(|a| belongs(prog_type, *a)) {
            out.push(Place::plain(prog_type, attach));
        }
    }
    if let Some(btf) = &kernel.btf {
        tracing(btf, &mut out);
        lsm(btf, spec, &mut out);
        struct_ops(btf, &mut out);
    }
    let sleeping: Vec<Place> = out
        .iter()
        .filter(|p| sleepable_allowed(p.prog_type, p.attach, spec))
        .map(|p| Place {
            sleepable: true,
            ..p.clone()
        })
        .collect();
    out.extend(sleeping);
    out
}

/// Attach types that a program type is made for, and none where a section says none or
/// leaves it to the kernel: the load call takes others, too, but they change nothing.
fn belongs(prog_type: ProgType, attach: Option<AttachType>) -> bool {
    let rows = helpers_spec::sections().iter();
    let mut own = rows.filter(|row| row.prog_type == prog_type);
    own.any(|row| row.attach == attach || attach.is_none() && row.attach_optional)
}

fn tracing(btf: &Btf, out: &mut Vec<Place>) {
    let mut add = |attach, target: &str, id| {
        out.push(Place {
            target: Some(target.to_owned()),
            btf_id: id,
            ..Place::plain(ProgType::Tracing, Some(attach))
        });
    };
    for id in 1..btf.type_count() {
        match btf.ty(id) {
            Some(Type::Typedef { name, .. }) => {
                if let Some(point) = name.strip_prefix("btf_trace_")
                    && ["sched_switch", "sys_enter", "kfree_skb", "task_newtask"].contains(&point)
                {
                    add(AttachType::TraceRawTp, point, id);
                }
            }
            Some(Type::Func { name, .. }) => {
                if let Some(iter) = name.strip_prefix("bpf_iter_") {
                    add(AttachType::TraceIter, iter, id);
                }
                // One for each rule of helpers that look at the traced function.
                if [
                    "vfs_read",
                    "vfs_truncate",
                    "security_file_permission",
                    "bpf_sk_storage_get",
                    "tcp_connect",
                ]
                .contains(&name)
                {
                    for attach in [
                        AttachType::TraceFentry,
                        AttachType::TraceFexit,
                        AttachType::ModifyReturn,
                    ] {
                        add(attach, name, id);
                    }
                }
            }
            _ => {}
        }
    }
}

fn lsm(btf: &Btf, spec: SpecVersion, out: &mut Vec<Place>) {
    for hook in lsm_hooks(spec) {
        let name = format!("bpf_lsm_{}", hook.trim_start_matches("bpf_lsm_"));
        let Some(id) = btf.find_func(&name) else {
            continue;
        };
        for attach in [AttachType::LsmMac, AttachType::LsmCgroup] {
            out.push(Place {
                target: Some(hook.to_owned()),
                btf_id: id,
                ..Place::plain(ProgType::Lsm, Some(attach))
            });
        }
    }
}

/// Every function member of every structure that programs may implement.
fn struct_ops(btf: &Btf, out: &mut Vec<Place>) {
    for id in 1..btf.type_count() {
        let Some(Type::Struct(value)) = btf.ty(id) else {
            continue;
        };
        let Some(name) = value.name.strip_prefix("bpf_struct_ops_") else {
            continue;
        };
        let Some(ops) = btf.find_struct(name) else {
            continue;
        };
        if !value.members.iter().any(|m| m.ty == ops) {
            continue;
        }
        let Some(Type::Struct(structure)) = btf.ty(ops) else {
            continue;
        };
        for (index, member) in (0u32..).zip(structure.members.iter()) {
            let ty = btf.ty(btf.skip_mods_typedefs(member.ty));
            let Some(Type::Ptr { to }) = ty else { continue };
            if btf.kind(btf.skip_mods_typedefs(to)) != Some(Kind::FuncProto) {
                continue;
            }
            out.push(Place {
                target: Some(format!("{name}/{}", member.name)),
                btf_id: ops,
                number: index,
                ..Place::plain(ProgType::StructOps, None)
            });
        }
    }
}

//! What generated programs draw on, linked for the running kernel: maps, variables,
//! types of functions, stubs of every kind of program, and the kernel's functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use bpfassay::helpers_spec::{self, KfuncSpec, SpecVersion};
use bpfassay::kernel::{Kernel, Supplies, load_btf};
use bpfassay::object::btf::Type;
use bpfassay::object::{Btf, Object};
use bpfassay::programs::insn::Insn;
use bpfassay::programs::program::{KfuncRef, KsymRef, Subprog};
use bpfassay::programs::{LinkOptions, Program, link};
use bpfassay::target::Target;

/// A function that the kernel exports to programs.
pub struct Kfunc {
    pub spec: &'static KfuncSpec,
    /// Parameters: name, and what it is, without qualifiers.
    pub params: Vec<(String, Param)>,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    Scalar,
    /// A structure or other type in the kernel's BTF; 0 for void.
    Pointer(u32),
    Function,
}

/// A kind of program.
pub struct Stub {
    pub program: Program,
    pub supplies: Arc<Supplies>,
}

pub struct Stock {
    pub spec: SpecVersion,
    /// Where the object's variables are in their sections.
    offsets: BTreeMap<String, i32>,
    pub stubs: Vec<Stub>,
    pub btf: Arc<Btf>,
    pub kernel_btf: Arc<Btf>,
    pub maps: BTreeMap<String, usize>,
    pub kfuncs: Vec<Kfunc>,
    kfunc_refs: Vec<KfuncRef>,
    by_name: BTreeMap<&'static str, usize>,
    pub ksyms: Vec<KsymRef>,
    /// Stubs that this kernel refuses outright, and why.
    pub skipped: Vec<(String, String)>,
}

/// Variables of the kernel that programs take the address of.
const SYMBOLS: [&str; 4] = ["runqueues", "bpf_prog_active", "cpu_number", "pcpu_hot"];

fn params(btf: &Btf, id: u32) -> Option<Vec<(String, Param)>> {
    let Some(Type::Func { proto, .. }) = btf.ty(id) else {
        return None;
    };
    let Some(Type::FuncProto { params, .. }) = btf.ty(proto) else {
        return None;
    };
    let of = |ty: u32| match btf.ty(btf.skip_mods_typedefs(ty)) {
        Some(Type::Ptr { to }) => match btf.ty(btf.skip_mods_typedefs(to)) {
            Some(Type::FuncProto { .. }) => Param::Function,
            _ => Param::Pointer(btf.skip_mods_typedefs(to)),
        },
        _ => Param::Scalar,
    };
    Some(
        params
            .iter()
            .map(|p| (p.name.to_owned(), of(p.ty)))
            .collect(),
    )
}

/// The offsets of variables, by name.
fn offsets(btf: &Btf) -> BTreeMap<String, i32> {
    let mut out = BTreeMap::new();
    for id in 1..btf.type_count() {
        let Some(Type::DataSec { vars, .. }) = btf.ty(id) else {
            continue;
        };
        for var in vars.iter() {
            out.insert(btf.name(var.ty).to_owned(), var.offset as i32);
        }
    }
    out
}

impl Stock {
    pub fn new(kernel: &Kernel, target: &Target) -> Result<Stock, String> {
        let bytes = include_bytes!("stock.o");
        let object = Object::parse(bytes).map_err(|e| e.to_string())?;
        let kernel_btf = kernel.btf.clone().ok_or("the kernel shows no BTF")?;
        let linked = link(
            &object,
            &LinkOptions {
                kernel_btf: Some(&kernel_btf),
                release: target.release,
                ..LinkOptions::default()
            },
        );
        if let Some(e) = linked.object_errors.first() {
            return Err(format!("stock.o: {e}"));
        }
        let mut skipped = Vec::new();
        let mut stubs = Vec::new();
        if let Some(Ok(p)) = linked.programs.iter().find(|p| p.is_ok())
            && let Some(btf) = &p.btf
        {
            load_btf(btf).map_err(|e| format!("stock.o: {e}"))?;
        }
        for program in linked.programs {
            match program {
                Ok(p) if p.name.starts_with("p_") => {
                    // A map is bound to the kind of program that first used it.
                    let supplies = Supplies::of(kernel, &p).map_err(|e| format!("stock.o: {e}"))?;
                    stubs.push(Stub {
                        program: p,
                        supplies: Arc::new(supplies),
                    });
                }
                Ok(_) => {}
                Err(e) => skipped.push((e.program.clone().unwrap_or_default(), e.to_string())),
            }
        }
        let first = stubs
            .first()
            .ok_or("stock.o has no programs for this kernel")?;
        let btf = first.program.btf.clone().ok_or("stock.o has no BTF")?;
        let maps = first.program.maps.iter().enumerate();
        let maps = maps.map(|(i, m)| (m.name.to_string(), i)).collect();
        let (mut kfuncs, mut kfunc_refs, mut by_name) = (Vec::new(), Vec::new(), BTreeMap::new());
        for spec in helpers_spec::kfuncs(target.spec) {
            let Some(id) = kernel_btf.find_func(spec.name) else {
                continue;
            };
            let Some(params) = params(&kernel_btf, id) else {
                continue;
            };
            by_name.insert(spec.name, kfuncs.len());
            kfunc_refs.push(KfuncRef {
                name: spec.name.into(),
                weak: false,
                resolved: true,
                proto: 0,
                kernel_id: Some(id),
            });
            kfuncs.push(Kfunc { spec, params });
        }
        let shown = std::fs::read_to_string("/proc/kallsyms").unwrap_or_default();
        let shown = |name: &str| {
            shown
                .lines()
                .any(|l| l.split_whitespace().nth(2) == Some(name))
        };
        let ksyms = SYMBOLS
            .iter()
            .filter(|name| shown(name))
            .filter_map(|name| {
                Some(KsymRef {
                    name: (*name).into(),
                    kernel_id: Some(
                        kernel_btf
                            .by_name(name)
                            .find(|id| matches!(kernel_btf.ty(*id), Some(Type::Var { .. })))?,
                    ),
                    local_id: 0,
                    weak: false,
                    resolved: true,
                })
            });
        let ksyms = ksyms.collect();
        let offsets = offsets(&btf);
        Ok(Stock {
            spec: target.spec,
            offsets,
            stubs,
            btf,
            kernel_btf,
            maps,
            kfuncs,
            kfunc_refs,
            by_name,
            ksyms,
            skipped,
        })
    }

    /// Calls of kernel functions by their place in a list of those that are called.
    fn numbered(&self, mut insns: Vec<Insn>) -> (Arc<[Insn]>, Vec<KfuncRef>) {
        let mut used: Vec<i32> = Vec::new();
        let mut wide = false;
        for insn in &mut insns {
            if !std::mem::take(&mut wide) && insn.opcode == 0x85 && insn.src == 2 {
                let at = used.iter().position(|k| *k == insn.imm);
                insn.imm = at.unwrap_or_else(|| {
                    used.push(insn.imm);
                    used.len() - 1
                }) as i32;
            }
            wide = insn.opcode == 0x18;
        }
        let refs = used
            .iter()
            .filter_map(|k| self.kfunc_refs.get(*k as usize).cloned());
        (insns.into(), refs.collect())
    }

    pub fn map(&self, name: &str) -> usize {
        self.maps
            .get(name)
            .copied()
            .unwrap_or_else(|| panic!("stock.o has no map {name}"))
    }

    pub fn offset(&self, variable: &str) -> i32 {
        self.offsets.get(variable).copied().unwrap_or(0)
    }

    /// The number of a kernel function, if this kernel has it.
    pub fn kfunc(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// A type of the object, by name.
    pub fn local_type(&self, name: &str) -> u32 {
        self.btf.find_struct(name).unwrap_or(0)
    }

    pub fn kernel_type(&self, name: &str) -> u32 {
        self.kernel_btf.find_struct(name).unwrap_or(0)
    }

    /// A program of a stub's kind: its functions (main first) with the names of
    /// their types.
    pub fn program(
        &self,
        stub: &Stub,
        name: String,
        insns: Vec<Insn>,
        functions: &[(usize, &str)],
    ) -> Program {
        let mut out = stub.program.clone();
        let end = |i: usize| functions.get(i + 1).map_or(insns.len(), |f| f.0) as u32;
        let mut subprogs = Vec::new();
        out.func_info.clear();
        for (i, (start, ty)) in functions.iter().enumerate() {
            let id = match i {
                0 => stub.program.subprogs[0].func_type,
                _ => self.btf.find_func(ty).unwrap_or(0),
            };
            subprogs.push(Subprog {
                start: *start as u32,
                end: end(i),
                name: format!("{ty}_{i}").into(),
                func_type: id,
                global: i > 0 && ty.starts_with("global_"),
                exception_cb: false,
                section: "".into(),
                section_offset: 0,
            });
            out.func_info.push((*start as u32, id));
        }
        out.name = name;
        out.subprogs = subprogs.into();
        (out.insns, out.kfuncs) = self.numbered(insns);
        out.ksyms = self.ksyms.clone();
        out.poisoned.clear();
        out.core_relocs.clear();
        out.line_info = Default::default();
        out
    }
}

//! Special fields of map values and objects: locks, timers, kptrs, nodes.
//!
//! Linux finds them by the names of their types in the BTF of the program and
//! lets no plain load or store touch them. A record lists them for one struct
//! (a map's value type, a type that `bpf_obj_new` allocates, a data section).
#![warn(clippy::arithmetic_side_effects)]

use alloc::collections::BTreeSet;
use core::cell::OnceCell;

use super::asked::{AskedTarget, AskedTypes};
use super::codes::Code;
use super::value::{BtfSrc, Kind, MapRef, Reg};
use super::vm::Env;
use crate::object::btf::Type;
use crate::object::{Btf, MapDef};
use crate::prelude::*;

/// The kinds of special field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `struct bpf_spin_lock`.
    SpinLock,
    /// `struct bpf_res_spin_lock`.
    ResSpinLock,
    /// `struct bpf_timer`.
    Timer,
    /// `struct bpf_wq`.
    Wq,
    /// `struct bpf_task_work`.
    TaskWork,
    /// `__kptr_untrusted`: a kernel pointer that keeps no reference.
    KptrUnref,
    /// `__kptr`: a referenced kernel or program object.
    KptrRef,
    /// `__percpu_kptr`.
    KptrPercpu,
    /// `__uptr`: memory shared with user space.
    Uptr,
    /// `struct bpf_list_head`.
    ListHead,
    /// `struct bpf_list_node`.
    ListNode,
    /// `struct bpf_rb_root`.
    RbRoot,
    /// `struct bpf_rb_node`.
    RbNode,
    /// `struct bpf_refcount`.
    Refcount,
}

impl FieldKind {
    /// Its type's name, or tag, as the kernel prints it.
    pub const fn name(self) -> &'static str {
        match self {
            FieldKind::SpinLock => "bpf_spin_lock",
            FieldKind::ResSpinLock => "bpf_res_spin_lock",
            FieldKind::Timer => "bpf_timer",
            FieldKind::Wq => "bpf_wq",
            FieldKind::TaskWork => "bpf_task_work",
            FieldKind::KptrUnref | FieldKind::KptrRef => "kptr",
            FieldKind::KptrPercpu => "percpu_kptr",
            FieldKind::Uptr => "uptr",
            FieldKind::ListHead => "bpf_list_head",
            FieldKind::ListNode => "bpf_list_node",
            FieldKind::RbRoot => "bpf_rb_root",
            FieldKind::RbNode => "bpf_rb_node",
            FieldKind::Refcount => "bpf_refcount",
        }
    }
    /// Whether it is a pointer to an object.
    pub const fn is_kptr(self) -> bool {
        matches!(
            self,
            FieldKind::KptrUnref | FieldKind::KptrRef | FieldKind::KptrPercpu | FieldKind::Uptr
        )
    }
    /// Whether it is a collection.
    pub const fn is_root(self) -> bool {
        matches!(self, FieldKind::ListHead | FieldKind::RbRoot)
    }
    /// Whether it is a lock.
    pub const fn is_lock(self) -> bool {
        matches!(self, FieldKind::SpinLock | FieldKind::ResSpinLock)
    }

    /// The code of a plain access to it: its name is a key word of the class.
    pub const fn access_code(self) -> Code {
        match self {
            FieldKind::SpinLock | FieldKind::ResSpinLock => Code::SpinLock,
            FieldKind::Timer | FieldKind::Wq | FieldKind::TaskWork => Code::TimerWq,
            FieldKind::KptrUnref | FieldKind::KptrRef | FieldKind::KptrPercpu | FieldKind::Uptr => {
                Code::Kptr
            }
            FieldKind::ListHead | FieldKind::ListNode | FieldKind::RbRoot | FieldKind::RbNode => {
                Code::Graph
            }
            FieldKind::Refcount => Code::SpecialField,
        }
    }

    fn of_struct(name: &str) -> Option<(FieldKind, u32)> {
        Some(match name {
            "bpf_spin_lock" => (FieldKind::SpinLock, 4),
            "bpf_res_spin_lock" => (FieldKind::ResSpinLock, 4),
            "bpf_timer" => (FieldKind::Timer, 16),
            "bpf_wq" => (FieldKind::Wq, 16),
            "bpf_task_work" => (FieldKind::TaskWork, 8),
            "bpf_list_head" => (FieldKind::ListHead, 16),
            "bpf_list_node" => (FieldKind::ListNode, 24),
            "bpf_rb_root" => (FieldKind::RbRoot, 16),
            "bpf_rb_node" => (FieldKind::RbNode, 32),
            "bpf_refcount" => (FieldKind::Refcount, 4),
            _ => return None,
        })
    }

    /// `referenced`: what the tag `kptr` means; see the behaviour of that name.
    fn of_tag(tag: &str, referenced: bool) -> Option<FieldKind> {
        if !referenced {
            return match tag {
                "kptr" => Some(FieldKind::KptrUnref),
                "kptr_ref" => Some(FieldKind::KptrRef),
                _ => None,
            };
        }
        Some(match tag {
            "kptr_untrusted" => FieldKind::KptrUnref,
            "kptr" | "kptr_ref" => FieldKind::KptrRef,
            "percpu_kptr" => FieldKind::KptrPercpu,
            "uptr" => FieldKind::Uptr,
            _ => return None,
        })
    }
}

/// One special field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub kind: FieldKind,
    /// Byte offset in the value or object.
    pub off: u32,
    /// Bytes.
    pub size: u32,
    /// kptrs: what they point to.
    pub pointee: Option<(BtfSrc, u32)>,
    /// Collections: the contained struct (program BTF) and the offset of the
    /// node in it.
    pub contains: Option<(u32, u32)>,
}

/// The special fields of one struct, by offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The fields.
    pub fields: Vec<Field>,
}

/// The record of no struct.
static EMPTY: Record = Record { fields: Vec::new() };

impl Record {
    /// The field that begins at `off`.
    pub fn at(&self, off: u32) -> Option<&Field> {
        self.fields.iter().find(|f| f.off == off)
    }
    /// The first field that shares a byte with `[off, off + size)`.
    pub fn overlapping(&self, off: u32, size: u32) -> Option<&Field> {
        self.fields
            .iter()
            .find(|f| off < f.off.saturating_add(f.size) && f.off < off.saturating_add(size))
    }
    /// The field of a kind that a struct can have only one of.
    pub fn only(&self, kind: FieldKind) -> Option<&Field> {
        self.fields.iter().find(|f| f.kind == kind)
    }
    /// Whether a field of this kind is there.
    pub fn has(&self, kind: FieldKind) -> bool {
        self.only(kind).is_some()
    }
    /// The lock.
    pub fn lock(&self) -> Option<&Field> {
        self.fields.iter().find(|f| f.kind.is_lock())
    }
}

/// What the pointers among the fields may be.
#[derive(Clone, Copy, Debug)]
pub struct Pointees<'a>(Option<(AskedTypes<'a>, AskedTarget<'a>)>);

impl<'a> Pointees<'a> {
    /// Of no kernel: the program's own types, by today's tags.
    pub const OWN: Pointees<'static> = Pointees(None);

    /// Types of this kernel too, by the tags that the target knows.
    pub const fn of(types: AskedTypes<'a>, target: AskedTarget<'a>) -> Self {
        Pointees(Some((types, target)))
    }

    /// The kernel's types, to which kptrs may point.
    fn kernel(self) -> Option<&'a Btf> {
        self.0.and_then(|(types, _)| types.real())
    }

    /// Whether the tag `kptr` means a referenced pointer.
    fn kptr_references(self) -> bool {
        let knows = |(_, target): (_, AskedTarget<'_>)| target.behaviour().kptr_tag_references();
        self.0.is_none_or(knows)
    }
}

/// Records of a program's maps and of the structs of its BTF, each read when it is
/// first asked for: most programs ask for those of a map or two.
#[derive(Debug)]
pub struct Records<'a> {
    defs: &'a [MapDef],
    btf: Option<&'a Btf>,
    kernel: Pointees<'a>,
    /// Of each map, and of its inner maps.
    maps: Vec<OnceCell<(Record, Record)>>,
    /// Of the structs that have any, by type.
    types: OnceCell<Vec<(u32, Record)>>,
}

impl<'a> Records<'a> {
    /// Of a program with these maps and this BTF; reads none yet.
    pub fn new(defs: &'a [MapDef], btf: Option<&'a Btf>, kernel: Pointees<'a>) -> Records<'a> {
        Records {
            defs,
            btf,
            kernel,
            maps: vec![OnceCell::new(); defs.len()],
            types: OnceCell::new(),
        }
    }
    /// Of a map's value.
    pub fn of_map(&self, map: MapRef) -> &Record {
        let at = map.index();
        let Some(((cell, def), btf)) = self.maps.get(at).zip(self.defs.get(at)).zip(self.btf)
        else {
            return &EMPTY;
        };
        let of = |def: &MapDef| parse(btf, self.kernel, def.value_type);
        let inner = || def.inner.as_deref().map(of).unwrap_or_default();
        let (outer, inner) = cell.get_or_init(|| (of(def), inner()));
        if map.is_inner() { inner } else { outer }
    }
    /// Of a struct of the program's BTF.
    pub fn of_type(&self, id: u32) -> &Record {
        let types = self.types.get_or_init(|| self.read_types());
        match types.binary_search_by_key(&id, |t| t.0) {
            Ok(at) => types.get(at).map_or(&EMPTY, |(_, record)| record),
            Err(_) => &EMPTY,
        }
    }

    fn read_types(&self) -> Vec<(u32, Record)> {
        let mut types = Vec::new();
        let Some(btf) = self.btf else {
            return types;
        };
        for id in 1..btf.type_count() {
            if let Some(Type::Struct(s)) = btf.ty(id)
                && FieldKind::of_struct(s.name).is_none()
            {
                let record = parse(btf, self.kernel, id);
                if !record.fields.is_empty() {
                    types.push((id, record));
                }
            }
        }
        types
    }
}

const MAX_FIELDS: usize = 11;
const MAX_NESTING: usize = 4;

/// The special fields of a struct or data section of the program's BTF.
pub fn parse(btf: &Btf, kernel: Pointees<'_>, id: u32) -> Record {
    let mut walk = Walk {
        btf,
        kernel,
        record: Record::default(),
        barren: BTreeSet::new(),
    };
    let id = btf.skip_mods_typedefs(id);
    match btf.ty(id) {
        Some(Type::DataSec { vars, .. }) => {
            for v in vars.iter() {
                if let Some(Type::Var { ty, .. }) = btf.ty(v.ty) {
                    walk.member(ty, v.offset, (v.ty, None), 0);
                }
            }
        }
        Some(Type::Struct(_)) => walk.members(id, 0, 0),
        _ => {}
    }
    let mut record = walk.record;
    record.fields.sort_by_key(|f| f.off);
    if record.fields.len() > MAX_FIELDS {
        // The kernel refuses the map's BTF; libbpf then makes the map without.
        record.fields.clear();
    }
    record
}

struct Walk<'a> {
    btf: &'a Btf,
    kernel: Pointees<'a>,
    record: Record,
    /// Structs in which nothing was found at a depth. Without them structs that hold
    /// one another many times over would be walked for ever.
    barren: BTreeSet<(u32, usize)>,
}

impl Walk<'_> {
    fn members(&mut self, id: u32, base: u32, depth: usize) {
        let btf = self.btf;
        let Some(s) = btf.ty(id).and_then(|t| t.composite()) else {
            return;
        };
        if self.barren.contains(&(id, depth)) {
            return;
        }
        let before = self.record.fields.len();
        for (i, m) in (0u32..).zip(s.members.iter()) {
            if m.bitfield_size == 0 && m.bit_offset.is_multiple_of(8) {
                let off = base.saturating_add(m.bit_offset / 8);
                self.member(m.ty, off, (id, Some(i)), depth);
            }
        }
        if self.record.fields.len() == before {
            self.barren.insert((id, depth));
        }
    }

    /// One member or variable; its decl tags hang on a type and a component of it.
    fn member(&mut self, ty: u32, off: u32, tags: (u32, Option<u32>), depth: usize) {
        let btf = self.btf;
        // What has no size (arrays of themselves, too) has no fields.
        let Some(whole) = btf.resolve_size(ty) else {
            return;
        };
        let mut ty = btf.skip_mods_typedefs(ty);
        while let Some(Type::Array { elem, .. }) = btf.ty(ty) {
            ty = btf.skip_mods_typedefs(elem);
        }
        let Some(each) = btf.resolve_size(ty) else {
            return;
        };
        let count = whole.checked_div(each).unwrap_or(0);
        for i in 0..count.min((MAX_FIELDS as u32).saturating_add(1)) {
            if self.record.fields.len() > MAX_FIELDS {
                return;
            }
            let off = off.saturating_add(i.saturating_mul(each));
            match btf.ty(ty) {
                Some(Type::Ptr { to }) => {
                    if let Some((kind, pointee)) = kptr(btf, self.kernel, to) {
                        self.record.fields.push(Field {
                            kind,
                            off,
                            size: 8,
                            pointee,
                            contains: None,
                        });
                    }
                }
                Some(Type::Struct(s)) => match FieldKind::of_struct(s.name) {
                    Some((kind, size)) if s.size == size => {
                        let contains = kind
                            .is_root()
                            .then(|| contains(btf, tags.0, tags.1, kind))
                            .flatten();
                        self.record.fields.push(Field {
                            kind,
                            off,
                            size,
                            pointee: None,
                            contains,
                        });
                    }
                    // Of another size: no field.
                    Some(_) => {}
                    None if depth < MAX_NESTING => self.members(ty, off, depth.saturating_add(1)),
                    None => {}
                },
                _ => {}
            }
        }
    }
}

/// The kptr kind of a pointer by its type tag, and what it points to.
fn kptr(btf: &Btf, kernel: Pointees<'_>, to: u32) -> Option<(FieldKind, Option<(BtfSrc, u32)>)> {
    let Type::TypeTag {
        name,
        to,
        attribute: false,
    } = btf.ty(to)?
    else {
        return None;
    };
    let kind = FieldKind::of_tag(name, kernel.kptr_references())?;
    let id = btf.skip_mods_typedefs(to);
    let target = btf.ty(id)?.name();
    let named = !target.is_empty() && kind != FieldKind::Uptr;
    let in_kernel = named
        .then(|| kernel.kernel()?.find_struct(target))
        .flatten();
    Some((
        kind,
        Some(in_kernel.map_or((BtfSrc::Program, id), |id| (BtfSrc::Kernel, id))),
    ))
}

/// What a collection contains, by its `contains:STRUCT:NODE` tag.
fn contains(btf: &Btf, decl: u32, component: Option<u32>, root: FieldKind) -> Option<(u32, u32)> {
    let tag = btf
        .decl_tags(decl)
        .filter(|t| t.component == component)
        .find_map(|t| t.name.strip_prefix("contains:").map(str::to_owned))?;
    let (name, node) = tag.split_once(':')?;
    let id = btf.find_struct(name)?;
    let s = btf.ty(id)?.composite()?;
    let m = s.members.iter().find(|m| m.name == node)?;
    let want = if root == FieldKind::RbRoot {
        "bpf_rb_node"
    } else {
        "bpf_list_node"
    };
    let ty = btf.ty(btf.skip_mods_typedefs(m.ty))?;
    (ty.name() == want).then_some((id, m.bit_offset / 8))
}

/// The special field of an allocated object that an access touches.
pub fn overlap(env: &Env<'_>, src: BtfSrc, id: u32, off: i32, size: u32) -> Option<FieldKind> {
    if src != BtfSrc::Program || off < 0 {
        return None;
    }
    env.records
        .of_type(id)
        .overlapping(off as u32, size)
        .map(|f| f.kind)
}

/// The record of what a register points to: a map's value, or an allocated
/// object.
pub fn of_reg<'e>(env: &'e Env<'_>, reg: &Reg) -> &'e Record {
    match reg.kind {
        Kind::MapValue { map, .. } => env.records.of_map(map),
        Kind::Btf {
            btf: BtfSrc::Program,
            id,
        } => env.records.of_type(id),
        _ => &EMPTY,
    }
}

/// Whether the pointed-to object may hold a spin lock; such pointers keep
/// their id, by which an unlock finds its lock.
pub fn may_hold_lock(env: &Env<'_>, reg: &Reg) -> bool {
    of_reg(env, reg).lock().is_some()
}

/// Whether values of this inner map are told apart by lookup (timers and
/// workqueues remember their map).
pub fn inner_needs_uid(env: &Env<'_>, map: MapRef) -> bool {
    let r = env.records.of_map(map);
    r.has(FieldKind::Timer) || r.has(FieldKind::Wq) || r.has(FieldKind::TaskWork)
}

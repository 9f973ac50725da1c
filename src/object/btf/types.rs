//! Decoded types: views into the blob, made on access.

use super::items::{Enumerators, Members, Params, SecVars, VLEN};
use super::{Btf, info, word};

/// The kinds of BTF records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Type id 0.
    Void = 0,
    /// An integer, `char` and `bool` included.
    Int = 1,
    /// A pointer.
    Ptr = 2,
    /// An array.
    Array = 3,
    /// A structure.
    Struct = 4,
    /// A union.
    Union = 5,
    /// An enumeration of 32-bit values.
    Enum = 6,
    /// A forward declaration of a structure or union.
    Fwd = 7,
    /// A typedef.
    Typedef = 8,
    /// The `volatile` qualifier.
    Volatile = 9,
    /// The `const` qualifier.
    Const = 10,
    /// The `restrict` qualifier.
    Restrict = 11,
    /// A function: a name for a prototype.
    Func = 12,
    /// A function's prototype.
    FuncProto = 13,
    /// A variable.
    Var = 14,
    /// A data section: which variables it holds and where.
    DataSec = 15,
    /// A floating-point number.
    Float = 16,
    /// A declaration tag.
    DeclTag = 17,
    /// A type tag.
    TypeTag = 18,
    /// An enumeration of 64-bit values.
    Enum64 = 19,
}

impl Kind {
    pub(crate) fn from_info(info: u32) -> Option<Kind> {
        use Kind::*;
        const KINDS: [Kind; 19] = [
            Int, Ptr, Array, Struct, Union, Enum, Fwd, Typedef, Volatile, Const, Restrict, Func,
            FuncProto, Var, DataSec, Float, DeclTag, TypeTag, Enum64,
        ];
        let n = (info >> 24) & 0x1f;
        n.checked_sub(1)
            .and_then(|n| KINDS.get(n as usize))
            .copied()
    }

    /// True of a structure or union.
    pub fn is_composite(self) -> bool {
        matches!(self, Kind::Struct | Kind::Union)
    }

    /// True of both kinds of enumeration.
    pub fn is_any_enum(self) -> bool {
        matches!(self, Kind::Enum | Kind::Enum64)
    }

    /// True of `const`, `volatile`, `restrict` and type tags.
    pub fn is_modifier(self) -> bool {
        matches!(
            self,
            Kind::Const | Kind::Volatile | Kind::Restrict | Kind::TypeTag
        )
    }
}

/// How an integer's bits are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntEncoding {
    /// Two's complement.
    pub signed: bool,
    /// A character.
    pub char: bool,
    /// A truth value.
    pub bool: bool,
    /// Offset of the first bit (0 but in old objects' bit fields).
    pub bit_offset: u8,
    /// Width in bits.
    pub bits: u8,
}

/// Linkage of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FuncLinkage {
    /// Verified with its caller.
    Static,
    /// Verified on its own.
    Global,
    /// Defined elsewhere: a kfunc.
    Extern,
    /// A number that no kernel knows.
    Unknown(u16),
}

/// Linkage of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarLinkage {
    /// File scope.
    Static,
    /// Defined here.
    Global,
    /// Defined elsewhere: a ksym or kconfig value.
    Extern,
    /// A number that no kernel knows.
    Unknown(u32),
}

/// A type, decoded.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "fields are the format's own")]
pub enum Type<'a> {
    Void,
    Int {
        name: &'a str,
        size: u32,
        encoding: IntEncoding,
    },
    Ptr {
        to: u32,
    },
    Array {
        elem: u32,
        index: u32,
        len: u32,
    },
    Struct(Composite<'a>),
    Union(Composite<'a>),
    Enum {
        name: &'a str,
        size: u32,
        signed: bool,
        values: Enumerators<'a>,
    },
    Enum64 {
        name: &'a str,
        size: u32,
        signed: bool,
        values: Enumerators<'a>,
    },
    Fwd {
        name: &'a str,
        union: bool,
    },
    Typedef {
        name: &'a str,
        to: u32,
    },
    Volatile {
        to: u32,
    },
    Const {
        to: u32,
    },
    Restrict {
        to: u32,
    },
    Func {
        name: &'a str,
        proto: u32,
        linkage: FuncLinkage,
    },
    FuncProto {
        ret: u32,
        params: Params<'a>,
    },
    Var {
        name: &'a str,
        ty: u32,
        linkage: VarLinkage,
    },
    DataSec {
        name: &'a str,
        size: u32,
        vars: SecVars<'a>,
    },
    Float {
        name: &'a str,
        size: u32,
    },
    DeclTag {
        name: &'a str,
        target: u32,
        component: Option<u32>,
    },
    /// `attribute` is set when the tag is an attribute rather than a `btf_type_tag`.
    TypeTag {
        name: &'a str,
        to: u32,
        attribute: bool,
    },
}

/// A structure or union.
#[derive(Clone, Copy, Debug)]
pub struct Composite<'a> {
    /// Its name, `""` if anonymous.
    pub name: &'a str,
    /// Its size in bytes.
    pub size: u32,
    /// Its members in file order.
    pub members: Members<'a>,
}

/// A member of a structure or union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name, `""` if anonymous.
    pub name: &'a str,
    /// Its type.
    pub ty: u32,
    /// Offset in bits from the start of the structure.
    pub bit_offset: u32,
    /// Width of a bit field, 0 if the member is none.
    pub bitfield_size: u8,
}

/// A value of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnumValue<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value, sign-extended if the enumeration is signed.
    pub value: i64,
}

/// A parameter of a prototype; a name of `""` and type 0 at the end is `...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name, `""` if it has none.
    pub name: &'a str,
    /// Its type.
    pub ty: u32,
}

/// A variable's place in a data section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecVar {
    /// The VAR (or, in `.ksyms`, FUNC).
    pub ty: u32,
    /// Offset in the section.
    pub offset: u32,
    /// Size in the section.
    pub size: u32,
}

/// A declaration tag, as the tag index gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclTag<'a> {
    /// The tag's text.
    pub name: &'a str,
    /// Which member or parameter it is on; `None` is the whole declaration.
    pub component: Option<u32>,
    /// The tag's own type id.
    pub id: u32,
}

impl<'a> Type<'a> {
    /// The type's name, `""` for what has none.
    pub fn name(&self) -> &'a str {
        match *self {
            Type::Struct(c) | Type::Union(c) => c.name,
            Type::Int { name, .. }
            | Type::Enum { name, .. }
            | Type::Enum64 { name, .. }
            | Type::Fwd { name, .. }
            | Type::Typedef { name, .. }
            | Type::Func { name, .. }
            | Type::Var { name, .. }
            | Type::DataSec { name, .. }
            | Type::Float { name, .. }
            | Type::DeclTag { name, .. }
            | Type::TypeTag { name, .. } => name,
            _ => "",
        }
    }

    /// The type referred to, of kinds that refer to exactly one.
    pub fn target(&self) -> Option<u32> {
        match *self {
            Type::Ptr { to }
            | Type::Typedef { to, .. }
            | Type::Volatile { to }
            | Type::Const { to }
            | Type::Restrict { to }
            | Type::TypeTag { to, .. } => Some(to),
            Type::Func { proto, .. } => Some(proto),
            Type::Var { ty, .. } => Some(ty),
            Type::DeclTag { target, .. } => Some(target),
            _ => None,
        }
    }

    /// The structure or union, if it is one.
    pub fn composite(&self) -> Option<Composite<'a>> {
        match *self {
            Type::Struct(c) | Type::Union(c) => Some(c),
            _ => None,
        }
    }
}

impl Btf {
    /// The kind of a type; `None` if there is no such id.
    pub fn kind(&self, id: u32) -> Option<Kind> {
        if id == 0 {
            return Some(Kind::Void);
        }
        self.record(id).and_then(|r| Kind::from_info(info(r)))
    }

    /// A type's name: `""` if anonymous or absent.
    pub fn name(&self, id: u32) -> &str {
        self.record(id).map_or("", |r| self.str_at(word(r, 0)))
    }

    /// A type, decoded; `None` if there is no such id.
    pub fn ty(&self, id: u32) -> Option<Type<'_>> {
        if id == 0 {
            return Some(Type::Void);
        }
        let record = self.record(id)?;
        let info = info(record);
        let name = self.str_at(word(record, 0));
        let tail = record.get(12..).unwrap_or(&[]);
        let (len, flag) = (info & VLEN, info >> 31 != 0);
        let at = |n: usize| word(tail, n);
        let word = word(record, 8);
        Some(match Kind::from_info(info)? {
            Kind::Void => Type::Void,
            Kind::Int => {
                let e = at(0);
                Type::Int {
                    name,
                    size: word,
                    encoding: IntEncoding {
                        signed: e >> 24 & 1 != 0,
                        char: e >> 24 & 2 != 0,
                        bool: e >> 24 & 4 != 0,
                        bit_offset: (e >> 16) as u8,
                        bits: e as u8,
                    },
                }
            }
            Kind::Ptr => Type::Ptr { to: word },
            Kind::Array => Type::Array {
                elem: at(0),
                index: at(4),
                len: at(8),
            },
            kind @ (Kind::Struct | Kind::Union) => {
                let members = self.items(record, false);
                let c = Composite {
                    name,
                    size: word,
                    members,
                };
                if kind == Kind::Struct {
                    Type::Struct(c)
                } else {
                    Type::Union(c)
                }
            }
            Kind::Enum => Type::Enum {
                name,
                size: word,
                signed: flag,
                values: self.items(record, false),
            },
            Kind::Enum64 => Type::Enum64 {
                name,
                size: word,
                signed: flag,
                values: self.items(record, true),
            },
            Kind::Fwd => Type::Fwd { name, union: flag },
            Kind::Typedef => Type::Typedef { name, to: word },
            Kind::Volatile => Type::Volatile { to: word },
            Kind::Const => Type::Const { to: word },
            Kind::Restrict => Type::Restrict { to: word },
            Kind::Func => Type::Func {
                name,
                proto: word,
                linkage: match len {
                    0 => FuncLinkage::Static,
                    1 => FuncLinkage::Global,
                    2 => FuncLinkage::Extern,
                    n => FuncLinkage::Unknown(n as u16),
                },
            },
            Kind::FuncProto => Type::FuncProto {
                ret: word,
                params: self.items(record, false),
            },
            Kind::Var => Type::Var {
                name,
                ty: word,
                linkage: match at(0) {
                    0 => VarLinkage::Static,
                    1 => VarLinkage::Global,
                    2 => VarLinkage::Extern,
                    n => VarLinkage::Unknown(n),
                },
            },
            Kind::DataSec => Type::DataSec {
                name,
                size: word,
                vars: self.items(record, false),
            },
            Kind::Float => Type::Float { name, size: word },
            Kind::DeclTag => {
                let component = at(0);
                Type::DeclTag {
                    name,
                    target: word,
                    component: (component != u32::MAX).then_some(component),
                }
            }
            Kind::TypeTag => Type::TypeTag {
                name,
                to: word,
                attribute: flag,
            },
        })
    }
}

//! The grammar of instructions.
//!
//! Each function reads one shape of statement into an [`Op`], which `encode`
//! turns into slots; operators and sizes are looked up in the opcode table's own
//! symbol lists. Distances to labels are filled in at the end.

use super::super::encode::encode;
use super::super::insn::{AluOp, Callee, Endness, ImmRef, Op, Size, Src, Width};
use super::super::isa;
use super::memory::{call_like, load, locked, pointer, size, store};
use super::token::{Cursor, Kind};
use super::{AsmError, Assembler, Field, Fixup};
use crate::prelude::*;

type Parsed<T> = Result<T, AsmError>;

impl Assembler<'_> {
    pub(super) fn instruction(&mut self, c: &mut Cursor<'_>) -> Parsed<()> {
        let op = match c.peek() {
            Some(Kind::Punct("*")) => store(c)?,
            Some(Kind::Word(word)) => match word.as_str() {
                "exit" => keyword(c, Op::Exit),
                "if" => self.conditional(c)?,
                "goto" => {
                    c.skip(1);
                    let off = self.target(c, Field::Off)?;
                    Op::Ja {
                        off: i32::from(near(c, off)?),
                        long: false,
                    }
                }
                "gotol" => {
                    c.skip(1);
                    Op::Ja {
                        off: self.target(c, Field::Imm)?,
                        long: true,
                    }
                }
                "may_goto" => {
                    c.skip(1);
                    let off = self.target(c, Field::Off)?;
                    Op::MayGoto { off: near(c, off)? }
                }
                "gotox" => {
                    c.skip(1);
                    Op::Gotox {
                        dst: wide_register(c)?,
                    }
                }
                "callx" => {
                    c.skip(1);
                    Op::CallX {
                        dst: wide_register(c)?,
                    }
                }
                "call" => {
                    c.skip(1);
                    Op::Call(self.callee(c)?)
                }
                "lock" => {
                    c.skip(1);
                    locked(c)?
                }
                "store_release" => {
                    c.skip(1);
                    c.need("(")?;
                    let (size, base, off) = pointer(c)?;
                    c.need(",")?;
                    let (_, src) = register(c)?;
                    c.need(")")?;
                    Op::StoreRelease {
                        base,
                        off,
                        size,
                        src,
                    }
                }
                _ => self.assignment(c)?,
            },
            _ => return c.expected("an instruction"),
        };
        let Some((first, second)) = encode(&op) else {
            return c.fail("no encoding for this instruction");
        };
        self.push(first, c.line());
        if let Some(second) = second {
            self.push(second, c.line());
        }
        Ok(())
    }

    /// `+3`, `pc+3` or a label, whose distance is filled in at the end.
    fn target(&mut self, c: &mut Cursor<'_>, field: Field) -> Parsed<i32> {
        let signed = |kind: Option<&Kind>| matches!(kind, Some(Kind::Punct("+" | "-")));
        match c.peek() {
            Some(Kind::Word(pc)) if pc == "pc" && signed(c.peek_at(1)) => {
                c.skip(1);
                c.fitting("a jump")
            }
            Some(Kind::Word(label)) => {
                self.fix(c, field, label);
                c.skip(1);
                Ok(0)
            }
            Some(Kind::Punct("+" | "-") | Kind::Number(..)) => c.fitting("a jump"),
            _ => c.expected("a label or a distance"),
        }
    }

    fn fix(&mut self, c: &Cursor<'_>, field: Field, label: &str) {
        let slot = self.out.insns.len();
        let label = label.to_owned();
        self.fixups.push(Fixup {
            slot,
            field,
            label,
            line: c.line(),
            col: c.col(),
        });
    }

    fn conditional(&mut self, c: &mut Cursor<'_>) -> Parsed<Op> {
        c.skip(1);
        let (w, dst) = register(c)?;
        let Some(Kind::Punct(symbol)) = c.peek() else {
            return c.expected("a comparison");
        };
        let Some(row) = isa::JMP.iter().find(|row| row.2 == *symbol) else {
            return c.expected("a comparison");
        };
        c.skip(1);
        let src = operand(c, w)?;
        if !c.take_word("goto") {
            return c.expected("`goto`");
        }
        let off = self.target(c, Field::Off)?;
        Ok(Op::Jmp {
            w,
            op: row.0,
            dst,
            src,
            off: near(c, off)?,
        })
    }

    fn callee(&mut self, c: &mut Cursor<'_>) -> Parsed<Callee> {
        match (c.peek(), c.peek_at(1)) {
            (Some(Kind::Word(pc)), Some(Kind::Punct("+" | "-"))) if pc == "pc" => {
                c.skip(1);
                Ok(Callee::Local(c.fitting("a call distance")?))
            }
            (Some(Kind::Word(kfunc)), Some(Kind::Punct("["))) if kfunc == "kfunc" => {
                c.skip(2);
                let callee = self.kfunc(c)?;
                c.need("]")?;
                Ok(callee)
            }
            // `bpf_map_lookup_elem#1` of a log: the number is what was called.
            (Some(Kind::Word(_)), Some(Kind::Punct("#"))) => {
                c.skip(2);
                Ok(Callee::Helper(c.imm32(false)?))
            }
            (Some(Kind::Word(name)), _) => {
                self.fix(c, Field::Call, name);
                c.skip(1);
                Ok(Callee::Local(0))
            }
            _ => Ok(Callee::Helper(c.imm32(false)?)),
        }
    }

    fn kfunc(&mut self, c: &mut Cursor<'_>) -> Parsed<Callee> {
        if let Some(Kind::Word(name)) = c.peek() {
            c.skip(1);
            let next = self.kfuncs.len();
            let index = *self.kfuncs.entry(name.clone()).or_insert_with(|| {
                self.out.kfuncs.push(name.clone());
                next
            });
            return Ok(Callee::Kfunc {
                imm: index as i32,
                off: 0,
            });
        }
        let imm = c.imm32(false)?;
        let off = if c.take(":") {
            c.fitting("16 bits")?
        } else {
            0
        };
        Ok(Callee::Kfunc { imm, off })
    }

    /// Everything that starts with a register.
    fn assignment(&mut self, c: &mut Cursor<'_>) -> Parsed<Op> {
        let (w, dst) = register(c)?;
        let Some(Kind::Punct(symbol)) = c.peek() else {
            return c.expected("an operator");
        };
        let Some(row) = isa::ALU.iter().find(|row| row.2 == *symbol) else {
            return c.expected("an operator");
        };
        c.skip(1);
        if row.0 != AluOp::Mov {
            return Ok(Op::Alu {
                w,
                op: row.0,
                dst,
                src: operand(c, w)?,
            });
        }
        match (c.peek(), c.peek_at(1)) {
            (Some(Kind::Punct("*")), _) => load(c, dst),
            (Some(Kind::Punct("(")), _) => {
                c.skip(1);
                let (size, signed) = size(c)?;
                c.need(")")?;
                let src = same_width(c, w)?;
                if !signed || size == Size::DW || (size == Size::W && w.is32()) {
                    return c.fail("a move extends from s8, s16 or (64 bits only) s32");
                }
                Ok(Op::MovSx {
                    w,
                    dst,
                    src,
                    bits: size.bits() as u8,
                })
            }
            (Some(Kind::Punct("-")), Some(Kind::Word(_))) => {
                c.skip(1);
                if same_width(c, w)? != dst {
                    return c.fail("negation reads and writes one register");
                }
                Ok(Op::Neg { w, dst })
            }
            (Some(Kind::Word(word)), next) if !is_register(word) => {
                self.special(c, w, dst, word, next)
            }
            (Some(Kind::Punct("-" | "+") | Kind::Number(..)), _) => constant(c, w, dst),
            _ => Ok(Op::Alu {
                w,
                op: AluOp::Mov,
                dst,
                src: operand(c, w)?,
            }),
        }
    }

    fn special(
        &mut self,
        c: &mut Cursor<'_>,
        w: Width,
        dst: u8,
        word: &str,
        next: Option<&Kind>,
    ) -> Parsed<Op> {
        if matches!(next, Some(Kind::Punct("["))) {
            return self.reference(c, dst, word);
        }
        if matches!(next, Some(Kind::Punct("("))) {
            return call_like(c, w, dst, word);
        }
        if let Some((kind, bits)) = byte_order(word) {
            c.skip(1);
            if same_width(c, Width::W64)? != dst {
                return c.fail("a byte order conversion reads and writes one register");
            }
            return Ok(Op::End { dst, kind, bits });
        }
        c.expected("a register, a number or an operation")
    }

    /// `map[..] ll` and its like.
    fn reference(&mut self, c: &mut Cursor<'_>, dst: u8, kind: &str) -> Parsed<Op> {
        c.skip(2);
        let src = match kind {
            "map" => ImmRef::MapIdx(self.map_index(c)?),
            "mapval" => ImmRef::MapIdxValue {
                idx: self.map_index(c)?,
                off: value_offset(c)?,
            },
            "map_fd" => ImmRef::Map(close(c, |c| c.fitting("32 bits"))?),
            "mapval_fd" => ImmRef::MapValue {
                map: close(c, |c| c.fitting("32 bits"))?,
                off: value_offset(c)?,
            },
            "btf_id" => {
                let imm = c.imm32(false)?;
                let imm2 = if c.take(":") { c.imm32(false)? } else { 0 };
                c.need("]")?;
                ImmRef::BtfId { imm, imm2 }
            }
            "func" => ImmRef::Func(close(c, |c| self.target(c, Field::Imm))?),
            _ => return c.fail(format!("unknown reference `{kind}[..]`")),
        };
        if !c.take_word("ll") {
            return c.expected("`ll`");
        }
        Ok(Op::LdImm64 { dst, src })
    }

    fn map_index(&mut self, c: &mut Cursor<'_>) -> Parsed<u32> {
        if let Some(Kind::Word(name)) = c.peek() {
            self.map_uses.push(Fixup {
                slot: self.out.insns.len(),
                field: Field::Imm,
                label: name.clone(),
                line: c.line(),
                col: c.col(),
            });
            c.skip(1);
            c.need("]")?;
            return Ok(0);
        }
        close(c, |c| c.fitting("32 bits"))
    }
}

fn keyword(c: &mut Cursor<'_>, op: Op) -> Op {
    c.skip(1);
    op
}

fn near(c: &Cursor<'_>, off: i32) -> Parsed<i16> {
    i16::try_from(off).or_else(|_| c.fail(format!("a jump by {off} does not fit 16 bits")))
}

fn close<'t, T>(c: &mut Cursor<'t>, read: impl FnOnce(&mut Cursor<'t>) -> Parsed<T>) -> Parsed<T> {
    let value = read(c)?;
    c.need("]")?;
    Ok(value)
}

fn value_offset(c: &mut Cursor<'_>) -> Parsed<u32> {
    if c.take("+") {
        c.fitting("32 bits")
    } else {
        Ok(0)
    }
}

fn parse_register(word: &str) -> Option<(Width, u8)> {
    let w = match word.as_bytes().first()? {
        b'r' => Width::W64,
        b'w' => Width::W32,
        _ => return None,
    };
    let digits = word.get(1..)?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse::<u8>().ok().filter(|_| plain)?;
    Some((w, number))
}

fn is_register(word: &str) -> bool {
    parse_register(word).is_some()
}

pub(super) fn register(c: &mut Cursor<'_>) -> Parsed<(Width, u8)> {
    let Some(Kind::Word(word)) = c.peek() else {
        return c.expected("a register");
    };
    match parse_register(word) {
        Some((w, number)) if number <= 10 => {
            c.skip(1);
            Ok((w, number))
        }
        Some((_, number)) => c.fail(format!("there is no register r{number}")),
        None => c.expected("a register"),
    }
}

pub(super) fn wide_register(c: &mut Cursor<'_>) -> Parsed<u8> {
    same_width(c, Width::W64)
}

pub(super) fn same_width(c: &mut Cursor<'_>, w: Width) -> Parsed<u8> {
    if let Some(Kind::Word(word)) = c.peek()
        && let Some((found, _)) = parse_register(word)
        && found != w
    {
        return c.fail(format!("`{word}` is not {} bits wide", w.bits()));
    }
    register(c).map(|(_, number)| number)
}

fn operand(c: &mut Cursor<'_>, w: Width) -> Parsed<Src> {
    match c.peek() {
        Some(Kind::Word(_)) => same_width(c, w).map(Src::Reg),
        _ => c.imm32(w.is32()).map(Src::Imm),
    }
}

/// `r1 = 5` and `r1 = 5 ll`.
fn constant(c: &mut Cursor<'_>, w: Width, dst: u8) -> Parsed<Op> {
    let mut ahead = Cursor::clone_of(c);
    let (value, _) = ahead.number()?;
    if ahead.take_word("ll") {
        let wide = u64::try_from(value)
            .ok()
            .or(i64::try_from(value).ok().map(|v| v as u64));
        let Some(wide) = wide else {
            return c.fail(format!("{value} does not fit 64 bits"));
        };
        *c = ahead;
        return Ok(Op::LdImm64 {
            dst,
            src: ImmRef::Const(wide),
        });
    }
    let src = Src::Imm(c.imm32(w.is32())?);
    Ok(Op::Alu {
        w,
        op: AluOp::Mov,
        dst,
        src,
    })
}

fn byte_order(word: &str) -> Option<(Endness, u8)> {
    let kinds = [
        ("le", Endness::Le),
        ("be", Endness::Be),
        ("bswap", Endness::Swap),
    ];
    kinds
        .iter()
        .find_map(|(name, kind)| match word.strip_prefix(name)? {
            "16" => Some((*kind, 16)),
            "32" => Some((*kind, 32)),
            "64" => Some((*kind, 64)),
            _ => None,
        })
}

//! Helpers and kfuncs.
//!
//! What has a meaning within a run is *emulated*: maps, memory probes, strings,
//! packets, checksums, time, tasks, ring buffers, dynptrs, timers, loops. What
//! would need the rest of a kernel is *modelled* from its signature: outputs are
//! filled, the result lies in the declared range, and the call is listed as
//! modelled ([`Runtime::modelled`]). Both engines come through [`call`].

mod basics;
mod checksum;
pub mod dynptr;
mod format;
pub mod iter;
mod kfuncs;
mod loops;
mod maps;
mod model;
mod packet;
mod probe;
mod room;
mod socket;
mod stated;
mod text;
mod vlan;

use super::engine::{FaultKind, Invoke, Site, Stop};
use super::host;
use super::image::{Image, map_of_handle};
use super::maps::Body;
use super::runtime::{Called, Runtime};
use super::steer::Forced;
use crate::helpers_spec::{self, SpecVersion, helper};
use crate::programs::insn::Callee;
use crate::programs::program::{OPEN_CORE, POISON_CORE, POISON_KFUNC, POISON_MAP};

/// The series whose signatures serve for what is modelled: the newest knows all.
pub const SPEC: SpecVersion = SpecVersion::NEWEST;

/// A call in progress.
pub struct Cx<'a> {
    /// The run.
    pub rt: &'a mut Runtime,
    /// Its programs.
    pub image: &'a Image,
    /// The call instruction.
    pub site: Site,
    /// r1 to r5.
    pub args: [u64; 5],
    /// The way to callbacks.
    pub back: &'a mut dyn Invoke,
}

/// What a helper comes to; `None` means that the file does not know it.
pub type Answer = Result<Option<u64>, Stop>;

/// A result that is an error number or a count.
fn ret(value: i64) -> Answer {
    Ok(Some(value as u64))
}

impl Cx<'_> {
    /// The map whose handle an argument is.
    fn map(&self, arg: usize) -> Result<u32, Stop> {
        let handle = self.arg(arg);
        let map = map_of_handle(handle).filter(|m| (*m as usize) < self.rt.maps.len());
        map.ok_or_else(|| FaultKind::BadArgument("not a map").into())
    }

    /// An argument, counted from 1 as registers are.
    fn arg(&self, n: usize) -> u64 {
        self.args.get(n - 1).copied().unwrap_or(0)
    }

    /// The bytes an argument points at.
    fn bytes(&self, arg: usize, len: u64) -> Result<Vec<u8>, Stop> {
        self.copied(self.arg(arg), len)
    }

    /// A copy of the bytes at an address.
    fn copied(&self, addr: u64, len: u64) -> Result<Vec<u8>, Stop> {
        self.rt.spend(len)?;
        Ok(self.rt.mem.read(addr, len as usize)?)
    }

    /// Writes where an argument points.
    fn put(&mut self, arg: usize, bytes: &[u8]) -> Result<(), Stop> {
        self.rt.spend(bytes.len() as u64)?;
        Ok(self.rt.mem.write(self.arg(arg), bytes)?)
    }

    /// Writes `len` equal bytes where an argument points.
    fn fill(&mut self, arg: usize, len: u64, byte: u8) -> Result<(), Stop> {
        self.rt.spend(len)?;
        Ok(self.rt.mem.fill(self.arg(arg), len as usize, byte)?)
    }

    /// The key an argument points at.
    fn key(&self, map: u32, arg: usize) -> Result<Vec<u8>, Stop> {
        let size = self.rt.maps.get(map as usize).map_or(0, |m| m.def.key_size);
        self.bytes(arg, u64::from(size))
    }

    /// The value an argument points at.
    fn value(&self, map: u32, arg: usize) -> Result<Vec<u8>, Stop> {
        let size = self
            .rt
            .maps
            .get(map as usize)
            .map_or(0, |m| m.def.value_size);
        self.bytes(arg, u64::from(size))
    }

    /// A fair choice from the seed, unless it is stated.
    fn coin(&mut self) -> bool {
        if let Some(stated) = self.rt.luck {
            return stated;
        }
        self.rt.rng.draw() & 1 != 0
    }

    /// Calls back into the program.
    fn invoke(&mut self, function: u64, args: [u64; 5]) -> Result<u64, Stop> {
        self.back.invoke(self.rt, function, args)
    }
}

/// Helpers that run functions of the program before they return.
const CALL_BACK: [u32; 4] = [
    helper::FOR_EACH_MAP_ELEM,
    helper::FIND_VMA,
    helper::LOOP,
    helper::USER_RINGBUF_DRAIN,
];

/// Whether a callee may run functions of the program before it returns.
pub fn calls_back(callee: Callee) -> bool {
    match callee {
        Callee::Helper(id) => u32::try_from(id).is_ok_and(|id| CALL_BACK.contains(&id)),
        Callee::Local(_) => false,
        Callee::Kfunc { .. } => true,
    }
}

/// Makes a call that is neither a function of the program nor a tail call.
pub fn call(
    rt: &mut Runtime,
    image: &Image,
    site: Site,
    callee: Callee,
    args: [u64; 5],
    back: &mut dyn Invoke,
) -> Result<u64, Stop> {
    let mut cx = Cx {
        rt,
        image,
        site,
        args,
        back,
    };
    if callee == Callee::Helper(host::END) {
        return Err(image.end(site).into());
    }
    let stated = match callee {
        Callee::Helper(id) => u32::try_from(id).is_ok_and(|id| cx.rt.states(id, &cx.args)),
        _ => false,
    };
    let forced = cx.rt.forced(site).filter(|_| !stated);
    if forced == Some(Forced::Luck) {
        cx.rt.luck = Some(true);
    }
    let result = match (forced, callee) {
        (Some(Forced::Value(value)), _) => model::stated(&mut cx, callee, value),
        (_, Callee::Helper(id)) => helper(&mut cx, id),
        (_, Callee::Kfunc { imm, off }) => kfuncs::call(&mut cx, imm, off),
        (_, Callee::Local(_)) => Err(FaultKind::BadArgument("local call as helper").into()),
    };
    cx.rt.luck = None;
    // A stated result is what Linux would give, too: another runtime gives it in its way.
    let host = cx.rt.config.host.as_deref();
    match (result, host, callee) {
        (Ok(value), Some(profile), Callee::Helper(id)) => {
            let id = u32::try_from(id);
            Ok(id.map_or(value, |id| host::result(profile, id, value)))
        }
        (result, ..) => result,
    }
}

fn helper(cx: &mut Cx<'_>, id: i32) -> Result<u64, Stop> {
    if matches!(id, POISON_CORE | OPEN_CORE) || (POISON_MAP..POISON_MAP + 1_000_000).contains(&id) {
        return Err(FaultKind::Unresolved("relocation").into());
    }
    if (POISON_KFUNC..POISON_KFUNC + 1_000_000).contains(&id) {
        return Err(FaultKind::Unresolved("kfunc").into());
    }
    let number = u32::try_from(id).map_err(|_| FaultKind::UnknownHelper(id))?;
    cx.rt.count(Called::Helper(number));
    let emulated = [
        stated::helper,
        maps::helper,
        basics::helper,
        probe::helper,
        packet::helper,
        text::helper,
        checksum::helper,
        loops::helper,
        dynptr::helper,
        socket::helper,
    ];
    for file in emulated {
        if let Some(value) = file(cx, number)? {
            return Ok(value);
        }
    }
    let attach = cx.rt.attach_type;
    let proto = helpers_spec::helper_proto(number, cx.rt.prog_type, attach, SPEC);
    let proto = proto.ok_or(FaultKind::UnknownHelper(id))?;
    cx.rt.modelled.insert(Called::Helper(number));
    model::helper(cx, proto)
}

/// The program to go on in, if the tail call is taken.
pub fn tail_call(rt: &mut Runtime, args: [u64; 5]) -> Result<Option<u32>, Stop> {
    rt.count(Called::Helper(helper::TAIL_CALL));
    let [_, handle, index, ..] = args;
    let map = map_of_handle(handle).and_then(|m| rt.maps.get(m as usize));
    let Some(Body::ProgArray(programs)) = map.map(|m| &m.body) else {
        return Err(FaultKind::BadArgument("not a program array").into());
    };
    let program = programs.get(&(index as u32)).copied();
    if program.is_some() {
        if rt.tail_calls >= rt.most_tail_calls() {
            return Ok(None);
        }
        rt.tail_calls += 1;
    }
    Ok(program)
}

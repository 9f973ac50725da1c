//! Maps of the host.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use bpfassay::LoadMap;

use crate::errno::Errno;

/// `BPF_NOEXIST` and `BPF_EXIST`.
const NOEXIST: u64 = 1;
const EXIST: u64 = 2;

const HASH: u32 = 1;
const ARRAY: u32 = 2;
const MAX_KEY: u32 = 64;
const MAX_VALUE: u32 = 4096;
const MAX_BYTES: u64 = 1 << 20;

/// A map. Programs hold pointers to values while they run, so a value stays where it is
/// as long as the map is there, also when its entry is gone.
pub trait Map {
    /// What the verifier is told of it.
    fn shape(&self) -> LoadMap;

    /// The value of a key: as many cells as the shape says.
    fn lookup(&self, key: &[u8]) -> Option<&[Cell<u8>]>;

    /// Sets the value of a key.
    ///
    /// # Errors
    ///
    /// By `flags`, or if there is no room.
    fn update(&self, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno>;

    /// Takes a key out.
    ///
    /// # Errors
    ///
    /// If it isn't there, or can't be.
    fn delete(&self, key: &[u8]) -> Result<(), Errno>;
}

/// Makes a map of a shape that the host offers.
pub fn create(shape: LoadMap) -> Result<Box<dyn Map>, Errno> {
    let (key, value) = (shape.key_size, shape.value_size);
    let sound = (1..=MAX_KEY).contains(&key)
        && (1..=MAX_VALUE).contains(&value)
        && shape.max_entries > 0
        && shape.flags == 0;
    if !sound || (shape.map_type == ARRAY && key != 4) {
        return Err(Errno::EINVAL);
    }
    if u64::from(value) * u64::from(shape.max_entries) > MAX_BYTES {
        return Err(Errno::E2BIG);
    }
    let values = Values::new(shape);
    match shape.map_type {
        ARRAY => Ok(Box::new(Array(values))),
        HASH => {
            let free = (0..shape.max_entries as usize).rev().collect();
            Ok(Box::new(Hash {
                values,
                entries: RefCell::default(),
                free: RefCell::new(free),
            }))
        }
        _ => Err(Errno::EINVAL),
    }
}

/// The values of a map, all made with it.
struct Values {
    shape: LoadMap,
    cells: Box<[Cell<u8>]>,
}

impl Values {
    fn new(shape: LoadMap) -> Values {
        let len = shape.value_size as usize * shape.max_entries as usize;
        Values {
            shape,
            cells: vec![Cell::new(0); len].into(),
        }
    }

    fn get(&self, index: usize) -> Option<&[Cell<u8>]> {
        let size = self.shape.value_size as usize;
        let at = index.checked_mul(size)?;
        self.cells.get(at..at.checked_add(size)?)
    }

    fn set(&self, index: usize, value: &[u8]) {
        for (to, from) in self.get(index).unwrap_or(&[]).iter().zip(value) {
            to.set(*from);
        }
    }
}

struct Array(Values);

impl Array {
    fn index(&self, key: &[u8]) -> Option<usize> {
        let index = u32::from_ne_bytes(key.try_into().ok()?);
        (index < self.0.shape.max_entries).then_some(index as usize)
    }
}

impl Map for Array {
    fn shape(&self) -> LoadMap {
        self.0.shape
    }

    fn lookup(&self, key: &[u8]) -> Option<&[Cell<u8>]> {
        self.0.get(self.index(key)?)
    }

    fn update(&self, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        let index = self.index(key).ok_or(Errno::E2BIG)?;
        match flags {
            0 | EXIST => {
                self.0.set(index, value);
                Ok(())
            }
            NOEXIST => Err(Errno::EEXIST),
            _ => Err(Errno::EINVAL),
        }
    }

    fn delete(&self, _: &[u8]) -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }
}

struct Hash {
    values: Values,
    entries: RefCell<BTreeMap<Vec<u8>, usize>>,
    free: RefCell<Vec<usize>>,
}

impl Map for Hash {
    fn shape(&self) -> LoadMap {
        self.values.shape
    }

    fn lookup(&self, key: &[u8]) -> Option<&[Cell<u8>]> {
        let index = *self.entries.borrow().get(key)?;
        self.values.get(index)
    }

    fn update(&self, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        let mut entries = self.entries.borrow_mut();
        let index = match (entries.get(key), flags) {
            (_, 3..) => return Err(Errno::EINVAL),
            (Some(_), NOEXIST) => return Err(Errno::EEXIST),
            (None, EXIST) => return Err(Errno::ENOENT),
            (Some(index), _) => *index,
            (None, _) => {
                let index = self.free.borrow_mut().pop().ok_or(Errno::E2BIG)?;
                entries.insert(key.to_vec(), index);
                index
            }
        };
        self.values.set(index, value);
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), Errno> {
        let index = self.entries.borrow_mut().remove(key);
        self.free.borrow_mut().push(index.ok_or(Errno::ENOENT)?);
        Ok(())
    }
}

//! The packet of a run: a buffer with head- and tailroom of which a window is the
//! packet as the program may touch it. Helpers that move the window or change the
//! bytes keep the context's pointers in step.

use super::memory::{Kind, Memory, RegionId};

/// Room before an XDP frame.
pub const XDP_HEADROOM: usize = 256;
/// Room behind one, at least.
pub const XDP_TAILROOM: usize = 512;
/// How far a frame may reach in its buffer: a page, less what the kernel keeps at
/// its end.
pub const XDP_FRAME_END: usize = 4096 - 320;
/// What the kernel keeps at the beginning of the headroom.
pub const XDP_FRAME_HEAD: usize = 40;
/// The least length that XDP leaves of a frame.
pub const ETH_HLEN: usize = 14;
/// The longest metadata: their length is kept in a byte.
const MAX_META: i64 = 0xff;
/// More than any packet grows to.
const MAX_LEN: usize = 1 << 17;

/// The byte of the packet, as it came in, that is at an offset of its buffer: negative in the
/// room before it.
pub fn byte_at(offset: i64) -> i64 {
    offset.saturating_sub(XDP_HEADROOM as i64)
}

/// Those bytes in words.
pub fn bytes_at(offset: i64, size: u32) -> String {
    let first = byte_at(offset);
    match first.saturating_add(i64::from(size)).saturating_sub(1) {
        last if last > first => format!("bytes {first} to {last}"),
        _ => format!("byte {first}"),
    }
}

/// Where a context shows the packet: offsets of its fields, where it has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Start of the data.
    pub data: Option<u32>,
    /// End of the data.
    pub end: Option<u32>,
    /// Start of the metadata.
    pub meta: Option<u32>,
    /// Length, a 32-bit number.
    pub len: Option<u32>,
}

/// A packet.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Its buffer.
    pub region: RegionId,
    /// Where metadata, data and the end are in it.
    pub meta: usize,
    /// Start of the data.
    pub data: usize,
    /// End of the data.
    pub end: usize,
    /// The context and its fields.
    pub ctx: Option<(RegionId, Fields)>,
    /// The link header comes first, so that the network header follows it.
    pub has_link: bool,
    /// It was said to be wrapped in another.
    pub encapsulated: bool,
}

/// What comes of moving where the metadata start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// They start there.
    Done,
    /// That is outside the room for them.
    Outside,
    /// They would not be whole words, or longer than a byte tells.
    Unfit,
}

impl Packet {
    /// A packet of these bytes.
    pub fn new(mem: &mut Memory, bytes: &[u8], has_link: bool) -> Option<Packet> {
        let end = XDP_HEADROOM + bytes.len();
        let mut buffer = vec![0; (end + XDP_TAILROOM).max(XDP_FRAME_END)];
        buffer.get_mut(XDP_HEADROOM..end)?.copy_from_slice(bytes);
        let region = mem.alloc(Kind::Packet, buffer)?;
        let (meta, data) = (XDP_HEADROOM, XDP_HEADROOM);
        let packet = Packet {
            region,
            meta,
            data,
            end,
            ctx: None,
            has_link,
            encapsulated: false,
        };
        packet.sync(mem);
        Some(packet)
    }

    /// The bytes of the packet.
    pub fn bytes<'m>(&self, mem: &'m Memory) -> &'m [u8] {
        mem.bytes(self.region)
            .get(self.data..self.end)
            .unwrap_or(&[])
    }

    /// Its length.
    pub fn len(&self) -> usize {
        self.end - self.data
    }

    /// It has no bytes.
    pub fn is_empty(&self) -> bool {
        self.end == self.data
    }

    /// Offset of the network header in the data.
    pub fn network_offset(&self) -> usize {
        if self.has_link {
            ETH_HLEN.min(self.len())
        } else {
            0
        }
    }

    /// Brings window and context in step with the positions.
    pub fn sync(&self, mem: &mut Memory) {
        mem.set_window(self.region, self.meta, self.end);
        if let Some((ctx, fields)) = self.ctx {
            let base = mem.base(self.region);
            let at = [
                (fields.meta, base + self.meta as u64),
                (fields.data, base + self.data as u64),
                (fields.end, base + self.end as u64),
            ];
            for (field, value) in at {
                if let Some(off) = field {
                    mem.set_overlay(ctx, off, value);
                }
            }
            if let Some(off) = fields.len {
                let len = (self.len() as u32).to_le_bytes();
                if let Some(bytes) = mem.bytes_mut(ctx).get_mut(off as usize..off as usize + 4) {
                    bytes.copy_from_slice(&len);
                }
            }
        }
    }

    /// Moves the start of the data; metadata before it is lost or moves along.
    pub fn adjust_head(&mut self, mem: &mut Memory, delta: i64) -> bool {
        let meta_len = self.data - self.meta;
        let Some(data) = (self.data as i64).checked_add(delta) else {
            return false;
        };
        if data < (XDP_FRAME_HEAD + meta_len) as i64 || data > self.end as i64 - ETH_HLEN as i64 {
            return false;
        }
        let from = self.meta;
        self.data = data as usize;
        self.meta = self.data - meta_len;
        mem.bytes_mut(self.region)
            .copy_within(from..from + meta_len, self.meta);
        self.sync(mem);
        true
    }

    /// Moves the end of the data.
    pub fn adjust_tail(&mut self, mem: &mut Memory, delta: i64) -> bool {
        let Some(end) = (self.end as i64).checked_add(delta) else {
            return false;
        };
        let limit = XDP_FRAME_END.max(self.end) as i64;
        if end < self.data as i64 + ETH_HLEN as i64 || end > limit {
            return false;
        }
        let old = self.end;
        self.end = end as usize;
        if self.end > old {
            mem.bytes_mut(self.region)
                .get_mut(old..self.end)
                .unwrap_or(&mut [])
                .fill(0);
        }
        self.sync(mem);
        true
    }

    /// Moves the start of the metadata.
    pub fn adjust_meta(&mut self, mem: &mut Memory, delta: i64) -> Moved {
        let Some(meta) = (self.meta as i64).checked_add(delta) else {
            return Moved::Outside;
        };
        let len = self.data as i64 - meta;
        if meta < XDP_FRAME_HEAD as i64 || len < 0 {
            return Moved::Outside;
        }
        if len & 3 != 0 || len > MAX_META {
            return Moved::Unfit;
        }
        self.meta = meta as usize;
        self.sync(mem);
        Moved::Done
    }

    /// Replaces `remove` bytes at an offset by others; the packet moves to a new
    /// window of the same buffer, or the buffer grows.
    pub fn splice(&mut self, mem: &mut Memory, at: usize, remove: usize, insert: &[u8]) -> bool {
        let mut bytes = self.bytes(mem).to_vec();
        let Some(end) = at.checked_add(remove).filter(|end| *end <= bytes.len()) else {
            return false;
        };
        if (bytes.len() - remove).saturating_add(insert.len()) > MAX_LEN {
            return false;
        }
        bytes.splice(at..end, insert.iter().copied());
        self.set(mem, &bytes);
        true
    }

    /// Gives the packet other bytes.
    pub fn set(&mut self, mem: &mut Memory, bytes: &[u8]) {
        let end = XDP_HEADROOM + bytes.len();
        let mut buffer = vec![0; (end + XDP_TAILROOM).max(XDP_FRAME_END)];
        buffer
            .get_mut(XDP_HEADROOM..end)
            .unwrap_or(&mut [])
            .copy_from_slice(bytes);
        mem.replace(self.region, buffer);
        (self.meta, self.data, self.end) = (XDP_HEADROOM, XDP_HEADROOM, end);
        self.sync(mem);
    }

    /// Copies bytes out of the packet.
    pub fn load(&self, mem: &Memory, at: u64, len: u64) -> Option<Vec<u8>> {
        let at = usize::try_from(at).ok()?;
        let end = at.checked_add(usize::try_from(len).ok()?)?;
        self.bytes(mem).get(at..end).map(<[u8]>::to_vec)
    }

    /// Copies bytes into the packet.
    pub fn store(&self, mem: &mut Memory, at: u64, bytes: &[u8]) -> bool {
        let Some(from) = usize::try_from(at)
            .ok()
            .and_then(|at| at.checked_add(self.data))
        else {
            return false;
        };
        let Some(to) = from.checked_add(bytes.len()).filter(|to| *to <= self.end) else {
            return false;
        };
        match mem.bytes_mut(self.region).get_mut(from..to) {
            Some(place) => {
                place.copy_from_slice(bytes);
                true
            }
            None => false,
        }
    }
}

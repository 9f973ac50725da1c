//! Maps: operations by user space with their error numbers, and by programs
//! through both engines.

use std::sync::Arc;

use super::{image, run_with};
use crate::helpers_spec::MapType;
use crate::object::MapDef;
use crate::smoke::image::{Def, Image};
use crate::smoke::maps::errno::{E2BIG, EBUSY, EEXIST, EINVAL, ENOENT, ENOSPC, EOPNOTSUPP, EPERM};
use crate::smoke::maps::{ANY, EXIST, F_LOCK, NOEXIST};
use crate::smoke::runtime::{Config, Runtime};

fn with(map_type: MapType, key: u32, value: u32, max: u32) -> Runtime {
    let def = MapDef {
        name: "m".into(),
        map_type: map_type.id(),
        key_size: key,
        value_size: value,
        max_entries: max,
        ..MapDef::default()
    };
    let image = Image {
        programs: Vec::new(),
        maps: vec![Def::Own(Arc::new(def))],
        table_of: vec![None],
        ..Image::default()
    };
    Runtime::new(&image, Config::default()).unwrap()
}

fn k(n: u32) -> [u8; 4] {
    n.to_le_bytes()
}

#[test]
fn arrays_have_all_their_elements() {
    let mut rt = with(MapType::Array, 4, 8, 3);
    assert_eq!(rt.user_lookup(0, &k(2)), Ok(vec![0; 8]));
    assert_eq!(rt.user_lookup(0, &k(3)), Err(ENOENT));
    assert_eq!(rt.user_update(0, &k(2), &[7; 8], ANY), 0);
    assert_eq!(rt.user_update(0, &k(2), &[7; 8], EXIST), 0);
    assert_eq!(rt.user_update(0, &k(2), &[7; 8], NOEXIST), EEXIST);
    assert_eq!(rt.user_update(0, &k(3), &[7; 8], ANY), E2BIG);
    assert_eq!(rt.user_update(0, &k(1), &[7; 8], 3), EINVAL);
    assert_eq!(rt.user_update(0, &k(1), &[7; 8], F_LOCK), EINVAL);
    assert_eq!(rt.user_delete(0, &k(2)), EINVAL);
    assert_eq!(rt.user_lookup_and_delete(0, &k(2)), Err(EOPNOTSUPP));
    assert_eq!(rt.user_next_key(0, None), Ok(k(0).to_vec()));
    assert_eq!(rt.user_next_key(0, Some(&k(1))), Ok(k(2).to_vec()));
    assert_eq!(rt.user_next_key(0, Some(&k(2))), Err(ENOENT));
    assert_eq!(rt.user_next_key(0, Some(&k(9))), Ok(k(0).to_vec()));
    let (pairs, next) = rt.user_batch(0, None, 2, false).unwrap();
    assert_eq!((pairs.len(), next), (2, Some(k(1).to_vec())));
    assert_eq!(rt.user_freeze(0), 0);
    assert_eq!(rt.user_freeze(0), EBUSY);
    assert_eq!(rt.user_update(0, &k(0), &[1; 8], ANY), EPERM);
}

#[test]
fn elements_of_an_array_have_bounds_of_their_own() {
    let rt = with(MapType::Array, 4, 8, 3);
    let at = rt.maps[0].first_value(&rt.mem).unwrap();
    assert!(rt.mem.load(at, 8).is_ok());
    assert!(rt.mem.load(at + 1, 8).is_err());
    assert!(rt.mem.load(at + 8, 1).is_err());
    assert!(rt.mem.load(at - 1, 1).is_err());
}

#[test]
fn hashes_take_flags_and_fill_up() {
    let mut rt = with(MapType::Hash, 4, 8, 2);
    assert_eq!(rt.user_update(0, &k(1), &[1; 8], EXIST), ENOENT);
    assert_eq!(rt.user_update(0, &k(1), &[1; 8], NOEXIST), 0);
    assert_eq!(rt.user_update(0, &k(1), &[2; 8], NOEXIST), EEXIST);
    assert_eq!(rt.user_update(0, &k(1), &[2; 8], EXIST), 0);
    assert_eq!(rt.user_update(0, &k(2), &[3; 8], ANY), 0);
    assert_eq!(rt.user_update(0, &k(3), &[3; 8], ANY), E2BIG);
    assert_eq!(rt.user_lookup(0, &k(1)), Ok(vec![2; 8]));
    assert_eq!(rt.user_next_key(0, None), Ok(k(1).to_vec()));
    assert_eq!(rt.user_next_key(0, Some(&k(2))), Err(ENOENT));
    assert_eq!(rt.user_lookup_and_delete(0, &k(1)), Ok(vec![2; 8]));
    assert_eq!(rt.user_delete(0, &k(1)), ENOENT);
    assert_eq!(rt.user_lookup(0, &k(1)), Err(ENOENT));
    let (pairs, next) = rt.user_batch(0, None, 9, true).unwrap();
    assert_eq!((pairs.len(), next), (1, None));
    assert_eq!(rt.user_next_key(0, None), Err(ENOENT));
}

#[test]
fn deleted_elements_stay_readable_and_new_ones_are_clean() {
    let mut rt = with(MapType::Hash, 4, 8, 1);
    rt.user_update(0, &k(1), &[9; 8], ANY);
    let at = rt.map_lookup(0, &k(1), 0).unwrap();
    assert_eq!(rt.map_delete(0, &k(1)), 0);
    assert_eq!(rt.mem.load(at, 1), Ok(9));
    rt.user_update(0, &k(2), &[5; 8], ANY);
    assert_ne!(rt.map_lookup(0, &k(2), 0), Some(at), "a freed cell rests");
}

#[test]
fn lru_evicts_what_was_used_longest_ago() {
    let mut rt = with(MapType::LruHash, 4, 8, 2);
    rt.user_update(0, &k(1), &[1; 8], ANY);
    rt.user_update(0, &k(2), &[2; 8], ANY);
    rt.map_lookup(0, &k(1), 0);
    assert_eq!(rt.user_update(0, &k(3), &[3; 8], ANY), 0);
    assert_eq!(rt.user_lookup(0, &k(2)), Err(ENOENT));
    assert_eq!(rt.user_lookup(0, &k(1)), Ok(vec![1; 8]));
}

#[test]
fn per_cpu_values_are_apart() {
    for map_type in [
        MapType::PercpuArray,
        MapType::PercpuHash,
        MapType::LruPercpuHash,
    ] {
        let mut rt = with(map_type, 4, 4, 2);
        assert_eq!(rt.map_update(0, &k(1), &[1; 4], ANY, 0), 0);
        assert_eq!(rt.map_update(0, &k(1), &[2; 4], ANY, 2), 0);
        let all = rt.user_lookup(0, &k(1)).unwrap();
        assert_eq!(all.len(), 4 * 8, "{map_type}");
        assert_eq!((all[0], all[8], all[16]), (1, 0, 2), "{map_type}");
        let mut new = vec![0; 32];
        new[24] = 7;
        assert_eq!(rt.user_update(0, &k(1), &new, ANY), 0);
        let at = rt.map_lookup(0, &k(1), 3).unwrap();
        assert_eq!(rt.mem.load(at, 1), Ok(7), "{map_type}");
    }
}

#[test]
fn tries_find_the_longest_prefix() {
    let mut rt = with(MapType::LpmTrie, 8, 4, 3);
    let key = |len: u32, ip: [u8; 4]| [len.to_le_bytes(), ip].concat();
    assert_eq!(rt.user_update(0, &key(8, [10, 0, 0, 0]), &[1; 4], ANY), 0);
    assert_eq!(rt.user_update(0, &key(24, [10, 1, 2, 99]), &[2; 4], ANY), 0);
    assert_eq!(
        rt.user_update(0, &key(33, [10, 1, 2, 0]), &[2; 4], ANY),
        EINVAL
    );
    assert_eq!(
        rt.user_update(0, &key(24, [10, 1, 2, 0]), &[2; 4], NOEXIST),
        EEXIST
    );
    assert_eq!(rt.user_update(0, &key(0, [0; 4]), &[3; 4], ANY), 0);
    assert_eq!(rt.user_update(0, &key(32, [1; 4]), &[4; 4], ANY), ENOSPC);
    assert_eq!(rt.user_lookup(0, &key(32, [10, 1, 2, 3])), Ok(vec![2; 4]));
    assert_eq!(rt.user_lookup(0, &key(32, [10, 9, 2, 3])), Ok(vec![1; 4]));
    assert_eq!(rt.user_lookup(0, &key(16, [10, 1, 2, 3])), Ok(vec![1; 4]));
    assert_eq!(rt.user_lookup(0, &key(32, [11, 1, 2, 3])), Ok(vec![3; 4]));
    assert_eq!(rt.user_delete(0, &key(23, [10, 1, 2, 0])), ENOENT);
    assert_eq!(rt.user_delete(0, &key(24, [10, 1, 2, 0])), 0);
    assert_eq!(rt.user_lookup(0, &key(32, [10, 1, 2, 3])), Ok(vec![1; 4]));
}

#[test]
fn queues_and_stacks_differ_in_order() {
    for (map_type, first) in [(MapType::Queue, 1), (MapType::Stack, 2)] {
        let mut rt = with(map_type, 0, 4, 2);
        assert_eq!(rt.map_pop(0, true), Err(ENOENT));
        assert_eq!(rt.map_push(0, &[1; 4], ANY), 0);
        assert_eq!(rt.map_push(0, &[2; 4], NOEXIST), EINVAL);
        assert_eq!(rt.map_push(0, &[2; 4], ANY), 0);
        assert_eq!(rt.map_push(0, &[3; 4], ANY), E2BIG);
        assert_eq!(rt.map_pop(0, false), Ok(vec![first; 4]));
        assert_eq!(rt.user_lookup_and_delete(0, &[]), Ok(vec![first; 4]));
        assert_eq!(rt.map_push(0, &[4; 4], EXIST), 0);
        assert_eq!(rt.map_push(0, &[5; 4], EXIST), 0);
        assert_eq!(rt.user_next_key(0, None), Err(EINVAL));
        assert_eq!(rt.map_delete(0, &[]), EINVAL);
        assert_eq!(rt.map_push(0, &[6; 4], ANY), E2BIG);
    }
}

#[test]
fn bloom_filters_have_no_false_negatives() {
    let mut rt = with(MapType::BloomFilter, 0, 4, 100);
    for i in 0..100 {
        assert_eq!(rt.map_push(0, &k(i), ANY), 0);
    }
    assert_eq!(rt.map_push(0, &k(1), EXIST), EINVAL);
    assert!((0..100).all(|i| rt.map_may_hold(0, &k(i)) == Some(0)));
    let wrong = (1000..2000)
        .filter(|i| rt.map_may_hold(0, &k(*i)) == Some(0))
        .count();
    assert!(wrong < 150, "{wrong} of 1000");
    assert_eq!(rt.user_next_key(0, None), Err(EOPNOTSUPP));
    assert_eq!(rt.map_pop(0, true), Err(EOPNOTSUPP));
}

#[test]
fn ring_buffers_reserve_submit_and_fill_up() {
    let mut rt = with(MapType::Ringbuf, 0, 0, 64);
    let a = rt.ring_reserve(0, 16, 0).unwrap();
    assert_eq!(rt.ring_reserve(0, 48, 0), Ok(0), "no room");
    assert_eq!(rt.ring_reserve(0, 8, 4), Ok(0), "unknown flag");
    rt.mem.store(a, 8, 42).unwrap();
    assert!(rt.mem.store(a + 16, 1, 0).is_err());
    assert_eq!(rt.ring_query(0, 0), Ok(24));
    rt.ring_finish(a, true).unwrap();
    assert!(rt.mem.load(a, 8).is_err(), "submitted records are gone");
    assert!(rt.ring_finish(a, true).is_err());
    assert_eq!(rt.output.ringbuf.len(), 1);
    assert_eq!(rt.ring_output(0, vec![1; 8], 0), Ok(0));
    assert_eq!(rt.ring_output(0, vec![1; 80], 0), Ok(E2BIG));
    assert_eq!(rt.ring_output(0, vec![1; 8], 4), Ok(EINVAL));
    assert_eq!((rt.ring_query(0, 1), rt.ring_query(0, 3)), (Ok(64), Ok(40)));
}

#[test]
fn storages_belong_to_their_owner() {
    for map_type in [
        MapType::SkStorage,
        MapType::InodeStorage,
        MapType::TaskStorage,
        MapType::CgrpStorage,
    ] {
        let mut rt = with(map_type, 4, 8, 0);
        assert_eq!(rt.storage(0, 77, None, false), None);
        let at = rt.storage(0, 77, Some(&[3; 8]), true).unwrap();
        assert_eq!(rt.mem.load(at, 1), Ok(3));
        assert_eq!(rt.storage(0, 77, None, false), Some(at));
        assert_ne!(rt.storage(0, 78, None, true), Some(at));
        assert_eq!(rt.user_lookup(0, &77u64.to_le_bytes()), Ok(vec![3; 8]));
        assert_eq!(rt.storage_delete(0, 77), 0);
        assert_eq!(rt.storage_delete(0, 77), ENOENT);
    }
}

#[test]
fn every_map_type_is_created_and_takes_user_operations() {
    for map_type in MapType::ALL
        .iter()
        .copied()
        .filter(|t| *t != MapType::Unspec)
    {
        let mut rt = with(map_type, 8, 8, 4);
        let key = [1, 0, 0, 0, 0, 0, 0, 0];
        // Nothing panics, and what was not stored is not found.
        rt.user_update(0, &key, &[1; 8], ANY);
        let _ = (rt.user_lookup(0, &key), rt.user_next_key(0, None));
        rt.user_delete(0, &key);
        let fifo = matches!(map_type, MapType::Queue | MapType::Stack);
        assert_eq!(
            rt.user_lookup_and_delete(0, &key).is_ok(),
            fifo,
            "{map_type}"
        );
        let _ = (
            rt.user_batch(0, None, 4, false),
            rt.user_batch(0, None, 4, true),
        );
    }
}

/// Programs that use a map and return what they found.
const PROGRAMS: &[(&str, &str, u64)] = &[
    (
        "lookup, change in place, update, delete",
        ".map m hash 4 8 4
         *(u32 *)(r10 - 4) = 7; *(u64 *)(r10 - 16) = 40
         r1 = map[m] ll; r2 = r10; r2 += -4; r3 = r10; r3 += -16; r4 = 0
         call bpf_map_update_elem
         r1 = map[m] ll; r2 = r10; r2 += -4
         call bpf_map_lookup_elem
         if r0 == 0 goto miss
         r6 = r0; r1 = 2; lock *(u64 *)(r6 + 0) += r1
         r7 = *(u64 *)(r6 + 0)
         r1 = map[m] ll; r2 = r10; r2 += -4
         call bpf_map_delete_elem
         r7 += r0
         r1 = map[m] ll; r2 = r10; r2 += -4
         call bpf_map_lookup_elem
         if r0 != 0 goto miss
         r0 = r7
         exit
         miss:
         r0 = 0
         exit",
        42,
    ),
    (
        "direct value address",
        ".map m array 4 16 1
         r1 = mapval[m]+8 ll
         *(u64 *)(r1 + 0) = 5
         r2 = mapval[m] ll
         r0 = *(u64 *)(r2 + 8)
         exit",
        5,
    ),
    (
        "queue",
        ".map q queue 0 8 4
         *(u64 *)(r10 - 8) = 11
         r1 = map[q] ll; r2 = r10; r2 += -8; r3 = 0
         call bpf_map_push_elem
         r1 = map[q] ll; r2 = r10; r2 += -16
         call bpf_map_peek_elem
         r6 = *(u64 *)(r10 - 16)
         r1 = map[q] ll; r2 = r10; r2 += -16
         call bpf_map_pop_elem
         r6 += r0
         r1 = map[q] ll; r2 = r10; r2 += -16
         call bpf_map_pop_elem
         r0 += r6
         exit",
        9,
    ),
    (
        "bloom filter",
        ".map b bloom_filter 0 8 64
         *(u64 *)(r10 - 8) = 11
         r1 = map[b] ll; r2 = r10; r2 += -8; r3 = 0
         call bpf_map_push_elem
         r1 = map[b] ll; r2 = r10; r2 += -8
         call bpf_map_peek_elem
         r6 = r0
         *(u64 *)(r10 - 8) = 12
         r1 = map[b] ll; r2 = r10; r2 += -8
         call bpf_map_peek_elem
         r0 += r6
         exit",
        (-2i64) as u64,
    ),
    (
        "ring buffer",
        ".map r ringbuf 0 0 4096
         r1 = map[r] ll; r2 = 8; r3 = 0
         call bpf_ringbuf_reserve
         if r0 == 0 goto out
         *(u64 *)(r0 + 0) = 9
         r1 = r0; r2 = 0
         call bpf_ringbuf_submit
         *(u64 *)(r10 - 8) = 3
         r1 = map[r] ll; r2 = r10; r2 += -8; r3 = 8; r4 = 0
         call bpf_ringbuf_output
         r1 = map[r] ll; r2 = 3
         call bpf_ringbuf_query
         out:
         exit",
        32,
    ),
    (
        "lookup on another CPU",
        ".map p percpu_array 4 8 1
         *(u32 *)(r10 - 4) = 0
         r1 = map[p] ll; r2 = r10; r2 += -4
         call bpf_map_lookup_elem
         *(u64 *)(r0 + 0) = 6
         r1 = map[p] ll; r2 = r10; r2 += -4; r3 = 1
         call bpf_map_lookup_percpu_elem
         r6 = *(u64 *)(r0 + 0)
         r1 = map[p] ll; r2 = r10; r2 += -4; r3 = 0
         call bpf_map_lookup_percpu_elem
         r0 = *(u64 *)(r0 + 0)
         r0 += r6
         exit",
        6,
    ),
    (
        "redirection without a target",
        ".map d devmap 4 4 4
         r1 = map[d] ll; r2 = 1; r3 = 2
         call bpf_redirect_map
         exit",
        2,
    ),
    (
        "a full program array entry is missing",
        ".map t prog_array 4 4 4
         r1 = 0; r2 = map[t] ll; r3 = 0
         call bpf_tail_call
         exit",
        (-2i64) as u64,
    ),
    (
        "for each element",
        ".map m hash 4 8 4
         *(u32 *)(r10 - 4) = 7; *(u64 *)(r10 - 16) = 40
         r1 = map[m] ll; r2 = r10; r2 += -4; r3 = r10; r3 += -16; r4 = 0
         call bpf_map_update_elem
         *(u32 *)(r10 - 4) = 8; *(u64 *)(r10 - 16) = 2
         r1 = map[m] ll; r2 = r10; r2 += -4; r3 = r10; r3 += -16; r4 = 0
         call bpf_map_update_elem
         *(u64 *)(r10 - 24) = 0
         r1 = map[m] ll; r2 = func[each] ll; r3 = r10; r3 += -24; r4 = 0
         call bpf_for_each_map_elem
         r1 = *(u64 *)(r10 - 24)
         r0 += r1
         exit
         func each:
         r3 = *(u64 *)(r3 + 0)
         r5 = *(u64 *)(r4 + 0)
         r5 += r3
         *(u64 *)(r4 + 0) = r5
         r0 = 0
         exit",
        44,
    ),
];

#[test]
fn programs_use_maps_alike_in_both_engines() {
    for (what, text, expected) in PROGRAMS {
        let image = image(&text.replace(';', "\n"));
        let (result, _) = run_with(&image, &Config::default(), |_| 0);
        assert_eq!(result.map(|o| o.ret), Ok(*expected), "{what}");
    }
}

/// A prefix of `bits` matches what agrees in them and nothing else.
#[test]
fn prefixes_end_within_bytes() {
    let key = |bits: u32, data: [u8; 4]| [bits.to_le_bytes(), data].concat();
    for odd in 1..=8 {
        let mut rt = with(MapType::LpmTrie, 8, 8, 4);
        let bits = 16 + odd;
        assert_eq!(
            rt.user_update(0, &key(bits, [10, 1, 0xaa, 0]), &[1; 8], ANY),
            0
        );
        let beyond = if odd == 8 { 0 } else { 0xff >> odd };
        let found = rt.user_lookup(0, &key(32, [10, 1, 0xaa ^ beyond, 7]));
        assert_eq!(found, Ok(vec![1; 8]), "{odd}");
        let last = 0x80 >> (odd - 1);
        let found = rt.user_lookup(0, &key(32, [10, 1, 0xaa ^ last, 7]));
        assert_eq!(found, Err(ENOENT), "{odd}");
    }
}

#[test]
fn keys_come_one_after_another_without_a_list() {
    let rt = with(MapType::Array, 4, 8, u32::MAX);
    let m = rt.maps.first().unwrap();
    assert_eq!(m.key_after(None), Some(k(0).to_vec()));
    let last = k(u32::MAX - 1);
    assert_eq!(m.key_after(Some(&k(7))), Some(k(8).to_vec()));
    assert_eq!(m.key_after(Some(&last)), None);
    let mut rt = with(MapType::Hash, 4, 8, 10);
    for n in [3u32, 1, 2] {
        assert_eq!(rt.user_update(0, &k(n), &[0; 8], ANY), 0);
    }
    let keys = rt.maps.first().unwrap().written_keys(&rt.mem);
    assert_eq!(keys, [k(1).to_vec(), k(2).to_vec(), k(3).to_vec()]);
}

#[test]
fn a_value_of_gigabytes_costs_what_is_written_to_it() {
    let mut rt = with(MapType::Array, 4, 1 << 31, 2);
    let room = rt.mem.room();
    let at = rt.map_lookup(0, &k(1), 0).unwrap() + 0x4000_0ffe;
    // Across two pieces.
    rt.mem.store(at, 4, 0x1234_5678).unwrap();
    assert_eq!(rt.mem.load(at, 4), Ok(0x1234_5678));
    assert_eq!(rt.mem.load(at + 4, 8), Ok(0));
    assert!(rt.mem.load(at + (1 << 30), 8).is_err());
    assert_eq!(room - rt.mem.room(), 8192);
    assert_eq!(
        rt.maps.first().unwrap().written_keys(&rt.mem),
        [k(1).to_vec()]
    );
    // All of it is more than a run may copy.
    assert!(rt.user_lookup(0, &k(1)).is_err());
}

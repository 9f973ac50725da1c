//! Signatures of helpers, from `data/helpers.tsv`. Made by `cargo xtask tables`; edit the data instead.

use super::super::*;
use crate::helpers_spec::helpers::{HelperProto, HelperSlot};

const A0: ArgSpec = arg(ArgType::ConstMapPtr, 0, "map");
const A1: ArgSpec = arg(ArgType::MapKey, 0, "key");
const A2: ArgSpec = arg(ArgType::MapValue, 0, "value");
const A3: ArgSpec = arg(ArgType::Anything, 0, "flags");
const A4: ArgSpec = sized(ArgType::Mem, 12, 2, "dst");
const A5: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "size");
const A6: ArgSpec = arg(ArgType::Anything, 0, "unsafe_ptr");
const A7: ArgSpec = sized(ArgType::Mem, 0, 2, "fmt");
const A8: ArgSpec = arg(ArgType::ConstSize, 0, "fmt_size");
const A9: ArgSpec = sized(ArgType::Mem, 2, 2, "fmt");
const A10: ArgSpec = arg(ArgType::Ctx, 0, "skb");
const A11: ArgSpec = arg(ArgType::Anything, 0, "offset");
const A12: ArgSpec = sized(ArgType::Mem, 0, 4, "from");
const A13: ArgSpec = arg(ArgType::ConstSize, 0, "len");
const A14: ArgSpec = sized(ArgType::Mem, 2, 4, "from");
const A15: ArgSpec = arg(ArgType::Anything, 0, "from");
const A16: ArgSpec = arg(ArgType::Anything, 0, "to");
const A17: ArgSpec = arg(ArgType::Ctx, 0, "");
const A18: ArgSpec = arg(ArgType::ConstMapPtr, 0, "");
const A19: ArgSpec = arg(ArgType::Anything, 0, "");
const A20: ArgSpec = arg(ArgType::Anything, 0, "ifindex");
const A21: ArgSpec = sized(ArgType::Mem, 12, 2, "buf");
const A22: ArgSpec = arg(ArgType::ConstSize, 0, "size");
const A23: ArgSpec = arg(ArgType::Anything, 0, "vlan_proto");
const A24: ArgSpec = arg(ArgType::Anything, 0, "vlan_tci");
const A25: ArgSpec = sized(ArgType::Mem, 12, 3, "to");
const A26: ArgSpec = sized(ArgType::Mem, 0, 3, "from");
const A27: ArgSpec = sized(ArgType::Mem, 2, 3, "from");
const A28: ArgSpec = sized(ArgType::Mem, 0, 5, "meta");
const A29: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "meta_size");
const A30: ArgSpec = sized(ArgType::Mem, 2, 5, "meta");
const A31: ArgSpec = sized(ArgType::Mem, 12, 4, "to");
const A32: ArgSpec = arg(ArgType::Ctx, 0, "args");
const A33: ArgSpec = arg(ArgType::Ctx, 0, "ctx");
const A34: ArgSpec = sized(ArgType::Mem, 1, 2, "from");
const A35: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "from_size");
const A36: ArgSpec = sized(ArgType::Mem, 1, 4, "to");
const A37: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "to_size");
const A38: ArgSpec = arg(ArgType::Anything, 0, "seed");
const A39: ArgSpec = sized(ArgType::Mem, 3, 2, "from");
const A40: ArgSpec = sized(ArgType::Mem, 3, 4, "to");
const A41: ArgSpec = arg(ArgType::Anything, 0, "proto");
const A42: ArgSpec = arg(ArgType::Anything, 0, "pkt_type");
const A43: ArgSpec = arg(ArgType::Anything, 0, "idx");
const A44: ArgSpec = sized(ArgType::Mem, 0, 3, "src");
const A45: ArgSpec = sized(ArgType::Mem, 2, 3, "src");
const A46: ArgSpec = arg(ArgType::Anything, 0, "new_len");
const A47: ArgSpec = arg(ArgType::Anything, 0, "len");
const A48: ArgSpec = arg(ArgType::Anything, 0, "csum");
const A49: ArgSpec = arg(ArgType::Anything, 0, "head_room");
const A50: ArgSpec = arg(ArgType::Ctx, 0, "xdp");
const A51: ArgSpec = arg(ArgType::BtfIdSockCommon, 0, "sk");
const A52: ArgSpec = arg(ArgType::BtfIdSockCommon, 1, "sk");
const A53: ArgSpec = arg(ArgType::Anything, 0, "hash");
const A54: ArgSpec = arg(ArgType::Ctx, 0, "sk");
const A55: ArgSpec = arg(ArgType::Anything, 0, "level");
const A56: ArgSpec = arg(ArgType::Anything, 0, "optname");
const A57: ArgSpec = sized(ArgType::Mem, 0, 5, "optval");
const A58: ArgSpec = arg(ArgType::ConstSize, 0, "optlen");
const A59: ArgSpec = sized(ArgType::Mem, 2, 5, "optval");
const A60: ArgSpec = arg(ArgType::Ctx, 0, "bpf_sock");
const A61: ArgSpec = arg(ArgType::Anything, 0, "len_diff");
const A62: ArgSpec = arg(ArgType::Anything, 0, "mode");
const A63: ArgSpec = arg(ArgType::Anything, 0, "key");
const A64: ArgSpec = arg(ArgType::Ctx, 0, "sops");
const A65: ArgSpec = sized(ArgType::Mem, 12, 4, "buf");
const A66: ArgSpec = sized(ArgType::Mem, 12, 3, "buf");
const A67: ArgSpec = sized(ArgType::Mem, 12, 5, "optval");
const A68: ArgSpec = arg(ArgType::Ctx, 0, "regs");
const A69: ArgSpec = arg(ArgType::Anything, 0, "rc");
const A70: ArgSpec = arg(ArgType::Anything, 0, "argval");
const A71: ArgSpec = arg(ArgType::Ctx, 0, "msg");
const A72: ArgSpec = arg(ArgType::Anything, 0, "bytes");
const A73: ArgSpec = arg(ArgType::Anything, 0, "start");
const A74: ArgSpec = arg(ArgType::Anything, 0, "end");
const A75: ArgSpec = sized(ArgType::Mem, 0, 3, "addr");
const A76: ArgSpec = arg(ArgType::ConstSize, 0, "addr_len");
const A77: ArgSpec = sized(ArgType::Mem, 2, 3, "addr");
const A78: ArgSpec = arg(ArgType::Anything, 0, "index");
const A79: ArgSpec = sized(ArgType::Mem, 0, 3, "buf");
const A80: ArgSpec = arg(ArgType::Ctx, 0, "tp_buff");
const A81: ArgSpec = sized(ArgType::Mem, 2, 3, "buf");
const A82: ArgSpec = arg(ArgType::Anything, 0, "start_header");
const A83: ArgSpec = sized(ArgType::Mem, 0, 3, "params");
const A84: ArgSpec = arg(ArgType::ConstSize, 0, "plen");
const A85: ArgSpec = sized(ArgType::Mem, 8, 3, "params");
const A86: ArgSpec = arg(ArgType::Anything, 0, "type");
const A87: ArgSpec = sized(ArgType::Mem, 0, 4, "hdr");
const A88: ArgSpec = sized(ArgType::Mem, 2, 4, "hdr");
const A89: ArgSpec = arg(ArgType::Anything, 0, "action");
const A90: ArgSpec = sized(ArgType::Mem, 0, 4, "param");
const A91: ArgSpec = arg(ArgType::ConstSize, 0, "param_len");
const A92: ArgSpec = sized(ArgType::Mem, 2, 4, "param");
const A93: ArgSpec = arg(ArgType::Ctx, 0, "sample");
const A94: ArgSpec = arg(ArgType::Anything, 0, "protocol");
const A95: ArgSpec = arg(ArgType::Anything, 0, "scancode");
const A96: ArgSpec = arg(ArgType::Anything, 0, "toggle");
const A97: ArgSpec = arg(ArgType::Ctx, 0, "reuse_kern");
const A98: ArgSpec = arg(ArgType::Anything, 0, "ancestor_level");
const A99: ArgSpec = sized(ArgType::Mem, 0, 3, "tuple");
const A100: ArgSpec = arg(ArgType::Anything, 0, "netns_id");
const A101: ArgSpec = sized(ArgType::Mem, 2, 3, "tuple");
const A102: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "len");
const A103: ArgSpec = arg(ArgType::BtfIdSockCommon, 64, "sk");
const A104: ArgSpec = arg(ArgType::MapValue, 12, "value");
const A105: ArgSpec = arg(ArgType::Anything, 0, "rel_x");
const A106: ArgSpec = arg(ArgType::Anything, 0, "rel_y");
const A107: ArgSpec = arg(ArgType::SpinLock, 0, "lock");
const A108: ArgSpec = arg(ArgType::SockCommon, 0, "sk");
const A109: ArgSpec = sized(ArgType::Mem, 0, 3, "iph");
const A110: ArgSpec = arg(ArgType::ConstSize, 0, "iph_len");
const A111: ArgSpec = sized(ArgType::Mem, 0, 5, "th");
const A112: ArgSpec = arg(ArgType::ConstSize, 0, "th_len");
const A113: ArgSpec = sized(ArgType::Mem, 2, 3, "iph");
const A114: ArgSpec = sized(ArgType::Mem, 2, 5, "th");
const A115: ArgSpec = arg(ArgType::ConstSize, 0, "buf_len");
const A116: ArgSpec = sized(ArgType::Mem, 8, 3, "buf");
const A117: ArgSpec = sized(ArgType::Mem, 0, 2, "buf");
const A118: ArgSpec = fixed(ArgType::Mem, 60, 8, "res");
const A119: ArgSpec = sized(ArgType::Mem, 2, 2, "buf");
const A120: ArgSpec = arg(ArgType::MapValue, 1, "value");
const A121: ArgSpec = btf(ArgType::BtfId, 0, "sock_common", "sk");
const A122: ArgSpec = btf(ArgType::BtfId, 1, "sock_common", "sk");
const A123: ArgSpec = arg(ArgType::Anything, 0, "sig");
const A124: ArgSpec = btf(ArgType::BtfId, 0, "sk_buff", "skb");
const A125: ArgSpec = btf(ArgType::BtfId, 0, "tcp_sock", "tp");
const A126: ArgSpec = arg(ArgType::Anything, 0, "rcv_nxt");
const A127: ArgSpec = sized(ArgType::Mem, 1, 3, "buf");
const A128: ArgSpec = sized(ArgType::Mem, 9, 3, "buf");
const A129: ArgSpec = arg(ArgType::Anything, 0, "dev");
const A130: ArgSpec = arg(ArgType::Anything, 0, "ino");
const A131: ArgSpec = sized(ArgType::Mem, 12, 4, "nsdata");
const A132: ArgSpec = btf(ArgType::BtfId, 0, "xdp_buff", "xdp");
const A133: ArgSpec = arg(ArgType::Ctx, 1, "skb");
const A134: ArgSpec = arg(ArgType::Socket, 1, "sk");
const A135: ArgSpec = btf(ArgType::BtfId, 0, "seq_file", "m");
const A136: ArgSpec = sized(ArgType::Mem, 0, 3, "fmt");
const A137: ArgSpec = sized(ArgType::Mem, 1, 5, "data");
const A138: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "data_len");
const A139: ArgSpec = sized(ArgType::Mem, 2, 3, "fmt");
const A140: ArgSpec = sized(ArgType::Mem, 3, 5, "args");
const A141: ArgSpec = sized(ArgType::Mem, 0, 3, "data");
const A142: ArgSpec = sized(ArgType::Mem, 2, 3, "data");
const A143: ArgSpec = arg(ArgType::ConstAllocSizeOrZero, 0, "size");
const A144: ArgSpec = arg(ArgType::RingbufMem, 0, "sample");
const A145: ArgSpec = arg(ArgType::RingbufMem, 64, "sample");
const A146: ArgSpec = btf(ArgType::BtfId, 0, "task_struct", "task");
const A147: ArgSpec = sized(ArgType::Mem, 0, 3, "search_res");
const A148: ArgSpec = sized(ArgType::Mem, 8, 3, "search_res");
const A149: ArgSpec = btf(ArgType::BtfId, 0, "inode", "inode");
const A150: ArgSpec = btf(ArgType::BtfId, 1, "inode", "inode");
const A151: ArgSpec = btf(ArgType::BtfId, 0, "path", "path");
const A152: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "sz");
const A153: ArgSpec = arg(ArgType::Anything, 0, "user_ptr");
const A154: ArgSpec = sized(ArgType::Mem, 0, 2, "str");
const A155: ArgSpec = arg(ArgType::ConstSize, 0, "str_size");
const A156: ArgSpec = sized(ArgType::Mem, 0, 4, "ptr");
const A157: ArgSpec = arg(ArgType::ConstSize, 0, "btf_ptr_size");
const A158: ArgSpec = sized(ArgType::Mem, 2, 4, "ptr");
const A159: ArgSpec = sized(ArgType::Mem, 8, 2, "str");
const A160: ArgSpec = sized(ArgType::Mem, 0, 3, "ptr");
const A161: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "btf_ptr_size");
const A162: ArgSpec = sized(ArgType::Mem, 2, 3, "ptr");
const A163: ArgSpec = sized(ArgType::Mem, 1, 3, "params");
const A164: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "plen");
const A165: ArgSpec = sized(ArgType::Mem, 3, 3, "params");
const A166: ArgSpec = arg(ArgType::PercpuBtfId, 0, "ptr");
const A167: ArgSpec = arg(ArgType::Anything, 0, "cpu");
const A168: ArgSpec = arg(ArgType::PercpuBtfId, 0, "percpu_ptr");
const A169: ArgSpec = btf(ArgType::BtfId, 1, "task_struct", "task");
const A170: ArgSpec = btf(ArgType::BtfId, 0, "linux_binprm", "bprm");
const A171: ArgSpec = sized(ArgType::Mem, 12, 3, "dst");
const A172: ArgSpec = btf(ArgType::BtfId, 0, "file", "file");
const A173: ArgSpec = fixed(ArgType::Mem, 60, 4, "mtu_len");
const A174: ArgSpec = fixed(ArgType::Mem, 56, 4, "mtu_len");
const A175: ArgSpec = arg(ArgType::Func, 0, "callback_fn");
const A176: ArgSpec = arg(ArgType::Stack, 1, "callback_ctx");
const A177: ArgSpec = sized(ArgType::Mem, 1, 2, "str");
const A178: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "str_size");
const A179: ArgSpec = arg(ArgType::ConstStr, 0, "fmt");
const A180: ArgSpec = sized(ArgType::Mem, 9, 2, "str");
const A181: ArgSpec = arg(ArgType::Anything, 0, "cmd");
const A182: ArgSpec = sized(ArgType::Mem, 2, 3, "attr");
const A183: ArgSpec = arg(ArgType::ConstSize, 0, "attr_size");
const A184: ArgSpec = sized(ArgType::Mem, 2, 2, "name");
const A185: ArgSpec = arg(ArgType::ConstSize, 0, "name_sz");
const A186: ArgSpec = arg(ArgType::Anything, 0, "kind");
const A187: ArgSpec = arg(ArgType::Anything, 0, "fd");
const A188: ArgSpec = arg(ArgType::Timer, 0, "timer");
const A189: ArgSpec = arg(ArgType::Timer, 0, "async");
const A190: ArgSpec = arg(ArgType::Anything, 0, "nsecs");
const A191: ArgSpec = sized(ArgType::Mem, 3, 4, "args");
const A192: ArgSpec = sized(ArgType::Mem, 0, 2, "name");
const A193: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "name_sz");
const A194: ArgSpec = arg(ArgType::Anything, 0, "nr_loops");
const A195: ArgSpec = arg(ArgType::Scalar, 0, "nr_loops");
const A196: ArgSpec = sized(ArgType::Mem, 0, 2, "s1");
const A197: ArgSpec = arg(ArgType::ConstSize, 0, "s1_sz");
const A198: ArgSpec = arg(ArgType::ConstStr, 0, "s2");
const A199: ArgSpec = sized(ArgType::Mem, 2, 2, "s1");
const A200: ArgSpec = arg(ArgType::Anything, 0, "n");
const A201: ArgSpec = fixed(ArgType::Mem, 60, 8, "value");
const A202: ArgSpec = arg(ArgType::Anything, 0, "retval");
const A203: ArgSpec = sized(ArgType::Mem, 2, 4, "buf");
const A204: ArgSpec = btf(ArgType::BtfId, 0, "task_struct", "tsk");
const A205: ArgSpec = arg(ArgType::Anything, 0, "tstamp");
const A206: ArgSpec = arg(ArgType::Anything, 0, "tstamp_type");
const A207: ArgSpec = arg(ArgType::KptrXchgDest, 0, "dst");
const A208: ArgSpec = arg(ArgType::BtfId, 65, "ptr");
const A209: ArgSpec = sized(ArgType::Mem, 12, 2, "data");
const A210: ArgSpec = arg(ArgType::Dynptr, 8204, "ptr");
const A211: ArgSpec = arg(ArgType::Anything, 0, "size");
const A212: ArgSpec = arg(ArgType::Dynptr, 16396, "ptr");
const A213: ArgSpec = arg(ArgType::Dynptr, 16448, "ptr");
const A214: ArgSpec = arg(ArgType::Dynptr, 0, "src");
const A215: ArgSpec = arg(ArgType::Dynptr, 2, "src");
const A216: ArgSpec = arg(ArgType::Dynptr, 0, "dst");
const A217: ArgSpec = sized(ArgType::Mem, 2, 4, "src");
const A218: ArgSpec = arg(ArgType::Dynptr, 2, "dst");
const A219: ArgSpec = arg(ArgType::Dynptr, 0, "ptr");
const A220: ArgSpec = arg(ArgType::ConstAllocSizeOrZero, 0, "len");
const A221: ArgSpec = arg(ArgType::Dynptr, 2, "ptr");
const A222: ArgSpec = fixed(ArgType::Mem, 32, 20, "iph");
const A223: ArgSpec = sized(ArgType::Mem, 0, 3, "th");
const A224: ArgSpec = arg(ArgType::ConstSizeOrZero, 0, "th_len");
const A225: ArgSpec = fixed(ArgType::Mem, 34, 20, "iph");
const A226: ArgSpec = sized(ArgType::Mem, 2, 3, "th");
const A227: ArgSpec = fixed(ArgType::Mem, 32, 40, "iph");
const A228: ArgSpec = fixed(ArgType::Mem, 34, 40, "iph");
const A229: ArgSpec = fixed(ArgType::Mem, 32, 20, "th");
const A230: ArgSpec = fixed(ArgType::Mem, 34, 20, "th");
const A231: ArgSpec = btf(ArgType::BtfId, 1, "cgroup", "cgroup");

pub(in crate::helpers_spec) static PROTOS: [HelperProto; 322] = [
    proto(1, "bpf_map_lookup_elem", "p", 1, ret(RetType::MapValue, 1, None), [A0, A1, NONE, NONE, NONE]),
    proto(2, "bpf_map_update_elem", "p", 0, ret(RetType::Integer, 0, None), [A0, A1, A2, A3, NONE]),
    proto(3, "bpf_map_delete_elem", "p", 0, ret(RetType::Integer, 0, None), [A0, A1, NONE, NONE, NONE]),
    proto(4, "bpf_probe_read", "g", 0, ret(RetType::Integer, 0, None), [A4, A5, A6, NONE, NONE]),
    proto(5, "bpf_ktime_get_ns", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(6, "bpf_trace_printk", "g", 0, ret(RetType::Integer, 0, None), [A7, A8, NONE, NONE, NONE]),
    proto(6, "bpf_trace_printk", "g", 0, ret(RetType::Integer, 0, None), [A9, A8, NONE, NONE, NONE]),
    proto(7, "bpf_get_prandom_u32", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(8, "bpf_get_smp_processor_id", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(8, "bpf_get_smp_processor_id", "", 128, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(9, "bpf_skb_store_bytes", "", 256, ret(RetType::Integer, 0, None), [A10, A11, A12, A13, A3]),
    proto(9, "bpf_skb_store_bytes", "", 256, ret(RetType::Integer, 0, None), [A10, A11, A14, A13, A3]),
    proto(10, "bpf_l3_csum_replace", "", 256, ret(RetType::Integer, 0, None), [A10, A11, A15, A16, A3]),
    proto(11, "bpf_l4_csum_replace", "", 256, ret(RetType::Integer, 0, None), [A10, A11, A15, A16, A3]),
    proto(12, "bpf_tail_call", "", 0, ret(RetType::Void, 0, None), [A17, A18, A19, NONE, NONE]),
    proto(12, "bpf_tail_call", "", 256, ret(RetType::Void, 0, None), [A17, A18, A19, NONE, NONE]),
    proto(13, "bpf_clone_redirect", "", 256, ret(RetType::Integer, 0, None), [A10, A20, A3, NONE, NONE]),
    proto(14, "bpf_get_current_pid_tgid", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(15, "bpf_get_current_uid_gid", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(16, "bpf_get_current_comm", "", 0, ret(RetType::Integer, 0, None), [A21, A22, NONE, NONE, NONE]),
    proto(17, "bpf_get_cgroup_classid", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(17, "bpf_get_cgroup_classid", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(18, "bpf_skb_vlan_push", "", 256, ret(RetType::Integer, 0, None), [A10, A23, A24, NONE, NONE]),
    proto(19, "bpf_skb_vlan_pop", "", 256, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(20, "bpf_skb_get_tunnel_key", "", 0, ret(RetType::Integer, 0, None), [A10, A25, A22, A3, NONE]),
    proto(21, "bpf_skb_set_tunnel_key", "", 0, ret(RetType::Integer, 0, None), [A10, A26, A22, A3, NONE]),
    proto(21, "bpf_skb_set_tunnel_key", "", 0, ret(RetType::Integer, 0, None), [A10, A27, A22, A3, NONE]),
    proto(22, "bpf_perf_event_read", "g", 0, ret(RetType::Integer, 0, None), [A0, A3, NONE, NONE, NONE]),
    proto(23, "bpf_redirect", "", 0, ret(RetType::Integer, 0, None), [A20, A3, NONE, NONE, NONE]),
    proto(24, "bpf_get_route_realm", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(25, "bpf_perf_event_output", "g", 0, ret(RetType::Integer, 0, None), [A10, A0, A3, A28, A29]),
    proto(25, "bpf_perf_event_output", "g", 0, ret(RetType::Integer, 0, None), [A10, A0, A3, A30, A29]),
    proto(26, "bpf_skb_load_bytes", "", 0, ret(RetType::Integer, 0, None), [A10, A11, A31, A13, NONE]),
    proto(27, "bpf_get_stackid", "g", 0, ret(RetType::Integer, 0, None), [A32, A0, A3, NONE, NONE]),
    proto(27, "bpf_get_stackid", "", 0, ret(RetType::Integer, 0, None), [A33, A0, A3, NONE, NONE]),
    proto(28, "bpf_csum_diff", "p", 0, ret(RetType::Integer, 0, None), [A34, A35, A36, A37, A38]),
    proto(28, "bpf_csum_diff", "p", 0, ret(RetType::Integer, 0, None), [A39, A35, A40, A37, A38]),
    proto(29, "bpf_skb_get_tunnel_opt", "", 0, ret(RetType::Integer, 0, None), [A10, A25, A22, NONE, NONE]),
    proto(30, "bpf_skb_set_tunnel_opt", "", 0, ret(RetType::Integer, 0, None), [A10, A26, A22, NONE, NONE]),
    proto(30, "bpf_skb_set_tunnel_opt", "", 0, ret(RetType::Integer, 0, None), [A10, A27, A22, NONE, NONE]),
    proto(31, "bpf_skb_change_proto", "", 256, ret(RetType::Integer, 0, None), [A10, A41, A3, NONE, NONE]),
    proto(32, "bpf_skb_change_type", "", 0, ret(RetType::Integer, 0, None), [A10, A42, NONE, NONE, NONE]),
    proto(33, "bpf_skb_under_cgroup", "", 0, ret(RetType::Integer, 0, None), [A10, A0, A43, NONE, NONE]),
    proto(34, "bpf_get_hash_recalc", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(35, "bpf_get_current_task", "g", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(36, "bpf_probe_write_user", "g", 0, ret(RetType::Integer, 0, None), [A6, A44, A22, NONE, NONE]),
    proto(36, "bpf_probe_write_user", "g", 0, ret(RetType::Integer, 0, None), [A6, A45, A22, NONE, NONE]),
    proto(37, "bpf_current_task_under_cgroup", "", 0, ret(RetType::Integer, 0, None), [A0, A43, NONE, NONE, NONE]),
    proto(38, "bpf_skb_change_tail", "", 256, ret(RetType::Integer, 0, None), [A10, A46, A3, NONE, NONE]),
    proto(39, "bpf_skb_pull_data", "", 256, ret(RetType::Integer, 0, None), [A10, A47, NONE, NONE, NONE]),
    proto(40, "bpf_csum_update", "", 0, ret(RetType::Integer, 0, None), [A10, A48, NONE, NONE, NONE]),
    proto(41, "bpf_set_hash_invalid", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(42, "bpf_get_numa_node_id", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(43, "bpf_skb_change_head", "", 256, ret(RetType::Integer, 0, None), [A10, A49, A3, NONE, NONE]),
    proto(44, "bpf_xdp_adjust_head", "", 256, ret(RetType::Integer, 0, None), [A50, A11, NONE, NONE, NONE]),
    proto(45, "bpf_probe_read_str", "g", 128, ret(RetType::Integer, 0, None), [A4, A5, A6, NONE, NONE]),
    proto(46, "bpf_get_socket_cookie", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(46, "bpf_get_socket_cookie", "", 0, ret(RetType::Integer, 0, None), [A51, NONE, NONE, NONE, NONE]),
    proto(46, "bpf_get_socket_cookie", "", 0, ret(RetType::Integer, 0, None), [A52, NONE, NONE, NONE, NONE]),
    proto(47, "bpf_get_socket_uid", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(48, "bpf_set_hash", "", 0, ret(RetType::Integer, 0, None), [A10, A53, NONE, NONE, NONE]),
    proto(49, "bpf_setsockopt", "", 0, ret(RetType::Integer, 0, None), [A54, A55, A56, A57, A58]),
    proto(49, "bpf_setsockopt", "", 0, ret(RetType::Integer, 0, None), [A51, A55, A56, A59, A58]),
    proto(49, "bpf_setsockopt", "", 0, ret(RetType::Integer, 0, None), [A33, A55, A56, A59, A58]),
    proto(49, "bpf_setsockopt", "", 0, ret(RetType::Integer, 0, None), [A60, A55, A56, A59, A58]),
    proto(49, "bpf_setsockopt", "", 0, ret(RetType::Integer, 0, None), [A54, A55, A56, A59, A58]),
    proto(50, "bpf_skb_adjust_room", "", 256, ret(RetType::Integer, 0, None), [A10, A61, A62, A3, NONE]),
    proto(51, "bpf_redirect_map", "", 0, ret(RetType::Integer, 0, None), [A0, A63, A3, NONE, NONE]),
    proto(52, "bpf_sk_redirect_map", "", 0, ret(RetType::Integer, 0, None), [A10, A0, A63, A3, NONE]),
    proto(53, "bpf_sock_map_update", "p", 0, ret(RetType::Integer, 0, None), [A64, A0, A1, A3, NONE]),
    proto(54, "bpf_xdp_adjust_meta", "", 256, ret(RetType::Integer, 0, None), [A50, A11, NONE, NONE, NONE]),
    proto(55, "bpf_perf_event_read_value", "g", 0, ret(RetType::Integer, 0, None), [A0, A3, A65, A22, NONE]),
    proto(56, "bpf_perf_prog_read_value", "g", 0, ret(RetType::Integer, 0, None), [A33, A66, A22, NONE, NONE]),
    proto(57, "bpf_getsockopt", "", 0, ret(RetType::Integer, 0, None), [A33, A55, A56, A67, A58]),
    proto(57, "bpf_getsockopt", "", 0, ret(RetType::Integer, 0, None), [A51, A55, A56, A67, A58]),
    proto(57, "bpf_getsockopt", "", 0, ret(RetType::Integer, 0, None), [A60, A55, A56, A67, A58]),
    proto(57, "bpf_getsockopt", "", 0, ret(RetType::Integer, 0, None), [A54, A55, A56, A67, A58]),
    proto(58, "bpf_override_return", "g", 0, ret(RetType::Integer, 0, None), [A68, A69, NONE, NONE, NONE]),
    proto(59, "bpf_sock_ops_cb_flags_set", "", 0, ret(RetType::Integer, 0, None), [A60, A70, NONE, NONE, NONE]),
    proto(60, "bpf_msg_redirect_map", "", 0, ret(RetType::Integer, 0, None), [A71, A0, A63, A3, NONE]),
    proto(61, "bpf_msg_apply_bytes", "", 0, ret(RetType::Integer, 0, None), [A71, A72, NONE, NONE, NONE]),
    proto(62, "bpf_msg_cork_bytes", "", 0, ret(RetType::Integer, 0, None), [A71, A72, NONE, NONE, NONE]),
    proto(63, "bpf_msg_pull_data", "", 256, ret(RetType::Integer, 0, None), [A71, A73, A74, A3, NONE]),
    proto(64, "bpf_bind", "", 0, ret(RetType::Integer, 0, None), [A33, A75, A76, NONE, NONE]),
    proto(64, "bpf_bind", "", 0, ret(RetType::Integer, 0, None), [A33, A77, A76, NONE, NONE]),
    proto(65, "bpf_xdp_adjust_tail", "", 256, ret(RetType::Integer, 0, None), [A50, A11, NONE, NONE, NONE]),
    proto(66, "bpf_skb_get_xfrm_state", "", 0, ret(RetType::Integer, 0, None), [A10, A78, A31, A22, A3]),
    proto(67, "bpf_get_stack", "g", 128, ret(RetType::Integer, 0, None), [A32, A79, A5, A3, NONE]),
    proto(67, "bpf_get_stack", "g", 128, ret(RetType::Integer, 0, None), [A68, A66, A5, A3, NONE]),
    proto(67, "bpf_get_stack", "g", 128, ret(RetType::Integer, 0, None), [A80, A66, A5, A3, NONE]),
    proto(67, "bpf_get_stack", "g", 128, ret(RetType::Integer, 0, None), [A33, A66, A5, A3, NONE]),
    proto(67, "bpf_get_stack", "g", 128, ret(RetType::Integer, 0, None), [A32, A81, A5, A3, NONE]),
    proto(67, "bpf_get_stack", "g", 128, ret(RetType::Integer, 0, None), [A32, A66, A5, A3, NONE]),
    proto(67, "bpf_get_stack", "gs", 128, ret(RetType::Integer, 0, None), [A68, A66, A5, A3, NONE]),
    proto(68, "bpf_skb_load_bytes_relative", "", 0, ret(RetType::Integer, 0, None), [A10, A11, A31, A13, A82]),
    proto(69, "bpf_fib_lookup", "g", 0, ret(RetType::Integer, 0, None), [A10, A83, A84, A3, NONE]),
    proto(69, "bpf_fib_lookup", "g", 0, ret(RetType::Integer, 0, None), [A10, A85, A84, A3, NONE]),
    proto(70, "bpf_sock_hash_update", "p", 0, ret(RetType::Integer, 0, None), [A64, A0, A1, A3, NONE]),
    proto(71, "bpf_msg_redirect_hash", "", 0, ret(RetType::Integer, 0, None), [A71, A0, A1, A3, NONE]),
    proto(72, "bpf_sk_redirect_hash", "", 0, ret(RetType::Integer, 0, None), [A10, A0, A1, A3, NONE]),
    proto(73, "bpf_lwt_push_encap", "", 256, ret(RetType::Integer, 0, None), [A10, A86, A87, A13, NONE]),
    proto(73, "bpf_lwt_push_encap", "", 256, ret(RetType::Integer, 0, None), [A10, A86, A88, A13, NONE]),
    proto(74, "bpf_lwt_seg6_store_bytes", "", 256, ret(RetType::Integer, 0, None), [A10, A11, A12, A13, NONE]),
    proto(74, "bpf_lwt_seg6_store_bytes", "", 256, ret(RetType::Integer, 0, None), [A10, A11, A14, A13, NONE]),
    proto(75, "bpf_lwt_seg6_adjust_srh", "", 256, ret(RetType::Integer, 0, None), [A10, A11, A47, NONE, NONE]),
    proto(76, "bpf_lwt_seg6_action", "", 256, ret(RetType::Integer, 0, None), [A10, A89, A90, A91, NONE]),
    proto(76, "bpf_lwt_seg6_action", "", 256, ret(RetType::Integer, 0, None), [A10, A89, A92, A91, NONE]),
    proto(77, "bpf_rc_repeat", "g", 0, ret(RetType::Integer, 0, None), [A93, NONE, NONE, NONE, NONE]),
    proto(78, "bpf_rc_keydown", "g", 0, ret(RetType::Integer, 0, None), [A93, A94, A95, A96, NONE]),
    proto(79, "bpf_skb_cgroup_id", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(80, "bpf_get_current_cgroup_id", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(81, "bpf_get_local_storage", "", 0, ret(RetType::MapValue, 0, None), [A0, A3, NONE, NONE, NONE]),
    proto(82, "bpf_sk_select_reuseport", "", 0, ret(RetType::Integer, 0, None), [A97, A0, A1, A3, NONE]),
    proto(83, "bpf_skb_ancestor_cgroup_id", "", 0, ret(RetType::Integer, 0, None), [A10, A98, NONE, NONE, NONE]),
    proto(84, "bpf_sk_lookup_tcp", "p", 1, ret(RetType::Socket, 1, None), [A10, A99, A13, A100, A3]),
    proto(84, "bpf_sk_lookup_tcp", "", 1, ret(RetType::Socket, 1, None), [A33, A99, A13, A100, A3]),
    proto(84, "bpf_sk_lookup_tcp", "p", 1, ret(RetType::Socket, 1, None), [A10, A101, A13, A100, A3]),
    proto(84, "bpf_sk_lookup_tcp", "", 1, ret(RetType::Socket, 1, None), [A33, A101, A13, A100, A3]),
    proto(84, "bpf_sk_lookup_tcp", "p", 1, ret(RetType::Socket, 1, None), [A10, A101, A102, A100, A3]),
    proto(84, "bpf_sk_lookup_tcp", "", 1, ret(RetType::Socket, 1, None), [A33, A101, A102, A100, A3]),
    proto(85, "bpf_sk_lookup_udp", "p", 1, ret(RetType::Socket, 1, None), [A10, A99, A13, A100, A3]),
    proto(85, "bpf_sk_lookup_udp", "", 1, ret(RetType::Socket, 1, None), [A33, A99, A13, A100, A3]),
    proto(85, "bpf_sk_lookup_udp", "p", 1, ret(RetType::Socket, 1, None), [A10, A101, A13, A100, A3]),
    proto(85, "bpf_sk_lookup_udp", "", 1, ret(RetType::Socket, 1, None), [A33, A101, A13, A100, A3]),
    proto(85, "bpf_sk_lookup_udp", "p", 1, ret(RetType::Socket, 1, None), [A10, A101, A102, A100, A3]),
    proto(85, "bpf_sk_lookup_udp", "", 1, ret(RetType::Socket, 1, None), [A33, A101, A102, A100, A3]),
    proto(86, "bpf_sk_release", "", 2, ret(RetType::Integer, 0, None), [A51, NONE, NONE, NONE, NONE]),
    proto(86, "bpf_sk_release", "", 2, ret(RetType::Integer, 0, None), [A103, NONE, NONE, NONE, NONE]),
    proto(87, "bpf_map_push_elem", "p", 0, ret(RetType::Integer, 0, None), [A0, A2, A3, NONE, NONE]),
    proto(88, "bpf_map_pop_elem", "", 0, ret(RetType::Integer, 0, None), [A0, A104, NONE, NONE, NONE]),
    proto(89, "bpf_map_peek_elem", "", 0, ret(RetType::Integer, 0, None), [A0, A104, NONE, NONE, NONE]),
    proto(90, "bpf_msg_push_data", "", 256, ret(RetType::Integer, 0, None), [A71, A73, A47, A3, NONE]),
    proto(91, "bpf_msg_pop_data", "", 256, ret(RetType::Integer, 0, None), [A71, A73, A47, A3, NONE]),
    proto(92, "bpf_rc_pointer_rel", "g", 0, ret(RetType::Integer, 0, None), [A93, A105, A106, NONE, NONE]),
    proto(93, "bpf_spin_lock", "", 0, ret(RetType::Void, 0, None), [A107, NONE, NONE, NONE, NONE]),
    proto(94, "bpf_spin_unlock", "", 0, ret(RetType::Void, 0, None), [A107, NONE, NONE, NONE, NONE]),
    proto(95, "bpf_sk_fullsock", "", 4, ret(RetType::Socket, 1, None), [A108, NONE, NONE, NONE, NONE]),
    proto(96, "bpf_tcp_sock", "", 4, ret(RetType::TcpSock, 1, None), [A108, NONE, NONE, NONE, NONE]),
    proto(97, "bpf_skb_ecn_set_ce", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(98, "bpf_get_listener_sock", "", 0, ret(RetType::Socket, 1, None), [A108, NONE, NONE, NONE, NONE]),
    proto(99, "bpf_skc_lookup_tcp", "p", 1, ret(RetType::SockCommon, 1, None), [A10, A99, A13, A100, A3]),
    proto(99, "bpf_skc_lookup_tcp", "", 1, ret(RetType::SockCommon, 1, None), [A33, A99, A13, A100, A3]),
    proto(99, "bpf_skc_lookup_tcp", "p", 1, ret(RetType::SockCommon, 1, None), [A10, A101, A13, A100, A3]),
    proto(99, "bpf_skc_lookup_tcp", "", 1, ret(RetType::SockCommon, 1, None), [A33, A101, A13, A100, A3]),
    proto(99, "bpf_skc_lookup_tcp", "p", 1, ret(RetType::SockCommon, 1, None), [A10, A101, A102, A100, A3]),
    proto(99, "bpf_skc_lookup_tcp", "", 1, ret(RetType::SockCommon, 1, None), [A33, A101, A102, A100, A3]),
    proto(100, "bpf_tcp_check_syncookie", "gp", 0, ret(RetType::Integer, 0, None), [A51, A109, A110, A111, A112]),
    proto(100, "bpf_tcp_check_syncookie", "gp", 0, ret(RetType::Integer, 0, None), [A51, A113, A110, A114, A112]),
    proto(101, "bpf_sysctl_get_name", "", 0, ret(RetType::Integer, 0, None), [A33, A79, A115, A3, NONE]),
    proto(101, "bpf_sysctl_get_name", "", 0, ret(RetType::Integer, 0, None), [A33, A116, A115, A3, NONE]),
    proto(102, "bpf_sysctl_get_current_value", "", 0, ret(RetType::Integer, 0, None), [A33, A66, A115, NONE, NONE]),
    proto(103, "bpf_sysctl_get_new_value", "", 0, ret(RetType::Integer, 0, None), [A33, A66, A115, NONE, NONE]),
    proto(104, "bpf_sysctl_set_new_value", "", 0, ret(RetType::Integer, 0, None), [A33, A79, A115, NONE, NONE]),
    proto(104, "bpf_sysctl_set_new_value", "", 0, ret(RetType::Integer, 0, None), [A33, A81, A115, NONE, NONE]),
    proto(105, "bpf_strtol", "", 0, ret(RetType::Integer, 0, None), [A117, A115, A3, A118, NONE]),
    proto(105, "bpf_strtol", "", 0, ret(RetType::Integer, 0, None), [A119, A115, A3, A118, NONE]),
    proto(106, "bpf_strtoul", "", 0, ret(RetType::Integer, 0, None), [A117, A115, A3, A118, NONE]),
    proto(106, "bpf_strtoul", "", 0, ret(RetType::Integer, 0, None), [A119, A115, A3, A118, NONE]),
    proto(107, "bpf_sk_storage_get", "", 0, ret(RetType::MapValue, 1, None), [A0, A51, A120, A3, NONE]),
    proto(107, "bpf_sk_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A51, A120, A3, NONE]),
    proto(107, "bpf_sk_storage_get", "", 0, ret(RetType::MapValue, 1, None), [A0, A54, A120, A3, NONE]),
    proto(107, "bpf_sk_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A54, A120, A3, NONE]),
    proto(107, "bpf_sk_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A121, A120, A3, NONE]),
    proto(107, "bpf_sk_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A122, A120, A3, NONE]),
    proto(108, "bpf_sk_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A51, NONE, NONE, NONE]),
    proto(108, "bpf_sk_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A121, NONE, NONE, NONE]),
    proto(108, "bpf_sk_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A122, NONE, NONE, NONE]),
    proto(109, "bpf_send_signal", "", 0, ret(RetType::Integer, 0, None), [A123, NONE, NONE, NONE, NONE]),
    proto(110, "bpf_tcp_gen_syncookie", "gp", 0, ret(RetType::Integer, 0, None), [A51, A109, A110, A111, A112]),
    proto(110, "bpf_tcp_gen_syncookie", "gp", 0, ret(RetType::Integer, 0, None), [A51, A113, A110, A114, A112]),
    proto(111, "bpf_skb_output", "g", 0, ret(RetType::Integer, 0, None), [A124, A0, A3, A28, A29]),
    proto(111, "bpf_skb_output", "g", 0, ret(RetType::Integer, 0, None), [A124, A0, A3, A30, A29]),
    proto(112, "bpf_probe_read_user", "g", 0, ret(RetType::Integer, 0, None), [A4, A5, A6, NONE, NONE]),
    proto(113, "bpf_probe_read_kernel", "g", 0, ret(RetType::Integer, 0, None), [A4, A5, A6, NONE, NONE]),
    proto(114, "bpf_probe_read_user_str", "g", 128, ret(RetType::Integer, 0, None), [A4, A5, A6, NONE, NONE]),
    proto(115, "bpf_probe_read_kernel_str", "g", 128, ret(RetType::Integer, 0, None), [A4, A5, A6, NONE, NONE]),
    proto(116, "bpf_tcp_send_ack", "", 0, ret(RetType::Integer, 0, None), [A125, A126, NONE, NONE, NONE]),
    proto(117, "bpf_send_signal_thread", "", 0, ret(RetType::Integer, 0, None), [A123, NONE, NONE, NONE, NONE]),
    proto(118, "bpf_jiffies64", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(119, "bpf_read_branch_records", "g", 0, ret(RetType::Integer, 0, None), [A33, A127, A5, A3, NONE]),
    proto(119, "bpf_read_branch_records", "g", 0, ret(RetType::Integer, 0, None), [A33, A128, A5, A3, NONE]),
    proto(120, "bpf_get_ns_current_pid_tgid", "", 0, ret(RetType::Integer, 0, None), [A129, A130, A131, A22, NONE]),
    proto(121, "bpf_xdp_output", "g", 0, ret(RetType::Integer, 0, None), [A132, A0, A3, A28, A29]),
    proto(121, "bpf_xdp_output", "g", 0, ret(RetType::Integer, 0, None), [A132, A0, A3, A30, A29]),
    proto(122, "bpf_get_netns_cookie", "", 0, ret(RetType::Integer, 0, None), [A133, NONE, NONE, NONE, NONE]),
    proto(123, "bpf_get_current_ancestor_cgroup_id", "", 0, ret(RetType::Integer, 0, None), [A98, NONE, NONE, NONE, NONE]),
    proto(124, "bpf_sk_assign", "", 0, ret(RetType::Integer, 0, None), [A10, A51, A3, NONE, NONE]),
    proto(124, "bpf_sk_assign", "", 0, ret(RetType::Integer, 0, None), [A33, A134, A3, NONE, NONE]),
    proto(125, "bpf_ktime_get_boot_ns", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(126, "bpf_seq_printf", "g", 0, ret(RetType::Integer, 0, None), [A135, A136, A8, A137, A138]),
    proto(126, "bpf_seq_printf", "g", 0, ret(RetType::Integer, 0, None), [A135, A139, A8, A140, A138]),
    proto(127, "bpf_seq_write", "g", 0, ret(RetType::Integer, 0, None), [A135, A141, A102, NONE, NONE]),
    proto(127, "bpf_seq_write", "g", 0, ret(RetType::Integer, 0, None), [A135, A142, A102, NONE, NONE]),
    proto(128, "bpf_sk_cgroup_id", "", 0, ret(RetType::Integer, 0, None), [A51, NONE, NONE, NONE, NONE]),
    proto(129, "bpf_sk_ancestor_cgroup_id", "", 0, ret(RetType::Integer, 0, None), [A51, A98, NONE, NONE, NONE]),
    proto(130, "bpf_ringbuf_output", "", 0, ret(RetType::Integer, 0, None), [A0, A141, A5, A3, NONE]),
    proto(130, "bpf_ringbuf_output", "", 0, ret(RetType::Integer, 0, None), [A0, A142, A5, A3, NONE]),
    proto(131, "bpf_ringbuf_reserve", "", 1, ret(RetType::Mem, 129, None), [A0, A143, A3, NONE, NONE]),
    proto(132, "bpf_ringbuf_submit", "", 2, ret(RetType::Void, 0, None), [A144, A3, NONE, NONE, NONE]),
    proto(132, "bpf_ringbuf_submit", "", 2, ret(RetType::Void, 0, None), [A145, A3, NONE, NONE, NONE]),
    proto(133, "bpf_ringbuf_discard", "", 2, ret(RetType::Void, 0, None), [A144, A3, NONE, NONE, NONE]),
    proto(133, "bpf_ringbuf_discard", "", 2, ret(RetType::Void, 0, None), [A145, A3, NONE, NONE, NONE]),
    proto(134, "bpf_ringbuf_query", "", 0, ret(RetType::Integer, 0, None), [A0, A3, NONE, NONE, NONE]),
    proto(135, "bpf_csum_level", "", 0, ret(RetType::Integer, 0, None), [A10, A55, NONE, NONE, NONE]),
    proto(136, "bpf_skc_to_tcp6_sock", "", 4, ret(RetType::BtfId, 1, Some("tcp6_sock")), [A51, NONE, NONE, NONE, NONE]),
    proto(137, "bpf_skc_to_tcp_sock", "", 4, ret(RetType::BtfId, 1, Some("tcp_sock")), [A51, NONE, NONE, NONE, NONE]),
    proto(138, "bpf_skc_to_tcp_timewait_sock", "", 4, ret(RetType::BtfId, 1, Some("tcp_timewait_sock")), [A51, NONE, NONE, NONE, NONE]),
    proto(139, "bpf_skc_to_tcp_request_sock", "", 4, ret(RetType::BtfId, 1, Some("tcp_request_sock")), [A51, NONE, NONE, NONE, NONE]),
    proto(140, "bpf_skc_to_udp6_sock", "", 4, ret(RetType::BtfId, 1, Some("udp6_sock")), [A51, NONE, NONE, NONE, NONE]),
    proto(141, "bpf_get_task_stack", "", 0, ret(RetType::Integer, 0, None), [A146, A66, A5, A3, NONE]),
    proto(141, "bpf_get_task_stack", "", 128, ret(RetType::Integer, 0, None), [A146, A66, A5, A3, NONE]),
    proto(141, "bpf_get_task_stack", "s", 128, ret(RetType::Integer, 0, None), [A146, A66, A5, A3, NONE]),
    proto(142, "bpf_load_hdr_opt", "", 0, ret(RetType::Integer, 0, None), [A60, A147, A13, A3, NONE]),
    proto(142, "bpf_load_hdr_opt", "", 0, ret(RetType::Integer, 0, None), [A60, A148, A13, A3, NONE]),
    proto(143, "bpf_store_hdr_opt", "", 256, ret(RetType::Integer, 0, None), [A60, A26, A13, A3, NONE]),
    proto(143, "bpf_store_hdr_opt", "", 256, ret(RetType::Integer, 0, None), [A60, A27, A13, A3, NONE]),
    proto(144, "bpf_reserve_hdr_opt", "", 0, ret(RetType::Integer, 0, None), [A60, A47, A3, NONE, NONE]),
    proto(145, "bpf_inode_storage_get", "", 0, ret(RetType::MapValue, 1, None), [A0, A149, A120, A3, NONE]),
    proto(145, "bpf_inode_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A149, A120, A3, NONE]),
    proto(145, "bpf_inode_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A150, A120, A3, NONE]),
    proto(146, "bpf_inode_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A149, NONE, NONE, NONE]),
    proto(146, "bpf_inode_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A150, NONE, NONE, NONE]),
    proto(147, "bpf_d_path", "", 0, ret(RetType::Integer, 0, None), [A151, A79, A152, NONE, NONE]),
    proto(147, "bpf_d_path", "", 0, ret(RetType::Integer, 0, None), [A151, A116, A152, NONE, NONE]),
    proto(148, "bpf_copy_from_user", "", 0, ret(RetType::Integer, 0, None), [A4, A5, A153, NONE, NONE]),
    proto(148, "bpf_copy_from_user", "s", 0, ret(RetType::Integer, 0, None), [A4, A5, A153, NONE, NONE]),
    proto(149, "bpf_snprintf_btf", "", 0, ret(RetType::Integer, 0, None), [A154, A155, A156, A157, A3]),
    proto(149, "bpf_snprintf_btf", "", 0, ret(RetType::Integer, 0, None), [A154, A155, A158, A157, A3]),
    proto(149, "bpf_snprintf_btf", "", 0, ret(RetType::Integer, 0, None), [A159, A155, A158, A157, A3]),
    proto(150, "bpf_seq_printf_btf", "g", 0, ret(RetType::Integer, 0, None), [A135, A160, A161, A3, NONE]),
    proto(150, "bpf_seq_printf_btf", "g", 0, ret(RetType::Integer, 0, None), [A135, A162, A161, A3, NONE]),
    proto(151, "bpf_skb_cgroup_classid", "", 0, ret(RetType::Integer, 0, None), [A10, NONE, NONE, NONE, NONE]),
    proto(152, "bpf_redirect_neigh", "", 0, ret(RetType::Integer, 0, None), [A20, A163, A164, A3, NONE]),
    proto(152, "bpf_redirect_neigh", "", 0, ret(RetType::Integer, 0, None), [A20, A165, A164, A3, NONE]),
    proto(153, "bpf_per_cpu_ptr", "", 0, ret(RetType::MemOrBtfId, 1, None), [A166, A167, NONE, NONE, NONE]),
    proto(153, "bpf_per_cpu_ptr", "", 0, ret(RetType::MemOrBtfId, 3, None), [A166, A167, NONE, NONE, NONE]),
    proto(154, "bpf_this_cpu_ptr", "", 0, ret(RetType::MemOrBtfId, 0, None), [A168, NONE, NONE, NONE, NONE]),
    proto(154, "bpf_this_cpu_ptr", "", 0, ret(RetType::MemOrBtfId, 2, None), [A168, NONE, NONE, NONE, NONE]),
    proto(155, "bpf_redirect_peer", "", 0, ret(RetType::Integer, 0, None), [A20, A3, NONE, NONE, NONE]),
    proto(156, "bpf_task_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A146, A120, A3, NONE]),
    proto(156, "bpf_task_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A169, A120, A3, NONE]),
    proto(157, "bpf_task_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A146, NONE, NONE, NONE]),
    proto(157, "bpf_task_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A169, NONE, NONE, NONE]),
    proto(158, "bpf_get_current_task_btf", "g", 0, ret(RetType::BtfId, 0, Some("task_struct")), [NONE, NONE, NONE, NONE, NONE]),
    proto(158, "bpf_get_current_task_btf", "g", 0, ret(RetType::BtfId, 256, Some("task_struct")), [NONE, NONE, NONE, NONE, NONE]),
    proto(159, "bpf_bprm_opts_set", "", 0, ret(RetType::Integer, 0, None), [A170, A3, NONE, NONE, NONE]),
    proto(160, "bpf_ktime_get_coarse_ns", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(161, "bpf_ima_inode_hash", "", 0, ret(RetType::Integer, 0, None), [A149, A171, A22, NONE, NONE]),
    proto(161, "bpf_ima_inode_hash", "s", 0, ret(RetType::Integer, 0, None), [A149, A171, A22, NONE, NONE]),
    proto(162, "bpf_sock_from_file", "", 0, ret(RetType::BtfId, 1, Some("socket")), [A172, NONE, NONE, NONE, NONE]),
    proto(163, "bpf_check_mtu", "g", 0, ret(RetType::Integer, 0, None), [A10, A20, A173, A61, A3]),
    proto(163, "bpf_check_mtu", "g", 0, ret(RetType::Integer, 0, None), [A10, A20, A174, A61, A3]),
    proto(164, "bpf_for_each_map_elem", "", 16, ret(RetType::Integer, 0, None), [A0, A175, A176, A3, NONE]),
    proto(165, "bpf_snprintf", "g", 0, ret(RetType::Integer, 0, None), [A177, A178, A179, A140, A138]),
    proto(165, "bpf_snprintf", "g", 0, ret(RetType::Integer, 0, None), [A180, A178, A179, A140, A138]),
    proto(166, "bpf_sys_bpf", "", 0, ret(RetType::Integer, 0, None), [A181, A182, A183, NONE, NONE]),
    proto(166, "bpf_sys_bpf", "s", 0, ret(RetType::Integer, 0, None), [A181, A182, A183, NONE, NONE]),
    proto(167, "bpf_btf_find_by_name_kind", "", 0, ret(RetType::Integer, 0, None), [A184, A185, A186, A3, NONE]),
    proto(167, "bpf_btf_find_by_name_kind", "s", 0, ret(RetType::Integer, 0, None), [A184, A185, A186, A3, NONE]),
    proto(168, "bpf_sys_close", "", 0, ret(RetType::Integer, 0, None), [A187, NONE, NONE, NONE, NONE]),
    proto(168, "bpf_sys_close", "s", 0, ret(RetType::Integer, 0, None), [A187, NONE, NONE, NONE, NONE]),
    proto(169, "bpf_timer_init", "g", 0, ret(RetType::Integer, 0, None), [A188, A0, A3, NONE, NONE]),
    proto(170, "bpf_timer_set_callback", "g", 32, ret(RetType::Integer, 0, None), [A188, A175, NONE, NONE, NONE]),
    proto(171, "bpf_timer_start", "g", 0, ret(RetType::Integer, 0, None), [A189, A190, A3, NONE, NONE]),
    proto(172, "bpf_timer_cancel", "g", 0, ret(RetType::Integer, 0, None), [A189, NONE, NONE, NONE, NONE]),
    proto(173, "bpf_get_func_ip", "g", 0, ret(RetType::Integer, 0, None), [A33, NONE, NONE, NONE, NONE]),
    proto(173, "bpf_get_func_ip", "g", 0, ret(RetType::Integer, 0, None), [A68, NONE, NONE, NONE, NONE]),
    proto(173, "bpf_get_func_ip", "", 0, ret(RetType::Integer, 0, None), [A68, NONE, NONE, NONE, NONE]),
    proto(174, "bpf_get_attach_cookie", "", 0, ret(RetType::Integer, 0, None), [A33, NONE, NONE, NONE, NONE]),
    proto(175, "bpf_task_pt_regs", "g", 0, ret(RetType::BtfId, 0, Some("pt_regs")), [A146, NONE, NONE, NONE, NONE]),
    proto(176, "bpf_get_branch_snapshot", "g", 0, ret(RetType::Integer, 0, None), [A21, A5, NONE, NONE, NONE]),
    proto(177, "bpf_trace_vprintk", "g", 0, ret(RetType::Integer, 0, None), [A9, A8, A191, A138, NONE]),
    proto(178, "bpf_skc_to_unix_sock", "", 0, ret(RetType::BtfId, 1, Some("unix_sock")), [A51, NONE, NONE, NONE, NONE]),
    proto(179, "bpf_kallsyms_lookup_name", "", 0, ret(RetType::Integer, 0, None), [A192, A193, A3, A118, NONE]),
    proto(179, "bpf_kallsyms_lookup_name", "", 0, ret(RetType::Integer, 0, None), [A184, A193, A3, A118, NONE]),
    proto(180, "bpf_find_vma", "", 16, ret(RetType::Integer, 0, None), [A146, A73, A175, A176, A3]),
    proto(181, "bpf_loop", "", 16, ret(RetType::Integer, 0, None), [A194, A175, A176, A3, NONE]),
    proto(181, "bpf_loop", "", 16, ret(RetType::Integer, 0, None), [A195, A175, A176, A3, NONE]),
    proto(182, "bpf_strncmp", "", 0, ret(RetType::Integer, 0, None), [A196, A197, A198, NONE, NONE]),
    proto(182, "bpf_strncmp", "", 0, ret(RetType::Integer, 0, None), [A199, A197, A198, NONE, NONE]),
    proto(183, "bpf_get_func_arg", "", 0, ret(RetType::Integer, 0, None), [A33, A200, A201, NONE, NONE]),
    proto(184, "bpf_get_func_ret", "", 0, ret(RetType::Integer, 0, None), [A33, A201, NONE, NONE, NONE]),
    proto(185, "bpf_get_func_arg_cnt", "", 0, ret(RetType::Integer, 0, None), [A33, NONE, NONE, NONE, NONE]),
    proto(186, "bpf_get_retval", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(186, "bpf_get_retval", "", 128, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(187, "bpf_set_retval", "", 0, ret(RetType::Integer, 0, None), [A202, NONE, NONE, NONE, NONE]),
    proto(188, "bpf_xdp_get_buff_len", "", 0, ret(RetType::Integer, 0, None), [A132, NONE, NONE, NONE, NONE]),
    proto(188, "bpf_xdp_get_buff_len", "", 0, ret(RetType::Integer, 0, None), [A50, NONE, NONE, NONE, NONE]),
    proto(189, "bpf_xdp_load_bytes", "", 0, ret(RetType::Integer, 0, None), [A50, A11, A65, A13, NONE]),
    proto(190, "bpf_xdp_store_bytes", "", 0, ret(RetType::Integer, 0, None), [A50, A11, A203, A13, NONE]),
    proto(191, "bpf_copy_from_user_task", "g", 0, ret(RetType::Integer, 0, None), [A4, A5, A153, A204, A3]),
    proto(191, "bpf_copy_from_user_task", "gs", 0, ret(RetType::Integer, 0, None), [A4, A5, A153, A204, A3]),
    proto(192, "bpf_skb_set_tstamp", "", 0, ret(RetType::Integer, 0, None), [A10, A205, A206, NONE, NONE]),
    proto(193, "bpf_ima_file_hash", "", 0, ret(RetType::Integer, 0, None), [A172, A171, A22, NONE, NONE]),
    proto(193, "bpf_ima_file_hash", "s", 0, ret(RetType::Integer, 0, None), [A172, A171, A22, NONE, NONE]),
    proto(194, "bpf_kptr_xchg", "", 3, ret(RetType::BtfId, 1, None), [A207, A208, NONE, NONE, NONE]),
    proto(195, "bpf_map_lookup_percpu_elem", "p", 0, ret(RetType::MapValue, 1, None), [A0, A1, A167, NONE, NONE]),
    proto(196, "bpf_skc_to_mptcp_sock", "", 4, ret(RetType::BtfId, 1, Some("mptcp_sock")), [A108, NONE, NONE, NONE, NONE]),
    proto(197, "bpf_dynptr_from_mem", "", 0, ret(RetType::Integer, 0, None), [A209, A5, A3, A210, NONE]),
    proto(198, "bpf_ringbuf_reserve_dynptr", "", 0, ret(RetType::Integer, 0, None), [A0, A211, A3, A212, NONE]),
    proto(199, "bpf_ringbuf_submit_dynptr", "", 2, ret(RetType::Void, 0, None), [A213, A3, NONE, NONE, NONE]),
    proto(200, "bpf_ringbuf_discard_dynptr", "", 2, ret(RetType::Void, 0, None), [A213, A3, NONE, NONE, NONE]),
    proto(201, "bpf_dynptr_read", "", 0, ret(RetType::Integer, 0, None), [A4, A102, A214, A11, A3]),
    proto(201, "bpf_dynptr_read", "", 0, ret(RetType::Integer, 0, None), [A4, A102, A215, A11, A3]),
    proto(202, "bpf_dynptr_write", "", 0, ret(RetType::Integer, 0, None), [A216, A11, A217, A102, A3]),
    proto(202, "bpf_dynptr_write", "", 0, ret(RetType::Integer, 0, None), [A218, A11, A217, A102, A3]),
    proto(203, "bpf_dynptr_data", "", 8, ret(RetType::Mem, 1, None), [A219, A11, A220, NONE, NONE]),
    proto(203, "bpf_dynptr_data", "", 8, ret(RetType::Mem, 1, None), [A221, A11, A220, NONE, NONE]),
    proto(204, "bpf_tcp_raw_gen_syncookie_ipv4", "gp", 0, ret(RetType::Integer, 0, None), [A222, A223, A112, NONE, NONE]),
    proto(204, "bpf_tcp_raw_gen_syncookie_ipv4", "gp", 0, ret(RetType::Integer, 0, None), [A222, A223, A224, NONE, NONE]),
    proto(204, "bpf_tcp_raw_gen_syncookie_ipv4", "gp", 0, ret(RetType::Integer, 0, None), [A225, A226, A224, NONE, NONE]),
    proto(205, "bpf_tcp_raw_gen_syncookie_ipv6", "gp", 0, ret(RetType::Integer, 0, None), [A227, A223, A112, NONE, NONE]),
    proto(205, "bpf_tcp_raw_gen_syncookie_ipv6", "gp", 0, ret(RetType::Integer, 0, None), [A227, A223, A224, NONE, NONE]),
    proto(205, "bpf_tcp_raw_gen_syncookie_ipv6", "gp", 0, ret(RetType::Integer, 0, None), [A228, A226, A224, NONE, NONE]),
    proto(206, "bpf_tcp_raw_check_syncookie_ipv4", "gp", 0, ret(RetType::Integer, 0, None), [A222, A229, NONE, NONE, NONE]),
    proto(206, "bpf_tcp_raw_check_syncookie_ipv4", "gp", 0, ret(RetType::Integer, 0, None), [A225, A230, NONE, NONE, NONE]),
    proto(207, "bpf_tcp_raw_check_syncookie_ipv6", "gp", 0, ret(RetType::Integer, 0, None), [A227, A229, NONE, NONE, NONE]),
    proto(207, "bpf_tcp_raw_check_syncookie_ipv6", "gp", 0, ret(RetType::Integer, 0, None), [A228, A230, NONE, NONE, NONE]),
    proto(208, "bpf_ktime_get_tai_ns", "", 0, ret(RetType::Integer, 0, None), [NONE, NONE, NONE, NONE, NONE]),
    proto(209, "bpf_user_ringbuf_drain", "", 16, ret(RetType::Integer, 0, None), [A0, A175, A176, A3, NONE]),
    proto(210, "bpf_cgrp_storage_get", "", 64, ret(RetType::MapValue, 1, None), [A0, A231, A120, A3, NONE]),
    proto(211, "bpf_cgrp_storage_delete", "", 0, ret(RetType::Integer, 0, None), [A0, A231, NONE, NONE, NONE]),
];

pub(in crate::helpers_spec) static HELPER_NAMES: [Option<(&str, &str)>; 212] = [
    None,
    Some(("bpf_map_lookup_elem", "v3.18")),
    Some(("bpf_map_update_elem", "v3.18")),
    Some(("bpf_map_delete_elem", "v3.19")),
    Some(("bpf_probe_read", "v4.1")),
    Some(("bpf_ktime_get_ns", "v4.1")),
    Some(("bpf_trace_printk", "v4.1")),
    Some(("bpf_get_prandom_u32", "v4.1")),
    Some(("bpf_get_smp_processor_id", "v4.1")),
    Some(("bpf_skb_store_bytes", "v4.1")),
    Some(("bpf_l3_csum_replace", "v4.1")),
    Some(("bpf_l4_csum_replace", "v4.1")),
    Some(("bpf_tail_call", "v4.2")),
    Some(("bpf_clone_redirect", "v4.2")),
    Some(("bpf_get_current_pid_tgid", "v4.2")),
    Some(("bpf_get_current_uid_gid", "v4.2")),
    Some(("bpf_get_current_comm", "v4.2")),
    Some(("bpf_get_cgroup_classid", "v4.3")),
    Some(("bpf_skb_vlan_push", "v4.3")),
    Some(("bpf_skb_vlan_pop", "v4.3")),
    Some(("bpf_skb_get_tunnel_key", "v4.3")),
    Some(("bpf_skb_set_tunnel_key", "v4.3")),
    Some(("bpf_perf_event_read", "v4.3")),
    Some(("bpf_redirect", "v4.4")),
    Some(("bpf_get_route_realm", "v4.4")),
    Some(("bpf_perf_event_output", "v4.4")),
    Some(("bpf_skb_load_bytes", "v4.5")),
    Some(("bpf_get_stackid", "v4.6")),
    Some(("bpf_csum_diff", "v4.6")),
    Some(("bpf_skb_get_tunnel_opt", "v4.6")),
    Some(("bpf_skb_set_tunnel_opt", "v4.6")),
    Some(("bpf_skb_change_proto", "v4.8")),
    Some(("bpf_skb_change_type", "v4.8")),
    Some(("bpf_skb_under_cgroup", "v4.8")),
    Some(("bpf_get_hash_recalc", "v4.8")),
    Some(("bpf_get_current_task", "v4.8")),
    Some(("bpf_probe_write_user", "v4.8")),
    Some(("bpf_current_task_under_cgroup", "v4.9")),
    Some(("bpf_skb_change_tail", "v4.9")),
    Some(("bpf_skb_pull_data", "v4.9")),
    Some(("bpf_csum_update", "v4.9")),
    Some(("bpf_set_hash_invalid", "v4.9")),
    Some(("bpf_get_numa_node_id", "v4.10")),
    Some(("bpf_skb_change_head", "v4.10")),
    Some(("bpf_xdp_adjust_head", "v4.10")),
    Some(("bpf_probe_read_str", "v4.11")),
    Some(("bpf_get_socket_cookie", "v4.12")),
    Some(("bpf_get_socket_uid", "v4.12")),
    Some(("bpf_set_hash", "v4.13")),
    Some(("bpf_setsockopt", "v4.13")),
    Some(("bpf_skb_adjust_room", "v4.13")),
    Some(("bpf_redirect_map", "v4.14")),
    Some(("bpf_sk_redirect_map", "v4.14")),
    Some(("bpf_sock_map_update", "v4.14")),
    Some(("bpf_xdp_adjust_meta", "v4.15")),
    Some(("bpf_perf_event_read_value", "v4.15")),
    Some(("bpf_perf_prog_read_value", "v4.15")),
    Some(("bpf_getsockopt", "v4.15")),
    Some(("bpf_override_return", "v4.16")),
    Some(("bpf_sock_ops_cb_flags_set", "v4.16")),
    Some(("bpf_msg_redirect_map", "v4.17")),
    Some(("bpf_msg_apply_bytes", "v4.17")),
    Some(("bpf_msg_cork_bytes", "v4.17")),
    Some(("bpf_msg_pull_data", "v4.17")),
    Some(("bpf_bind", "v4.17")),
    Some(("bpf_xdp_adjust_tail", "v4.18")),
    Some(("bpf_skb_get_xfrm_state", "v4.18")),
    Some(("bpf_get_stack", "v4.18")),
    Some(("bpf_skb_load_bytes_relative", "v4.18")),
    Some(("bpf_fib_lookup", "v4.18")),
    Some(("bpf_sock_hash_update", "v4.18")),
    Some(("bpf_msg_redirect_hash", "v4.18")),
    Some(("bpf_sk_redirect_hash", "v4.18")),
    Some(("bpf_lwt_push_encap", "v4.18")),
    Some(("bpf_lwt_seg6_store_bytes", "v4.18")),
    Some(("bpf_lwt_seg6_adjust_srh", "v4.18")),
    Some(("bpf_lwt_seg6_action", "v4.18")),
    Some(("bpf_rc_repeat", "v4.18")),
    Some(("bpf_rc_keydown", "v4.18")),
    Some(("bpf_skb_cgroup_id", "v4.18")),
    Some(("bpf_get_current_cgroup_id", "v4.18")),
    Some(("bpf_get_local_storage", "v4.19")),
    Some(("bpf_sk_select_reuseport", "v4.19")),
    Some(("bpf_skb_ancestor_cgroup_id", "v4.19")),
    Some(("bpf_sk_lookup_tcp", "v4.20")),
    Some(("bpf_sk_lookup_udp", "v4.20")),
    Some(("bpf_sk_release", "v4.20")),
    Some(("bpf_map_push_elem", "v4.20")),
    Some(("bpf_map_pop_elem", "v4.20")),
    Some(("bpf_map_peek_elem", "v4.20")),
    Some(("bpf_msg_push_data", "v4.20")),
    Some(("bpf_msg_pop_data", "v5.0")),
    Some(("bpf_rc_pointer_rel", "v5.0")),
    Some(("bpf_spin_lock", "v5.1")),
    Some(("bpf_spin_unlock", "v5.1")),
    Some(("bpf_sk_fullsock", "v5.1")),
    Some(("bpf_tcp_sock", "v5.1")),
    Some(("bpf_skb_ecn_set_ce", "v5.1")),
    Some(("bpf_get_listener_sock", "v5.1")),
    Some(("bpf_skc_lookup_tcp", "v5.2")),
    Some(("bpf_tcp_check_syncookie", "v5.2")),
    Some(("bpf_sysctl_get_name", "v5.2")),
    Some(("bpf_sysctl_get_current_value", "v5.2")),
    Some(("bpf_sysctl_get_new_value", "v5.2")),
    Some(("bpf_sysctl_set_new_value", "v5.2")),
    Some(("bpf_strtol", "v5.2")),
    Some(("bpf_strtoul", "v5.2")),
    Some(("bpf_sk_storage_get", "v5.2")),
    Some(("bpf_sk_storage_delete", "v5.2")),
    Some(("bpf_send_signal", "v5.3")),
    Some(("bpf_tcp_gen_syncookie", "v5.4")),
    Some(("bpf_skb_output", "v5.5")),
    Some(("bpf_probe_read_user", "v5.5")),
    Some(("bpf_probe_read_kernel", "v5.5")),
    Some(("bpf_probe_read_user_str", "v5.5")),
    Some(("bpf_probe_read_kernel_str", "v5.5")),
    Some(("bpf_tcp_send_ack", "v5.6")),
    Some(("bpf_send_signal_thread", "v5.6")),
    Some(("bpf_jiffies64", "v5.6")),
    Some(("bpf_read_branch_records", "v5.7")),
    Some(("bpf_get_ns_current_pid_tgid", "v5.7")),
    Some(("bpf_xdp_output", "v5.7")),
    Some(("bpf_get_netns_cookie", "v5.7")),
    Some(("bpf_get_current_ancestor_cgroup_id", "v5.7")),
    Some(("bpf_sk_assign", "v5.7")),
    Some(("bpf_ktime_get_boot_ns", "v5.8")),
    Some(("bpf_seq_printf", "v5.8")),
    Some(("bpf_seq_write", "v5.8")),
    Some(("bpf_sk_cgroup_id", "v5.8")),
    Some(("bpf_sk_ancestor_cgroup_id", "v5.8")),
    Some(("bpf_ringbuf_output", "v5.8")),
    Some(("bpf_ringbuf_reserve", "v5.8")),
    Some(("bpf_ringbuf_submit", "v5.8")),
    Some(("bpf_ringbuf_discard", "v5.8")),
    Some(("bpf_ringbuf_query", "v5.8")),
    Some(("bpf_csum_level", "v5.8")),
    Some(("bpf_skc_to_tcp6_sock", "v5.9")),
    Some(("bpf_skc_to_tcp_sock", "v5.9")),
    Some(("bpf_skc_to_tcp_timewait_sock", "v5.9")),
    Some(("bpf_skc_to_tcp_request_sock", "v5.9")),
    Some(("bpf_skc_to_udp6_sock", "v5.9")),
    Some(("bpf_get_task_stack", "v5.9")),
    Some(("bpf_load_hdr_opt", "v5.10")),
    Some(("bpf_store_hdr_opt", "v5.10")),
    Some(("bpf_reserve_hdr_opt", "v5.10")),
    Some(("bpf_inode_storage_get", "v5.10")),
    Some(("bpf_inode_storage_delete", "v5.10")),
    Some(("bpf_d_path", "v5.10")),
    Some(("bpf_copy_from_user", "v5.10")),
    Some(("bpf_snprintf_btf", "v5.10")),
    Some(("bpf_seq_printf_btf", "v5.10")),
    Some(("bpf_skb_cgroup_classid", "v5.10")),
    Some(("bpf_redirect_neigh", "v5.10")),
    Some(("bpf_per_cpu_ptr", "v5.10")),
    Some(("bpf_this_cpu_ptr", "v5.10")),
    Some(("bpf_redirect_peer", "v5.10")),
    Some(("bpf_task_storage_get", "v5.11")),
    Some(("bpf_task_storage_delete", "v5.11")),
    Some(("bpf_get_current_task_btf", "v5.11")),
    Some(("bpf_bprm_opts_set", "v5.11")),
    Some(("bpf_ktime_get_coarse_ns", "v5.11")),
    Some(("bpf_ima_inode_hash", "v5.11")),
    Some(("bpf_sock_from_file", "v5.11")),
    Some(("bpf_check_mtu", "v5.12")),
    Some(("bpf_for_each_map_elem", "v5.13")),
    Some(("bpf_snprintf", "v5.13")),
    Some(("bpf_sys_bpf", "v5.14")),
    Some(("bpf_btf_find_by_name_kind", "v5.14")),
    Some(("bpf_sys_close", "v5.14")),
    Some(("bpf_timer_init", "v5.15")),
    Some(("bpf_timer_set_callback", "v5.15")),
    Some(("bpf_timer_start", "v5.15")),
    Some(("bpf_timer_cancel", "v5.15")),
    Some(("bpf_get_func_ip", "v5.15")),
    Some(("bpf_get_attach_cookie", "v5.15")),
    Some(("bpf_task_pt_regs", "v5.15")),
    Some(("bpf_get_branch_snapshot", "v5.16")),
    Some(("bpf_trace_vprintk", "v5.16")),
    Some(("bpf_skc_to_unix_sock", "v5.16")),
    Some(("bpf_kallsyms_lookup_name", "v5.16")),
    Some(("bpf_find_vma", "v5.17")),
    Some(("bpf_loop", "v5.17")),
    Some(("bpf_strncmp", "v5.17")),
    Some(("bpf_get_func_arg", "v5.17")),
    Some(("bpf_get_func_ret", "v5.17")),
    Some(("bpf_get_func_arg_cnt", "v5.17")),
    Some(("bpf_get_retval", "v5.18")),
    Some(("bpf_set_retval", "v5.18")),
    Some(("bpf_xdp_get_buff_len", "v5.18")),
    Some(("bpf_xdp_load_bytes", "v5.18")),
    Some(("bpf_xdp_store_bytes", "v5.18")),
    Some(("bpf_copy_from_user_task", "v5.18")),
    Some(("bpf_skb_set_tstamp", "v5.18")),
    Some(("bpf_ima_file_hash", "v5.18")),
    Some(("bpf_kptr_xchg", "v5.19")),
    Some(("bpf_map_lookup_percpu_elem", "v5.19")),
    Some(("bpf_skc_to_mptcp_sock", "v5.19")),
    Some(("bpf_dynptr_from_mem", "v5.19")),
    Some(("bpf_ringbuf_reserve_dynptr", "v5.19")),
    Some(("bpf_ringbuf_submit_dynptr", "v5.19")),
    Some(("bpf_ringbuf_discard_dynptr", "v5.19")),
    Some(("bpf_dynptr_read", "v5.19")),
    Some(("bpf_dynptr_write", "v5.19")),
    Some(("bpf_dynptr_data", "v5.19")),
    Some(("bpf_tcp_raw_gen_syncookie_ipv4", "v6.0")),
    Some(("bpf_tcp_raw_gen_syncookie_ipv6", "v6.0")),
    Some(("bpf_tcp_raw_check_syncookie_ipv4", "v6.0")),
    Some(("bpf_tcp_raw_check_syncookie_ipv6", "v6.0")),
    Some(("bpf_ktime_get_tai_ns", "v6.1")),
    Some(("bpf_user_ringbuf_drain", "v6.1")),
    Some(("bpf_cgrp_storage_get", "v6.2")),
    Some(("bpf_cgrp_storage_delete", "v6.2")),
];

pub(in crate::helpers_spec) static HELPERS_BY_NAME: [(&str, u32); 211] = [
    ("bpf_bind", 64),
    ("bpf_bprm_opts_set", 159),
    ("bpf_btf_find_by_name_kind", 167),
    ("bpf_cgrp_storage_delete", 211),
    ("bpf_cgrp_storage_get", 210),
    ("bpf_check_mtu", 163),
    ("bpf_clone_redirect", 13),
    ("bpf_copy_from_user", 148),
    ("bpf_copy_from_user_task", 191),
    ("bpf_csum_diff", 28),
    ("bpf_csum_level", 135),
    ("bpf_csum_update", 40),
    ("bpf_current_task_under_cgroup", 37),
    ("bpf_d_path", 147),
    ("bpf_dynptr_data", 203),
    ("bpf_dynptr_from_mem", 197),
    ("bpf_dynptr_read", 201),
    ("bpf_dynptr_write", 202),
    ("bpf_fib_lookup", 69),
    ("bpf_find_vma", 180),
    ("bpf_for_each_map_elem", 164),
    ("bpf_get_attach_cookie", 174),
    ("bpf_get_branch_snapshot", 176),
    ("bpf_get_cgroup_classid", 17),
    ("bpf_get_current_ancestor_cgroup_id", 123),
    ("bpf_get_current_cgroup_id", 80),
    ("bpf_get_current_comm", 16),
    ("bpf_get_current_pid_tgid", 14),
    ("bpf_get_current_task", 35),
    ("bpf_get_current_task_btf", 158),
    ("bpf_get_current_uid_gid", 15),
    ("bpf_get_func_arg", 183),
    ("bpf_get_func_arg_cnt", 185),
    ("bpf_get_func_ip", 173),
    ("bpf_get_func_ret", 184),
    ("bpf_get_hash_recalc", 34),
    ("bpf_get_listener_sock", 98),
    ("bpf_get_local_storage", 81),
    ("bpf_get_netns_cookie", 122),
    ("bpf_get_ns_current_pid_tgid", 120),
    ("bpf_get_numa_node_id", 42),
    ("bpf_get_prandom_u32", 7),
    ("bpf_get_retval", 186),
    ("bpf_get_route_realm", 24),
    ("bpf_get_smp_processor_id", 8),
    ("bpf_get_socket_cookie", 46),
    ("bpf_get_socket_uid", 47),
    ("bpf_get_stack", 67),
    ("bpf_get_stackid", 27),
    ("bpf_get_task_stack", 141),
    ("bpf_getsockopt", 57),
    ("bpf_ima_file_hash", 193),
    ("bpf_ima_inode_hash", 161),
    ("bpf_inode_storage_delete", 146),
    ("bpf_inode_storage_get", 145),
    ("bpf_jiffies64", 118),
    ("bpf_kallsyms_lookup_name", 179),
    ("bpf_kptr_xchg", 194),
    ("bpf_ktime_get_boot_ns", 125),
    ("bpf_ktime_get_coarse_ns", 160),
    ("bpf_ktime_get_ns", 5),
    ("bpf_ktime_get_tai_ns", 208),
    ("bpf_l3_csum_replace", 10),
    ("bpf_l4_csum_replace", 11),
    ("bpf_load_hdr_opt", 142),
    ("bpf_loop", 181),
    ("bpf_lwt_push_encap", 73),
    ("bpf_lwt_seg6_action", 76),
    ("bpf_lwt_seg6_adjust_srh", 75),
    ("bpf_lwt_seg6_store_bytes", 74),
    ("bpf_map_delete_elem", 3),
    ("bpf_map_lookup_elem", 1),
    ("bpf_map_lookup_percpu_elem", 195),
    ("bpf_map_peek_elem", 89),
    ("bpf_map_pop_elem", 88),
    ("bpf_map_push_elem", 87),
    ("bpf_map_update_elem", 2),
    ("bpf_msg_apply_bytes", 61),
    ("bpf_msg_cork_bytes", 62),
    ("bpf_msg_pop_data", 91),
    ("bpf_msg_pull_data", 63),
    ("bpf_msg_push_data", 90),
    ("bpf_msg_redirect_hash", 71),
    ("bpf_msg_redirect_map", 60),
    ("bpf_override_return", 58),
    ("bpf_per_cpu_ptr", 153),
    ("bpf_perf_event_output", 25),
    ("bpf_perf_event_read", 22),
    ("bpf_perf_event_read_value", 55),
    ("bpf_perf_prog_read_value", 56),
    ("bpf_probe_read", 4),
    ("bpf_probe_read_kernel", 113),
    ("bpf_probe_read_kernel_str", 115),
    ("bpf_probe_read_str", 45),
    ("bpf_probe_read_user", 112),
    ("bpf_probe_read_user_str", 114),
    ("bpf_probe_write_user", 36),
    ("bpf_rc_keydown", 78),
    ("bpf_rc_pointer_rel", 92),
    ("bpf_rc_repeat", 77),
    ("bpf_read_branch_records", 119),
    ("bpf_redirect", 23),
    ("bpf_redirect_map", 51),
    ("bpf_redirect_neigh", 152),
    ("bpf_redirect_peer", 155),
    ("bpf_reserve_hdr_opt", 144),
    ("bpf_ringbuf_discard", 133),
    ("bpf_ringbuf_discard_dynptr", 200),
    ("bpf_ringbuf_output", 130),
    ("bpf_ringbuf_query", 134),
    ("bpf_ringbuf_reserve", 131),
    ("bpf_ringbuf_reserve_dynptr", 198),
    ("bpf_ringbuf_submit", 132),
    ("bpf_ringbuf_submit_dynptr", 199),
    ("bpf_send_signal", 109),
    ("bpf_send_signal_thread", 117),
    ("bpf_seq_printf", 126),
    ("bpf_seq_printf_btf", 150),
    ("bpf_seq_write", 127),
    ("bpf_set_hash", 48),
    ("bpf_set_hash_invalid", 41),
    ("bpf_set_retval", 187),
    ("bpf_setsockopt", 49),
    ("bpf_sk_ancestor_cgroup_id", 129),
    ("bpf_sk_assign", 124),
    ("bpf_sk_cgroup_id", 128),
    ("bpf_sk_fullsock", 95),
    ("bpf_sk_lookup_tcp", 84),
    ("bpf_sk_lookup_udp", 85),
    ("bpf_sk_redirect_hash", 72),
    ("bpf_sk_redirect_map", 52),
    ("bpf_sk_release", 86),
    ("bpf_sk_select_reuseport", 82),
    ("bpf_sk_storage_delete", 108),
    ("bpf_sk_storage_get", 107),
    ("bpf_skb_adjust_room", 50),
    ("bpf_skb_ancestor_cgroup_id", 83),
    ("bpf_skb_cgroup_classid", 151),
    ("bpf_skb_cgroup_id", 79),
    ("bpf_skb_change_head", 43),
    ("bpf_skb_change_proto", 31),
    ("bpf_skb_change_tail", 38),
    ("bpf_skb_change_type", 32),
    ("bpf_skb_ecn_set_ce", 97),
    ("bpf_skb_get_tunnel_key", 20),
    ("bpf_skb_get_tunnel_opt", 29),
    ("bpf_skb_get_xfrm_state", 66),
    ("bpf_skb_load_bytes", 26),
    ("bpf_skb_load_bytes_relative", 68),
    ("bpf_skb_output", 111),
    ("bpf_skb_pull_data", 39),
    ("bpf_skb_set_tstamp", 192),
    ("bpf_skb_set_tunnel_key", 21),
    ("bpf_skb_set_tunnel_opt", 30),
    ("bpf_skb_store_bytes", 9),
    ("bpf_skb_under_cgroup", 33),
    ("bpf_skb_vlan_pop", 19),
    ("bpf_skb_vlan_push", 18),
    ("bpf_skc_lookup_tcp", 99),
    ("bpf_skc_to_mptcp_sock", 196),
    ("bpf_skc_to_tcp6_sock", 136),
    ("bpf_skc_to_tcp_request_sock", 139),
    ("bpf_skc_to_tcp_sock", 137),
    ("bpf_skc_to_tcp_timewait_sock", 138),
    ("bpf_skc_to_udp6_sock", 140),
    ("bpf_skc_to_unix_sock", 178),
    ("bpf_snprintf", 165),
    ("bpf_snprintf_btf", 149),
    ("bpf_sock_from_file", 162),
    ("bpf_sock_hash_update", 70),
    ("bpf_sock_map_update", 53),
    ("bpf_sock_ops_cb_flags_set", 59),
    ("bpf_spin_lock", 93),
    ("bpf_spin_unlock", 94),
    ("bpf_store_hdr_opt", 143),
    ("bpf_strncmp", 182),
    ("bpf_strtol", 105),
    ("bpf_strtoul", 106),
    ("bpf_sys_bpf", 166),
    ("bpf_sys_close", 168),
    ("bpf_sysctl_get_current_value", 102),
    ("bpf_sysctl_get_name", 101),
    ("bpf_sysctl_get_new_value", 103),
    ("bpf_sysctl_set_new_value", 104),
    ("bpf_tail_call", 12),
    ("bpf_task_pt_regs", 175),
    ("bpf_task_storage_delete", 157),
    ("bpf_task_storage_get", 156),
    ("bpf_tcp_check_syncookie", 100),
    ("bpf_tcp_gen_syncookie", 110),
    ("bpf_tcp_raw_check_syncookie_ipv4", 206),
    ("bpf_tcp_raw_check_syncookie_ipv6", 207),
    ("bpf_tcp_raw_gen_syncookie_ipv4", 204),
    ("bpf_tcp_raw_gen_syncookie_ipv6", 205),
    ("bpf_tcp_send_ack", 116),
    ("bpf_tcp_sock", 96),
    ("bpf_this_cpu_ptr", 154),
    ("bpf_timer_cancel", 172),
    ("bpf_timer_init", 169),
    ("bpf_timer_set_callback", 170),
    ("bpf_timer_start", 171),
    ("bpf_trace_printk", 6),
    ("bpf_trace_vprintk", 177),
    ("bpf_user_ringbuf_drain", 209),
    ("bpf_xdp_adjust_head", 44),
    ("bpf_xdp_adjust_meta", 54),
    ("bpf_xdp_adjust_tail", 65),
    ("bpf_xdp_get_buff_len", 188),
    ("bpf_xdp_load_bytes", 189),
    ("bpf_xdp_output", 121),
    ("bpf_xdp_store_bytes", 190),
];

pub(in crate::helpers_spec) static HELPER_SLOTS: [[HelperSlot; 212]; 7] = [
    [ABSENT, main(0), main(1), main(2), main(3), main(4), main(5), main(7), main(8), main(10), main(12), main(13), main(14), main(16), main(17), main(18), main(19), main(20), main(22), main(23), main(24), main(25), main(27), main(28), main(29), main(30), main(32), HelperSlot { main: 33, variants: &[(0x80, 0x0, false, 34)] }, main(35), main(37), main(38), main(40), main(41), main(42), main(43), main(44), main(45), main(47), main(48), main(49), main(50), main(51), main(52), main(53), main(54), main(55), main(56), main(59), main(60), main(61), main(66), main(67), main(68), main(69), main(70), main(71), main(72), main(73), main(77), main(78), main(79), main(80), main(81), main(82), main(83), main(85), main(86), HelperSlot { main: 87, variants: &[(0x4, 0x0, false, 88), (0x20, 0x0, false, 89), (0x80, 0x0, false, 90)] }, main(94), main(95), main(97), main(98), main(99), main(100), main(102), main(104), main(105), main(107), main(108), main(109), main(110), main(111), main(112), main(113), HelperSlot { main: 114, variants: &[(0x40000, 0x0, false, 115)] }, HelperSlot { main: 120, variants: &[(0x40000, 0x0, false, 121)] }, main(126), main(128), main(129), main(130), main(131), main(132), main(133), main(134), main(135), main(136), main(137), main(138), main(139), HelperSlot { main: 140, variants: &[(0x40000, 0x0, false, 141)] }, main(146), main(148), main(150), main(151), main(152), main(154), main(156), HelperSlot { main: 158, variants: &[(0x200, 0x0, false, 160)] }, main(164), main(167), main(168), main(170), main(172), main(173), main(174), main(175), main(176), main(177), main(178), main(179), main(181), main(182), main(184), main(185), HelperSlot { main: 186, variants: &[(0x40000000, 0x0, false, 187)] }, main(188), main(189), main(191), main(193), main(194), main(195), main(197), main(198), main(200), main(202), main(203), main(204), main(205), main(206), main(207), main(208), main(209), main(212), main(214), main(216), main(217), main(220), main(222), main(224), main(226), main(229), main(231), main(232), main(234), main(236), main(238), ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT],
    [ABSENT, main(0), main(1), main(2), main(3), main(4), main(5), main(7), main(8), main(10), main(12), main(13), main(14), main(16), main(17), main(18), main(19), main(20), main(22), main(23), main(24), main(25), main(27), main(28), main(29), main(30), main(32), HelperSlot { main: 33, variants: &[(0x80, 0x0, false, 34)] }, main(35), main(37), main(38), main(40), main(41), main(42), main(43), main(44), main(45), main(47), main(48), main(49), main(50), main(51), main(52), main(53), main(54), main(55), main(56), main(59), main(60), main(61), main(66), main(67), main(68), main(69), main(70), main(71), main(72), main(73), main(77), main(78), main(79), main(80), main(81), main(82), main(83), main(85), main(86), HelperSlot { main: 87, variants: &[(0x4, 0x0, false, 88), (0x20, 0x0, false, 89), (0x80, 0x0, false, 90)] }, main(94), main(95), main(97), main(98), main(99), main(100), main(102), main(104), main(105), main(107), main(108), main(109), main(110), main(111), main(112), main(113), HelperSlot { main: 114, variants: &[(0x40000, 0x0, false, 115)] }, HelperSlot { main: 120, variants: &[(0x40000, 0x0, false, 121)] }, main(126), main(128), main(129), main(130), main(131), main(132), main(133), main(134), main(135), main(136), main(137), main(138), main(139), HelperSlot { main: 140, variants: &[(0x40000, 0x0, false, 141)] }, main(146), main(148), main(150), main(151), main(152), main(154), main(156), HelperSlot { main: 159, variants: &[(0x200, 0x0, false, 161)] }, main(164), main(167), main(168), main(170), main(172), main(173), main(174), main(175), main(176), main(177), main(178), main(179), main(181), main(182), main(184), main(185), HelperSlot { main: 186, variants: &[(0x40000000, 0x0, false, 187)] }, main(188), main(189), main(191), main(193), main(194), main(195), main(197), main(198), main(200), main(202), main(203), main(204), main(205), main(206), main(207), main(208), main(210), main(212), main(214), main(216), main(218), main(220), main(222), main(224), main(226), main(229), main(231), main(232), main(234), main(236), main(238), main(239), main(241), main(243), main(245), main(246), main(247), main(249), main(250), main(252), main(253), main(255), main(257), main(259), main(261), main(262), main(263), main(264), HelperSlot { main: 265, variants: &[(0x4, 0x0, false, 266)] }, main(268), main(269), ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT],
    [ABSENT, main(0), main(1), main(2), main(3), main(4), main(6), main(7), main(8), main(11), main(12), main(13), main(14), main(16), main(17), main(18), main(19), main(20), main(22), main(23), main(24), main(26), main(27), main(28), main(29), main(31), main(32), HelperSlot { main: 33, variants: &[(0x80, 0x0, false, 34)] }, main(36), main(37), main(39), main(40), main(41), main(42), main(43), main(44), main(46), main(47), main(48), main(49), main(50), main(51), main(52), main(53), main(54), main(55), HelperSlot { main: 56, variants: &[(0xa4200000, 0x0, false, 57)] }, main(59), main(60), HelperSlot { main: 62, variants: &[(0x40000, 0x0, false, 63), (0x2000, 0x0, false, 64)] }, main(66), main(67), main(68), main(69), main(70), main(71), main(72), HelperSlot { main: 74, variants: &[(0x40000, 0x0, false, 73), (0x2000, 0x0, false, 75)] }, main(77), main(78), main(79), main(80), main(81), main(82), main(84), main(85), main(86), HelperSlot { main: 91, variants: &[(0x4, 0x0, false, 88), (0x20, 0x0, false, 89), (0x80, 0x0, false, 90)] }, main(94), main(95), main(97), main(98), main(99), main(101), main(103), main(104), main(106), main(107), main(108), main(109), main(110), main(111), main(112), main(113), HelperSlot { main: 116, variants: &[(0x40000, 0x0, false, 117)] }, HelperSlot { main: 122, variants: &[(0x40000, 0x0, false, 123)] }, main(127), main(128), main(129), main(130), main(131), main(132), main(133), main(134), main(135), main(136), main(137), main(138), main(139), HelperSlot { main: 142, variants: &[(0x40000, 0x0, false, 143)] }, main(147), main(148), main(150), main(151), main(153), main(155), main(157), HelperSlot { main: 159, variants: &[(0x200, 0x0, false, 161), (0x84000000, 0x0, false, 162)] }, HelperSlot { main: 164, variants: &[(0x84000000, 0x0, false, 165)] }, main(167), main(169), main(171), main(172), main(173), main(174), main(175), main(176), main(177), main(178), main(179), main(181), main(183), main(184), main(185), HelperSlot { main: 186, variants: &[(0x40000000, 0x0, false, 187)] }, main(188), main(190), main(192), main(193), main(194), main(196), main(197), main(199), main(201), main(202), main(203), main(204), main(205), main(206), main(207), main(208), main(210), main(213), main(215), main(216), main(218), main(220), main(222), main(224), main(227), main(230), main(231), main(233), main(235), main(237), main(238), main(239), main(241), main(243), main(245), main(246), main(247), main(249), main(250), main(252), main(253), main(255), main(257), main(259), main(261), main(262), main(263), main(264), HelperSlot { main: 265, variants: &[(0x4, 0x0, false, 266), (0x4, 0x40000000000, false, 267)] }, main(268), main(269), main(270), main(271), main(272), main(273), main(275), main(276), main(278), main(280), main(281), main(282), main(283), main(285), HelperSlot { main: 286, variants: &[(0x40, 0x0, false, 287)] }, main(288), main(289), main(290), main(292), main(293), main(295), main(296), main(297), main(298), main(299), main(300), main(301), main(302), main(304), main(306), main(308), main(311), main(314), main(316), main(318), main(319), ABSENT, ABSENT],
    [ABSENT, main(0), main(1), main(2), main(3), main(4), main(6), main(7), main(9), main(11), main(12), main(13), main(15), main(16), main(17), main(18), main(19), main(20), main(22), main(23), main(24), main(26), main(27), main(28), main(29), main(31), main(32), HelperSlot { main: 33, variants: &[(0x80, 0x0, false, 34)] }, main(36), main(37), main(39), main(40), main(41), main(42), main(43), main(44), main(46), main(47), main(48), main(49), main(50), main(51), main(52), main(53), main(54), main(55), HelperSlot { main: 56, variants: &[(0xa4200000, 0x0, false, 58)] }, main(59), main(60), HelperSlot { main: 62, variants: &[(0x40000, 0x0, false, 63), (0x2000, 0x0, false, 64)] }, main(66), main(67), main(68), main(69), main(70), main(71), main(72), HelperSlot { main: 74, variants: &[(0x40000, 0x0, false, 73), (0x2000, 0x0, false, 75)] }, main(77), main(78), main(79), main(80), main(81), main(82), main(84), main(85), main(86), HelperSlot { main: 91, variants: &[(0x4, 0x0, false, 88), (0x20, 0x0, false, 89), (0x80, 0x0, false, 90), (0x4, 0x0, true, 88)] }, main(94), main(95), main(97), main(98), main(99), main(101), main(103), main(104), main(106), main(107), main(108), main(109), main(110), main(111), main(112), main(113), HelperSlot { main: 118, variants: &[(0x40000, 0x0, false, 119)] }, HelperSlot { main: 124, variants: &[(0x40000, 0x0, false, 125)] }, main(127), main(128), main(129), main(130), main(131), main(132), main(133), main(134), main(135), main(136), main(137), main(138), main(139), HelperSlot { main: 144, variants: &[(0x40000, 0x0, false, 145)] }, main(147), main(148), main(150), main(151), main(153), main(155), main(157), HelperSlot { main: 159, variants: &[(0x200, 0x0, false, 161), (0x84000000, 0x0, false, 163)] }, HelperSlot { main: 164, variants: &[(0x84000000, 0x0, false, 166)] }, main(167), main(169), main(171), main(172), main(173), main(174), main(175), main(176), main(177), main(178), main(179), main(181), main(183), main(184), main(185), HelperSlot { main: 186, variants: &[(0x40000000, 0x0, false, 187)] }, main(188), main(190), main(192), main(193), main(194), main(196), main(197), main(199), main(201), main(202), main(203), main(204), main(205), main(206), main(207), main(208), main(210), main(213), main(215), main(216), main(219), main(221), main(222), main(225), main(227), main(230), main(231), main(233), main(235), main(237), main(238), main(240), main(242), main(244), main(245), main(246), main(248), main(249), main(251), main(252), main(253), main(255), main(257), main(259), main(261), main(262), main(263), main(264), HelperSlot { main: 265, variants: &[(0x4, 0x0, false, 266), (0x4, 0x1040000000000, false, 267)] }, main(268), main(269), main(270), main(271), main(272), main(273), main(275), main(276), main(279), main(280), main(281), main(282), main(283), main(285), HelperSlot { main: 286, variants: &[(0x40, 0x0, false, 287)] }, main(288), main(289), main(291), main(292), main(294), main(295), main(296), main(297), main(298), main(299), main(300), main(301), main(303), main(305), main(307), main(309), main(312), main(314), main(316), main(318), main(319), main(320), main(321)],
    [ABSENT, main(0), main(1), main(2), main(3), main(4), main(6), main(7), main(9), main(11), main(12), main(13), main(15), main(16), main(17), main(18), main(19), main(20), main(22), main(23), main(24), main(26), main(27), main(28), main(29), main(31), main(32), HelperSlot { main: 33, variants: &[(0x80, 0x0, false, 34)] }, main(36), main(37), main(39), main(40), main(41), main(42), main(43), main(44), main(46), main(47), main(48), main(49), main(50), main(51), main(52), main(53), main(54), main(55), HelperSlot { main: 56, variants: &[(0xa4200000, 0x0, false, 58)] }, main(59), main(60), HelperSlot { main: 62, variants: &[(0x40000, 0x0, false, 63), (0x2000, 0x0, false, 64)] }, main(66), main(67), main(68), main(69), main(70), main(71), main(72), HelperSlot { main: 74, variants: &[(0x40000, 0x0, false, 73), (0x2000, 0x0, false, 75)] }, main(77), main(78), main(79), main(80), main(81), main(82), main(84), main(85), main(86), HelperSlot { main: 91, variants: &[(0x4, 0x0, false, 88), (0x20, 0x0, false, 89), (0x80, 0x0, false, 90), (0x4, 0x0, true, 88)] }, main(94), main(95), main(97), main(98), main(99), main(101), main(103), main(104), main(106), main(107), main(108), main(109), main(110), main(111), main(112), main(113), HelperSlot { main: 118, variants: &[(0x40000, 0x0, false, 119)] }, HelperSlot { main: 124, variants: &[(0x40000, 0x0, false, 125)] }, main(127), main(128), main(129), main(130), main(131), main(132), main(133), main(134), main(135), main(136), main(137), main(138), main(139), HelperSlot { main: 144, variants: &[(0x40000, 0x0, false, 145)] }, main(147), main(148), main(150), main(151), main(153), main(155), main(157), HelperSlot { main: 159, variants: &[(0x200, 0x0, false, 161), (0x84000000, 0x0, false, 163)] }, HelperSlot { main: 164, variants: &[(0x84000000, 0x0, false, 166)] }, main(167), main(169), main(171), main(172), main(173), main(174), main(175), main(176), main(177), main(178), main(179), main(181), main(183), main(184), main(185), HelperSlot { main: 186, variants: &[(0x40000000, 0x0, false, 187)] }, main(188), main(190), main(192), main(193), main(194), main(196), main(197), main(199), main(201), main(202), main(203), main(204), main(205), main(206), main(207), main(208), main(210), main(213), main(215), main(216), main(219), main(221), main(222), main(225), main(227), main(230), main(231), main(233), main(235), main(237), main(238), main(240), main(242), main(244), main(245), main(246), main(248), main(249), main(251), main(252), main(253), main(255), main(257), main(259), main(261), main(262), main(263), main(264), HelperSlot { main: 265, variants: &[(0x4, 0x0, false, 266), (0x4, 0x301040000000000, false, 267)] }, main(268), main(269), main(270), main(271), main(272), main(273), main(275), main(276), main(279), main(280), main(281), main(282), main(283), main(285), HelperSlot { main: 286, variants: &[(0x40, 0x0, false, 287)] }, main(288), main(289), main(291), main(292), main(294), main(295), main(296), main(297), main(298), main(299), main(300), main(301), main(303), main(305), main(307), main(309), main(312), main(314), main(316), main(318), main(319), main(320), main(321)],
    [ABSENT, main(0), main(1), main(2), main(3), main(4), main(6), main(7), main(9), main(11), main(12), main(13), main(15), main(16), main(17), main(18), main(19), HelperSlot { main: 20, variants: &[(0x81c18, 0x0, false, 21)] }, main(22), main(23), main(24), main(26), main(27), main(28), main(29), main(31), main(32), HelperSlot { main: 33, variants: &[(0x80, 0x0, false, 34)] }, main(36), main(37), main(39), main(40), main(41), main(42), main(43), main(44), main(46), main(47), main(48), main(49), main(50), main(51), main(52), main(53), main(54), main(55), HelperSlot { main: 56, variants: &[(0xa4200000, 0x0, false, 58)] }, main(59), main(60), HelperSlot { main: 65, variants: &[(0xa000000, 0x0, false, 62)] }, main(66), main(67), main(68), main(69), main(70), main(71), main(72), HelperSlot { main: 74, variants: &[(0x40000, 0x0, false, 73), (0x2000, 0x0, false, 75), (0x200, 0x0, false, 76)] }, main(77), main(78), main(79), main(80), main(81), main(82), main(84), main(85), main(86), HelperSlot { main: 92, variants: &[(0x4, 0x0, true, 88)] }, main(94), main(96), main(97), main(98), main(99), main(101), main(103), main(104), main(106), main(107), main(108), main(109), main(110), main(111), main(112), main(113), HelperSlot { main: 118, variants: &[(0x40000, 0x0, false, 119)] }, HelperSlot { main: 124, variants: &[(0x40000, 0x0, false, 125)] }, main(127), main(128), main(129), main(130), main(131), main(132), main(133), main(134), main(135), main(136), main(137), main(138), main(139), HelperSlot { main: 144, variants: &[(0x40000, 0x0, false, 145)] }, main(147), main(149), main(150), main(151), main(153), main(155), main(157), HelperSlot { main: 159, variants: &[(0x200, 0x0, false, 161), (0x84000000, 0x0, false, 163)] }, HelperSlot { main: 164, variants: &[(0x84000000, 0x0, false, 166)] }, main(167), main(169), main(171), main(172), main(173), main(174), main(175), main(176), main(177), main(178), main(180), main(181), main(183), main(184), main(185), HelperSlot { main: 186, variants: &[(0x40000000, 0x0, false, 187)] }, main(188), main(190), main(192), main(193), main(194), main(196), main(197), main(199), main(201), main(202), main(203), main(204), main(205), main(206), main(207), main(208), main(210), main(213), main(215), main(216), main(219), main(221), main(223), main(225), main(228), main(230), main(231), main(233), main(235), main(237), main(238), main(240), main(242), main(244), main(245), main(246), main(248), main(249), main(251), main(252), main(254), main(255), main(257), main(259), main(261), main(262), main(263), main(264), HelperSlot { main: 265, variants: &[(0x4, 0x0, false, 266), (0x4, 0x301040000000000, false, 267)] }, main(268), main(269), main(270), main(271), main(272), main(274), main(275), main(276), main(279), main(280), main(281), main(282), main(283), main(285), HelperSlot { main: 286, variants: &[(0x40, 0x0, false, 287)] }, main(288), main(289), main(291), main(292), main(294), main(295), main(296), main(297), main(298), main(299), main(300), main(301), main(303), main(305), main(307), main(310), main(313), main(315), main(317), main(318), main(319), main(320), main(321)],
    [ABSENT, main(0), main(1), main(2), main(3), main(4), main(6), main(7), main(9), main(11), main(12), main(13), main(15), main(16), main(17), main(18), main(19), HelperSlot { main: 20, variants: &[(0x81c18, 0x0, false, 21)] }, main(22), main(23), main(24), main(26), main(27), main(28), main(29), main(31), main(32), HelperSlot { main: 33, variants: &[(0x80, 0x0, false, 34)] }, main(36), main(37), main(39), main(40), main(41), main(42), main(43), main(44), main(46), main(47), main(48), main(49), main(50), main(51), main(52), main(53), main(54), main(55), HelperSlot { main: 56, variants: &[(0xa4200000, 0x0, false, 58)] }, main(59), main(60), HelperSlot { main: 65, variants: &[(0xa000000, 0x0, false, 62)] }, main(66), main(67), main(68), main(69), main(70), main(71), main(72), HelperSlot { main: 74, variants: &[(0x40000, 0x0, false, 73), (0x2000, 0x0, false, 75), (0x200, 0x0, false, 76)] }, main(77), main(78), main(79), main(80), main(81), main(82), main(84), main(85), main(86), HelperSlot { main: 92, variants: &[(0x4, 0x0, true, 93)] }, main(94), main(96), main(97), main(98), main(99), main(101), main(103), main(104), main(106), main(107), main(108), main(109), main(110), main(111), main(112), main(113), HelperSlot { main: 118, variants: &[(0x40000, 0x0, false, 119)] }, HelperSlot { main: 124, variants: &[(0x40000, 0x0, false, 125)] }, main(127), main(128), main(129), main(130), main(131), main(132), main(133), main(134), main(135), main(136), main(137), main(138), main(139), HelperSlot { main: 144, variants: &[(0x40000, 0x0, false, 145)] }, main(147), main(149), main(150), main(151), main(153), main(155), main(157), HelperSlot { main: 159, variants: &[(0x200, 0x0, false, 161), (0x84000000, 0x0, false, 163)] }, HelperSlot { main: 164, variants: &[(0x84000000, 0x0, false, 166)] }, main(167), main(169), main(171), main(172), main(173), main(174), main(175), main(176), main(177), main(178), main(180), main(181), main(183), main(184), main(185), HelperSlot { main: 186, variants: &[(0x40000000, 0x0, false, 187)] }, main(188), main(190), main(192), main(193), main(194), main(196), main(197), main(199), main(201), main(202), main(203), main(204), main(205), main(206), main(207), main(208), HelperSlot { main: 210, variants: &[(0x1efeffffe, 0x0, true, 211)] }, main(213), main(215), main(216), main(219), main(221), main(223), main(225), main(228), main(230), main(231), main(233), main(235), main(237), main(238), main(240), main(242), main(244), main(245), main(246), main(248), main(249), main(251), main(252), main(254), main(256), main(258), main(260), main(261), main(262), main(263), main(264), HelperSlot { main: 265, variants: &[(0x4, 0x0, false, 266), (0x4, 0x301040000000000, false, 267)] }, main(268), main(269), main(270), main(271), main(272), main(274), main(275), main(277), main(279), main(280), main(281), main(282), main(284), main(285), HelperSlot { main: 286, variants: &[(0x40, 0x0, false, 287)] }, main(288), main(289), main(291), main(292), main(294), main(295), main(296), main(297), main(298), main(299), main(300), main(301), main(302), main(304), main(306), main(310), main(313), main(315), main(317), main(318), main(319), main(320), main(321)],
];

pub(in crate::helpers_spec) static HELPER_COUNTS: [u32; 7] = [
    156,
    176,
    210,
    212,
    212,
    212,
    212,
];

static R0: &[RegClass] = &[];
static R1: &[RegClass] = &[reg(RegBase::Stack, 0), reg(RegBase::Packet, 0), reg(RegBase::PacketMeta, 0), reg(RegBase::MapValue, 0)];
static R2: &[RegClass] = &[reg(RegBase::Scalar, 0)];
static R3: &[RegClass] = &[reg(RegBase::ConstMap, 0)];
static R4: &[RegClass] = &[reg(RegBase::Ctx, 0)];
static R5: &[RegClass] = &[reg(RegBase::SockCommon, 0), reg(RegBase::Socket, 0), reg(RegBase::TcpSock, 0), reg(RegBase::XdpSock, 0)];
static R6: &[RegClass] = &[reg(RegBase::SockCommon, 0), reg(RegBase::Socket, 0), reg(RegBase::TcpSock, 0), reg(RegBase::XdpSock, 0), reg(RegBase::BtfId, 0)];
static R7: &[RegClass] = &[reg(RegBase::Socket, 0)];
static R8: &[RegClass] = &[reg(RegBase::BtfId, 0)];
static R9: &[RegClass] = &[reg(RegBase::MapValue, 0)];
static R10: &[RegClass] = &[reg(RegBase::Stack, 0), reg(RegBase::Packet, 0), reg(RegBase::PacketMeta, 0), reg(RegBase::MapValue, 0), reg(RegBase::Mem, 0), reg(RegBase::Buf, 2), reg(RegBase::Buf, 0)];
static R11: &[RegClass] = &[reg(RegBase::Mem, 0)];
static R12: &[RegClass] = &[reg(RegBase::BtfId, 1024)];
static R13: &[RegClass] = &[reg(RegBase::Stack, 0), reg(RegBase::Packet, 0), reg(RegBase::PacketMeta, 0), reg(RegBase::MapKey, 0), reg(RegBase::MapValue, 0)];
static R14: &[RegClass] = &[reg(RegBase::Stack, 0), reg(RegBase::Packet, 0), reg(RegBase::PacketMeta, 0), reg(RegBase::MapKey, 0), reg(RegBase::MapValue, 0), reg(RegBase::Mem, 0), reg(RegBase::Mem, 128), reg(RegBase::Buf, 0)];
static R15: &[RegClass] = &[reg(RegBase::Mem, 128)];
static R16: &[RegClass] = &[reg(RegBase::Func, 0)];
static R17: &[RegClass] = &[reg(RegBase::Stack, 0)];
static R18: &[RegClass] = &[reg(RegBase::Stack, 0), reg(RegBase::ConstDynptr, 0)];
static R19: &[RegClass] = &[reg(RegBase::Stack, 0), reg(RegBase::Packet, 0), reg(RegBase::PacketMeta, 0), reg(RegBase::MapKey, 0), reg(RegBase::MapValue, 0), reg(RegBase::Mem, 0), reg(RegBase::Mem, 128), reg(RegBase::Buf, 0), reg(RegBase::BtfId, 256)];
static R20: &[RegClass] = &[reg(RegBase::SockCommon, 0), reg(RegBase::Socket, 0), reg(RegBase::TcpSock, 0), reg(RegBase::XdpSock, 0), reg(RegBase::BtfId, 0), reg(RegBase::BtfId, 256)];
static R21: &[RegClass] = &[reg(RegBase::BtfId, 0), reg(RegBase::BtfId, 256), reg(RegBase::BtfId, 512)];
static R22: &[RegClass] = &[reg(RegBase::MapValue, 0), reg(RegBase::BtfId, 2048)];
static R23: &[RegClass] = &[reg(RegBase::BtfId, 1024), reg(RegBase::BtfId, 1536), reg(RegBase::BtfId, 1280)];
static R24: &[RegClass] = &[reg(RegBase::Stack, 0), reg(RegBase::Packet, 0), reg(RegBase::PacketMeta, 0), reg(RegBase::MapKey, 0), reg(RegBase::MapValue, 0), reg(RegBase::Mem, 0), reg(RegBase::Mem, 128), reg(RegBase::Buf, 0), reg(RegBase::BtfId, 256), reg(RegBase::Ctx, 0)];
static R25: &[RegClass] = &[reg(RegBase::MapValue, 0), reg(RegBase::BtfId, 2048), reg(RegBase::BtfId, 6144), reg(RegBase::BtfId, 6656)];

pub(in crate::helpers_spec) static ARG_REGISTERS: [[&[RegClass]; 24]; 7] = [
    [R0, R0, R0, R3, R1, R1, R10, R2, R2, R2, R4, R6, R5, R7, R8, R11, R12, R9, R0, R0, R0, R0, R0, R0],
    [R0, R0, R0, R3, R13, R13, R14, R2, R2, R2, R4, R6, R5, R7, R8, R15, R12, R9, R16, R17, R9, R9, R9, R18],
    [R0, R0, R0, R3, R13, R13, R14, R2, R2, R2, R4, R6, R5, R7, R8, R15, R12, R9, R16, R17, R9, R9, R9, R18],
    [R0, R0, R0, R3, R19, R19, R19, R2, R2, R2, R4, R20, R5, R7, R21, R15, R23, R22, R16, R17, R9, R9, R22, R18],
    [R0, R0, R0, R3, R19, R19, R19, R2, R2, R2, R4, R20, R5, R7, R21, R15, R23, R22, R16, R17, R9, R9, R22, R18],
    [R0, R0, R0, R3, R19, R19, R19, R2, R2, R2, R4, R20, R5, R7, R21, R15, R23, R22, R16, R17, R9, R9, R22, R18],
    [R0, R0, R2, R3, R24, R24, R24, R2, R2, R2, R4, R20, R5, R7, R21, R15, R23, R22, R16, R17, R9, R9, R25, R18],
];

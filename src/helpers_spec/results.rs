//! What the number that a helper returns tells of the call.
//!
//! Most helpers return a status or a count, and a negative number where they fail. The
//! others cannot fail (a time, the number of a CPU), tell it by a number that is not
//! negative (an identity of 0, the verdict to drop), or return what somebody else made
//! (what a hook returns, the order of two texts), whose sign tells nothing of the call. The
//! comments on the helpers in `linux/bpf.h` say which.

use super::helpers::helper_name;
use super::tables::helper;

/// Whether a helper whose number is negative has failed.
pub fn helper_fails_negative(id: u32) -> bool {
    let time = matches!(
        id,
        helper::KTIME_GET_NS
            | helper::KTIME_GET_BOOT_NS
            | helper::KTIME_GET_COARSE_NS
            | helper::KTIME_GET_TAI_NS
            | helper::JIFFIES64
    );
    let identity = matches!(
        id,
        helper::GET_SMP_PROCESSOR_ID
            | helper::GET_NUMA_NODE_ID
            | helper::GET_CURRENT_PID_TGID
            | helper::GET_CURRENT_UID_GID
            | helper::GET_CURRENT_TASK
            | helper::GET_CURRENT_CGROUP_ID
            | helper::GET_CURRENT_ANCESTOR_CGROUP_ID
            | helper::GET_CGROUP_CLASSID
            | helper::SKB_CGROUP_CLASSID
            | helper::SKB_CGROUP_ID
            | helper::SKB_ANCESTOR_CGROUP_ID
            | helper::SK_CGROUP_ID
            | helper::SK_ANCESTOR_CGROUP_ID
            | helper::GET_ROUTE_REALM
            | helper::GET_HASH_RECALC
            | helper::GET_SOCKET_COOKIE
            | helper::GET_SOCKET_UID
            | helper::GET_NETNS_COOKIE
            | helper::GET_ATTACH_COOKIE
            | helper::GET_FUNC_IP
    );
    let amount = matches!(
        id,
        helper::GET_PRANDOM_U32
            | helper::GET_FUNC_ARG_CNT
            | helper::RINGBUF_QUERY
            | helper::XDP_GET_BUFF_LEN
    );
    let verdict = matches!(
        id,
        helper::REDIRECT
            | helper::REDIRECT_MAP
            | helper::REDIRECT_NEIGH
            | helper::REDIRECT_PEER
            | helper::SK_REDIRECT_MAP
            | helper::SK_REDIRECT_HASH
            | helper::MSG_REDIRECT_MAP
            | helper::MSG_REDIRECT_HASH
    );
    let foreign = matches!(id, helper::GET_RETVAL | helper::STRNCMP);
    helper_name(id).is_some() && !(time || identity || amount || verdict || foreign)
}

#[cfg(test)]
mod tests {
    use super::super::helpers::helper_id;
    use super::*;

    #[test]
    fn only_what_can_fail_tells_it_by_a_negative_number() {
        let check = |name, want| {
            let id = helper_id(name).unwrap();
            assert_eq!(helper_fails_negative(id), want, "{name}");
        };
        check("bpf_get_prandom_u32", false);
        check("bpf_ktime_get_ns", false);
        check("bpf_ringbuf_query", false);
        check("bpf_redirect", false);
        check("bpf_get_retval", false);
        check("bpf_map_update_elem", true);
        check("bpf_probe_read_kernel_str", true);
        // Declared unsigned; its errors are negative all the same.
        check("bpf_perf_event_read", true);
        assert!(!helper_fails_negative(u32::MAX));
    }
}

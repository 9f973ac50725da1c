#!/usr/bin/env python3
"""Turns a folder of measured kernel facts (JSON) into the tables under
src/helpers_spec/data.

Usage: scripts/import_facts.py FACTS_DIR [OUT_DIR]

The facts describe Linux 5.10, 6.1, 6.12 and 7.3 (from sources) and 6.18 (from
a running kernel). 5.15 and 6.6 are filled from their neighbours and the release
in which each thing appeared. The rules of that are here and nowhere else.
"""
import collections
import json
import os
import re
import sys

V = ["5.10", "5.15", "6.1", "6.6", "6.12", "6.18", "7.3"]


def num(text):
    """`v5.13` -> (5, 13); an unknown release is very old."""
    m = re.match(r"v?(\d+)\.(\d+)", text or "")
    return (int(m[1]), int(m[2])) if m else (0, 0)


class Table:
    """Rows keyed by content, with the versions that share them."""

    def __init__(self, name, head):
        self.name, self.head, self.rows = name, head, collections.OrderedDict()

    def add(self, version, *cells):
        cells = tuple(str(c) for c in cells)
        for c in cells:
            assert "\t" not in c and "\n" not in c, c
        have = self.rows.setdefault(cells, [])
        if version not in have:
            have.append(version)

    def write(self, out, comment, sort=True):
        with open(os.path.join(out, self.name), "w") as f:
            for line in comment.strip().splitlines():
                f.write(f"# {line}\n".rstrip() + "\n" if line else "#\n")
            f.write("#: versions\t" + "\t".join(self.head) + "\n")
            for cells, versions in self.rows.items():
                v = "*" if versions == V else ",".join(sorted(versions, key=V.index))
                f.write(v + "\t" + "\t".join(cells) + "\n")


def ranges(ids):
    """[1,2,3,5] -> 1-3,5"""
    out, ids = [], sorted(set(ids))
    i = 0
    while i < len(ids):
        j = i
        while j + 1 < len(ids) and ids[j + 1] == ids[j] + 1:
            j += 1
        out.append(str(ids[i]) if i == j else f"{ids[i]}-{ids[j]}")
        i = j + 1
    return ",".join(out) or "-"


def short_type(name):
    return name.replace("BPF_PROG_TYPE_", "").lower()


def short_attach(name):
    return name[4:].lower() if name.startswith("BPF_") else name


# ---------------------------------------------------------------- helpers

SIZES = {"sizeof(s64)": 8, "sizeof(u64)": 8, "sizeof(u32)": 4, "sizeof(struct iphdr)": 20,
         "sizeof(struct ipv6hdr)": 40, "sizeof(struct tcphdr)": 20}

# Where 6.18 still has the signature of 6.12: (helper, field).
AS_6_12_IN_6_18 = {("bpf_loop", "arg1"), ("bpf_dynptr_read", "arg3"), ("bpf_dynptr_write", "arg1"),
                   ("bpf_dynptr_data", "arg1"), ("bpf_sys_bpf", "might_sleep"),
                   ("bpf_btf_find_by_name_kind", "might_sleep"), ("bpf_sys_close", "might_sleep")}


def btf_name(text):
    if not text or text == "BPF_PTR_POISON":
        return ""
    if text == "&tcp_sock_id":
        return "tcp_sock"
    return text.replace("struct ", "")


def arg_cell(a):
    parts = ["+".join([a["type"]] + sorted(a.get("flags", [])))]
    if a.get("btf") and btf_name(a["btf"]):
        parts.append("btf=" + btf_name(a["btf"]))
    if a.get("size_arg"):
        parts.append(f"size={a['size_arg']}")
    if a.get("fixed_size"):
        parts.append(f"fixed={SIZES[a['fixed_size']]}")
    if a.get("cname"):
        parts.append("name=" + a["cname"])
    return ";".join(parts)


def ret_cell(r):
    text = "+".join([r["type"]] + sorted(r.get("flags", [])))
    return text + (";btf=" + btf_name(r["btf"]) if btf_name(r.get("btf", "")) else "")


def main_at(h, v):
    """The main prototype of a helper in a version that has facts."""
    rec = {"ret": h["ret"], "args": {a["n"]: a for a in h["args"]},
           "gpl_only": h["gpl_only"], "pkt_access": h["pkt_access"], "might_sleep": h["might_sleep"],
           "allow_fastcall": h["allow_fastcall"]}
    for field, change in h["diff_vs_newest"].get(v, {}).items():
        if not isinstance(change, list) or field.startswith("_"):
            continue
        old = change[0]
        m = re.match(r"arg(\d)$", field)
        if m:
            if old is None:
                rec["args"].pop(int(m[1]), None)
            else:
                rec["args"][int(m[1])] = old
        elif field in rec:
            rec[field] = old
    return rec


def signature_cells(rec):
    flags = "".join(c for c, k in (("g", "gpl_only"), ("p", "pkt_access"), ("s", "might_sleep"),
                                   ("f", "allow_fastcall")) if rec.get(k)) or "-"
    args = [rec["args"][n] for n in sorted(rec["args"])]
    assert len(args) <= 5
    return (flags, ret_cell(rec["ret"]), *[arg_cell(a) for a in args], *["-"] * (5 - len(args)))


def helper_rows(facts, out):
    since = {h["name"]: num(h["since"]) for h in facts["helpers"]}
    table = Table("helpers.tsv", ["id", "name", "since", "variant", "types", "flags", "ret",
                                  "arg1", "arg2", "arg3", "arg4", "arg5"])
    names = {h["name"]: h for h in facts["helpers"]}
    for h in sorted(facts["helpers"], key=lambda h: h["id"]):
        for v in V:
            src = source_version(h, v)
            if src is None:
                continue
            main = main_at(h, src)
            if v == "6.18":
                if "6.12" in h["present_in"]:
                    old = main_at(h, "6.12")
                    for helper, field in AS_6_12_IN_6_18:
                        if helper == h["name"]:
                            m = re.match(r"arg(\d)$", field)
                            if m:
                                main["args"][int(m[1])] = old["args"][int(m[1])]
                            else:
                                main[field] = old[field]
            if main.get("allow_fastcall") and V.index(v) < V.index("6.12"):
                main["allow_fastcall"] = False
            base = signature_cells(main)
            table.add(v, h["id"], h["name"], h["since"] or "-", "main", "*", *base)
            others = collections.OrderedDict()
            for p in h["variants"].get(src, [])[1:]:
                if "args" not in p and "ret" not in p and "might_sleep" not in p:
                    continue
                rec = dict(main)
                for k in ("ret", "gpl_only", "pkt_access", "might_sleep"):
                    if k in p:
                        rec[k] = p[k]
                if "args" in p:
                    rec["args"] = {a["n"]: a for a in p["args"]}
                if v == "6.18" and p["proto"].endswith("_sleepable_proto"):
                    rec["might_sleep"] = False
                cells = signature_cells(rec)
                if cells == base:
                    continue
                kind = "sleepable" if p["proto"].endswith("_sleepable_proto") else "variant"
                types = [t.split(":")[0].lower() for t in p["prog_types"]]
                others.setdefault((kind, cells), []).extend(types)
            for (kind, cells), types in others.items():
                types = ",".join(sorted(set(types)))
                table.add(v, h["id"], h["name"], h["since"] or "-", kind, types, *cells)
    table.write(out, """Signatures of the helpers, one row for each that differs.
variant: main (any program type without a row of its own), variant (the listed
types), sleepable (the listed types when the program may sleep).
flags: g GPL only, p takes packet pointers, s may sleep, f keeps registers.
An argument is TYPE+FLAGS with ;btf= struct, ;size= argument holding its size,
;fixed= bytes, ;name= parameter.""")

    classes = Table("semantics.tsv", ["class", "helpers"])
    sem = facts["semantics"]
    for v in V:
        src = {"5.15": "6.1", "6.6": "6.12", "6.18": "6.12"}.get(v, v)
        got = {k: list(x) for k, x in sem[src].items()}
        if v == "7.3":
            for k in ("dynptr_ref", "storage_get"):
                got.setdefault(k, sem["6.12"][k])
        if src == "6.1":
            got["storage_get"] = [n for n in sem["6.12"]["storage_get"]]
        cb = got.pop("callback", [])
        if cb:
            got["callback_async"] = [n for n in cb if n == "bpf_timer_set_callback"]
            got["callback_sync"] = [n for n in cb if n != "bpf_timer_set_callback"]
        got["release"] = sorted(set(got.get("release", [])) | set(got.pop("release_by_arg_flag", [])))
        for k, ns in got.items():
            ns = [n for n in ns if source_version(names[n], v) is not None]
            if ns:
                classes.add(v, k, ",".join(sorted(ns)))
    classes.write(out, """What calls do beyond their signature, by class (see types.rs).""")

    regs = Table("arg_regs.tsv", ["arg", "registers"])
    fix_arg = {"ARG_MEM_SIZE": "ARG_CONST_SIZE", "ARG_MEM_SIZE_OR_ZERO": "ARG_CONST_SIZE_OR_ZERO",
               "ARG_PTR_TO_ALLOC_MEM": "ARG_PTR_TO_RINGBUF_MEM", "ARG_PTR_TO_KPTR": "ARG_KPTR_XCHG_DEST"}
    fix_reg = {"PTR_TO_RDONLY_BUF": "PTR_TO_BUF+MEM_RDONLY", "PTR_TO_RDWR_BUF": "PTR_TO_BUF",
               "PTR_TO_PERCPU_BTF_ID": "PTR_TO_BTF_ID+MEM_PERCPU",
               "PTR_TO_DYNPTR | DYNPTR_TYPE_LOCAL": "CONST_PTR_TO_DYNPTR"}
    for v in V:
        src = {"5.15": "6.1", "6.6": "6.12", "6.18": "6.12"}.get(v, v)
        for a, rs in facts["arg_reg_types"][src].items():
            if a.endswith("_OR_NULL") or "UNINIT" in a or a in ("ARG_PTR_TO_INT", "ARG_PTR_TO_LONG"):
                continue
            cells = []
            for r in rs:
                if src == "6.1" and r == "PTR_TO_MEM | MEM_ALLOC":
                    r = "PTR_TO_MEM | MEM_RINGBUF"
                cells.append(fix_reg.get(r, r).replace(" | ", "+"))
            regs.add(v, fix_arg.get(a, a), ",".join(cells))
    regs.write(out, "Register types that an argument type accepts.")
    return names


def source_version(h, v):
    """The version with facts whose signature a helper has in `v`; None if absent."""
    have, since = h["present_in"], num(h["since"])
    if v in ("5.10", "6.1", "6.12", "7.3"):
        return v if v in have else None
    if v == "5.15":
        if "5.10" in have:
            return "5.10"
        return "6.1" if "6.1" in have and since <= (5, 15) else None
    if v == "6.6":
        return "6.12" if "6.12" in have and ("6.1" in have or since <= (6, 6)) else None
    return "7.3" if "7.3" in have and since <= (6, 18) else ("6.12" if "6.12" in have else None)


# ----------------------------------------------------------- availability

# Which kernel struct each verifier_ops of the facts belongs to.
STRUCT_OPS = {"bpf_tcp_ca_verifier_ops": "tcp_congestion_ops", "bpf_scx_verifier_ops": "sched_ext_ops",
              "hid_bpf_verifier_ops": "hid_bpf_ops", "smc_bpf_verifier_ops": "smc_hs_ctrl",
              "bpf_qdisc_verifier_ops": "Qdisc_ops"}


def availability_rows(facts, names, out):
    static, live = facts["static"], facts["live"]["records"]
    by_id = {h["id"]: h for h in names.values()}
    table = Table("availability.tsv", ["type", "attach", "when", "helpers"])

    def known(v, ids):
        return {i for i in ids if i in by_id and source_version(by_id[i], v) is not None}

    live_sets = {}
    for r in live:
        if r["caps"] == "all" and isinstance(r["attach"], (str, type(None))):
            key = (short_type(r["prog_type"]), short_attach(r["attach"] or "*"), bool(r["sleepable"]))
            live_sets.setdefault(key, set()).update(r["helpers"])

    def sets(v, p):
        """attach -> {when: ids} of a version with facts, base under `*`."""
        x = static[v].get(p)
        if not x or "helpers" not in x:
            return None
        res = collections.defaultdict(lambda: collections.defaultdict(set))
        res["*"]["any"] = set(x["helpers"])
        for a, ids in x["attach_dependent"].items():
            res["*" if a == "any" else short_attach(a)]["any"] |= set(ids)
        for a, ids in x["only_sleepable"].items():
            res["*" if a == "any" else short_attach(a)]["sleepable"] |= set(ids)
        for a in x["attach_types_considered"]:
            if a != "any":
                res[short_attach(a)]["any"] |= set()
        return res

    def caps(v, p):
        return {c: set(ids) for c, ids in static[v].get(p, {}).get("cap_required", {}).items()}

    types = collections.OrderedDict()
    for v in static:
        for p in static[v]:
            types[p] = None
    for p in types:
        if p == "BPF_PROG_TYPE_STRUCT_OPS":
            continue
        row_type = short_type(p)
        if p.startswith("STRUCT_OPS:"):
            name = STRUCT_OPS.get(p.split(":")[1])
            if name is None:
                continue
            row_type = f"struct_ops:{name}"
        s = {v: sets(v, p) for v in static}
        result = {v: s[v] for v in static}
        # 5.15 and 6.6: the older neighbour and what had appeared since.
        for v, lo, hi in (("5.15", "5.10", "6.1"), ("6.6", "6.1", "6.12")):
            low, high = s[lo], s[hi]
            if high is None:
                continue
            if low is None:
                new = {"syscall": (5, 14), "netfilter": (6, 4)}.get(row_type, (99, 0))
                result[v] = high if new <= num(v) else None
                continue
            res = collections.defaultdict(lambda: collections.defaultdict(set))
            old = {i for i, h in by_id.items() if lo in h["present_in"]}
            for a, whens in low.items():
                for w, ids in whens.items():
                    res[a][w] |= ids
            for a, whens in high.items():
                for w, ids in whens.items():
                    res[a][w] |= {i for i in ids if i not in old and num(by_id[i]["since"]) <= num(v)}
            result[v] = res
        # 6.18: the running kernel decides where 6.12 and 7.3 differ; 7.3 where it was not asked.
        low, high = s["6.12"], s["7.3"]
        if low is not None or high is not None:
            if low is None or high is None:
                only_old = low is not None
                result["6.18"] = low if only_old else (high if row_type in ("struct_ops:Qdisc_ops",) else None)
            else:
                res = collections.defaultdict(lambda: collections.defaultdict(set))
                attaches = sorted(set(low) | set(high))
                full = lambda t, a: t["*"]["any"] | (t[a]["any"] if a in t else set())
                got = {}
                for a in attaches:
                    seen = live_sets.get((row_type, a, False), live_sets.get((row_type, a, True)))
                    if seen is None and a == "*":
                        seen = live_sets.get((row_type, "*", True))
                    ids = set()
                    for i in full(low, a) | full(high, a):
                        both = i in full(low, a) and i in full(high, a)
                        if a not in high or a not in low:
                            ok = i in full(high, a) if a in high else i in full(low, a)
                        elif both:
                            ok = True
                        else:
                            ok = i in seen if seen is not None else i in full(high, a)
                        if ok:
                            ids.add(i)
                    got[a] = ids
                real = [a for a in attaches if a != "*"]
                base = got["*"] if not real else set.intersection(*[got[a] for a in real]) if "any" not in \
                    static["7.3"][p]["attach_types_considered"] else set.intersection(*[got[a] for a in attaches])
                res["*"]["any"] = base
                for a in real:
                    res[a]["any"] = got[a] - base
                result["6.18"] = res
        for v in V:
            x = result.get(v)
            if x is None:
                continue
            if row_type in ("cgroup_device", "cgroup_sysctl"):
                # Loaded without its attach type such a program has number 0, which
                # is cgroup_inet_ingress, and that one has no return value to see.
                retval = x["*"]["any"] & {186, 187}
                x = {"*": {**x["*"], "any": x["*"]["any"] - retval}, row_type: {"any": retval}}
            for a in sorted(x):
                for w in sorted(x[a]):
                    ids = known(v, x[a][w])
                    if ids or a == "*" and w == "any":
                        table.add(v, row_type, a, w, ranges(ids))
            src = v if v in static else {"5.15": "6.1", "6.6": "6.12", "6.18": "7.3"}[v]
            for c, ids in sorted(caps(src, p).items()):
                ids = known(v, ids)
                if ids:
                    table.add(v, row_type, "*", c.lower(), ranges(ids))
    # The structure of the kernel's own tests has no helpers at all.
    for v in V[2:]:
        table.add(v, "struct_ops:bpf_dummy_ops", "*", "any", "-")
    # Struct_ops types without a set of their own have the base set.
    for v in V:
        src = {"5.15": "5.10", "6.6": "6.1", "6.18": "7.3"}.get(v, v)
        base = set(static["7.3"]["STRUCT_OPS:hid_bpf_verifier_ops"]["helpers"])
        if src == "6.12":
            base = set(static["6.12"]["STRUCT_OPS:hid_bpf_verifier_ops"]["helpers"])
        elif src != "7.3":
            base &= set(static[src]["STRUCT_OPS:bpf_tcp_ca_verifier_ops"]["helpers"])
        table.add(v, "struct_ops", "*", "any", ranges(known(v, base)))
    # Sets that hang on the hook or the iterator's target.
    sockopt = [i for i, h in by_id.items() if h["name"] in ("bpf_setsockopt", "bpf_getsockopt")]
    for v in V[2:]:
        table.add(v, "lsm", "lsm_cgroup", "sockopt_hook", ranges(known(v, sockopt)))
        table.add(v, "tracing", "trace_iter", "iter:tcp", ranges(known(v, sockopt)))
        table.add(v, "tracing", "trace_iter", "iter:unix", ranges(known(v, sockopt)))
    for v in V[2:]:
        table.add(v, "struct_ops:tcp_congestion_ops", "*", "not_member:release", ranges(known(v, sockopt)))
    table.write(out, """Which helpers a program may call. A row adds to its type's `*`/`any` row.
when: any, sleepable (only if the program may sleep), cap_* (besides the type's
own capabilities), sockopt_hook (LSM hooks on locked or unlocked sockets),
iter:T (iterators over T), not_member:M (taken away for that member).""")


# ---------------------------------------------------------------- context

KINDS = {"SCALAR_VALUE": "scalar", "PTR_TO_SOCK_COMMON_OR_NULL": "sock_common?", "PTR_TO_PACKET": "pkt",
         "PTR_TO_PACKET_END": "pkt_end", "PTR_TO_PACKET_META": "pkt_meta", "PTR_TO_SOCKET": "sock",
         "PTR_TO_SOCKET_OR_NULL": "sock?", "PTR_TO_FLOW_KEYS": "flow_keys", "PTR_TO_TP_BUFFER": "tp_buffer",
         "sock_common_or_null": "sock_common?", "sock_or_null": "sock?",
         "trusted_ptr_nf_hook_state": "btf:nf_hook_state", "trusted_ptr_sk_buff": "btf:sk_buff"}


def runs(offs):
    """Offsets as start-end/step runs."""
    offs, out, i = sorted(offs), [], 0
    while i < len(offs):
        if i + 2 < len(offs):
            step, j = offs[i + 1] - offs[i], i + 1
            while j + 1 < len(offs) and offs[j + 1] - offs[j] == step:
                j += 1
            if j - i >= 2:
                out.append(f"{offs[i]}-{offs[j]}/{step}")
                i = j + 1
                continue
        out.append(str(offs[i]))
        i += 1
    return ",".join(out)


def layout_cell(table):
    groups = collections.defaultdict(set)
    for off, size, rw, kind in table:
        k = "w" if rw == "w" else KINDS.get(kind, kind)
        groups[(k, size)].add(off)
    return " ".join(f"{k}/{s}={runs(groups[k, s])}" for k, s in sorted(groups))


def ctx_rows(facts, out):
    layouts, order = {}, []
    index = Table("ctx.tsv", ["type", "attach", "struct", "size", "layout", "layout_no_caps", "buffer"])
    tables, static, live = facts["tables"], facts["static"], facts["live"]["index"]

    def layout(tid):
        if not tid:
            return "-"
        text = layout_cell(tables[tid])
        if text not in layouts:
            layouts[text] = f"L{len(layouts)}"
        return layouts[text]

    structs = facts["structs"]

    def struct_of(v, ctx):
        name = ctx.replace("struct ", "")
        if name == "bpf_user_pt_regs_t":
            name = "k_pt_regs"
        rec = structs[v].get(name)
        return (name.replace("k_pt_regs", "pt_regs"), rec["size"] if rec else 0)

    fields = Table("ctx_fields.tsv", ["struct", "fields"])
    for v in V:
        for p in static["7.3"]:
            src = {"5.15": "5.10", "6.6": "6.12", "6.18": "6.12"}.get(v, v)
            if v == "5.15" and p in ("BPF_PROG_TYPE_SK_REUSEPORT", "BPF_PROG_TYPE_SYSCALL"):
                src = "6.1"
            x = static[src].get(p)
            if x is None:
                continue
            attaches = dict(x["attach"])
            if v == "5.15" and p == "BPF_PROG_TYPE_SK_SKB":
                attaches["BPF_SK_SKB_VERDICT"] = attaches["BPF_SK_SKB_STREAM_VERDICT"]
            if v == "6.18" and p == "BPF_PROG_TYPE_KPROBE":
                attaches["BPF_TRACE_UPROBE_SESSION"] = attaches["BPF_TRACE_UPROBE_MULTI"]
            name, size = struct_of(src, x["ctx"])
            buffer = "-"
            if p == "BPF_PROG_TYPE_TRACEPOINT":
                name, buffer = "u64", "8-8192/aligned/r"
            elif p == "BPF_PROG_TYPE_SYSCALL":
                name, buffer = "u64", "0-65535/" + ("any" if v == "7.3" else "aligned") + "/rw"
            seen = {}
            for a, t in attaches.items():
                seen[a] = (layout(t["table"]), layout(t.get("table_no_caps")))
            same = len(set(seen.values())) == 1
            if same:
                l, n = next(iter(seen.values()))
                if buffer != "-":
                    l = "-"
                index.add(v, short_type(p), "*", name, size, l, n, buffer)
            else:
                for a, (l, n) in seen.items():
                    index.add(v, short_type(p), "*" if a == "any" else short_attach(a), name, size, l, n, buffer)
        if V.index(v) >= V.index("6.6"):
            t = next(iter(live["BPF_PROG_TYPE_NETFILTER"].values()))["table"]
            index.add(v, "netfilter", "*", "bpf_nf_ctx", 16, layout(t), "-", "-")
        if v in structs:
            sv = v
        else:
            sv = {"5.15": "5.10", "6.6": "6.12", "6.18": "6.12"}[v]
        for name, rec in structs[sv].items():
            cells = []
            for f in rec["fields"]:
                if f.get("bitfield") or not f["name"]:
                    continue
                size = f["size"] * (f.get("nelems") or 1) if not f.get("_total") else f["size"]
                cells.append((f["off"], f["size"], f["name"]))
            if cells:
                fields.add(v, name.replace("k_pt_regs", "pt_regs"),
                           " ".join(f"{n}:{o}:{s}" for o, s, n in sorted(cells)))
    for key, rec in facts["pointer_fields_live"].items():
        kind = key.split(" ")[0]
        size = {"sock_common": 80, "sock": 80, "tcp_sock": 116, "flow_keys": 56, "xdp_sock": 4}[kind]
        for v in V:
            index.add(v, f"pointer:{kind}", "*", {"sock_common": "bpf_sock", "sock": "bpf_sock",
                      "tcp_sock": "bpf_tcp_sock", "flow_keys": "bpf_flow_keys", "xdp_sock": "bpf_xdp_sock"}[kind],
                      size, layout(rec["table"]), "-", "-")
    index.write(out, """Context layouts by program and attach type, and the fields behind socket pointers.
layout: a row of ctx_layouts.tsv. layout_no_caps: the one without CAP_BPF.
buffer: start-end/alignment/directions of a context that is plain memory.""")
    fields.write(out, "Fields of the context structs: name:offset:size.")
    with open(os.path.join(out, "ctx_layouts.tsv"), "w") as f:
        f.write("# Accepted accesses: KIND/SIZE=offsets, an offset list of start-end/step runs; w is a store.\n")
        f.write("#: layout\taccesses\n")
        for text, name in layouts.items():
            f.write(f"{name}\t{text}\n")


# ------------------------------------------------------------------- maps

def map_rows(facts, names, out):
    table = Table("maps.tsv", ["type", "helpers"])
    rows = facts["maps"]
    new_maps = {"task_storage": (5, 11), "bloom_filter": (5, 16), "user_ringbuf": (6, 1), "cgrp_storage": (6, 2),
                "arena": (6, 9), "insn_array": (6, 19), "rhash": (7, 0)}
    for m in rows:
        t = m["name"].replace("BPF_MAP_TYPE_", "").lower()
        for v in V:
            if new_maps.get(t, (0, 0)) > num(v):
                continue
            have = m["helpers"]
            if v in have:
                hs = set(have[v])
            else:
                lo, hi = {"5.15": ("5.10", "6.1"), "6.6": ("6.1", "6.12"), "6.18": ("6.12", "7.3")}[v]
                low, high = have.get(lo), have.get(hi)
                if low is None:
                    hs = set(high or [])
                else:
                    old = {n for n, h in names.items() if lo in h["present_in"]}
                    hs = set(low) | {n for n in high or [] if n not in old}
                    if lo == "6.12":
                        hs = set(low)
                hs = {n for n in hs if n in names and source_version(names[n], v) is not None}
            table.add(v, t, ranges(names[n]["id"] for n in hs if n in names))
    table.write(out, "Helpers that take a map of the type.")

    fields = Table("map_fields.tsv", ["field", "types"])
    word = {"spin_lock": "BPF_SPIN_LOCK", "timer": "BPF_TIMER", "kptr": "BPF_KPTR_UNREF"}
    for v in V:
        src = {"5.15": "6.1", "6.6": "6.12", "6.18": "7.3"}.get(v, v)
        for f, ts in facts["field_rules"][src].items():
            names_ = [word.get(f, f)]
            if f == "kptr":
                names_.append("BPF_KPTR_REF")
                if v == "5.15":
                    continue
            for n in names_:
                if v == "6.6" and n in ("BPF_WORKQUEUE", "BPF_KPTR_PERCPU"):
                    continue
                ok = [t.replace("BPF_MAP_TYPE_", "").lower() for t in ts]
                ok = [t for t in ok if new_maps.get(t, (0, 0)) <= num(v)]
                fields.add(v, n.replace("BPF_", "").lower(), ",".join(sorted(ok)))
    fields.write(out, "Map types that may hold a special field in their value.")


# ----------------------------------------------------------------- kfuncs

def kfunc_rows(facts, out, flags_6_18):
    table = Table("kfuncs.tsv", ["name", "set", "types", "flags", "filter", "config", "ret", "args"])
    k = facts["kfuncs"]
    live = facts["live"]["functions"]
    renamed = {"bpf_stream_vprintk_impl": "bpf_stream_vprintk",
               "bpf_task_work_schedule_resume_impl": "bpf_task_work_schedule_resume",
               "bpf_task_work_schedule_signal_impl": "bpf_task_work_schedule_signal"}

    def emit(v, name, rec, fix=None):
        for s in rec["sets"]:
            types = ",".join("all" if t.endswith("UNSPEC") else "fmod_ret" if t == "FMODRET" else short_type(t)
                             for t in s["prog_types"]) or "-"
            flags = [f[3:].lower() for f in s["flags"]]
            if fix is not None:
                flags = fix(flags)
            args = rec.get("args") or []
            args = [re.sub(r"\s+", " ", a) for a in args]
            config = s.get("config") or "-"
            if isinstance(config, list):
                config = ",".join(config)
            table.add(v, name, s["set"], types, ",".join(flags) or "-",
                      (s.get("filter") or ["-"])[0], config, rec.get("ret") or "-", "; ".join(args) or "-")

    order = sorted(set(k["6.1"]) | set(k["6.12"]) | set(k["7.3"]) | set(live))
    for name in order:
        for v in V[1:]:
            if v in k:
                if name in k[v]:
                    emit(v, name, k[v][name])
                continue
            if v == "5.15":
                r = k["6.1"].get(name)
                if r and r.get("since") and num(r["since"]) <= (5, 15):
                    emit(v, name, r)
            elif v == "6.6":
                r = k["6.12"].get(name)
                if r and (name in k["6.1"] or num(r.get("since")) <= (6, 6) and r.get("since")):
                    emit(v, name, r)
            else:
                plain = renamed.get(name, name)
                new, old = k["7.3"].get(plain), k["6.12"].get(plain)
                since = num((new or old or {}).get("since"))
                if not (name in live or (old and new) or old and name in flags_6_18 or
                        new and since != (0, 0) and since <= (6, 18) and name in flags_6_18):
                    continue
                own = flags_6_18.get(name)
                rec = old if old and own is None else (new or old)
                if rec is None:
                    continue
                if own is not None:
                    emit(v, name, rec, lambda f, own=own: own)
                elif rec is new and new is not None:
                    drop = ("implicit_args", "spinlock_safe", "perfmon", "arena_ret", "arena_arg1", "arena_arg2")
                    emit(v, name, rec, lambda f: [x for x in f if x not in drop] + ["trusted_args"])
                else:
                    emit(v, name, rec)
    table.write(out, """Kernel functions that programs may call, one row for each set they are in.
types: the program types that the set is registered for (`all`: every type).""")
    hooks = Table("kfunc_hooks.tsv", ["type", "hook"])
    for v in V[1:]:
        src = {"5.15": "6.1", "6.6": "6.12", "6.18": "6.12"}.get(v, v)
        for t, h in facts["prog_type_to_hook"][src].items():
            name = "all" if t.endswith("UNSPEC") else short_type(t)
            hooks.add(v, name, h.replace("BTF_KFUNC_HOOK_", "").lower())
        if v == "6.18":  # measured: its socket operations see the cgroup hook
            hooks.add(v, "sock_ops", "cgroup")
    hooks.write(out, "The hook under which a program type's kfuncs are registered; types of one hook share them.")


# ---------------------------------------------------------- program types

def prog_rows(facts, out):
    with open(os.path.join(out, "sections.tsv"), "w") as f:
        f.write("# libbpf's section names, in order: the first match wins. A trailing + takes `name` or `name/…`,\n"
                "# * takes anything that begins so.\n#: section\ttype\tattach\tflags\n")
        for s in facts["sections"]["libbpf-mirror(2026-07)"]:
            flags = [x.replace("SEC_", "").lower() for x in s["flags"]]
            f.write("\t".join([s["section"], short_type(s["prog_type"]),
                               short_attach(s["attach_type"]) if s["attach_type"] else "-",
                               ",".join(flags) or "-"]) + "\n")
    table = Table("returns.tsv", ["type", "attach", "range"])
    for r in facts["return_ranges"]:
        for v in V:
            src = {"5.15": "6.1", "6.6": "6.12", "6.18": "6.12"}.get(v, v)
            rng = r["range"].get(src)
            if v == "6.18" and rng is None and r["attach"] == "BPF_TRACE_UPROBE_SESSION":
                rng = r["range"]["7.3"]
            if not isinstance(rng, list):
                continue
            a = r["attach"]
            a = {"(other)": "*", "(all)": "*"}.get(a) or (short_attach(a) if a.startswith("BPF_") else None)
            if a is None or short_type(r["prog_type"]) in ("lsm", "raw_tracepoint"):
                continue
            table.add(v, short_type(r["prog_type"]), a, f"{rng[0]}..{rng[1]}")
    table.write(out, "Ranges that R0 must be in when the main program ends; LSM hooks are in code.")
    with open(os.path.join(out, "prog_types.tsv"), "w") as f:
        f.write("# Facts of program types.\n#: type\tsince\tpacket\tcaps\tunprivileged\tctx\tkernel_ctx\n")
        for p in facts["prog_types"]:
            f.write("\t".join([short_type(p["name"]), p["since"], p["packet_access"].split("(")[0].replace(" ", ":"),
                               ",".join(c.lower() for c in p["caps"]) or "-",
                               "yes" if p["unprivileged_allowed"] else "no",
                               p["ctx"], p["kernel_ctx"]]) + "\n")

    # Where the facts name no release: mainline's history; of the newest only that
    # they came between 6.18 and 7.3.
    late = {"BPF_STRUCT_OPS": "v6.4", "BPF_NETFILTER": "v6.4", "BPF_TRACE_UPROBE_MULTI": "v6.6",
            "BPF_CGROUP_UNIX_CONNECT": "v6.7", "BPF_CGROUP_UNIX_SENDMSG": "v6.7", "BPF_CGROUP_UNIX_RECVMSG": "v6.7",
            "BPF_CGROUP_UNIX_GETPEERNAME": "v6.7", "BPF_CGROUP_UNIX_GETSOCKNAME": "v6.7",
            "BPF_TRACE_UPROBE_SESSION": "v6.13"}
    with open(os.path.join(out, "attach_types.tsv"), "w") as f:
        f.write("# Attach types and the mainline release in which each appeared.\n#: attach\tsince\n")
        for a in facts["attach_types"]:
            since = a["since"] or late.get(a["name"]) or "v7.3"
            for v in a["present_in"]:
                assert num(since) <= num(v), a
            f.write(f"{short_attach(a['name'])}\t{since}\n")


# ------------------------------------------------------------------ profiles

def profile_status(entry):
    note = " ".join(entry.get("note", "").split())
    if not note and entry.get("how"):
        note = entry["how"]
    return entry["status"], note


def profile_tables(facts):
    """The tables of a profile that the facts settle by name."""
    tables = {}
    for table, prefix in (("helpers", ""), ("map_types", "BPF_MAP_TYPE_")):
        rows = facts[table]
        if isinstance(rows, str):
            continue
        lines = [f"[{table}]", '"*" = "no"']
        for e in rows:
            status, note = profile_status(e)
            key = e["name"][len(prefix):].lower() if prefix else e["name"]
            if note:
                lines.append(f'{key} = {{ status = "{status}", note = {json.dumps(note)} }}')
            elif status != "no":
                lines.append(f'{key} = "{status}"')
        tables[table] = lines
    return tables


def profile_rows(folder, out):
    """Rewrites the tables `source`, `helpers` and `map_types` of each profile and
    leaves the others, which were read by hand, alone."""
    for name in sorted(os.listdir(folder)):
        facts = json.load(open(os.path.join(folder, name)))
        path = os.path.join(out, "profiles", name.replace(".json", ".toml"))
        source = facts["source"]
        tables = {"source": ["[source]"] + [f"{k} = {json.dumps(source[k])}" for k in ("repo", "commit", "date")]
                  + ["files = ["] + [f"  {json.dumps(f)}," for f in source["files"]] + ["]"]}
        tables.update(profile_tables(facts))
        parts = re.split(r"(?m)^(?=\[)", open(path).read())
        for i, part in enumerate(parts):
            head = re.match(r"\[(\w+)\]", part)
            if head and head[1] in tables:
                parts[i] = "\n".join(tables.pop(head[1])) + "\n\n"
        assert not tables or set(tables) == set(), (path, list(tables))
        open(path, "w").write("".join(parts).rstrip("\n") + "\n")


# ----------------------------------------------------------------- BTF sets

def set_rows(facts, out):
    own = {}
    with open(os.path.join(out, "btf_sets_6.18.tsv")) as f:
        for line in f:
            if not line.startswith("#"):
                name, items = line.rstrip("\n").split("\t")
                own[name] = items.split(",")
    sets = facts["sets"]
    new = dict(sets["6.12"])

    def of(v, name):
        x = sets[v].get(name, {})
        if "ids" in x:
            return x["ids"]
        if "rows" in x:
            return [f"{n}:{m}" for n, m in x["rows"]]
        return [h["name"] for h in x.get("hooks", [])]

    # The sources read are an early 6.18: what both neighbours have (or lack) by
    # now came to it as a fix.
    for name, items in own.items():
        low, high = of("6.12", name), of("7.3", name)
        items = [i for i in items if i in low or i in high] + [i for i in low if i in high and i not in items]
        if name == "raw_tp_null_args":
            new[name] = {"rows": [i.split(":") for i in items]}
        elif name == "lsm_hooks":
            known = {h["name"]: h for v in ("6.12", "7.3") for h in sets[v]["lsm_hooks"]["hooks"]}
            new[name] = {"hooks": [known[n] for n in items if n in known]}
        else:
            new[name] = {"ids": items}
    sets["6.18"] = new
    table = Table("btf_sets.tsv", ["set", "names"])
    hooks = Table("lsm_hooks.tsv", ["ret", "hooks"])
    alias = {"btf_sleepable_lsm_hooks": "sleepable_lsm_hooks"}
    skip = ("special_kfunc_set",)
    nulls = Table("raw_tp_null.tsv", ["masks"])
    for v in V:
        src = {"5.15": "6.1", "6.6": "6.12"}.get(v, v)
        for s, x in facts["sets"][src].items():
            if s in skip:
                continue
            if s == "lsm_hooks":
                by = collections.OrderedDict()
                for h in x["hooks"]:
                    by.setdefault(h["ret"], []).append(h["name"])
                for ret, ns in by.items():
                    hooks.add(v, ret, ",".join(sorted(set(ns))))
            elif s == "raw_tp_null_args":
                if v == "6.6":
                    continue
                rows = x["rows"]
                nulls.add(v, ",".join(f"{n}:{m}" for n, m in sorted(map(tuple, rows))))
            else:
                table.add(v, alias.get(s, s), ",".join(x["ids"]))
    table.write(out, "Sets of kernel functions that rules name.")
    hooks.write(out, "LSM hooks by what they return.")
    nulls.write(out, "Raw tracepoints' arguments that may be NULL (a hexadecimal digit an argument: 1 NULL, 2 error).")


def message_rows(facts, out):
    with open(os.path.join(out, "messages.tsv"), "w") as f:
        f.write("# Classes of verifier messages; the first match is the most specific.\n#: class\tregex\tmeaning\n")
        for c in facts["classes"]:
            f.write("\t".join([c["id"], c["regex"], c["meaning"]]) + "\n")


def main():
    facts_dir = sys.argv[1]
    here = os.path.dirname(os.path.abspath(__file__))
    out = sys.argv[2] if len(sys.argv) > 2 else os.path.join(here, "../src/helpers_spec/data")
    os.makedirs(out, exist_ok=True)
    load = lambda n: json.load(open(os.path.join(facts_dir, n)))
    flags = {}
    path = os.path.join(out, "kfunc_flags_6.18.tsv")
    if os.path.exists(path):
        for line in open(path):
            if not line.startswith("#"):
                n, f = line.rstrip("\n").split("\t")
                flags[n] = [] if f == "-" else f.split(",")
    names = helper_rows(load("helpers.json"), out)
    availability_rows(load("helper_availability.json"), names, out)
    ctx_rows(load("ctx_access.json"), out)
    map_rows(load("map_types.json"), names, out)
    kfunc_rows(load("kfuncs.json"), out, flags)
    prog_rows(load("prog_types.json"), out)
    set_rows(load("btf_id_sets.json"), out)
    message_rows(load("verifier_messages.json"), out)
    profile_rows(os.path.join(facts_dir, "profiles"), out)


main()

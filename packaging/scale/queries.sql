-- Questions to JSON lines, for DuckDB: duckdb -init queries.sql, or `python3 ask.py FILE...`.
-- `lines` is a view of them; see schemas/line.v1.json for its columns.

-- Which binaries can write the memory of processes, and do not load on 6.1?
SELECT object,
       list(DISTINCT program) FILTER (verdict <> 'accept' AND target = 'linux-6.1') AS fail_on_6_1,
       any_value(message) FILTER (verdict <> 'accept' AND target = 'linux-6.1') AS why
FROM lines
GROUP BY object
HAVING bool_or(list_contains(callees, 'bpf_probe_write_user'))
   AND bool_or(target = 'linux-6.1' AND verdict IN ('reject', 'load-error'))
ORDER BY object;

-- What works where?
SELECT target, verdict, count(*) AS programs FROM lines GROUP BY ALL ORDER BY target, verdict;

-- What refuses most, and on which kernels?
SELECT code, any_value(class) AS class, count(DISTINCT (object, program)) AS programs,
       list_sort(list(DISTINCT target)) AS targets
FROM lines WHERE verdict = 'reject' GROUP BY code ORDER BY programs DESC, code LIMIT 20;

-- Programs near the limit of a million processed instructions.
SELECT object, program, target, processed FROM lines
WHERE processed > 500000 ORDER BY processed DESC LIMIT 20;

-- Programs that a newer kernel refuses, and an older one takes.
SELECT old.object, old.program, new.code, new.message
FROM lines old JOIN lines new USING (object, program)
WHERE old.target = 'linux-6.1' AND old.verdict = 'accept'
  AND new.target = 'linux-6.18' AND new.verdict = 'reject'
ORDER BY ALL LIMIT 20;

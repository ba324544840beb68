#!/usr/bin/env python3
"""The study that ollama.sh runs, and what must be true of its results.

usage: ollama_study.py write N BASE_URL
       ollama_study.py check N RESULTS JOURNAL SECONDS CALM_RESULTS CALM_JOURNAL SECONDS

The stage "own" concludes without the model: what is published where the model
is not believed must equal it.
"""
import collections, json, math, os, sqlite3, sys

PIPELINE = """pipeline "noise" {
  instances = stems("data/*.csv")
}
provider "openai" "ollama" {
  base_url    = "%s"
  model       = "noise"
  temperature = 1
  seed        = 1
  max_tokens  = 128
  timeout     = "5m"
  limits { in_flight = 4 }
}
provider "analytic" "builtin" {}
stage "load" "points" {
  measurements = "data/${instance}.csv"
  x            = "n"
  y            = "s"
}
stage "conclude" "bound" {
  dataset  = stage.load.points
  provider = provider.openai.ollama
  fallback = provider.analytic.builtin
}
stage "conclude" "own" {
  dataset  = stage.load.points
  provider = provider.analytic.builtin
}
stage "summarize" "report" {
  conclusions = [stage.conclude.bound, stage.conclude.own]
}
"""

# The verdicts that an answer can end in, `go doc ./stages/llm Verdict`: those
# of the answer as a whole, and those of a formula in an answer that reads.
FORM = {"content_type", "envelope", "no_choices", "prompt_cut", "truncated", "content_filter", "refusal", "empty", "degenerate", "echo",
        "not_json", "two_objects", "duplicate_keys", "schema"}
FORMULA = {"control_character", "unparsable_bound", "two_variables", "wrong_variable", "trivial"}
JUDGED = {"wrong_class", "bound_rejected"}

# What a conclusion says of the model's answers: the only fields in which two
# runs may differ, since a server restarted need not say the same again.
OF_THE_MODEL = ("provider_answer", "provider_type", "fallback_reason", "llm_confidence", "llm_complexity", "llm_upper_bound")


def write(n, url):
    os.mkdir("data")
    shapes = [lambda x: x, lambda x: x**2, lambda x: x**2.5, lambda x: math.exp(x / 90)]
    for i in range(n):
        with open("data/i%02d.csv" % i, "w") as f:
            f.write("n,s\n")
            for k in range(1, 9):
                f.write("%d,%.6g\n" % (100 * k, (i + 1) * 1e-3 * shapes[i % 4](100 * k) * (1 + 0.02 * math.sin(i + 7 * k))))
    with open("pipeline.hcl", "w") as f:
        f.write(PIPELINE % url)


def load(path):
    with open(path) as f:
        return json.load(f)


def holds(bound, points):
    """The published bound, evaluated here, is on or above every point."""
    f = bound.replace("^", "**")
    return all(eval(f, {"__builtins__": {}, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "x0": x}) >= y for x, y in points)


def stripped(result):
    """A result without its time and what the model said."""
    r = json.loads(json.dumps(result))
    r.pop("timestamp", None)
    for name in OF_THE_MODEL:
        assert name in r["conclusion"], name
        del r["conclusion"][name]
    return json.dumps(r)


def conclusions(folder, n):
    """The results by instance, and how many of the model's answers were
    accepted; fails where something of the model was published that the points
    do not bear out."""
    out, accepted = {}, 0
    for i in range(n):
        name = "i%02d" % i
        r = load("%s/conclusion/%s.json" % (folder, name))
        own = load("%s/own/conclusion/%s.json" % (folder, name))["conclusion"]
        c = r["conclusion"]
        assert r["status"] == "success" and not r.get("provisional"), (name, r["status"], r["error"])
        with open("data/%s.csv" % name) as f:
            points = [tuple(map(float, line.split(","))) for line in f.readlines()[1:]]
        assert len(points) == 8 and holds(c["upper_bound"], points), (name, c["upper_bound"])
        verdict = c["provider_answer"]["verdict"]
        if verdict == "accepted":
            # By chance. Then what was said is true of the points, or it is
            # overruled by them.
            accepted += 1
            v = c["verification"]
            assert v["parsed"] and v["data"]["dominates"], (name, v)
            assert c["type_of_equation"] == own["type_of_equation"] or c["class_source"] == "provider", (name, c)
            assert c["llm_upper_bound"] or c["type_of_equation"] == "unknown", (name, c["provider_answer"])
        else:
            assert verdict in FORM | FORMULA | JUDGED, (name, verdict)
            assert c["concluded_by"] == "analytic:builtin" and c["llm_upper_bound"] is None, (name, c)
            assert verdict in c["fallback_reason"], (name, c["fallback_reason"])
            theirs = {k: v for k, v in c.items() if k not in OF_THE_MODEL}
            assert theirs == {k: v for k, v in own.items() if k not in OF_THE_MODEL}, name
        out[name] = r
    return out, accepted


def summary(folder):
    """The summary without times, counts of requests and what the model said."""
    s = load(folder + "/parallel_llm_conclude_summary.json")
    for name in ("timing", "comparison"):
        del s[name]
    del s["statistics"]["answers"]
    del s["provenance"]["models"], s["provenance"]["fingerprints"]
    s["results"] = {name: stripped(r) for name, r in s["results"].items()}
    return s


def journal(path, seconds):
    db = sqlite3.connect(path)
    get = lambda q: db.execute(q).fetchall()
    row = collections.OrderedDict()
    (row["requests"],), = get("SELECT count(*) FROM attempts")
    outcomes = dict(get("SELECT class, count(*) FROM outcomes GROUP BY class"))
    row["answered"] = outcomes.pop("answer")
    for name in sorted(outcomes):
        row[name] = outcomes[name]
    # The server took the best mode that was offered, and never another.
    for p, in get("SELECT prompt FROM attempts"):
        f = json.loads(p)["response_format"]
        assert f["type"] == "json_schema" and f["json_schema"]["strict"] is True, f
    (untyped,), = get("""SELECT count(*) FROM outcomes o WHERE o.class = 'answer' AND
        (SELECT count(*) FROM verdicts v WHERE v.attempt = o.attempt AND v.verdict != '') != 1""")
    assert untyped == 0, "%d answers without one verdict" % untyped
    verdicts = dict(get("SELECT verdict, count(*) FROM verdicts GROUP BY verdict"))
    assert sum(verdicts.values()) == row["answered"], (verdicts, row)
    assert set(verdicts) <= FORM | FORMULA | JUDGED | {"accepted"}, verdicts
    # Otherwise this shows little: cut answers, and complete ones that are nonsense.
    assert "truncated" in verdicts and verdicts.keys() & FORMULA, verdicts
    for name in sorted(verdicts, key=lambda v: -verdicts[v]):
        row["verdict " + name] = verdicts[name]
    row["tokens in"], row["tokens out"] = get("SELECT sum(input), sum(output) FROM outcomes")[0]
    row["seconds"] = "%.0f" % seconds
    return row


def check(n, results, path, seconds, calm_results, calm_path, calm_seconds):
    (a, accepted), (b, calm_accepted) = conclusions(results, n), conclusions(calm_results, n)
    word = sum(json.dumps(a[k]) == json.dumps(b[k]) for k in a)
    for name in a:
        # A chance hit in one run only is a true bound in the other's place.
        if "accepted" not in (a[name]["conclusion"]["provider_answer"]["verdict"], b[name]["conclusion"]["provider_answer"]["verdict"]):
            assert stripped(a[name]) == stripped(b[name]), name
    if accepted + calm_accepted == 0:
        assert summary(results) == summary(calm_results), "the summaries differ"
    rows = journal(path, seconds), journal(calm_path, calm_seconds)
    print("%-28s %10s %12s" % ("", "disturbed", "undisturbed"))
    for name in list(rows[0]) + [k for k in rows[1] if k not in rows[0]]:
        print("%-28s %10s %12s" % (name, rows[0].get(name, 0), rows[1].get(name, 0)))
    print("%-28s %10d %12d" % ("answers accepted, and true", accepted, calm_accepted))
    print("%-28s %10d %12d" % ("concluded by the analysis", n - accepted, n - calm_accepted))
    print("output mode: json_schema, strict; %d conclusions alike, %d of them to the last word of the model" % (n, word))


if sys.argv[1] == "write":
    write(int(sys.argv[2]), sys.argv[3])
else:
    n, results, path, seconds, calm_results, calm_path, calm_seconds = sys.argv[2:]
    check(int(n), results, path, float(seconds), calm_results, calm_path, float(calm_seconds))

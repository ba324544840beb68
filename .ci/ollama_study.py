#!/usr/bin/env python3
"""The study that ollama.sh runs, and what must be true of its results.

usage: ollama_study.py write N BASE_URL
       ollama_study.py check N RESULTS CALM_RESULTS JOURNAL CALM_JOURNAL
"""
import collections, glob, json, math, os, sqlite3, sys

PIPELINE = """pipeline "noise" {
  instances = stems("data/*.csv")
}
provider "openai" "ollama" {
  base_url   = "%s"
  model      = "noise"
  max_tokens = 32
  timeout    = "5m"
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
stage "summarize" "report" {
  conclusions = stage.conclude.bound
}
"""



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


def conclusions(folder, n):
    """Class and bound by instance; fails where nonsense was published."""
    out = {}
    for path in glob.glob(folder + "/conclusion/*.json"):
        with open(path) as f:
            r = json.load(f)
        name, c = r["instance_name"], r["conclusion"]
        assert r["status"] == "success" and not r.get("provisional"), (name, r["status"], r["error"])
        assert c["concluded_by"] == "analytic:builtin", (name, c["concluded_by"])
        assert c["llm_upper_bound"] is None or c["llm_upper_bound"] != c["provider_answer"]["upper_bound"], name
        verdict = c["provider_answer"]["verdict"]
        assert verdict and verdict != "accepted", (name, verdict)
        assert c["fallback_reason"], name
        out[name] = (c["type_of_equation"], c["upper_bound"])
    assert len(out) == n, "%d conclusions of %d instances" % (len(out), n)
    return out


def journal(label, path):
    db = sqlite3.connect(path)
    requests, = db.execute("SELECT count(*) FROM attempts").fetchone()
    verdicts = dict(db.execute("SELECT verdict, count(DISTINCT attempt) FROM verdicts GROUP BY verdict"))
    untyped, = db.execute("""SELECT count(*) FROM responses r JOIN outcomes o ON o.attempt = r.attempt
        WHERE o.class = 'answer' AND r.attempt NOT IN (SELECT attempt FROM verdicts)""").fetchone()
    assert untyped == 0, "%d answers without a verdict" % untyped
    outcomes = dict(db.execute("SELECT class, count(*) FROM outcomes GROUP BY class"))
    tokens = db.execute("SELECT sum(input), sum(output) FROM outcomes").fetchone()
    formats = collections.Counter(json.loads(p).get("response_format", {}).get("type", "text") for p, in db.execute("SELECT prompt FROM attempts"))
    # The server takes the first mode that is offered, or all requests but the probes agree on another.
    assert formats.most_common(1)[0][1] >= requests - 3, formats
    assert "accepted" not in verdicts, verdicts
    print("%s: %d requests, outcomes %s, verdicts %s, sent as %s, %d tokens in, %d out"
          % (label, requests, outcomes, verdicts, dict(formats), *tokens))


if sys.argv[1] == "write":
    write(int(sys.argv[2]), sys.argv[3])
else:
    n, results, calm = int(sys.argv[2]), sys.argv[3], sys.argv[4]
    a, b = conclusions(results, n), conclusions(calm, n)
    assert a == b, [(name, a[name], b[name]) for name in a if a[name] != b[name]]
    journal("disturbed", sys.argv[5])
    journal("undisturbed", sys.argv[6])
    print("%d instances: all concluded by analytic:builtin, and alike" % n)

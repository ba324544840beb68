#!/usr/bin/env python3
"""Writes values.json: functions to 80 digits by mpmath, the oracle of the tests."""
import json
import random
import mpmath

mpmath.mp.dps = 120
random.seed(1)


def arguments(lo, hi, n):
    out = []
    for _ in range(n):
        e = random.uniform(lo, hi)
        out.append(repr(random.uniform(1, 10) * 10 ** round(e)))
    return out


CASES = {
    "exp": (mpmath.exp, arguments(-12, 5, 20) + ["-" + a for a in arguments(-12, 5, 20)]),
    "log": (mpmath.log, arguments(-200, 200, 20) + ["1.0000017", "0.9999994", "1.000000000000001", "2", "0.5"]),
    "sin": (mpmath.sin, arguments(-12, 8, 20) + ["-3.5", "3.14159265358979"]),
    "cos": (mpmath.cos, arguments(-12, 8, 20) + ["-3.5", "1.5707963267949"]),
    "atan": (mpmath.atan, arguments(-12, 8, 15) + ["-0.5", "1", "-1e9"]),
    "sqrt": (mpmath.sqrt, arguments(-50, 50, 10)),
    "loggamma": (mpmath.loggamma, arguments(-3, 6, 15) + ["1.5", "3", "0.001"]),
    "erf": (mpmath.erf, arguments(-8, 0, 15) + ["-0.3", "2.5", "8.25", "40"]),
}

rows = []
for name, (f, args) in CASES.items():
    for a in args:
        x = mpmath.mpf(a)
        rows.append({"function": name, "argument": a, "value": mpmath.nstr(f(x), 80, strip_zeros=False)})
for _ in range(25):
    a = repr(round(random.uniform(1e-3, 50), 6))
    b = repr(round(random.uniform(-30, 30), 6))
    rows.append({"function": "pow", "argument": a, "second": b,
                 "value": mpmath.nstr(mpmath.power(mpmath.mpf(a), mpmath.mpf(b)), 80, strip_zeros=False)})
with open("values.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")

#!/usr/bin/env python3
"""Writes values.json: expressions at points to 60 digits by mpmath at 200."""
import json
import re
import mpmath

mpmath.mp.dps = 200

EXPRS = """
x0*3.25e-7 - (x0 - (x0 + 0.75))
(-x0 + x0**3.68*(-2.5e-22))*(-3.1e-7)
x0*x0*4.4e-13 + exp(-x0 + 1.7e-7*x0 + x0)
x0**(-1.84) + (x0 - 17.49)*(x0 - 0.73)**1.22*(-0.9**x0 - x0 + 12.09)*(-0.026)
exp(1.0000025**(x0*0.29)) + 102.5
x0 - x0*0.9999994
-179.72514*x0 + x0*179.72513
(x0*3.5e-7 + 0.98)**2.5
exp(x0**0.18 - x0 + x0 - 11.19)
2.85**(x0**0.168 - x0**(-0.17) - 4.72)
exp(exp(0.216*x0**0.155))*0.548
x0**(x0**0.059)*1.6e-13
exp(-x0**0.128 + x0**0.176 - 1.98)*1.4
1.12**(1.26**(x0**0.16 - 1.07) + 3.36)
(x0**0.102 + 5.2)**(7.5 - x0**(-0.089))
log(x0)**3*sqrt(x0) - 12.5
exp(-exp(-x0/1000)) - 1
sin(x0)*cos(x0/7) + atan(x0)
tanh(x0/1e6) + erf(x0/1e5)
gamma(x0/5000 + 2.5)
sinh(x0/1000) - cosh(x0/1000)
tan(x0) + asin(1/x0) - acos(0.5/x0)
Abs(3.5 - x0) + floor(x0/7) - ceiling(x0/11)
Max(x0, 12.5) - Min(x0, 3, 40)
1.0000017**x0
0.9999983**x0
factorial(x0/100000 + 1.5)
E**(x0/5000) + pi*x0
x0**2/3 - x0**(1/3)
""".strip().splitlines()

NAMES = {n: getattr(mpmath, n) for n in ("exp", "log", "sqrt", "sin", "cos", "tan", "atan", "asin", "acos", "sinh", "cosh", "tanh", "gamma", "factorial", "erf", "floor", "pi")}
NAMES.update(ceiling=mpmath.ceil, Abs=abs, Max=max, Min=min, E=mpmath.e, mpf=mpmath.mpf)

rows = []
for text in EXPRS:
    exact = re.sub(r"(?<![\w.])(\d+\.?\d*(?:e-?\d+)?)", r"mpf('\1')", text)
    for x in (35.0, 1234.5, 21457.0, 180001.25):
        value = eval(exact, dict(NAMES, x0=mpmath.mpf(x)))  # of our own making
        if isinstance(value, mpmath.mpc):
            continue
        rows.append({"expr": text, "x": x, "value": mpmath.nstr(value, 60, strip_zeros=False)})
with open("values.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")

#!/usr/bin/env python3
"""Writes orders.json: pairs of expressions and the limit of their ratio.

The limit is sympy's; a pair is kept only where evaluation with mpmath at ever
larger x agrees, because sympy's limit is known to be wrong at times (its
issues 23845, 9630, 25885). How many were dropped, and why, is written to the
end of the output. Needs sympy and mpmath; takes half an hour.
With names of families as arguments only those are written anew.
"""
import json
import multiprocessing
import random
import signal
import sys

import mpmath
import sympy

X = sympy.Symbol("x0", positive=True)
SECONDS = 5  # for one limit, and for following one ratio
PER_FAMILY = 120


def num(r, lo, hi, digits=4):
    return repr(round(r.uniform(lo, hi), digits))


def small(r):
    return "%.7ge-%d" % (r.uniform(1, 10), r.randint(3, 9))


# Families of pairs. Each takes a random source and returns two expressions.

def monomial(r, digits=4):
    parts = [r.choice([num(r, 0.1, 9), small(r)])]
    if r.random() < 0.8:
        parts.append("x0**%s" % num(r, 0.1, 3, digits))
    if r.random() < 0.5:
        parts.append("log(x0)**%s" % (num(r, 0.5, 4, 2) if digits > 1 else r.randint(1, 4)))
    if r.random() < 0.3:
        parts.append("exp(%s*x0**%s)" % (num(r, 0.1, 2), num(r, 0.1, 1.2, digits)))
    if r.random() < 0.1:
        parts.append("log(log(x0))**%s" % num(r, 0.5, 3, 1))
    return "*".join(parts)


def monomials(r):
    return monomial(r), monomial(r)


def sums(r):
    def one():
        return " + ".join(monomial(r, 1) for _ in range(r.randint(2, 3)))
    return one(), one()


def nested(r):
    def inner():
        return r.choice([
            "x0", "2*x0", "x0**%s" % num(r, 0.1, 0.9, 2), "log(x0)**2", "x0 + log(x0)", "x0 + 1/x0", "x0*log(x0)",
            "%s*x0" % num(r, 0.5, 2, 2), "x0 + exp(-x0)", "log(x0)", "sqrt(log(x0))", "x0**2", "x0 - log(x0)", "x0 + sqrt(x0)",
        ])
    shapes = ["exp(%s)", "exp(exp(%s))", "x0*exp(%s)", "exp(%s)**%s" % ("%s", num(r, 0.5, 2, 1)), "exp(%s)/x0**2", "exp(exp(%s) + x0)", "exp(exp(%s))*x0**3"]
    return r.choice(shapes) % inner(), r.choice(shapes) % inner()


def cancellations(r):
    c = "%.7f" % (1 - r.randint(1, 99) * 1e-7)
    a, b = num(r, 10, 400, 5), num(r, 0.1, 3)
    f = r.choice([
        "x0 - x0*" + c,
        "x0*(-%s) + %s*x0 + %s" % (a, repr(round(float(a) + 0.00002, 5)), b),
        "-x0 + x0 + x0**%s*%s" % (num(r, 0.5, 2.5), small(r)),
        "sqrt(x0 + %s) - sqrt(x0)" % b,
        "(x0 + 1)**%s - x0**%s" % ((num(r, 1.1, 2.9, 2),) * 2),
        "log(x0 + %s) - log(x0)" % b,
        "exp(x0 + 1/x0) - exp(x0)",
        "x0*(x0 + 1) - x0**2 - %s" % b,
        "exp(1/x0) - 1",
        "(x0 - 1*%s)*(x0 + %s) - x0*x0" % (b, b),
        "exp(log(x0 + 1)) - x0",
        "x0/(x0 - 1) - 1 - 1/x0",
        "log(exp(x0) + x0) - x0",
        "(1 + 1/x0)**x0 - E",
        "sqrt(x0**2 + %s*x0) - x0" % b,
        "exp(-exp(-x0)) - 1",
        "exp(x0)/(1 - 1/x0) - exp(x0)",
    ])
    return f, r.choice(["1", "x0", "1/x0", "x0**%s" % num(r, -2, 2, 2), "exp(x0)", "exp(-x0)", "exp(x0)/x0", "log(x0)", "sqrt(x0)", "1/sqrt(x0)"])


def decaying(r):
    def one():
        return r.choice([
            "%s**x0" % num(r, 0.1, 0.99), "exp(-%s*x0)" % num(r, 0.01, 3, 3), "x0**(-%s)" % num(r, 0.1, 3), "exp(-x0**%s)" % num(r, 0.1, 0.9, 2),
            "%s + %s**x0" % (num(r, 0.1, 3), num(r, 0.1, 0.99)), "1/log(x0)", "x0**%s*%s**x0" % (num(r, 0.5, 3, 1), num(r, 0.2, 0.99)),
            "exp(-exp(x0))", "x0**(-x0)", "%s**(x0**%s)" % (num(r, 0.3, 0.95, 2), num(r, 0.2, 0.8, 2)), "exp(-x0) + x0**(-%s)" % num(r, 0.5, 2, 1),
        ])
    return one(), one()


def tiny(r):
    f = r.choice(["x0**%s" % num(r, 0.0005, 0.02), "exp(x0**%s)" % num(r, 0.005, 0.05), "x0**(x0**%s)" % num(r, 0.01, 0.1), "x0**%s*log(x0)" % num(r, 0.0005, 0.02), "exp(log(x0)**%s)" % num(r, 0.2, 1.5, 2)])
    g = r.choice(["log(x0)**%s" % num(r, 1, 9, 1), "x0**%s" % num(r, 0.0005, 5), "exp(x0**%s)" % num(r, 0.005, 0.05), "log(log(x0))**%d" % r.randint(1, 9), "x0**%d*log(x0)**3" % r.randint(1, 9)])
    return f, g


def negative(r):
    f = r.choice(["-%s*%s + %s" % (num(r, 0.1, 3), monomial(r, 1), monomial(r, 1)), "%s - exp(%s*x0)" % (monomial(r, 1), num(r, 0.01, 1)), "x0*(%s - %s*x0)" % (small(r), small(r)), "-x0**%s + x0*%s" % (num(r, 0.1, 1.9), small(r))])
    return f, r.choice([monomial(r, 1), "-" + monomial(r, 1)])


def powers(r):
    f = r.choice([
        "x0**x0", "x0**log(x0)", "x0**sqrt(x0)", "(x0 + %s)**x0" % num(r, 0.5, 3, 1), "(1 + 1/x0)**(x0**2)", "(1 + %s/x0)**x0" % num(r, 0.5, 3, 1),
        "%s**(x0**%s)" % (num(r, 1.01, 3), num(r, 0.1, 1.5, 2)), "(%s*x0)**%s" % (small(r), num(r, 0.5, 3)), "(x0 + exp(%s*x0))**%s" % (num(r, 0.1, 1), num(r, 0.5, 2)),
        "x0**(1/x0)", "(log(x0))**x0", "(x0**2 + x0)**%s" % num(r, 0.5, 2), "exp(x0)**%s" % num(r, 0.1, 2), "x0**(1 + 1/log(x0))",
    ])
    g = r.choice(["exp(x0)", "x0**%s" % num(r, 0.5, 3), "x0**x0*exp(-x0)", "exp(x0*log(x0))", "%s**x0" % num(r, 1.1, 4), "exp(log(x0)**2)", "exp(x0**%s)" % num(r, 0.2, 1.5, 2), "1"])
    return f, g


def regression(r):
    """What symbolic regression prints."""
    a, b, c = num(r, 0.1, 0.35, 7), num(r, 1, 20, 5), small(r)
    f = r.choice([
        "exp(x0**%s - x0 + x0 - %s)" % (a, b),
        "%s**(x0**%s - x0 + x0)" % (num(r, 1.02, 4, 6), a),
        "x0*%s - %s" % (c, b),
        "exp(exp(%s*(x0**%s - x0 + x0)))*%s" % (num(r, 0.1, 0.9, 6), a, num(r, 0.1, 2)),
        "(x0*%s)**%s" % (c, num(r, 1, 4, 6)),
        "(-x0 + x0*(-%s) + x0)*x0*(-%s)" % (c, small(r)),
        "x0*x0*%s + exp(-x0 - (-1.765577e-7)*x0 + x0)" % c,
        "exp((-%s*x0 + x0*%s)**%s)" % (b, repr(round(float(b) + 0.00002, 5)), a),
        "(x0 + exp(x0*%s))**%s*%s" % (c, num(r, 0.9, 1.3, 6), small(r)),
        "exp(x0**%s*%s)**%s - %s" % (a, num(r, 0.02, 1, 6), num(r, 0.5, 3, 5), b),
        "-(x0*%s)**exp(x0**(-%s)) + x0*%s" % (c, num(r, 0.5, 1, 6), small(r)),
        "x0**(x0**%s)*%s" % (num(r, 0.02, 0.1, 6), c),
        "exp(-x0**%s + x0**%s)*%s" % (a, num(r, 0.1, 0.4, 6), b),
    ])
    g = r.choice(["x0", "x0**2", "x0**%s" % num(r, 0.8, 3, 2), "exp(x0**%s)" % num(r, 0.1, 0.4, 3), "exp(%s*x0)" % c, "x0*log(x0)", f.replace(b, num(r, 1, 20, 5))])
    return f, g


def tree(r, depth):
    """A random expression."""
    if depth == 0 or r.random() < 0.15:
        return r.choice(["x0", "x0", "x0", num(r, 0.1, 5, 2), "log(x0)"])
    kind = r.randint(0, 7)
    a = tree(r, depth - 1)
    if kind == 0:
        return "(%s + %s)" % (a, tree(r, depth - 1))
    if kind == 1:
        return "(%s - %s)" % (a, tree(r, depth - 1))
    if kind == 2:
        return "(%s)*(%s)" % (a, tree(r, depth - 1))
    if kind == 3:
        return "(%s)/(%s)" % (a, tree(r, depth - 1))
    if kind == 4:
        return "exp(%s)" % a
    if kind == 5:
        return "(%s)**%s" % (a, num(r, -2, 3, 1))
    if kind == 6:
        return "log(%s)" % a
    return "sqrt(%s)" % a


def trees(r):
    return tree(r, 3), tree(r, 3)


def bounded(r):
    f = r.choice([
        "x0 + sin(x0)", "x0*(2 + sin(1/x0))", "cos(1/x0)*x0**2", "sin(1/x0)", "atan(x0)*x0", "x0*tanh(x0)", "cosh(x0)", "sinh(%s*x0)" % num(r, 0.5, 2, 1), "gamma(x0)",
        "gamma(x0 + %s)" % num(r, 0.5, 3, 1), "factorial(x0)", "Abs(x0 - x0**2)", "sin(exp(-x0))", "atan(x0) - pi/2", "erf(1/x0)", "tan(1/x0)", "asin(1/x0)",
    ])
    g = r.choice(["x0", "1", "1/x0", "exp(x0)", "x0**2", "x0**x0*exp(-x0)*sqrt(x0)", "x0**x0", "exp(x0*log(x0) - x0)", "exp(-x0)", "x0**%s" % num(r, -2, 2, 1)])
    return f, g


def alike(r):
    """Mostly of the same order, with a factor that is not obvious."""
    a, b, c, d = num(r, 0.2, 3, 1), num(r, 0.1, 9, 2), num(r, 0.1, 9, 2), num(r, 0.1, 0.9, 1)
    return r.choice([
        ("%s*x0**%s + %s*log(x0)" % (b, a, c), "x0**%s" % a),
        ("(%s*x0 + %s)**%s" % (b, c, a), "x0**%s" % a),
        ("exp(x0**%s + %s)" % (d, b), "exp(x0**%s)" % d),
        ("exp(x0 + %s/x0)*%s" % (b, c), "exp(x0)"),
        ("log(%s*x0**2 + x0)" % b, "log(x0)"),
        ("log(x0 + exp(%s*x0))" % b, "x0"),
        ("(x0**2 + %s*x0)**%s" % (b, a), "x0**2*x0**%s/x0**%s" % (repr(round(2 * float(a), 1)), "2")),
        ("(1 + %s/x0)**x0" % b, "1"),
        ("(x0 + %s)**x0" % d, "x0**x0"),
        ("%s**(x0 + %s)" % (num(r, 1.1, 4, 1), b), "exp(x0)"),
        ("sqrt(x0**2 + %s*x0) - x0" % b, "1"),
        ("sqrt(x0 + %s) - sqrt(x0)" % b, "1/sqrt(x0)"),
        ("(x0 + 1)**%s - x0**%s" % (a, a), "x0**%s/x0" % a),
        ("x0*(exp(%s/x0) - 1)" % b, "%s" % c),
        ("%s*x0*log(x0) + x0*%s" % (b, c), "x0*log(%s*x0)" % c),
        ("x0 - x0*0.%s" % r.randint(1, 9999999), "x0"),
        ("exp(-x0) + %s*exp(-2*x0)" % b, "%s*exp(-x0)" % c),
        ("%s - %s**x0" % (b, d), "%s" % c),
        ("exp(exp(x0) + %s)" % d, "exp(exp(x0))"),
        ("exp(exp(x0 + %s*exp(-x0)))" % d, "exp(exp(x0))"),
        ("gamma(x0 + %d)" % r.randint(1, 4), "gamma(x0)*x0**%d" % r.randint(0, 4)),
        ("x0**(1 + %s/log(x0))" % d, "x0"),
        ("cosh(x0)*%s" % b, "exp(x0)"),
        ("x0**2*sin(%s/x0)" % b, "x0"),
        ("atan(x0)*x0**%s" % a, "x0**%s" % a),
    ])


FAMILIES = [monomials, sums, nested, cancellations, decaying, tiny, negative, powers, regression, trees, bounded, alike]


class Timeout(Exception):
    pass


def on_alarm(*_):
    raise Timeout()


def limit(f, g):
    ratio = sympy.sympify("(%s)/(%s)" % (f, g), locals={"x0": X, "E": sympy.E}, rational=True)
    value = sympy.limit(ratio, X, sympy.oo)
    if value in (sympy.oo, -sympy.oo):
        return ("larger", "inf" if value == sympy.oo else "-inf")
    if value == 0:
        return ("smaller", "0")
    if value.is_number and value.is_real and value.is_finite:
        return ("same", str(sympy.N(value, 17)))
    raise ValueError("no limit: %s" % value)


def evaluate(text, x):
    names = {n: getattr(mpmath, n) for n in ("exp", "log", "sqrt", "sin", "cos", "tan", "atan", "asin", "sinh", "cosh", "tanh", "gamma", "factorial", "erf", "pi")}
    names.update(x0=x, E=mpmath.e, Abs=abs, mpf=mpmath.mpf)
    return eval(text, {"__builtins__": {}}, names)  # of our own making


def numbers_as_mpf(text):
    """Writes every literal as an exact mpf, so that none passes through a float."""
    out, i = [], 0
    while i < len(text):
        if text[i].isdigit() and (i == 0 or not (text[i - 1].isalnum() or text[i - 1] == "_")):
            j = i
            while j < len(text) and (text[j].isdigit() or text[j] == "." or text[j] == "e" and j + 1 < len(text) and (text[j + 1].isdigit() or text[j + 1] == "-") or text[j] == "-" and text[j - 1] == "e"):
                j += 1
            out.append("mpf('%s')" % text[i:j])
            i = j
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


def followed(ft, gt, digits):
    """The ratio at 10**digits, with as much precision as cancellation asks for."""
    last = None
    for dps in (60, 120, 400, 120 + int(3 * digits)):
        if dps > 10000:
            return None
        mpmath.mp.dps = dps
        x = mpmath.power(10, mpmath.mpf(str(digits)))
        q = evaluate(ft, x) / evaluate(gt, x)
        if isinstance(q, mpmath.mpc) or not mpmath.isfinite(q) or q == 0:
            last = None
            continue
        if last is not None and abs(last / q - 1) < mpmath.mpf(10) ** -6:
            return q
        last = q
    return None


def confirmed(family, f, g, order, ratio):
    """Follows the ratio to ever larger x until it shows the limit, or cannot be followed."""
    ft, gt = numbers_as_mpf(f), numbers_as_mpf(g)
    logs = []
    places = [1, 1.3, 1.6, 2, 2.5, 3, 4, 6, 9, 14, 20, 40, 80, 320, 1280]
    if family == "tiny":
        places += [5120, 20000, 80000]
    for digits in places:
        try:
            q = followed(ft, gt, digits)
        except (OverflowError, ValueError, ZeroDivisionError, MemoryError, mpmath.libmp.NoConvergence):
            break
        except Timeout:
            break
        if q is not None:
            logs.append((mpmath.log(abs(q)), q))
    if len(logs) < 4:
        return False
    last = [l for l, _ in logs[-4:]]
    if order == "same":
        want = mpmath.mpf(ratio)
        errors = [abs(q / want - 1) for _, q in logs[-3:]]
        return errors[-1] < 0.02 and errors[-1] <= errors[0] + mpmath.mpf(10) ** -9
    rising = all(b > a for a, b in zip(last, last[1:]))
    falling = all(b < a for a, b in zip(last, last[1:]))
    if order == "larger":
        return rising and last[-1] > 3 and (logs[-1][1] > 0) == (ratio == "inf")
    return falling and last[-1] < -3


def work(job):
    family, f, g = job
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(SECONDS)
    try:
        order, ratio = limit(f, g)
    except Timeout:
        return "limit took too long", None
    except RecursionError:
        return "sympy failed", None
    except Exception as e:  # sympy raises many kinds
        return "no limit" if "no limit" in str(e) else "sympy failed", None
    finally:
        signal.alarm(0)
    signal.alarm(SECONDS)
    try:
        ok = confirmed(family, f, g, order, ratio)
    except Timeout:
        ok = False
    finally:
        signal.alarm(0)
    if not ok:
        return "not confirmed numerically", None
    return "kept", {"family": family, "f": f, "g": g, "order": order, "ratio": ratio}


def main():
    r = random.Random(20240601)
    jobs, seen = [], set()
    for family in FAMILIES:
        n = 0
        while n < PER_FAMILY + (60 if family in (trees, cancellations, regression, alike) else 0):
            f, g = family(r)
            if (f, g) in seen or "x0" not in f + g:
                continue
            seen.add((f, g))
            jobs.append((family.__name__, f, g))
            n += 1
    counts, rows = {}, []
    only = sys.argv[1:]  # names of families: the others stay as they are
    if only:
        with open("orders.json") as f:
            before = json.load(f)
        counts, rows = before["generated"], [row for row in before["pairs"] if row["family"] not in only]
        jobs = [job for job in jobs if job[0] in only]
    with multiprocessing.Pool(2) as pool:
        for i, (what, row) in enumerate(pool.imap(work, jobs, chunksize=2)):
            if i % 50 == 0:
                print(i, counts, file=sys.stderr, flush=True)
            counts[what] = counts.get(what, 0) + 1
            if what == "not confirmed numerically":
                print(jobs[i], file=sys.stderr)
            if row:
                rows.append(row)
    with open("orders.json", "w") as out:
        out.write('{"generated": %s,\n"pairs": [\n' % json.dumps(counts))
        out.write(",\n".join(json.dumps(row) for row in rows))
        out.write("\n]}\n")
    print(counts, file=sys.stderr)


if __name__ == "__main__":
    main()

package llm

// readLive reads an answer that has just come and records the verdict.
func (c *Client) readLive(q Question, s step, req request, d done, judge Judge) attemptAnswer {
	a := c.attempt(q, recorded{
		id: d.id, round: s.round, step: s.no, kind: s.kind, sent: d.at, prompt: req.body, resp: d.resp, opened: d.opened,
	}, judge)
	c.j.judge(d.id, a.Verdict, a.Detail)
	if a.Model != "" && !sameModel(a.Model, c.cfg.Model) {
		c.warn("model %q was asked for and %q answered", c.cfg.Model, a.Model)
	}
	return a
}

// readRecorded reads a recorded answer anew. Where the process died before it
// was settled, that is done now.
func (c *Client) readRecorded(q Question, r recorded, judge Judge) attemptAnswer {
	a := c.attempt(q, r, judge)
	if c.replay != nil {
		return a
	}
	if !r.settled {
		in := intent{provider: c.cfg.Name, reserved: r.reserved}
		o := outcome{attempt: r.id, class: string(classAnswer), usage: a.Usage, cost: toMoney(a.Cost)}
		if a.Usage.Estimated {
			o.cost = r.reserved
		}
		c.j.settle(in.provider, in.reserved, o)
	}
	if r.verdict != a.Verdict {
		c.j.judge(r.id, a.Verdict, a.Detail)
	}
	return a
}

// attempt takes a recorded answer through the ladder and before the judge.
func (c *Client) attempt(q Question, r recorded, judge Judge) attemptAnswer {
	got := read(r.open(), len(r.prompt), q.variable())
	if got.verdict == Accepted && judge != nil {
		if v, detail := judge(got.answer); v != "" && v != Accepted {
			got.fail("verification", v, detail)
		} else {
			got.pass("verification", detail)
		}
	}
	usage := usageOf(got.envelope, len(r.prompt))
	return attemptAnswer{
		Attempt: Attempt{
			ID: r.id, Step: r.step, Kind: r.kind, Sent: r.sent.Round(0), Request: r.prompt, Body: r.resp.body,
			Text: got.text, Rungs: got.rungs, Verdict: got.verdict, Detail: got.detail,
			Model: got.model, Fingerprint: got.fingerprint, Finish: got.finish,
			Usage: usage, Cost: c.cfg.Price.cost(usage.Input, usage.Output).float(),
		},
		answer: got.answer,
	}
}

// sameModel forgives a dated or prefixed name: gpt-4o answers as
// gpt-4o-2024-08-06, and some servers put "models/" before it.
func sameModel(got, want string) bool {
	if len(got) < len(want) {
		return false
	}
	for i := 0; i+len(want) <= len(got); i++ {
		if got[i:i+len(want)] == want {
			return true
		}
	}
	return false
}

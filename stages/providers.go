package stages

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/llm"
	"github.com/zclconf/go-cty/cty"
)

// environ is what the nodes of one run share: the journal and a client for
// each provider, opened when the first node needs them.
type environ struct {
	opt     Options
	plan    *pipeline.Plan
	started time.Time

	stateDir string
	running  pipeline.Options // of the run; what its nodes need is looked up with them
	keys     func() error     // why a key that the run needs is missing; looked up once
	looking  bool             // nothing will be sent or recorded
	instead  string           // of the journal, where looking must not make one

	stopped   atomic.Bool // a conclude node ended the run
	concluded atomic.Bool // one has published what it found, or why it could not

	mu      sync.Mutex
	journal *llm.Journal
	clients map[string]*llm.Client // by provider name
	final   map[string]Spent       // what the clients had sent when they were closed
}

// kinds is everything a pipeline file may name.
func (e *environ) kinds() pipeline.Kinds {
	return pipeline.Kinds{
		Stages:    []pipeline.Kind{loadKind(), e.concludeKind(), plotKind(), e.summarizeKind(), execKind()},
		Providers: []pipeline.ProviderKind{openaiKind(), {Name: "analytic", Default: true}},
	}
}

// variableName is what shells and the C library agree on.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func openaiKind() pipeline.ProviderKind {
	return pipeline.ProviderKind{
		Name: "openai",
		Attributes: []pipeline.Attribute{
			{Name: "base_url", Role: pipeline.Hidden, Type: cty.String, Required: true, Check: isURL},
			{Name: "model", Role: pipeline.Setting, Type: cty.String, Required: true, Check: pipeline.NotEmpty},
			{Name: "api_key_env", Role: pipeline.Hidden, Type: cty.String, Check: isVariable},
			{Name: "revision", Role: pipeline.Setting, Type: cty.String, Default: cty.StringVal("")},
			{Name: "temperature", Role: pipeline.Setting, Type: cty.Number, Default: cty.NumberIntVal(0), Check: pipeline.Between(0, 2)},
			{Name: "send_temperature", Role: pipeline.Setting, Type: cty.Bool, Default: cty.True}, // false for models that refuse the parameter
			{Name: "seed", Role: pipeline.Setting, Type: cty.Number, Check: pipeline.WholeAtLeast(0)},
			{Name: "max_tokens", Role: pipeline.Hidden, Type: cty.Number, Check: pipeline.WholeAtLeast(1)},
			{Name: "timeout", Role: pipeline.Hidden, Type: cty.String, Check: pipeline.DurationText},
			{Name: "max_wait", Role: pipeline.Hidden, Type: cty.String, Check: pipeline.DurationText},
			{Name: "budget", Role: pipeline.Hidden, Type: cty.Number, Check: pipeline.AtLeast(0)},
			{Name: "replay", Role: pipeline.InputPath, Type: cty.String, Check: pipeline.NotEmpty},
		},
		Blocks: []pipeline.Block{
			{Name: "limits", Attributes: []pipeline.Attribute{
				{Name: "requests_per_minute", Role: pipeline.Hidden, Type: cty.Number, Check: pipeline.WholeAtLeast(1)},
				{Name: "tokens_per_minute", Role: pipeline.Hidden, Type: cty.Number, Check: pipeline.WholeAtLeast(1)},
				{Name: "requests_per_day", Role: pipeline.Hidden, Type: cty.Number, Check: pipeline.WholeAtLeast(1)},
				{Name: "in_flight", Role: pipeline.Hidden, Type: cty.Number, Check: pipeline.WholeAtLeast(1)},
			}},
			{Name: "price", Attributes: []pipeline.Attribute{
				{Name: "input", Role: pipeline.Hidden, Type: cty.Number, Required: true, Check: pipeline.AtLeast(0)},
				{Name: "output", Role: pipeline.Hidden, Type: cty.Number, Required: true, Check: pipeline.AtLeast(0)},
				{Name: "currency", Role: pipeline.Hidden, Type: cty.String, Default: cty.StringVal("USD")},
			}},
		},
	}
}

// isURL demands what a request can be sent to.
func isURL(v cty.Value) error {
	u, err := url.Parse(v.AsString())
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New(`must be a URL such as "http://127.0.0.1:11434/v1"`)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must hold no user, query or fragment: a key belongs into the environment variable that api_key_env names")
	}
	return nil
}

// isVariable demands the name of an environment variable: a key in its place
// would stand in the file.
func isVariable(v cty.Value) error {
	if !variableName.MatchString(v.AsString()) {
		return errors.New(`must be the name of an environment variable, such as "LLM_API_KEY", and not the key itself`)
	}
	return nil
}

// begin tells where the run keeps its state.
func (e *environ) begin(opt pipeline.Options) {
	e.running = opt
	e.keys = sync.OnceValue(e.missingKeys)
	e.stateDir = opt.StateDir
	if e.stateDir == "" {
		e.stateDir = filepath.Join(e.plan.Dir, ".concluder")
	}
}

// client returns the client of a provider, the same for every node.
func (e *environ) client(p *pipeline.Provider) (*llm.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.clients[p.Name]; c != nil {
		return c, nil
	}
	j, err := e.openJournal()
	if err != nil {
		return nil, err
	}
	c, err := llm.New(e.config(p), j)
	if err != nil {
		if at, ok := p.At["replay"]; ok {
			err = fmt.Errorf("%s:%d: provider %q: %w", at.Filename, at.Start.Line, p.Name, err)
		}
		return nil, &pipeline.StopError{Err: err}
	}
	if e.clients == nil {
		e.clients = map[string]*llm.Client{}
	}
	e.clients[p.Name] = c
	return c, nil
}

// journalPath is where the pipeline file or the state directory has it.
func (e *environ) journalPath() string {
	if e.plan.Journal != "" {
		return e.plan.Journal
	}
	return filepath.Join(e.stateDir, "journal.db")
}

// openJournal opens the journal once.
func (e *environ) openJournal() (*llm.Journal, error) {
	if e.journal == nil {
		path := e.journalPath()
		if e.instead != "" {
			path = e.instead
		}
		open := llm.OpenJournal
		if e.looking && e.instead == "" {
			open = llm.OpenJournalReadOnly
		}
		j, err := open(path)
		if err != nil {
			return nil, err
		}
		e.journal = j
	}
	return e.journal, nil
}

// journalDigest identifies everything that the journal holds, "" where the run
// needed none.
func (e *environ) journalDigest(ctx context.Context) (string, error) {
	e.mu.Lock()
	j := e.journal
	e.mu.Unlock()
	if j == nil {
		return "", nil
	}
	return j.Digest(ctx)
}

// config reads a provider block. The key comes from the environment when the
// first request is sent: what the journal answers needs none.
func (e *environ) config(p *pipeline.Provider) llm.Config {
	s := settings(p.Settings)
	c := llm.Config{
		Name: p.Name, BaseURL: s.text("base_url"), Model: s.text("model"), Revision: s.text("revision"),
		MaxTokens: s.whole("max_tokens"), Timeout: s.duration("timeout"), MaxWait: s.duration("max_wait"),
		Limits: llm.Limits{
			RequestsPerMinute: s.whole("limits.requests_per_minute"), TokensPerMinute: s.whole("limits.tokens_per_minute"),
			RequestsPerDay: s.whole("limits.requests_per_day"), InFlight: s.whole("limits.in_flight"),
		},
		Price:  llm.Price{Input: s.number("price.input"), Output: s.number("price.output"), Currency: s.text("price.currency")},
		Budget: s.number("budget"), Program: e.opt.Program, Warn: e.opt.Warn,
	}
	if s.has("temperature") && s["send_temperature"].True() {
		t := s.number("temperature")
		c.Temperature = &t
	}
	if s.has("seed") {
		n := s.whole("seed")
		c.Seed = &n
	}
	if replay := s.text("replay"); replay != "" {
		c.Replay = replay
		return c // nothing is sent, so no key is needed
	}
	// A provider without a key is asked for it too: what is sent there may
	// cost something as well.
	c.Key = func() (string, error) {
		name := s.text("api_key_env")
		if err := e.keys(); err != nil || name == "" {
			return "", err
		}
		return apiKey(name)
	}
	return c
}

// apiKey reads a key from the environment variable of that name.
func apiKey(variable string) (string, error) {
	if key := os.Getenv(variable); key != "" {
		return key, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set: export the key in it, or leave api_key_env out where the server needs none", variable)
}

// missingKeys says which keys are missing of those that the nodes to be made
// may need, fallbacks included. It is called before the first request is sent:
// a run must not pay one provider and then stop for the key of another. Nodes
// that are up to date need none.
func (e *environ) missingKeys() error {
	nodes, err := pipeline.Explain(context.Background(), e.plan, e.running)
	if err != nil {
		return fmt.Errorf("finding out which keys are needed: %w", err)
	}
	var missing []string
	seen := map[*pipeline.Provider]bool{}
	for _, n := range nodes {
		if n.Action == pipeline.Keep || n.Stage.Kind.Name != "conclude" {
			continue
		}
		for _, m := range modelsOf(n.Stage, n.Instance) {
			s := settings(m.Settings)
			variable := s.text("api_key_env")
			if seen[m.Provider] || variable == "" || s.text("replay") != "" {
				continue
			}
			seen[m.Provider] = true
			if _, err := apiKey(variable); err != nil {
				missing = append(missing, fmt.Sprintf("provider %q of %s: %v", m.Name, n.Stage.Address(), err))
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("nothing is sent before every key is there: %s", strings.Join(missing, "; "))
	}
	return nil
}

// spent is what the run has sent so far, by provider; nil when no provider was
// needed.
func (e *environ) spent() map[string]Spent {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.clients) == 0 {
		return e.final
	}
	return e.sent()
}

// sent asks the clients. The caller holds mu.
func (e *environ) sent() map[string]Spent {
	m := make(map[string]Spent, len(e.clients))
	for name, c := range e.clients {
		s := c.Stats()
		m[name] = Spent{
			Requests: s.Requests, FromJournal: s.FromJournal, Retries: s.Retries, ReAsks: s.ReAsks,
			RateLimited: s.RateLimited, ServerErrors: s.ServerErrors, InputTokens: s.InputTokens, OutputTokens: s.OutputTokens,
			Cost: s.Cost, Budget: s.Spent, Currency: s.Currency,
			PerMinute: s.PerMinute, Concurrency: s.Concurrency, InFlight: s.InFlight,
		}
	}
	return m
}

// inFlight is how many nodes may wait on the network at once: enough to keep
// every provider's limit busy.
func (e *environ) inFlight() int {
	n := 64
	for _, p := range e.plan.Providers {
		n += 2 * settings(p.Settings).whole("limits.in_flight")
	}
	return n
}

// asking is how many requests may be at the providers at once, as their limits
// are now; a provider that nobody has asked yet counts with what is declared.
func (e *environ) asking() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, p := range e.plan.Providers {
		s := settings(p.Settings)
		switch c := e.clients[p.Name]; {
		case p.Kind != "openai" || s.has("replay"):
		case c != nil:
			n += c.Stats().Concurrency
		case s.has("limits.in_flight"):
			n += s.whole("limits.in_flight")
		default:
			n += llm.DefaultInFlight
		}
	}
	return n
}

// published are the provider settings that the summary repeats: those that say
// something of the answers, and none that could hold a secret or a path.
var published = []string{"model", "revision", "temperature", "send_temperature", "seed", "max_tokens", "timeout", "max_wait", "budget",
	"limits.requests_per_minute", "limits.tokens_per_minute", "limits.requests_per_day", "limits.in_flight",
	"price.input", "price.output", "price.currency"}

// configuration is what the run was told, for the summary. No key is in it.
func (e *environ) configuration() map[string]any {
	providers := map[string]any{}
	for _, p := range e.plan.Providers {
		m := map[string]any{"kind": p.Kind}
		for _, name := range published {
			if v, ok := p.Settings[name]; ok && !v.IsNull() {
				m[name] = plainValue(v)
			}
		}
		providers[p.Name] = m
	}
	workers, batch := e.plan.MaxWorkers, any(e.plan.BatchSize)
	if e.opt.MaxWorkers > 0 {
		workers = e.opt.MaxWorkers
	}
	if e.opt.BatchSize > 0 {
		batch = e.opt.BatchSize
	}
	if e.plan.BatchAuto || e.opt.BatchAuto {
		batch = "auto"
	}
	return map[string]any{
		"file":        filepath.Base(e.plan.File),
		"max_workers": workers, // 0: as many as CPUs
		"batch_size":  batch,   // 0: all
		"selected":    len(e.opt.Instances),
		"providers":   providers,
	}
}

func (e *environ) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.clients) > 0 {
		e.final = e.sent()
	}
	var errs []error
	for _, c := range e.clients {
		errs = append(errs, c.Close())
	}
	if e.journal != nil {
		errs = append(errs, e.journal.Close())
	}
	e.clients, e.journal = nil, nil
	return errors.Join(errs...)
}

// settings reads a provider's decoded attributes; what is absent is zero.
type settings map[string]cty.Value

func (s settings) has(name string) bool {
	v, ok := s[name]
	return ok && v != cty.NilVal && !v.IsNull()
}

func (s settings) text(name string) string {
	if !s.has(name) {
		return ""
	}
	return s[name].AsString()
}

func (s settings) number(name string) float64 {
	if !s.has(name) {
		return 0
	}
	f, _ := s[name].AsBigFloat().Float64()
	return f
}

func (s settings) whole(name string) int { return int(s.number(name)) }

func (s settings) duration(name string) time.Duration {
	d, _ := time.ParseDuration(s.text(name)) // DurationText has refused what does not parse
	return d
}

func plainValue(v cty.Value) any {
	switch v.Type() {
	case cty.String:
		return v.AsString()
	case cty.Bool:
		return v.True()
	}
	f, _ := v.AsBigFloat().Float64()
	return f
}

package llm

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is a provider block. Only Name, Model, Revision, Temperature and Seed
// are part of a question's key.
type Config struct {
	Name     string // the block's label; names the provider in keys, journal and messages
	BaseURL  string // up to and with /v1
	Model    string
	Revision string
	APIKey   string // the key itself; "" sends none. Never stored, logged or hashed

	// Key returns the key instead of APIKey. It is called once, when the first
	// request is about to be sent, so that what the journal answers needs no
	// key. Its error ends the client as a *StopError.
	Key func() (string, error)

	// Temperature is sent as it is, 0 too; nil sends none, for models that
	// refuse it. Seed likewise.
	Temperature *float64
	Seed        *int

	MaxTokens int           // token cap of an answer; 0 means 8192. An answer cut there is asked once more with four times that
	Timeout   time.Duration // of one request, from connecting to the last byte; 0 means 2 minutes
	MaxWait   time.Duration // longest wait that a server may ask for before the run is paused; 0 means 5 minutes

	Limits    Limits
	Price     Price
	Budget    float64 // in Price.Currency, over all runs that share the journal; 0 for none
	Replay    string  // a file that Journal.Export wrote: answers come from it alone, nothing is sent
	Program   string  // the program's version, for the record
	ReAsks    int     // times an unacceptable answer is asked anew; 0 means 2, negative none
	Warn      func(string)
	Transport http.RoundTripper // nil for one of the client's own
}

// Limits are what the server allows. Zero means no limit is known.
type Limits struct {
	RequestsPerMinute int
	TokensPerMinute   int
	RequestsPerDay    int
	InFlight          int // upper limit of requests at once, adapted below it; 0 means 16
}

// Price is per million tokens.
type Price struct {
	Input, Output float64
	Currency      string // "" means "USD"
}

// DefaultInFlight is Limits.InFlight where nobody says.
const DefaultInFlight = 16

const (
	defaultMaxTokens = 8192
	defaultTimeout   = 2 * time.Minute
	defaultMaxWait   = 5 * time.Minute
	defaultReAsks    = 2
	largerCap        = 4 // times the cap, after finish_reason length
)

// withDefaults returns the configuration with every zero replaced, or what is
// wrong with it.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if c.Name == "" {
		bad("a provider needs a name")
	}
	if c.Model == "" {
		bad("provider %q: model is empty", c.Name)
	}
	if c.Replay == "" {
		u, err := url.Parse(c.BaseURL)
		switch {
		case err != nil:
			bad("provider %q: base_url: %v", c.Name, err)
		case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			bad("provider %q: base_url is %q: expected a URL such as http://127.0.0.1:11434/v1", c.Name, c.BaseURL)
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			bad("provider %q: base_url must not hold a user, a query or a fragment; the key goes into the variable that api_key_env names", c.Name)
		}
	}
	if err := checkKey(c.APIKey); err != nil {
		bad("provider %q: %v", c.Name, err)
	}
	if c.APIKey != "" && c.Key != nil {
		bad("provider %q: both APIKey and Key are set: expected one of them", c.Name)
	}
	if c.MaxTokens < 0 || c.Timeout < 0 || c.MaxWait < 0 || c.Budget < 0 || c.Price.Input < 0 || c.Price.Output < 0 ||
		c.Limits.InFlight < 0 || c.Limits.RequestsPerMinute < 0 || c.Limits.TokensPerMinute < 0 || c.Limits.RequestsPerDay < 0 {
		bad("provider %q: limits, prices, budget and times must not be negative", c.Name)
	}
	if c.Budget > 0 && c.Price.Input == 0 && c.Price.Output == 0 {
		bad("provider %q: a budget needs a price block: without prices nothing can be counted against it", c.Name)
	}
	if c.MaxTokens == 0 {
		c.MaxTokens = defaultMaxTokens
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxWait == 0 {
		c.MaxWait = defaultMaxWait
	}
	if c.Limits.InFlight == 0 {
		c.Limits.InFlight = DefaultInFlight
	}
	if c.Price.Currency == "" {
		c.Price.Currency = "USD"
	}
	switch {
	case c.ReAsks == 0:
		c.ReAsks = defaultReAsks
	case c.ReAsks < 0:
		c.ReAsks = 0
	}
	if c.Warn == nil {
		c.Warn = func(string) {}
	}
	return c, errors.Join(errs...)
}

// ahead is how many requests are announced beyond those that may be at the
// server. Answers come in bursts, as many as are in flight at worst, and each
// frees a place. Under a budget or a daily quota it is fewer: each takes its part
// of that, the worst that it can cost, and keeps it when the process is killed.
func (c Config) ahead() int {
	if c.Budget > 0 || c.Limits.RequestsPerDay > 0 {
		return max(1, c.Limits.InFlight/4)
	}
	return c.Limits.InFlight
}

// checkKey refuses what cannot stand in a header.
func checkKey(key string) error {
	if strings.ContainsAny(key, "\r\n") || key != strings.TrimSpace(key) {
		return errors.New("the API key holds a line break or spaces around it")
	}
	return nil
}

// money is an amount in billionths of the price's currency: an integer, so
// that sums are exact and a budget is never passed by rounding.
type money int64

func toMoney(amount float64) money { return money(amount*1e9 + 0.5) }

func (m money) float() float64 { return float64(m) / 1e9 }

// cost is rounded up.
func (p Price) cost(input, output int) money {
	// A price per million tokens is so many thousand billionths a token.
	return money(ceil(float64(input)*p.Input*1e3)) + money(ceil(float64(output)*p.Output*1e3))
}

func ceil(f float64) int64 {
	n := int64(f)
	if float64(n) < f {
		n++
	}
	return n
}

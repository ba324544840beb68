package llm

import "context"

// A Client asks one provider. It is safe for concurrent use: as many calls of
// Ask as one likes may wait; how many requests are at the server at once is the
// limiter's business.
type Client struct {
	cfg Config
	j   *Journal
}

// New returns a client that records in j. It sends nothing. The error names
// every mistake in the configuration.
func New(cfg Config, j *Journal) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, j: j}, nil
}

// Ask puts a question to the provider and returns an accepted answer, from the
// journal where it holds one. It waits as long as the limits demand. Errors:
// *RejectedError, *PauseError, *StopError, *JournalError, or ctx's.
func (c *Client) Ask(ctx context.Context, q Question, o AskOptions) (Reply, error) {
	return Reply{}, ctx.Err()
}

// Stats returns how the client stands.
func (c *Client) Stats() Stats { return Stats{} }

// Close releases connections. Calls of Ask must have returned.
func (c *Client) Close() error { return nil }

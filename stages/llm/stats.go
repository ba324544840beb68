package llm

import "time"

// Stats is how a client stands: a snapshot.
type Stats struct {
	Requests     int64 // sent, retries included
	Answers      int64 // complete answers received
	FromJournal  int64 // questions answered without sending
	Retries      int64
	ReAsks       int64 // answers asked anew because they were not acceptable
	RateLimited  int64 // responses with status 429
	ServerErrors int64 // 5xx, refused connections, broken responses
	InputTokens  int64
	OutputTokens int64

	Cost     float64 // of this client's requests
	Spent    float64 // of the budget, over all runs, reservations included
	Currency string

	InFlight    int       // requests at the server now
	Concurrency int       // how many may be
	Waiting     int       // calls of Ask that wait for their turn
	PerMinute   float64   // requests a minute, over the last minute
	Mode        string    // output mode: json_schema, json_schema_loose, json_object, text
	Paused      string    // why nothing more is sent; "" when it goes on
	HeldUntil   time.Time // all requests wait until then; zero when they do not

	Verdicts map[Verdict]int64
}

package llm

// A Journal is the durable record of every request and response.
type Journal struct {
	path string
}

// OpenJournal opens or creates the journal at path.
func OpenJournal(path string) (*Journal, error) { return &Journal{path: path}, nil }

// Close waits for what is being written.
func (j *Journal) Close() error { return nil }

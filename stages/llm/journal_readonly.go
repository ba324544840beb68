package llm

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// OpenJournalReadOnly opens an existing journal to look at what it holds:
// Export, Digest, Client.Recorded, Client.Forecast, and Client.Ask for what is
// recorded. It neither makes nor changes a journal, and mends none. Where there
// is no file the error wraps fs.ErrNotExist. A client that would have to write,
// because a request is needed, gets a *JournalError.
func OpenJournalReadOnly(path string) (*Journal, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &JournalError{path, "read", err}
	}
	j := &Journal{path: abs, owner: ownerName(), readOnly: true}
	if err := j.openReadOnly(); err != nil {
		j.closeDBs()
		var s *stranger
		if isDamage(err) && !errors.As(err, &s) {
			err = fmt.Errorf("%w: the next run saves what is sound", err)
		}
		return nil, &JournalError{abs, "read", err}
	}
	return j, nil
}

func (j *Journal) openReadOnly() error {
	exists, err := identify(j.path)
	switch {
	case err != nil:
		return err
	case !exists:
		return fmt.Errorf("there is no journal yet: a run that asks a provider makes it: %w", fs.ErrNotExist)
	}
	if j.r, err = sql.Open("sqlite", readOnlyDSN(j.path)); err != nil {
		return err
	}
	j.r.SetMaxOpenConns(readers)
	var version int
	if err := j.r.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case version > journalVersion:
		return errNewer(version)
	case version < journalVersion:
		return errors.New("it is empty: a run that asks a provider fills it")
	}
	j.find, err = j.r.Prepare(selectRecorded)
	return err
}

func errNewer(version int) error {
	return fmt.Errorf("it was written by a newer version of this program (layout %d; this one knows %d)", version, journalVersion)
}

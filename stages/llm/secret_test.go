package llm_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// The key's bytes are in nothing that is written or said, whatever the server
// does, its echo of the key among it (fault 16).
func TestKeyIsNowhere(t *testing.T) {
	var said bytes.Buffer
	dir := t.TempDir()
	for f := llmtest.RetryAfterSeconds; f <= llmtest.BadRateHeaders; f++ {
		if !f.Known() {
			continue
		}
		bubble(t, llmtest.Config{APIKey: testKey, Script: llmtest.Sequence(f)}, nil, func(b *bench) {
			b.close()
			b.path = filepath.Join(dir, fmt.Sprintf("journal-%d.db", f))
			b.open()
			rep, err := b.ask(question(0), llm.AskOptions{})
			fmt.Fprintf(&said, "%+v\n%v\n%+v\n%s\n", rep, err, b.client.Stats(), strings.Join(b.warnings, "\n"))
			for _, a := range rep.Attempts {
				said.Write(a.Request)
				said.Write(a.Body)
			}
			if _, err := b.journal.Export(context.Background(), &said); err != nil {
				b.t.Fatal(err)
			}
		})
	}
	// One journal is left open, so that its log is looked at too.
	b := newBench(t, llmtest.Config{APIKey: testKey, Script: llmtest.Sequence(llmtest.KeyEchoed)}, nil)
	b.close()
	b.path = filepath.Join(dir, "open.db")
	b.open()
	b.ask(question(0), llm.AskOptions{})
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		read += len(data)
		said.Write(data)
	}
	if read < 100000 {
		t.Fatalf("only %d bytes of journals were looked at", read)
	}
	for _, form := range []string{testKey, url.QueryEscape(testKey), strings.ReplaceAll(testKey, "/", `\/`), base64.StdEncoding.EncodeToString([]byte(testKey)), testKey[:16]} {
		if i := bytes.Index(said.Bytes(), []byte(form)); i >= 0 {
			t.Errorf("the key is in what was written or said: …%q…", said.Bytes()[max(0, i-200):min(said.Len(), i+80)])
		}
	}
	if !bytes.Contains(said.Bytes(), []byte("[redacted]")) {
		t.Error("nothing was redacted: the server's echo never came")
	}
}

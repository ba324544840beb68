package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// maxBody bounds a response: no answer within the token caps in use comes
// near, and a server that sends more is broken.
const maxBody = 4 << 20

// keptBroken is how much of a body that broke off or is too large is kept.
const keptBroken = 64 << 10

// An exchange is one request sent and what came back. It travels to the doer in
// the request's context, because the library hands neither raw bodies nor the
// headers of failures to its callers.
type exchange struct {
	body []byte // what to send

	resp response
	err  error // of the transport; nil when the response is whole
	sent bool  // at least the first byte left
}

type exchangeKey struct{}

// A doer is the library's HTTP client. It sends the body that the exchange
// brings instead of the library's own, reads the response whole and keeps it
// redacted in the exchange. The library gets an empty object to decode: what it
// would make of the response is not used.
type doer struct {
	http    *http.Client
	redact  *redactor
	program string
}

func newDoer(cfg Config, r *redactor) *doer {
	t := cfg.Transport
	if t == nil {
		base := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second}
		base.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
		// A connection for each request in flight is kept open: the default
		// of two would dial anew for most of them.
		base.MaxIdleConns = cfg.Limits.InFlight
		base.MaxIdleConnsPerHost = cfg.Limits.InFlight
		base.MaxResponseHeaderBytes = 1 << 20
		t = base
	}
	return &doer{
		http: &http.Client{
			Transport: t,
			// A redirect would carry the question, and perhaps the key,
			// to an address that nobody named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		redact:  r,
		program: cfg.Program,
	}
}

// Do implements openai.HTTPDoer.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	ex, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("a request without an exchange")
	}
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	req.Body = io.NopCloser(bytes.NewReader(ex.body))
	req.ContentLength = int64(len(ex.body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(ex.body)), nil }
	agent := "concluder"
	if d.program != "" {
		agent += "/" + d.program
	}
	req.Header.Set("User-Agent", agent)

	resp, err := d.http.Do(req)
	ex.sent = sent.Load()
	if err != nil {
		ex.fail(d.redact, nil, err)
		return nil, err
	}
	defer resp.Body.Close()
	ex.sent = true
	ex.resp.status = resp.StatusCode
	ex.resp.header = d.redact.header(resp.Header)
	if loc := resp.Header.Get("Location"); loc != "" && resp.StatusCode/100 == 3 {
		ex.resp.header.Set("Location", clip(d.redact.string(loc), 200))
	}
	body, err := readBody(resp)
	if err != nil {
		ex.fail(d.redact, body, err)
		return nil, err
	}
	ex.resp.received = time.Now()
	ex.resp.complete = true
	ex.resp.body = d.redact.bytes(body)
	return &http.Response{
		Status: resp.Status, StatusCode: resp.StatusCode, Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
		Header: resp.Header, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: 2, Request: req,
	}, nil
}

// readBody reads a body whole, into memory of its size where that is said. With
// an error it returns what came before it.
func readBody(resp *http.Response) ([]byte, error) {
	var b bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= maxBody {
		b.Grow(int(n) + bytes.MinRead) // ReadFrom wants room to see the end
	}
	_, err := b.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && b.Len() > maxBody {
		err = fmt.Errorf("the response is larger than %d bytes", maxBody)
	}
	return b.Bytes(), err
}

func (ex *exchange) fail(r *redactor, partial []byte, err error) {
	ex.err = err
	ex.resp.received = time.Now()
	if len(partial) > keptBroken {
		partial = partial[:keptBroken]
	}
	ex.resp.body = r.bytes(partial)
	ex.resp.err = r.string(plainTransport(err))
}

// plainTransport drops the method and the address that net/http puts before an
// error; the address may hold a key.
func plainTransport(err error) string {
	s := err.Error()
	if i := strings.LastIndex(s, `": `); i >= 0 && strings.HasPrefix(s, "Post ") {
		s = s[i+3:]
	}
	return s
}

// transportClass classes an exchange without a whole response.
func transportClass(ctx context.Context, ex *exchange) class {
	if ctx.Err() != nil { // the caller's, not the request's own timeout
		return classCanceled
	}
	var dns *net.DNSError
	var op *net.OpError
	if !ex.sent || errors.As(ex.err, &dns) || errors.As(ex.err, &op) && op.Op == "dial" {
		return classNoConnection
	}
	return classLost
}

// tooManyFiles reports whether a connection could not be made because the
// process, or the machine, has as many files open as it may.
func tooManyFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// send performs an exchange through the library, which makes the address, the
// headers and the authorization. What is sent is ex.body: see doer.Do. So the
// request that the library is given is a stand-in, and its model one that the
// library has no opinion on: it refuses some by name. Its reading of the
// response is not used either: it takes an error inside a 200 for an answer
// without choices, and drops what it does not know.
func send(ctx context.Context, api *openai.Client, ex *exchange) {
	ctx = context.WithValue(ctx, exchangeKey{}, ex)
	_, err := api.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
		Model:    "stand-in",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "stand-in"}},
	})
	if err != nil && ex.err == nil && ex.resp.status == 0 {
		ex.err = err
		ex.resp.received = time.Now()
		ex.resp.err = plainTransport(err)
	}
}

func newAPI(base, key string, d *doer) *openai.Client {
	conf := openai.DefaultConfig(key)
	conf.BaseURL = base
	conf.HTTPClient = d
	return openai.NewClientWithConfig(conf)
}

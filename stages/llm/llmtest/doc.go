// Package llmtest is a server that speaks the chat API of OpenAI, for tests of
// what talks to one: a real HTTP server on the loopback, over HTTP/1.1 or
// HTTP/2. It answers sensibly by itself, replays the answers of a recording,
// and misbehaves by script in every way that was seen in the wild.
//
// It keeps count of what it was asked, so that a test can say: no request that
// was answered is sent again.
package llmtest
